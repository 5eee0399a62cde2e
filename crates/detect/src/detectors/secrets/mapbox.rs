//! Secret tokens of Mapbox.
//!
//! Finds: secret and temporary tokens (`sk.eyJ…`, `tk.eyJ…`).
//! Not one: public tokens (`pk.eyJ…`), which stand in web pages.
//! Example: `sk.eyJ{alnum 70}.{word 22}`
//! Misses: prefixes newer than this file.
//! Source: Mapbox's documentation of access tokens.

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Between, Text};
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_mapbox",
    category: Category::SecretToken,
    forms: &[
        form(b"sk.eyJ", &[Between(WORD, 40, 500), Text(b"."), AtLeast(WORD, 20)], varied),
        form(b"tk.eyJ", &[Between(WORD, 40, 500), Text(b"."), AtLeast(WORD, 20)], varied),
    ],
};
