//! API keys of Exoscale.
//!
//! Finds: `EXO` and 24 to 30 characters.
//! Example: `EXO{alnum 24}`
//! Misses: prefixes newer than this file.
//! Source: Exoscale's documentation of API keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Between;
use crate::detectors::anchored::{ALNUM, Anchored, form, unworded};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_exoscale",
    category: Category::SecretToken,
    forms: &[form(b"EXO", &[Between(ALNUM, 24, 30)], unworded)],
};
