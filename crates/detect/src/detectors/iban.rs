//! International bank account numbers.
//!
//! Finds: `DE89370400440532013000`, `GB29 NWBK 6016 1331 9268 19`, with dashes, in lower case too, and in capitals with a space behind
//! the country where the text begins with it (`NO 93 8601 1117 947`). The country's length and the mod-97 sum must agree. Under a key
//! of accounts also six to thirty digits of a national number or a sort code.
//! Not one: a number whose sum is wrong, or whose letters or digits go on.
//! Example: `DE89370400440532013000`, `GB29 NWBK 6016 1331 9268 19`, `account_number` = `532013000`, `sort_code` = `20-00-00`
//! Misses: countries that are not in the registry; national account numbers under silent keys.
//! Source: ISO 13616, SWIFT IBAN registry (release 101), ISO 7064 mod 97-10.

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::{BLOCK_BYTES, Block, Blocks};
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

const BYTES_MAX: usize = 34;
const IBAN_BYTES_MIN: usize = 15;

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    let mut blocks = leaf.blocks();
    let mut from = 0;
    // `NO 93 8601 1117 947`: a space behind the country, where the text begins with it.
    if text.get(2) == Some(&b' ')
        && let Some(end) = iban_at(text, 0)
        && is_written_large(&text[..end])
    {
        out.add(Category::BankAccount, Likelihood::Likely, Evidence::Checksum, 0, end);
        from = end;
    }
    while let Some(at) = next_head(&mut blocks, from) {
        if at + IBAN_BYTES_MIN > text.len() {
            break;
        }
        from = at + 1;
        let Some(end) = iban_at(text, at) else { continue };
        let likelihood = if leaf.facts.has(PathFacts::REFERENCE) { Likelihood::Likely } else { Likelihood::VeryLikely };
        out.add(Category::BankAccount, likelihood, Evidence::Checksum, at, end);
        if out.is_full(Category::BankAccount) {
            return;
        }
        from = end;
    }
    if leaf.facts.has(PathFacts::BANK) && !out.has(Category::BankAccount, Likelihood::Possible) && is_national(text) {
        out.add(Category::BankAccount, leaf.facts.sure(Likelihood::Likely), Evidence::KeyName, 0, text.len());
    }
}

/// The next place, at `from` or later, where a word begins with two letters and two digits; where they would be of the next block,
/// they need not be.
fn next_head(blocks: &mut Blocks<'_>, from: usize) -> Option<usize> {
    let heads = |block: Block, carry: u64| {
        let starts = block.letters & !(block.words() << 1 | carry);
        starts & (block.letters >> 1 | 1 << 63) & (block.digits >> 2 | 3 << 62) & (block.digits >> 3 | 7 << 61)
    };
    let mut at = from;
    loop {
        let carry = blocks.carry(at);
        let here = heads(blocks.around(at), carry) >> (at % BLOCK_BYTES);
        if here != 0 {
            return Some(at + here.trailing_zeros() as usize);
        }
        at = (at / BLOCK_BYTES + 1) * BLOCK_BYTES;
        if at >= blocks.len() {
            return None;
        }
    }
}

/// A national account number, a sort code, or an IBAN with a slip: digits, at most six letters, and what parts groups.
fn is_national(text: &[u8]) -> bool {
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = text.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let groups = text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'/' | b'.'));
    (6..=30).contains(&digits) && letters <= 6 && groups
}

/// Capitals, and more digits than these: `So 3162412811210 it goes on` is a sentence whose sum is right by chance.
fn is_written_large(text: &[u8]) -> bool {
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    let capitals = text.iter().filter(|b| b.is_ascii_uppercase()).count();
    digits > capitals && !text.iter().any(u8::is_ascii_lowercase)
}

