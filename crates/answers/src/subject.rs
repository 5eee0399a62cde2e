//! "What of me?": every row of one subject: when, to whom, which fields, under which epoch, what became of it.
//!
//! Rows bear the first 8 bytes of a keyed tag (D13), which only the holder of the key folder can compute from an id. Two ids of one
//! person are two subjects: what joins them is in the journal's links, not here.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use weir_event::{DestinationId, GenerationId, Millis};
use weir_ledger::{BatchId, FieldSetId, Purpose};
use weir_rows::{Batches, Held, LedgerRow, Scope, View};

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
    /// Entries of the ledger that were read.
    pub entries: u64,
}

/// All rows of these subjects that left in a time, from the egress ledger in `dir`; `rows_max` of them are kept, the oldest.
pub fn about(
    dir: &Path,
    subjects: &BTreeSet<u64>,
    from: Millis,
    to: Millis,
    rows_max: usize,
) -> Result<About, AskError> {
    let scope = Scope { from, to, ..Scope::all() };
    let view = View::open(dir, &scope, &|subject| subject.is_some_and(|subject| subjects.contains(&subject)))?;
    let mut batches: BTreeMap<u64, Batches> = BTreeMap::new();
    let mut about = About { entries: view.entries(), ..About::default() };
    for subject in subjects.iter().filter(|subject| !view.is_erased(**subject)) {
        let mut rows = Vec::new();
        view.each_of(*subject, |row| rows.push(row))?;
        for row in rows {
            let of = match batches.entry(row.batch) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(view.batch(row.batch)?),
            };
            about.rows.extend(occurrence(&view, of, &row));
        }
    }
    about.rows.sort_unstable_by_key(|row| (row.entry, row.place));
    about.more = about.rows.len().saturating_sub(rows_max) as u64;
    about.rows.truncate(rows_max);
    let named: BTreeSet<FieldSetId> = about.rows.iter().map(|row| row.field_set).collect();
    for (number, (id, body)) in view.dictionary.field_sets.iter().enumerate().filter(|(_, (id, _))| named.contains(id))
    {
        about.shapes.insert(*id, Shape::read(body).ok_or(AskError::Unreadable(number))?);
    }
    Ok(about)
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
