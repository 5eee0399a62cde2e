//! Personal access tokens of Airtable.
//!
//! Finds: `pat`, fourteen characters, a dot and 64 hexadecimal digits.
//! Not one: ids of bases and tables (`app…`, `tbl…`).
//! Example: `pat{alnum 14}.{hex 64}`
//! Misses: the retired keys (`key…`), except under a key of secrets.
//! Source: Airtable's developer documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, HEX, any, form};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_airtable",
    category: Category::SecretToken,
    forms: &[form(b"pat", &[Exactly(ALNUM, 14), Text(b"."), Exactly(HEX, 64)], any)],
};
