//! Chile: the tax and identity number (RUT, RUN).
//!
//! Finds: `12.531.909-2`, `12531909-2`; surer under a key of national ids.
//! Example: `rut` = `12.531.909-2`, `rut` = `76086428-5`
//! Misses: the digits without their check digit.
//! Source: Servicio de Impuestos Internos and Registro Civil; check digit modulo 11 (K stands for ten).

use super::sums::digit;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "cl_rut",
    shapes: &["00.000.000-*", "0.000.000-*", "00000000-*", "0000000-*"],
    passes,
    chance: 11,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let (body, check) = value.split_at(value.len() - 1);
    let weights = [2, 3, 4, 5, 6, 7].into_iter().cycle();
    let sum: u32 = body.iter().rev().zip(weights).map(|(byte, weight)| digit(*byte) * weight).sum();
    let wanted = match (11 - sum % 11) % 11 {
        10 => b'K',
        rest => b'0' + rest as u8,
    };
    body.iter().any(|byte| *byte != body[0]) && check[0] == wanted
}
