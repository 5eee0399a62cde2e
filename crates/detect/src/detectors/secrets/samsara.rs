//! API tokens of Samsara.
//!
//! Finds: `samsara_api_`.
//! Example: `samsara_api_{alnum 30}`
//! Misses: prefixes newer than this file.
//! Source: Samsara's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_samsara",
    category: Category::SecretToken,
    forms: &[form(b"samsara_api_", &[AtLeast(ALNUM, 26)], varied)],
};
