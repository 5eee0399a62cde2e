//! Australia: the business number (ABN), which sole traders have too.
//!
//! Finds: `51 824 753 556`; bare under a key of national ids.
//! Example: `51 824 753 556`, `abn` = `51824753556`
//! Misses: bare without a key.
//! Source: Australian Business Register, "Format of the ABN" (the example is its own); modulo 89.

use super::sums::{digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "au_abn", shapes: &["00 000 000 000", "00000000000"], passes, chance: 99, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    // One is taken from the first digit, which is never a zero.
    let sum = weighted(value, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    digit(value[0]) > 0 && (sum - 10).is_multiple_of(89)
}
