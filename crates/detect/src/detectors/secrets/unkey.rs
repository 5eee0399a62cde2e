//! Root keys of Unkey.
//!
//! Finds: `unkey_` and 20 to 32 characters.
//! Example: `unkey_{alnum 24}`
//! Misses: prefixes newer than this file.
//! Source: Unkey's documentation of root keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Between;
use crate::detectors::anchored::{ALNUM, Anchored, form, unworded};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_unkey",
    category: Category::SecretToken,
    forms: &[form(b"unkey_", &[Between(ALNUM, 20, 32)], unworded)],
};
