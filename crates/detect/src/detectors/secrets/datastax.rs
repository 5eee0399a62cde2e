//! Application tokens of DataStax Astra.
//!
//! Finds: `AstraCS:` and 20 characters or more.
//! Example: `AstraCS:{alnum 24}`
//! Misses: prefixes newer than this file.
//! Source: DataStax' documentation of Astra; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_datastax",
    category: Category::SecretToken,
    forms: &[form(b"AstraCS:", &[AtLeast(ALNUM, 20)], varied)],
};
