//! Access tokens of Plaid.
//!
//! Finds: `access-production-`, `access-development-` and `access-sandbox-` with a UUID.
//! Example: `access-production-{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}`
//! Misses: prefixes newer than this file.
//! Source: Plaid's API documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, Part, form, likely, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_plaid",
    category: Category::SecretToken,
    forms: &[
        form(b"access-production-", UUID, varied),
        form(b"access-development-", UUID, varied),
        form(b"access-sandbox-", UUID, likely),
    ],
};

const UUID: &[Part] = &[
    Exactly(HEX, 8),
    Text(b"-"),
    Exactly(HEX, 4),
    Text(b"-"),
    Exactly(HEX, 4),
    Text(b"-"),
    Exactly(HEX, 4),
    Text(b"-"),
    Exactly(HEX, 12),
];
