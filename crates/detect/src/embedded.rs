//! Keys inside a value: `{"phone":4155550132}` in a string, `?password=…` in a URL. Each key is held against the dictionary, so
//! that what only a key gives away is found one level down too.

use std::ops::Range;

use crate::bytes::{find_byte, find_either};
use crate::facts::PathFacts;

/// Longer keys say nothing.
const KEY_BYTES_MAX: usize = 60;

/// Shows each keyed value whose key says something: its facts, where it stands, whether it is a bare number.
pub(crate) fn for_each_field<'t>(text: &'t [u8], mut look: impl FnMut(PathFacts, Range<usize>, bool)) {
    let mut known = KnownKeys::default();
    // Whether the key says something.
    let mut show = |key: &'t [u8], value: Range<usize>, is_number: bool| -> bool {
        let facts = if value.is_empty() { PathFacts::NONE } else { known.facts_of(key) };
        if !facts.is_silent() {
            look(facts, value, is_number);
        }
        !facts.is_silent()
    };
    let mut at = 0;
    // Where the value under way ends: `=` after `=` has the same end, which is looked for once.
    let mut value_end = 0;
    while at < text.len() {
        match text[at] {
            b'"' => {
                let key = at + 1..string_end(text, at + 1);
                at = key.end + 1;
                if let Some((value, is_number)) = json_value(text, at) {
                    at = if is_number { value.end } else { value.end + 1 };
                    // A value may hold parameters: a URL under a key that says nothing.
                    if !show(&text[key], value.clone(), is_number) && !is_number {
                        show_parameters(&text[value.clone()], |key, inner| {
                            show(key, value.start + inner.start..value.start + inner.end, false)
                        });
                    }
                }
            }
            b'=' => {
                let key_end = end_of_key(text, at);
                let key = key_before(text, key_end);
                let is_spaced = key_end < at;
                at += 1;
                // `password = …`, `password => …`, as programs have it.
                at += usize::from(text.get(at) == Some(&b'>'));
                let is_quote = |at: usize| matches!(text.get(at), Some(b'"' | b'\'' | b'`'));
                // Without a space in front of the sign too the value is empty, and behind the space begins the next field.
                at += usize::from(text.get(at) == Some(&b' ') && (is_spaced || is_quote(at + 1)));
                // `password="…"`, as log lines have it.
                if is_quote(at) {
                    let (quote, begin) = (text[at], at + 1);
                    let end = quote_end(text, begin, quote);
                    at = end + 1;
                    let is_json = matches!(text.get(begin), Some(b'{' | b'['));
                    if show(&text[key], begin..end, false) && !is_json {
                        continue;
                    }
                    // It may hold fields itself: JSON between other quotes, or parameters.
                    match quote {
                        b'"' => show_parameters(&text[begin..end], |key, inner| {
                            show(key, begin + inner.start..begin + inner.end, false)
                        }),
                        _ => at = begin,
                    }
                    continue;
                }
                if value_end < at {
                    value_end = end_of_value(text, at);
                }
                if show(&text[key], at..value_end, false) {
                    at = value_end;
                }
            }
            _ => at = find_either(text, at, b'"', b'=').unwrap_or(text.len()),
        }
    }
}

/// Shows `key=value` in a text, those inside a value too, until `show` takes one whole.
fn show_parameters<'t>(text: &'t [u8], mut show: impl FnMut(&'t [u8], Range<usize>) -> bool) {
    let (mut at, mut value_end) = (0, 0);
    while let Some(next) = find_byte(text, at, b'=') {
        at = next;
        let key = key_before(text, at);
        at += 1;
        if value_end < at {
            value_end = end_of_value(text, at);
        }
        if show(&text[key], at..value_end) {
            at = value_end;
        }
    }
}

/// Some keys of a text with what they say: lists and tables have the same ones over and over, and the dictionary is dear.
#[derive(Default)]
pub(crate) struct KnownKeys<'t> {
    known: [(&'t [u8], PathFacts); KNOWN_KEYS],
    /// How often the dictionary was asked.
    pub(crate) asked: usize,
}

const KNOWN_KEYS: usize = 8;

impl<'t> KnownKeys<'t> {
    /// What a key says, if it can say anything.
    pub(crate) fn facts_of(&mut self, key: &'t [u8]) -> PathFacts {
        let ([first, ..], [.., last]) = (key, key) else { return PathFacts::NONE };
        if key.len() > KEY_BYTES_MAX || key.starts_with(b"utm_") {
            return PathFacts::NONE;
        }
        let place =
            (key.len() as u32 | u32::from(*first) << 8 | u32::from(*last) << 16).wrapping_mul(0x9E37_79B1) >> 29;
        let (known, facts) = &mut self.known[place as usize % KNOWN_KEYS];
        if *known != key {
            *known = key;
            self.asked += 1;
            *facts = std::str::from_utf8(key).map_or(PathFacts::NONE, |key| PathFacts::of_key(key, None));
        }
        *facts
    }
}

/// The parameter's name in front of the sign at `at`.
#[inline]
fn key_before(text: &[u8], at: usize) -> Range<usize> {
    let head = &text[at.saturating_sub(KEY_BYTES_MAX)..at];
    let len = head.iter().rev().take_while(|b| CLASSES[usize::from(**b)] & PARAMETER != 0).count();
    at - len..at
}

/// Where the key ends in front of the sign at `at`: `key=`, `key =`, `key := `, `"key" =>`.
#[inline]
fn end_of_key(text: &[u8], at: usize) -> usize {
    let before = |at: usize, signs: &[u8]| at - usize::from(at > 0 && signs.contains(&text[at - 1]));
    match text[..at].last() {
        Some(b':' | b' ' | b'"' | b'\'') => before(before(before(at, b":"), b" "), b"\"'"),
        _ => at,
    }
}

/// Where the value ends that begins at `at`.
#[inline]
fn end_of_value(text: &[u8], at: usize) -> usize {
    let rest = &text[at..];
    at + rest.iter().position(|b| CLASSES[usize::from(*b)] & ENDS_VALUE != 0).unwrap_or(rest.len())
}

/// Bits of [`CLASSES`].
const PARAMETER: u8 = 1;
const ENDS_VALUE: u8 = 2;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        classes[byte] =
            if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$' | b'[' | b']') || b >= 0x80 {
                PARAMETER
            } else if matches!(b, b'&' | b'#' | b';' | b'"' | b'\'') || b.is_ascii_whitespace() {
                ENDS_VALUE
            } else {
                0
            };
        byte += 1;
    }
    classes
};

