//! API keys of Cartesia.
//!
//! Finds: `sk_car_` and 20 characters or more.
//! Example: `sk_car_{alnum 20}`
//! Misses: prefixes newer than this file.
//! Source: Cartesia's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, unworded};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_cartesia",
    category: Category::SecretToken,
    forms: &[form(b"sk_car_", &[AtLeast(WORD, 20)], unworded)],
};
