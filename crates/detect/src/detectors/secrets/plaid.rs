//! Access tokens of Plaid.
//!
//! Finds: `access-production-`, `access-development-` and `access-sandbox-` with a UUID.
//! Example: `access-production-{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}`
//! Misses: prefixes newer than this file.
//! Source: Plaid's API documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, likely, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_plaid",
    category: Category::SecretToken,
    forms: &[
        form(b"access-production-", &[Exactly(WORD, 36)], varied),
        form(b"access-development-", &[Exactly(WORD, 36)], varied),
        form(b"access-sandbox-", &[Exactly(WORD, 36)], likely),
    ],
};
