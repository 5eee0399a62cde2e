//! Russia: the number of the pension insurance (SNILS).
//!
//! Finds: `112-233-445 95`; bare under a key of national ids.
//! Example: `112-233-445 95`, `snils` = `11223344595`
//! Misses: bare without a key; numbers up to 001-001-998, which have no sum.
//! Source: Federal law 27-FZ; Pension Fund order 318p (the example is its own); modulo 101.

use super::sums::{number, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "ru_snils",
    shapes: &["000-000-000 00", "000-000-000-00", "000 000 000 00", "00000000000"],
    passes,
    chance: 100,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let sum = weighted(&value[..9], &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101;
    number(&value[..9]) > 1_001_998 && u64::from(sum % 100) == number(&value[9..])
}
