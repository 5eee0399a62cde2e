//! Identifiers of mobile phones (IMEI).
//!
//! Finds: `35-209900-176148-1`; fifteen bare digits under a key of devices.
//! Example: `imei` = `490154203237518`, `35-209900-176148-1`
//! Misses: bare without a key; with the version of the software in place of the check digit.
//! Source: 3GPP TS 23.003 §6.2, annex B; Luhn's sum.

use weir_event::Category;

use super::sums::{is_one_digit, luhn};
use crate::facts::PathFacts;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "imei",
    category: Category::DeviceId,
    facts: PathFacts::DEVICE_ID,
    shapes: &["000000000000000", "00-000000-000000-0", "00 000000 000000 0"],
    passes,
    chance: 10,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    !is_one_digit(value) && luhn(value)
}
