//! Uruguay: the identity card's number (cédula de identidad).
//!
//! Finds: `1.234.567-2`; surer under a key of national ids.
//! Example: `cedula` = `1.234.567-2`
//! Misses: bare digits without a key.
//! Source: Dirección Nacional de Identificación Civil; check digit modulo 10.

use super::sums::{digit, is_one_digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber { name: "uy_ci", shapes: &["0.000.000-0"], passes, chance: 10, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    !is_one_digit(value) && (10 - weighted(value, &[2, 9, 8, 7, 6, 3, 4]) % 10) % 10 == digit(value[7])
}
