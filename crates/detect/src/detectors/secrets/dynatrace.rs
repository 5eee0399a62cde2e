//! API tokens of Dynatrace.
//!
//! Finds: `dt0c01.` (and other kinds of token), 24 characters, a dot and 64 characters.
//! Not one: the public part of a token, which stops after 24 characters.
//! Example: `dt0c01.{upper 24}.{upper 64}`
//! Misses: prefixes newer than this file.
//! Source: Dynatrace's documentation of access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_dynatrace",
    category: Category::SecretToken,
    forms: &[form(b"dt0", &[Exactly(ALNUM, 3), Text(b"."), Exactly(ALNUM, 24), Text(b"."), Exactly(ALNUM, 64)], any)],
};
