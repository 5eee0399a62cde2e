//! API keys of Anthropic.
//!
//! Finds: keys of the API, of administration and of sessions (`sk-ant-api03-`, `sk-ant-admin01-`, `sk-ant-sid01-`,
//! `sk-ant-oat01-`).
//! Example: `sk-ant-api03-{word 93}AA`
//! Misses: keys that are cut shorter than 24 characters.
//! Source: Anthropic's API documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_anthropic",
    category: Category::SecretToken,
    forms: &[form(b"sk-ant-", &[AtLeast(WORD, 24)], varied)],
};
