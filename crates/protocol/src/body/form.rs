//! Form data and query strings: fields, parameters and percent-decoding in place.
//!
//! Percent-decoding is on the request path (mixpanel-python sends JSON this way), so runs without `%` and `+` are moved eight
//! bytes at a time, which SWAR tells apart.

use std::borrow::Cow;
use std::ops::Range;

/// What a `+` means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plus {
    /// A space, as forms have it.
    IsSpace,
    /// Itself, as in base64 that was not encoded.
    IsPlus,
}

/// Places of one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// Name, `=` and value.
    pub whole: Range<usize>,
    /// The value, still encoded.
    pub value: Range<usize>,
}

/// Fields looked at; a form with more is not one that an SDK sends.
const FIELDS_MAX: usize = 64;

/// The first field with one of these names. Names are compared as they stand: no SDK encodes letters.
pub fn find_field(bytes: &[u8], names: &[&str]) -> Option<Field> {
    fields(bytes).find(|field| {
        let name = bytes.get(field.whole.start..field.value.start).unwrap_or_default();
        names.iter().any(|n| name.strip_suffix(b"=") == Some(n.as_bytes()))
    })
}

/// The fields beside one, still encoded and joined by `&`, as far as they fit in `max` bytes.
pub fn other_fields(bytes: &[u8], payload: &Field, max: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields(bytes).filter(|field| field != payload) {
        let text = bytes.get(field.whole).unwrap_or_default();
        if out.len() + text.len() < max {
            out.extend_from_slice(text);
            out.push(b'&');
        }
    }
    out
}

/// A parameter, percent-decoded. `None` where it is missing; bytes that are no UTF-8 read as U+FFFD.
pub fn param<'a>(bytes: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let wanted = fields(bytes).find(|field| {
        let raw = bytes.get(field.whole.start..field.value.start).unwrap_or_default();
        let raw = raw.strip_suffix(b"=").unwrap_or(raw);
        // `$` is sent as `%24`.
        raw == name.as_bytes() || (raw.contains(&b'%') && decoded(raw) == name.as_bytes())
    })?;
    let value = bytes.get(wanted.value).unwrap_or_default();
    if value.iter().any(|b| matches!(b, b'%' | b'+')) {
        Some(Cow::Owned(String::from_utf8_lossy(&decoded(value)).into_owned()))
    } else {
        Some(String::from_utf8_lossy(value))
    }
}

/// Every parameter with its value, percent-decoded; bytes that are no UTF-8 read as U+FFFD.
pub fn params(bytes: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    let text = |range: Range<usize>| {
        let raw = decoded(bytes.get(range).unwrap_or_default());
        String::from_utf8(raw).unwrap_or_else(|raw| String::from_utf8_lossy(raw.as_bytes()).into_owned())
    };
    fields(bytes).map(move |field| {
        let name_end = if field.value.start > field.whole.start { field.value.start - 1 } else { field.whole.end };
        let has_value = bytes.get(name_end) == Some(&b'=');
        let name = text(field.whole.start..if has_value { name_end } else { field.whole.end });
        (name, if has_value { text(field.value) } else { String::new() })
    })
}

/// Whether percent-encoded JSON begins here.
pub fn starts_encoded_json(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', b'7', b'B' | b'b', ..] | [b'%', b'5', b'B' | b'b', ..])
}

/// Undoes percent-encoding at the front of `bytes` and cuts the rest off. A `%` without two digits stays.
pub fn decode_in_place(bytes: &mut Vec<u8>, plus: Plus) {
    let first = match plus {
        Plus::IsSpace => memchr::memchr2(b'%', b'+', bytes),
        Plus::IsPlus => memchr::memchr(b'%', bytes),
    };
    let Some(first) = first else { return };
    let (mut read, mut write, len) = (first, first, bytes.len());
    while read < len {
        let byte = bytes[read];
        if byte == b'%' {
            let high = bytes.get(read + 1).map_or(NO_DIGIT, |b| HEX[usize::from(*b)]);
            let low = bytes.get(read + 2).map_or(NO_DIGIT, |b| HEX[usize::from(*b)]);
            if (high | low) & NO_DIGIT == 0 {
                bytes[write] = high << 4 | low;
                read += 3;
            } else {
                bytes[write] = byte;
                read += 1;
            }
            write += 1;
            continue;
        }
        if let Some(&word) = bytes.get(read..).and_then(|rest| rest.first_chunk::<8>()) {
            let value = u64::from_le_bytes(word);
            let stop = has_byte(value, b'%') | if plus == Plus::IsSpace { has_byte(value, b'+') } else { 0 };
            let plain = if stop == 0 { 8 } else { stop.trailing_zeros() as usize / 8 };
            if plain > 0 {
                if let Some(to) = bytes.get_mut(write..).and_then(|rest| rest.first_chunk_mut::<8>()) {
                    // A whole word is cheaper than a part of one, and does no harm where it ends before what is still to read.
                    if write + 8 <= read || plain == 8 {
                        *to = word;
                    } else {
                        to[..plain].copy_from_slice(&word[..plain]);
                    }
                }
                read += plain;
                write += plain;
                continue;
            }
        }
        bytes[write] = if byte == b'+' && plus == Plus::IsSpace { b' ' } else { byte };
        read += 1;
        write += 1;
    }
    bytes.truncate(write);
}

