//! Secrets of MongoDB Atlas' service accounts.
//!
//! Finds: `mdb_sa_sk_` and 40 characters. Connection strings are found as `url_credentials`.
//! Not one: ids of service accounts (`mdb_sa_id_…`).
//! Example: `mdb_sa_sk_{word 40}`
//! Misses: prefixes newer than this file.
//! Source: MongoDB Atlas' documentation of service accounts; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_mongodb",
    category: Category::SecretToken,
    forms: &[form(b"mdb_sa_sk_", &[Exactly(WORD, 40)], varied)],
};
