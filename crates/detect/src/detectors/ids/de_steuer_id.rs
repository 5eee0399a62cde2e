//! Germany: the tax identification number (Steuer-Identifikationsnummer).
//!
//! Finds: `36 574 261 809`; bare under a key of national ids. Of the first ten digits one stands there twice or three times, the
//! others once at most.
//! Example: `36 574 261 809`, `steuer_id` = `36574261809`
//! Misses: bare without a key.
//! Source: § 139b AO, § 1 StIdV; Bundeszentralamt für Steuern; ISO 7064 modulo 11, 10.

use super::sums::{digit, mod_11_10};
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "de_steuer_id",
    shapes: &["00 000 000 000", "00000000000", "00/000/000/000"],
    passes,
    chance: 260,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    let mut counts = [0; 10];
    for byte in &value[..10] {
        counts[digit(*byte) as usize] += 1;
    }
    let repeated = counts.iter().filter(|count| **count > 1).count();
    let most = counts.iter().max().copied().unwrap_or(0);
    value[0] != b'0' && repeated == 1 && most <= 3 && mod_11_10(value)
}
