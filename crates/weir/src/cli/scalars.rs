//! The scalars of one JSON object, in document order, without a tree: numbers stay the lexemes they were, strings are unescaped once, and
//! nesting costs no stack.

use serde::Deserialize;
use serde::de::IgnoredAny;
use weir_event::LeafKind;

/// Buffers that a run keeps.
#[derive(Default)]
pub(in crate::cli) struct Scratch {
    pub(in crate::cli) key: Vec<u8>,
    pub(in crate::cli) text: Vec<u8>,
    pub(in crate::cli) path: String,
}

/// One scalar as it stands: a string with its quotes, a number, `true`, `false` or `null`.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Scalar<'t>(&'t [u8]);

/// A leaf: `{"k": path, "t": "s", "v": value}`.
pub(in crate::cli) struct Given<'t> {
    /// The path, as it stands between its quotes.
    pub(in crate::cli) key: &'t [u8],
    /// What `t` says.
    pub(in crate::cli) kind: Option<Kind>,
    /// The value.
    pub(in crate::cli) value: Scalar<'t>,
}

/// What `t` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::cli) enum Kind {
    Text,
    Number,
    Bool,
}

/// Whether a line is one JSON object; or what it is not. Whatever else is in this file relies on it.
pub(in crate::cli) fn check(line: &[u8]) -> Result<(), &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "UTF-8")?;
    let mut parser = serde_json::Deserializer::from_str(text);
    IgnoredAny::deserialize(&mut parser).and_then(|_| parser.end()).map_err(|_| "JSON")?;
    let is_object = line.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
    if is_object { Ok(()) } else { Err("a JSON object") }
}

impl<'t> Scalar<'t> {
    /// What the scalar is and its text, unescaped. `kind` is what the input says that it was, where a text stands for a number.
    pub(in crate::cli) fn read<'b>(self, kind: Option<Kind>, buffer: &'b mut Vec<u8>) -> (LeafKind, &'b [u8])
    where
        't: 'b,
    {
        let (own, text) = match self.0 {
            [b'"', inner @ .., b'"'] => (LeafKind::String, unescaped(inner, buffer)),
            b"true" => (LeafKind::True, self.0),
            b"false" => (LeafKind::False, self.0),
            b"null" => (LeafKind::Null, self.0),
            number => (LeafKind::Number, number),
        };
        let kind = match (kind, own) {
            (Some(Kind::Number), LeafKind::String) => LeafKind::Number,
            (Some(Kind::Bool), LeafKind::String) => LeafKind::True,
            (Some(Kind::Text), LeafKind::Number) => LeafKind::String,
            _ => own,
        };
        (kind, text)
    }
}

/// The leaf that a checked object is: it has a text `k` and a scalar `v`, whatever else it has. `None` for an event.
pub(in crate::cli) fn as_leaf(object: &[u8]) -> Option<Given<'_>> {
    let (mut key, mut kind, mut value, mut is_leaf) = (None, None, None, true);
    members(object, |name, member| match (name, member) {
        (b"k", [b'"', inner @ .., b'"']) => key = Some(inner),
        // An object in the place of a leaf's scalar is an event's.
        (b"k", _) | (b"v", [b'{' | b'[', ..]) => is_leaf = false,
        (b"t", letter) => (kind, is_leaf) = (of_letter(letter), is_leaf && of_letter(letter).is_some()),
        (b"v", scalar) => value = Some(Scalar(scalar)),
        _ => {}
    });
    if !is_leaf {
        return None;
    }
    Some(Given { key: key?, kind, value: value? })
}

fn of_letter(scalar: &[u8]) -> Option<Kind> {
    match scalar {
        b"\"s\"" => Some(Kind::Text),
        b"\"n\"" => Some(Kind::Number),
        b"\"b\"" => Some(Kind::Bool),
        _ => None,
    }
}

/// Shows every member of a checked object: its key between the quotes, its value as it stands.
pub(in crate::cli) fn members<'t>(object: &'t [u8], mut show: impl FnMut(&'t [u8], &'t [u8])) {
    let mut at = blank(object, 0) + 1;
    loop {
        at = blank(object, at);
        match object.get(at) {
            Some(b'"') => {}
            Some(b',') => {
                at += 1;
                continue;
            }
            _ => return,
        }
        let name_end = string_end(object, at);
        let from = blank(object, blank(object, name_end) + 1);
        let Some(first) = object.get(from) else { return };
        let end = if matches!(first, b'{' | b'[') { nested_end(object, from) } else { scalar_end(object, from) };
        show(&object[at + 1..name_end - 1], &object[from..end]);
        at = end;
    }
}

