//! Poland: the tax number (NIP).
//!
//! Finds: `856-734-62-15`; bare under a key of national ids.
//! Example: `nip` = `856-734-62-15`
//! Misses: bare without a key.
//! Source: Ustawa o zasadach ewidencji i identyfikacji podatników; check digit modulo 11.

use super::sums::{digit, is_one_digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "pl_nip",
    shapes: &["000-000-00-00", "000-00-00-000", "0000000000"],
    passes,
    chance: 11,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    !is_one_digit(value) && weighted(value, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == digit(value[9])
}
