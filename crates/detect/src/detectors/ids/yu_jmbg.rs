//! Serbia, Bosnia, Montenegro, North Macedonia and Slovenia: the citizen's number (JMBG, EMŠO).
//!
//! Finds: thirteen digits under a key of national ids.
//! Example: `jmbg` = `0101006500006`
//! Misses: without a key: there is no form with separators.
//! Source: Zakon o jedinstvenom matičnom broju građana; check digit modulo 11.

use super::sums::{digit, is_day, number, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "yu_jmbg", shapes: &["0000000000000"], passes, chance: 600, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let check = (11 - weighted(value, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    // Three places of the year: 900 to 999, or 000 to the year that is.
    let year = number(&value[4..7]);
    is_day(two(value, 2), two(value, 0)) && (year >= 850 || year <= 99) && check == digit(value[12])
}
