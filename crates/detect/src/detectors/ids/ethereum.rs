//! Addresses of Ethereum and of the chains that write them the same way.
//!
//! Finds: `0x` and forty hexadecimal digits.
//! Not one: the address of nothing but zeros.
//! Example: `0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed`
//! Misses: names (`ada.eth`). Whether the capitals are those of the checksum is not tested: many write none.
//! Source: Ethereum's documentation of accounts; EIP-55, whose example this is.

use weir_event::Category;

use super::sums::is_one_digit;
use crate::facts::PathFacts;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "ethereum",
    category: Category::Financial,
    facts: PathFacts::FINANCIAL,
    shapes: &["0X****************************************"],
    passes,
    has_sum: false,
    chance: 1_000_000,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    value[0] == b'0' && value[2..].iter().all(u8::is_ascii_hexdigit) && !is_one_digit(&value[2..])
}
