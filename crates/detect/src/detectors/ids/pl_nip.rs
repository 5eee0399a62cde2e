//! Poland: the tax number (NIP).
//!
//! Finds: `856-734-62-15`: sure under a key of national ids, possible without; bare under a key.
//! Example: `nip` = `856-734-62-15`
//! Misses: bare without a key.
//! Source: Ustawa o zasadach ewidencji i identyfikacji podatników; check digit modulo 11.

use weir_event::Category;

use super::sums::{digit, is_one_digit, weighted};
use crate::facts::PathFacts;
use crate::shapes::IdNumber;

pub(crate) const ID: IdNumber = IdNumber {
    name: "pl_nip",
    category: Category::NationalId,
    facts: PathFacts::NATIONAL_ID,
    shapes: &["000-000-00-00", "000-00-00-000", "0000000000"],
    passes,
    has_sum: true,
    chance: 11,
};

fn passes(value: &[u8]) -> bool {
    !is_one_digit(value) && weighted(value, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == digit(value[9])
}
