//! Exact sets of organisations. Each gets a dense number once, so that a set is a row of bits: a union costs one pass over words.

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
    pub(crate) fn each(&self, mut visit: impl FnMut(u32)) {
        for (at, word) in self.words.iter().enumerate() {
            let mut left = *word;
            while left != 0 {
                visit(at as u32 * 64 + left.trailing_zeros());
                left &= left - 1;
            }
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}
