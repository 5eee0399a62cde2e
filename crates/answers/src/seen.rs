//! Exact sets of subjects. Each subject gets a dense number once, so that a set is a row of bits: a union of many costs one pass over
//! words, and a set of all of four million people half a megabyte.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Gives each subject its number.
#[derive(Default)]
pub(crate) struct Subjects {
    numbers: HashMap<u64, u32, RandomState>,
}

impl Subjects {
    /// The number of a subject. More than 2^32 of them share the last one, and the answer would be too small: a ledger of so many
    /// people does not fit in memory.
    pub(crate) fn number(&mut self, subject: u64) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(subject).or_insert(next)
    }
}

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

    pub(crate) fn add_all(&mut self, other: &Seen) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}
