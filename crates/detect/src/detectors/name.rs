//! Names of persons, by key and shape.
//!
//! Finds: under a key of names (`first_name`, `nachname`, `author`, a bare `name`) up to five words of letters.
//! Not one: values with digits or signs (`Checkout v2`, `btn_primary`), long texts.
//! Misses: names under silent keys; names with digits.
//! Source: key vocabulary.

use weir_event::{Category, Evidence, Likelihood};

use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let fits = (2..=100).contains(&text.len())
        && text
            .iter()
            .all(|b| b.is_ascii_alphabetic() || *b >= 0x80 || matches!(b, b' ' | b'.' | b'-' | b'\'' | b',' | b'+'))
        && text.iter().filter(|b| **b == b' ').count() <= 4
        && text.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    if fits && !leaf.is_number {
        out.add(Category::Name, Likelihood::Likely, Evidence::KeyName, 0, text.len());
    }
}
