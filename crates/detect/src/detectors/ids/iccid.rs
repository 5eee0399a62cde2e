//! Identifiers of SIM cards (ICCID).
//!
//! Finds: nineteen or twenty digits that begin with 89 under a key of devices.
//! Example: `iccid` = `89014103211118510720`
//! Misses: without a key.
//! Source: ITU-T E.118; Luhn's sum.

use weir_event::Category;

use super::sums::luhn;
use crate::facts::PathFacts;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "iccid",
    category: Category::DeviceId,
    facts: PathFacts::DEVICE_ID,
    shapes: &["8900000000000000000", "89000000000000000000"],
    passes,
    chance: 1_000,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    luhn(value)
}
