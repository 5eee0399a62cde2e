//! Croatia: the personal identification number (OIB).
//!
//! Finds: eleven digits under a key of national ids.
//! Example: `oib` = `33392005961`
//! Misses: without a key: there is no form with separators.
//! Source: Porezna uprava, Zakon o osobnom identifikacijskom broju; ISO 7064 modulo 11, 10.

use weir_event::Category;

use super::sums::mod_11_10;
use crate::facts::PathFacts;
use crate::shapes::IdNumber;

pub(crate) const ID: IdNumber = IdNumber {
    name: "hr_oib",
    category: Category::NationalId,
    facts: PathFacts::NATIONAL_ID,
    shapes: &["00000000000"],
    passes,
    has_sum: true,
    chance: 10,
};

fn passes(value: &[u8]) -> bool {
    mod_11_10(value)
}