fn decoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    decode_in_place(&mut out, Plus::IsSpace);
    out
}

fn fields(bytes: &[u8]) -> impl Iterator<Item = Field> + '_ {
    let mut at = 0;
    let mut left = FIELDS_MAX;
    std::iter::from_fn(move || {
        if at >= bytes.len() || left == 0 {
            return None;
        }
        left -= 1;
        let start = at;
        let end = memchr::memchr(b'&', &bytes[start..]).map_or(bytes.len(), |i| start + i);
        at = end + 1;
        // A name is short; looking further would walk a whole base64 payload that holds no `=`.
        let name_end = (start + 128).min(end);
        let value = memchr::memchr(b'=', &bytes[start..name_end]).map_or(end, |i| start + i + 1);
        Some(Field { whole: start..end, value: value..end })
    })
}

const NO_DIGIT: u8 = 0x80;

static HEX: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut i = 0;
    while i < 10 {
        table[b'0' as usize + i] = i as u8;
        i += 1;
    }
    let mut i = 0;
    while i < 6 {
        table[b'a' as usize + i] = 10 + i as u8;
        table[b'A' as usize + i] = 10 + i as u8;
        i += 1;
    }
    table
};

/// The high bit of each byte that equals `byte`; bits above the first such byte may be wrong. Source: Sean Eron Anderson,
/// "Bit Twiddling Hacks", "Determine if a word has a byte equal to n".
#[inline]
pub(crate) const fn has_byte(word: u64, byte: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let x = word ^ (ONES * byte as u64);
    x.wrapping_sub(ONES) & !x & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The plain way, for comparison.
    fn slowly(bytes: &[u8], plus: Plus) -> Vec<u8> {
        let digit = |b: Option<&u8>| b.and_then(|b| (*b as char).to_digit(16)).map(|d| d as u8);
        let mut out = Vec::new();
        let mut i = 0;
        while i < bytes.len() {
            match (bytes[i], digit(bytes.get(i + 1)), digit(bytes.get(i + 2))) {
                (b'%', Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    i += 2;
                }
                (b'+', ..) if plus == Plus::IsSpace => out.push(b' '),
                (b, ..) => out.push(b),
            }
            i += 1;
        }
        out
    }

    proptest! {
        #[test]
        fn decoding_agrees_with_the_plain_way(text in "([a-zA-Z0-9]{0,20}|%[0-9a-fA-F]{2}|%|%2|\\+|=|é){0,40}", space: bool) {
            let plus = if space { Plus::IsSpace } else { Plus::IsPlus };
            let mut bytes = text.clone().into_bytes();
            decode_in_place(&mut bytes, plus);
            prop_assert_eq!(bytes, slowly(text.as_bytes(), plus));
        }

        #[test]
        fn any_bytes_decode_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut copy = bytes.clone();
            decode_in_place(&mut copy, Plus::IsSpace);
            prop_assert_eq!(copy, slowly(&bytes, Plus::IsSpace));
            let _ = find_field(&bytes, &["data"]);
            let _ = param(&bytes, "verbose");
        }
    }

    #[test]
    fn parameters_are_found_and_decoded() {
        let query = b"ip=1&verbose=1&%24lib_version=2.83.0&empty=&note=a+b%21&last";
        assert_eq!(param(query, "verbose").as_deref(), Some("1"));
        assert_eq!(param(query, "$lib_version").as_deref(), Some("2.83.0"));
        assert_eq!(param(query, "empty").as_deref(), Some(""));
        assert_eq!(param(query, "note").as_deref(), Some("a b!"));
        assert_eq!(param(query, "last").as_deref(), Some(""));
        assert_eq!(param(query, "verb"), None);
    }
}
