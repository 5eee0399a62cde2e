//! Keys inside a value: `{"phone":4155550132}` in a string, `?password=…` in a URL. Each key is held against the dictionary, so
//! that what only a key gives away is found one level down too.

use std::ops::Range;

use crate::facts::PathFacts;

/// Longer keys say nothing.
const KEY_BYTES_MAX: usize = 60;

/// Shows each keyed value whose key says something: its facts, where it stands, whether it is a bare number.
pub(crate) fn for_each_field(text: &[u8], mut look: impl FnMut(PathFacts, Range<usize>, bool)) {
    // Whether the key says something.
    let mut show = |key: &[u8], value: Range<usize>, is_number: bool| -> bool {
        if key.is_empty() || key.len() > KEY_BYTES_MAX || value.is_empty() || key.starts_with(b"utm_") {
            return false;
        }
        let facts = std::str::from_utf8(key).map_or(PathFacts::NONE, |key| PathFacts::of_key(key, None));
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
                let key = text[..at].iter().rev().take(KEY_BYTES_MAX).take_while(|b| is_parameter(**b)).count();
                let key = at - key..at;
                at += 1;
                // `password="…"`, as log lines have it.
                if let Some(quote @ (b'"' | b'\'')) = text.get(at).copied() {
                    let end = quote_end(text, at + 1, quote);
                    show(&text[key], at + 1..end, false);
                    at = end + 1;
                    continue;
                }
                if value_end < at {
                    value_end = at + text[at..].iter().take_while(|b| !ends_value(**b)).count();
                }
                if show(&text[key], at..value_end, false) {
                    at = value_end;
                }
            }
            _ => at += text[at..].iter().position(|b| matches!(b, b'"' | b'=')).unwrap_or(text.len() - at),
        }
    }
}

/// Shows `key=value` in a text, those inside a value too, until `show` takes one whole.
fn show_parameters<'t>(text: &'t [u8], mut show: impl FnMut(&'t [u8], Range<usize>) -> bool) {
    let (mut at, mut value_end) = (0, 0);
    while let Some(next) = text[at..].iter().position(|b| *b == b'=') {
        at += next;
        let key = text[..at].iter().rev().take(KEY_BYTES_MAX).take_while(|b| is_parameter(**b)).count();
        let key = at - key..at;
        at += 1;
        if value_end < at {
            value_end = at + text[at..].iter().take_while(|b| !ends_value(**b)).count();
        }
        if show(&text[key], at..value_end) {
            at = value_end;
        }
    }
}

fn ends_value(byte: u8) -> bool {
    matches!(byte, b'&' | b'#' | b';' | b'"' | b'\'') || byte.is_ascii_whitespace()
}

fn is_parameter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'[' | b']') || byte >= 0x80
}

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
