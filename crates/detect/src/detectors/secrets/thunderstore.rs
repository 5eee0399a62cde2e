//! API tokens of Thunderstore.
//!
//! Finds: `tss_` and 20 characters or more.
//! Example: `tss_{alnum 32}`
//! Misses: prefixes newer than this file.
//! Source: Thunderstore's documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_thunderstore",
    category: Category::SecretToken,
    forms: &[form(b"tss_", &[AtLeast(WORD, 20)], random)],
};
