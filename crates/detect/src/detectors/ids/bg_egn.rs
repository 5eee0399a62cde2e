//! Bulgaria: the uniform civil number (EGN).
//!
//! Finds: ten digits under a key of national ids.
//! Example: `egn` = `7523169263`
//! Misses: without a key: there is no form with separators.
//! Source: Ordinance RD-02-20-9 on the civil registration; check digit modulo 11.

use super::sums::{digit, is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "bg_egn", shapes: &["0000000000"], passes, chance: 120, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    // 20 more in the month for the nineteenth century, 40 more for the twenty-first.
    let month = match two(value, 2) {
        month @ 1..=12 => month,
        month @ 21..=32 => month - 20,
        month @ 41..=52 => month - 40,
        _ => return false,
    };
    is_day(month, two(value, 4)) && weighted(value, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == digit(value[9])
}
