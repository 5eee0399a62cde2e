//! Strings, numbers and literals, read where they stand.

use weir_event::{LeafKind, Text};

use super::{Malformed, Parser, Vocabulary};

impl<'a, V: Vocabulary> Parser<'a, V> {
    /// Reads a string; the opening quote comes next. Unescapes in place.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Text, Malformed> {
        let start = self.at + 1;
        let end = self.plain_until(start);
        match self.text.get(end) {
            Some(b'"') => {
                self.at = end + 1;
                Ok(Text { start: start as u32, len: (end - start) as u32 })
            }
            Some(b'\\') => self.escaped_string(start, end),
            _ => Err(Malformed(end)),
        }
    }

    /// The first byte from `at` that is a quote, a backslash or a control character.
    #[inline]
    pub(super) fn plain_until(&self, mut at: usize) -> usize {
        while let Some(word) = self.text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let stop = special_bytes(u64::from_le_bytes(*word));
            if stop != 0 {
                return at + stop.trailing_zeros() as usize / 8;
            }
            at += 8;
        }
        let rest = self.text.get(at..).unwrap_or_default();
        at + rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
    }

    /// Goes on at the first backslash of a string. JSON in a text of JSON is full of escaped quotes, so what stands between two
    /// escapes is moved by words.
    fn escaped_string(&mut self, start: usize, first: usize) -> Result<Text, Malformed> {
        let (mut read, mut write) = (first, first);
        loop {
            match self.text.get(read) {
                Some(b'"') => {
                    self.at = read + 1;
                    return Ok(Text { start: start as u32, len: (write - start) as u32 });
                }
                Some(b'\\') => {
                    // An escape is never shorter than what it stands for: 2 to 1, 6 to at most 3, 12 to 4.
                    if let Some(same @ (b'"' | b'\\' | b'/')) = self.text.get(read + 1).copied() {
                        self.text[write] = same;
                        write += 1;
                        read += 2;
                        continue;
                    }
                    let (c, len) = escape(self.text.get(read..).unwrap_or_default()).ok_or(Malformed(read))?;
                    let mut utf8 = [0; 4];
                    let utf8 = c.encode_utf8(&mut utf8).as_bytes();
                    if let Some(to) = self.text.get_mut(write..write + utf8.len()) {
                        to.copy_from_slice(utf8);
                    }
                    write += utf8.len();
                    read += len;
                }
                Some(0x20..) => (read, write) = self.move_plain(read, write),
                _ => return Err(Malformed(read)),
            }
        }
    }

    /// Moves what is plain from `read` to `write`, which lies before it: where it ends, and where it has come to.
    #[inline]
    fn move_plain(&mut self, mut read: usize, mut write: usize) -> (usize, usize) {
        while let Some(&word) = self.text.get(read..).and_then(|rest| rest.first_chunk::<8>()) {
            let stop = special_bytes(u64::from_le_bytes(word));
            let plain = if stop == 0 { 8 } else { stop.trailing_zeros() as usize / 8 };
            if let Some(to) = self.text.get_mut(write..).and_then(|rest| rest.first_chunk_mut::<8>()) {
                // A word of both: what is plain, and behind it what stands there and is still to be read.
                let kept = u64::MAX.checked_shl(8 * plain as u32).unwrap_or(0);
                *to = (u64::from_le_bytes(word) & !kept | u64::from_le_bytes(*to) & kept).to_le_bytes();
            }
            read += plain;
            write += plain;
            if plain < 8 {
                return (read, write);
            }
        }
        let end = self.plain_until(read);
        self.text.copy_within(read..end, write);
        (end, write + end - read)
    }

    /// Reads a number or a literal.
    #[inline]
    pub(super) fn bare(&mut self) -> Result<(LeafKind, Text), Malformed> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let literal = |word: &'static [u8], kind| if rest.starts_with(word) { Some((word.len(), kind)) } else { None };
        let found = match rest.first() {
            Some(b't') => literal(b"true", LeafKind::True),
            Some(b'f') => literal(b"false", LeafKind::False),
            Some(b'n') => literal(b"null", LeafKind::Null),
            Some(b'N') => literal(b"NaN", LeafKind::Null),
            Some(b'I') => literal(b"Infinity", LeafKind::Null),
            Some(b'-') if rest.get(1) == Some(&b'I') => literal(b"-Infinity", LeafKind::Null),
            Some(b'-' | b'0'..=b'9') => number_len(rest).map(|len| (len, LeafKind::Number)),
            _ => None,
        };
        let (len, kind) = found.ok_or(Malformed(start))?;
        self.at = start + len;
        let text = Text { start: start as u32, len: len as u32 };
        Ok((kind, if kind == LeafKind::Number { text } else { Text::default() }))
    }
}

/// The high bit of each byte that is a quote, a backslash or below 0x20; bits above the first such byte may be wrong.
#[inline]
pub(crate) const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    let quote = word ^ (ONES * b'"' as u64);
    let slash = word ^ (ONES * b'\\' as u64);
    ((quote.wrapping_sub(ONES) & !quote)
        | (slash.wrapping_sub(ONES) & !slash)
        | (word.wrapping_sub(ONES * 0x20) & !word))
        & HIGHS
}

/// One escape at the front of `bytes`: what it stands for and how long it is. Lone surrogates stand for U+FFFD.
pub(super) fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let simple = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = hex4(bytes.get(2..6)?)?;
            if !(0xd800..0xe000).contains(&unit) {
                return Some((char::from_u32(unit)?, 6));
            }
            if unit < 0xdc00
                && bytes.get(6..8) == Some(b"\\u")
                && let Some(low @ 0xdc00..0xe000) = bytes.get(8..12).and_then(hex4)
            {
                return Some((char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))?, 12));
            }
            return Some((char::REPLACEMENT_CHARACTER, 6));
        }
        _ => return None,
    };
    Some((simple, 2))
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | (*digit as char).to_digit(16)?))
}

/// Whether a text is a number of JSON.
pub(crate) fn is_number(bytes: &[u8]) -> bool {
    number_len(bytes) == Some(bytes.len())
}

/// The length of the number at the front of `bytes`.
#[inline]
fn number_len(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}
