//! United Kingdom: the national insurance number.
//!
//! Finds: `AB 12 34 56 C`, `AB123456C`: it has no sum, only letters that are
//! never used.
//! Not one: prefixes with D, F, I, Q, U, V, an O in second place, BG, GB, KN, NK, NT, TN, ZZ; a last letter after D.
//! Example: `nino` = `AB 12 34 56 C`
//! Misses: numbers without the last letter.
//! Source: HMRC, National Insurance Manual NIM39110.

use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "gb_nino",
    shapes: &["AA000000A", "AA 00 00 00 A", "AA 000000 A", "AA-00-00-00-A"],
    passes,
    has_sum: false,
    chance: 11,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let never = |byte: u8| matches!(byte, b'D' | b'F' | b'I' | b'Q' | b'U' | b'V');
    let unused: [&[u8]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    !never(value[0])
        && !never(value[1])
        && value[1] != b'O'
        && !unused.contains(&&value[..2])
        && matches!(value[8], b'A'..=b'D')
}
