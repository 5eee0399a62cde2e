//! API tokens of Mercury.
//!
//! Finds: `mercury_production_`.
//! Example: `mercury_production_wma_{alnum 44}_yrucrem`
//! Misses: prefixes newer than this file.
//! Source: Mercury's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, unworded};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_mercury",
    category: Category::SecretToken,
    forms: &[form(b"mercury_production_", &[AtLeast(WORD, 40)], unworded)],
};
