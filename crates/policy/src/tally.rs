//! D11: the sums that must add up, kept where the events are: in the same group commit and in each segment's header.
//!
//! A *delta* rides as the note of each appended batch; the journal absorbs it into the *tally* once it is durable and carries the
//! tally from segment to segment. So a count is durable exactly when its events are, and nothing is counted twice after a restart.
//! Names are kept as texts: ids chosen by the operator, which outlive a process's numbering.
//!
//! ```text
//! delta and snapshot alike:
//! 2  format version, 1
//! v  sources:      v length, source id; v journaled; v rules { 1 rule, v events }         dropped at the gate
//! v  destinations: v length, destination id; v offered
//! v  undelivered:  v rules { 1 rule, v events }       journaled and offered to nobody: no_destination, tap
//! v  replayed:     16 event id each                   the last REPLAYED_MAX events that came back from the hold
//! ```
//!
//! Limits: [`SOURCES_MAX`] sources and destinations each, [`REPLAYED_MAX`] replayed ids; what is over is not read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_event::wire::{self, Cursor, WireError};
use weir_event::{EventId, Rule};

/// The version that this code writes, and the newest that it reads.
pub const VERSION: u16 = 1;
/// Sources, and destinations, of one tally. The configuration has far fewer.
pub const SOURCES_MAX: usize = 10_000;
/// Replayed event ids that are remembered: more than one replay command can leave unconfirmed in the hold at a crash.
pub const REPLAYED_MAX: usize = 1_024;

/// The sums since this data folder began.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    sources: BTreeMap<Box<str>, SourceTally>,
    offered: BTreeMap<Box<str>, u64>,
    undelivered: BTreeMap<Rule, u64>,
    replayed: VecDeque<EventId>,
}

/// The sums of one source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SourceTally {
    /// Events in the journal, ever.
    pub journaled: u64,
    /// Events that ended at the gate, by rule.
    pub dropped: BTreeMap<Rule, u64>,
}

/// What one batch adds. The same shape: absorbing is adding.
pub(crate) type Delta = Tally;

impl Tally {
    /// Reads a delta or a snapshot. Bytes of a newer version, or broken ones, are an error.
    pub fn decode(bytes: &[u8]) -> Result<Tally, WireError> {
        let mut at = Cursor::new(bytes);
        if u16::from_le_bytes(at.array()?) != VERSION {
            return Err(WireError(0));
        }
        let mut tally = Tally::default();
        for _ in 0..bounded(&mut at, SOURCES_MAX)? {
            let source = tally.sources.entry(at.str()?.into()).or_default();
            source.journaled = at.varint()?;
            source.dropped = read_rules(&mut at)?;
        }
        for _ in 0..bounded(&mut at, SOURCES_MAX)? {
            let destination = at.str()?.into();
            tally.offered.insert(destination, at.varint()?);
        }
        tally.undelivered = read_rules(&mut at)?;
        for _ in 0..bounded(&mut at, REPLAYED_MAX)? {
            tally.replayed.push_back(EventId(at.array()?));
        }
        if at.is_done() { Ok(tally) } else { Err(WireError(at.position())) }
    }

    /// Adds what another tally counted.
    pub fn add(&mut self, other: &Tally) {
        for (id, theirs) in &other.sources {
            let ours = self.sources.entry(id.clone()).or_default();
            ours.journaled = ours.journaled.saturating_add(theirs.journaled);
            add_rules(&mut ours.dropped, &theirs.dropped);
        }
        for (id, theirs) in &other.offered {
            let ours = self.offered.entry(id.clone()).or_default();
            *ours = ours.saturating_add(*theirs);
        }
        add_rules(&mut self.undelivered, &other.undelivered);
        self.replayed.extend(&other.replayed);
        let over = self.replayed.len().saturating_sub(REPLAYED_MAX);
        self.replayed.drain(..over);
    }

    pub(crate) fn dropped(&mut self, source: &str, rule: Rule, events: u64) {
        if events > 0 {
            *entry(&mut self.sources, source).dropped.entry(rule).or_default() += events;
        }
    }

    pub(crate) fn journaled(&mut self, source: &str, events: u64) {
        entry(&mut self.sources, source).journaled += events;
    }

    pub(crate) fn offered(&mut self, destination: &str, events: u64) {
        *entry(&mut self.offered, destination) += events;
    }

    pub(crate) fn undelivered(&mut self, rule: Rule) {
        *self.undelivered.entry(rule).or_default() += 1;
    }

    pub(crate) fn replayed(&mut self, id: EventId) {
        self.replayed.push_back(id);
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.offered.is_empty() && self.undelivered.is_empty() && self.replayed.is_empty()
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = VERSION.to_le_bytes().to_vec();
        wire::put_varint(&mut out, self.sources.len() as u64);
        for (id, source) in &self.sources {
            wire::put_bytes(&mut out, id.as_bytes());
            wire::put_varint(&mut out, source.journaled);
            put_rules(&mut out, &source.dropped);
        }
        wire::put_varint(&mut out, self.offered.len() as u64);
        for (id, events) in &self.offered {
            wire::put_bytes(&mut out, id.as_bytes());
            wire::put_varint(&mut out, *events);
        }
        put_rules(&mut out, &self.undelivered);
        wire::put_varint(&mut out, self.replayed.len() as u64);
        for id in &self.replayed {
            out.extend_from_slice(&id.0);
        }
        out
    }

