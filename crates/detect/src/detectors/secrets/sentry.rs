//! Tokens of Sentry.
//!
//! Finds: tokens of organisations and users (`sntrys_`, `sntryu_`).
//! Not one: the address of a project (DSN), which applications carry.
//! Example: `sntryu_{hex 64}`, `sntrys_eyJ{alnum 80}_{alnum 43}`
//! Misses: old tokens (64 hexadecimal digits), except under a key of secrets.
//! Source: Sentry's documentation of auth tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly};
use crate::detectors::anchored::{Anchored, HEX, WIDE, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_sentry",
    category: Category::SecretToken,
    forms: &[form(b"sntrys_", &[AtLeast(WIDE, 40)], varied), form(b"sntryu_", &[Exactly(HEX, 64)], varied)],
};
