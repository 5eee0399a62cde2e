//! India: the Aadhaar number.
//!
//! Finds: `2341 2341 2346`; bare under a key of national ids.
//! Not one: a first digit of 0 or 1; four groups of four (a card).
//! Example: `aadhaar` = `2341 2341 2346`
//! Misses: bare without a key.
//! Source: UIDAI, "Aadhaar number"; Verhoeff's check digit.

use super::sums::{is_one_digit, verhoeff};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "in_aadhaar",
    shapes: &["0000 0000 0000", "0000-0000-0000", "000000000000"],
    passes,
    chance: 12,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    value[0] >= b'2' && !is_one_digit(value) && verhoeff(value)
}
