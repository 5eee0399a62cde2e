//! Personal and secret keys of PostHog.
//!
//! Finds: personal API keys and feature flag keys (`phx_`, `phs_`).
//! Not one: project keys (`phc_…`), which web pages send.
//! Example: `phx_{alnum 43}`
//! Misses: prefixes newer than this file.
//! Source: PostHog's API documentation (personal API keys).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_posthog",
    category: Category::SecretToken,
    forms: &[form(b"phx_", &[AtLeast(WORD, 40)], varied), form(b"phs_", &[AtLeast(WORD, 40)], varied)],
};
