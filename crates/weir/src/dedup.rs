//! The gate's dedup window (D5): 10 minutes or 1,000,000 ids per source, whichever is less.
//!
//! An id enters the window only after its event is durable. So a copy that arrives while the first is still being written is
//! journaled again, with the same event id and therefore the same insert id at every vendor; the other way round, a copy would be
//! acknowledged on the word of an event whose own write may still fail.
//!
//! A full window takes 32 MiB. One table of a million ids would take 38 MiB (where ids come and go it doubles before it tidies up),
//! 19 MiB more while it grows, and would keep every request waiting while it moves them all. Many small tables move one at a time.

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

/// How many tables share the ids. With 160, each has 6,250 of a million ids, less than half of what 16,384 buckets take (14,336), so
/// that `hashbrown` tidies a table up where it stands.
const TABLES: u64 = 160;

struct Inner {
    /// Oldest first. Event ids are keyed hashes, so their first 8 bytes are as good as random: the chance that an event is taken
    /// for another one is 1,000,000 / 2^64.
    order: VecDeque<u64>,
    /// In which second how many ids of `order` were entered, oldest first.
    seconds: VecDeque<(u32, u32)>,
    tables: Box<[HashTable<u64>]>,
}

impl Default for Inner {
    fn default() -> Inner {
        Inner {
            order: VecDeque::new(),
            seconds: VecDeque::new(),
            tables: (0..TABLES).map(|_| HashTable::new()).collect(),
        }
    }
}

impl DedupWindow {
    /// Marks which of `ids` are in the window: events that were made durable within the last 10 minutes.
    pub fn check(&self, ids: &[EventId], now: Millis, seen: &mut Vec<bool>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.expire(now);
        seen.clear();
        seen.extend(ids.iter().map(|id| {
            let hash = short(*id);
            inner.tables[table_of(hash)].find(hash, |h| *h == hash).is_some()
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
        while let Some((second, ids)) = self.seconds.front_mut() {
            if *second >= oldest && self.order.len() <= limits::DEDUP_WINDOW_IDS_MAX {
                return;
            }
            *ids -= 1;
            if *ids == 0 {
                self.seconds.pop_front();
            }
            let Some(hash) = self.order.pop_front() else { return };
            if let Ok(entry) = self.tables[table_of(hash)].find_entry(hash, |h| *h == hash) {
                entry.remove();
            }
        }
    }

    fn admit(&mut self, hash: u64, now: Millis) {
        // The tables together are larger than any cache: each walk to them counts.
        let Entry::Vacant(entry) = self.tables[table_of(hash)].entry(hash, |h| *h == hash, |h| *h) else { return };
        entry.insert(hash);
        self.order.push_back(hash);
        let second = u32::try_from(now.seconds()).unwrap_or(0);
        match self.seconds.back_mut() {
            Some((last, ids)) if *last == second => *ids += 1,
            _ => self.seconds.push_back((second, 1)),
        }
    }
}

/// By bits that a table does not look at: it uses the lowest for the place and the highest seven to compare.
fn table_of(hash: u64) -> usize {
    ((((hash >> 24) & 0xffff_ffff) * TABLES) >> 32) as usize
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

    #[test]
    fn a_window_through_which_three_million_ids_went_takes_32_mib() {
        let window = DedupWindow::default();
        for thousand in 0..3_000 {
            window.admit((thousand * 1_000..(thousand + 1) * 1_000).map(id), Millis(1_000_000 + thousand as i64));
        }
        let inner = window.inner.lock().unwrap();
        let tables: usize = inner.tables.iter().map(HashTable::allocation_size).sum();
        let taken = tables + inner.order.capacity() * 8 + inner.seconds.capacity() * 8;
        assert!(taken <= 32 << 20, "{taken} bytes");
        assert_eq!(inner.seconds.iter().map(|(_, ids)| *ids as usize).sum::<usize>(), inner.order.len());
        assert_eq!(inner.tables.iter().map(HashTable::len).sum::<usize>(), inner.order.len());
    }
}
