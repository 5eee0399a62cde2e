//! Credentials and passwords that only the key gives away.
//!
//! Finds: `{"token": "f3a9…"}`, `{"client_secret": "…"}`, `{"Authorization": "…"}`: one word of 8 bytes or more with a digit or two
//! cases under a key of secrets.
//! Not one: sentences, `true`, enumerations (`secret`, `restricted`), numbers (`{"token": 17}` counts something).
//! Misses: short or all-letter secrets.
//! Source: key vocabulary of the vendors' SDKs.

use weir_event::{Category, Evidence, Likelihood};

use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let has = |test: fn(&u8) -> bool| text.iter().any(test);
    let one_word = !has(|b| b.is_ascii_whitespace());
    let mixed = has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase));
    if leaf.is_number || text.len() < 8 || !one_word || !mixed || out.has(Category::SecretToken, Likelihood::Possible) {
        return;
    }
    let likelihood = if text.len() >= 16 { Likelihood::Likely } else { Likelihood::Possible };
    out.add(Category::Secret, likelihood, Evidence::KeyName, 0, text.len());
}
