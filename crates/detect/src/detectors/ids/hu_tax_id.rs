//! Hungary: the tax number of persons (adóazonosító jel).
//!
//! Finds: ten digits that begin with 8 under a key of national ids.
//! Example: `adoazonosito` = `8071592153`
//! Misses: without a key; the number of the identity card.
//! Source: 1996. évi XX. törvény, annex; check digit modulo 11.

use super::sums::{digit, weighted};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber =
    IdNumber { name: "hu_tax_id", shapes: &["8000000000", "8 000 000 000"], passes, chance: 100, ..NATIONAL_ID };

fn passes(value: &[u8]) -> bool {
    weighted(value, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 == digit(value[9])
}
