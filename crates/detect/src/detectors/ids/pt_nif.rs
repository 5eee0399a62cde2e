//! Portugal: the tax number (NIF).
//!
//! Finds: `501 964 843`; nine bare digits under a key of national ids.
//! Example: `nif` = `501964843`
//! Misses: bare without a key.
//! Source: Decreto-Lei 14/2013; Autoridade Tributária; check digit modulo 11.

use super::sums::{digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "pt_nif", shapes: &["000000000", "000 000 000"], passes, chance: 11, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let rest = weighted(value, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    !matches!(value[0], b'0') && (if rest < 2 { 0 } else { 11 - rest }) == digit(value[8])
}
