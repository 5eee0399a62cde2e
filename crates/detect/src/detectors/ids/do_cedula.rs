//! Dominican Republic: the identity card's number (cédula).
//!
//! Finds: `001-1391820-5`; bare under a key of national ids.
//! Example: `cedula` = `001-1391820-5`
//! Misses: bare without a key; the few that were given out with a wrong digit.
//! Source: Junta Central Electoral; Luhn's sum.

use super::sums::{is_one_digit, luhn};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "do_cedula", shapes: &["000-0000000-0", "00000000000"], passes, chance: 10, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    !is_one_digit(value) && luhn(value)
}
