//! Spain: the national identity document (DNI), which is the tax number (NIF) of its holder too.
//!
//! Finds: `54362315K`, `54362315-K`, `54.362.315-K`; surer under a key of national ids.
//! Example: `dni` = `54362315K`
//! Misses: the eight digits without their letter.
//! Source: Real Decreto 1553/2005 and Ministerio del Interior, "Cálculo del dígito de control del NIF/NIE".

use super::sums::number;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "es_dni",
    shapes: &["00000000A", "00000000-A", "00.000.000-A", "00.000.000A"],
    passes,
    chance: 26,
    ..NATIONAL_ID
};

/// The letter of each remainder of 23.
pub(super) const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn passes(value: &[u8]) -> bool {
    LETTERS[(number(&value[..8]) % 23) as usize] == value[8] && !value.starts_with(b"00000000")
}
