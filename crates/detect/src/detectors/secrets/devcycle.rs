//! Server keys of DevCycle.
//!
//! Finds: `dvc_server_`.
//! Not one: the keys of clients and phones (`dvc_client_`, `dvc_mobile_`), which are published with the program.
//! Example: `dvc_server_{hex 32}`
//! Misses: prefixes newer than this file.
//! Source: DevCycle's documentation of SDK keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, unworded};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_devcycle",
    category: Category::SecretToken,
    forms: &[form(b"dvc_server_", &[AtLeast(WORD, 16)], unworded)],
};
