//! Japan: the individual number ("My Number").
//!
//! Finds: `1234 5678 9018`; twelve bare digits under a key of national ids.
//! Example: `my_number` = `123456789018`
//! Misses: bare without a key.
//! Source: Order of the Ministry of Internal Affairs 85 of 2014, art. 5; check digit modulo 11.

use super::sums::{digit, is_one_digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "jp_my_number",
    shapes: &["000000000000", "0000 0000 0000", "0000-0000-0000"],
    passes,
    chance: 11,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let rest = weighted(value, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    !is_one_digit(value) && (if rest < 2 { 0 } else { 11 - rest }) == digit(value[11])
}
