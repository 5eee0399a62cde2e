//! API keys that Zuplo gives out.
//!
//! Finds: `zpka_`, 32 characters and a checksum.
//! Example: `zpka_{lower 32}_{hex 8}`
//! Misses: prefixes newer than this file.
//! Source: Zuplo's documentation of API keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, LOWER, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_zuplo",
    category: Category::SecretToken,
    forms: &[form(b"zpka_", &[Exactly(LOWER, 32), Text(b"_"), Exactly(HEX, 8)], varied)],
};
