//! Base64 decoding in place: standard and URL-safe alphabet, with and without padding, blanks skipped, in one pass.
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

/// Decodes at the front of `bytes` and returns the decoded length; the rest is rubbish. `None` where it is no base64; then
/// `bytes` may be changed only if it held a line break.
pub fn decode_in_place(bytes: &mut Vec<u8>) -> Option<usize> {
    let is_blank = |b: &u8| matches!(b, b'\r' | b'\n' | b'\t');
    if bytes.iter().any(is_blank) {
        bytes.retain(|b| !is_blank(b));
    }
    let end = bytes.iter().rposition(|b| !matches!(b, b' ' | b'=')).map_or(0, |last| last + 1);
    if end == 0 || end % 4 == 1 || !is_base64(&bytes[..end]) {
        return None;
    }
    let whole = end / 4 * 4;
    let mut write = 0;
    for read in (0..whole).step_by(4) {
        let quad = bytes.get(read..read + 4)?;
        let bits = FIRST[usize::from(quad[0])]
            | SECOND[usize::from(quad[1])]
            | THIRD[usize::from(quad[2])]
            | FOURTH[usize::from(quad[3])];
        let [_, a, b, c] = bits.to_be_bytes();
        bytes.get_mut(write..write + 3)?.copy_from_slice(&[a, b, c]);
        write += 3;
    }
    let tail = match *bytes.get(whole..end)? {
        [a, b] => Some(([FIRST[usize::from(a)] | SECOND[usize::from(b)], 0], 1)),
        [a, b, c] => Some(([FIRST[usize::from(a)] | SECOND[usize::from(b)] | THIRD[usize::from(c)], 0], 2)),
        _ => None,
    };
    if let Some(([bits, _], count)) = tail {
        let [_, a, b, _] = bits.to_be_bytes();
        for byte in [a, b].into_iter().take(count) {
            *bytes.get_mut(write)? = byte;
            write += 1;
        }
    }
    Some(write)
}

/// Whether every byte is a digit. A pass of its own, so that what is no base64 stays whole.
fn is_base64(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |seen, b| seen | FOURTH[usize::from(*b)]) & BAD == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(text: &str) -> Option<Vec<u8>> {
        let mut bytes = text.as_bytes().to_vec();
        let len = decode_in_place(&mut bytes)?;
        bytes.truncate(len);
        Some(bytes)
    }

    /// The plain way, for comparison.
    pub(crate) fn encode(bytes: &[u8], url_safe: bool, padded: bool) -> String {
        let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').collect();
        let digit = |n: u32| match (n, url_safe) {
            (62, false) => '+',
            (63, false) => '/',
            (62, true) => '-',
            (63, true) => '_',
            (n, _) => alphabet[n as usize],
        };
        let mut out = String::new();
        for chunk in bytes.chunks(3) {
            let bits = chunk.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
            for i in 0..=chunk.len() {
                out.push(digit(bits >> (18 - 6 * i) & 63));
            }
            if padded {
                (chunk.len()..3).for_each(|_| out.push('='));
            }
        }
        out
    }

    #[test]
    fn known_texts() {
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
