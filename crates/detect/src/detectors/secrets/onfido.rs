//! API tokens of Onfido.
//!
//! Finds: `api_live.`, `api_live_ca.`, `api_live_us.`.
//! Example: `api_live.{word 40}`
//! Misses: prefixes newer than this file.
//! Source: Onfido's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_onfido",
    category: Category::SecretToken,
    forms: &[
        form(b"api_live.", &[AtLeast(WORD, 20)], random),
        form(b"api_live_ca.", &[AtLeast(WORD, 20)], random),
        form(b"api_live_us.", &[AtLeast(WORD, 20)], random),
    ],
};
