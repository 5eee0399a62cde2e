//! API keys of Rootly.
//!
//! Finds: `rootly_` and 64 hexadecimal digits.
//! Example: `rootly_{hex 64}`
//! Misses: prefixes newer than this file.
//! Source: Rootly's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_rootly",
    category: Category::SecretToken,
    forms: &[form(b"rootly_", &[Exactly(HEX, 64)], varied)],
};
