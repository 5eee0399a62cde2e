//! Latvia: the personal code (personas kods) that begins with a date.
//!
//! Finds: `161175-19997`; bare under a key of national ids.
//! Example: `161175-19997`, `personas_kods` = `16117519997`
//! Misses: bare without a key; the codes from 32 on, given out since 2017, which have no public sum.
//! Source: Office of Citizenship and Migration Affairs; check digit modulo 11.

use super::sums::{digit, is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "lv_personas_kods", shapes: &["000000-00000", "00000000000"], passes, chance: 900, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let check = (1 + weighted(value, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10;
    is_day(two(value, 2), two(value, 0)) && matches!(value[6], b'0'..=b'2') && check == digit(value[10])
}
