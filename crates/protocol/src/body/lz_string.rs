//! lz-string, as base64: how old versions of posthog-js compressed (`compression=lz64`). LZW over UTF-16 units, with codes that grow.
//!
//! Our own, because the format is small and the usual way, a dictionary of strings, lets a few kilobytes fill gigabytes. Here an entry
//! of the dictionary is a range of what has been written already, so memory is the output, which has a cap, and eight bytes
//! for each code read.
//! Source: pieroxy/lz-string 1.5 `_decompress` for the format.

use super::BodyError;

/// Codes with a meaning of their own; entries of the dictionary come after.
const LITERAL_8: u32 = 0;
const LITERAL_16: u32 = 1;
const END: u32 = 2;
const FIRST_ENTRY: usize = 3;

/// Undoes `compressToBase64` (or the form of it that is made for URLs) and gives UTF-8; halves of surrogate pairs become U+FFFD.
pub fn decompress_base64(input: &[u8], max: usize) -> Result<Vec<u8>, BodyError> {
    let units = Reader { input, at: 0, digit: 0, bits_left: 0 }.run(max)?;
    let mut text = String::with_capacity(units.len());
    for unit in char::decode_utf16(units) {
        text.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if text.len() > max { Err(BodyError::TooLarge { max }) } else { Ok(text.into_bytes()) }
}

/// Reads bits: the digits' highest first, the codes' lowest first.
struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    digit: u8,
    bits_left: u32,
}

