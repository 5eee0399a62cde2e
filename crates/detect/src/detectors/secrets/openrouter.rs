//! API keys of OpenRouter.
//!
//! Finds: `sk-or-v1-` and 64 hexadecimal digits.
//! Example: `sk-or-v1-{hex 64}`
//! Misses: prefixes newer than this file.
//! Source: OpenRouter's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_openrouter",
    category: Category::SecretToken,
    forms: &[form(b"sk-or-", &[AtLeast(WORD, 24)], varied)],
};
