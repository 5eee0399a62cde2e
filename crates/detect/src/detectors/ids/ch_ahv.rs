//! Switzerland: the social insurance number (AHV, AVS).
//!
//! Finds: `756.9217.0769.85`, also bare: it begins with the country's number.
//! Example: `756.9217.0769.85`, `7569217076985`
//! Misses: the eleven digits of before 2008.
//! Source: Federal Social Insurance Office, "AHV number" (the example is its own); check digit of EAN-13.

use super::sums::{digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "ch_ahv",
    shapes: &["756.0000.0000.00", "756 0000 0000 00", "7560000000000"],
    passes,
    chance: 10_000,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    (weighted(value, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) + digit(value[12])).is_multiple_of(10)
}
