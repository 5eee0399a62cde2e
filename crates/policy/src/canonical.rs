//! D6: what an id is reduced to before it is tagged, and which ids mean nobody.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::record::{SHAPE_EMAIL, SHAPE_PHONE};

/// Ids that SDKs and callers send when they have none: compared without case. Sources: Mixpanel's list of rejected distinct ids
/// and Amplitude's list of invalid ids (`wire-protocols.md`), plus `[object Object]` and `NaN`, which JavaScript makes of nothing.
const SENTINELS: [&str; 23] = [
    "",
    "-",
    "--",
    "-1",
    "0",
    "<nil>",
    "[]",
    "[object object]",
    "anon",
    "anonymous",
    "false",
    "lmy47d",
    "n/a",
    "na",
    "nan",
    "nil",
    "none",
    "null",
    "true",
    "undefined",
    "unknown",
    "{}",
    "(null)",
];

const fn longest(texts: &[&str]) -> usize {
    let (mut longest, mut i) = (0, 0);
    while i < texts.len() {
        if texts[i].len() > longest {
            longest = texts[i].len();
        }
        i += 1;
    }
    longest
}

/// An id in NFC without surrounding white space. Case is kept: ids are case-sensitive.
pub fn id(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.is_ascii() {
        return Cow::Borrowed(trimmed);
    }
    match is_nfc_quick(trimmed.chars()) {
        IsNormalized::Yes => Cow::Borrowed(trimmed),
        _ => Cow::Owned(trimmed.nfc().collect()),
    }
}

/// Whether a canonical id means nobody: a sentinel, or a UUID of zeros however it is written.
pub fn is_sentinel(id: &str) -> bool {
    let longest = const { longest(&SENTINELS) };
    if id.len() <= longest && SENTINELS.iter().any(|s| id.eq_ignore_ascii_case(s)) {
        return true;
    }
    id.len() >= 2 && id.bytes().all(|b| b == b'0' || b == b'-')
}

/// An e-mail address in its canonical form: percent-decoded, without `mailto:`, lower-cased. `None` where it is not one address.
pub fn email(bytes: &[u8]) -> Option<String> {
    let decoded: Vec<u8> = if bytes.contains(&b'%') { percent_decoded(bytes) } else { bytes.to_vec() };
    let text = String::from_utf8(decoded).ok()?;
    let text = text.trim().trim_matches(['<', '>', '"', '\'', ',', ';', '(', ')']);
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, domain) = text.split_once('@')?;
    let plain = |s: &str| !s.is_empty() && !s.contains('@') && !s.chars().any(|c| c.is_whitespace() || c.is_control());
    if !plain(local) || !plain(domain) || text.len() > 254 || !domain.contains('.') {
        return None;
    }
    Some(id(&text.to_lowercase()).into_owned())
}

/// A phone number as E.164: `+` and digits. A number without a country code keeps its digits alone, since no country is assumed:
/// it then matches only itself. `None` where it has not 7 to 15 digits.
pub fn phone(bytes: &[u8]) -> Option<String> {
    let decoded: Vec<u8> = if bytes.contains(&b'%') { percent_decoded(bytes) } else { bytes.to_vec() };
    let text = std::str::from_utf8(&decoded).ok()?.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let mut digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let mut international = text.starts_with('+');
    if !international && digits.starts_with("00") {
        digits.drain(..2);
        international = true;
    }
    if !(7..=15).contains(&digits.len()) || text.chars().any(char::is_alphabetic) {
        return None;
    }
    if international {
        digits.insert(0, '+');
    }
    Some(digits)
}

/// [`SHAPE_EMAIL`] or [`SHAPE_PHONE`] where an id looks like a contact detail (D8). Errs towards yes: the price is a second fact in
/// the configuration of a `raw` destination.
pub fn shape(id: &str) -> u8 {
    let bytes = id.as_bytes();
    let encoded = || memchr::memmem::find(bytes, b"%40").is_some();
    if memchr::memchr2(b'@', b'%', bytes).is_some() && (bytes.contains(&b'@') || encoded()) && email(bytes).is_some() {
        return SHAPE_EMAIL;
    }
    let plain = bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b' ' | b'-' | b'.' | b'(' | b')' | b'/'));
    if !plain {
        return 0;
    }
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let marked = bytes.first() == Some(&b'+') && (8..=15).contains(&digits);
    if marked || (10..=15).contains(&digits) { SHAPE_PHONE } else { 0 }
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let hex = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%'
            && let [a, b, tail @ ..] = tail
            && let (Some(a), Some(b)) = (hex(*a), hex(*b))
        {
            out.push(a << 4 | b);
            rest = tail;
            continue;
        }
        out.push(first);
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_the_vendors_sentinels_mean_nobody() {
        for id in [
            "",
            "0",
            "-1",
            "null",
            "NULL",
            "Anonymous",
            "undefined",
            "00000000-0000-0000-0000-000000000000",
            "0000",
            "{}",
            "[]",
        ] {
            assert!(is_sentinel(id), "{id}");
        }
        for id in ["u-1", "10", "00000000-0000-0000-0000-000000000001", "nullified", "42"] {
            assert!(!is_sentinel(id), "{id}");
        }
    }

    #[test]
    fn d6_ids_are_trimmed_and_normal_and_keep_their_case() {
        assert_eq!(id("  Ada "), "Ada");
        assert_eq!(id("Jose\u{301}"), "Jos\u{e9}");
    }

    #[test]
    fn d6_contacts_have_one_form() {
        assert_eq!(email(b"mailto:Ada@Example.COM").as_deref(), Some("ada@example.com"));
        assert_eq!(email(b"ada%40example.com").as_deref(), Some("ada@example.com"));
        assert_eq!(email(b"not an address @ all"), None);
        assert_eq!(phone(b"+49 (151) 123-45678").as_deref(), Some("+4915112345678"));
        assert_eq!(phone(b"0049 151 12345678").as_deref(), Some("+4915112345678"));
        assert_eq!(phone(b"(415) 555-2671").as_deref(), Some("4155552671"));
        assert_eq!(phone(b"1"), None);
    }

    #[test]
    fn d8_ids_that_look_like_contacts_are_marked() {
        assert_eq!(shape("ada@example.com"), SHAPE_EMAIL);
        assert_eq!(shape("+4915112345678"), SHAPE_PHONE);
        assert_eq!(shape("415-555-2671"), SHAPE_PHONE);
        for id in ["u-1", "12345", "6f1c2d3e-aaaa-4bbb-8ccc-1234567890ab", "12345678901234567890"] {
            assert_eq!(shape(id), 0, "{id}");
        }
    }
}
