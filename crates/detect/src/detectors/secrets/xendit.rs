//! Secret keys of Xendit.
//!
//! Finds: `xnd_production_`, and those for tests (`xnd_development_`).
//! Not one: public keys (`xnd_public_…`).
//! Example: `xnd_production_{alnum 60}`
//! Misses: prefixes newer than this file.
//! Source: Xendit's documentation of API keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{ALNUM, Anchored, form, likely, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_xendit",
    category: Category::SecretToken,
    forms: &[
        form(b"xnd_production_", &[AtLeast(ALNUM, 40)], varied),
        form(b"xnd_development_", &[AtLeast(ALNUM, 40)], likely),
    ],
};
