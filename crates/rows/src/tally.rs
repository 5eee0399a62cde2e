//! Are two heaps of rows the same, in whatever order they lie? Rows are too many to be held beside each other: of each heap a sum is kept, of
//! two hashes of each row under random keys of the comparison. Where they differ 128 bits agree by chance once in 10^38 comparisons.

use std::hash::{BuildHasher, Hash, RandomState};

/// What rows of one comparison are hashed under.
#[derive(Default)]
pub(crate) struct Keyed([RandomState; 2]);

/// What rows come to.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    hashes: [u64; 2],
    rows: i64,
}

impl Tally {
    /// Adds a row so many times; with a minus it is taken away.
    pub(crate) fn add(&mut self, keyed: &Keyed, row: &impl Hash, times: i64) {
        for (sum, key) in self.hashes.iter_mut().zip(&keyed.0) {
            *sum = sum.wrapping_add(key.hash_one(row).wrapping_mul(times.cast_unsigned()));
        }
        self.count(times);
    }

    /// Adds rows of which only the number is known.
    pub(crate) fn count(&mut self, times: i64) {
        self.rows = self.rows.wrapping_add(times);
    }

    /// Whether as much was taken away as was added.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Tally::default()
    }
}
