//! Keys of New Relic.
//!
//! Finds: keys of users, of ingest and of REST (`NRAK-`, `NRII-`, `NRIQ-`, `NRRA-`).
//! Not one: browser keys (`NRJS-…`), which web pages send.
//! Example: `NRAK-{upper 27}`
//! Misses: licence keys (forty characters), except under a key of secrets.
//! Source: New Relic's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, UPPER, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_new_relic",
    category: Category::SecretToken,
    forms: &[
        form(b"NRAK-", &[Exactly(UPPER, 27)], varied),
        form(b"NRII-", &[Exactly(WORD, 32)], varied),
        form(b"NRIQ-", &[Exactly(WORD, 32)], varied),
        form(b"NRRA-", &[Exactly(HEX, 42)], varied),
    ],
};
