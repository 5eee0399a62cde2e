//! Greece: the tax number (AFM).
//!
//! Finds: nine digits under a key of national ids.
//! Example: `afm` = `094259216`
//! Misses: without a key.
//! Source: Independent Authority for Public Revenue; check digit modulo 11 of powers of two.

use super::sums::{digit, is_one_digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber { name: "gr_afm", shapes: &["000000000"], passes, chance: 10, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let check = weighted(value, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10;
    !is_one_digit(value) && check == digit(value[8])
}
