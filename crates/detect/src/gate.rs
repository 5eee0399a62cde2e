//! Tier 1: one pass over the bytes of a leaf that counts classes of characters; most leaves end here.
//!
//! Eight 8-bit counters ride in one `u64`: each byte's class is looked up in a table of 256 and added. A block of 255 bytes
//! cannot overflow a lane; between blocks the lanes are moved to wider counters. Only where the eighth says that a sign is there that
//! matters, a second pass says which signs the text has, so that no detector looks for those that it has not.

use crate::detectors::anchored;

const DIGIT: usize = 0;
const UPPER: usize = 1;
const DOT: usize = 2;
const COLON: usize = 3;
const SPACE: usize = 4;
const HIGH: usize = 5;
const DASH: usize = 6;
/// Signs that are told apart: `@`, `~` and what hints at a value inside the value.
const CODED: usize = 7;
const LANES: usize = 8;

/// The class of a byte: one in its lane, or nothing.
static CLASSES: [u64; 256] = {
    let mut classes = [0_u64; 256];
    let mut byte = 0;
    while byte < 256 {
        let lane = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => UPPER,
            b'.' => DOT,
            b':' => COLON,
            b' ' | b'+' => SPACE,
            b'-' => DASH,
            0x80.. => HIGH,
            other if sign(other) & !signal::HAS_COMMON != 0 => CODED,
            _ => LANES,
        };
        classes[byte] = if lane < LANES { 1 << (8 * lane) } else { 0 };
        byte += 1;
    }
    classes
};

/// The sign of a byte, as the highest eight bits of a set of signals.
static SIGNS: [u8; 256] = {
    let mut signs = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        signs[byte] = (sign(byte as u8) >> 24) as u8;
        byte += 1;
    }
    signs
};

const fn sign(byte: u8) -> u32 {
    match byte {
        b'@' => signal::HAS_AT,
        b'%' => signal::HAS_PERCENT,
        b'=' => signal::HAS_EQUALS,
        b'\\' => signal::HAS_BACKSLASH,
        b'{' | b'[' | b'"' | b'<' => signal::HAS_OPEN,
        b'/' => signal::HAS_SLASH,
        b',' | b';' => signal::HAS_COMMA,
        b'~' => signal::HAS_TILDE,
        _ => 0,
    }
}

/// What a text may hold, by its counts: a set of bits that detectors name in `wants`.
pub(crate) mod signal {
    /// An `@`.
    pub(crate) const AT: u32 = 1;
    /// Enough digits for a number that means someone, or for a dotted address.
    pub(crate) const DIGITS: u32 = 1 << 1;
    /// Enough colons for an address.
    pub(crate) const COLONS: u32 = 1 << 2;
    /// Long enough, and mixed enough, for a credential.
    pub(crate) const MIXED: u32 = 1 << 3;
    /// Long enough, and spaced enough, for running text.
    pub(crate) const WORDS: u32 = 1 << 4;
    /// A value inside the value.
    pub(crate) const STRUCTURE: u32 = 1 << 5;
    /// Letters and digits of an account number.
    pub(crate) const ACCOUNT: u32 = 1 << 7;
    /// Two numbers with decimals.
    pub(crate) const DECIMALS: u32 = 1 << 8;
    /// Capitals enough for text in base64.
    pub(crate) const BASE64: u32 = 1 << 9;
    /// Digits, or digits and capitals, enough for a number with a shape.
    pub(crate) const SHAPES: u32 = 1 << 10;
    /// Capitals, spaces and letters of a name.
    pub(crate) const NAME: u32 = 1 << 20;
    /// Letters and a number of an address.
    pub(crate) const STREET: u32 = 1 << 21;
    /// Running text with numbers in it, as a stack trace has.
    pub(crate) const FRAMES: u32 = 1 << 22;
    /// Mixed enough for a credential, and with something beside it that may give it a name.
    pub(crate) const ASSIGNED: u32 = 1 << 11;
    /// Not of the counts: the text begins as a path below a home folder may.
    pub(crate) const HOME: u32 = 1 << 15;
    /// What the first fifteen detectors ask for.
    pub(crate) const OF_FIRST: u32 =
        AT | DIGITS | COLONS | MIXED | STRUCTURE | ACCOUNT | BASE64 | NUMBER | PLAIN | SIGNS;
    /// A number of 12 digits or more, and nothing else.
    pub(crate) const NUMBER: u32 = 1 << 6;

