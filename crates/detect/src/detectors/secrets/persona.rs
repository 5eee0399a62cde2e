//! API keys of Persona.
//!
//! Finds: `persona_production_`, and those of its sandbox.
//! Example: `persona_production_{hex 36}`
//! Misses: prefixes newer than this file.
//! Source: Persona's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, likely, unworded};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_persona",
    category: Category::SecretToken,
    forms: &[
        form(b"persona_production_", &[AtLeast(WORD, 20)], unworded),
        form(b"persona_sandbox_", &[AtLeast(WORD, 20)], |seen| unworded(seen).and(likely(seen))),
    ],
};
