//! Rows, batches and results from the ledger's log.
//!
//! A batch is *settled* once its outcome is recorded. The store takes over what is settled, up to the first intent that is not, so that a
//! row file never has to change; what lies behind is read from the log by each answer (D13: current to the last delivered batch).

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::path::Path;

use weir_event::{DestinationId, Millis, Offset};
use weir_ledger::entry::{Entry, IntentEntry, Life};
use weir_ledger::history::{self, Place};
use weir_ledger::rows::{Body, StoredRow};
use weir_ledger::{BatchId, EventResult, FieldSetId, Kind};

use crate::dictionary::{Change, Dictionary};
use crate::error::RowsError;
use crate::facts::{BatchFact, Became, Fate, RangeFact, ResultFact};
use crate::row::LedgerRow;

/// Whether a try with this status may have been stored: 0 is no answer at all, from 500 on the error is the vendor's own.
pub const fn is_unclear(status: u16) -> bool {
    status == 0 || status >= 500
}

/// How far to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// What is settled, and not much more than this many rows where more is there.
    Settled {
        /// Rows.
        rows: usize,
        /// Entries that are durable: what lies behind may be gone after a power cut.
        durable: u64,
    },
    /// What lies below this entry, and not much more than this many rows; from there on only what became of it is looked for.
    Below {
        /// The entry.
        entries: u64,
        /// Rows.
        rows: usize,
    },
    /// To the end of the log; what has no outcome yet may be held.
    End,
}

/// What of it is wanted.
pub struct Wanted<'w> {
    /// Batches to this destination that left at this time.
    pub batch: &'w dyn Fn(&DestinationId, Millis) -> bool,
    /// Rows about this subject; `None` asks for rows that were erased.
    pub row: &'w dyn Fn(Option<u64>) -> bool,
    /// Whether a batch may come without its rows, where the log has given them up. Otherwise it is an error: the files lack it.
    pub thin: bool,
}

impl Wanted<'_> {
    /// Everything.
    pub const ALL: Wanted<'static> = Wanted { batch: &|_, _| true, row: &|_| true, thin: false };
}

/// What was read.
#[derive(Default, Debug)]
pub struct Gathered {
    /// Up to where; what comes next begins here.
    pub place: Place,
    /// Entries that were looked at.
    pub entries: u64,
    /// Whether reading ended because there were rows enough.
    pub is_more: bool,
    /// Batches, by their number.
    pub batches: Vec<BatchFact>,
    /// Results that differ within a batch, and tries that were replaced.
    pub results: Vec<ResultFact>,
    /// What did not leave.
    pub ranges: Vec<RangeFact>,
    /// Rows and the destination of each, in the order of the log.
    pub rows: Vec<(u16, LedgerRow)>,
    /// Batches whose rows the log has given up.
    pub thin: Vec<u64>,
}

/// An intent that was read.
struct Batch {
    place: Place,
    at: Millis,
    intent: Box<IntentEntry>,
    rows: Vec<(u32, Option<StoredRow>)>,
    is_thin: bool,
    is_unclear: bool,
    runs: Option<Vec<(u32, EventResult)>>,
}

/// Another entry that matters.
enum Item {
    Names(Vec<String>),
    FieldSet(FieldSetId, Vec<u8>),
    Life(DestinationId, Change),
    Range(DestinationId, RangeFact),
}

