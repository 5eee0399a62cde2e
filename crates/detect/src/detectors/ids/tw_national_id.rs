//! Taiwan: the identity card's number, and the residence certificate's of 2021.
//!
//! Finds: `A123456789`; surer under a key of national ids.
//! Example: `national_id` = `A123456789`, `national_id` = `A800000014`
//! Misses: residence certificates of before 2021, with two letters.
//! Source: Ministry of the Interior, Department of Household Registration; check digit modulo 10.

use super::sums::{digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "tw_national_id", shapes: &["A000000000"], passes, chance: 25, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    /// A to Z count from ten on in this order.
    const ORDER: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some(place) = ORDER.iter().position(|letter| *letter == value[0]) else { return false };
    let place = place as u32 + 10;
    let sum = place / 10 + place % 10 * 9 + weighted(&value[1..9], &[8, 7, 6, 5, 4, 3, 2, 1]) + digit(value[9]);
    matches!(value[1], b'1' | b'2' | b'8' | b'9') && sum.is_multiple_of(10)
}
