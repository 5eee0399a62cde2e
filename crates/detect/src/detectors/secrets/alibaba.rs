//! Access keys of Alibaba Cloud.
//!
//! Finds: the id of an access key, which stands beside its secret.
//! Example: `LTAI{alnum 20}`
//! Misses: the secret of 30 characters, except under a key of secrets.
//! Source: Alibaba Cloud's documentation of access keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Between;
use crate::detectors::anchored::{ALNUM, Anchored, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_alibaba",
    category: Category::SecretToken,
    forms: &[form(b"LTAI", &[Between(ALNUM, 17, 21)], random)],
};
