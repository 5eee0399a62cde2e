//! API keys of Octopus Deploy.
//!
//! Finds: `API-` and 25 to 32 capitals and digits.
//! Example: `API-{upper 26}`
//! Misses: prefixes newer than this file.
//! Source: Octopus Deploy's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Between;
use crate::detectors::anchored::{Anchored, UPPER, form, likely};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_octopus",
    category: Category::SecretToken,
    forms: &[form(b"API-", &[Between(UPPER, 25, 32)], likely)],
};
