//! API keys of RubyGems.
//!
//! Finds: `rubygems_` and 48 hexadecimal digits.
//! Example: `rubygems_{hex 48}`
//! Misses: prefixes newer than this file.
//! Source: RubyGems' guides (API keys); the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_rubygems",
    category: Category::SecretToken,
    forms: &[form(b"rubygems_", &[Exactly(HEX, 48)], varied)],
};
