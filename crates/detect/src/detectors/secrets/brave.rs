//! API keys of Brave Search.
//!
//! Finds: `BSA` and 24 to 40 characters.
//! Example: `BSA{alnum 28}`
//! Misses: prefixes newer than this file.
//! Source: Brave's documentation of its search API; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Between;
use crate::detectors::anchored::{Anchored, WORD, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_brave",
    category: Category::SecretToken,
    forms: &[form(b"BSA", &[Between(WORD, 24, 40)], random)],
};
