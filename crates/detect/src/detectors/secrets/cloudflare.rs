//! API keys and tokens of Cloudflare.
//!
//! Finds: global keys, tokens of users and of accounts (`cfk_`, `cfut_`, `cfat_`), keys of the origin CA (`v1.0-…`).
//! Not one: ids of zones and accounts, site keys of Turnstile.
//! Example: `cfut_{alnum 48}`, `v1.0-{hex 24}-{hex 146}`
//! Misses: tokens of before 2026, which have no prefix, except under a key of secrets; the checksum, whose kind is not
//! published.
//! Source: Cloudflare's documentation of token formats; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{AtLeast, Exactly, Text};
use crate::detectors::anchored::{Anchored, HEX, WORD, any, form, varied};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_cloudflare",
    category: Category::SecretToken,
    forms: &[
        form(b"cfk_", &[AtLeast(WORD, 40)], varied),
        form(b"cfut_", &[AtLeast(WORD, 40)], varied),
        form(b"cfat_", &[AtLeast(WORD, 40)], varied),
        form(b"v1.0-", &[Exactly(HEX, 24), Text(b"-"), Exactly(HEX, 146)], any),
    ],
};
