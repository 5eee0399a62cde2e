//! API tokens of Atlassian, Jira and Confluence.
//!
//! Finds: tokens of accounts and of organisations (`ATATT3`, `ATCTT3`, `ATSTT3`).
//! Example: `ATATT3{word 186}`
//! Misses: tokens of before 2023 (24 characters without a prefix), except under a key of secrets.
//! Source: Atlassian's documentation of API tokens; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::AtLeast;
use crate::detectors::anchored::{Anchored, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_atlassian",
    category: Category::SecretToken,
    forms: &[
        form(b"ATATT3", &[AtLeast(WORD, 60)], varied),
        form(b"ATCTT3", &[AtLeast(WORD, 60)], varied),
        form(b"ATSTT3", &[AtLeast(WORD, 60)], varied),
    ],
};
