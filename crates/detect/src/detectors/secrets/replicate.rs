//! API tokens of Replicate.
//!
//! Finds: `r8_` and 37 characters.
//! Example: `r8_{alnum 37}`
//! Misses: prefixes newer than this file.
//! Source: Replicate's documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_replicate",
    category: Category::SecretToken,
    forms: &[form(b"r8_", &[Exactly(ALNUM, 37)], random)],
};
