//! Base64 decoding: standard and URL-safe alphabet, with and without padding, blanks skipped, in one pass.
//!
//! Hand-written because browsers send every event this way once they point at their own host, so it is on the request path, and
//! because SDKs and proxies mix alphabets, padding and line breaks in ways that strict decoders refuse. Four digits become three
//! bytes by four table look-ups; the tables hold each digit's bits in its place and bit 31 for what is no digit.

const BAD: u32 = 1 << 31;

const fn table(shift: u32) -> [u32; 256] {
    let mut table = [BAD; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut i = 0;
    while i < 64 {
        table[alphabet[i] as usize] = (i as u32) << shift;
        i += 1;
    }
    table[b'-' as usize] = 62 << shift;
    table[b'_' as usize] = 63 << shift;
    // A `+` that a form turned into a space. Blanks at the ends are trimmed before.
    table[b' ' as usize] = 62 << shift;
    table
}

static FIRST: [u32; 256] = table(18);
static SECOND: [u32; 256] = table(12);
static THIRD: [u32; 256] = table(6);
static FOURTH: [u32; 256] = table(0);

/// Decodes. `None` where it is no base64.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if memchr::memchr3(b'\r', b'\n', b'\t', text).is_some() {
        let joined: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n' | b'\t')).collect();
        return decode(&joined);
    }
    let end = text.iter().rposition(|b| !matches!(b, b' ' | b'=')).map_or(0, |last| last + 1);
    let text = text.get(..end)?;
    // One digit over says nothing: six bits are no byte. (No digit at all is no base64 either.)
    if end == 0 || end % 4 == 1 {
        return None;
    }
    let (quads, tail) = text.as_chunks::<4>();
    let mut out = vec![0; quads.len() * 3 + tail.len().saturating_sub(1)];
    let (triples, rest) = out.as_chunks_mut::<3>();
    let mut seen = 0;
    for ([a, b, c, d], triple) in quads.iter().zip(triples.iter_mut()) {
        let bits = FIRST[usize::from(*a)] | SECOND[usize::from(*b)] | THIRD[usize::from(*c)] | FOURTH[usize::from(*d)];
        seen |= bits;
        let [_, first, second, third] = bits.to_be_bytes();
        *triple = [first, second, third];
    }
    let bits = tail.iter().zip([&FIRST, &SECOND, &THIRD]).fold(0, |bits, (b, table)| bits | table[usize::from(*b)]);
    for (to, byte) in rest.iter_mut().zip(bits.to_be_bytes().into_iter().skip(1)) {
        *to = byte;
    }
    ((seen | bits) & BAD == 0).then_some(out)
}

/// Encodes with the standard alphabet and padding, for Basic authentication.
pub fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            out.push(if i <= chunk.len() { DIGITS[(bits >> (18 - 6 * i) & 63) as usize] as char } else { '=' });
        }
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    fn decode(text: &str) -> Option<Vec<u8>> {
        super::decode(text.as_bytes())
    }

    /// Any of the forms that SDKs send.
    pub(in crate::body) fn encode(bytes: &[u8], url_safe: bool, padded: bool) -> String {
        let text = super::encode(bytes);
        let text = if url_safe { text.replace('+', "-").replace('/', "_") } else { text };
        if padded { text } else { text.trim_end_matches('=').to_owned() }
    }

    #[test]
    fn known_texts() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(super::encode(bytes.as_bytes()), text, "RFC 4648 section 10");
        }
        assert_eq!(decode("Zm9vYmFy").as_deref(), Some(&b"foobar"[..]));
        assert_eq!(decode("Zm9vYg==").as_deref(), Some(&b"foob"[..]));
        assert_eq!(decode("Zm9vYg").as_deref(), Some(&b"foob"[..]));
        assert_eq!(decode("Zm9v\r\nYmFy\n").as_deref(), Some(&b"foobar"[..]));
        assert_eq!(decode("Z"), None);
        assert_eq!(decode("Zm9v!mFy"), None);
        assert_eq!(decode("===="), None);
        assert_eq!(decode(""), None);
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 1..200), url_safe: bool, padded: bool) {
            prop_assert_eq!(decode(&encode(&bytes, url_safe, padded)), Some(bytes.clone()));
            let spaces = encode(&bytes, false, padded).replace('+', " ");
            if !spaces.ends_with(' ') && padded || !spaces.ends_with(' ') {
                prop_assert_eq!(decode(&spaces), Some(bytes));
            }
        }
    }
}
