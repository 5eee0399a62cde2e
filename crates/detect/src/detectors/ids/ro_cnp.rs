//! Romania: the personal numerical code (CNP).
//!
//! Finds: thirteen digits under a key of national ids.
//! Example: `cnp` = `1630615123457`
//! Misses: without a key: there is no form with separators.
//! Source: Legea 105/1996, HG 1375/2006; check digit modulo 11.

use super::sums::{digit, is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "ro_cnp", shapes: &["0000000000000"], passes, chance: 500, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let rest = weighted(value, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    let county = matches!(two(value, 7), 1..=48 | 51 | 52 | 70 | 80..=83);
    value[0] != b'0'
        && is_day(two(value, 3), two(value, 5))
        && county
        && (if rest == 10 { 1 } else { rest }) == digit(value[12])
}
