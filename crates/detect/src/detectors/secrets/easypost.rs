//! API keys of EasyPost.
//!
//! Finds: keys for production and for tests (`EZAK`, `EZTK`).
//! Example: `EZAK{alnum 54}`
//! Misses: prefixes newer than this file.
//! Source: EasyPost's documentation (authentication); the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, likely, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_easypost",
    category: Category::SecretToken,
    forms: &[form(b"EZAK", &[Exactly(ALNUM, 54)], varied), form(b"EZTK", &[Exactly(ALNUM, 54)], likely)],
};
