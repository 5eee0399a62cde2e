//! API keys of xAI.
//!
//! Finds: `xai-` and 80 characters.
//! Example: `xai-{alnum 80}`
//! Misses: prefixes newer than this file.
//! Source: xAI's API documentation.

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_xai",
    category: Category::SecretToken,
    forms: &[form(b"xai-", &[AtLeast(WORD, 70)], random)],
};
