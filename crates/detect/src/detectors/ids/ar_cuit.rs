//! Argentina: the tax and labour number (CUIT, CUIL).
//!
//! Finds: `20-26756539-3`; bare under a key of national ids.
//! Example: `20-26756539-3`, `cuit` = `20267565393`
//! Misses: bare without a key.
//! Source: AFIP, Resolución General 10/1997; check digit modulo 11.

use super::sums::{digit, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "ar_cuit", shapes: &["00-00000000-0", "00000000000"], passes, chance: 140, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let check = match (11 - weighted(value, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 {
        // Where the rule asks for another prefix, some were given out with a 9 instead.
        10 => 9,
        check => check,
    };
    matches!(two(value, 0), 20 | 23..=27 | 30 | 33 | 34) && check == digit(value[10])
}
