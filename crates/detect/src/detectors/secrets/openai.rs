//! API keys of OpenAI, and of others whose keys begin in the same way.
//!
//! Finds: keys of projects, service accounts and administration (`sk-proj-`, `sk-svcacct-`, `sk-admin-`), older keys (`sk-…`),
//! also those of DeepSeek, Stability and Moonshot.
//! Not one: CSS classes (`sk-folding-cube`); a body of words.
//! Example: `sk-proj-{alnum 74}T3BlbkFJ{alnum 74}`, `sk-{alnum 20}T3BlbkFJ{alnum 20}`
//! Misses: prefixes newer than this file.
//! Source: OpenAI's API documentation; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, HEX, WORD, any, form, random, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_openai",
    category: Category::SecretToken,
    forms: &[
        form(b"sk-proj-", &[AtLeast(WORD, 24)], varied),
        form(b"sk-svcacct-", &[AtLeast(WORD, 24)], varied),
        form(b"sk-admin-", &[AtLeast(WORD, 24)], varied),
        form(b"sk-api-", &[AtLeast(WORD, 40)], random),
        // The middle is `OpenAI` in base64.
        form(b"sk-", &[Exactly(ALNUM, 20), Text(b"T3BlbkFJ"), AtLeast(ALNUM, 20)], any),
        form(b"sk-", &[Exactly(HEX, 32)], varied),
        form(b"sk-", &[AtLeast(WORD, 20)], random),
    ],
};
