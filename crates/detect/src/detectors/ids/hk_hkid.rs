//! Hong Kong: the identity card's number (HKID).
//!
//! Finds: `G123456(A)`, `AB987654(3)`, `G123456A`; surer under a key of national ids.
//! Example: `hkid` = `G123456(A)`, `id_card` = `AB987654(3)`
//! Misses: numbers without a check digit.
//! Source: Immigration Department, Hong Kong; check digit modulo 11 (A stands for ten).

use super::sums::digit;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "hk_hkid",
    shapes: &["A000000(*", "AA000000(*", "A000000*", "AA000000*"],
    passes,
    chance: 11,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let letters = value.iter().take_while(|byte| byte.is_ascii_alphabetic()).count().min(2);
    let letter = |byte: u8| u32::from(byte - b'A') + 10;
    // A single letter has a space before it, which counts as 36.
    let head = if letters == 2 { 9 * letter(value[0]) + 8 * letter(value[1]) } else { 9 * 36 + 8 * letter(value[0]) };
    let body: u32 = value[letters..letters + 6].iter().zip((2..=7).rev()).map(|(b, weight)| digit(*b) * weight).sum();
    let check = match value[letters + 6] {
        b'A' => 10,
        byte @ b'0'..=b'9' => digit(byte),
        _ => return false,
    };
    (head + body + check).is_multiple_of(11)
}
