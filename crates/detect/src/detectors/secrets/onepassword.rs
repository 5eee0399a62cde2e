//! Tokens and secret keys of 1Password.
//!
//! Finds: tokens of service accounts (`ops_eyJ…`), secret keys (`A3-…`).
//! Example: `ops_eyJ{alnum 250}`, `A3-{upper 6}-{upper 6}-{upper 5}-{upper 5}-{upper 5}-{upper 5}`
//! Misses: prefixes newer than this file.
//! Source: 1Password's developer documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly, Text};
use crate::detectors::anchored::{Anchored, BASE64, UPPER, any, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_onepassword",
    category: Category::SecretToken,
    forms: &[
        form(b"ops_eyJ", &[AtLeast(BASE64, 100)], varied),
        // Seven groups: no word looks like it, with a digit or without.
        form(
            b"A3-",
            &[
                Exactly(UPPER, 6),
                Text(b"-"),
                Exactly(UPPER, 6),
                Text(b"-"),
                Exactly(UPPER, 5),
                Text(b"-"),
                Exactly(UPPER, 5),
                Text(b"-"),
                Exactly(UPPER, 5),
                Text(b"-"),
                Exactly(UPPER, 5),
            ],
            any,
        ),
        form(
            b"A3-",
            &[
                Exactly(UPPER, 6),
                Text(b"-"),
                Exactly(UPPER, 11),
                Text(b"-"),
                Exactly(UPPER, 5),
                Text(b"-"),
                Exactly(UPPER, 5),
                Text(b"-"),
                Exactly(UPPER, 5),
            ],
            any,
        ),
    ],
};
