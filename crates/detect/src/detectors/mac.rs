//! Hardware addresses of network adapters.
//!
//! Finds: `3c:22:fb:0a:91:7e`, `3C-22-FB-0A-91-7E`.
//! Not one: all zero, broadcast, seven or more pairs in a row.
//! Example: `3c:22:fb:0a:91:7e`
//! Misses: `3c22.fb0a.917e` and bare hex, except under a device key.
//! Source: IEEE 802 (EUI-48).

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::{between, equal, first, lower, word_at};
use crate::gate::signal;
use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    if !leaf.may_have(signal::HAS_SEPARATORS) {
        return;
    }
    let mut at = 0;
    while let Some(start) = next_form(text, at) {
        let end = start + BYTES;
        let (pairs, separator) = (&text[start..end], text[start + 2]);
        if !is_mac(pairs, separator) {
            at = start + 1;
            continue;
        }
        at = end;
        let glued = start > 0
            && (text[start - 1].is_ascii_alphanumeric() || text[start - 1] == separator && separator == b'-')
            || text.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == separator);
        let constant = pairs.iter().all(|b| matches!(b, b'0') || *b == separator)
            || pairs.iter().all(|b| matches!(b, b'f' | b'F') || *b == separator);
        if !glued && !constant {
            out.add(Category::DeviceId, Likelihood::Likely, Evidence::Shape, start, end);
            if out.is_full(Category::DeviceId) {
                return;
            }
        }
    }
}

/// How long an address is.
const BYTES: usize = 17;

/// Where an address may begin, at `from` or later: one separator stands behind each of five pairs of bytes, the first two of them digits.
/// It looks at eight places at once.
#[inline]
fn next_form(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at + BYTES <= text.len() {
        let word = |place: usize| word_at(text, at + place);
        let behind_pair = word(2);
        // All that differs, so that one look tells where nothing does.
        let form = |separator: u8| match equal(behind_pair, separator) & equal(word(5), separator) {
            0 => 0,
            _ => {
                let others = (word(5) ^ behind_pair) | (word(8) ^ behind_pair) | (word(11) ^ behind_pair);
                equal(behind_pair, separator) & equal(others | (word(14) ^ behind_pair), 0)
            }
        };
        let mut here = form(b':') | form(b'-');
        if here != 0 {
            here &= hexadecimal(word(0)) & hexadecimal(word(1));
        }
        if here != 0 {
            let start = at + first(here);
            return (start + BYTES <= text.len()).then_some(start);
        }
        at += 8;
    }
    None
}

/// Where hexadecimal digits stand.
#[inline(always)]
fn hexadecimal(word: u64) -> u64 {
    between(word, b'0', b'9') | between(lower(word), b'a', b'f')
}

fn is_mac(text: &[u8], separator: u8) -> bool {
    text.iter().enumerate().all(|(i, b)| if i % 3 == 2 { *b == separator } else { b.is_ascii_hexdigit() })
}
