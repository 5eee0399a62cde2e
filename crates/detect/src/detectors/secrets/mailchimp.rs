//! API keys of Mailchimp and Mandrill.
//!
//! Finds: 32 hexadecimal digits and a data centre (`-us12`), keys of Mandrill (`md-`).
//! Example: `{hex 32}-us12`, `md-{word 22}`
//! Misses: prefixes newer than this file.
//! Source: Mailchimp's documentation of API keys; the rules of gitleaks and betterleaks (MIT).

use weir_event::Category;

use crate::detectors::anchored::Part::{Between, Exactly};
use crate::detectors::anchored::{Anchored, DIGIT, HEX, Seen, Verdict, WORD, any, form, random};

pub(crate) const SECRET: Anchored = Anchored {
    name: "secret_mailchimp",
    category: Category::SecretToken,
    forms: &[form(b"us", &[Between(DIGIT, 1, 2)], data_centre), form(b"md-", &[Exactly(WORD, 22)], random)],
};

/// A dash and 32 hexadecimal digits stand before it.
fn data_centre(seen: &Seen<'_>) -> Option<Verdict> {
    let (before, key) = seen.before().split_last_chunk::<33>()?;
    let fits = key[32] == b'-' && key[..32].iter().all(|b| HEX.has(*b) && !b.is_ascii_uppercase());
    let is_whole = !before.last().is_some_and(u8::is_ascii_alphanumeric);
    if fits && is_whole { any(seen).map(|verdict| verdict.with_before(33)) } else { None }
}
