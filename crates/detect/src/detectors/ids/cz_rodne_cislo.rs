//! Czechia and Slovakia: the birth number (rodné číslo).
//!
//! Finds: `710319/2745`; ten bare digits under a key of national ids.
//! Example: `710319/2745`, `rodne_cislo` = `7103192745`
//! Misses: numbers of nine digits, given out until 1953, which have no sum; bare without a key.
//! Source: zákon 133/2000 Sb. § 13; zákon 301/1995 Z. z.; the whole is a multiple of eleven.

use super::sums::{digit, is_day, number, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "cz_rodne_cislo", shapes: &["000000/0000", "0000000000"], passes, chance: 60, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    // Women have 50 more in the month; 20 more where a day's numbers ran out.
    let month = two(value, 2) % 50;
    let month = if month > 20 { month - 20 } else { month };
    is_day(month, two(value, 4)) && number(&value[..9]) % 11 % 10 == u64::from(digit(value[9]))
}
