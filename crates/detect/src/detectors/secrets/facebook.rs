//! Access tokens of Meta's Graph API.
//!
//! Finds: tokens of users, pages and systems (`EAAM`, `EAAC` and others with a capital, 100 characters or more).
//! Not one: tokens of Square (`EAAA`, shorter), ids of applications.
//! Example: `EAAC{alnum 120}`
//! Misses: application secrets, except under a key of secrets.
//! Source: Meta's documentation of access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{ALNUM, Anchored, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_facebook",
    category: Category::SecretToken,
    forms: &[form(b"EAA", &[AtLeast(ALNUM, 100)], random)],
};
