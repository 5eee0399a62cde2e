//! Access tokens of Harness.
//!
//! Finds: of persons (`pat.`) and of service accounts (`sat.`).
//! Example: `pat.{word 22}.{hex 24}.{alnum 20}`
//! Misses: prefixes newer than this file.
//! Source: Harness' documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, HEX, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_harness",
    category: Category::SecretToken,
    forms: &[
        form(b"pat.", &[Exactly(WORD, 22), Text(b"."), Exactly(HEX, 24), Text(b"."), Exactly(ALNUM, 20)], varied),
        form(b"sat.", &[Exactly(WORD, 22), Text(b"."), Exactly(HEX, 24), Text(b"."), Exactly(ALNUM, 20)], varied),
    ],
};
