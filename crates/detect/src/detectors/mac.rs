//! Hardware addresses of network adapters.
//!
//! Finds: `3c:22:fb:0a:91:7e`, `3C-22-FB-0A-91-7E`.
//! Not one: all zero, broadcast, seven or more pairs in a row.
//! Example: `3c:22:fb:0a:91:7e`
//! Misses: `3c22.fb0a.917e` and bare hex, except under a device key.
//! Source: IEEE 802 (EUI-48).

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::find_either;
use crate::gate::signal;
use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    if !leaf.may_have(signal::HAS_SEPARATORS) {
        return;
    }
    let mut at = 0;
    while let Some(first) = find_either(text, at + 2, b':', b'-') {
        at = first - 2;
        let Some(pairs) = text.get(at..at + 17) else { return };
        let separator = text[first];
        if !is_mac(pairs, separator) {
            at += 1;
            continue;
        }
        let (start, end) = (at, at + 17);
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

fn is_mac(text: &[u8], separator: u8) -> bool {
    text.iter().enumerate().all(|(i, b)| if i % 3 == 2 { *b == separator } else { b.is_ascii_hexdigit() })
}
