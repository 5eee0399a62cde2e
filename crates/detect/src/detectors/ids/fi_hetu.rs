//! Finland: the personal identity code (HETU).
//!
//! Finds: `131052-308T`, `131052A308T`, with the signs of century of 2023.
//! Example: `131052-308T`, `131052A308T`
//! Misses: those born before 1900 (`+`).
//! Source: Digital and Population Data Services Agency, "The personal identity code" (the first example is its own).

use super::sums::{is_day, number, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "fi_hetu", shapes: &["000000-000*", "000000A000*"], passes, chance: 800, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    let (date, rest) = value.split_at(6);
    let rest = match rest {
        [b'A'..=b'F' | b'U'..=b'Y', rest @ ..] if value.len() == 11 => rest,
        rest if value.len() == 10 => rest,
        _ => return false,
    };
    let remainder = (number(date) * 1_000 + number(&rest[..3])) % 31;
    is_day(two(date, 2), two(date, 0))
        && number(&rest[..3]) >= 2
        && b"0123456789ABCDEFHJKLMNPRSTUVWXY"[remainder as usize] == rest[3]
}
