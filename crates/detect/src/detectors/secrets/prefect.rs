//! API keys of Prefect.
//!
//! Finds: keys of users and service accounts (`pnu_`, `pnb_`).
//! Example: `pnu_{alnum 36}`
//! Misses: prefixes newer than this file.
//! Source: Prefect's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_prefect",
    category: Category::SecretToken,
    forms: &[form(b"pnu_", &[Exactly(ALNUM, 36)], varied), form(b"pnb_", &[Exactly(ALNUM, 36)], varied)],
};
