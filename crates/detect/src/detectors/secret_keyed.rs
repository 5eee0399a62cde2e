//! Credentials and passwords that only the key gives away.
//!
//! Finds: `{"token": "f3a9…"}`, `{"client_secret": "…"}`, `{"Authorization": "…"}`: one word of 8 bytes or more with a digit or two
//! cases under a key of secrets.
//! Not one: sentences, `true`, enumerations (`secret`, `restricted`), numbers (`{"token": 17}` counts something).
//! A value that another detector knows (an e-mail address, an IP address) is that and no secret.
//! Misses: short or all-letter secrets.
//! Source: key vocabulary of the vendors' SDKs.

use weir_event::{Category, Evidence, Likelihood};

use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let has = |test: fn(&u8) -> bool| text.iter().any(test);
    // A percent sign: the decoded form is looked at instead.
    let one_word = !has(|b| b.is_ascii_whitespace() || *b == b'%');
    let mixed = has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase));
    if leaf.is_number || text.len() < 8 || !one_word || !mixed || out.is_explained(0, text.len()) {
        return;
    }
    let likelihood = if text.len() >= 16 { Likelihood::Likely } else { Likelihood::Possible };
    out.add(Category::Secret, likelihood, Evidence::KeyName, 0, text.len());
}
