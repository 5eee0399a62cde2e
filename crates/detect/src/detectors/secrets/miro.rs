//! Access tokens of Miro.
//!
//! Finds: `eyJtaXJv`, an underscore in what follows.
//! Example: `eyJtaXJv{alnum 20}_{word 27}`
//! Misses: prefixes newer than this file.
//! Source: Miro's developer documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Between, Text};
use crate::detectors::anchored::{ALNUM, Anchored, WORD, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_miro",
    category: Category::SecretToken,
    forms: &[form(b"eyJtaXJv", &[Between(ALNUM, 10, 64), Text(b"_"), AtLeast(WORD, 20)], random)],
};
