//! New Zealand: the number of the Inland Revenue (IRD).
//!
//! Finds: `49-091-850`, `136-410-132`; bare under a key of national ids.
//! Example: `ird` = `49-091-850`, `ird_number` = `136410132`
//! Misses: bare without a key.
//! Source: Inland Revenue, "Resident withholding tax and non-resident withholding tax: specification", IRD number validation
//! (the examples are its own); modulo 11 with a second set of weights.

use super::sums::{digit, number, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "nz_ird",
    shapes: &["00-000-000", "000-000-000", "00 000 000", "000 000 000", "00000000", "000000000"],
    passes,
    chance: 11,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    // Eight digits have a zero in front of the weights.
    let (body, check) = value.split_at(value.len() - 1);
    let skip = 8 - body.len();
    let rest = |weights: &[u32; 8]| (11 - weighted(body, &weights[skip..]) % 11) % 11;
    let first = rest(&[3, 2, 7, 6, 5, 4, 3, 2]);
    let last = if first == 10 { rest(&[7, 4, 3, 2, 5, 2, 7, 6]) } else { first };
    (10_000_000..150_000_000).contains(&number(value)) && last == digit(check[0])
}
