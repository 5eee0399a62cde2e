//! API keys of Cloudsmith.
//!
//! Finds: `csa_` and 36 characters.
//! Example: `csa_{hex 36}`
//! Misses: prefixes newer than this file.
//! Source: Cloudsmith's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_cloudsmith",
    category: Category::SecretToken,
    forms: &[form(b"csa_", &[Exactly(ALNUM, 36)], varied)],
};
