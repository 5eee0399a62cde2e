//! API keys of Weights & Biases.
//!
//! Finds: `wandb_v1_`.
//! Example: `wandb_v1_{alnum 77}`
//! Misses: prefixes newer than this file.
//! Source: Weights & Biases' documentation of API keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_wandb",
    category: Category::SecretToken,
    forms: &[form(b"wandb_v1_", &[AtLeast(WORD, 70)], varied)],
};
