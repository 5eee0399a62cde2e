//! Personal access tokens of Figma.
//!
//! Finds: `figd_` and 38 characters or more.
//! Example: `figd_{word 40}`
//! Misses: tokens of before 2022, which are UUIDs.
//! Source: Figma's developer documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_figma",
    category: Category::SecretToken,
    forms: &[form(b"figd_", &[AtLeast(WORD, 38)], varied)],
};
