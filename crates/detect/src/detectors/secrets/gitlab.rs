//! Tokens of GitLab.
//!
//! Finds: personal, deploy, runner, pipeline, job, feed, SCIM, agent and mail tokens, secrets of OAuth applications, session
//! cookies.
//! Example: `glpat-{alnum 20}`, `glrt-{alnum 20}`, `glcbt-1a_{alnum 20}`
//! Misses: tokens with a prefix that an instance chose for itself.
//! Source: GitLab's documentation of token prefixes; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Between, Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, HEX, LOWER, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_gitlab",
    category: Category::SecretToken,
    forms: &[
        form(b"glpat-", &[AtLeast(WORD, 20)], varied),
        form(b"gldt-", &[AtLeast(WORD, 20)], varied),
        form(b"glrt-", &[AtLeast(WORD, 20)], varied),
        form(b"glft-", &[AtLeast(WORD, 20)], varied),
        form(b"glsoat-", &[AtLeast(WORD, 20)], varied),
        form(b"glffct-", &[AtLeast(WORD, 20)], varied),
        form(b"glimt-", &[AtLeast(WORD, 20)], varied),
        form(b"glwt-", &[AtLeast(WORD, 20)], varied),
        form(b"glptt-", &[Exactly(HEX, 40)], varied),
        form(b"glagent-", &[AtLeast(WORD, 50)], varied),
        form(b"gloas-", &[AtLeast(WORD, 60)], varied),
        form(b"glcbt-", &[Between(ALNUM, 1, 5), Text(b"_"), AtLeast(WORD, 20)], varied),
        form(b"GR1348941", &[AtLeast(WORD, 20)], varied),
        form(b"_gitlab_session=", &[Exactly(LOWER, 32)], varied),
    ],
};
