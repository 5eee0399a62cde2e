//! Personal access tokens and OAuth secrets of Databricks.
//!
//! Finds: `dapi` and `dose` and 32 hexadecimal digits.
//! Example: `dapi{hex 32}`
//! Misses: prefixes newer than this file.
//! Source: Databricks' documentation of personal access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_databricks",
    category: Category::SecretToken,
    forms: &[form(b"dapi", &[Exactly(HEX, 32)], varied), form(b"dose", &[Exactly(HEX, 32)], varied)],
};