impl Reader<'_> {
    fn run(mut self, max: usize) -> Result<Vec<u16>, BodyError> {
        let mut out: Vec<u16> = Vec::with_capacity(self.input.len().min(max));
        // Start and length in `out`.
        let mut entries: Vec<(u32, u32)> = Vec::new();
        let mut width = 2;
        // Codes until they grow by a bit.
        let mut left = 2_usize;
        // The phrase before, as a range of `out`.
        let mut last: Option<(u32, u32)> = None;
        loop {
            if last.is_some() && left == 0 {
                left = 1 << width;
                width += 1;
            }
            if width > 30 {
                return Err(BodyError::Damaged);
            }
            let code = self.bits(width)?;
            let start = out.len() as u32;
            let phrase = match code {
                END => return Ok(out),
                LITERAL_8 | LITERAL_16 => {
                    let unit = self.bits(if code == LITERAL_8 { 8 } else { 16 })?;
                    out.push(unit as u16);
                    entries.push((start, 1));
                    // The first literal has no code before it that would have counted.
                    if last.is_some() {
                        left -= 1;
                        if left == 0 {
                            left = 1 << width;
                            width += 1;
                        }
                    }
                    (start, 1)
                }
                code => {
                    let Some((last_start, last_len)) = last else { return Err(BodyError::Damaged) };
                    let place = code as usize - FIRST_ENTRY;
                    // The entry that this very code makes: the phrase before and its first unit.
                    let (from, len) = if place == entries.len() {
                        (last_start, last_len + 1)
                    } else {
                        *entries.get(place).ok_or(BodyError::Damaged)?
                    };
                    if out.len() + len as usize > max {
                        return Err(BodyError::TooLarge { max });
                    }
                    // One by one: the entry may reach into what it makes.
                    for at in from..from + len {
                        let unit = out.get(at as usize).copied().ok_or(BodyError::Damaged)?;
                        out.push(unit);
                    }
                    (start, len)
                }
            };
            if out.len() > max {
                return Err(BodyError::TooLarge { max });
            }
            match last {
                Some((last_start, last_len)) => {
                    entries.push((last_start, last_len + 1));
                    left -= 1;
                }
                // What follows the first literal: three bits, four codes.
                None => (width, left) = (3, 4),
            }
            last = Some(phrase);
        }
    }

    fn bits(&mut self, count: u32) -> Result<u32, BodyError> {
        let mut value = 0;
        for bit in 0..count {
            if self.bits_left == 0 {
                self.digit = self.digit()?;
                self.bits_left = 6;
            }
            self.bits_left -= 1;
            value |= u32::from(self.digit >> self.bits_left & 1) << bit;
        }
        Ok(value)
    }

    fn digit(&mut self) -> Result<u8, BodyError> {
        let byte = *self.input.get(self.at).ok_or(BodyError::Damaged)?;
        self.at += 1;
        Ok(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            // A form may have made a space of the plus.
            b'+' | b' ' => 62,
            b'/' | b'-' => 63,
            // Padding is bits of zero: some writers' last code ends in it.
            b'=' | b'$' => 0,
            _ => return Err(BodyError::Damaged),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::hash_map::{Entry, HashMap};

    use proptest::prelude::*;

    use super::*;

    /// The other direction, plainly: LZW with the same codes.
    fn compress(text: &str) -> Vec<u8> {
        let mut bits: Vec<bool> = Vec::new();
        let mut put = |value: u32, count: u32| bits.extend((0..count).map(|bit| value >> bit & 1 == 1));
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut entries: HashMap<Vec<u16>, u32> = HashMap::new();
        let mut is_new: std::collections::HashSet<u16> = std::collections::HashSet::new();
        let (mut next, mut left, mut width) = (FIRST_ENTRY as u32, 2_i64, 2);
        let mut phrase: Vec<u16> = Vec::new();
        let mut emit =
            |phrase: &[u16], entries: &HashMap<Vec<u16>, u32>, is_new: &mut std::collections::HashSet<u16>| {
                let step = |left: &mut i64, width: &mut u32| {
                    *left -= 1;
                    if *left == 0 {
                        *left = 1 << *width;
                        *width += 1;
                    }
                };
                if phrase.len() == 1 && is_new.remove(&phrase[0]) {
                    let unit = u32::from(phrase[0]);
                    if unit < 256 {
                        put(LITERAL_8, width);
                        put(unit, 8);
                    } else {
                        put(LITERAL_16, width);
                        put(unit, 16);
                    }
                    step(&mut left, &mut width);
                } else {
                    put(entries[phrase], width);
                }
                step(&mut left, &mut width);
                width
            };
        let mut width_now = 2;
        for unit in units {
            if let Entry::Vacant(place) = entries.entry(vec![unit]) {
                place.insert(next);
                next += 1;
                is_new.insert(unit);
            }
            let longer = [phrase.as_slice(), &[unit]].concat();
            if entries.contains_key(&longer) {
                phrase = longer;
            } else {
                width_now = emit(&phrase, &entries, &mut is_new);
                entries.insert(longer, next);
                next += 1;
                phrase = vec![unit];
            }
        }
        if !phrase.is_empty() {
            width_now = emit(&phrase, &entries, &mut is_new);
        }
        put(END, width_now);
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        bits.chunks(6)
            .map(|six| {
                let value = six.iter().enumerate().fold(0, |value, (i, bit)| value | usize::from(*bit) << (5 - i));
                DIGITS[value]
            })
            .collect()
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "\\PC{0,60}", times in 1_usize..20) {
            let text = text.repeat(times);
            prop_assert_eq!(decompress_base64(&compress(&text), 1 << 20), Ok(text.into_bytes()));
        }

        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(out) = decompress_base64(&bytes, 1_000) {
                prop_assert!(out.len() <= 1_000);
            }
        }
    }

    // Made by npm lz-string 1.5.0 `compressToBase64`.
    const FROM_NPM: &[(&str, &str)] = &[
        (
            "N4IgpgbmB2AuIC4QBIAOBDA5pAlmA7iADQioBOA9qmGbHgM6KgAmO9d0AxrAPo7OIQAVwC0ARmIhYFANYxBqABaceADxABfDUA==",
            "{\"event\":\"$pageview\",\"properties\":{\"distinct_id\":\"u-1\",\"token\":\"phc_x\"}}",
        ),
        ("IY18ZXaQ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("OIJwbw+wpgBIp6aBpzQeVE0LwbgAvZqStEozEA==", "Größe 日本語 🚀 Größe 日本語 🚀 "),
        ("B5A=", "x"),
        ("Q===", ""),
    ];

    #[test]
    fn what_the_library_compressed_comes_back() {
        for (compressed, text) in FROM_NPM {
            let back = decompress_base64(compressed.as_bytes(), 1 << 20).expect("it is in order");
            assert_eq!(std::str::from_utf8(&back), Ok(*text));
        }
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let bomb = compress(&"a".repeat(100_000));
        assert!(bomb.len() < 1_500);
        assert_eq!(decompress_base64(&bomb, 50_000), Err(BodyError::TooLarge { max: 50_000 }));
    }

    #[test]
    fn text_that_was_cut_is_damaged() {
        let whole = compress(r#"{"event":"a","properties":{"distinct_id":"u"}}"#);
        for len in 0..whole.len() - 2 {
            assert_eq!(decompress_base64(&whole[..len], 1 << 20), Err(BodyError::Damaged), "cut at {len}");
        }
    }
}
