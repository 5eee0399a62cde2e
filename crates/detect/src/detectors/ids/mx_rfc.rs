//! Mexico: the tax register of persons (RFC).
//!
//! Finds: `GODE561231GR8`.
//! Example: `GODE561231GR8`, `rfc` = `GODE561231GR8`
//! Misses: companies (twelve characters); numbers without the last three; the few whose check character was given out wrong.
//! Source: SAT, Anexo 19 of the Código Fiscal; check character modulo 11.

use super::sums::{is_day, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "mx_rfc", shapes: &["AAAA000000***", "AAAA-000000-***"], passes, chance: 270, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    // The ampersand stands between N and O in the alphabet that counts.
    let count = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'N' => u32::from(byte - b'A') + 10,
        _ => u32::from(byte - b'A') + 11,
    };
    let sum: u32 = value[..12].iter().zip((2..=13).rev()).map(|(byte, weight)| count(*byte) * weight).sum();
    let check = match (11 - sum % 11) % 11 {
        10 => b'A',
        rest => b'0' + rest as u8,
    };
    is_day(two(value, 6), two(value, 8)) && check == value[12]
}
