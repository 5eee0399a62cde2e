//! API keys of LangSmith.
//!
//! Finds: of persons (`lsv2_pt_`) and of services (`lsv2_sk_`).
//! Example: `lsv2_pt_{hex 32}_{hex 10}`
//! Misses: prefixes newer than this file.
//! Source: LangSmith's documentation of API keys; the rules of betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_langsmith",
    category: Category::SecretToken,
    forms: &[
        form(b"lsv2_pt_", &[Exactly(HEX, 32), Text(b"_"), Exactly(HEX, 10)], varied),
        form(b"lsv2_sk_", &[Exactly(HEX, 32), Text(b"_"), Exactly(HEX, 10)], varied),
    ],
};
