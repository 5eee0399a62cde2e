//! Estonia and Lithuania: the personal code (isikukood, asmens kodas).
//!
//! Finds: eleven digits under a key of national ids.
//! Example: `isikukood` = `36805280109`, `asmens_kodas` = `33309240064`
//! Misses: without a key: there is no form with separators.
//! Source: Estonia's standard EVS 585:2007; Lithuania's law on the population register; two rounds of a sum modulo 11.

use super::sums::{digit, is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "ee_isikukood", shapes: &["00000000000"], passes, chance: 330, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let first = weighted(value, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let second = weighted(value, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
    let check = if first < 10 { first } else { second % 10 };
    matches!(value[0], b'1'..=b'8') && is_day(two(value, 3), two(value, 5)) && check == digit(value[10])
}
