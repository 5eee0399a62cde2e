//! Access tokens of SettleMint.
//!
//! Finds: `sm_aat_`, `sm_pat_`, `sm_sat_`.
//! Example: `sm_pat_{alnum 16}`
//! Misses: prefixes newer than this file.
//! Source: SettleMint's documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_settlemint",
    category: Category::SecretToken,
    forms: &[
        form(b"sm_aat_", &[Exactly(ALNUM, 16)], varied),
        form(b"sm_pat_", &[Exactly(ALNUM, 16)], varied),
        form(b"sm_sat_", &[Exactly(ALNUM, 16)], varied),
    ],
};
