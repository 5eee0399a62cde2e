//! D12: the bytes of all requests being handled are bounded, so that many slow senders cannot take the memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes that may be in flight.
#[derive(Clone, Debug)]
pub struct Budget {
    used: Arc<AtomicUsize>,
    limit: usize,
}

impl Budget {
    /// An empty budget of `limit` bytes.
    pub fn new(limit: usize) -> Budget {
        Budget { used: Arc::default(), limit }
    }

    /// Takes bytes; `None` where they are not there. A body alone over the whole budget is never let in.
    pub fn take(&self, bytes: usize) -> Option<InFlight> {
        let mut taken = InFlight { budget: self.clone(), bytes: 0 };
        taken.grow(bytes).then_some(taken)
    }

    /// Bytes taken now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Bytes taken from the budget; given back when dropped, which the pipeline does once the events are durable.
#[derive(Debug)]
pub struct InFlight {
    budget: Budget,
    bytes: usize,
}

impl InFlight {
    /// Takes `more` bytes, for instance before decompressing; `false`, and nothing taken, where they are not there.
    pub fn grow(&mut self, more: usize) -> bool {
        let used = &self.budget.used;
        let fits = used.try_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
            n.checked_add(more).filter(|n| *n <= self.budget.limit)
        });
        if fits.is_ok() {
            self.bytes += more;
        }
        fits.is_ok()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d12_what_is_taken_never_passes_the_limit_and_comes_back() {
        let budget = Budget::new(100);
        let mut first = budget.take(60).unwrap();
        assert!(budget.take(41).is_none());
        assert!(!first.grow(41));
        assert!(first.grow(40));
        assert_eq!(budget.used(), 100);
        drop(first);
        assert_eq!(budget.used(), 0);
        assert!(budget.take(101).is_none());
    }
}
