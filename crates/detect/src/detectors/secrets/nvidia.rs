//! API keys of NVIDIA.
//!
//! Finds: `nvapi-` and 60 characters or more.
//! Example: `nvapi-{word 64}`
//! Misses: prefixes newer than this file.
//! Source: NVIDIA's documentation of NIM; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_nvidia",
    category: Category::SecretToken,
    forms: &[form(b"nvapi-", &[AtLeast(WORD, 60)], varied)],
};
