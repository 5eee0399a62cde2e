//! Poland: the number of the register of residents (PESEL).
//!
//! Finds: eleven digits under a key of national ids.
//! Example: `pesel` = `44051401359`
//! Misses: without a key: there is no form with separators.
//! Source: Ustawa o ewidencji ludności; Ministerstwo Cyfryzacji, "Czym jest numer PESEL".

use super::sums::{digit, is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "pl_pesel", shapes: &["00000000000"], passes, chance: 50, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    // The century stands in the month: 80 for 18xx, 20 for 20xx, and on.
    let dated = is_day(two(value, 2) % 20, two(value, 4));
    dated && (weighted(value, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) + digit(value[10])).is_multiple_of(10)
}
