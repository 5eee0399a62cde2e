//! What the entries add up to: where each destination stands, its totals, what is under way, which names have numbers.
//!
//! The state is a pure function of the entries in order. It is applied after the fsync that made them durable, restored at open
//! from the snapshot that begins the last file, and compared with the replay of all entries by `verify`.
//!
//! # Snapshot, version 1
//! One byte version, then LEB128 numbers: next batch; names (kind byte, text) in order of their numbers; field sets (16 bytes
//! each, sorted); destinations in order of their id: text, life byte, floor, done ranges, delivered, rejected, not offered,
//! unknown, count and (rule byte, count) of what was dropped; open intents in order of their batch: batch, destination text, flags
//! byte, lane byte, time, rows, `retry_of` + 1 or 0, ranges; batches with unknown events: batch, count. At most 64 MiB, checked by the
//! record's CRC-32C.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use weir_event::names::NameKind;
use weir_event::wire::{Cursor, WireError, put_bytes, put_varint};
use weir_event::{DestinationId, Millis, Offset, Rule};

use crate::entry::{
    BatchId, Entry, EventResult, FieldSetId, IntentEntry, Life, OutcomeEntry, Passed, Purpose, StoredName,
};
use crate::ranges::{RangeSet, put_ranges, read_ranges};
use crate::tree::hash::sha256;

const VERSION: u8 = 1;

/// Where a destination stands in the journal (D3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The lowest offset without a terminal outcome.
    pub floor: Offset,
    /// What is terminal above it: sorted, disjoint.
    pub done: Vec<Range<Offset>>,
    /// Whether it takes and sends events.
    pub life: Status,
}

impl Position {
    /// Whether the outcome of this event is recorded.
    pub fn is_terminal(&self, offset: Offset) -> bool {
        let after = self.done.partition_point(|range| range.end <= offset);
        offset < self.floor || self.done.get(after).is_some_and(|range| range.start <= offset)
    }
}

/// Whether a destination takes and sends events. The number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Status {
    Active = 0,
    Suspended = 1,
    Ended = 2,
}

/// What became of a destination's events (D11). `waiting` is what was offered less all of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Accepted by the vendor.
    pub delivered: u64,
    /// Rejected by the vendor, or held by a rule; they went to quarantine.
    pub rejected: u64,
    /// Offered and then dropped, by rule.
    pub dropped: BTreeMap<Rule, u64>,
    /// Passed without having been offered.
    pub not_offered: u64,
    /// Sent, and nobody knows whether they arrived. A gauge: a later resend moves them.
    pub unknown: u64,
}

/// An intent without an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIntent {
    /// Its batch.
    pub batch: BatchId,
    /// To whom.
    pub destination: DestinationId,
    /// Which endpoint.
    pub lane: u8,
    /// What it was for.
    pub purpose: Purpose,
    /// When it was recorded.
    pub at: Millis,
    /// The offsets.
    pub offsets: Vec<Range<Offset>>,
    /// How many events.
    pub rows: u32,
    /// The batch that it tried again.
    pub retry_of: Option<BatchId>,
}

/// Why an entry does not fit what came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Misfit(pub(crate) &'static str);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Destination {
    life: Status,
    floor: u64,
    done: RangeSet,
    totals: Totals,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    next_batch: u64,
    names: Vec<(NameKind, String)>,
    field_sets: HashSet<FieldSetId>,
    destinations: BTreeMap<DestinationId, Destination>,
    open: BTreeMap<BatchId, OpenIntent>,
    unknown: BTreeMap<BatchId, u64>,
}

impl Default for State {
    fn default() -> State {
        State {
            next_batch: 1,
            names: Vec::new(),
            field_sets: HashSet::new(),
            destinations: BTreeMap::new(),
            open: BTreeMap::new(),
            unknown: BTreeMap::new(),
        }
    }
}

