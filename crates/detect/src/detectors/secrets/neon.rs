//! API keys of Neon.
//!
//! Finds: `napi_` and 64 characters.
//! Example: `napi_{lower 64}`
//! Misses: prefixes newer than this file.
//! Source: Neon's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_neon",
    category: Category::SecretToken,
    forms: &[form(b"napi_", &[Exactly(ALNUM, 64)], varied)],
};
