//! Thailand: the identity card's number.
//!
//! Finds: `1-1018-01234-56-1`; bare under a key of national ids.
//! Example: `national_id` = `1-2345-45678-78-1`, `citizen_id` = `1234545678781`
//! Misses: bare without a key.
//! Source: Department of Provincial Administration; check digit modulo 11.

use super::sums::{digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "th_national_id",
    shapes: &["0-0000-00000-00-0", "0 0000 00000 00 0", "0000000000000"],
    passes,
    chance: 12,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let sum = weighted(value, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    matches!(value[0], b'1'..=b'8') && (11 - sum % 11) % 10 == digit(value[12])
}
