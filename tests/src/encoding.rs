//! Base64 and percent encoding, small and strict enough for a stand-in vendor and for looking for hidden values.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0_u32, |word, (i, b)| word | u32::from(*b) << (16 - 8 * i));
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(char::from(STANDARD[(word >> (18 - 6 * place) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Reads base64, standard or URL-safe, with or without padding; `None` where another character stands in it.
pub fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut word, mut bits) = (0_u32, 0);
    for byte in text.iter().copied().filter(|b| *b != b'=' && !b.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        word = word << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
        }
    }
    Some(out)
}

/// Percent-encodes everything but unreserved characters.
pub fn percent(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Undoes percent encoding; in a form, `+` is a space.
pub fn from_percent(text: &[u8], form: bool) -> Vec<u8> {
    let hex = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let digits = (text.get(at + 1).copied().and_then(hex), text.get(at + 2).copied().and_then(hex));
        match (text[at], digits) {
            (b'%', (Some(high), Some(low))) => {
                out.push(high << 4 | low);
                at += 3;
                continue;
            }
            (b'+', _) if form => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    out
}

/// The fields of a form or a query, decoded, in order.
pub fn form(text: &[u8]) -> Vec<(String, Vec<u8>)> {
    text.split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let cut = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            let value = pair.get(cut + 1..).unwrap_or_default();
            (String::from_utf8_lossy(&from_percent(&pair[..cut], true)).into_owned(), from_percent(value, true))
        })
        .collect()
}

/// CESU-8, as mixpanel-browser's own encoder writes it, to UTF-8: surrogate pairs of three bytes each become four bytes.
pub fn from_cesu8(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if let [0xED, a @ 0xA0..=0xAF, b, 0xED, c @ 0xB0..=0xBF, d, ..] = &bytes[at..] {
            let high = (u32::from(*a) & 0x0F) << 6 | u32::from(*b) & 0x3F;
            let low = (u32::from(*c) & 0x0F) << 6 | u32::from(*d) & 0x3F;
            let point = char::from_u32(0x1_0000 + (high << 10 | low)).unwrap_or('\u{FFFD}');
            out.extend_from_slice(point.encode_utf8(&mut [0; 4]).as_bytes());
            at += 6;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_comes_back_for_every_length() {
        for length in 0..40_u8 {
            let bytes: Vec<u8> = (0..length).map(|b| b.wrapping_mul(37)).collect();
            assert_eq!(from_base64(base64(&bytes).as_bytes()).as_deref(), Some(bytes.as_slice()));
        }
        assert_eq!(base64(b"mptoken:"), "bXB0b2tlbjo=");
        assert_eq!(from_base64(b"{}"), None);
    }

    #[test]
    fn percent_and_forms_come_back() {
        assert_eq!(from_percent(percent("a b+c%é".as_bytes()).as_bytes(), true), "a b+c%é".as_bytes());
        assert_eq!(
            form(b"data=a%2Bb&verbose=1&flag"),
            vec![
                ("data".to_owned(), b"a+b".to_vec()),
                ("verbose".to_owned(), b"1".to_vec()),
                ("flag".to_owned(), Vec::new()),
            ]
        );
    }

    #[test]
    fn a_surrogate_pair_in_cesu8_becomes_one_character() {
        assert_eq!(from_cesu8(&[b'x', 0xED, 0xA0, 0xBD, 0xED, 0xBA, 0x80]), "x\u{1F680}");
    }
}
