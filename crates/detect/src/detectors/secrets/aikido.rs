//! Tokens and client secrets of Aikido.
//!
//! Finds: `AIK_CI_` and `AIK_SECRET_`.
//! Example: `AIK_CI_{alnum 40}`, `AIK_SECRET_{alnum 64}`
//! Misses: prefixes newer than this file.
//! Source: Aikido's documentation of its API; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Between, Exactly};
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_aikido",
    category: Category::SecretToken,
    forms: &[form(b"AIK_CI_", &[Between(ALNUM, 20, 44)], varied), form(b"AIK_SECRET_", &[Exactly(ALNUM, 64)], varied)],
};
