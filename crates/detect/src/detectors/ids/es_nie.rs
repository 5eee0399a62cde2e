//! Spain: the identity number of foreigners (NIE).
//!
//! Finds: `X2482300W`, `X-2482300-W`.
//! Example: `X2482300W`, `nie` = `X-2482300-W`
//! Misses: the number without its last letter.
//! Source: Orden INT/2058/2008; Ministerio del Interior, "Cálculo del dígito de control del NIF/NIE" (X, Y, Z count as 0, 1, 2).

use super::es_dni::LETTERS;
use super::sums::number;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "es_nie",
    shapes: &["A0000000A", "A-0000000-A", "A0000000-A", "A-0000000A"],
    passes,
    chance: 225,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let first = match value[0] {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        _ => return false,
    };
    LETTERS[((first * 10_000_000 + number(&value[1..8])) % 23) as usize] == value[8]
}
