//! Tokens and web-hooks of Slack.
//!
//! Finds: tokens of bots, users, applications, configurations and sessions (`xoxb-`, `xoxp-`, `xapp-`, `xoxe.…`, `xoxc-`,
//! `xoxd-` and others), web-hooks, workflows and triggers.
//! Not one: ids of teams, channels and users.
//! Example: `xoxb-{digit 12}-{digit 12}-{alnum 24}`, `https://hooks.slack.com/services/T{upper 8}/B{upper 8}/{alnum 24}`
//! Misses: signing secrets, except under a key of secrets.
//! Source: Slack's documentation of token types; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Between, Exactly, Text};
use crate::detectors::anchored::{ALNUM, Anchored, DIGIT, LETTER, PATH, WIDE, WORD, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_slack",
    category: Category::SecretToken,
    forms: &[
        form(b"xoxb-", &[Between(DIGIT, 1, 15), Text(b"-"), AtLeast(WORD, 8)], varied),
        form(b"xoxp-", &[Between(DIGIT, 1, 15), Text(b"-"), AtLeast(WORD, 8)], varied),
        form(b"xoxa-", &[Between(DIGIT, 1, 15), Text(b"-"), AtLeast(WORD, 8)], varied),
        form(b"xoxr-", &[Between(DIGIT, 1, 15), Text(b"-"), AtLeast(WORD, 8)], varied),
        form(b"xoxo-", &[Between(DIGIT, 1, 15), Text(b"-"), AtLeast(WORD, 8)], varied),
        form(b"xoxs-", &[Between(DIGIT, 1, 15), Text(b"-"), AtLeast(WORD, 8)], varied),
        form(b"xoxe-", &[Between(DIGIT, 1, 15), Text(b"-"), AtLeast(WORD, 8)], varied),
        form(b"xoxc-", &[Between(DIGIT, 1, 15), Text(b"-"), AtLeast(WORD, 8)], varied),
        form(b"xoxe.xox", &[Exactly(LETTER, 1), Text(b"-"), Exactly(DIGIT, 1), Text(b"-"), AtLeast(ALNUM, 40)], varied),
        form(b"xoxd-", &[AtLeast(WIDE, 40)], varied),
        form(b"xoxa-", &[AtLeast(ALNUM, 12)], varied),
        form(b"xoxr-", &[AtLeast(ALNUM, 12)], varied),
        form(b"xapp-", &[Exactly(DIGIT, 1), Text(b"-"), AtLeast(WORD, 20)], varied),
        form(b"hooks.slack.com/services/", &[AtLeast(PATH, 20)], varied),
        form(b"hooks.slack.com/workflows/", &[AtLeast(PATH, 20)], varied),
        form(b"hooks.slack.com/triggers/", &[AtLeast(PATH, 20)], varied),
    ],
};
