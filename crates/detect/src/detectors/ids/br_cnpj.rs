//! Brazil: the register of legal entities (CNPJ), which sole traders are in too; also its form with letters of July 2026.
//!
//! Finds: `16.727.230/0001-97`, `12.ABC.345/01DE-35`; fourteen bare digits under a key of national ids.
//! Example: `16.727.230/0001-97`, `12.ABC.345/01DE-35`, `cnpj` = `16727230000197`
//! Misses: bare digits without a key.
//! Source: Receita Federal do Brasil, Instrução Normativa RFB 2229/2024 (a letter counts as its ASCII code less 48).

use super::sums::{digit, is_one_digit};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "br_cnpj", shapes: &["**.***.***/****-00", "00000000000000"], passes, chance: 100, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let check = |len: usize| {
        let weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
        let sum: u32 = value[..len].iter().zip(&weights[13 - len..]).map(|(byte, weight)| digit(*byte) * weight).sum();
        (if sum % 11 < 2 { 0 } else { 11 - sum % 11 }) == digit(value[len])
    };
    !is_one_digit(value) && check(12) && check(13)
}
