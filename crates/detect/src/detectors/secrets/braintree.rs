//! Access tokens of Braintree and PayPal.
//!
//! Finds: `access_token$production$…$…`.
//! Not one: tokenization keys (`production_…`, `sandbox_…`), which stand in web pages.
//! Example: `access_token$production${lower 16}${hex 32}`
//! Misses: PayPal's client secrets, except under a key of secrets.
//! Source: Braintree's documentation of access tokens.

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, LOWER, any, form, likely};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_braintree",
    category: Category::SecretToken,
    forms: &[
        form(b"access_token$production$", &[Exactly(LOWER, 16), Text(b"$"), Exactly(HEX, 32)], any),
        form(b"access_token$sandbox$", &[Exactly(LOWER, 16), Text(b"$"), Exactly(HEX, 32)], likely),
    ],
};
