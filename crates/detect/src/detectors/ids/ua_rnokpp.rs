//! Ukraine: the number of the taxpayers' register (RNOKPP).
//!
//! Finds: ten digits under a key of national ids.
//! Example: `rnokpp` = `2530414071`
//! Misses: without a key: there is no form with separators.
//! Source: Tax Code of Ukraine art. 70; check digit modulo 11.

use super::sums::{digit, is_one_digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "ua_rnokpp", shapes: &["0000000000"], passes, chance: 10, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    // The first weight is minus one, which is ten of eleven.
    let check = weighted(value, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10;
    !is_one_digit(value) && check == digit(value[9])
}