/// Writes U+FFFD in the place of each half of a surrogate pair, which browsers write where a page cut a string and which no other reader
/// of JSON takes.
pub(in crate::cli) fn mend_surrogates(text: &mut [u8]) {
    let unit = |text: &[u8], at: usize| {
        let digits = std::str::from_utf8(text.get(at + 2..at + 6)?).ok()?;
        text.get(at..at + 2).filter(|mark| *mark == b"\\u").and_then(|_| u32::from_str_radix(digits, 16).ok())
    };
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'\\')) {
        at += found;
        match unit(text, at) {
            Some(0xd800..0xdc00) if matches!(unit(text, at + 6), Some(0xdc00..0xe000)) => at += 12,
            Some(0xd800..0xe000) => {
                text[at..at + 6].copy_from_slice(b"\\ufffd");
                at += 6;
            }
            _ => at += 2,
        }
    }
}

/// Shows every scalar of a checked object with its path: keys escaped and joined as D1 says, `*` for the elements of an array.
pub(in crate::cli) fn for_each(object: &[u8], path: &mut String, mut show: impl FnMut(&str, Scalar<'_>)) {
    // For each open object or array: its closing byte, and where the path ends without what lies in it.
    let mut open: Vec<(u8, usize)> = Vec::new();
    path.clear();
    let mut at = 0;
    while let Some(byte) = object.get(at) {
        match byte {
            b'{' | b'[' => {
                open.push((byte + 2, path.len()));
                if *byte == b'[' {
                    push_key(path, b"*", false);
                }
                at += 1;
            }
            b'}' | b']' => {
                let above = open.pop().map_or(0, |(_, len)| len);
                path.truncate(above);
                after_value(&open, path);
                at += 1;
            }
            b'"' if open.last().is_some_and(|(close, len)| *close == b'}' && *len == path.len()) => {
                let end = string_end(object, at);
                let mut buffer = Vec::new();
                let key = unescaped(object.get(at + 1..end - 1).unwrap_or_default(), &mut buffer);
                push_key(path, key, true);
                // The colon and what is blank around it are passed over below.
                at = end;
            }
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' => at += 1,
            _ => {
                let end = scalar_end(object, at);
                show(path, Scalar(&object[at..end]));
                after_value(&open, path);
                at = end;
            }
        }
    }
}

/// The value of a key has been read: what comes next in its object is a key.
fn after_value(open: &[(u8, usize)], path: &mut String) {
    if let Some((b'}', len)) = open.last() {
        path.truncate(*len);
    }
}

fn push_key(path: &mut String, key: &[u8], is_key: bool) {
    // An empty key at the top must not look like no key.
    if !path.is_empty() {
        path.push('.');
    }
    if !is_key {
        path.push('*');
        return;
    }
    let key = String::from_utf8_lossy(key);
    if key.is_empty() {
        // No name, and so none that D1 knows: written as data is.
        path.push_str("\\*");
    }
    for c in key.chars() {
        if matches!(c, '.' | '*' | '\\') {
            path.push('\\');
        }
        path.push(c);
    }
}

fn blank(text: &[u8], from: usize) -> usize {
    from + text.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count()
}

/// Behind the closing quote of the string that begins at `from`.
fn string_end(text: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

/// Behind the scalar that begins at `from`.
fn scalar_end(text: &[u8], from: usize) -> usize {
    if text.get(from) == Some(&b'"') {
        return string_end(text, from);
    }
    let ends = |b: &u8| matches!(b, b',' | b'}' | b']') || b.is_ascii_whitespace();
    from + text[from..].iter().position(ends).unwrap_or(text.len() - from).max(1)
}

/// Behind the object or array that begins at `from`.
fn nested_end(text: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    while at < text.len() {
        match text[at] {
            b'"' => {
                at = string_end(text, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The inside of a checked string without its escapes; half of a surrogate pair becomes U+FFFD (D9).
pub(in crate::cli) fn unescaped<'b>(inner: &'b [u8], buffer: &'b mut Vec<u8>) -> &'b [u8] {
    if !inner.contains(&b'\\') {
        return inner;
    }
    buffer.clear();
    let mut rest = inner;
    while let Some(at) = rest.iter().position(|b| *b == b'\\') {
        buffer.extend_from_slice(&rest[..at]);
        rest = rest.get(at + 2..).map_or(&[][..], |_| &rest[at + 1..]);
        let plain = match rest.first() {
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let (c, used) = escaped_char(rest);
                buffer.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = rest.get(used..).unwrap_or_default();
                continue;
            }
            Some(byte) => *byte,
            None => break,
        };
        buffer.push(plain);
        rest = &rest[1..];
    }
    buffer.extend_from_slice(rest);
    buffer
}

/// The character of `u0041`, or of `ud83d\ude80`, and how many bytes it took.
fn escaped_char(text: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(text.get(at..at + 4)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(1) else { return ('\u{fffd}', 5) };
    if (0xd800..0xdc00).contains(&first)
        && text.get(5..7) == Some(b"\\u")
        && let Some(second) = unit(7).filter(|u| (0xdc00..0xe000).contains(u))
    {
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(code).unwrap_or('\u{fffd}'), 11);
    }
    (char::from_u32(first).unwrap_or('\u{fffd}'), 5)
}
