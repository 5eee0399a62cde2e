//! API keys of Render.
//!
//! Finds: `rnd_` and 28 characters.
//! Example: `rnd_{alnum 28}`
//! Misses: prefixes newer than this file.
//! Source: Render's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_render",
    category: Category::SecretToken,
    forms: &[form(b"rnd_", &[Exactly(ALNUM, 28)], random)],
};
