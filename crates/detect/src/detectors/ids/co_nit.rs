//! Colombia: the tax number (NIT), which for persons is the identity card's with a check digit.
//!
//! Finds: `213.123.432-1`, `213123432-1`; surer under a key of national ids.
//! Example: `nit` = `213.123.432-1`
//! Misses: numbers without their check digit.
//! Source: DIAN, Orden Administrativa 4 of 1989; check digit modulo 11 of primes.

use super::sums::{digit, is_one_digit};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "co_nit",
    shapes: &["000.000.000-0", "000000000-0", "0.000.000.000-0"],
    passes,
    chance: 10,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let (body, check) = value.split_at(value.len() - 1);
    let weights = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43];
    let rest = body.iter().rev().zip(weights).map(|(byte, weight)| digit(*byte) * weight).sum::<u32>() % 11;
    !is_one_digit(body) && (if rest < 2 { rest } else { 11 - rest }) == digit(check[0])
}
