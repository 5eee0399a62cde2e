//! "What of me?": every row of one subject: when, to whom, which fields, under which epoch, what became of it.
//!
//! Rows bear the first 8 bytes of a keyed tag (D13), which only the holder of the key folder can compute from an id. Two ids of one
//! person are two subjects: what joins them is in the journal's links, not here.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use weir_event::{DestinationId, GenerationId, Millis};
use weir_ledger::{BatchId, FieldSetId, Purpose};
use weir_rows::{Batches, Held, LedgerRow, RowsError, Scope, View};

use crate::exposure::AskError;
use crate::shape::Shape;

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Became {
    /// The vendor said that it has it.
    Accepted,
    /// Nobody knows: no clear answer came, or none is recorded; where it was sent again, that is a row of its own.
    PossiblyHeld,
    /// The vendor said that it does not take it.
    Rejected,
    /// The vendor clearly did not take it, and it was to be sent again.
    Returned,
}

impl Became {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Became::Accepted => "accepted",
            Became::PossiblyHeld => "possibly held",
            Became::Rejected => "rejected",
            Became::Returned => "to be sent again",
        }
    }
}

/// One row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Occurrence {
    /// The subject, as it was asked for.
    pub subject: u64,
    /// The entry of the ledger that it was announced by; of a sum, that of the month's first batch.
    pub entry: u64,
    /// When it left; of a sum, the beginning of its month.
    pub at: Millis,
    /// Events that it stands for, where only the sum of a month is left ([`weir_rows::months`]): no proof of a single one can be given.
    pub sum: Option<u64>,
    /// To whom.
    pub destination: DestinationId,
    /// The field set.
    pub field_set: FieldSetId,
    /// The pseudonym's epoch, 0 for `raw` and `stable`.
    pub epoch: u32,
    /// The batch, and the place in it.
    pub batch: BatchId,
    /// The place in the batch.
    pub place: u16,
    /// What the batch was for.
    pub purpose: Purpose,
    /// Under which configuration.
    pub generation: GenerationId,
    /// What became of it.
    pub became: Became,
}

impl Occurrence {
    /// Events that it stands for.
    pub fn events(&self) -> u64 {
        self.sum.unwrap_or(1)
    }
}

/// The answer.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct About {
    /// The rows, oldest first, at most as many as were asked for.
    pub rows: Vec<Occurrence>,
    /// Rows beyond these.
    pub more: u64,
    /// The field sets that the rows name.
    pub shapes: BTreeMap<FieldSetId, Shape>,
    /// And the texts that they are the digests of.
    pub texts: BTreeMap<FieldSetId, String>,
    /// Entries of the ledger that were read.
    pub entries: u64,
}

/// All rows of these subjects that left in a time, from the egress ledger in `dir`; `rows_max` of them are kept, the oldest.
///
/// Memory: some hundred bytes for each row that is kept, however many there are.
pub fn about(
    dir: &Path,
    subjects: &BTreeSet<u64>,
    from: Millis,
    to: Millis,
    rows_max: usize,
) -> Result<About, AskError> {
    let scope = Scope { from, to, ..Scope::all() };
    let view = View::open(dir, &scope, &|subject| subject.is_some_and(|subject| subjects.contains(&subject)))?;
    let mut known = Known { view: &view, apart: BTreeMap::new(), all: None };
    let mut oldest = Oldest { rows: Vec::new(), rows_max, more: 0 };
    for subject in subjects.iter().filter(|subject| !view.is_erased(**subject)) {
        let mut failed = None;
        view.each_of(*subject, |row| match known.batches(row.batch) {
            _ if failed.is_some() => {}
            Ok(batches) => oldest.extend(entry(&view, batches, &row).map(|entry| (entry, row))),
            Err(error) => failed = Some(error),
        })?;
        failed.map_or(Ok(()), Err)?;
    }
    oldest.cut();
    let mut about = About { entries: view.entries(), more: oldest.more, ..About::default() };
    for (_, row) in oldest.rows {
        about.rows.extend(occurrence(&view, known.batches(row.batch)?, &row));
    }
    let named: BTreeSet<FieldSetId> = about.rows.iter().map(|row| row.field_set).collect();
    for (number, (id, body)) in view.dictionary.field_sets.iter().enumerate().filter(|(_, (id, _))| named.contains(id))
    {
        let text = std::str::from_utf8(body).map_err(|_| AskError::Unreadable(number))?;
        about.shapes.insert(*id, Shape::read(body).ok_or(AskError::Unreadable(number))?);
        about.texts.insert(*id, text.to_owned());
    }
    Ok(about)
}

