//! Tokens of DigitalOcean.
//!
//! Finds: personal, OAuth and refresh tokens (`dop_v1_`, `doo_v1_`, `dor_v1_`).
//! Example: `dop_v1_{hex 64}`
//! Misses: keys of Spaces, which look like those of AWS without a prefix.
//! Source: DigitalOcean's API documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_digitalocean",
    category: Category::SecretToken,
    forms: &[
        form(b"dop_v1_", &[Exactly(HEX, 64)], varied),
        form(b"doo_v1_", &[Exactly(HEX, 64)], varied),
        form(b"dor_v1_", &[Exactly(HEX, 64)], varied),
    ],
};
