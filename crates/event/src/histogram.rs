//! Times of requests in buckets: atomics only, so that counting costs a few nanoseconds and waits for nobody.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the buckets in milliseconds; above the last there is one more.
pub const BOUNDS_MILLIS: [u64; 14] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

/// Counts by how long something took.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; BOUNDS_MILLIS.len() + 1],
    nanos: AtomicU64,
}

/// A histogram at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramCounts {
    /// For each bound in seconds, how many took that long or less.
    pub buckets: Vec<(f64, u64)>,
    /// How many there were.
    pub count: u64,
    /// All of it together.
    pub sum_seconds: f64,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let place = BOUNDS_MILLIS.iter().position(|bound| took <= Duration::from_millis(*bound));
        if let Some(count) = self.counts.get(place.unwrap_or(BOUNDS_MILLIS.len())) {
            count.fetch_add(1, Relaxed);
        }
        self.nanos.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// What was counted.
    pub fn counts(&self) -> HistogramCounts {
        let mut below = 0;
        let sum = |(bound, count): (&u64, &AtomicU64)| {
            below += count.load(Relaxed);
            (*bound as f64 / 1e3, below)
        };
        let buckets = BOUNDS_MILLIS.iter().zip(&self.counts).map(sum).collect();
        let count = below + self.counts.last().map_or(0, |count| count.load(Relaxed));
        HistogramCounts { buckets, count, sum_seconds: self.nanos.load(Relaxed) as f64 / 1e9 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_its_bucket_and_in_all_above() {
        let histogram = Histogram::default();
        for millis in [0, 1, 3, 10, 30_000, 30_001] {
            histogram.observe(Duration::from_millis(millis));
        }
        let counts = histogram.counts();
        let of = |bound: f64| counts.buckets.iter().find(|(b, _)| *b == bound).map(|(_, n)| *n);
        assert_eq!([of(0.001), of(0.005), of(0.01), of(10.0), of(30.0)], [2, 3, 4, 4, 5].map(Some));
        assert_eq!((counts.count, counts.sum_seconds), (6, 60.015));
    }
}
