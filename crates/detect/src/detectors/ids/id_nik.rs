//! Indonesia: the number of the identity card (NIK).
//!
//! Finds: sixteen digits under a key of national ids: a province, and a date of birth in the middle, since it has no sum.
//! Example: `nik` = `3171011708450001`
//! Misses: without a key.
//! Source: Direktorat Jenderal Kependudukan dan Pencatatan Sipil; Law 23 of 2006.

use super::sums::{is_day, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "id_nik", shapes: &["0000000000000000"], passes, has_sum: false, chance: 35, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    // Women's days are 40 higher.
    let day = two(value, 6);
    matches!(two(value, 0), 11..=21 | 31..=36 | 51..=53 | 61..=65 | 71..=76 | 81 | 82 | 91..=97)
        && is_day(two(value, 8), if day > 40 { day - 40 } else { day })
        && !value.ends_with(b"0000")
}
