//! Keys of Tailscale.
//!
//! Finds: `tskey-`, of any kind.
//! Example: `tskey-auth-k{alnum 11}-{alnum 32}`
//! Misses: prefixes newer than this file.
//! Source: Tailscale's documentation of key prefixes; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_tailscale",
    category: Category::SecretToken,
    forms: &[form(b"tskey-", &[AtLeast(WORD, 28)], varied)],
};
