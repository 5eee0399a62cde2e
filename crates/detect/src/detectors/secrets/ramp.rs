//! Client secrets of Ramp.
//!
//! Finds: `ramp_sec_` and 48 characters.
//! Example: `ramp_sec_{alnum 48}`
//! Misses: prefixes newer than this file.
//! Source: Ramp's developer documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_ramp",
    category: Category::SecretToken,
    forms: &[form(b"ramp_sec_", &[Exactly(ALNUM, 48)], varied)],
};
