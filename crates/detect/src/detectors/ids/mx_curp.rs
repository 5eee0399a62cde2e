//! Mexico: the register of population (CURP).
//!
//! Finds: `BOXW310820HNERXN09`.
//! Example: `BOXW310820HNERXN09`
//! Misses: the first sixteen characters alone.
//! Source: Secretaría de Gobernación, Instructivo normativo para la asignación de la CURP (DOF 18 October 2021).

use super::sums::{digit, is_day, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "mx_curp", shapes: &["AAAA000000AAAAAA*0"], passes, chance: 10_000, ..NATIONAL_ID };

/// Codes of states, and NE of those born abroad.
const STATES: &[u8] = b"ASBCBSCCCLCMCSCHDFDGGTGRHGJCMCMNMSNTNLOCPLQTQRSPSLSRTCTSTLVZYNZSNE";

fn passes(value: &[u8]) -> bool {
    // The Ñ stands between N and O in the alphabet that counts.
    let count = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'N' => u32::from(byte - b'A') + 10,
        _ => u32::from(byte - b'A') + 11,
    };
    let sum: u32 = value[..17].iter().zip((2..=18).rev()).map(|(byte, weight)| count(*byte) * weight).sum();
    matches!(value[10], b'H' | b'M' | b'X')
        && is_day(two(value, 6), two(value, 8))
        && STATES.chunks(2).any(|state| *state == value[11..13])
        && (10 - sum % 10) % 10 == digit(value[17])
}
