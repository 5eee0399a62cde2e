//! Access tokens of Polar.
//!
//! Finds: `polar_at_`, `polar_oat_`, `polar_pat_`.
//! Example: `polar_oat_{alnum 43}`
//! Misses: prefixes newer than this file.
//! Source: Polar's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, unworded};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_polar",
    category: Category::SecretToken,
    forms: &[
        form(b"polar_at_", &[AtLeast(WORD, 20)], unworded),
        form(b"polar_oat_", &[AtLeast(WORD, 20)], unworded),
        form(b"polar_pat_", &[AtLeast(WORD, 20)], unworded),
    ],
};
