//! API tokens of Infracost.
//!
//! Finds: `ico-` and 32 characters.
//! Example: `ico-{alnum 32}`
//! Misses: prefixes newer than this file.
//! Source: Infracost's documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_infracost",
    category: Category::SecretToken,
    forms: &[form(b"ico-", &[Exactly(ALNUM, 32)], varied)],
};
