//! Private keys of Mailgun.
//!
//! Finds: `key-` and 32 hexadecimal digits.
//! Not one: public keys for validation (`pubkey-…`).
//! Example: `key-{hex 32}`
//! Misses: keys of after 2018 (32, 8 and 8 hexadecimal digits), except under a key of secrets.
//! Source: Mailgun's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_mailgun",
    category: Category::SecretToken,
    forms: &[form(b"key-", &[Exactly(HEX, 32)], varied)],
};
