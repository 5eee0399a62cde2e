//! Secrets that only their randomness gives away.
//!
//! Finds: under a key that says nothing, one token of 20 to 120 bytes with small letters, capitals and digits, as mixed as a
//! generator makes them: nine tenths of the entropy that it can have, and pairs of characters as no words have them. Possible at
//! most, unlikely where the pairs are half like words; under a key of secrets it is `secret_keyed`'s.
//! Not one: UUIDs, digests in hexadecimal, traces, times, names of files and paths, slugs, identifiers of programs, typed ids
//! (`cus_…`), text, images and digests in base64, and whatever stands under a key of ids.
//! Example: `field_7` = `{alnum 40}`, `blob` = `{alnum 28}-{alnum 12}`
//! Misses: secrets without a digit or of one case, secrets of words; inside running text.
//! Source: Shannon, A Mathematical Theory of Communication (1948); the word list of `randomness.rs`.

use weir_event::{Category, Evidence, Likelihood};

use crate::decode::may_be_base64_text;
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};
use crate::randomness::{RANDOM, WORDY, entropy_per_mille, mean_cost};

/// Keys that say as little: `content`, `text`, `label`.
const OF_TEXTS: PathFacts = PathFacts::TEXT.and(PathFacts::LABEL);
/// Keys of ids and of digests.
const OF_IDS: PathFacts = PathFacts::REFERENCE.and(PathFacts::VERSION);

const BYTES_MIN: usize = 20;
const BYTES_MAX: usize = 120;
/// The least part of the entropy that a token can have, in thousandths.
const ENTROPY_MIN: u32 = 900;
/// Random letters and digits have no longer number in them but once in millions.
const NUMBER_BYTES_MAX: usize = 6;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    if text.len() < BYTES_MIN
        || text.len() > BYTES_MAX
        || leaf.is_number
        || !leaf.facts.without(OF_TEXTS).is_silent()
        || leaf.facts.has(OF_IDS)
    {
        return;
    }
    let type_of = type_of(text);
    let token = &text[type_of.map_or(0, |word| word.len() + 1)..];
    if !is_mixed(token) || is_known(text) || has_ending(text) || may_be_base64_text(text) {
        return;
    }
    if entropy_per_mille(text) < ENTROPY_MIN {
        return;
    }
    let likelihood = match mean_cost(text) {
        ..WORDY => return,
        RANDOM.. if type_of.is_none_or(is_of_secrets) => Likelihood::Possible,
        _ => Likelihood::Unlikely,
    };
    if !out.is_explained(0, text.len()) {
        out.add(Category::Secret, likelihood, Evidence::Shape, 0, text.len());
    }
}

/// Whether a token can be a random one by its characters: of two cases and digits, with few separators, no hexadecimal number and no
/// long decimal one.
fn is_mixed(token: &[u8]) -> bool {
    let (mut lower, mut upper, mut digits, mut separators, mut number, mut hex) = (0, 0, 0, 0, 0, true);
    for byte in token {
        number = if byte.is_ascii_digit() { number + 1 } else { 0 };
        if number > NUMBER_BYTES_MAX {
            return false;
        }
        match byte {
            b'0'..=b'9' => digits += 1,
            b'a'..=b'z' => lower += 1,
            b'A'..=b'Z' => upper += 1,
            b'-' | b'_' | b'.' | b'/' | b'+' => separators += 1,
            b'=' | b'~' | b'!' | b'#' | b'$' | b'%' | b'^' | b'*' => {}
            _ => return false,
        }
        hex &= !byte.is_ascii_alphabetic() || byte.is_ascii_hexdigit();
    }
    lower >= 2 && upper >= 2 && digits >= 1 && !hex && separators * 8 <= token.len() + 8
}

/// What begins so is an image, a digest, or a key that is made to be published.
fn is_known(text: &[u8]) -> bool {
    const KNOWN: [&[u8]; 16] = [
        b"iVBORw0KGgo",
        b"/9j/",
        b"R0lGOD",
        b"UklGR",
        b"PHN2Zy",
        b"data:",
        b"sha256-",
        b"sha384-",
        b"sha512-",
        b"W/",
        b"pk_",
        b"pk.",
        b"phc_",
        b"sb_publishable_",
        b"AIza",
        b"blob:",
    ];
    KNOWN.iter().any(|prefix| text.starts_with(prefix))
}

/// `main.8fH3kd9.js`: a dot and two to five letters at the end.
pub(crate) fn has_ending(text: &[u8]) -> bool {
    let ending = text.iter().rev().take_while(|b| b.is_ascii_lowercase()).count();
    (2..=5).contains(&ending) && text[text.len() - ending - 1] == b'.'
}

/// The word of letters in front of a separator: `cus` of `cus_NffrFeUfNV2Hib`.
fn type_of(text: &[u8]) -> Option<&[u8]> {
    let word = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    ((2..=12).contains(&word) && matches!(text[word], b'_' | b'-')).then(|| &text[..word])
}

/// Whether the type is one of secrets and not of ids.
fn is_of_secrets(word: &[u8]) -> bool {
    const WORDS: [&[u8]; 10] = [b"sk", b"rk", b"key", b"secret", b"token", b"tok", b"pat", b"api", b"auth", b"pass"];
    WORDS.iter().any(|other| word.eq_ignore_ascii_case(other))
}
