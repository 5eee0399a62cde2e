//! API keys of Postman.
//!
//! Finds: `PMAK-`, 24 and 34 hexadecimal digits.
//! Example: `PMAK-{hex 24}-{hex 34}`
//! Misses: prefixes newer than this file.
//! Source: Postman's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_postman",
    category: Category::SecretToken,
    forms: &[form(b"PMAK-", &[Exactly(HEX, 24), Text(b"-"), Exactly(HEX, 34)], any)],
};
