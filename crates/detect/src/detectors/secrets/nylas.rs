//! API keys of Nylas.
//!
//! Finds: `nyk_` and 67 characters.
//! Example: `nyk_{alnum 67}`
//! Misses: prefixes newer than this file.
//! Source: Nylas' documentation of authentication; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_nylas",
    category: Category::SecretToken,
    forms: &[form(b"nyk_", &[Exactly(ALNUM, 67)], varied)],
};
