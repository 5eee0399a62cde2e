//! China: the resident identity card's number, of eighteen places.
//!
//! Finds: `11010519491231002X`, also where all places are digits.
//! Example: `11010519491231002X`, `440308199901101512`
//! Misses: the fifteen digits of before 1999.
//! Source: GB 11643-1999 (the first example is its own); ISO 7064 modulo 11, 2.

use super::sums::{digit, is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "cn_resident_id", shapes: &["00000000000000000*"], passes, chance: 20_000, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let region = matches!(two(value, 0), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83);
    let sum = weighted(&value[..17], &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let check = match value[17] {
        b'X' => 10,
        byte @ b'0'..=b'9' => digit(byte),
        _ => return false,
    };
    region && matches!(two(value, 6), 19 | 20) && is_day(two(value, 10), two(value, 12)) && (sum + check) % 11 == 1
}
