//! API tokens of Val Town.
//!
//! Finds: `vtwn_` and 20 characters or more.
//! Example: `vtwn_{alnum 32}`
//! Misses: prefixes newer than this file.
//! Source: Val Town's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, unworded};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_val_town",
    category: Category::SecretToken,
    forms: &[form(b"vtwn_", &[AtLeast(WORD, 20)], unworded)],
};
