//! United States: the routing number of a bank (ABA), on cheques and for transfers.
//!
//! Finds: nine digits under a key of bank accounts.
//! Example: `routing_number` = `021000021`, `aba_number` = `111000025`
//! Misses: without a key: nine digits with one check digit are too often chance.
//! Source: American Bankers Association, routing number policy; check digit modulo 10; prefixes of the Federal Reserve.

use weir_event::Category;

use super::sums::{two, weighted};
use crate::facts::PathFacts;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "us_aba",
    category: Category::BankAccount,
    facts: PathFacts::BANK,
    shapes: &["000000000", "0000-0000-0"],
    passes,
    chance: 17,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let prefix = two(value, 0);
    matches!(prefix, 1..=12 | 21..=32 | 61..=72 | 80)
        && weighted(value, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}
