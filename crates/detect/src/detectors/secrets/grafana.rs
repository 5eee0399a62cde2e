//! Tokens of Grafana.
//!
//! Finds: tokens of service accounts and of Grafana Cloud (`glsa_`, `glc_`), old API keys (`eyJrIjoi…`).
//! Example: `glsa_{alnum 32}_{hex 8}`, `glc_eyJ{alnum 60}`
//! Misses: prefixes newer than this file.
//! Source: Grafana's documentation of service accounts and access policies; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, BASE64, HEX, any, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_grafana",
    category: Category::SecretToken,
    forms: &[
        form(b"glsa_", &[Exactly(ALNUM, 32), Text(b"_"), Exactly(HEX, 8)], any),
        form(b"glc_", &[AtLeast(BASE64, 32)], varied),
        form(b"eyJrIjoi", &[AtLeast(BASE64, 40)], varied),
    ],
};
