//! Tier 1: one pass over the bytes of a leaf that counts classes of characters; most leaves end here.
//!
//! Eight 8-bit counters ride in one `u64`: each byte's class is looked up in a table of 256 and added. A block of 255 bytes
//! cannot overflow a lane; between blocks the lanes are moved to wider counters.

/// How many bytes of each class a text has.
#[derive(Clone, Copy, Default)]
pub(crate) struct Gate {
    lanes: [u32; 8],
    len: u32,
}

const DIGIT: usize = 0;
const UPPER: usize = 1;
const DOT: usize = 2;
const COLON: usize = 3;
const SPACE: usize = 4;
const AT: usize = 5;
/// `% \ = { [ "`: what hints at a value inside the value.
const STRUCTURE: usize = 6;
const HIGH: usize = 7;

const CLASSES: [u64; 256] = {
    let mut classes = [0_u64; 256];
    let mut byte = 0;
    while byte < 256 {
        let lane = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => UPPER,
            b'.' => DOT,
            b':' => COLON,
            b' ' | b'+' => SPACE,
            b'@' => AT,
            b'%' | b'\\' | b'=' | b'{' | b'[' | b'"' => STRUCTURE,
            0x80.. => HIGH,
            _ => 8,
        };
        if lane < 8 {
            classes[byte] = 1 << (8 * lane);
        }
        byte += 1;
    }
    classes
};

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
    /// Not of the counts: the text begins as a path below a home folder may.
    pub(crate) const HOME: u32 = 1 << 15;
    /// What the first fifteen detectors ask for.
    pub(crate) const OF_FIRST: u32 = AT | DIGITS | COLONS | MIXED | STRUCTURE | ACCOUNT | BASE64 | NUMBER;
    /// Not of the gate: the leaf is a JSON number of 13 digits or more.
    pub(crate) const NUMBER: u32 = 1 << 6;
}

impl Gate {
    /// Counts a text.
    #[inline]
    pub(crate) fn of(text: &[u8]) -> Gate {
        let mut gate = Gate { lanes: [0; 8], len: text.len().min(u32::MAX as usize) as u32 };
        for block in text.chunks(255) {
            // Four sums of every fourth byte do not wait for each other.
            let mut sums = [0_u64; 4];
            let mut words = block.chunks_exact(4);
            for word in words.by_ref() {
                for (sum, byte) in sums.iter_mut().zip(word) {
                    *sum += CLASSES[usize::from(*byte)];
                }
            }
            for byte in words.remainder() {
                sums[0] += CLASSES[usize::from(*byte)];
            }
            let sum = sums[0] + sums[1] + sums[2] + sums[3];
            for (lane, count) in gate.lanes.iter_mut().zip(sum.to_le_bytes()) {
                *lane += u32::from(count);
            }
        }
        gate
    }

    /// What the counts hint at; 0 for a clean leaf.
    #[inline(always)]
    pub(crate) fn signals(&self) -> u32 {
        let c = &self.lanes;
        // Small letters and signs alone, as many names of plans, buttons and states are.
        if c.iter().all(|count| *count == 0) {
            return 0;
        }
        let mut signals = 0;
        signals |= if c[AT] > 0 { signal::AT } else { 0 };
        signals |= if c[DIGIT] >= 7 || (c[DOT] >= 3 && c[DIGIT] >= 4) { signal::DIGITS } else { 0 };
        signals |= if c[DIGIT] >= 6 || (c[DIGIT] > 0 && c[DIGIT] + c[UPPER] >= 10) { signal::SHAPES } else { 0 };
        signals |= if c[COLON] >= 2 && self.len >= 7 { signal::COLONS } else { 0 };
        signals |= if self.len >= 16 && c[DIGIT] + c[UPPER] >= 4 { signal::MIXED } else { 0 };
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
        signals |= if c[STRUCTURE] > 0 { signal::STRUCTURE } else { 0 };
        if self.len <= 120 && c[AT] | c[STRUCTURE] | c[COLON] == 0 {
            signals |= self.signals_of_persons();
        }
        signals
    }
}

impl Gate {
    /// Of a short text without signs.
    #[inline]
    fn signals_of_persons(&self) -> u32 {
        let c = &self.lanes;
        let capitals = c[UPPER] <= 8 && (c[UPPER] >= 2 || c[UPPER] + c[HIGH] / 2 >= 2 || c[HIGH] >= 3);
        let name = c[DIGIT] == 0 && (1..=5).contains(&c[SPACE]) && capitals && self.len <= 80;
        let words =
            (c[SPACE] >= 2 && c[UPPER] > 0) || (c[SPACE] >= 1 && c[UPPER] > 0 && self.len >= 12) || c[HIGH] >= 15;
        let street = (1..=14).contains(&c[DIGIT]) && words && self.len >= 10;
        (if name { signal::NAME } else { 0 }) | (if street { signal::STREET } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_values_pass_without_a_signal() {
        for clean in ["web", "Chrome", "en-US", "pro", "America/New_York", "Add to cart", "1.214.3", "div.btn-primary"]
        {
            assert_eq!(Gate::of(clean.as_bytes()).signals(), 0, "{clean}");
        }
    }

    #[test]
    fn counts_do_not_overflow_in_long_texts() {
        let text = vec![b'@'; 70_000];
        assert_eq!(Gate::of(&text).lanes[AT], 70_000);
    }
}
