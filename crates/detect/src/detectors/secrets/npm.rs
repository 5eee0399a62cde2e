//! Access tokens of npm.
//!
//! Finds: `npm_`, thirty characters and their CRC-32.
//! Example: `npm_{alnum 30}{crc}`
//! Misses: tokens of before 2021, which are UUIDs.
//! Source: GitHub's changelog (npm has a new access token format, 2021).

use weir_event::{Category, Likelihood};

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, Seen, Verdict, form, with_crc};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_npm",
    category: Category::SecretToken,
    forms: &[form(b"npm_", &[Exactly(ALNUM, 36)], npm)],
};

fn npm(seen: &Seen<'_>) -> Option<Verdict> {
    with_crc(seen, Likelihood::Likely)
}
