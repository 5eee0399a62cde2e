//! API keys of Cerebras.
//!
//! Finds: `csk-` and 48 characters.
//! Example: `csk-{lower 48}`
//! Misses: prefixes newer than this file.
//! Source: Cerebras' documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_cerebras",
    category: Category::SecretToken,
    forms: &[form(b"csk-", &[Exactly(ALNUM, 48)], varied)],
};
