//! United Kingdom: the NHS number of England, Wales and the Isle of Man, and Scotland's CHI number, which has the same sum.
//!
//! Finds: `943 476 5919`; bare under a key of national ids. Without a key it is possible, where it is no North American phone number
//! as well.
//! Example: `nhs_number` = `943 476 5919`, `nhs_number` = `9434765919`
//! Misses: bare without a key.
//! Source: NHS Data Dictionary, "NHS number" (the example is its own); check digit modulo 11.

use super::sums::{digit, is_one_digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "gb_nhs", shapes: &["000 000 0000", "0000000000"], passes, chance: 11, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let check = 11 - weighted(value, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    !is_one_digit(value) && check % 11 == digit(value[9])
}
