//! User tokens of OpenShift.
//!
//! Finds: `sha256~` and 43 characters.
//! Example: `sha256~{word 43}`
//! Misses: prefixes newer than this file.
//! Source: Red Hat's documentation of OAuth tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_openshift",
    category: Category::SecretToken,
    forms: &[form(b"sha256~", &[Exactly(WORD, 43)], varied)],
};
