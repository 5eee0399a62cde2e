//! Tokens of Snyk.
//!
//! Finds: service account and personal tokens of the new form (`snyk_uat.`, `snyk_sat.`), the UUID beside its name.
//! Example: `SNYK_TOKEN={hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}`
//! Misses: tokens that stand alone: UUIDs.
//! Source: Snyk's documentation of tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Assign, AtLeast, Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, WIDE, any, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_snyk",
    category: Category::SecretToken,
    forms: &[
        form(
            b"SNYK_TOKEN",
            &[
                Assign,
                Exactly(HEX, 8),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 12),
            ],
            any,
        ),
        form(
            b"snyk_token",
            &[
                Assign,
                Exactly(HEX, 8),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 12),
            ],
            any,
        ),
        form(
            b"snyk_api_key",
            &[
                Assign,
                Exactly(HEX, 8),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 12),
            ],
            any,
        ),
        form(b"snyk_uat.", &[AtLeast(WIDE, 30)], varied),
        form(b"snyk_sat.", &[AtLeast(WIDE, 30)], varied),
    ],
};
