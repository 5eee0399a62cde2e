//! API keys of Groq.
//!
//! Finds: `gsk_` and 52 characters.
//! Example: `gsk_{alnum 52}`
//! Misses: prefixes newer than this file.
//! Source: Groq's console documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_groq",
    category: Category::SecretToken,
    forms: &[form(b"gsk_", &[AtLeast(ALNUM, 40)], varied)],
};
