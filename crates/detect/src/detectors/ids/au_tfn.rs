//! Australia: the tax file number.
//!
//! Finds: `123 456 782`; bare under a key of national ids.
//! Example: `tfn` = `123 456 782`
//! Misses: bare without a key; old numbers of eight digits.
//! Source: Australian Taxation Office, software developers' "TFN algorithm" (the example is its own); modulo 11.

use super::sums::{is_one_digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "au_tfn",
    shapes: &["000 000 000", "000-000-000", "000000000"],
    passes,
    chance: 11,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    !is_one_digit(value) && weighted(value, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
}
