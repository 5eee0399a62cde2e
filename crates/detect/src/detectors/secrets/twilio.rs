//! API keys of Twilio.
//!
//! Finds: the id of an API key (`SK`), beside which its secret stands.
//! Not one: ids of accounts, messages and calls (`AC…`, `SM…`, `CA…`).
//! Example: `SK{hex 32}`
//! Misses: auth tokens (32 hexadecimal digits), except under a key of secrets.
//! Source: Twilio's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_twilio",
    category: Category::SecretToken,
    forms: &[form(b"SK", &[Exactly(HEX, 32)], varied)],
};
