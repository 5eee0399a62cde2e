//! API keys of Linear.
//!
//! Finds: keys and OAuth tokens (`lin_api_`, `lin_oauth_`).
//! Example: `lin_api_{alnum 40}`
//! Misses: prefixes newer than this file.
//! Source: Linear's developer documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly};
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_linear",
    category: Category::SecretToken,
    forms: &[form(b"lin_api_", &[Exactly(ALNUM, 40)], varied), form(b"lin_oauth_", &[AtLeast(ALNUM, 40)], varied)],
};
