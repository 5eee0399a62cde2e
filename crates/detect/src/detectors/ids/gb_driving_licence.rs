//! United Kingdom: the number of a driving licence.
//!
//! Finds: `MORGA657054SM9IJ`: five letters of the name (9 where there are none), the date of birth, initials.
//! Example: `MORGA657054SM9IJ`, `driving_licence_number` = `MORGA657054SM9IJ`
//! Misses: licences of Northern Ireland, which are eight digits; with the two digits of the issue behind.
//! Source: DVLA, "Driving licence number" (INF28); the example is of its leaflet.

use weir_event::Category;

use super::sums::{is_day, two};
use crate::facts::PathFacts;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "gb_driving_licence",
    category: Category::DriversLicense,
    facts: PathFacts::LICENSE,
    shapes: &["*****000000***AA"],
    passes,
    has_sum: false,
    chance: 30,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let name = &value[..5];
    let letters = name.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let initials = &value[11..13];
    // Women have fifty more in the month, which stands before the day.
    let month = two(value, 6);
    letters > 0
        && name[letters..].iter().all(|byte| *byte == b'9')
        && initials.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'9')
        && is_day(if month > 50 { month - 50 } else { month }, two(value, 8))
}
