//! Passwords and tokens of PlanetScale.
//!
//! Finds: `pscale_pw_`, `pscale_tkn_`, `pscale_oauth_`.
//! Example: `pscale_pw_{word 43}`
//! Misses: prefixes newer than this file.
//! Source: PlanetScale's documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WIDE, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_planetscale",
    category: Category::SecretToken,
    forms: &[
        form(b"pscale_pw_", &[AtLeast(WIDE, 32)], varied),
        form(b"pscale_tkn_", &[AtLeast(WIDE, 32)], varied),
        form(b"pscale_oauth_", &[AtLeast(WIDE, 32)], varied),
    ],
};
