//! Sweden: the personal identity number and the co-ordination number.
//!
//! Finds: `880320-0016`, `19880320-0016`; bare under a key of national ids.
//! Example: `880320-0016`, `personnummer` = `8803200016`
//! Misses: bare without a key.
//! Source: Skatteverket, SKV 704; Folkbokföringslag 1991:481 § 18; Luhn's sum over ten digits.

use super::sums::{is_day, luhn, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "se_personnummer",
    shapes: &["000000-0000", "00000000-0000", "0000000000", "000000000000"],
    passes,
    chance: 135,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let (century, value) = value.split_at(value.len() - 10);
    // Co-ordination numbers have 60 more in the day.
    let day = two(value, 4);
    let centuries = [b"".as_slice(), b"18", b"19", b"20"];
    centuries.contains(&century) && is_day(two(value, 2), if day > 60 { day - 60 } else { day }) && luhn(value)
}
