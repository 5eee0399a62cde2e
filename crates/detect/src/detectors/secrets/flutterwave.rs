//! Secret keys of Flutterwave.
//!
//! Finds: `FLWSECK-` and `FLWSECK_TEST-`.
//! Not one: public keys (`FLWPUBK-…`).
//! Example: `FLWSECK-{hex 32}-X`
//! Misses: prefixes newer than this file.
//! Source: Flutterwave's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, form, likely, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_flutterwave",
    category: Category::SecretToken,
    forms: &[
        form(b"FLWSECK-", &[Exactly(HEX, 32), Text(b"-X")], varied),
        form(b"FLWSECK_TEST-", &[Exactly(HEX, 32), Text(b"-X")], likely),
    ],
};
