//! API keys of Labelbox.
//!
//! Finds: `lbx_` and `rma_`, 43 characters.
//! Example: `lbx_{word 43}`
//! Misses: prefixes newer than this file.
//! Source: Labelbox' API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, random, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_labelbox",
    category: Category::SecretToken,
    forms: &[form(b"lbx_", &[Exactly(WORD, 43)], varied), form(b"rma_", &[Exactly(WORD, 43)], random)],
};
