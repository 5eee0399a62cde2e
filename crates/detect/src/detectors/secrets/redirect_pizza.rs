//! API tokens of redirect.pizza.
//!
//! Finds: `rpa_` and 30 characters.
//! Example: `rpa_{alnum 30}`
//! Misses: prefixes newer than this file.
//! Source: redirect.pizza's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_redirect_pizza",
    category: Category::SecretToken,
    forms: &[form(b"rpa_", &[Exactly(ALNUM, 30)], random)],
};
