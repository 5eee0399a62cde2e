//! API keys of PagerDuty.
//!
//! Finds: the credential of `Token token=`.
//! Example: `Authorization: Token token={alnum 20}`
//! Misses: keys that stand alone, except under a key of secrets.
//! Source: PagerDuty's documentation of API access keys.

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WIDE, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_pagerduty",
    category: Category::SecretToken,
    forms: &[form(b"Token token=", &[Exactly(WIDE, 20)], varied), form(b"token=u+", &[Exactly(WIDE, 18)], varied)],
};
