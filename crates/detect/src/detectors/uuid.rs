//! UUIDs: ids of someone or something, by their form alone.
//!
//! Finds: 32 hexadecimal digits in the usual groups, alone, in text, in URLs and in JSON, in capitals too.
//! Not one: one whose digits go on; the nil UUID. Under a key of devices or cookies it is that id.
//! Example: `550e8400-e29b-41d4-a716-446655440000`
//! Misses: UUIDs without their dashes, or in braces of another form.
//! Source: RFC 9562.

use std::ops::Range;

use weir_event::{Category, Evidence, Likelihood};

use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

/// Keys that say better what the id is of.
const BETTER: PathFacts = PathFacts::DEVICE_ID.and(PathFacts::COOKIE_ID);

pub(crate) fn find(leaf: &Leaf<'_>, place: Range<usize>, out: &mut Output<'_>) {
    let text = leaf.text;
    let goes_on = place.start > 0 && matches!(text[place.start - 1], b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-')
        || text.get(place.end).is_some_and(u8::is_ascii_alphanumeric);
    let nil = text[place.clone()].iter().all(|b| matches!(b, b'0' | b'-'));
    if !goes_on && !nil && !leaf.facts.has(BETTER) {
        out.add(Category::UniqueId, Likelihood::Likely, Evidence::Shape, place.start, place.end);
    }
}
