//! API keys of Together AI.
//!
//! Finds: `tgp_v1_` and 43 characters.
//! Example: `tgp_v1_{word 43}`
//! Misses: prefixes newer than this file.
//! Source: Together AI's documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_together",
    category: Category::SecretToken,
    forms: &[form(b"tgp_v1_", &[Exactly(WORD, 43)], varied)],
};
