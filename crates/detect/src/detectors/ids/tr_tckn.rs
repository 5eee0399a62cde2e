//! Turkey: the identification number (T.C. Kimlik No).
//!
//! Finds: eleven digits under a key of national ids.
//! Example: `tckn` = `17291716060`
//! Misses: without a key: there is no form with separators.
//! Source: Nüfus ve Vatandaşlık İşleri; Nüfus Hizmetleri Kanunu 5490 art. 46; two check digits.

use super::sums::digit;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "tr_tckn", shapes: &["00000000000"], passes, chance: 110, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let sum = |first: usize, last: usize| value[first..last].iter().step_by(2).map(|b| digit(*b)).sum::<u32>();
    let (odd, even) = (sum(0, 9), sum(1, 8));
    let tenth = digit(value[9]);
    value[0] != b'0' && (7 * odd + 100 - even) % 10 == tenth && (odd + even + tenth) % 10 == digit(value[10])
}
