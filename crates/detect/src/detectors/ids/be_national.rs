//! Belgium: the number of the national register, and the bis number of those who are not in it.
//!
//! Finds: `85.07.30-033.28`; bare under a key of national ids.
//! Example: `85.07.30-033.28`, `rijksregisternummer` = `85073003328`
//! Misses: bare without a key.
//! Source: Arrêté royal du 3 avril 1984; check modulo 97, with a 2 before numbers of those born since 2000.

use super::sums::{is_day, number, two};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "be_national",
    shapes: &["00.00.00-000.00", "000000-000.00", "000000-000-00", "000000 000 00", "00000000000"],
    passes,
    chance: 400,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    // Bis numbers have 20 or 40 more in the month, and zeros where a date is unknown.
    let (month, day) = (two(value, 2) % 20, two(value, 4));
    let (body, check) = (number(&value[..9]), number(&value[9..]));
    let dated = two(value, 2) <= 52 && (is_day(month, day) || (month == 0 && day <= 31));
    dated && (97 - body % 97 == check || 97 - (2_000_000_000 + body) % 97 == check)
}
