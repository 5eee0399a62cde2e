//! Access tokens and secrets of Square.
//!
//! Finds: `EAAA…`, `sq0atp-`, `sq0csp-`.
//! Not one: ids of applications (`sq0idp-…`).
//! Example: `EAAA{word 60}`, `sq0atp-{word 22}`
//! Misses: prefixes newer than this file.
//! Source: Square's developer documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly};
use crate::detectors::anchored::{Anchored, WORD, form, random, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_square",
    category: Category::SecretToken,
    forms: &[
        form(b"EAAA", &[Exactly(WORD, 60)], random),
        form(b"sq0atp-", &[AtLeast(WORD, 22)], varied),
        form(b"sq0csp-", &[Exactly(WORD, 43)], varied),
    ],
};
