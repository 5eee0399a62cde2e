//! Short-lived access tokens of Dropbox.
//!
//! Finds: `sl.` and 130 characters or more.
//! Example: `sl.{word 140}`
//! Misses: prefixes newer than this file.
//! Source: Dropbox' OAuth guide; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_dropbox",
    category: Category::SecretToken,
    forms: &[form(b"sl.", &[AtLeast(WORD, 120)], random)],
};
