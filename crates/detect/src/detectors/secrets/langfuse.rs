//! Secret keys of Langfuse.
//!
//! Finds: `sk-lf-` and a UUID.
//! Not one: public keys (`pk-lf-…`).
//! Example: `sk-lf-{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}`
//! Misses: prefixes newer than this file.
//! Source: Langfuse's documentation of API keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_langfuse",
    category: Category::SecretToken,
    forms: &[form(b"sk-lf-", &[Exactly(WORD, 36)], varied)],
};
