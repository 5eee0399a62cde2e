//! Ireland: the personal public service number (PPS).
//!
//! Finds: `6433435F`, `6433435OA`; surer under a key of national ids.
//! Example: `ppsn` = `6433435F`, `pps_number` = `6433435OA`
//! Misses: numbers with a space inside.
//! Source: Department of Social Protection, "PPS Number"; check letter modulo 23.

use super::sums::weighted;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "ie_pps", shapes: &["0000000A", "0000000AA"], passes, chance: 26, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let second = match value.get(8) {
        None | Some(b'W') => 0,
        Some(letter @ b'A'..=b'I') => u32::from(letter - b'A') + 1,
        _ => return false,
    };
    let sum = weighted(&value[..7], &[8, 7, 6, 5, 4, 3, 2]) + 9 * second;
    b"WABCDEFGHIJKLMNOPQRSTUV"[sum as usize % 23] == value[7]
}
