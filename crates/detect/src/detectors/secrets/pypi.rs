//! Upload tokens of PyPI.
//!
//! Finds: `pypi-` and a macaroon in base64.
//! Example: `pypi-AgEIcHlwaS5vcmc{word 90}`
//! Misses: prefixes newer than this file.
//! Source: PyPI's help (API tokens); the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_pypi",
    category: Category::SecretToken,
    forms: &[form(b"pypi-AgE", &[AtLeast(WORD, 50)], varied)],
};
