//! Greece: the social security number (AMKA).
//!
//! Finds: eleven digits under a key of national ids.
//! Example: `amka` = `01013099997`
//! Misses: without a key: there is no form with separators.
//! Source: law 3655/2008 art. 153; a date and Luhn's sum.

use weir_event::Category;

use super::sums::{is_day, luhn, two};
use crate::facts::PathFacts;
use crate::shapes::IdNumber;

pub(crate) const ID: IdNumber = IdNumber {
    name: "gr_amka",
    category: Category::NationalId,
    facts: PathFacts::NATIONAL_ID,
    shapes: &["00000000000"],
    passes,
    has_sum: true,
    chance: 270,
};

fn passes(value: &[u8]) -> bool {
    is_day(two(value, 2), two(value, 0)) && luhn(value)
}
