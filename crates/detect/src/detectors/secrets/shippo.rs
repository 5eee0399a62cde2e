//! API tokens of Shippo.
//!
//! Finds: `shippo_live_` and `shippo_test_`.
//! Example: `shippo_live_{hex 40}`
//! Misses: prefixes newer than this file.
//! Source: Shippo's documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, likely, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_shippo",
    category: Category::SecretToken,
    forms: &[form(b"shippo_live_", &[Exactly(HEX, 40)], varied), form(b"shippo_test_", &[Exactly(HEX, 40)], likely)],
};
