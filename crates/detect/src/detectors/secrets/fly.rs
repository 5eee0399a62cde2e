//! Access tokens of Fly.io.
//!
//! Finds: `FlyV1` and macaroons (`fm1r_`, `fm2_`), tokens of deployment (`fo1_`).
//! Example: `FlyV1 fm2_{base64 120}`
//! Misses: prefixes newer than this file.
//! Source: Fly.io's documentation of access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, BASE64, WIDE, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_fly",
    category: Category::SecretToken,
    forms: &[
        form(b"FlyV1 ", &[AtLeast(WIDE, 60)], varied),
        form(b"fm2_", &[AtLeast(BASE64, 60)], varied),
        form(b"fm1r_", &[AtLeast(BASE64, 60)], varied),
        form(b"fo1_", &[AtLeast(WORD, 40)], varied),
    ],
};
