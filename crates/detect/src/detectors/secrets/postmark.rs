//! Server and account tokens of Postmark.
//!
//! Finds: the UUID beside the names of its headers.
//! Example: `X-Postmark-Server-Token: {hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}`
//! Misses: tokens that stand alone: UUIDs.
//! Source: Postmark's API documentation (authentication).

use weir_event::Category;

use crate::detectors::anchored::Part::{Assign, Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_postmark",
    category: Category::SecretToken,
    forms: &[
        form(
            b"X-Postmark-Server-Token",
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
            b"x-postmark-server-token",
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
            b"X-Postmark-Account-Token",
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
            b"x-postmark-account-token",
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
    ],
};
