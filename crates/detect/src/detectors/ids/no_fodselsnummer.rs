//! Norway: the birth number and the D number.
//!
//! Finds: `151086 95088`; bare under a key of national ids.
//! Example: `151086 95088`, `fodselsnummer` = `15108695088`
//! Misses: bare without a key; numbers of 2032 and later, whose first check digit has more values.
//! Source: Skatteetaten, "Fødselsnummer"; forskrift om folkeregistrering § 2-2; two check digits modulo 11.

use super::sums::{digit, is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "no_fodselsnummer",
    shapes: &["000000 00000", "000000-00000", "00000000000"],
    passes,
    chance: 560,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    // D numbers have 40 more in the day, H numbers and those of tests 40 or 80 more in the month.
    let (day, month) = (two(value, 0) % 40, two(value, 2) % 40);
    let check = |sum: u32| (11 - sum % 11) % 11;
    two(value, 0) <= 71
        && is_day(month, day)
        && check(weighted(&value[..9], &[3, 7, 6, 1, 8, 9, 4, 5, 2])) == digit(value[9])
        && check(weighted(&value[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) == digit(value[10])
}
