//! API tokens of Scalingo.
//!
//! Finds: `tk-us-` and 48 characters.
//! Example: `tk-us-{word 48}`
//! Misses: prefixes newer than this file.
//! Source: Scalingo's developer documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_scalingo",
    category: Category::SecretToken,
    forms: &[form(b"tk-us-", &[Exactly(WORD, 48)], varied)],
};
