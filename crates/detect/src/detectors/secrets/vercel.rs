//! Tokens of Vercel.
//!
//! Finds: tokens of persons, integrations, applications and of the AI gateway (`vcp_`, `vci_`, `vca_`, `vcr_`, `vck_`).
//! Example: `vcp_{alnum 56}`
//! Misses: tokens of before 2025 (24 characters), except under a key of secrets.
//! Source: Vercel's documentation of tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_vercel",
    category: Category::SecretToken,
    forms: &[
        form(b"vcp_", &[Exactly(WORD, 56)], varied),
        form(b"vci_", &[Exactly(WORD, 56)], varied),
        form(b"vca_", &[Exactly(WORD, 56)], varied),
        form(b"vcr_", &[Exactly(WORD, 56)], varied),
        form(b"vck_", &[Exactly(WORD, 56)], varied),
    ],
};
