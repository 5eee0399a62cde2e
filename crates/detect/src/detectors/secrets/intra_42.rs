//! Client secrets of 42's intranet.
//!
//! Finds: `s-s4t2ud-` and `s-s4t2af-`.
//! Example: `s-s4t2ud-{hex 64}`
//! Misses: prefixes newer than this file.
//! Source: 42's API documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_intra_42",
    category: Category::SecretToken,
    forms: &[form(b"s-s4t2ud-", &[Exactly(HEX, 64)], varied), form(b"s-s4t2af-", &[Exactly(HEX, 64)], varied)],
};
