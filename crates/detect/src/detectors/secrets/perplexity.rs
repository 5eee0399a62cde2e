//! API keys of Perplexity.
//!
//! Finds: `pplx-` and 48 characters.
//! Example: `pplx-{alnum 48}`
//! Misses: prefixes newer than this file.
//! Source: Perplexity's API documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_perplexity",
    category: Category::SecretToken,
    forms: &[form(b"pplx-", &[AtLeast(ALNUM, 40)], varied)],
};
