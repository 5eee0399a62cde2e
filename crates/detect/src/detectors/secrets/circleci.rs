//! Tokens of CircleCI.
//!
//! Finds: of persons (`CCIPAT_`) and of projects (`CCIPRJ_`).
//! Example: `CCIPAT_{alnum 22}_{hex 40}`
//! Misses: prefixes newer than this file.
//! Source: CircleCI's documentation of API tokens; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_circleci",
    category: Category::SecretToken,
    forms: &[form(b"CCIPAT_", &[AtLeast(WORD, 60)], varied), form(b"CCIPRJ_", &[AtLeast(WORD, 60)], varied)],
};
