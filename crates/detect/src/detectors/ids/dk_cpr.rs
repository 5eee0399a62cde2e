//! Denmark: the personal identification number (CPR).
//!
//! Finds: `211062-5629` or ten digits under a key of national ids: since 2007 it has no sum, so only the date is tested.
//! Example: `cpr` = `211062-5629`
//! Misses: without a key: numbers of orders begin with dates too.
//! Source: CPR-kontoret, "Personnummeret i CPR" and "Personnumre uden kontrolciffer (modulus 11 kontrol)".

use super::sums::{is_day, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "dk_cpr",
    shapes: &["000000-0000", "0000000000"],
    passes,
    has_sum: false,
    chance: 1,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    is_day(two(value, 2), two(value, 0)) && !value.ends_with(b"0000")
}
