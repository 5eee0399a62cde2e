//! Secret and restricted keys of Stripe.
//!
//! Finds: keys (`sk_live_`, `rk_live_`, those for tests too) and secrets of web-hooks (`whsec_`, also those of Standard
//! Webhooks). Clerk and Paystack write keys alike.
//! Not one: publishable keys (`pk_live_…`, `pk_test_…`), ids of objects (`cus_…`, `ch_…`).
//! Example: `sk_live_{alnum 24}`, `rk_live_{alnum 24}`, `whsec_{base64 44}`
//! Misses: prefixes newer than this file.
//! Source: Stripe's documentation of API keys; the Standard Webhooks specification; the rules of gitleaks and betterleaks
//! (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{ALNUM, Anchored, BASE64, form, likely, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_stripe",
    category: Category::SecretToken,
    forms: &[
        form(b"sk_live_", &[AtLeast(ALNUM, 16)], varied),
        form(b"rk_live_", &[AtLeast(ALNUM, 16)], varied),
        form(b"sk_prod_", &[AtLeast(ALNUM, 16)], varied),
        form(b"rk_prod_", &[AtLeast(ALNUM, 16)], varied),
        form(b"sk_test_", &[AtLeast(ALNUM, 16)], likely),
        form(b"rk_test_", &[AtLeast(ALNUM, 16)], likely),
        form(b"whsec_", &[AtLeast(BASE64, 24)], varied),
    ],
};