impl State {
    /// Adds one entry. An entry that does not fit leaves the state as it was.
    pub(crate) fn apply(&mut self, at: Millis, entry: &Entry, body: &[u8]) -> Result<(), Misfit> {
        let has_body = matches!(
            entry,
            Entry::Names { .. }
                | Entry::FieldSet { .. }
                | Entry::Intent(_)
                | Entry::Outcome { result: OutcomeEntry::Partial(_), .. }
        );
        if !has_body && !body.is_empty() {
            return Err(Misfit("a body where none belongs"));
        }
        match entry {
            Entry::Life { destination, change } => self.live(destination, *change),
            Entry::Names { first, count, digest } => {
                let texts = read_names(body, *count).map_err(|_| Misfit("names that cannot be read"))?;
                if sha256(body) != *digest {
                    return Err(Misfit("names that do not have their digest"));
                }
                if first.0 as usize != self.names.len() + 1 {
                    return Err(Misfit("names out of order"));
                }
                self.names.extend(texts);
                Ok(())
            }
            Entry::FieldSet { digest } => {
                if sha256(body) != *digest {
                    return Err(Misfit("a field set that does not have its digest"));
                }
                self.field_sets.insert(field_set_id(digest));
                Ok(())
            }
            Entry::Intent(intent) => self.intend(at, intent),
            Entry::Attempt { batch, .. } => {
                if self.open.contains_key(batch) {
                    Ok(())
                } else {
                    Err(Misfit("an attempt of a batch that is not open"))
                }
            }
            Entry::Outcome { batch, result, .. } => self.close(*batch, *result, body),
            Entry::Range { destination, offsets, rule, count, passed } => {
                let Some(known) = self.destinations.get_mut(destination) else {
                    return Err(Misfit("a range of a destination that was never started"));
                };
                for range in offsets {
                    known.done.add(range.start.0, range.end.0);
                }
                known.done.advance(&mut known.floor);
                // Saturating, here and below: a count from the disk must not be able to stop the process.
                let sum = match passed {
                    Passed::NotOffered => &mut known.totals.not_offered,
                    Passed::Dropped => known.totals.dropped.entry(*rule).or_default(),
                    Passed::Held => &mut known.totals.rejected,
                };
                add(sum, *count);
                Ok(())
            }
            Entry::Act { .. } => Ok(()),
            Entry::Origin { old_size, local, .. } => {
                // What was lost may have used batch numbers; there were no more intents than entries.
                self.next_batch = self.next_batch.saturating_add(old_size.saturating_sub(*local));
                Ok(())
            }
        }
    }

    fn live(&mut self, id: &DestinationId, change: Life) -> Result<(), Misfit> {
        if let Life::Start { from } = change {
            let fresh = Destination {
                life: Status::Active,
                floor: from.0,
                done: RangeSet::default(),
                totals: Totals::default(),
            };
            let known = self.destinations.entry(id.clone()).or_insert(fresh);
            // Started again after it had ended: totals go on, the position begins anew.
            if known.life == Status::Ended {
                (known.life, known.floor, known.done) = (Status::Active, from.0, RangeSet::default());
            }
            return Ok(());
        }
        let known = self.destinations.get_mut(id).ok_or(Misfit("the life of a destination that was never started"))?;
        if known.life == Status::Ended {
            return Err(Misfit("the life of a destination that has ended"));
        }
        known.life = match change {
            Life::Suspend => Status::Suspended,
            Life::End => Status::Ended,
            _ => Status::Active,
        };
        Ok(())
    }

    fn intend(&mut self, at: Millis, intent: &IntentEntry) -> Result<(), Misfit> {
        if !self.destinations.contains_key(&intent.destination) {
            return Err(Misfit("an intent for a destination that was never started"));
        }
        // Batches are numbered before they are queued, so two may arrive in the other order; none may come twice.
        if self.open.contains_key(&intent.batch) || intent.batch.0 == 0 {
            return Err(Misfit("a batch number that is taken"));
        }
        let offsets: u64 = intent.offsets.iter().map(|r| r.end.0 - r.start.0).sum();
        let asks = intent.purpose == Purpose::Ask;
        if offsets != if asks { 0 } else { u64::from(intent.rows) } {
            return Err(Misfit("an intent whose rows are not as many as its offsets"));
        }
        if intent.field_sets.iter().any(|id| !self.field_sets.contains(id)) {
            return Err(Misfit("an intent that names an unknown field set"));
        }
        self.next_batch = self.next_batch.max(intent.batch.0.saturating_add(1));
        let open = OpenIntent {
            batch: intent.batch,
            destination: intent.destination.clone(),
            lane: intent.lane,
            purpose: intent.purpose,
            at,
            offsets: intent.offsets.clone(),
            rows: intent.rows,
            retry_of: intent.retry_of,
        };
        self.open.insert(intent.batch, open);
        Ok(())
    }

