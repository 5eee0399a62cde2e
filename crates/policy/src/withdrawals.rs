//! Who has refused what, and since which event: what stops events that still wait.
//!
//! The gate notes each refusal under the tags of its event once that event is durable; a destination asks before each request. An
//! event that came in before somebody's last refusal does not leave, whatever it says itself; what came in after it speaks for
//! itself, so a later yes lifts a refusal for later events only.
//!
//! Nothing of it is stored: a start reads the refusals again from the journal, from the oldest event on that may still leave. Where
//! that is not all, or the table was full, it is known below which offset refusals may be missing ([`Withdrawals::missing_below`]),
//! and an event below it is taken for one of which nothing is known.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use weir_event::{Purpose, PurposeSet, Role, Rule, SubjectKind, SubjectTag, limits};

use crate::record::{RecordView, Tag};

/// Refusals by subject and purpose.
#[derive(Debug, Default)]
pub struct Withdrawals {
    /// Grows with each refusal that is noted: who has seen this number has nothing new to look for.
    version: AtomicU64,
    table: Mutex<Table>,
}

/// One refusal on its way from the gate: the place of its record in the batch, whose it is, of what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The place of its record.
    pub index: u32,
    /// Whose.
    pub tag: SubjectTag,
    /// Of what.
    pub purposes: PurposeSet,
}

#[derive(Debug, Default)]
struct Table {
    /// What destinations ask for; refusals of nothing else are noted.
    watched: PurposeSet,
    /// The offset of the last refusal. Tags are keyed hashes, so that their first 8 bytes are as good as random; two that share them
    /// would cost one an event, never let one out.
    refused_at: HashMap<(u64, Purpose), u64, FixedState>,
    /// By number of the purpose: refusals at offsets below may be missing.
    missing_below: [u64; Purpose::ALL.len() + 1],
}

impl Withdrawals {
    /// An empty table that nobody asks.
    pub fn new() -> Withdrawals {
        Withdrawals::default()
    }

    /// Notes refusals of these purposes from now on, and of no others; those that were not noted before and so have to be read from
    /// the journal.
    pub fn watch(&self, purposes: PurposeSet) -> PurposeSet {
        let mut table = self.lock();
        let before = std::mem::replace(&mut table.watched, purposes);
        table.refused_at.retain(|(_, purpose), _| purposes.has(*purpose));
        purposes.without(before)
    }