    /// Not of the counts: the whole text is an identifier by its form.
    pub(crate) const PLAIN: u32 = 1 << 23;

    // Signs: what the text holds at all. They ask for no detector; a detector looks only for what is there. Those of a text hold for
    // every part of it too: what is in none of it is in no part.

    /// Four dashes, as a UUID has.
    pub(crate) const HAS_DASHES: u32 = 1 << 16;
    /// Five dashes and colons, as an adapter's address has.
    pub(crate) const HAS_SEPARATORS: u32 = 1 << 17;
    /// A space or a plus.
    pub(crate) const HAS_SPACE: u32 = 1 << 18;
    /// `@`
    pub(crate) const HAS_AT: u32 = 1 << 24;
    /// `%`
    pub(crate) const HAS_PERCENT: u32 = 1 << 25;
    /// `=`
    pub(crate) const HAS_EQUALS: u32 = 1 << 26;
    /// `\`
    pub(crate) const HAS_BACKSLASH: u32 = 1 << 27;
    /// `{`, `[`, `<` or `"`
    pub(crate) const HAS_OPEN: u32 = 1 << 28;
    /// `/`
    pub(crate) const HAS_SLASH: u32 = 1 << 29;
    /// `,` or `;`
    pub(crate) const HAS_COMMA: u32 = 1 << 30;
    /// `~`
    pub(crate) const HAS_TILDE: u32 = 1 << 31;
    /// What hints at a value inside the value.
    pub(crate) const HAS_STRUCTURE: u32 = HAS_PERCENT | HAS_EQUALS | HAS_BACKSLASH | HAS_OPEN;
    /// What is said of every text that has none of the others: to look for them is cheaper than to ask each text.
    pub(crate) const HAS_COMMON: u32 = HAS_SLASH | HAS_COMMA;
    /// All signs: those of single bytes are the highest eight bits.
    pub(crate) const SIGNS: u32 = 0xff00_0000 | HAS_DASHES | HAS_SEPARATORS | HAS_SPACE;
}

/// What the counts of a text hint at, with its signs; nothing but signs for a clean one.
#[inline(always)]
pub(crate) fn signals(text: &[u8]) -> u32 {
    if text.len() > BLOCK_BYTES {
        return signals_of_long(text);
    }
    let sum = count(text);
    let lane = |lane: usize| (sum >> (8 * lane)) as u32 & 0xff;
    let digits_and_capitals = lane(DIGIT) + lane(UPPER);
    // Small letters with a capital, a digit or two, and short versions, as most names of plans, buttons, pages and states are: nothing
    // below holds.
    let few = digits_and_capitals < 4
        || (text.len() < 16 && digits_and_capitals < 10 && lane(DIGIT) < 6 && (lane(DIGIT) < 4 || lane(DOT) < 3));
    const LOUD: u64 = 0xff << (8 * SPACE) | 0xff << (8 * HIGH) | 0xff << (8 * CODED);
    // Two colons, or four dashes.
    const MANY: u64 = 0xfe << (8 * COLON) | 0xfc << (8 * DASH);
    if few && sum & (LOUD | MANY) == 0 {
        // A credential may be of small letters but for one: what it begins with is looked at, as its counts say nothing.
        let may_be_one = text.len() >= 16 && digits_and_capitals > 0 && anchored::begins(text);
        return signal::HAS_COMMON | if may_be_one { signal::MIXED } else { 0 };
    }
    // Digits alone: no word, no account, no address.
    if lane(DIGIT) as usize == text.len() {
        return match text.len() {
            ..6 => 0,
            6..12 => signal::SHAPES,
            12.. => signal::SHAPES | signal::NUMBER,
        };
    }
    let signs = if lane(CODED) == 0 { signal::HAS_COMMON } else { signs(text) };
    Counts { lanes: std::array::from_fn(lane), len: text.len() as u32, signs }.signals()
}

