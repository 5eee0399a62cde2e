//! API keys of Elastic Cloud.
//!
//! Finds: `essu_` and base64.
//! Example: `essu_{alnum 80}==`
//! Misses: keys of a cluster of one's own, which are plain base64 (`secret_authorization` finds them behind `ApiKey`).
//! Source: Elastic's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WIDE, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_elastic",
    category: Category::SecretToken,
    forms: &[form(b"essu_", &[AtLeast(WIDE, 60)], varied)],
};
