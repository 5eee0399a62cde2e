//! Australia: the number of the Medicare card.
//!
//! Finds: `2123 45670 1`; bare under a key of national ids.
//! Example: `medicare_number` = `2123 45670 1`
//! Misses: bare without a key; numbers without the last digit.
//! Source: Services Australia; check digit modulo 10 in the ninth place, as in the METeOR metadata registry 270101.

use super::sums::{digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "au_medicare",
    shapes: &["0000 00000 0", "0000-00000-0", "0000000000"],
    passes,
    chance: 20,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let check = weighted(value, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10;
    matches!(value[0], b'2'..=b'6') && check == digit(value[8]) && value[9] != b'0'
}
