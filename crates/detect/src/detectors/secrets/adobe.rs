//! Client secrets of Adobe.
//!
//! Finds: `p8e-` and 32 characters.
//! Example: `p8e-{alnum 32}`
//! Misses: prefixes newer than this file.
//! Source: Adobe's documentation of credentials; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_adobe",
    category: Category::SecretToken,
    forms: &[form(b"p8e-", &[Exactly(ALNUM, 32)], varied)],
};
