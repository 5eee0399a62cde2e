//! App passwords and access tokens of Bitbucket.
//!
//! Finds: `ATBB` of app passwords, `BBDC-` of Data Center and `ATCTT3` of repositories (the latter as `secret_atlassian`).
//! Example: `ATBB{alnum 32}`, `BBDC-{alnum 44}`
//! Misses: client secrets of OAuth consumers, except under a key of secrets.
//! Source: Atlassian's documentation of Bitbucket's app passwords.

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Between};
use crate::detectors::anchored::{ALNUM, Anchored, BASE64, form, random, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_bitbucket",
    category: Category::SecretToken,
    forms: &[form(b"ATBB", &[Between(ALNUM, 24, 40)], random), form(b"BBDC-", &[AtLeast(BASE64, 32)], varied)],
};
