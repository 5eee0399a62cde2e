//! API tokens of Defined Networking.
//!
//! Finds: `dnkey-`.
//! Example: `dnkey-{word 26}-{word 52}`
//! Misses: prefixes newer than this file.
//! Source: Defined Networking's API documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_defined",
    category: Category::SecretToken,
    forms: &[form(b"dnkey-", &[AtLeast(WORD, 40)], varied)],
};
