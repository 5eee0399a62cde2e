//! Access tokens of Pinterest.
//!
//! Finds: `pina_` and 20 characters or more.
//! Example: `pina_{alnum 60}`
//! Misses: prefixes newer than this file.
//! Source: Pinterest's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_pinterest",
    category: Category::SecretToken,
    forms: &[form(b"pina_", &[AtLeast(WORD, 20)], random)],
};
