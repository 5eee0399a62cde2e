//! What became of each event at one destination, read from the log beside its writer: for `weir resend`.
//!
//! One byte an offset, folded from the entries in their order, so that the last word counts. Reading begins at the last file before
//! which none of these offsets was settled or under way, as that file's own snapshot says.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use weir_event::{DestinationId, Millis, Offset, Rule};

use crate::entry::{BatchId, Entry, EventResult, Passed, Purpose};
use crate::error::LedgerError;
use crate::ledger::{Kind, Ledger};
use crate::read::list;
use crate::record::{FILE_HEADER_BYTES_MAX, FileHeader, RECORD_HEADER_BYTES_MAX, RecordHeader, SNAPSHOT};
use crate::rows::Body;
use crate::state::State;
use crate::windowed::FileRecords;

/// What became of one event at one destination.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Nothing yet: it waits, or is under way.
    Waiting,
    /// The vendor took it.
    Delivered,
    /// The vendor refused it, or a rule held it back; it went to quarantine.
    Rejected,
    /// It was sent, and nobody knows.
    Unknown,
    /// It was not meant for this destination.
    NotOffered,
    /// Dropped by a rule.
    Dropped(Rule),
}

/// The fates of a range of offsets at one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fates {
    first: u64,
    codes: Vec<u8>,
}

const WAITING: u8 = 0;
const DELIVERED: u8 = 1;
const REJECTED: u8 = 2;
const UNKNOWN: u8 = 3;
const NOT_OFFERED: u8 = 4;
const RULES_FROM: u8 = 8;
/// It was resent, and the vendor took it.
const AGAIN: u8 = 0x80;

impl Fates {
    fn new(offsets: &Range<Offset>) -> Fates {
        let count = offsets.end.0.saturating_sub(offsets.start.0);
        Fates { first: offsets.start.0, codes: vec![WAITING; usize::try_from(count).unwrap_or(0)] }
    }

    fn code(&self, offset: Offset) -> u8 {
        let place = offset.0.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        place.and_then(|at| self.codes.get(at)).copied().unwrap_or(WAITING)
    }

    /// What became of the event at this offset.
    pub fn of(&self, offset: Offset) -> Fate {
        match self.code(offset) & !AGAIN {
            DELIVERED => Fate::Delivered,
            REJECTED => Fate::Rejected,
            UNKNOWN => Fate::Unknown,
            NOT_OFFERED => Fate::NotOffered,
            code => code.checked_sub(RULES_FROM).and_then(Rule::from_number).map_or(Fate::Waiting, Fate::Dropped),
        }
    }

    /// Whether the vendor took it from a resend.
    pub fn was_resent(&self, offset: Offset) -> bool {
        self.code(offset) & AGAIN != 0
    }

    fn each(&mut self, start: u64, end: u64, change: impl Fn(&mut u8)) {
        let place =
            |at: u64| usize::try_from(at.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.codes.len());
        let range = place(start)..place(end);
        self.codes.get_mut(range).unwrap_or_default().iter_mut().for_each(change);
    }

    fn set(&mut self, start: u64, end: u64, code: u8) {
        self.each(start, end, |old| *old = code | *old & AGAIN);
    }

    fn add(&mut self, intent: &Intent, runs: &[(u32, EventResult)]) {
        // A run of results covers the next offsets of the batch, across its ranges.
        let mut runs = runs.iter().copied();
        let (mut left, mut result) = runs.next().unwrap_or((0, EventResult::Returned));
        for range in &intent.offsets {
            let mut at = range.start.0;
            while at < range.end.0 {
                if left == 0 {
                    let Some(next) = runs.next() else { return };
                    (left, result) = next;
                    continue;
                }
                let step = u64::from(left).min(range.end.0 - at);
                match (intent.purpose, result) {
                    (Purpose::Resend, EventResult::Accepted) => self.each(at, at + step, |old| *old |= AGAIN),
                    (Purpose::Deliver | Purpose::Replay, EventResult::Accepted) => self.set(at, at + step, DELIVERED),
                    (Purpose::Deliver, EventResult::Rejected(_)) => self.set(at, at + step, REJECTED),
                    (Purpose::Deliver, EventResult::Unknown) => self.set(at, at + step, UNKNOWN),
                    _ => {}
                }
                (at, left) = (at + step, left - u32::try_from(step).unwrap_or(left));
            }
        }
    }
}

/// An intent whose outcome has not come yet.
struct Intent {
    purpose: Purpose,
    offsets: Vec<Range<Offset>>,
    rows: u32,
}

