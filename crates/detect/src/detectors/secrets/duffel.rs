//! Access tokens of Duffel.
//!
//! Finds: `duffel_live_` and `duffel_test_`.
//! Example: `duffel_live_{word 43}`
//! Misses: prefixes newer than this file.
//! Source: Duffel's API documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WIDE, form, likely, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_duffel",
    category: Category::SecretToken,
    forms: &[form(b"duffel_live_", &[Exactly(WIDE, 43)], varied), form(b"duffel_test_", &[Exactly(WIDE, 43)], likely)],
};
