//! Pakistan: the number of the computerised identity card (CNIC).
//!
//! Finds: `34201-0891231-8`, or thirteen digits, under a key of national ids: it has no sum.
//! Example: `cnic` = `34201-0891231-8`
//! Misses: without a key.
//! Source: NADRA, "CNIC": the first digit is the province's, the last one tells the sex.

use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "pk_cnic",
    shapes: &["00000-0000000-0", "0000000000000"],
    passes,
    has_sum: false,
    chance: 2,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    matches!(value[0], b'1'..=b'7') && value[12] != b'0'
}
