//! Canada: the social insurance number (SIN).
//!
//! Finds: `046 454 286`, `046-454-286`; bare under a key of national ids.
//! Not one: a first digit of 8.
//! Example: `sin` = `046 454 286`
//! Misses: bare without a key.
//! Source: Government of Canada, "Social Insurance Number"; Luhn's sum.

use super::sums::{is_one_digit, luhn};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "ca_sin",
    shapes: &["000 000 000", "000-000-000", "000000000"],
    passes,
    chance: 11,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    value[0] != b'8' && !is_one_digit(value) && luhn(value)
}
