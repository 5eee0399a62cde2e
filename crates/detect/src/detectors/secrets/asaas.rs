//! API keys of Asaas.
//!
//! Finds: `$aact_prod_` and `$aact_hmlg_`.
//! Example: `aact_prod_{word 60}`
//! Misses: prefixes newer than this file.
//! Source: Asaas' API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, likely, unworded};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_asaas",
    category: Category::SecretToken,
    forms: &[
        form(b"aact_prod_", &[AtLeast(WORD, 20)], unworded),
        form(b"aact_hmlg_", &[AtLeast(WORD, 20)], |seen| unworded(seen).and(likely(seen))),
    ],
};
