//! API tokens of Workato.
//!
//! Finds: `wrka-eyJ`, and the same with a region.
//! Example: `wrka-eyJ{word 40}.{word 60}`, `wrkaus-eyJ{word 40}.{word 60}`
//! Misses: prefixes newer than this file.
//! Source: Workato's documentation of its developer API; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Between, Text};
use crate::detectors::anchored::{Anchored, LOWER, WIDE, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_workato",
    category: Category::SecretToken,
    forms: &[form(b"wrka", &[Between(LOWER, 0, 2), Text(b"-eyJ"), AtLeast(WIDE, 90)], varied)],
};
