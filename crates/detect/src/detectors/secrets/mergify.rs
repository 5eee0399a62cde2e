//! Application keys of Mergify.
//!
//! Finds: `mergify_application_key_`.
//! Example: `mergify_application_key_{word 64}`
//! Misses: prefixes newer than this file.
//! Source: Mergify's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_mergify",
    category: Category::SecretToken,
    forms: &[form(b"mergify_application_key_", &[AtLeast(WORD, 40)], varied)],
};
