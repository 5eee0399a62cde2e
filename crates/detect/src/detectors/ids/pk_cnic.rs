//! Pakistan: the number of the computerised identity card (CNIC).
//!
//! Finds: `34201-0891231-8`, or thirteen digits, under a key of national ids: it has no sum.
//! Example: `cnic` = `34201-0891231-8`
//! Misses: without a key.
//! Source: NADRA, "CNIC": the first digit is the province's, the last one tells the sex.

use weir_event::Category;

use crate::facts::PathFacts;
use crate::shapes::IdNumber;

pub(crate) const ID: IdNumber = IdNumber {
    name: "pk_cnic",
    category: Category::NationalId,
    facts: PathFacts::NATIONAL_ID,
    shapes: &["00000-0000000-0", "0000000000000"],
    passes,
    has_sum: false,
    chance: 2,
};

fn passes(value: &[u8]) -> bool {
    matches!(value[0], b'1'..=b'7') && value[12] != b'0'
}
