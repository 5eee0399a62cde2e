//! API keys of NuGet.
//!
//! Finds: `oy2` and 43 small letters and digits.
//! Example: `oy2{lower 43}`
//! Misses: prefixes newer than this file.
//! Source: Microsoft's documentation of NuGet's API keys.

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, LOWER, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_nuget",
    category: Category::SecretToken,
    forms: &[form(b"oy2", &[Exactly(LOWER, 43)], varied)],
};
