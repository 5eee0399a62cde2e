//! API keys of Heroku.
//!
//! Finds: `HRKU-` and 60 characters, or a UUID.
//! Example: `HRKU-AA{word 58}`
//! Misses: keys of before 2024, which are UUIDs, except under a key of secrets.
//! Source: Heroku's changelog (new token format, 2024); the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_heroku",
    category: Category::SecretToken,
    forms: &[form(b"HRKU-", &[AtLeast(WORD, 36)], varied)],
};
