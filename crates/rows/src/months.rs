//! Sums of a month: what is left of rows once they are thirteen months old (D13).
//!
//! Rows of one month that say the same of the same subject (field set, organisation, slice, epoch, configuration, purpose, what became of
//! them) become one, with their number. An exposure over whole months is the same before and after, to the last subject; what is lost is
//! the moment within the month. So a month counts whole where a window cuts it: an answer may name more than left in the window,
//! never less.
//!
//! What rows point to shrinks with them: the batches of a month that share configuration and purpose become one, the lowest-numbered of
//! them ([`BatchFact::is_month`]), and the place of a row in it says what became of the row ([`Fate`]'s number). A try that a later one
//! replaced is in no sum: the later one is.

use std::collections::BTreeMap;
use std::iter::Peekable;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use weir_event::Millis;
use weir_ledger::rows::StoredRow;

use crate::error::RowsError;
use crate::facts::{BatchFact, Fate};
use crate::row::{LedgerRow, Month};
use crate::view::{Batches, Held};

/// Months that are over and whose rows are kept one by one.
pub const MONTHS_FULL: i32 = 13;

/// Whether a month's rows are to be summed up at this time.
pub(crate) fn is_due(month: Month, now: Millis) -> bool {
    month.0.saturating_add(MONTHS_FULL) < Month::of(now).0
}

/// The batches of one destination and month, made one for each configuration and purpose.
pub(crate) struct Together {
    /// These.
    pub(crate) facts: Vec<BatchFact>,
    /// Of each batch before, which of them it is now.
    pub(crate) instead: HashMap<u64, u64, RandomState>,
}

impl Together {
    pub(crate) fn of(batches: impl Iterator<Item = BatchFact>, month: Month) -> Together {
        let mut groups: BTreeMap<([u8; 8], u8), Vec<BatchFact>> = BTreeMap::new();
        batches.for_each(|fact| groups.entry((fact.generation, fact.purpose)).or_default().push(fact));
        let mut together = Together { facts: Vec::new(), instead: HashMap::default() };
        for group in groups.into_values() {
            let Some(lowest) = group.iter().min_by_key(|fact| fact.batch) else { continue };
            together.instead.extend(group.iter().map(|fact| (fact.batch, lowest.batch)));
            together.facts.push(BatchFact {
                at: month.bounds().0,
                fate: None,
                is_unclear: false,
                rows: Fate::ALL.len() as u32,
                is_month: true,
                ..*lowest
            });
        }
        together.facts.sort_unstable();
        together
    }
}

/// Rows, sorted by subject, as sums.
pub(crate) struct Summed<'s, I: Iterator> {
    rows: Peekable<I>,
    batches: &'s Batches,
    together: &'s Together,
    /// Those of the subject that was read last.
    ready: std::vec::IntoIter<LedgerRow>,
}

impl<'s, I: Iterator<Item = Result<LedgerRow, RowsError>>> Summed<'s, I> {
    pub(crate) fn new(rows: I, batches: &'s Batches, together: &'s Together) -> Summed<'s, I> {
        Summed { rows: rows.peekable(), batches, together, ready: Vec::new().into_iter() }
    }

    /// The sum that a row belongs to; `None` where a later try counts instead.
    fn key(&self, row: &LedgerRow) -> Result<Option<LedgerRow>, RowsError> {
        let fate = match self.batches.held(row.batch, row.index) {
            Held::Accepted => Fate::Accepted,
            Held::Possibly => Fate::Unknown,
            Held::Returned => Fate::Returned,
            Held::Rejected => Fate::Rejected,
            Held::Replaced => return Ok(None),
            Held::Outside => return Err(RowsError::Unknown(row.batch)),
        };
        let batch = *self.together.instead.get(&row.batch).ok_or(RowsError::Unknown(row.batch))?;
        let time = StoredRow::time_of(row.month().bounds().0);
        Ok(Some(LedgerRow { time, batch, index: fate as u16, more: 0, ..*row }))
    }

    /// Sums up the rows of the next subject.
    fn subject(&mut self, first: LedgerRow) -> Result<(), RowsError> {
        let mut sums: BTreeMap<LedgerRow, u64> = BTreeMap::new();
        let mut next = Some(first);
        while let Some(row) = next {
            if let Some(key) = self.key(&row)? {
                *sums.entry(key).or_default() += 1 + u64::from(row.more);
            }
            let same = self.rows.next_if(|row| row.as_ref().map_or(true, |row| row.subject == first.subject));
            next = same.transpose()?;
        }
        let rows = sums.into_iter().flat_map(|(key, mut left)| {
            // One row counts up to 2^32 events.
            std::iter::from_fn(move || {
                let more = u32::try_from(left.checked_sub(1)?).unwrap_or(u32::MAX);
                left -= 1 + u64::from(more);
                Some(LedgerRow { more, ..key })
            })
        });
        self.ready = rows.collect::<Vec<_>>().into_iter();
        Ok(())
    }
}

impl<I: Iterator<Item = Result<LedgerRow, RowsError>>> Iterator for Summed<'_, I> {
    type Item = Result<LedgerRow, RowsError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.ready.next() {
                return Some(Ok(row));
            }
            let first = self.rows.next()?;
            if let Err(error) = first.and_then(|row| self.subject(row)) {
                return Some(Err(error));
            }
        }
    }
}
