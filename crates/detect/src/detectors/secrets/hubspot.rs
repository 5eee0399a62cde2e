//! Private application tokens of HubSpot.
//!
//! Finds: `pat-`, a data centre and a UUID.
//! Example: `pat-na1-{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}`
//! Misses: prefixes newer than this file.
//! Source: HubSpot's documentation of private apps.

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, DIGIT, HEX, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_hubspot",
    category: Category::SecretToken,
    forms: &[
        form(
            b"pat-na",
            &[
                Exactly(DIGIT, 1),
                Text(b"-"),
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
            b"pat-eu",
            &[
                Exactly(DIGIT, 1),
                Text(b"-"),
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
            b"pat-ap",
            &[
                Exactly(DIGIT, 1),
                Text(b"-"),
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
