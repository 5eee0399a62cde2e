//! API keys of WakaTime.
//!
//! Finds: `waka_` and 36 characters or more.
//! Example: `waka_{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}`
//! Misses: prefixes newer than this file.
//! Source: WakaTime's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_wakatime",
    category: Category::SecretToken,
    forms: &[form(b"waka_", &[AtLeast(WORD, 36)], varied)],
};
