//! API tokens of Okta.
//!
//! Finds: the credential of the scheme `SSWS`.
//! Not one: ids of users and groups (`00u…`, `00g…`).
//! Example: `SSWS 00{word 40}`
//! Misses: tokens that stand alone, except under a key of secrets.
//! Source: Okta's developer documentation (API token).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_okta",
    category: Category::SecretToken,
    forms: &[
        form(b"SSWS 00", &[Exactly(WORD, 40)], varied),
        form(b"ssws 00", &[Exactly(WORD, 40)], varied),
        form(b"SSWS%2000", &[Exactly(WORD, 40)], varied),
        form(b"SSWS+00", &[Exactly(WORD, 40)], varied),
    ],
};
