//! South Africa: the identity number.
//!
//! Finds: `750330 5044 08 9`, `750330 5044 089`; bare under a key of national ids.
//! Example: `750330 5044 08 9`, `id_number` = `7503305044089`
//! Misses: bare without a key.
//! Source: Department of Home Affairs, Identification Act 68 of 1997; Luhn's sum.

use super::sums::{is_day, luhn, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "za_id",
    shapes: &["000000 0000 00 0", "000000 0000 000", "000000-0000-000", "0000000000000"],
    passes,
    chance: 900,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    is_day(two(value, 2), two(value, 4)) && matches!(value[10], b'0'..=b'2') && luhn(value)
}