/// The signs of single bytes that a text has.
#[inline]
fn signs(text: &[u8]) -> u32 {
    let (fours, rest) = text.as_chunks::<4>();
    let sign = |byte: u8| SIGNS[usize::from(byte)];
    let any = fours.iter().fold(0, |any, [a, b, c, d]| any | sign(*a) | sign(*b) | sign(*c) | sign(*d));
    u32::from(rest.iter().fold(any, |any, byte| any | sign(*byte))) << 24
}

/// No lane overflows in so many bytes.
const BLOCK_BYTES: usize = 255;

/// The sum of the classes of at most [`BLOCK_BYTES`] bytes.
#[inline(always)]
fn count(block: &[u8]) -> u64 {
    let class = |byte: u8| CLASSES[usize::from(byte)];
    let (fours, rest) = block.as_chunks::<4>();
    // Two sums of every second byte do not wait for each other.
    let mut sums = [0_u64; 2];
    for [a, b, c, d] in fours {
        sums[0] = sums[0].wrapping_add(class(*a)).wrapping_add(class(*c));
        sums[1] = sums[1].wrapping_add(class(*b)).wrapping_add(class(*d));
    }
    // The last four hold the rest, without a branch that nobody can foretell: zero bytes are of no class.
    let [a, b, c, _] = match block.last_chunk::<4>() {
        Some(last) => (u64::from(u32::from_le_bytes(*last)) >> (32 - 8 * rest.len())) as u32,
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)),
    }
    .to_le_bytes();
    sums[0].wrapping_add(sums[1]).wrapping_add(class(a)).wrapping_add(class(b)).wrapping_add(class(c))
}

#[inline(never)]
fn signals_of_long(text: &[u8]) -> u32 {
    let mut counts = Counts { lanes: [0; LANES], len: text.len().min(u32::MAX as usize) as u32, signs: signs(text) };
    for block in text.chunks(BLOCK_BYTES) {
        let sum = count(block);
        for (i, lane) in counts.lanes.iter_mut().enumerate() {
            *lane = lane.saturating_add((sum >> (8 * i)) as u32 & 0xff);
        }
    }
    counts.signals()
}

/// How many bytes of each class a text has.
struct Counts {
    lanes: [u32; LANES],
    len: u32,
    signs: u32,
}

impl Counts {
    #[inline(always)]
    fn signals(&self) -> u32 {
        let c = &self.lanes;
        let has = |sign: u32| self.signs & sign != 0;
        let mut signals = self.signs;
        signals |= if c[DASH] >= 4 { signal::HAS_DASHES } else { 0 };
        signals |= if c[SPACE] > 0 { signal::HAS_SPACE } else { 0 };
        signals |= if c[DASH] + c[COLON] >= 5 { signal::HAS_SEPARATORS } else { 0 };
        signals |= if has(signal::HAS_AT) { signal::AT } else { 0 };
        signals |= if c[DIGIT] >= 7 || (c[DOT] >= 3 && c[DIGIT] >= 4) { signal::DIGITS } else { 0 };
        signals |= if c[DIGIT] >= 6 || (c[DIGIT] > 0 && c[DIGIT] + c[UPPER] >= 10) { signal::SHAPES } else { 0 };
        signals |= if c[COLON] >= 2 && self.len >= 7 { signal::COLONS } else { 0 };
        if self.len >= 16 && c[DIGIT] + c[UPPER] >= 4 {
            let is_named = c[SPACE] + c[COLON] > 0 || has(signal::HAS_OPEN);
            signals |= signal::MIXED | if is_named { signal::ASSIGNED } else { 0 };
        }
        // In small letters an account number must have digits as the shortest have.
        signals |= if c[DIGIT] >= 8 && (c[UPPER] >= 2 || c[DIGIT] >= 13) { signal::ACCOUNT } else { 0 };
        signals |= if c[DIGIT] >= 10 && c[DOT] >= 2 { signal::DECIMALS } else { 0 };
        // Short texts in base64 have few capitals: of one word two are enough, with digits beside them.
        let one_word = c[SPACE] + c[DOT] + c[COLON] == 0;
        signals |= if self.len >= 16 && (c[UPPER] >= 4 || (c[UPPER] >= 2 && c[UPPER] + c[DIGIT] >= 4 && one_word)) {
            signal::BASE64
        } else {
            0
        };
        if self.len >= 24 && (c[SPACE] >= 4 || c[HIGH] >= 24) {
            signals |= signal::WORDS | if c[DIGIT] >= 2 { signal::FRAMES } else { 0 };
        }
        signals |= if has(signal::HAS_STRUCTURE) { signal::STRUCTURE } else { 0 };
        if self.len <= 120 && c[COLON] == 0 && !has(signal::HAS_AT | signal::HAS_STRUCTURE) {
            signals |= self.signals_of_persons();
        }
        signals
    }