/// Reads from a place on. `dictionary` is as of that place, and afterwards as of the new one. `None`: the log does not come by that place.
pub fn gather(
    dir: &Path,
    from: Place,
    dictionary: &mut Dictionary,
    until: Until,
    wanted: &Wanted<'_>,
) -> Result<Option<Gathered>, RowsError> {
    let mut reading = Reading {
        wanted,
        until,
        items: Vec::new(),
        batches: BTreeMap::new(),
        open: BTreeMap::new(),
        closed: Vec::new(),
        rows: 0,
        gone: None,
        failed: None,
    };
    let (mut bound, mut is_more) = (None, false);
    let end = history::each_from(dir, Kind::Egress, from, |place, at, entry, body| {
        match until {
            Until::Settled { durable, .. } if place.entries >= durable => return ControlFlow::Break(()),
            Until::Below { entries, .. } if place.entries >= entries => {
                bound = bound.or(Some(place));
                if reading.open.is_empty() {
                    return ControlFlow::Break(());
                }
                if !matches!(entry, Entry::Attempt { .. } | Entry::Outcome { .. }) {
                    return ControlFlow::Continue(());
                }
            }
            Until::Settled { .. } | Until::Below { .. } | Until::End => {}
        }
        if reading.read(place, at, entry, body).is_none() {
            reading.failed = Some(place.entries);
            return ControlFlow::Break(());
        }
        is_more = reading.is_enough(from);
        if is_more { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if let Some(index) = reading.gone {
        return Err(RowsError::Gone(index));
    }
    if let Some(index) = reading.failed {
        return Err(RowsError::Unreadable(index));
    }
    let Some(end) = end else { return Ok(None) };
    let entries = end.entries - from.entries;
    let place = match until {
        Until::Settled { .. } => reading.open.keys().next().copied().unwrap_or(end),
        Until::Below { .. } => reading.open.keys().next().copied().or(bound).unwrap_or(end),
        Until::End => end,
    };
    Ok(Some(Gathered { is_more, ..reading.apply(place, entries, dictionary) }))
}

struct Reading<'r> {
    wanted: &'r Wanted<'r>,
    until: Until,
    items: Vec<(u64, Millis, Item)>,
    batches: BTreeMap<BatchId, Batch>,
    /// Where the intents without an outcome stand.
    open: BTreeMap<Place, BatchId>,
    /// Batches in the order of their outcomes.
    closed: Vec<BatchId>,
    rows: usize,
    /// A batch without rows, where there must be some.
    gone: Option<u64>,
    failed: Option<u64>,
}

impl Reading<'_> {
    /// Takes in one entry; `None` where it cannot be read.
    fn read(&mut self, place: Place, at: Millis, entry: &Entry, body: &[u8]) -> Option<()> {
        let item = match entry {
            Entry::Names { count, .. } => Item::Names(history::names(body, *count).ok()?),
            Entry::FieldSet { digest } => {
                let (id, _) = digest.split_first_chunk::<16>()?;
                Item::FieldSet(FieldSetId(*id), body.to_owned())
            }
            Entry::Life { destination, change } => {
                let change = match change {
                    Life::Start { .. } => Change::Started,
                    Life::Suspend => Change::Suspended,
                    Life::Resume => Change::Resumed,
                    Life::End => Change::Ended,
                };
                Item::Life(destination.clone(), change)
            }
            Entry::Range { destination, rule, count, passed, .. } => {
                if !(self.wanted.batch)(destination, at) {
                    return Some(());
                }
                let (rule, passed) = (*rule as u8, *passed as u8);
                Item::Range(destination.clone(), RangeFact { at, destination: 0, rule, passed, count: *count })
            }
            Entry::Intent(intent) => return self.intend(place, at, intent, body),
            Entry::Attempt { batch, status, .. } => {
                if let Some(batch) = self.batches.get_mut(batch).filter(|batch| batch.runs.is_none()) {
                    batch.is_unclear |= is_unclear(*status);
                }
                return Some(());
            }
            Entry::Outcome { batch: id, result, status } => {
                let Some(batch) = self.batches.get_mut(id).filter(|batch| batch.runs.is_none()) else {
                    return Some(());
                };
                batch.is_unclear |= is_unclear(*status);
                batch.runs = Some(result.results(batch.intent.rows, body).ok()?);
                self.open.remove(&batch.place);
                self.closed.push(*id);
                return Some(());
            }
            _ => return Some(()),
        };
        self.items.push((place.entries, at, item));
        Some(())
    }

    fn intend(&mut self, place: Place, at: Millis, intent: &IntentEntry, body: &[u8]) -> Option<()> {
        if !(self.wanted.batch)(&intent.destination, at) {
            return Some(());
        }
        let body = Body::parse(body).ok()?;
        if body.count() != intent.rows as usize {
            return None;
        }
        let wanted = |(_, row): &(u32, Option<StoredRow>)| (self.wanted.row)(row.map(|row| row.subject));
        let (rows, is_thin): (Vec<_>, bool) = match body {
            Body::Rows(body) => ((0..).zip(body.rows()).filter(wanted).collect(), false),
            // Which rows were erased the log knows still.
            Body::Thin(body) => {
                (body.erased().into_keys().map(|place| (u32::from(place), None)).filter(wanted).collect(), true)
            }
        };
        if is_thin && !self.wanted.thin {
            self.gone = Some(place.entries);
            return None;
        }
        // So many are read, or are to be read elsewhere.
        self.rows += if is_thin { body.count() } else { rows.len() };
        self.open.insert(place, intent.batch);
        let intended = Box::new(intent.clone());
        let batch = Batch { place, at, intent: intended, rows, is_thin, is_unclear: false, runs: None };
        self.batches.insert(intent.batch, batch);
        Some(())
    }

    /// Whether there is enough to be taken over.
    fn is_enough(&self, from: Place) -> bool {
        match self.until {
            Until::End => false,
            // What is open bounds what can be taken: at least something must lie before it.
            Until::Settled { rows, .. } | Until::Below { rows, .. } => {
                self.rows >= rows && self.open.keys().next().is_none_or(|first| first.entries > from.entries)
            }
        }
    }

    fn apply(mut self, place: Place, entries: u64, dictionary: &mut Dictionary) -> Gathered {
        let mut gathered = Gathered { place, entries, ..Gathered::default() };
        for (index, at, item) in self.items {
            if index >= place.entries {
                break;
            }
            match item {
                Item::Names(names) => dictionary.names.extend(names),
                Item::FieldSet(id, body) => dictionary.add_field_set(id, &body),
                Item::Life(id, change) => {
                    let number = dictionary.destination(&id);
                    dictionary.destinations[usize::from(number)].changes.push((at, change));
                }
                Item::Range(id, range) => {
                    gathered.ranges.push(RangeFact { destination: dictionary.destination(&id), ..range });
                }
            }
        }
        // Without an outcome: on its way, or the process that sent it was killed. Last, as nothing is known to have come after it.
        let open: Vec<BatchId> = self.open.into_values().collect();
        for id in self.closed.into_iter().chain(open) {
            let Some(batch) = self.batches.remove(&id).filter(|batch| batch.place.entries < place.entries) else {
                continue;
            };
            settle(batch, dictionary, &mut gathered);
        }
        dictionary.forget_oldest();
        gathered.batches.sort_unstable();
        gathered.results.sort_unstable();
        gathered.ranges.sort_unstable();
        gathered
    }
}

fn settle(batch: Batch, dictionary: &mut Dictionary, gathered: &mut Gathered) {
    let Batch { place, at, intent, rows, is_thin, is_unclear, runs } = batch;
    let destination = dictionary.destination(&intent.destination);
    let id = intent.batch.0;
    gathered.thin.extend(is_thin.then_some(id));
    let runs = runs.unwrap_or_else(|| vec![(intent.rows, EventResult::Unknown)]);
    let fate = |result: &EventResult| match result {
        EventResult::Accepted => Fate::Accepted,
        EventResult::Unknown => Fate::Unknown,
        EventResult::Returned => Fate::Returned,
        EventResult::Rejected(_) => Fate::Rejected,
    };
    let same = runs.first().map(|(_, result)| fate(result)).filter(|f| runs.iter().all(|(_, r)| fate(r) == *f));
    // A batch of no rows has no results.
    let same = same.or_else(|| runs.is_empty().then_some(Fate::Accepted));
    if same.is_none() {
        let mut first = 0;
        for (length, result) in &runs {
            let became = Became::Fate(fate(result));
            gathered.results.push(ResultFact { batch: id, first, length: *length, became });
            first += length;
        }
    }
    replace(&runs, &intent.offsets, is_unclear, (destination, id), dictionary, gathered);
    gathered.batches.push(BatchFact {
        batch: id,
        at,
        generation: intent.generation.0,
        entry: place.entries,
        destination,
        purpose: intent.purpose as u8,
        fate: same,
        is_unclear,
        rows: intent.rows,
        is_month: false,
    });
    let time = StoredRow::time_of(at);
    gathered.rows.extend(rows.into_iter().map(|(index, row)| {
        let empty = LedgerRow { time, batch: id, index: index as u16, ..LedgerRow::default() };
        let row = row.map_or(empty, |row| LedgerRow {
            subject: row.subject,
            organisation: row.organisation,
            event: row.event.0,
            field_set: dictionary.number(row.field_set),
            slice: row.slice.0,
            epoch: row.epoch,
            ..empty
        });
        (destination, row)
    }));
}

/// Holds the results of a batch against earlier tries of the same events that may have been stored.
fn replace(
    runs: &[(u32, EventResult)],
    offsets: &[Range<Offset>],
    is_unclear: bool,
    (destination, batch): (u16, u64),
    dictionary: &mut Dictionary,
    gathered: &mut Gathered,
) {
    let may_be_held = |result: &EventResult| match result {
        EventResult::Unknown => true,
        EventResult::Returned => is_unclear,
        EventResult::Accepted | EventResult::Rejected(_) => false,
    };
    if dictionary.unclear.is_empty() && !runs.iter().any(|(_, result)| may_be_held(result)) {
        return;
    }
    let results = runs.iter().flat_map(|(length, result)| std::iter::repeat_n(result, *length as usize));
    // A question has no events behind it, so nothing decides it later.
    let offsets = offsets.iter().flat_map(|range| range.start.0..range.end.0);
    for (index, (result, offset)) in (0..).zip(results.zip(offsets)) {
        let event = (destination, offset);
        let before = match result {
            result if may_be_held(result) => dictionary.unclear.insert(event, (batch, index)),
            EventResult::Accepted | EventResult::Rejected(_) => dictionary.unclear.remove(&event),
            EventResult::Unknown | EventResult::Returned => None,
        };
        if let Some((earlier, first)) = before {
            let became = Became::Replaced { by: batch };
            gathered.results.push(ResultFact { batch: earlier, first, length: 1, became });
        }
    }
}
