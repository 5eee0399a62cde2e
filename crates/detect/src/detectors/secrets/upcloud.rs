//! API tokens of UpCloud.
//!
//! Finds: `ucat_` and 24 to 32 characters.
//! Example: `ucat_{upper 26}`
//! Misses: prefixes newer than this file.
//! Source: UpCloud's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Between;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_upcloud",
    category: Category::SecretToken,
    forms: &[form(b"ucat_", &[Between(ALNUM, 24, 32)], varied)],
};
