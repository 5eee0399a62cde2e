//! API keys of OneSignal.
//!
//! Finds: of apps (`os_v2_app_`) and organisations (`os_v2_org_`).
//! Example: `os_v2_app_{lower 103}`
//! Misses: prefixes newer than this file.
//! Source: OneSignal's documentation of keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, LOWER, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_onesignal",
    category: Category::SecretToken,
    forms: &[form(b"os_v2_app_", &[Exactly(LOWER, 103)], varied), form(b"os_v2_org_", &[Exactly(LOWER, 103)], varied)],
};
