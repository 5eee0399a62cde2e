//! JSON web tokens.
//!
//! Finds: three parts with dots, the first a JSON header that names an algorithm or a type.
//! Not one: a header alone; base64 of other JSON, whose content is looked at instead.
//! Example: `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{word 43}`
//! Misses: tokens whose header is not the first part (nested ones).
//! Source: RFC 7519; RFC 7515 §3.

use weir_event::Category;

use crate::decode;
use crate::detectors::anchored::{Anchored, Seen, Verdict, WORD, any, form};

pub(crate) const SECRET: Anchored =
    Anchored { name: "secret_jwt", category: Category::SecretToken, forms: &[form(b"eyJ", &[], web_token).once()] };

/// `{"alg"` in base64.
const HEADER_BYTES_MIN: usize = 8;

/// Three parts with dots, the first a JSON header that names an algorithm.
fn web_token(seen: &Seen<'_>) -> Option<Verdict> {
    let text = &seen.text[seen.start..];
    let part = |from: usize| from + WORD.run(&text[from..], usize::MAX);
    let header_end = part(0);
    if header_end < HEADER_BYTES_MIN || text.get(header_end) != Some(&b'.') {
        return None;
    }
    let payload_end = part(header_end + 1);
    if payload_end < header_end + 3 || text.get(payload_end) != Some(&b'.') {
        return None;
    }
    let mut header = [0; 192];
    let len = decode::base64_prefix(&text[..header_end], &mut header);
    let header = &header[..len];
    let names = |word: &[u8]| header.windows(word.len()).any(|w| w == word);
    let fits = header.starts_with(b"{") && (names(b"\"alg\"") || names(b"\"typ\"") || names(b"\"enc\""));
    let len = part(payload_end + 1) - (seen.end - seen.start);
    fits.then(|| any(seen)).flatten().map(|verdict| verdict.and_after(len))
}
