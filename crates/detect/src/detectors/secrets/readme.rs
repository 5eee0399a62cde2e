//! API keys of ReadMe.
//!
//! Finds: `rdme_` and 70 characters.
//! Example: `rdme_{lower 70}`
//! Misses: prefixes newer than this file.
//! Source: ReadMe's documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, LOWER, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_readme",
    category: Category::SecretToken,
    forms: &[form(b"rdme_", &[AtLeast(LOWER, 60)], varied)],
};
