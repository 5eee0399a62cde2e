//! South Korea: the resident and the foreigner registration number.
//!
//! Finds: `971013-9019902`; bare under a key of national ids.
//! Example: `971013-9019902`, `850505-5123456`, `rrn` = `9710139019902`
//! Misses: bare without a key; numbers given out since October 2020, which have no sum.
//! Source: Resident Registration Act, Enforcement Rule art. 2; check digit modulo 11.

use super::sums::{digit, is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "kr_rrn", shapes: &["000000-0000000", "0000000000000"], passes, chance: 280, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let sum = weighted(value, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    // Foreigners, whose seventh digit is 5 to 8, have two more.
    let offset = if matches!(value[6], b'5'..=b'8') { 13 } else { 11 };
    is_day(two(value, 2), two(value, 4)) && (offset - sum % 11) % 10 == digit(value[12])
}
