//! API keys of SendGrid.
//!
//! Finds: `SG.`, 22 and 43 characters.
//! Example: `SG.{word 22}.{word 43}`
//! Misses: prefixes newer than this file.
//! Source: SendGrid's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Between, Text};
use crate::detectors::anchored::{Anchored, WORD, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_sendgrid",
    category: Category::SecretToken,
    forms: &[form(b"SG.", &[Between(WORD, 16, 32), Text(b"."), Between(WORD, 16, 64)], random)],
};
