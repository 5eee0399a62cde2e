//! Greece: the social security number (AMKA).
//!
//! Finds: eleven digits under a key of national ids.
//! Example: `amka` = `01013099997`
//! Misses: without a key: there is no form with separators.
//! Source: law 3655/2008 art. 153; a date and Luhn's sum.

use super::sums::{is_day, luhn, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "gr_amka", shapes: &["00000000000"], passes, chance: 270, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    is_day(two(value, 2), two(value, 0)) && luhn(value)
}
