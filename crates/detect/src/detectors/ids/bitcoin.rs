//! Addresses of Bitcoin.
//!
//! Finds: `1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa`, `3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy` and those of segregated witness
//! (`bc1q…`, `bc1p…`); the checksum must be right.
//! Example: `1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2`, `3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy`,
//! `bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4`
//! Misses: addresses of other chains with the same alphabets; the few shorter than 32 characters.
//! Source: Bitcoin's base58check; BIP 173 and BIP 350 (bech32, bech32m), whose examples these are.

use sha2::{Digest, Sha256};
use weir_event::Category;

use crate::facts::PathFacts;
use crate::shapes::{IdNumber, NATIONAL_ID};

pub(crate) const ID: IdNumber = IdNumber {
    name: "bitcoin",
    category: Category::Financial,
    facts: PathFacts::FINANCIAL,
    shapes: &[
        "********************************",
        "*********************************",
        "**********************************",
        "******************************************",
        "**************************************************************",
    ],
    passes,
    case_matters: true,
    has_digest: true,
    chance: 1_000_000,
    ..NATIONAL_ID
};

fn passes(value: &[u8]) -> bool {
    match value {
        [b'1' | b'3', ..] if value.len() < 40 => is_base58(value),
        [b'b' | b'B', b'c' | b'C', b'1', ..] => is_bech32(value),
        _ => false,
    }
}

/// A version, twenty bytes, and four of their double digest.
fn is_base58(value: &[u8]) -> bool {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    const PLACES: [u8; 256] = {
        let mut places = [u8::MAX; 256];
        let mut i = 0;
        while i < ALPHABET.len() {
            places[ALPHABET[i] as usize] = i as u8;
            i += 1;
        }
        places
    };
    // Lowest first; the highest has room for a byte of its own.
    let mut limbs = [0_u32; 7];
    for byte in value {
        let place = PLACES[usize::from(*byte)];
        if place == u8::MAX {
            return false;
        }
        let mut carry = u64::from(place);
        for limb in &mut limbs {
            carry += u64::from(*limb) * 58;
            *limb = carry as u32;
            carry >>= 32;
        }
    }
    let mut bytes = [0_u8; 28];
    for (to, limb) in bytes.chunks_exact_mut(4).zip(limbs.iter().rev()) {
        to.copy_from_slice(&limb.to_be_bytes());
    }
    let Some(bytes) = bytes.strip_prefix(&[0; 3]) else { return false };
    let (body, check) = bytes.split_at(21);
    let version = if value[0] == b'1' { 0 } else { 5 };
    body[0] == version && Sha256::digest(Sha256::digest(body))[..4] == *check
}

/// A checksum of six characters over the prefix and the rest.
fn is_bech32(value: &[u8]) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    const BECH32: u32 = 1;
    const BECH32M: u32 = 0x2bc8_30a3;
    let one_case = !value.iter().any(u8::is_ascii_lowercase) || !value.iter().any(u8::is_ascii_uppercase);
    let mut check = 1;
    let mut add = |value: u32| {
        let top = check >> 25;
        check = (check & 0x01ff_ffff) << 5 ^ value;
        for (bit, generator) in GENERATOR.iter().enumerate() {
            if top >> bit & 1 == 1 {
                check ^= generator;
            }
        }
    };
    // The prefix `bc`, its upper bits first.
    for part in [3, 3, 0, 2, 3] {
        add(part);
    }
    for byte in &value[3..] {
        let Some(place) = ALPHABET.iter().position(|letter| *letter == byte.to_ascii_lowercase()) else { return false };
        add(place as u32);
    }
    one_case && matches!(check, BECH32 | BECH32M)
}
