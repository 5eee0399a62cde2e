//! A user's password inside a URL.
//!
//! Finds: `https://ada:s3cret@example.com/api`, `postgres://app:pw@db.internal/app`, also inside text.
//! Not one: `https://host:8443/`, `https://user@host/` (no password), an `@` in the path.
//! Example: `https://ada:s3cret@example.com/api`
//! Misses: passwords that hold a raw `/`.
//! Source: RFC 3986 §3.2.1.

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::find_byte;
use crate::gate::signal;
use crate::leaf::{Leaf, Output};

const USERINFO_BYTES_MAX: usize = 512;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    if !leaf.may_have(signal::HAS_SLASH) {
        return;
    }
    let mut at = 0;
    while let Some(colon) = find_byte(text, at, b':') {
        at = colon;
        if !matches!(text[at + 1..], [b'/', b'/', _, ..]) || at == 0 || !text[at - 1].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let scheme = text[..at]
            .iter()
            .rev()
            .take(20)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
            .count();
        let authority = &text[at + 3..];
        let len = authority
            .iter()
            .take(USERINFO_BYTES_MAX)
            .take_while(|b| !matches!(b, b'/' | b'?' | b'#' | b'"' | b'<' | b'>' | b'\\') && !b.is_ascii_whitespace())
            .count();
        let authority = &authority[..len];
        let credentials = authority.iter().rposition(|b| *b == b'@').and_then(|end| {
            let colon = authority[..end].iter().position(|b| *b == b':')?;
            (colon + 1 < end).then_some(())
        });
        if credentials.is_some() {
            out.add(Category::SecretUrl, Likelihood::VeryLikely, Evidence::Shape, at - scheme, at + 3 + len);
            if out.is_full(Category::SecretUrl) {
                return;
            }
        }
        at += 3 + len;
    }
}