/// The end of the IBAN that begins at `start`.
fn iban_at(text: &[u8], start: usize) -> Option<usize> {
    let (head, [two, three, four]) = (text.get(start..start + 2)?, *text.get(start + 2..)?.first_chunk()?);
    let [first, second] = if two == b' ' { [three, four] } else { [two, three] };
    if !head.iter().all(u8::is_ascii_alphabetic) || !first.is_ascii_digit() || !second.is_ascii_digit() {
        return None;
    }
    let len = usize::from(LENGTH_OF[place_of(head[0], head[1])]);
    if len == 0 {
        return None;
    }
    let mut values = [0; BYTES_MAX];
    let (mut at, mut count, mut is_behind_value) = (start, 0, false);
    while count < len {
        let value = VALUES[usize::from(*text.get(at)?)];
        if value < GAP {
            values[count] = value;
            count += 1;
        } else if value > GAP || !is_behind_value {
            return None;
        }
        is_behind_value = value < GAP;
        at += 1;
    }
    if text.get(at).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let (head, body) = values[..len].split_at(4);
    let sum = body.iter().chain(head).fold(0_u64, |sum, value| {
        // Not after each, as it is dear.
        let sum = if sum < u64::MAX / 200 { sum } else { sum % 97 };
        sum * if *value < 10 { 10 } else { 100 } + u64::from(*value)
    });
    (sum % 97 == 1).then_some(at)
}

/// What parts groups.
const GAP: u8 = 36;

/// The value of a letter, of either case, or a digit; [`GAP`], or more for what is neither.
static VALUES: [u8; 256] = {
    let mut values = [0xff; 256];
    let mut byte = 0;
    while byte < 256 {
        values[byte] = match byte as u8 {
            digit @ b'0'..=b'9' => digit - b'0',
            letter @ (b'A'..=b'Z' | b'a'..=b'z') => letter.to_ascii_uppercase() - b'A' + 10,
            b' ' | b'-' | b'.' | b'+' => GAP,
            _ => 0xff,
        };
        byte += 1;
    }
    values
};

/// Two letters, of either case, to one of 1,024 places.
const fn place_of(first: u8, second: u8) -> usize {
    ((first & 31) as usize) << 5 | (second & 31) as usize
}

/// [`LENGTHS`] by the place of the country; 0 where there is none.
static LENGTH_OF: [u8; 1_024] = {
    let mut table = [0; 1_024];
    let mut i = 0;
    while i < LENGTHS.len() {
        let (country, len) = LENGTHS[i];
        table[place_of(country[0], country[1])] = len as u8;
        i += 1;
    }
    table
};

#[rustfmt::skip]
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24), (b"AE", 23), (b"AL", 28), (b"AT", 20), (b"AZ", 28), (b"BA", 20), (b"BE", 16), (b"BG", 22), (b"BH", 22), (b"BI", 27),
    (b"BR", 29), (b"BY", 28), (b"CH", 21), (b"CR", 22), (b"CY", 28), (b"CZ", 24), (b"DE", 22), (b"DJ", 27), (b"DK", 18), (b"DO", 28),
    (b"EE", 20), (b"EG", 29), (b"ES", 24), (b"FI", 18), (b"FK", 18), (b"FO", 18), (b"FR", 27), (b"GB", 22), (b"GE", 22), (b"GI", 23),
    (b"GL", 18), (b"GR", 27), (b"GT", 28), (b"HN", 28), (b"HR", 21), (b"HU", 28), (b"IE", 22), (b"IL", 23), (b"IQ", 23), (b"IS", 26),
    (b"IT", 27), (b"JO", 30), (b"KW", 30), (b"KZ", 20), (b"LB", 28), (b"LC", 32), (b"LI", 21), (b"LT", 20), (b"LU", 20), (b"LV", 21),
    (b"LY", 25), (b"MC", 27), (b"MD", 24), (b"ME", 22), (b"MK", 19), (b"MN", 20), (b"MR", 27), (b"MT", 31), (b"MU", 30), (b"NI", 28),
    (b"NL", 18), (b"NO", 15), (b"OM", 23), (b"PK", 24), (b"PL", 28), (b"PS", 29), (b"PT", 25), (b"QA", 29), (b"RO", 24), (b"RS", 22),
    (b"RU", 33), (b"SA", 24), (b"SC", 31), (b"SD", 18), (b"SE", 24), (b"SI", 19), (b"SK", 24), (b"SM", 27), (b"SO", 23), (b"ST", 25),
    (b"SV", 28), (b"TL", 23), (b"TN", 24), (b"TR", 26), (b"UA", 29), (b"VA", 22), (b"VG", 24), (b"XK", 20), (b"YE", 30),
];
