//! Secret keys and access tokens of Supabase.
//!
//! Finds: `sb_secret_`, `sbp_`. The older keys are JSON web tokens.
//! Not one: publishable keys (`sb_publishable_…`).
//! Example: `sb_secret_{word 31}`, `sbp_{hex 40}`
//! Misses: prefixes newer than this file.
//! Source: Supabase's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_supabase",
    category: Category::SecretToken,
    forms: &[form(b"sb_secret_", &[Exactly(WORD, 31)], varied), form(b"sbp_", &[Exactly(HEX, 40)], varied)],
};
