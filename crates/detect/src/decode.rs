//! Values in disguise: percent-encoding, JSON escapes and base64, undone within bounds.
//!
//! Every decoder writes at most as many bytes as it reads, so two levels write at most twice the leaf.

use crate::bytes::{find_byte, find_either};

/// Undoes `%41`, and `+` for a space where `form` says so. Whether anything changed.
pub(crate) fn percent(text: &[u8], form: bool, out: &mut Vec<u8>) -> bool {
    out.clear();
    out.reserve(text.len());
    let plus = if form { b'+' } else { b'%' };
    let mut changed = false;
    let mut at = 0;
    while at < text.len() {
        match text[at..] {
            [b'%', high, low, ..] if hex(high) | hex(low) < 16 => {
                out.push(hex(high) << 4 | hex(low));
                at += 3;
                changed = true;
            }
            [b'+', ..] if form => {
                out.push(b' ');
                at += 1;
                changed = true;
            }
            [b'%', ..] => {
                out.push(b'%');
                at += 1;
            }
            _ => {
                let next = find_either(text, at + 1, b'%', plus).unwrap_or(text.len());
                out.extend_from_slice(&text[at..next]);
                at = next;
            }
        }
    }
    changed
}

/// Undoes JSON's `\u0040`, `\/`, `\"` and `\\`; surrogates become `?`, which no detector looks for. Whether anything changed.
pub(crate) fn json_escapes(text: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut changed = false;
    let mut at = 0;
    while at < text.len() {
        let pair = (text[at], text.get(at + 1).copied());
        let (bytes, len): (u32, usize) = match pair {
            (b'\\', Some(c @ (b'/' | b'"' | b'\\'))) => (u32::from(c), 2),
            (b'\\', Some(b'n' | b'r' | b't')) => (u32::from(b' '), 2),
            (b'\\', Some(b'u')) => match text.get(at + 2..at + 6).and_then(hex_word) {
                Some(code) => (code, 6),
                None => (u32::from(b'\\'), 1),
            },
            (b'\\', _) => {
                out.push(b'\\');
                at += 1;
                continue;
            }
            _ => {
                let next = find_byte(text, at + 1, b'\\').unwrap_or(text.len());
                out.extend_from_slice(&text[at..next]);
                at = next;
                continue;
            }
        };
        changed |= len > 1;
        at += len;
        let mut utf8 = [0; 4];
        out.extend_from_slice(char::from_u32(bytes).unwrap_or('?').encode_utf8(&mut utf8).as_bytes());
    }
    changed
}

fn hex_word(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, b| (hex(*b) < 16).then_some(sum << 4 | u32::from(hex(*b))))
}

/// The value of a hexadecimal digit, 255 of what is none.
fn hex(byte: u8) -> u8 {
    static VALUES: [u8; 256] = {
        let mut values = [0xff; 256];
        let mut byte = 0;
        while byte < 256 {
            values[byte] = match byte as u8 {
                digit @ b'0'..=b'9' => digit - b'0',
                letter @ (b'a'..=b'f' | b'A'..=b'F') => (letter | 0x20) - b'a' + 10,
                _ => 0xff,
            };
            byte += 1;
        }
        values
    };
    VALUES[usize::from(byte)]
}

/// The value of a base64 digit, of either alphabet.
const fn sextet(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => 0xff,
    }
}

const SEXTETS: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = sextet(i as u8);
        i += 1;
    }
    table
};

/// Decodes base64 until `out` is full or a byte is none of its digits; how many bytes were written.
pub(crate) fn base64_prefix(text: &[u8], out: &mut [u8]) -> usize {
    let mut len = 0;
    // Four digits are three bytes.
    let (fours, _) = text.as_chunks::<4>();
    let (threes, _) = out.as_chunks_mut::<3>();
    for (four, three) in fours.iter().zip(threes) {
        let [a, b, c, d] = four.map(|byte| u32::from(SEXTETS[usize::from(byte)]));
        if a | b | c | d > 63 {
            break;
        }
        let [_, bytes @ ..] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
        *three = bytes;
        len += 3;
    }
    let (mut bits, mut have) = (0_u32, 0);
    for byte in &text[len / 3 * 4..] {
        let value = SEXTETS[usize::from(*byte)];
        if value == 0xff || len == out.len() {
            break;
        }
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            out[len] = (bits >> have) as u8;
            len += 1;
        }
    }
    len
}

