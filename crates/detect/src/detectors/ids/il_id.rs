//! Israel: the identity number (Mispar Zehut).
//!
//! Finds: `03933742-3`; nine bare digits under a key of national ids.
//! Example: `teudat_zehut` = `03933742-3`
//! Misses: bare without a key; numbers written without their leading zeros.
//! Source: Population and Immigration Authority; Luhn's sum over nine digits.

use super::sums::{is_one_digit, luhn};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "il_id", shapes: &["000000000", "00000000-0"], passes, chance: 10, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    !is_one_digit(value) && luhn(value)
}
