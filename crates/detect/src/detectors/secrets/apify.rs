//! API tokens of Apify.
//!
//! Finds: `apify_api_` and 34 to 38 characters.
//! Example: `apify_api_{alnum 36}`
//! Misses: prefixes newer than this file.
//! Source: Apify's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Between;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_apify",
    category: Category::SecretToken,
    forms: &[form(b"apify_api_", &[Between(ALNUM, 34, 38)], varied)],
};
