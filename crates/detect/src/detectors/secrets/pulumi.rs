//! Access tokens of Pulumi.
//!
//! Finds: `pul-` and 40 hexadecimal digits.
//! Example: `pul-{hex 40}`
//! Misses: prefixes newer than this file.
//! Source: Pulumi's documentation of access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_pulumi",
    category: Category::SecretToken,
    forms: &[form(b"pul-", &[Exactly(HEX, 40)], varied)],
};
