//! API tokens of MailerSend.
//!
//! Finds: `mlsn.` and 30 characters or more.
//! Example: `mlsn.{hex 64}`
//! Misses: prefixes newer than this file.
//! Source: MailerSend's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_mailersend",
    category: Category::SecretToken,
    forms: &[form(b"mlsn.", &[AtLeast(ALNUM, 30)], varied)],
};
