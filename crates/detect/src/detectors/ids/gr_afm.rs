//! Greece: the tax number (AFM).
//!
//! Finds: nine digits under a key of national ids.
//! Example: `afm` = `094259216`
//! Misses: without a key.
//! Source: Independent Authority for Public Revenue; check digit modulo 11 of powers of two.

use weir_event::Category;

use super::sums::{digit, is_one_digit, weighted};
use crate::facts::PathFacts;
use crate::shapes::IdNumber;

pub(crate) const ID: IdNumber = IdNumber {
    name: "gr_afm",
    category: Category::NationalId,
    facts: PathFacts::NATIONAL_ID,
    shapes: &["000000000"],
    passes,
    has_sum: true,
    chance: 10,
};

fn passes(value: &[u8]) -> bool {
    let check = weighted(value, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10;
    !is_one_digit(value) && check == digit(value[8])
}
