//! Tokens of HashiCorp Vault.
//!
//! Finds: service, batch and recovery tokens (`hvs.`, `hvb.`, `hvr.`).
//! Example: `hvs.{word 92}`
//! Misses: tokens of before 1.10 (`s.` and 24 characters), except under a key of secrets.
//! Source: HashiCorp's documentation of Vault's tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_vault",
    category: Category::SecretToken,
    forms: &[
        form(b"hvs.", &[AtLeast(WORD, 24)], varied),
        form(b"hvb.", &[AtLeast(WORD, 60)], varied),
        form(b"hvr.", &[AtLeast(WORD, 24)], varied),
    ],
};
