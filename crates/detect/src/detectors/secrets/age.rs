//! Secret keys of the encryption tool age.
//!
//! Finds: an identity of X25519 and of the hybrid kind, as `age-keygen` writes it.
//! Not one: recipients (`age1…`), which are public.
//! Example: `AGE-SECRET-KEY-1{upper 58}`
//! Misses: keys of plugins (`AGE-PLUGIN-…`), which name hardware.
//! Source: C2SP age specification; age-keygen(1).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly};
use crate::detectors::anchored::{Anchored, UPPER, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_age",
    category: Category::SecretToken,
    forms: &[
        form(b"AGE-SECRET-KEY-1", &[Exactly(UPPER, 58)], any),
        form(b"AGE-SECRET-KEY-PQ-1", &[AtLeast(UPPER, 58)], any),
    ],
};
