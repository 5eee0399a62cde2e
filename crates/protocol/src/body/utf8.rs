//! One repair to UTF-8 (D9): strict UTF-8 passes as it is; else CESU-8 surrogate pairs are merged, lone halves and every other
//! invalid byte become U+FFFD. mixpanel-browser encodes UTF-16 units one by one, so an emoji arrives as two halves of three bytes.

/// Makes UTF-8 of any bytes.
pub fn repair(bytes: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(bytes) {
        Ok(text) => text.into_bytes(),
        Err(error) => repair_from(error.as_bytes(), error.utf8_error().valid_up_to()),
    }
}

#[cold]
fn repair_from(bytes: &[u8], valid: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(bytes.get(..valid).unwrap_or_default());
    let mut rest = bytes.get(valid..).unwrap_or_default();
    loop {
        let good = std::str::from_utf8(rest).map_or_else(|e| e.valid_up_to(), str::len);
        out.extend_from_slice(rest.get(..good).unwrap_or_default());
        rest = rest.get(good..).unwrap_or_default();
        let skip = match (surrogate(rest), surrogate(rest.get(3..).unwrap_or_default())) {
            _ if rest.is_empty() => return out,
            (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) => {
                let scalar = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                push(&mut out, char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER));
                6
            }
            (Some(_), _) => {
                push(&mut out, char::REPLACEMENT_CHARACTER);
                3
            }
            (None, _) => {
                push(&mut out, char::REPLACEMENT_CHARACTER);
                1
            }
        };
        rest = rest.get(skip..).unwrap_or_default();
    }
}

/// The UTF-16 half that three bytes encode, if they do.
fn surrogate(bytes: &[u8]) -> Option<u32> {
    match *bytes {
        [0xed, b @ 0xa0..=0xbf, c @ 0x80..=0xbf, ..] => Some(0xd000 | u32::from(b & 0x3f) << 6 | u32::from(c & 0x3f)),
        _ => None,
    }
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What mixpanel-browser does: each UTF-16 unit encoded by itself.
    fn cesu8(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for unit in text.encode_utf16() {
            match unit {
                0..0x80 => out.push(unit as u8),
                0x80..0x800 => out.extend([0xc0 | (unit >> 6) as u8, 0x80 | (unit & 0x3f) as u8]),
                _ => {
                    out.extend([0xe0 | (unit >> 12) as u8, 0x80 | (unit >> 6 & 0x3f) as u8, 0x80 | (unit & 0x3f) as u8])
                }
            }
        }
        out
    }

    #[test]
    fn d9_a_rocket_survives_the_browser() {
        assert_eq!(cesu8("\u{1f680}"), [0xed, 0xa0, 0xbd, 0xed, 0xba, 0x80]);
        assert_eq!(repair(cesu8("a\u{1f680}b")), "a\u{1f680}b".as_bytes());
    }

    #[test]
    fn d9_lone_halves_and_other_bytes_become_replacement_characters() {
        assert_eq!(repair(vec![b'a', 0xed, 0xa0, 0xbd, b'b']), "a\u{fffd}b".as_bytes());
        assert_eq!(repair(vec![0xed, 0xba, 0x80, 0xed, 0xa0, 0xbd]), "\u{fffd}\u{fffd}".as_bytes());
        assert_eq!(repair(vec![b'a', 0xff, b'b', 0xc3]), "a\u{fffd}b\u{fffd}".as_bytes());
    }

    proptest! {
        #[test]
        fn d9_any_text_survives_the_browser(text in any::<String>()) {
            prop_assert_eq!(repair(cesu8(&text)), text.into_bytes());
        }

        #[test]
        fn any_bytes_become_utf8(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(std::str::from_utf8(&repair(bytes)).is_ok());
        }
    }
}
