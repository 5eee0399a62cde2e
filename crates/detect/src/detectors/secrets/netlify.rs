//! Access tokens of Netlify.
//!
//! Finds: tokens of persons, of the command line, of builds and of OAuth (`nfp_`, `nfc_`, `nfb_`, `nfo_`).
//! Example: `nfp_{alnum 36}`
//! Misses: tokens of before 2023, which have no prefix, except under a key of secrets.
//! Source: Netlify's documentation of access tokens.

use weir_event::Category;

use crate::detectors::anchored::Part::Exactly;
use crate::detectors::anchored::{ALNUM, Anchored, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_netlify",
    category: Category::SecretToken,
    forms: &[
        form(b"nfp_", &[Exactly(ALNUM, 36)], varied),
        form(b"nfc_", &[Exactly(ALNUM, 36)], varied),
        form(b"nfb_", &[Exactly(ALNUM, 36)], varied),
        form(b"nfo_", &[Exactly(ALNUM, 36)], varied),
    ],
};
