//! API keys of RunPod.
//!
//! Finds: `rpa_` and 46 characters.
//! Example: `rpa_{upper 40}{lower 6}`
//! Misses: prefixes newer than this file.
//! Source: RunPod's documentation of API keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_runpod",
    category: Category::SecretToken,
    forms: &[form(b"rpa_", &[Exactly(ALNUM, 46)], varied)],
};
