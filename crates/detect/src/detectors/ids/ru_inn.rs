//! Russia: the tax number of persons (INN), of twelve digits.
//!
//! Finds: twelve digits under a key of national ids.
//! Example: `inn` = `500100732259`
//! Misses: without a key: there is no form with separators; the ten digits of companies.
//! Source: Federal Tax Service order MMV-7-6/435@; two check digits modulo 11.

use super::sums::{digit, is_one_digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "ru_inn", shapes: &["000000000000"], passes, chance: 120, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    !is_one_digit(value)
        && weighted(value, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == digit(value[10])
        && weighted(value, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == digit(value[11])
}