    /// Of a short text without signs.
    #[inline]
    fn signals_of_persons(&self) -> u32 {
        let c = &self.lanes;
        let capitals = c[UPPER] <= 8 && (c[UPPER] >= 2 || c[UPPER] + c[HIGH] / 2 >= 2 || c[HIGH] >= 3);
        let name = c[DIGIT] == 0 && (1..=5).contains(&c[SPACE]) && capitals && self.len <= 80;
        let words =
            (c[SPACE] >= 2 && c[UPPER] > 0) || (c[SPACE] >= 1 && c[UPPER] > 0 && self.len >= 12) || c[HIGH] >= 15;
        // Numbers of a house, a flat and a postal code have more digits only among many words.
        let digits_max = if c[SPACE] >= 4 { 18 } else { 14 };
        let street = (1..=digits_max).contains(&c[DIGIT]) && words && self.len >= 10;
        (if name { signal::NAME } else { 0 }) | (if street { signal::STREET } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_values_pass_without_a_signal() {
        for clean in ["web", "Chrome", "en-US", "pro", "America/New_York", "Add to cart", "1.214.3", "div.btn-primary"]
        {
            assert_eq!(signals(clean.as_bytes()) & !signal::SIGNS, 0, "{clean}");
        }
    }

    #[test]
    fn counts_do_not_overflow_in_long_texts() {
        assert_eq!(signals(&vec![b'-'; 256]), signal::HAS_DASHES | signal::HAS_SEPARATORS);
        assert_eq!(signals(&vec![b':'; 256 * 3]), signal::HAS_SEPARATORS | signal::COLONS);
        assert_eq!(signals(&vec![b'1'; 65_536]) & signal::DIGITS, signal::DIGITS);
    }

    proptest! {
        #[test]
        fn what_is_quiet_has_no_signal(text in "[a-zA-Z0-9 .:/_,;~-]{0,30}|[ -~é]{0,300}") {
            let text = text.as_bytes();
            let mut lanes = [0; LANES];
            let mut signs = 0;
            for byte in text {
                let class = CLASSES[usize::from(*byte)];
                (0..LANES).for_each(|i| lanes[i] += (class >> (8 * i)) as u32 & 0xff);
                signs |= sign(*byte);
            }
            let slow = Counts { lanes, len: text.len() as u32, signs }.signals();
            // What a text begins with is no matter of counts.
            let slow = slow | if anchored::begins(text) { signals(text) & signal::MIXED } else { 0 };
            // Of digits alone nothing is found that is not a card's number or one with a shape.
            let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
            if is_number {
                prop_assert_eq!(signals(text) & signal::SHAPES, slow & signal::SHAPES);
            } else {
                // Signs may be said of a text that has them not, but only the common ones.
                let said = signals(text);
                prop_assert_eq!(said & !signal::HAS_COMMON, slow & !signal::HAS_COMMON);
                prop_assert_eq!(slow & !said, 0);
            }
        }
    }
}
