//! Tokens of Buildkite.
//!
//! Finds: of users (`bkua_`), agents (`bkaa_`, `bkaj_`, `bkar_`, `bkct_`), portals and packages (`bkpt_`, `bkpat_`, `bkps_`).
//! Example: `bkua_{lower 40}`
//! Misses: prefixes newer than this file.
//! Source: Buildkite's documentation of tokens; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_buildkite",
    category: Category::SecretToken,
    forms: &[
        form(b"bkua_", &[AtLeast(WORD, 40)], varied),
        form(b"bkaa_", &[AtLeast(WORD, 40)], varied),
        form(b"bkaj_", &[AtLeast(WORD, 40)], varied),
        form(b"bkar_", &[AtLeast(WORD, 40)], varied),
        form(b"bkct_", &[AtLeast(WORD, 40)], varied),
        form(b"bkpt_", &[AtLeast(WORD, 40)], varied),
        form(b"bkpat_", &[AtLeast(WORD, 40)], varied),
        form(b"bkps_", &[AtLeast(WORD, 40)], varied),
    ],
};
