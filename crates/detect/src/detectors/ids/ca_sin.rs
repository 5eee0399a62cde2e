//! Canada: the social insurance number (SIN).
//!
//! Finds: `046 454 286`, `046-454-286`: sure under a key of national ids, possible without; bare under a key.
//! Not one: a first digit of 8.
//! Example: `sin` = `046 454 286`
//! Misses: bare without a key.
//! Source: Government of Canada, "Social Insurance Number"; Luhn's sum.

use weir_event::Category;

use super::sums::{is_one_digit, luhn};
use crate::facts::PathFacts;
use crate::shapes::IdNumber;

pub(crate) const ID: IdNumber = IdNumber {
    name: "ca_sin",
    category: Category::NationalId,
    facts: PathFacts::NATIONAL_ID,
    shapes: &["000 000 000", "000-000-000", "000000000"],
    passes,
    has_sum: true,
    chance: 11,
};

fn passes(value: &[u8]) -> bool {
    value[0] != b'8' && !is_one_digit(value) && luhn(value)
}