impl Ledger {
    /// What became of these offsets at a destination, by what is durable now. Blocks on the disk: it reads the log from the time on
    /// when the first of them came in. Takes one byte an offset.
    pub fn fates(&self, destination: &DestinationId, offsets: Range<Offset>) -> Result<Fates, LedgerError> {
        let mut fates = Fates::new(&offsets);
        let mut open: BTreeMap<BatchId, Intent> = BTreeMap::new();
        let touches = |range: &Range<Offset>| range.start < offsets.end && range.end > offsets.start;
        let is_fresh = |state: &State| state.is_untouched(destination, &offsets);
        self.walk(is_fresh, |_, entry, body| {
            match entry {
                Entry::Intent(intent) if intent.destination == *destination && intent.offsets.iter().any(touches) => {
                    let one = Intent { purpose: intent.purpose, offsets: intent.offsets, rows: intent.rows };
                    open.insert(intent.batch, one);
                }
                Entry::Outcome { batch, result, .. } => {
                    let Some(intent) = open.remove(&batch) else { return Ok(()) };
                    fates.add(&intent, &result.results(intent.rows, body)?);
                }
                Entry::Range { destination: of, offsets, rule, passed, .. } if of == *destination => {
                    let code = match passed {
                        Passed::Dropped => RULES_FROM.saturating_add(rule as u8),
                        Passed::NotOffered => NOT_OFFERED,
                        Passed::Held => REJECTED,
                    };
                    offsets.iter().for_each(|range| fates.set(range.start.0, range.end.0, code));
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(fates)
    }

    /// How many rows say that an event of this name left for a destination within a time and from below an offset, each event once
    /// for each time it left. A thinned batch counts whole where part of it is below the offset. Blocks on the disk.
    pub fn count_left(
        &self,
        destination: &DestinationId,
        event: &str,
        within: Range<Millis>,
        below: Offset,
    ) -> Result<u64, LedgerError> {
        // By number: a row holds no text.
        let named = self.numbers_of(event);
        let mut count = 0;
        self.walk_since(within.start, |at, entry, body| {
            let Entry::Intent(intent) = entry else { return Ok(()) };
            let is_below = intent.offsets.first().is_some_and(|range| range.start < below);
            if intent.destination != *destination || !within.contains(&at) || !is_below || !intent.purpose.is_summed() {
                return Ok(());
            }
            match Body::parse(body).map_err(|_| "rows that cannot be read")? {
                Body::Rows(rows) => {
                    let offsets = intent.offsets.iter().flat_map(|range| range.start.0..range.end.0);
                    for (row, offset) in rows.rows().zip(offsets) {
                        count += u64::from(offset < below.0 && row.is_some_and(|row| named.contains(&row.event)));
                    }
                }
                Body::Thin(thin) => {
                    let of_event = thin.events().into_iter().filter(|(name, _)| named.contains(name));
                    count += of_event.map(|(_, rows)| rows).sum::<u64>();
                }
            }
            Ok(())
        })?;
        Ok(count)
    }

    /// Looks at every durable entry from the last file on whose snapshot is `fresh`.
    fn walk(
        &self,
        fresh: impl Fn(&State) -> bool,
        look: impl FnMut(Millis, Entry, &[u8]) -> Result<(), &'static str>,
    ) -> Result<(), LedgerError> {
        self.walk_from(|path, _| Ok(snapshot_of(path)?.is_some_and(|state| fresh(&state))), look)
    }

    /// Looks at every durable entry that may have been recorded at or after a time.
    fn walk_since(
        &self,
        since: Millis,
        look: impl FnMut(Millis, Entry, &[u8]) -> Result<(), &'static str>,
    ) -> Result<(), LedgerError> {
        self.walk_from(|_, header| Ok(header.made_at < since.0), look)
    }

    fn walk_from(
        &self,
        begins: impl Fn(&Path, &FileHeader) -> Result<bool, LedgerError>,
        mut look: impl FnMut(Millis, Entry, &[u8]) -> Result<(), &'static str>,
    ) -> Result<(), LedgerError> {
        // Read first: whatever is durable by now is in the files that are listed next.
        let until = self.entries();
        let files = list(&self.log_dir())?;
        let mut first = files.len().saturating_sub(1);
        while let Some((_, path)) = files.get(first).filter(|_| first > 0) {
            let header = read_at(path, 0, FILE_HEADER_BYTES_MAX)?;
            let is_begin = match FileHeader::decode(&header) {
                Ok(header) => begins(path, &header)?,
                Err(_) => false,
            };
            if is_begin {
                break;
            }
            first -= 1;
        }
        for (first_index, path) in files.iter().skip(first) {
            let mut records = FileRecords::open(path, *first_index, Kind::Egress as u8)?;
            let mut index = *first_index;
            while let Some(record) = records.next()? {
                if record.kind == SNAPSHOT {
                    continue;
                }
                if index >= until {
                    return Ok(());
                }
                let damaged = |what| LedgerError::Damaged { path: path.clone(), index, what };
                let (at, entry) = Entry::decode(record.leaf).map_err(|_| damaged("the entry cannot be read"))?;
                look(at, entry, record.body).map_err(damaged)?;
                index += 1;
            }
        }
        Ok(())
    }
}

/// The snapshot that a file begins with.
fn snapshot_of(path: &Path) -> Result<Option<State>, LedgerError> {
    let Ok(file) = FileHeader::decode(&read_at(path, 0, FILE_HEADER_BYTES_MAX)?) else { return Ok(None) };
    let at = file.len() as u64;
    let Some(header) = RecordHeader::decode(&read_at(path, at, RECORD_HEADER_BYTES_MAX)?) else { return Ok(None) };
    if header.kind != SNAPSHOT || header.leaf_len != 0 {
        return Ok(None);
    }
    let body = read_at(path, at + header.body_at() as u64, header.body_len)?;
    Ok(State::decode(&body).ok())
}

fn read_at(path: &Path, at: u64, count: usize) -> Result<Vec<u8>, LedgerError> {
    let file = File::open(path).map_err(LedgerError::io("open", path))?;
    let mut bytes = vec![0; count];
    file.read_exact_at(&mut bytes, at).map_err(LedgerError::io("read", path))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_code_of_its_own() {
        let mut fates = Fates::new(&(Offset(10)..Offset(12)));
        for rule in Rule::ALL {
            fates.set(10, 11, RULES_FROM + rule as u8);
            assert_eq!(fates.of(Offset(10)), Fate::Dropped(rule));
            assert!(!fates.was_resent(Offset(10)), "a rule's number does not reach the flag");
        }
        assert_eq!(fates.of(Offset(11)), Fate::Waiting);
        assert_eq!(fates.of(Offset(9)), Fate::Waiting, "outside");
    }
}
