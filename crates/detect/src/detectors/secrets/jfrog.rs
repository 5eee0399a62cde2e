//! API keys and reference tokens of JFrog.
//!
//! Finds: `AKCp…` and the base64 of `reftkn:` (`cmVmdGtu…`).
//! Example: `AKCp{alnum 69}`, `cmVmdGtuOj{alnum 54}`
//! Misses: prefixes newer than this file.
//! Source: JFrog's documentation of access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Between;
use crate::detectors::anchored::{ALNUM, Anchored, BASE64, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_jfrog",
    category: Category::SecretToken,
    forms: &[form(b"AKCp", &[Between(ALNUM, 68, 70)], varied), form(b"cmVmdGtuOj", &[Between(BASE64, 50, 56)], varied)],
};
