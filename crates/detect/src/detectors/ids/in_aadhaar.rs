//! India: the Aadhaar number.
//!
//! Finds: `2341 2341 2346`: sure under a key of national ids, possible without; bare under a key.
//! Not one: a first digit of 0 or 1; four groups of four (a card).
//! Example: `aadhaar` = `2341 2341 2346`
//! Misses: bare without a key.
//! Source: UIDAI, "Aadhaar number"; Verhoeff's check digit.

use weir_event::Category;

use super::sums::{is_one_digit, verhoeff};
use crate::facts::PathFacts;
use crate::shapes::IdNumber;

pub(crate) const ID: IdNumber = IdNumber {
    name: "in_aadhaar",
    category: Category::NationalId,
    facts: PathFacts::NATIONAL_ID,
    shapes: &["0000 0000 0000", "0000-0000-0000", "000000000000"],
    passes,
    has_sum: true,
    chance: 12,
};

fn passes(value: &[u8]) -> bool {
    value[0] >= b'2' && !is_one_digit(value) && verhoeff(value)
}
