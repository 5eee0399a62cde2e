//! Counts by hour or by day: the newest so many, in order, without gaps.

/// A count for each of the last so many hours, or days, up to the newest that had one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Window {
    /// Number of the newest hour or day since 1970; meaningless while there is no count.
    newest: u32,
    /// Oldest first; the last one is of `newest`.
    counts: Vec<u32>,
}

/// Room is taken in steps of this many counts: thousands of windows are kept.
const STEP: usize = 8;

impl Window {
    /// Of these counts, oldest first, the last of which is of `newest`.
    pub(crate) fn of(newest: u32, counts: Vec<u32>) -> Window {
        Window { newest, counts }
    }

    /// Counts one at `at`; keeps the newest `length`. What is older than those is not counted.
    #[inline]
    pub(crate) fn add(&mut self, at: u32, length: usize) {
        if at == self.newest
            && let Some(last) = self.counts.last_mut()
        {
            *last = last.saturating_add(1);
            return;
        }
        self.add_elsewhere(at, length);
    }

    #[cold]
    fn add_elsewhere(&mut self, at: u32, length: usize) {
        if self.counts.is_empty() {
            self.newest = at;
            self.counts.reserve_exact(STEP.min(length));
            self.counts.push(1);
            return;
        }
        if at > self.newest {
            let forward = (at - self.newest) as usize;
            if forward >= length {
                self.counts.clear();
            } else {
                let over = (self.counts.len() + forward).saturating_sub(length);
                self.counts.drain(..over.min(self.counts.len()));
                let wanted = self.counts.len() + forward;
                if wanted > self.counts.capacity() {
                    let room = wanted.next_multiple_of(STEP).min(length.max(wanted));
                    self.counts.reserve_exact(room - self.counts.len());
                }
                self.counts.resize(wanted - 1, 0);
            }
            self.newest = at;
            self.counts.push(1);
            return;
        }
        let back = (self.newest - at) as usize;
        if back >= length {
            return;
        }
        if back >= self.counts.len() {
            let missing = back + 1 - self.counts.len();
            self.counts.splice(..0, std::iter::repeat_n(0, missing));
        }
        let place = self.counts.len() - 1 - back;
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(1);
        }
    }

    /// The count of one hour or day.
    pub fn at(&self, at: u32) -> u32 {
        let Some(back) = self.newest.checked_sub(at) else { return 0 };
        let place = self.counts.len().checked_sub(1 + back as usize);
        place.and_then(|place| self.counts.get(place)).copied().unwrap_or(0)
    }

    /// The sum from one hour or day on, it included.
    pub fn since(&self, at: u32) -> u64 {
        self.iter().filter(|(of, _)| *of >= at).map(|(_, count)| u64::from(count)).sum()
    }

    /// Number of the hour or day and its count, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        let first = u64::from(self.newest) + 1 - self.counts.len() as u64;
        self.counts.iter().zip(first..).map(|(count, at)| (u32::try_from(at).unwrap_or(u32::MAX), *count))
    }

    /// Number of the newest hour or day; `None` where nothing was counted.
    pub fn newest(&self) -> Option<u32> {
        (!self.counts.is_empty()).then_some(self.newest)
    }

    pub(crate) fn counts(&self) -> &[u32] {
        &self.counts
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.counts.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_window_counts_what_lies_in_it_and_forgets_the_rest(steps in proptest::collection::vec((-30_i64..60, 1_u32..4), 0..60)) {
            let mut window = Window::default();
            let mut all: BTreeMap<u32, u32> = BTreeMap::new();
            let mut at = 10_000_u32;
            let mut newest = None;
            for (step, times) in steps {
                at = u32::try_from(i64::from(at) + step).unwrap();
                for _ in 0..times {
                    window.add(at, 48);
                    let top = newest.unwrap_or(at).max(at);
                    newest = Some(top);
                    if at + 48 > top {
                        *all.entry(at).or_default() += 1;
                    }
                }
                all.retain(|of, _| of + 48 > newest.unwrap());
            }
            prop_assert!(window.counts().len() <= 48);
            for (of, count) in &all {
                prop_assert_eq!(window.at(*of), *count);
            }
            prop_assert_eq!(window.since(0), all.values().map(|c| u64::from(*c)).sum::<u64>());
            prop_assert_eq!(window.newest(), newest);
        }
    }
}
