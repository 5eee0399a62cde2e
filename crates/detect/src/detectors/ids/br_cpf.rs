//! Brazil: the register of natural persons (CPF).
//!
//! Finds: `390.533.447-05`; eleven bare digits under a key of national ids.
//! Not one: eleven times the same digit, which passes both sums.
//! Example: `390.533.447-05`, `cpf` = `39053344705`
//! Misses: bare digits without a key.
//! Source: Receita Federal do Brasil, Instrução Normativa RFB 1548/2015; two check digits modulo 11.

use super::sums::{digit, is_one_digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "br_cpf", shapes: &["000.000.000-00", "00000000000"], passes, chance: 100, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let check = |len: usize| {
        let weights = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
        weighted(&value[..len], &weights[10 - len..]) * 10 % 11 % 10 == digit(value[len])
    };
    !is_one_digit(value) && check(9) && check(10)
}
