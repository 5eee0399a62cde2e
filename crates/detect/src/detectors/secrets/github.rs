//! Tokens of GitHub.
//!
//! Finds: personal, OAuth, application, server and refresh tokens (`ghp_`, `gho_`, `ghu_`, `ghs_`, `ghr_`) with their CRC-32,
//! fine-grained tokens (`github_pat_`).
//! Not one: a token whose checksum is wrong is possible, no more: examples in documentation are such.
//! Example: `ghp_{alnum 30}{crc}`, `github_pat_{alnum 22}_{alnum 59}`
//! Misses: tokens of before 2021 (forty hexadecimal digits), except under a key of secrets.
//! Source: GitHub's documentation of token formats; "Behind GitHub's new authentication token formats" (2021).

use weir_event::{Category, Likelihood};

use crate::detectors::anchored::Part::{AtLeast, Exactly};
use crate::detectors::anchored::{ALNUM, Anchored, Seen, Verdict, WORD, form, random, with_crc};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_github",
    category: Category::SecretToken,
    forms: &[
        form(b"ghp_", &[Exactly(ALNUM, 36)], github),
        form(b"gho_", &[Exactly(ALNUM, 36)], github),
        form(b"ghu_", &[Exactly(ALNUM, 36)], github),
        form(b"ghs_", &[Exactly(ALNUM, 36)], github),
        form(b"ghr_", &[Exactly(ALNUM, 36)], github),
        form(b"github_pat_", &[AtLeast(WORD, 60)], random),
    ],
};

fn github(seen: &Seen<'_>) -> Option<Verdict> {
    with_crc(seen, Likelihood::Possible)
}