    /// Each source's sums, in order of its id.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &SourceTally)> {
        self.sources.iter().map(|(id, source)| (&**id, source))
    }

    /// One source's sums.
    pub fn source(&self, id: &str) -> Option<&SourceTally> {
        self.sources.get(id)
    }

    /// How many events each destination was offered, in order of its id.
    pub fn destinations(&self) -> impl Iterator<Item = (&str, u64)> {
        self.offered.iter().map(|(id, events)| (&**id, *events))
    }

    /// Journaled events that no destination was offered, by rule (`no_destination`, `tap`).
    pub fn undelivered_by_rule(&self) -> &BTreeMap<Rule, u64> {
        &self.undelivered
    }

    /// The last events that came back from the hold, oldest first: after a crash the hold is told again that they are done (D10).
    pub fn replayed_ids(&self) -> impl Iterator<Item = EventId> {
        self.replayed.iter().copied()
    }
}

/// The tally that the journal carries, readable beside it: metrics and pages clone what they show.
#[derive(Clone, Debug, Default)]
pub struct SharedTally(Arc<Mutex<Tally>>);

impl SharedTally {
    /// The sums now.
    pub fn read(&self) -> Tally {
        self.lock().clone()
    }

    /// The lock holds no invariant over more than one call, so a panicked holder leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl weir_journal::Carry for SharedTally {
    fn absorb(&mut self, note: &[u8]) {
        if note.is_empty() {
            return;
        }
        match Tally::decode(note) {
            Ok(delta) => self.lock().add(&delta),
            // A note is written by this crate and sealed with its group: this is a defect, and it is said rather than hidden.
            Err(_) => log_broken(),
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        self.lock().encode()
    }

    fn restore(&mut self, snapshot: &[u8]) {
        match Tally::decode(snapshot) {
            Ok(tally) => *self.lock() = tally,
            Err(_) if snapshot.is_empty() => *self.lock() = Tally::default(),
            Err(_) => log_broken(),
        }
    }
}

#[cold]
fn log_broken() {
    weir_event::log::emit(
        weir_event::log::Level::Error,
        "a stored tally does not read: sums of sources are too low from here",
        &[],
    );
}

/// Looks up before it copies the key: all but the first count of a batch find theirs.
fn entry<'m, T: Default>(map: &'m mut BTreeMap<Box<str>, T>, key: &str) -> &'m mut T {
    if !map.contains_key(key) {
        map.insert(key.into(), T::default());
    }
    // Cannot fail: it was put in above where it was not there.
    map.get_mut(key).expect("the key was inserted above")
}

fn add_rules(ours: &mut BTreeMap<Rule, u64>, theirs: &BTreeMap<Rule, u64>) {
    for (rule, events) in theirs {
        let sum = ours.entry(*rule).or_default();
        *sum = sum.saturating_add(*events);
    }
}

fn put_rules(out: &mut Vec<u8>, rules: &BTreeMap<Rule, u64>) {
    wire::put_varint(out, rules.len() as u64);
    for (rule, events) in rules {
        out.push(*rule as u8);
        wire::put_varint(out, *events);
    }
}

fn read_rules(at: &mut Cursor<'_>) -> Result<BTreeMap<Rule, u64>, WireError> {
    let mut rules = BTreeMap::new();
    for _ in 0..bounded(at, 256)? {
        let place = at.position();
        let rule = Rule::from_number(at.u8()?).ok_or(WireError(place))?;
        rules.insert(rule, at.varint()?);
    }
    Ok(rules)
}

fn bounded(at: &mut Cursor<'_>, max: usize) -> Result<usize, WireError> {
    let place = at.position();
    let count = at.varint()?;
    usize::try_from(count).ok().filter(|n| *n <= max).ok_or(WireError(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use weir_journal::Carry;

    fn some_tally() -> impl Strategy<Value = Tally> {
        let counts = proptest::collection::vec((0_usize..4, 0_usize..27, 1_u64..1_000), 0..20);
        (counts, proptest::collection::vec(any::<[u8; 16]>(), 0..5)).prop_map(|(counts, ids)| {
            let mut tally = Tally::default();
            for (source, rule, events) in counts {
                let id = ["web", "app", "server", "product"][source];
                tally.dropped(id, Rule::ALL[rule], events);
                tally.journaled(id, 1);
                tally.offered(id, 2);
                tally.undelivered(Rule::ALL[rule]);
            }
            ids.into_iter().for_each(|id| tally.replayed(EventId(id)));
            tally
        })
    }

    proptest! {
        #[test]
        fn d11_a_tally_comes_back(tally in some_tally()) {
            prop_assert_eq!(Tally::decode(&tally.encode()), Ok(tally));
        }

        #[test]
        fn d11_a_restart_at_any_group_changes_no_sum(deltas in proptest::collection::vec(some_tally(), 0..6), cut in 0_usize..6) {
            let mut carried = SharedTally::default();
            let mut plain = Tally::default();
            for (i, delta) in deltas.iter().enumerate() {
                if i == cut {
                    let snapshot = carried.snapshot();
                    carried = SharedTally::default();
                    carried.restore(&snapshot);
                }
                carried.absorb(&delta.encode());
                plain.add(delta);
            }
            prop_assert_eq!(carried.read(), plain);
        }

        #[test]
        fn any_bytes_decode_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Tally::decode(&bytes);
        }
    }

    #[test]
    fn a_newer_version_is_refused() {
        assert!(Tally::decode(&[2, 0, 0, 0, 0, 0]).is_err());
    }
}
