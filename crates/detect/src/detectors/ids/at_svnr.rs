//! Austria: the social insurance number.
//!
//! Finds: `1237 010180`; bare under a key of national ids.
//! Example: `1237 010180`, `svnr` = `1237010180`
//! Misses: bare without a key.
//! Source: § 31 ASVG; Dachverband der Sozialversicherungsträger (the example is its own); modulo 11 in the fourth place.

use super::sums::{digit, is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "at_svnr",
    shapes: &["0000 000000", "0000-000000", "0000000000"],
    passes,
    chance: 270,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let sum = weighted(value, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
    // A month above twelve: the day had run out of numbers.
    let month = two(value, 6);
    value[0] != b'0'
        && is_day(if matches!(month, 13..=15) { 12 } else { month }, two(value, 4))
        && sum % 11 == digit(value[3])
}
