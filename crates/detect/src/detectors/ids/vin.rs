//! Vehicle identification numbers (VIN) with a check digit, as all of North America and China have it.
//!
//! Finds: `1HGCM82633A004352`, `1M8GDM9AXKP042788`.
//! Not one: numbers with I, O or Q, or whose last four places are no digits; small letters without a key.
//! Example: `1HGCM82633A004352`, `vin` = `1M8GDM9AXKP042788`
//! Misses: without a key those of Europe, which have no check digit.
//! Source: ISO 3779; 49 CFR 565.15 (its example is the second); check digit modulo 11 in the ninth place.

use weir_event::Category;

use crate::facts::PathFacts;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "vin",
    category: Category::VehicleRegistration,
    facts: PathFacts::VEHICLE,
    shapes: &["*************0000"],
    passes,
    case_matters: true,
    chance: 8_000,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let count = |byte: u8| match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'H' => Some(u32::from(byte - b'A') + 1),
        b'J'..=b'N' => Some(u32::from(byte - b'J') + 1),
        b'P' => Some(7),
        b'R' => Some(9),
        b'S'..=b'Z' => Some(u32::from(byte - b'S') + 2),
        _ => None,
    };
    let mut sum = 0;
    for (byte, weight) in value.iter().zip([8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]) {
        let Some(own) = count(*byte) else { return false };
        sum += own * weight;
    }
    // Seventeen digits are a time of the day.
    let letters = value.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    letters > 0 && if sum % 11 == 10 { value[8] == b'X' } else { u32::from(value[8]) == sum % 11 + u32::from(b'0') }
}
