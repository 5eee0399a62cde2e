//! India: the permanent account number of the income tax (PAN).
//!
//! Finds: `AAPPV8261K`: it has no public sum, but its fourth letter says that the holder is a person. Surer under a key of national
//! ids: words like `SHOPX1234A` look the same.
//! Example: `pan_number` = `AAPPV8261K`
//! Misses: numbers of companies and trusts.
//! Source: Income Tax Department of India, "Permanent Account Number".

use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "in_pan", shapes: &["AAAAA0000A"], passes, has_sum: false, chance: 15, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    value[3] == b'P' && &value[5..9] != b"0000"
}
