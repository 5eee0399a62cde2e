//! API keys of Devin.
//!
//! Finds: `apk_user_`, `apk_`, `cog_`.
//! Example: `apk_user_{alnum 140}`, `cog_{lower 52}`
//! Misses: prefixes newer than this file.
//! Source: Devin's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly};
use crate::detectors::anchored::{Anchored, BASE64, LOWER, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_devin",
    category: Category::SecretToken,
    forms: &[
        form(b"apk_user_", &[AtLeast(BASE64, 100)], varied),
        form(b"apk_", &[AtLeast(BASE64, 80)], varied),
        form(b"cog_", &[Exactly(LOWER, 52)], varied),
    ],
};
