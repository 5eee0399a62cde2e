//! Access tokens of Hugging Face.
//!
//! Finds: tokens of users and organisations (`hf_`, `api_org_`).
//! Example: `hf_{letter 34}`
//! Misses: prefixes newer than this file.
//! Source: Hugging Face's documentation of access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_huggingface",
    category: Category::SecretToken,
    forms: &[form(b"hf_", &[Exactly(ALNUM, 34)], varied), form(b"api_org_", &[Exactly(ALNUM, 34)], varied)],
};
