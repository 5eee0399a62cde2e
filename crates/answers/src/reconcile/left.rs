//! What left to a destination, row by row, with the journal's offset of each event where the ledger says it: row `i` of an intent is the
//! `i`-th of its offsets (D13).

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use weir_event::{DestinationId, Millis, Offset};
use weir_ledger::entry::Entry;
use weir_ledger::{Kind, Purpose, history};
use weir_rows::columns::{Column, Columns};
use weir_rows::scan::{self, Visitor};
use weir_rows::{Batches, Held, Scope, View};

use super::Fate;
use crate::exposure::AskError;

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// When it left.
    pub at: Millis,
    /// The event: the place of its name in [`Rows::names`], from 1 on; 0 of one that was erased.
    pub name: u32,
    /// What became of it. A try that a later one replaced counts as one that came to nothing: the later one says more.
    pub fate: Fate,
    /// Whether the same event has a row of its own besides: it was sent again, or a later try says what became of it.
    pub is_again: bool,
    /// By which of the vendor's endpoints.
    pub lane: u8,
    /// The event's place in the journal.
    pub offset: Option<Offset>,
}

/// The rows of one destination and time.
pub struct Rows {
    view: View,
    batches: Batches,
    intents: HashMap<u64, Intent, RandomState>,
}

struct Intent {
    lane: u8,
    offsets: Vec<Range<Offset>>,
    rows: u32,
}

impl Rows {
    /// Opens what left in a time from the egress ledger in `dir`.
    pub fn open(dir: &Path, destination: &DestinationId, from: Millis, to: Millis) -> Result<Rows, AskError> {
        let destinations = Some(BTreeMap::from([(destination.clone(), vec![(from, to)])]));
        let view = View::open(dir, &Scope { destinations, from, to }, &|_| true)?;
        let batches = view.batches()?;
        let mut intents: HashMap<u64, Intent, RandomState> = HashMap::default();
        if let Some(first) = batches.facts().iter().map(|fact| fact.entry).min() {
            history::from(dir, Kind::Egress, first, |_, _, entry, _| {
                if let Entry::Intent(intent) = entry
                    && batches.fact(intent.batch.0).is_some()
                {
                    let (lane, offsets, rows) = (intent.lane, intent.offsets.clone(), intent.rows);
                    intents.insert(intent.batch.0, Intent { lane, offsets, rows });
                }
            })?;
        }
        Ok(Rows { view, batches, intents })
    }

    /// Whether some of it is so old that only sums of a month are left (D13): of those nobody knows the day.
    pub fn are_sums(&self) -> bool {
        self.view.has_sums()
    }

    /// Whether the ledger knows the destination at all.
    pub fn knows(&self, destination: &DestinationId) -> bool {
        self.view.dictionary.destinations.iter().any(|known| known.id == *destination)
    }

    /// The names that the ledger knows.
    pub fn names(&self) -> &[String] {
        &self.view.dictionary.names
    }

    /// Entries of the ledger that this rests on.
    pub fn entries(&self) -> u64 {
        self.view.entries()
    }

    /// Shows every row but questions, and tries that the vendor clearly did not take and that were to be made again.
    pub fn each<E: From<AskError>>(&self, visit: &mut dyn FnMut(Left) -> Result<(), E>) -> Result<(), E> {
        let tail = self.view.tail();
        let columns = [Column::Subject, Column::Batch, Column::Index, Column::FieldSet, Column::Event];
        let mut showing = Showing { rows: self, visit, failed: None };
        let scanned = scan::scan_on_one(&self.view.runs(&tail), &columns, &mut showing);
        match showing.failed {
            Some(error) => Err(error),
            None => scanned.map_err(|error| AskError::from(error).into()),
        }
    }

    fn left(&self, batch: u64, index: u16, name: u32) -> Option<Left> {
        let fact = self.batches.fact(batch)?;
        let (fate, is_replaced) = match self.batches.held(batch, index) {
            Held::Accepted => (Fate::Accepted, false),
            Held::Possibly => (Fate::Possibly, false),
            Held::Rejected => (Fate::Rejected, false),
            Held::Replaced => (Fate::Rejected, true),
            Held::Outside | Held::Returned => return None,
        };
        if fact.purpose() == Purpose::Ask {
            return None;
        }
        let intent = self.intents.get(&batch);
        Some(Left {
            at: fact.at,
            name,
            fate,
            is_again: is_replaced || fact.purpose() == Purpose::Resend,
            lane: intent.map_or(0, |intent| intent.lane),
            offset: intent.and_then(|intent| intent.offset(index)),
        })
    }
}

impl Intent {
    fn offset(&self, index: u16) -> Option<Offset> {
        let length = |range: &Range<Offset>| range.end.0.saturating_sub(range.start.0);
        if self.offsets.iter().map(length).sum::<u64>() != u64::from(self.rows) {
            return None;
        }
        let mut left = u64::from(index);
        for range in &self.offsets {
            if left < length(range) {
                return Some(Offset(range.start.0 + left));
            }
            left -= length(range);
        }
        None
    }
}

struct Showing<'v, E> {
    rows: &'v Rows,
    visit: &'v mut dyn FnMut(Left) -> Result<(), E>,
    failed: Option<E>,
}

impl<E> Visitor for Showing<'_, E> {
    fn mark(&mut self, batches: &[i64], marks: &mut [u16]) {
        for (batch, mark) in batches.iter().zip(marks) {
            *mark = u16::from(self.rows.batches.place(batch.cast_unsigned()).is_some());
        }
    }

    fn subject(&mut self, _: u64) {}

    fn rows(&mut self, rows: &Columns, range: Range<usize>) {
        if self.failed.is_some() {
            return;
        }
        let (indexes, sets) = (rows.narrow(Column::Index), rows.narrow(Column::FieldSet));
        let names = rows.narrow(Column::Event);
        for at in range {
            let index = indexes[at].cast_unsigned() as u16;
            let name = if sets[at] == 0 { 0 } else { names[at].cast_unsigned() };
            if let Some(left) = self.rows.left(rows.batches()[at].cast_unsigned(), index, name)
                && let Err(error) = (self.visit)(left)
            {
                self.failed = Some(error);
                return;
            }
        }
    }
}
