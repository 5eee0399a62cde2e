//! "What of me?": every row of one subject: when, to whom, which fields, under which epoch, what became of it.
//!
//! Rows bear the first 8 bytes of a keyed tag (D13), which only the holder of the key folder can compute from an id. Two ids of one
//! person are two subjects: what joins them is in the journal's links, not here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use weir_event::{DestinationId, GenerationId, Millis};
use weir_ledger::entry::{Entry, IntentEntry};
use weir_ledger::rows::RowsBody;
use weir_ledger::{BatchId, EventResult, FieldSetId, Kind, Purpose, history};

use crate::exposure::{AskError, is_unclear};
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
    /// The entry of the ledger that it was announced by.
    pub entry: u64,
    /// When it left.
    pub at: Millis,
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
    let mut about = About::default();
    let mut shapes: HashMap<FieldSetId, Shape, RandomState> = HashMap::default();
    // Of each batch with such a row: how many rows it has, where those stand in the answer, whether a try had no clear answer.
    let mut open: BTreeMap<BatchId, (u32, Vec<usize>, bool)> = BTreeMap::new();
    let mut failed = None;
    let mut read = |about: &mut About, index: u64, at: Millis, entry: &Entry, body: &[u8]| -> Option<()> {
        about.entries += 1;
        match entry {
            Entry::FieldSet { digest } => {
                let (id, _) = digest.split_first_chunk::<16>()?;
                shapes.insert(FieldSetId(*id), Shape::read(body)?);
            }
            Entry::Intent(intent) if from <= at && at < to => {
                let IntentEntry { batch, purpose, generation, destination, rows: count, .. } = intent;
                let mut places = Vec::new();
                for row in RowsBody::parse(body).ok()?.rows().flatten().filter(|row| subjects.contains(&row.subject)) {
                    if about.rows.len() >= rows_max {
                        about.more += 1;
                        continue;
                    }
                    places.push(about.rows.len());
                    about.rows.push(Occurrence {
                        subject: row.subject,
                        entry: index,
                        at,
                        destination: destination.clone(),
                        field_set: row.field_set,
                        epoch: row.epoch,
                        batch: *batch,
                        place: row.index,
                        purpose: *purpose,
                        generation: *generation,
                        became: Became::PossiblyHeld,
                    });
                }
                if !places.is_empty() {
                    open.insert(*batch, (*count, places, false));
                }
            }
            Entry::Attempt { batch, status, .. } => {
                if let Some((.., unclear)) = open.get_mut(batch) {
                    *unclear |= is_unclear(*status);
                }
            }
            Entry::Outcome { batch, result, status } => {
                let Some((count, places, unclear)) = open.remove(batch) else { return Some(()) };
                let unclear = unclear || is_unclear(*status);
                let runs = result.results(count, body).ok()?;
                for at in places {
                    let row = &mut about.rows[at];
                    let mut end = 0_u32;
                    let of = runs.iter().find(|(length, _)| {
                        end = end.saturating_add(*length);
                        u32::from(row.place) < end
                    });
                    row.became = match of?.1 {
                        EventResult::Accepted => Became::Accepted,
                        EventResult::Unknown => Became::PossiblyHeld,
                        EventResult::Rejected(_) => Became::Rejected,
                        EventResult::Returned if unclear => Became::PossiblyHeld,
                        EventResult::Returned => Became::Returned,
                    };
                }
            }
            _ => {}
        }
        Some(())
    };
    history::each(dir, Kind::Egress, |index, at, entry, body| {
        if failed.is_none() && read(&mut about, index, at, entry, body).is_none() {
            failed = Some(index);
        }
    })?;
    if let Some(index) = failed {
        return Err(AskError::Unreadable(index));
    }
    for row in &about.rows {
        if let Some(shape) = shapes.get(&row.field_set) {
            about.shapes.entry(row.field_set).or_insert_with(|| shape.clone());
        }
    }
    Ok(about)
}
