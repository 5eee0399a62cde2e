//! Malaysia: the identity card's number (MyKad).
//!
//! Finds: `770305-02-1234`, possible without a key: it has no sum, only a date and a place; bare under a key of national ids.
//! Example: `mykad` = `770305-02-1234`
//! Misses: bare without a key.
//! Source: Jabatan Pendaftaran Negara, codes of places of birth.

use super::sums::{is_day, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "my_nric",
    shapes: &["000000-00-0000", "000000000000"],
    passes,
    has_sum: false,
    chance: 30,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let place = !matches!(two(value, 6), 0 | 17..=20 | 69 | 70 | 73 | 80 | 81 | 94..=97);
    place && is_day(two(value, 2), two(value, 4))
}
