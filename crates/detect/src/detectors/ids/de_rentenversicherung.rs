//! Germany: the number of the pension insurance (Versicherungsnummer), which is the social security number.
//!
//! Finds: `15 070649 C 103`, `15070649C103`.
//! Example: `15 070649 C 103`, `65170839J003`
//! Misses: the number without its check digit.
//! Source: § 147 SGB VI, VKVV § 2 (the example is Deutsche Rentenversicherung's own).

use super::sums::{digit, is_day, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "de_rentenversicherung",
    shapes: &["00000000A000", "00 000000 A 000", "00 000000 A000"],
    passes,
    chance: 130,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let (day, month) = (two(value, 2), two(value, 4));
    let letter = u32::from(value[8] - b'A') + 1;
    let mut digits = [0; 12];
    for (to, byte) in digits.iter_mut().zip(&value[..8]) {
        *to = digit(*byte);
    }
    (digits[8], digits[9]) = (letter / 10, letter % 10);
    (digits[10], digits[11]) = (digit(value[9]), digit(value[10]));
    let weights = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
    let cross = |product: u32| product / 10 + product % 10;
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| cross(digit * weight)).sum();
    // Where a day would give too many numbers, 32 is added to it.
    is_day(month, if day > 32 { day - 32 } else { day }) && sum % 10 == digit(value[11])
}
