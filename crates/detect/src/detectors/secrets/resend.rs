//! API keys of Resend.
//!
//! Finds: `re_`, eight characters, an underscore and 24.
//! Example: `re_{alnum 8}_{alnum 24}`
//! Misses: prefixes newer than this file.
//! Source: Resend's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_resend",
    category: Category::SecretToken,
    forms: &[form(b"re_", &[Exactly(ALNUM, 8), Text(b"_"), Exactly(ALNUM, 24)], random)],
};