    fn close(&mut self, batch: BatchId, result: OutcomeEntry, body: &[u8]) -> Result<(), Misfit> {
        let open = self.open.get(&batch).ok_or(Misfit("an outcome of a batch that is not open"))?;
        let runs = result.results(open.rows, body).map_err(Misfit)?;
        let Some(open) = self.open.remove(&batch) else { return Ok(()) };
        if !open.purpose.is_summed() {
            return Ok(());
        }
        let Some(known) = self.destinations.get_mut(&open.destination) else { return Ok(()) };
        let (mut terminal, mut unknown) = (0_u64, 0_u64);
        let mut places = open.offsets.iter().flat_map(|r| [(r.start.0, r.end.0)]);
        let (mut at, mut end) = places.next().unwrap_or_default();
        for (len, result) in runs {
            match result {
                EventResult::Accepted => add(&mut known.totals.delivered, u64::from(len)),
                EventResult::Rejected(_) => add(&mut known.totals.rejected, u64::from(len)),
                EventResult::Unknown => unknown += u64::from(len),
                EventResult::Returned => {}
            }
            terminal += if result == EventResult::Returned { 0 } else { u64::from(len) };
            // A run of results covers the next `len` offsets of the batch, across its ranges.
            let mut left = u64::from(len);
            while left > 0 {
                let step = left.min(end - at);
                if result != EventResult::Returned && open.purpose == Purpose::Deliver {
                    known.done.add(at, at + step);
                }
                (at, left) = (at + step, left - step);
                if at == end {
                    match places.next() {
                        Some(next) => (at, end) = next,
                        // Cannot run out with results left: rows are as many as offsets.
                        None => break,
                    }
                }
            }
        }
        known.done.advance(&mut known.floor);
        if unknown > 0 {
            add(&mut known.totals.unknown, unknown);
            self.unknown.insert(batch, unknown);
        }
        // A resend of unknown events decides them: what is terminal now is no longer unknown under the old batch.
        if let Some(old) = open.retry_of
            && let Some(still) = self.unknown.get_mut(&old)
        {
            let moved = terminal.min(*still);
            *still -= moved;
            known.totals.unknown = known.totals.unknown.saturating_sub(moved);
            if *still == 0 {
                self.unknown.remove(&old);
            }
        }
        Ok(())
    }

    /// Whether nothing was settled or under way of these offsets at a destination.
    pub(crate) fn is_untouched(&self, id: &DestinationId, offsets: &Range<Offset>) -> bool {
        let Some(known) = self.destinations.get(id) else { return true };
        let touches = |start: u64, end: u64| start < offsets.end.0 && end > offsets.start.0;
        known.floor <= offsets.start.0
            && !known.done.iter().any(|(start, end)| touches(start, end))
            && !self
                .open
                .values()
                .any(|open| open.destination == *id && open.offsets.iter().any(|r| touches(r.start.0, r.end.0)))
    }

    pub(crate) fn next_batch(&self) -> u64 {
        self.next_batch
    }

    pub(crate) fn names(&self) -> &[(NameKind, String)] {
        &self.names
    }

    pub(crate) fn name(&self, id: StoredName) -> Option<&str> {
        self.names.get((id.0 as usize).checked_sub(1)?).map(|(_, text)| text.as_str())
    }

    pub(crate) fn field_sets(&self) -> &HashSet<FieldSetId> {
        &self.field_sets
    }

    pub(crate) fn open_intents(&self) -> impl Iterator<Item = &OpenIntent> {
        self.open.values()
    }

    /// How many events an open batch has.
    pub(crate) fn open_rows(&self, batch: BatchId) -> Option<u32> {
        self.open.get(&batch).map(|open| open.rows)
    }

    #[cfg(test)]
    pub(crate) fn status(&self, id: &DestinationId) -> Option<Status> {
        self.destinations.get(id).map(|d| d.life)
    }

    pub(crate) fn position(&self, id: &DestinationId) -> Option<Position> {
        self.destinations.get(id).map(|d| Position {
            floor: Offset(d.floor),
            done: d.done.iter().map(|(start, end)| Offset(start)..Offset(end)).collect(),
            life: d.life,
        })
    }

