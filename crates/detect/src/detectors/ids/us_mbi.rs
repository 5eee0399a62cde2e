//! United States: the Medicare beneficiary identifier (MBI).
//!
//! Finds: `1EG4-TE5-MK73`, and without dashes under a key of insurance or of national ids.
//! Not one: numbers with S, L, O, I, B or Z.
//! Example: `1EG4-TE5-MK73`, `insurance_number` = `1EG4TE5MK73`
//! Misses: without dashes and without a key.
//! Source: Centers for Medicare & Medicaid Services, "Understanding the MBI format" (the example is its own).

use weir_event::Category;

use crate::facts::PathFacts;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "us_mbi",
    category: Category::InsuranceId,
    facts: PathFacts::INSURANCE.and(PathFacts::NATIONAL_ID),
    shapes: &["0A*0-A*0-AA00", "0A*0A*0AA00"],
    passes,
    has_sum: false,
    chance: 4,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    value[0] != b'0' && !value.iter().any(|byte| b"SLOIBZ".contains(byte))
}
