//! Access tokens of Sourcegraph.
//!
//! Finds: `sgp_` with or without the instance's part.
//! Example: `sgp_{hex 40}`, `sgp_{hex 16}_{hex 40}`
//! Misses: prefixes newer than this file.
//! Source: Sourcegraph's documentation of access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_sourcegraph",
    category: Category::SecretToken,
    forms: &[
        form(b"sgp_", &[Exactly(HEX, 40)], varied),
        form(b"sgp_", &[Exactly(HEX, 16), Text(b"_"), Exactly(HEX, 40)], varied),
        form(b"sgp_local_", &[Exactly(HEX, 40)], varied),
    ],
};
