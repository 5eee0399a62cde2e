//! Personal access tokens of Contentful.
//!
//! Finds: `CFPAT-` and 43 characters.
//! Not one: delivery tokens, which web pages use.
//! Example: `CFPAT-{word 43}`
//! Misses: prefixes newer than this file.
//! Source: Contentful's documentation of personal access tokens.

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_contentful",
    category: Category::SecretToken,
    forms: &[form(b"CFPAT-", &[Exactly(WORD, 43)], varied)],
};
