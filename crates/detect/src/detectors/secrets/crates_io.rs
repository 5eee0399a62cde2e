//! API tokens of crates.io.
//!
//! Finds: `cio` and 32 characters.
//! Example: `cio{alnum 32}`
//! Misses: tokens of before 2020, which have no prefix.
//! Source: rust-lang/crates.io, `util/token.rs`.

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_crates_io",
    category: Category::SecretToken,
    forms: &[form(b"cio", &[Exactly(ALNUM, 32)], random)],
};
