//! API keys of GC Notify, Canada's service of notifications.
//!
//! Finds: `gcntfy-`, a name and two UUIDs.
//! Example: `gcntfy-name-{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}-{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}`
//! Misses: prefixes newer than this file.
//! Source: GC Notify's API documentation; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_gc_notify",
    category: Category::SecretToken,
    forms: &[form(b"gcntfy-", &[AtLeast(WORD, 70)], varied)],
};
