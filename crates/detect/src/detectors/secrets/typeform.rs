//! Personal tokens of Typeform.
//!
//! Finds: `tfp_` and 40 characters or more.
//! Example: `tfp_{word 44}_{word 14}`
//! Misses: prefixes newer than this file.
//! Source: Typeform's developer documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_typeform",
    category: Category::SecretToken,
    forms: &[form(b"tfp_", &[AtLeast(WORD, 40)], varied)],
};
