//! Dates of birth, by key and shape.
//!
//! Finds: under a key of birth dates anything with four digits or more that is a date, a year or a time: `1987-04-12`, `12.4.1987`,
//! `April 12, 1987`, `545184000`.
//! Not one: `true`, ages (`37`), texts without a number.
//! Misses: dates under silent keys: a date alone says nothing.
//! Source: key vocabulary.

use weir_event::{Category, Evidence, Likelihood};

use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let digits = leaf.text.iter().filter(|b| b.is_ascii_digit()).count();
    if digits >= 4 && leaf.text.len() <= 40 {
        out.add(Category::DateOfBirth, Likelihood::Likely, Evidence::KeyName, 0, leaf.text.len());
    }
}
