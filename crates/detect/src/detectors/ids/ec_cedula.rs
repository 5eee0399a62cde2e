//! Ecuador: the identity card's number (cédula).
//!
//! Finds: ten digits, or `171430710-3`, under a key of national ids.
//! Example: `cedula` = `1714307103`
//! Misses: bare without a key; companies.
//! Source: Registro Civil del Ecuador; a province and Luhn's sum.

use super::sums::{luhn, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "ec_cedula", shapes: &["0000000000", "000000000-0"], passes, chance: 66, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    matches!(two(value, 0), 1..=24 | 30 | 50) && value[2] <= b'6' && luhn(value)
}
