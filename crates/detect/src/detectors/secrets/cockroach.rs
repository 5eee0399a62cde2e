//! API keys of CockroachDB Cloud.
//!
//! Finds: `CCDB1_`, 22 and 40 characters.
//! Example: `CCDB1_{alnum 22}_{alnum 40}`
//! Misses: prefixes newer than this file.
//! Source: Cockroach Labs' documentation of API access; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_cockroach",
    category: Category::SecretToken,
    forms: &[form(b"CCDB1_", &[Exactly(ALNUM, 22), Text(b"_"), Exactly(ALNUM, 40)], any)],
};