/// The shortest run of base64 digits that is tried: 12 bytes of text.
pub(crate) const BASE64_BYTES_MIN: usize = 16;

/// Whether `byte` is a digit of base64.
pub(crate) fn is_base64(byte: u8) -> bool {
    SEXTETS[usize::from(byte)] != 0xff
}

/// Whether the first 12 bytes of a run of base64 digits are text; random ones are once in 150,000.
pub(crate) fn may_be_base64_text(run: &[u8]) -> bool {
    let Some(run) = run.first_chunk::<BASE64_BYTES_MIN>() else { return false };
    // Two in five random runs end here: the first byte is none that text begins with.
    let (one, two) = (SEXTETS[usize::from(run[0])], SEXTETS[usize::from(run[1])]);
    if !begins_as_text(one << 2 | two >> 4 & 3) {
        return false;
    }
    // Of the others most end here: behind ASCII stands a control or a byte that goes on with a character, or the other way round.
    let next = two << 4 | SEXTETS[usize::from(run[2])] >> 2 & 15;
    let fits = match one < 32 {
        true => is_text(next) || matches!(next, 0xc2..=0xf4),
        false => matches!(next, 0x80..=0xbf),
    };
    if !fits {
        return false;
    }
    let (mut head, mut wrong) = ([0; 12], 0);
    for (four, three) in run.chunks_exact(4).zip(head.chunks_exact_mut(3)) {
        let value = |i: usize| SEXTETS[usize::from(four[i])];
        wrong |= value(0) | value(1) | value(2) | value(3);
        let bits = u32::from(value(0) & 63) << 18
            | u32::from(value(1) & 63) << 12
            | u32::from(value(2) & 63) << 6
            | u32::from(value(3) & 63);
        three.copy_from_slice(&bits.to_be_bytes()[1..]);
    }
    // Only what is no digit has the highest bits.
    if wrong > 63 {
        return false;
    }
    head.iter().fold(true, |all, b| all & is_text(*b)) || begins_as_text(head[0]) && is_text_of_any_script(&head)
}

/// Whether a text of any script can begin with this byte.
fn begins_as_text(byte: u8) -> bool {
    is_text(byte) || matches!(byte, 0xc2..=0xf4)
}

/// UTF-8 without controls, the last character cut or not.
fn is_text_of_any_script(head: &[u8; 12]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => head.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return false,
    };
    head[..whole].iter().all(|b| is_text(*b) || *b >= 0x80)
}

/// Decodes a run of base64 digits into `out`; whether nearly all of it is text.
pub(crate) fn base64_text(run: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.resize(run.len() / 4 * 3 + 3, 0);
    let len = base64_prefix(run, out);
    out.truncate(len);
    out.iter().filter(|b| is_text(**b) || **b >= 0x80).count() * 10 >= out.len() * 9
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_disguise_comes_off() {
        let mut out = Vec::new();
        assert!(percent(b"ada%40example.com%2", false, &mut out));
        assert_eq!(out, b"ada@example.com%2");
        assert!(!percent(b"100% sure", false, &mut out));
        assert!(json_escapes(br#"ada\u0040example.com \"\ud83d"#, &mut out));
        assert_eq!(out, b"ada@example.com \"?");
        assert!(base64_text(b"YWRhQGV4YW1wbGUuY29t", &mut out));
        assert_eq!(out, b"ada@example.com");
        assert!(!may_be_base64_text(b"da39a3ee5e6b4b0d3255bfef95601890afd80709"));
        assert!(may_be_base64_text(b"YWRhQGV4YW1wbGUuY29t"));
    }
}
