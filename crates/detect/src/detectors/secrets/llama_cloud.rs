//! API keys of LlamaCloud.
//!
//! Finds: `llx-` and 44 to 52 characters.
//! Example: `llx-{alnum 48}`
//! Misses: prefixes newer than this file.
//! Source: LlamaCloud's documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Between;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_llama_cloud",
    category: Category::SecretToken,
    forms: &[form(b"llx-", &[Between(ALNUM, 44, 52)], varied)],
};
