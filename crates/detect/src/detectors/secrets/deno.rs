//! Access tokens of Deno Deploy.
//!
//! Finds: `ddp_` and 36 characters.
//! Example: `ddp_{alnum 36}`
//! Misses: prefixes newer than this file.
//! Source: Deno's documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_deno",
    category: Category::SecretToken,
    forms: &[form(b"ddp_", &[Exactly(ALNUM, 36)], varied)],
};
