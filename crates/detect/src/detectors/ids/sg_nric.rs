//! Singapore: the numbers of identity cards (NRIC) and of foreigners (FIN).
//!
//! Finds: `S1234567D`, `T1234567J`, `F1234567N`, `G1234567X`, `M1234567K`.
//! Example: `S1234567D`, `nric` = `F1234567N`
//! Misses: masked ones (`****567D`).
//! Source: Immigration & Checkpoints Authority; the check letters as published by Ngiam Shih Tung; the M series of 2022.

use super::sums::weighted;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "sg_nric", shapes: &["A0000000A"], passes, chance: 135, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let (offset, letters) = match value[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    let sum = offset + weighted(&value[1..8], &[2, 7, 6, 5, 4, 3, 2]);
    letters[sum as usize % 11] == value[8]
}
