//! Postal addresses, by key and shape.
//!
//! Finds: under a key of addresses (`street`, `shipping_address`, `zip`) a text with a number and a word, two words or more, or a
//! postal code.
//! Not one: `{"address": "home"}`, a URL, an e-mail address (its own detector).
//! Misses: addresses under silent keys, unless they are inside running text (`free_text`).
//! Source: key vocabulary; Universal Postal Union addressing formats.

use weir_event::{Category, Evidence, Likelihood};

use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = text.iter().filter(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
    let spaces = text.iter().filter(|b| **b == b' ').count();
    let strange = text.iter().any(|b| matches!(b, b'@' | b'{' | b'=' | b'<')) || text.windows(3).any(|w| w == b"://");
    let street = letters >= 3 && (digits >= 1 || spaces >= 1) && text.len() <= 300;
    let postal_code = (3..=10).contains(&text.len()) && digits >= 3 && digits + letters + spaces + 1 >= text.len();
    if !strange && (street || postal_code) {
        out.add(Category::ContactAddress, Likelihood::Likely, Evidence::KeyName, 0, text.len());
    }
}
