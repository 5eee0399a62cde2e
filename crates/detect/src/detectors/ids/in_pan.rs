//! India: the permanent account number of the income tax (PAN).
//!
//! Finds: `AAPPV8261K` under a key of national ids: it has no public sum, only the letter of the kind of holder.
//! Example: `tax_id` = `AAPPV8261K`
//! Misses: without a key, where product codes look the same.
//! Source: Income Tax Department of India, "Permanent Account Number".

use weir_event::Category;

use crate::facts::PathFacts;
use crate::shapes::IdNumber;

pub(crate) const ID: IdNumber = IdNumber {
    name: "in_pan",
    category: Category::NationalId,
    facts: PathFacts::NATIONAL_ID,
    shapes: &["AAAAA0000A"],
    passes,
    has_sum: false,
    chance: 2,
};

fn passes(value: &[u8]) -> bool {
    matches!(value[3], b'A' | b'B' | b'C' | b'F' | b'G' | b'H' | b'J' | b'L' | b'P' | b'T') && &value[5..9] != b"0000"
}