/// Batches that are looked up one by one. Whoever has rows in more, as a service that sends under one id, has all of them read at once.
const BATCHES_APART_MAX: usize = 2_000;

/// What batches say, as far as it was asked for.
struct Known<'v> {
    view: &'v View,
    apart: BTreeMap<u64, Batches>,
    all: Option<Batches>,
}

impl Known<'_> {
    fn batches(&mut self, batch: u64) -> Result<&Batches, RowsError> {
        if self.all.is_none() && self.apart.len() == BATCHES_APART_MAX && !self.apart.contains_key(&batch) {
            self.all = Some(self.view.batches()?);
            self.apart.clear();
        }
        match (&self.all, self.apart.entry(batch)) {
            (Some(all), _) => Ok(all),
            (None, Entry::Occupied(known)) => Ok(known.into_mut()),
            (None, Entry::Vacant(new)) => Ok(new.insert(self.view.batch(batch)?)),
        }
    }
}

/// The oldest rows of those that were seen, each with its entry; never more than twice as many as are wanted.
struct Oldest {
    rows: Vec<(u64, LedgerRow)>,
    rows_max: usize,
    more: u64,
}

impl Oldest {
    fn extend(&mut self, row: Option<(u64, LedgerRow)>) {
        self.rows.extend(row);
        if self.rows.len() > self.rows_max.saturating_mul(2) {
            self.cut();
        }
    }

    /// In their order, and no more than are wanted.
    fn cut(&mut self) {
        self.rows.sort_unstable_by_key(|(entry, row)| (*entry, row.index, *row));
        self.more += self.rows.len().saturating_sub(self.rows_max) as u64;
        self.rows.truncate(self.rows_max);
    }
}

/// The entry that a row was announced by; `None` where its batch is outside of the time.
fn entry(view: &View, batches: &Batches, row: &LedgerRow) -> Option<u64> {
    let fact = batches.fact(row.batch)?;
    let is_known = view.destination(fact.destination).is_some() && view.dictionary.field_set(row.field_set).is_some();
    (is_known && batches.held(row.batch, row.index) != Held::Outside).then_some(fact.entry)
}

/// A row with what its batch says of it; `None` where the batch is outside of the time.
fn occurrence(view: &View, batches: &Batches, row: &LedgerRow) -> Option<Occurrence> {
    let fact = batches.fact(row.batch)?;
    let became = match batches.held(row.batch, row.index) {
        Held::Accepted => Became::Accepted,
        Held::Rejected => Became::Rejected,
        Held::Returned => Became::Returned,
        // A later try is a row of its own, and stands in the answer, too.
        Held::Possibly | Held::Replaced => Became::PossiblyHeld,
        Held::Outside => return None,
    };
    Some(Occurrence {
        subject: row.subject,
        entry: fact.entry,
        at: fact.at,
        sum: fact.is_month.then(|| 1 + u64::from(row.more)),
        destination: view.destination(fact.destination)?.clone(),
        field_set: view.dictionary.field_set(row.field_set)?.0,
        epoch: row.epoch,
        batch: BatchId(row.batch),
        place: row.index,
        purpose: fact.purpose(),
        generation: fact.generation(),
        became,
    })
}
