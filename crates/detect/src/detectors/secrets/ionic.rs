//! Access tokens of Ionic.
//!
//! Finds: `ion_` and 42 characters.
//! Example: `ion_{alnum 42}`
//! Misses: prefixes newer than this file.
//! Source: Ionic's documentation of access tokens; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_ionic",
    category: Category::SecretToken,
    forms: &[form(b"ion_", &[Exactly(ALNUM, 42)], random)],
};
