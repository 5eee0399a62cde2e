//! Iceland: the identification number (kennitala).
//!
//! Finds: `120174-3399`; bare under a key of national ids.
//! Example: `120174-3399`, `kennitala` = `1201743399`
//! Misses: bare without a key; numbers given out since 2026 without a sum.
//! Source: Þjóðskrá (Registers Iceland); check digit modulo 11.

use super::sums::{digit, is_day, two, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "is_kennitala", shapes: &["000000-0000", "0000000000"], passes, chance: 480, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    // Companies have 40 more in the day.
    let day = two(value, 0);
    let check = (11 - weighted(value, &[3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    is_day(two(value, 2), if day > 40 { day - 40 } else { day })
        && matches!(value[9], b'0' | b'8' | b'9')
        && check == digit(value[8])
}
