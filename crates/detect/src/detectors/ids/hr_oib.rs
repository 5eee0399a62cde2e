//! Croatia: the personal identification number (OIB).
//!
//! Finds: eleven digits under a key of national ids.
//! Example: `oib` = `33392005961`
//! Misses: without a key: there is no form with separators.
//! Source: Porezna uprava, Zakon o osobnom identifikacijskom broju; ISO 7064 modulo 11, 10.

use super::sums::mod_11_10;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "hr_oib", shapes: &["00000000000"], passes, chance: 10, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    mod_11_10(value)
}
