//! Exact sets of organisations, as rows of bits, and counts of bits over many such rows. An organisation gets a dense number once: a union
//! costs one pass over words.

/// A set of numbers.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Seen {
    words: Vec<u64>,
}

impl Seen {
    pub(crate) fn add(&mut self, number: u32) {
        let (word, bit) = (number as usize / 64, number % 64);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << bit;
    }

    /// Shows each number.
    pub(crate) fn each(&self, visit: impl FnMut(usize)) {
        each_bit(&self.words, visit);
    }

    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

/// How often each bit was set, of many rows of bits.
///
/// People have dozens of paths each: to look for their bits one by one cost more than all else about them. A word holds the counts of
/// eight bits side by side, a byte each, until one might be full.
pub(crate) struct Places {
    counts: Vec<u64>,
    /// Of each word of a row: byte `b` of the `n`th counts bit `8 b + n`.
    lanes: Vec<[u64; 8]>,
    added: u8,
}

const LOWEST_BITS: u64 = 0x0101_0101_0101_0101;

impl Places {
    pub(crate) fn new(words: usize) -> Places {
        Places { counts: vec![0; words * 64], lanes: vec![[0; 8]; words], added: 0 }
    }

    /// Adds a row.
    #[inline]
    pub(crate) fn add(&mut self, words: &[u64]) {
        for (lanes, word) in self.lanes.iter_mut().zip(words) {
            for (bit, lane) in lanes.iter_mut().enumerate() {
                *lane += (word >> bit) & LOWEST_BITS;
            }
        }
        self.added += 1;
        if self.added == u8::MAX {
            self.settle();
        }
    }

    /// The counts, by bit.
    pub(crate) fn counts(&mut self) -> &mut [u64] {
        self.settle();
        &mut self.counts
    }

    fn settle(&mut self) {
        for (counts, lanes) in self.counts.chunks_exact_mut(64).zip(&mut self.lanes) {
            for (bit, lane) in lanes.iter_mut().enumerate() {
                for (byte, count) in std::mem::take(lane).to_le_bytes().into_iter().enumerate() {
                    counts[8 * byte + bit] += u64::from(count);
                }
            }
        }
        self.added = 0;
    }
}

/// Shows each bit that is set.
pub(crate) fn each_bit(words: &[u64], mut visit: impl FnMut(usize)) {
    for (at, word) in words.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            visit(at * 64 + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_side_by_side_are_those_of_bits_one_by_one_also_where_a_byte_is_full() {
        for rows in [0, 1, 254, 255, 256, 1_000] {
            let (mut places, mut expected, mut word) = (Places::new(2), vec![0; 128], 1_u64);
            for _ in 0..rows {
                word = word.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17) | 1;
                let row = [word, !0];
                places.add(&row);
                each_bit(&row, |bit| expected[bit] += 1);
            }
            assert_eq!(places.counts(), expected, "{rows} rows");
        }
    }
}
