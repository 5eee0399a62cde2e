//! API tokens of Frame.io.
//!
//! Finds: `fio-u-` and 64 characters.
//! Example: `fio-u-{word 64}`
//! Misses: prefixes newer than this file.
//! Source: Frame.io's developer documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_frame_io",
    category: Category::SecretToken,
    forms: &[form(b"fio-u-", &[AtLeast(WORD, 60)], varied)],
};
