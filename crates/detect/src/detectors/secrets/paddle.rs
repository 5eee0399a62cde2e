//! API keys of Paddle.
//!
//! Finds: `pdl_live_apikey_`, and those of its sandbox (`pdl_sdbx_apikey_`).
//! Example: `pdl_live_apikey_{lower 26}_{alnum 22}_{alnum 3}`
//! Misses: prefixes newer than this file.
//! Source: Paddle's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, likely, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_paddle",
    category: Category::SecretToken,
    forms: &[
        form(b"pdl_live_apikey_", &[AtLeast(WORD, 50)], varied),
        form(b"pdl_sdbx_apikey_", &[AtLeast(WORD, 50)], likely),
    ],
};
