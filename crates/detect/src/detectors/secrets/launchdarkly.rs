//! Keys of LaunchDarkly's API and of its server SDKs.
//!
//! Finds: `api-` and `sdk-` and a UUID.
//! Not one: client-side ids and mobile keys (`mob-…`), which applications carry.
//! Example: `sdk-{hex 8}-{hex 4}-4{hex 3}-{hex 4}-{hex 12}`
//! Misses: prefixes newer than this file.
//! Source: LaunchDarkly's documentation of keys.

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, form, likely};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_launchdarkly",
    category: Category::SecretToken,
    forms: &[
        form(
            b"api-",
            &[
                Exactly(HEX, 8),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-4"),
                Exactly(HEX, 3),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 12),
            ],
            likely,
        ),
        form(
            b"sdk-",
            &[
                Exactly(HEX, 8),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-4"),
                Exactly(HEX, 3),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 12),
            ],
            likely,
        ),
    ],
};
