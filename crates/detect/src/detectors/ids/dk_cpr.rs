//! Denmark: the personal identification number (CPR) with its check digit.
//!
//! Finds: `070761-4285`; bare under a key of national ids.
//! Example: `070761-4285`, `cpr` = `0707614285`
//! Misses: bare without a key; numbers given out since 2007 without a check digit, which a key's name alone gives away.
//! Source: CPR-kontoret, "Personnummeret i CPR" and "Personnumre uden kontrolciffer (modulus 11 kontrol)".

use super::sums::{is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "dk_cpr", shapes: &["000000-0000", "0000000000"], passes, chance: 300, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    is_day(two(value, 2), two(value, 0)) && weighted(value, &[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}
