//! Tokens of Splunk's HTTP Event Collector.
//!
//! Finds: the UUID of the scheme `Splunk`.
//! Example: `Authorization: Splunk {hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}`
//! Misses: tokens that stand alone: UUIDs.
//! Source: Splunk's documentation of the HTTP Event Collector.

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_splunk",
    category: Category::SecretToken,
    forms: &[
        form(
            b"Splunk ",
            &[
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
            b"splunk ",
            &[
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
            b"Splunk%20",
            &[
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
            b"Splunk+",
            &[
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
    ],
};
