//! Tokens of SonarQube and SonarCloud.
//!
//! Finds: tokens of users, projects and global analysis (`squ_`, `sqp_`, `sqa_`).
//! Example: `squ_{hex 40}`
//! Misses: prefixes newer than this file.
//! Source: SonarQube's documentation of tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_sonar",
    category: Category::SecretToken,
    forms: &[
        form(b"squ_", &[Exactly(HEX, 40)], varied),
        form(b"sqp_", &[Exactly(HEX, 40)], varied),
        form(b"sqa_", &[Exactly(HEX, 40)], varied),
    ],
};
