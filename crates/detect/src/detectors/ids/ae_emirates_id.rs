//! United Arab Emirates: the number of the Emirates ID.
//!
//! Finds: `784-1968-6570305-0`, also bare: it begins with the country's number.
//! Example: `784-1968-6570305-0`
//! Misses: numbers with spaces.
//! Source: Federal Authority for Identity, Citizenship, Customs & Port Security; ISO 3166 number, year of birth, Luhn's sum.

use super::sums::{luhn, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "ae_emirates_id",
    shapes: &["784-0000-0000000-0", "784000000000000"],
    passes,
    chance: 50_000,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    matches!(two(value, 3), 19 | 20) && luhn(value)
}
