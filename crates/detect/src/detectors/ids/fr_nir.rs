//! France: the number of the register of natural persons (NIR), known as the social security number.
//!
//! Finds: `2 95 10 99 126 111 93`, with `2A` and `2B` for Corsica; bare under a key of national ids.
//! Example: `2 95 10 99 126 111 93`, `nir` = `295109912611193`
//! Misses: bare without a key; without its two check digits.
//! Source: INSEE, "Numéro d'inscription au répertoire"; décret 82-103; check modulo 97.

use super::sums::{number, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "fr_nir",
    shapes: &[
        "0 00 00 00 000 000 00",
        "0 00 00 0A 000 000 00",
        "0000000000000 00",
        "000000000000000",
        "000000A00000000",
    ],
    passes,
    chance: 210,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let month = two(value, 3);
    if !matches!(value[0], b'1'..=b'4' | b'7' | b'8') || !matches!(month, 1..=12 | 20 | 30..=42 | 50..=99) {
        return false;
    }
    // Corsica's letters stand for what the numbers were before it had two departments.
    let (department, offset) = match (value[5], value[6]) {
        (b'2', b'A') => (19, 0),
        (b'2', b'B') => (18, 0),
        (_, b'0'..=b'9') => (u64::from(two(value, 5)), 0),
        _ => return false,
    };
    let rest = number(&value[7..13]);
    let body = (number(&value[..5]) * 100 + department + offset) * 1_000_000 + rest;
    department > 0 && 97 - body % 97 == number(&value[13..])
}
