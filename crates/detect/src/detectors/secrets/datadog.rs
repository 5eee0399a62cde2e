//! API and application keys of Datadog.
//!
//! Finds: the keys beside the names of their headers and variables.
//! Not one: client tokens (`pub…`), which web pages send.
//! Example: `DD-API-KEY: {hex 32}`, `DD_APP_KEY={hex 40}`
//! Misses: keys that stand alone: hexadecimal digits.
//! Source: Datadog's API documentation (authentication).

use weir_event::Category;

use crate::detectors::anchored::Part::{Assign, Exactly};
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_datadog",
    category: Category::SecretToken,
    forms: &[
        form(b"DD-API-KEY", &[Assign, Exactly(HEX, 32)], varied),
        form(b"dd-api-key", &[Assign, Exactly(HEX, 32)], varied),
        form(b"DD_API_KEY", &[Assign, Exactly(HEX, 32)], varied),
        form(b"DATADOG_API_KEY", &[Assign, Exactly(HEX, 32)], varied),
        form(b"DD-APPLICATION-KEY", &[Assign, Exactly(HEX, 40)], varied),
        form(b"dd-application-key", &[Assign, Exactly(HEX, 40)], varied),
        form(b"DD_APP_KEY", &[Assign, Exactly(HEX, 40)], varied),
        form(b"DD_APPLICATION_KEY", &[Assign, Exactly(HEX, 40)], varied),
        form(b"DATADOG_APP_KEY", &[Assign, Exactly(HEX, 40)], varied),
    ],
};
