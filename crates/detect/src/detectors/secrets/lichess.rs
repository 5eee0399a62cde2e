//! Access tokens of Lichess.
//!
//! Finds: `lip_` and 16 to 60 characters.
//! Example: `lip_{alnum 20}`
//! Misses: prefixes newer than this file.
//! Source: Lichess' API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Between;
use crate::detectors::anchored::{ALNUM, Anchored, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_lichess",
    category: Category::SecretToken,
    forms: &[form(b"lip_", &[Between(ALNUM, 16, 60)], random)],
};
