//! The Netherlands: the citizen service number (BSN).
//!
//! Finds: `1112.22.333`; nine bare digits under a key of national ids.
//! Example: `bsn` = `111222333`
//! Misses: nine digits without a key; numbers of eight digits.
//! Source: Wet algemene bepalingen burgerservicenummer; the eleven test of RvIG.

use super::sums::{digit, is_one_digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "nl_bsn",
    shapes: &["000000000", "0000.00.000", "000 000 000"],
    passes,
    chance: 11,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    !is_one_digit(value) && weighted(value, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == digit(value[8])
}
