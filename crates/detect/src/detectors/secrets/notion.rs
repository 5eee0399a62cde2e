//! Tokens of Notion.
//!
//! Finds: tokens of integrations (`ntn_`, `secret_`).
//! Example: `ntn_{digit 11}{alnum 35}`
//! Misses: prefixes newer than this file.
//! Source: Notion's developer documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly};
use crate::detectors::anchored::{ALNUM, Anchored, form, random, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_notion",
    category: Category::SecretToken,
    forms: &[form(b"ntn_", &[AtLeast(ALNUM, 40)], varied), form(b"secret_", &[Exactly(ALNUM, 43)], random)],
};
