//! Access tokens of Docker Hub.
//!
//! Finds: tokens of persons and of organisations (`dckr_pat_`, `dckr_oat_`).
//! Example: `dckr_pat_{word 27}`
//! Misses: prefixes newer than this file.
//! Source: Docker's documentation of access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_docker",
    category: Category::SecretToken,
    forms: &[form(b"dckr_pat_", &[Exactly(WORD, 27)], varied), form(b"dckr_oat_", &[Exactly(WORD, 32)], varied)],
};
