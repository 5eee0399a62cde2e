//! The gate's dedup window (D5): 10 minutes or 1,000,000 ids per source, whichever is less.
//!
//! An id enters the window only after its event is durable. So a copy that arrives while the first is still being written is
//! journaled again, with the same event id and therefore the same insert id at every vendor; the other way round, a copy would be
//! acknowledged on the word of an event whose own write may still fail.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use weir_event::{EventId, Millis, limits};

/// The window of one source.
#[derive(Default)]
pub struct DedupWindow {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Oldest first. Event ids are keyed hashes, so their first 8 bytes are as good as random: the chance that an event is taken
    /// for another one is 1,000,000 / 2^64.
    order: VecDeque<(u64, u32)>,
    table: HashTable<u64>,
}

impl DedupWindow {
    /// Marks which of `ids` are in the window: events that were made durable within the last 10 minutes.
    pub fn check(&self, ids: &[EventId], now: Millis, seen: &mut Vec<bool>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.expire(now);
        seen.clear();
        seen.extend(ids.iter().map(|id| {
            let hash = short(*id);
            inner.table.find(hash, |h| *h == hash).is_some()
        }));
    }

    /// Enters ids whose events are durable now.
    pub fn admit(&self, ids: impl Iterator<Item = EventId>, now: Millis) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.expire(now);
        for id in ids {
            inner.admit(short(id), now);
        }
    }

    /// How many ids are in the window.
    pub fn len(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).order.len()
    }

    /// Whether the window is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Inner {
    fn expire(&mut self, now: Millis) {
        let oldest = u32::try_from(now.plus(-limits::DEDUP_WINDOW_MILLIS).seconds()).unwrap_or(0);
        while self.order.front().is_some_and(|(_, at)| *at < oldest) || self.order.len() > limits::DEDUP_WINDOW_IDS_MAX
        {
            let Some((hash, _)) = self.order.pop_front() else { return };
            if let Ok(entry) = self.table.find_entry(hash, |h| *h == hash) {
                entry.remove();
            }
        }
    }

    fn admit(&mut self, hash: u64, now: Millis) {
        // The table is larger than any cache: each walk to it counts.
        if let Entry::Vacant(entry) = self.table.entry(hash, |h| *h == hash, |h| *h) {
            entry.insert(hash);
            self.order.push_back((hash, u32::try_from(now.seconds()).unwrap_or(0)));
        }
    }
}

fn short(id: EventId) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&id.0[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> EventId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        EventId(bytes)
    }

    fn seen(window: &DedupWindow, n: u64, now: i64) -> bool {
        let mut out = Vec::new();
        window.check(&[id(n)], Millis(now), &mut out);
        out[0]
    }

    #[test]
    fn d5_an_id_is_a_duplicate_for_ten_minutes_and_no_longer() {
        let window = DedupWindow::default();
        assert!(!seen(&window, 1, 1_000_000));
        window.admit([id(1)].into_iter(), Millis(1_000_000));
        assert!(seen(&window, 1, 1_000_000));
        assert!(seen(&window, 1, 1_000_000 + 599_000));
        assert!(!seen(&window, 1, 1_000_000 + 602_000));
        assert!(window.is_empty());
    }

    #[test]
    fn d5_looking_does_not_admit() {
        let window = DedupWindow::default();
        assert!(!seen(&window, 2, 5));
        assert!(!seen(&window, 2, 5), "an event that was refused by the journal may come again");
    }

    #[test]
    fn d5_the_window_holds_a_million_ids() {
        let window = DedupWindow::default();
        window.admit((0..limits::DEDUP_WINDOW_IDS_MAX as u64 + 10).map(id), Millis(1_000_000));
        window.admit([id(5_000_000)].into_iter(), Millis(1_000_000));
        assert!(window.len() <= limits::DEDUP_WINDOW_IDS_MAX + 1);
        assert!(!seen(&window, 0, 1_000_000), "the oldest went first");
        assert!(seen(&window, 5_000_000, 1_000_000));
    }
}