    /// Says that refusals of these purposes below an offset may be missing.
    pub fn missing_below(&self, purposes: PurposeSet, offset: u64) {
        let mut table = self.lock();
        for purpose in purposes.iter() {
            let below = &mut table.missing_below[purpose as usize];
            *below = offset.max(*below);
        }
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Notes the refusals of a batch whose first record has the offset `base`.
    pub fn note(&self, refusals: &[Refusal], base: u64) {
        if refusals.is_empty() {
            return;
        }
        let mut table = self.lock();
        let noted = refusals.iter().filter(|refusal| table.note(refusal, base)).count();
        // Under the lock, so that who sees the number finds the refusal.
        self.version.fetch_add(noted as u64, Ordering::Release);
    }

    /// Notes the refusals of a record of the journal.
    pub fn note_record(&self, view: &RecordView<'_>, offset: u64) {
        let purposes = view.consents().refused();
        if !purposes.is_empty() {
            let refusals = view.tags().filter(is_persons).map(|tag| Refusal { index: 0, tag: tag.tag, purposes });
            self.note(&refusals.collect::<Vec<_>>(), offset);
        }
    }

    /// A number that grows with each refusal.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// How many refusals are noted.
    pub fn len(&self) -> usize {
        self.lock().refused_at.len()
    }

    /// Whether none is noted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Why an event at `offset` may not leave for one of `purposes`, as far as refusals after it are concerned.
    pub(crate) fn check(&self, view: &RecordView<'_>, offset: u64, purposes: PurposeSet) -> Result<(), Rule> {
        let table = self.lock();
        if !table.refused_at.is_empty() {
            // An event that comes back from the hold has a new offset, and may have come in before any refusal.
            let is_before = |at: &u64| view.replayed() || offset < *at;
            for tag in view.tags().filter(is_persons) {
                let refused = |purpose| table.refused_at.get(&(tag.tag.short(), purpose)).is_some_and(is_before);
                if purposes.iter().any(refused) {
                    return Err(Rule::ConsentRefused);
                }
            }
        }
        let missing = purposes.iter().any(|purpose| offset < table.missing_below[purpose as usize]);
        if missing { Err(Rule::ConsentUnknown) } else { Ok(()) }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn note(&mut self, refusal: &Refusal, base: u64) -> bool {
        let purposes = refusal.purposes.and(self.watched);
        let offset = base + u64::from(refusal.index);
        for purpose in purposes.iter() {
            let at = self.refused_at.entry((refusal.tag.short(), purpose)).or_insert(offset);
            *at = offset.max(*at);
        }
        if self.refused_at.len() > limits::WITHDRAWALS_MAX {
            self.forget_oldest();
        }
        !purposes.is_empty()
    }

    /// Makes room: the refusals that came in first go, since the fewest events wait from before them. Those that do are known to be
    /// uncertain from now on.
    fn forget_oldest(&mut self) {
        let mut offsets: Vec<u64> = self.refused_at.values().copied().collect();
        let quarter = offsets.len() / 4;
        let (_, last, _) = offsets.select_nth_unstable(quarter);
        let last = *last;
        let missing = &mut self.missing_below;
        self.refused_at.retain(|(_, purpose), at| {
            let stays = *at > last;
            if !stays {
                let below = &mut missing[*purpose as usize];
                *below = (*at).max(*below);
            }
            stays
        });
    }
}

/// Whether a tag is one of the person's own: not a group's, which is many people, nor a contact detail, which may be somebody else's.
pub(crate) fn is_persons(tag: &Tag) -> bool {
    tag.role != Role::Contact && !matches!(tag.kind, SubjectKind::Group(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(n: u64) -> SubjectTag {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        SubjectTag(bytes)
    }

    fn set(purposes: &[Purpose]) -> PurposeSet {
        purposes.iter().copied().collect()
    }

    fn refusal(n: u64, index: u32) -> Refusal {
        Refusal { index, tag: tag(n), purposes: set(&[Purpose::Analytics]) }
    }

    #[test]
    fn a_full_table_forgets_the_oldest_and_says_so() {
        let table = Withdrawals::new();
        let _ = table.watch(set(&[Purpose::Analytics]));
        for n in 1..=limits::WITHDRAWALS_MAX as u64 + 1 {
            table.note(&[refusal(n, 0)], n);
        }
        let table = table.lock();
        assert!(table.refused_at.len() <= limits::WITHDRAWALS_MAX);
        let below = table.missing_below[Purpose::Analytics as usize];
        assert!(below >= limits::WITHDRAWALS_MAX as u64 / 4);
        assert!(table.refused_at.values().all(|at| *at > below), "what is kept is above what is missing");
        assert_eq!(table.missing_below[Purpose::Advertising as usize], 0);
    }

    #[test]
    fn only_what_somebody_asks_for_is_noted_and_what_is_new_is_said() {
        let table = Withdrawals::new();
        table.note(&[refusal(1, 0)], 5);
        assert!(table.is_empty() && table.version() == 0);
        assert_eq!(table.watch(set(&[Purpose::Analytics])), set(&[Purpose::Analytics]));
        table.note(&[refusal(1, 2), refusal(1, 1)], 5);
        assert_eq!(table.lock().refused_at[&(tag(1).short(), Purpose::Analytics)], 7, "the last one counts");
        assert_eq!(table.version(), 2);
        let both = set(&[Purpose::Analytics, Purpose::Functional]);
        assert_eq!(table.watch(both), set(&[Purpose::Functional]));
        let _ = table.watch(PurposeSet::EMPTY);
        assert!(table.is_empty());
    }
}
