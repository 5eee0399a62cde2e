//! Identifiers of devices, by key.
//!
//! Finds: under a key of devices (`idfa`, `gaid`, `imei`, `mac`, `device_id`) any word of 8 bytes or more with a digit.
//! Not one: the zero id that a device gives when tracking is refused; names of models.
//! Example: `idfa` = `6D92078A-8246-4BA4-AE5B-76104861E7DC`, `meid` = `A10000009296F2`
//! Misses: device ids under silent keys, except hardware addresses (`mac`).
//! Source: Apple `advertisingIdentifier`, Android advertising id, 3GPP TS 23.003 (IMEI).

use weir_event::{Category, Evidence, Likelihood};

use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let word = text.len() >= 8 && text.len() <= 128 && !text.iter().any(u8::is_ascii_whitespace);
    let zero = text.iter().all(|b| matches!(b, b'0' | b'-'));
    if word && !zero && text.iter().any(u8::is_ascii_digit) {
        out.add(Category::DeviceId, Likelihood::Likely, Evidence::KeyName, 0, text.len());
    }
}
