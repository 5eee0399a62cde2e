//! Personal access tokens of Asana.
//!
//! Finds: a version, numbers of accounts and 32 hexadecimal digits (`1/…:…`, `2/…/…:…`).
//! Example: `1/{digit 16}:{hex 32}`, `2/{digit 16}/{digit 16}:{hex 32}`
//! Misses: client secrets, except under a key of secrets.
//! Source: Asana's developer documentation (personal access tokens).

use weir_event::Category;

use crate::detectors::anchored::Part::{Between, Exactly, Text};
use crate::detectors::anchored::{Anchored, DIGIT, HEX, any, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_asana",
    category: Category::SecretToken,
    forms: &[
        form(b"0/", &[Exactly(HEX, 32)], varied),
        form(b"1/", &[Between(DIGIT, 10, 17), Text(b":"), Exactly(HEX, 32)], any),
        form(b"2/", &[Between(DIGIT, 10, 17), Text(b"/"), Between(DIGIT, 10, 17), Text(b":"), Exactly(HEX, 32)], any),
    ],
};