/// The closing quote of the string that begins at `from`, or the end of the text.
fn string_end(text: &[u8], from: usize) -> usize {
    quote_end(text, from, b'"')
}

fn quote_end(text: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while at < text.len() && text[at] != quote {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len())
}

/// The scalar behind a colon at `from`, or the first of an array: a string's inside or a number.
fn json_value(text: &[u8], from: usize) -> Option<(Range<usize>, bool)> {
    let space =
        |at: usize| at + text.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count();
    let colon = space(from);
    if text.get(colon) != Some(&b':') {
        return None;
    }
    let mut start = space(colon + 1);
    if text.get(start) == Some(&b'[') {
        start = space(start + 1);
    }
    match text.get(start)? {
        b'"' => Some((start + 1..string_end(text, start + 1), false)),
        b'-' | b'0'..=b'9' => {
            let number = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E');
            let len = text[start..].iter().take_while(|b| number(b)).count();
            Some((start..start + len, true))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<(PathFacts, String)> {
        let mut out = Vec::new();
        for_each_field(text.as_bytes(), |facts, range, _| out.push((facts, text[range].to_owned())));
        out
    }

    #[test]
    fn keys_of_json_and_of_queries_are_read() {
        assert_eq!(
            fields(r#"{"a":1,"phone" : 4155550132,"n":{"first_name":"A\"da"}}"#),
            [(PathFacts::PHONE, "4155550132".into()), (PathFacts::NAME, "A\\\"da".into())]
        );
        assert_eq!(
            fields("https://x.example/?utm_source=a&password=hunter2&q=#email=b"),
            [(PathFacts::PASSWORD, "hunter2".into()), (PathFacts::EMAIL, "b".into())]
        );
        assert_eq!(fields("\"\"\"\":\"=\\"), []);
        assert_eq!(
            fields(r#"level=warn password="hunter2" phone='1' x"#),
            [(PathFacts::PASSWORD, "hunter2".into()), (PathFacts::PHONE, "1".into())]
        );
        for line in ["password = hunter2", "password := \"hunter2\"", "password := `hunter2`", "$password=>'hunter2'"] {
            assert_eq!(fields(line), [(PathFacts::PASSWORD, "hunter2".into())], "{line}");
        }
        assert_eq!(fields("a == b, password >= 7 = "), []);
        for inside in [
            r#"$json = '{"password": "hunter2"}';"#,
            r#"body='{"password":"hunter2"}'"#,
            "cmd = `curl https://x.example/?password=hunter2` ",
            "let url = 'https://x.example/?a=b&password=hunter2'",
            r#"let url = "https://x.example/?a=b&password=hunter2" "#,
            "'url' => 'https://x.example/?password=hunter2'",
            "a=`b password=hunter2",
        ] {
            let found = fields(inside);
            let is_it = |(facts, value): &(PathFacts, String)| {
                *facts == PathFacts::PASSWORD && value.trim_end_matches(['\'', '`']) == "hunter2"
            };
            let is_it = found.iter().any(is_it);
            assert!(is_it, "{inside}: {found:?}");
        }
        for empty in [
            "phone= password=hunter2",
            "age= name= password=hunter2 a=b",
            "x= password = hunter2",
            "zip= password='hunter2'",
        ] {
            assert_eq!(fields(empty), [(PathFacts::PASSWORD, "hunter2".into())], "{empty}");
        }
        assert_eq!(fields(r#"{"password": ["hunter2"]}"#), [(PathFacts::PASSWORD, "hunter2".into())]);
        assert_eq!(
            fields(r#"{"url":"https://x.example/?password=hunter2&x=1","phone":"1"}"#),
            [(PathFacts::PASSWORD, "hunter2".into()), (PathFacts::PHONE, "1".into())]
        );
        assert_eq!(
            fields("https://x.example/?next=/login?password=hunter2&email=b"),
            [(PathFacts::PASSWORD, "hunter2".into()), (PathFacts::EMAIL, "b".into())]
        );
    }
}
