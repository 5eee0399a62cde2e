//! Italy: the tax code (codice fiscale) of persons.
//!
//! Finds: `RCCMNL83S18D969H`, also where letters stand for digits because two persons would share a code (omocodia).
//! Example: `RCCMNL83S18D969H`, `my code is mrtmtt91d08f205j`
//! Misses: the provisional codes of eleven digits.
//! Source: Decreto Ministeriale 23 dicembre 1976; Agenzia delle Entrate.

use super::sums::is_day;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "it_codice_fiscale",
    shapes: &["AAAAAA**A**A***A", "AAA AAA **A** A***A"],
    passes,
    chance: 500,
    ..NATIONAL_ID
};

/// What a letter or digit counts at an odd place, digits as the letters A to J.
const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

fn passes(value: &[u8]) -> bool {
    let month = b"ABCDEHLMPRST".iter().position(|letter| *letter == value[8]);
    let place = |byte: u8| usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
    let plain = |byte: u8| match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        // Omocodia writes 0 to 9 so.
        _ => b"LMNPQRSTUV".iter().position(|letter| *letter == byte).map(|digit| digit as u32),
    };
    let numbers = [6, 7, 9, 10, 12, 13, 14].map(|i| plain(value[i]));
    let (Some(month), [Some(_), Some(_), Some(tens), Some(units), Some(_), Some(_), Some(_)]) = (month, numbers) else {
        return false;
    };
    let day = 10 * tens + units;
    let sum: u32 = value[..15]
        .iter()
        .enumerate()
        .map(|(i, byte)| if i % 2 == 0 { ODD[place(*byte)] } else { place(*byte) as u32 })
        .sum();
    // Women's days are 40 higher.
    is_day(month as u32 + 1, if day > 40 { day - 40 } else { day }) && sum % 26 == u32::from(value[15] - b'A')
}
