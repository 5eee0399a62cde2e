//! Addresses of web-hooks that anyone who knows them can write to.
//!
//! Finds: those of Microsoft Teams and Zapier; those of Slack and Discord have files of their own.
//! Example: `https://hooks.zapier.com/hooks/catch/{digit 7}/{lower 7}/`, `https://x.webhook.office.com/webhookb2/{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}@{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}/IncomingWebhook/{hex 32}/x`
//! Misses: prefixes newer than this file.
//! Source: Microsoft's documentation of incoming web-hooks; Zapier's of Webhooks by Zapier; the rules of gitleaks and
//! betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Between, Exactly, Text};
use crate::detectors::anchored::{Anchored, DIGIT, HEX, LOWER, PATH, any, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_webhook",
    category: Category::SecretToken,
    forms: &[
        form(
            b"webhook.office.com/webhookb2/",
            &[
                Exactly(HEX, 8),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 12),
                Text(b"@"),
                Exactly(HEX, 8),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 4),
                Text(b"-"),
                Exactly(HEX, 12),
                AtLeast(PATH, 30),
            ],
            any,
        ),
        form(b"hooks.zapier.com/hooks/catch/", &[Between(DIGIT, 4, 12), Text(b"/"), AtLeast(LOWER, 6)], varied),
    ],
};
