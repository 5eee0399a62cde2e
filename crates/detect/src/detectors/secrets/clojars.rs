//! Deploy tokens of Clojars.
//!
//! Finds: `CLOJARS_` and 60 characters.
//! Example: `CLOJARS_{lower 60}`
//! Misses: prefixes newer than this file.
//! Source: Clojars' wiki (deploy tokens); the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_clojars",
    category: Category::SecretToken,
    forms: &[form(b"CLOJARS_", &[Exactly(ALNUM, 60)], varied)],
};
