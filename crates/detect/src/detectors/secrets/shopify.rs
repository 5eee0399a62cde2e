//! Access tokens and secrets of Shopify.
//!
//! Finds: tokens of applications, custom and private ones, shared secrets (`shpat_`, `shpca_`, `shppa_`, `shpss_`).
//! Not one: storefront tokens, which web pages send.
//! Example: `shpat_{hex 32}`
//! Misses: prefixes newer than this file.
//! Source: Shopify's documentation of access tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_shopify",
    category: Category::SecretToken,
    forms: &[
        form(b"shpat_", &[Exactly(HEX, 32)], varied),
        form(b"shpca_", &[Exactly(HEX, 32)], varied),
        form(b"shppa_", &[Exactly(HEX, 32)], varied),
        form(b"shpss_", &[Exactly(HEX, 32)], varied),
    ],
};
