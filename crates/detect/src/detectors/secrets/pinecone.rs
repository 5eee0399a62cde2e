//! API keys of Pinecone.
//!
//! Finds: `pcsk_`.
//! Example: `pcsk_{alnum 5}_{alnum 63}`
//! Misses: prefixes newer than this file.
//! Source: Pinecone's documentation of API keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Between, Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_pinecone",
    category: Category::SecretToken,
    forms: &[form(b"pcsk_", &[Between(ALNUM, 5, 6), Text(b"_"), Exactly(ALNUM, 63)], varied)],
};