    pub(crate) fn totals(&self) -> BTreeMap<DestinationId, Totals> {
        self.destinations.iter().map(|(id, d)| (id.clone(), d.totals.clone())).collect()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_varint(&mut out, self.next_batch);
        put_varint(&mut out, self.names.len() as u64);
        for (kind, text) in &self.names {
            out.push(*kind as u8);
            put_bytes(&mut out, text.as_bytes());
        }
        let sorted: BTreeSet<_> = self.field_sets.iter().collect();
        put_varint(&mut out, sorted.len() as u64);
        sorted.iter().for_each(|id| out.extend_from_slice(&id.0));
        put_varint(&mut out, self.destinations.len() as u64);
        for (id, d) in &self.destinations {
            put_bytes(&mut out, id.as_str().as_bytes());
            out.push(d.life as u8);
            put_varint(&mut out, d.floor);
            d.done.put(&mut out);
            for n in [d.totals.delivered, d.totals.rejected, d.totals.not_offered, d.totals.unknown] {
                put_varint(&mut out, n);
            }
            put_varint(&mut out, d.totals.dropped.len() as u64);
            for (rule, n) in &d.totals.dropped {
                out.push(*rule as u8);
                put_varint(&mut out, *n);
            }
        }
        put_varint(&mut out, self.open.len() as u64);
        for open in self.open.values() {
            put_varint(&mut out, open.batch.0);
            put_bytes(&mut out, open.destination.as_str().as_bytes());
            out.extend_from_slice(&[open.purpose as u8, open.lane]);
            out.extend_from_slice(&open.at.0.to_le_bytes());
            put_varint(&mut out, u64::from(open.rows));
            put_varint(&mut out, open.retry_of.map_or(0, |b| b.0.saturating_add(1)));
            put_ranges(&mut out, open.offsets.iter().map(|r| (r.start.0, r.end.0)));
        }
        put_varint(&mut out, self.unknown.len() as u64);
        for (batch, n) in &self.unknown {
            put_varint(&mut out, batch.0);
            put_varint(&mut out, *n);
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<State, WireError> {
        let mut c = Cursor::new(bytes);
        let bad = WireError(0);
        if c.u8()? != VERSION {
            return Err(bad);
        }
        let mut state = State { next_batch: c.varint()?, ..State::default() };
        for _ in 0..c.varint()? {
            let kind = NameKind::from_number(c.u8()?).ok_or(bad)?;
            state.names.push((kind, c.str()?.to_owned()));
        }
        for _ in 0..c.varint()? {
            state.field_sets.insert(FieldSetId(c.array()?));
        }
        for _ in 0..c.varint()? {
            let id = DestinationId::parse(c.str()?).map_err(|_| bad)?;
            let life = match c.u8()? {
                0 => Status::Active,
                1 => Status::Suspended,
                2 => Status::Ended,
                _ => return Err(bad),
            };
            let (floor, done) = (c.varint()?, RangeSet::read(&mut c)?);
            let mut totals = Totals {
                delivered: c.varint()?,
                rejected: c.varint()?,
                not_offered: c.varint()?,
                unknown: c.varint()?,
                dropped: BTreeMap::new(),
            };
            for _ in 0..c.varint()? {
                totals.dropped.insert(Rule::from_number(c.u8()?).ok_or(bad)?, c.varint()?);
            }
            state.destinations.insert(id, Destination { life, floor, done, totals });
        }
        for _ in 0..c.varint()? {
            let batch = BatchId(c.varint()?);
            let destination = DestinationId::parse(c.str()?).map_err(|_| bad)?;
            let (purpose, lane) = (Purpose::from_number(c.u8()?).ok_or(bad)?, c.u8()?);
            let at = Millis(c.i64()?);
            let rows = u32::try_from(c.varint()?).map_err(|_| bad)?;
            let retry_of = c.varint()?.checked_sub(1).map(BatchId);
            let ranges = read_ranges(&mut c)?;
            let expected = if purpose == Purpose::Ask { 0 } else { u128::from(rows) };
            if ranges.iter().map(|r| u128::from(r.1 - r.0)).sum::<u128>() != expected {
                return Err(bad);
            }
            let offsets = ranges.into_iter().map(|(start, end)| Offset(start)..Offset(end)).collect();
            let open = OpenIntent { batch, destination, lane, purpose, at, offsets, rows, retry_of };
            state.open.insert(batch, open);
        }
        for _ in 0..c.varint()? {
            state.unknown.insert(BatchId(c.varint()?), c.varint()?);
        }
        if c.is_done() { Ok(state) } else { Err(bad) }
    }
}

fn add(sum: &mut u64, n: u64) {
    *sum = sum.saturating_add(n);
}

/// The id of a field set with this digest.
pub(crate) fn field_set_id(digest: &[u8; 32]) -> FieldSetId {
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    FieldSetId(id)
}

pub(crate) fn read_names(body: &[u8], count: u32) -> Result<Vec<(NameKind, String)>, WireError> {
    let mut c = Cursor::new(body);
    let mut names = Vec::new();
    for _ in 0..count {
        let bad = WireError(c.position());
        names.push((NameKind::from_number(c.u8()?).ok_or(bad)?, c.str()?.to_owned()));
    }
    if c.is_done() { Ok(names) } else { Err(WireError(c.position())) }
}

/// Writes the body of a names entry.
pub(crate) fn put_name(out: &mut Vec<u8>, kind: NameKind, text: &str) {
    out.push(kind as u8);
    put_bytes(out, text.as_bytes());
}

#[cfg(test)]
mod tests;
