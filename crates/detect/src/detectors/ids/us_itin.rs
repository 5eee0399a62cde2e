//! United States: the individual taxpayer identification number (ITIN).
//!
//! Finds: `912-90-3456`; bare under a key of national ids.
//! Not one: groups outside 50 to 65, 70 to 88, 90 to 92 and 94 to 99.
//! Example: `itin` = `912-90-3456`
//! Misses: bare without a key.
//! Source: IRS, Internal Revenue Manual 3.21.263.

use super::sums::two;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "us_itin",
    shapes: &["000-00-0000", "000000000"],
    passes,
    has_sum: false,
    chance: 22,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    value[0] == b'9' && matches!(two(value, 3), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}
