//! Consumer keys and secrets of WooCommerce.
//!
//! Finds: `ck_` and `cs_` with 40 hexadecimal digits.
//! Example: `cs_{hex 40}`, `ck_{hex 40}`
//! Misses: prefixes newer than this file.
//! Source: WooCommerce's documentation of its REST API; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_woocommerce",
    category: Category::SecretToken,
    forms: &[form(b"ck_", &[Exactly(HEX, 40)], varied), form(b"cs_", &[Exactly(HEX, 40)], varied)],
};
