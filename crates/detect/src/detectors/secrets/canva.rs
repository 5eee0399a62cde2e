//! Client secrets of Canva.
//!
//! Finds: `cnvca` and 51 characters.
//! Example: `cnvca{word 51}`
//! Misses: prefixes newer than this file.
//! Source: Canva's documentation of its Connect API; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_canva",
    category: Category::SecretToken,
    forms: &[form(b"cnvca", &[Exactly(WORD, 51)], random)],
};
