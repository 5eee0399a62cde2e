//! Rows that the log no longer has (D13), found again by their batch.
//!
//! Files are sorted by subject, so a batch lies all over those of its destination and month. They are read once for all batches that are
//! asked for: their numbers first, and the rest only of pages that have one of them.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use foldhash::fast::RandomState;
use weir_event::{DestinationId, Millis};
use weir_ledger::history::{self, Place};
use weir_ledger::rows::StoredRow;
use weir_ledger::{BatchId, FieldSetId, StoredName};

use crate::columns::{Column, Columns};
use crate::dictionary::Dictionary;
use crate::error::RowsError;
use crate::file::{PAGE_ROWS, RowsFile};
use crate::manifest::{FOLDER, MANIFEST, Manifest, RowsEntry};
use crate::row::{LedgerRow, Month};

/// The rows of batches by their places, without erased ones.
#[derive(Clone, Default, Debug)]
pub struct Fetched {
    rows: BTreeMap<BatchId, BTreeMap<u16, StoredRow>>,
    /// One that lies in the files more than once.
    pub(crate) twice: Option<(BatchId, u16)>,
}

impl Fetched {
    /// Those of one batch.
    pub fn of(&self, batch: BatchId) -> &BTreeMap<u16, StoredRow> {
        const NONE: &BTreeMap<u16, StoredRow> = &BTreeMap::new();
        self.rows.get(&batch).unwrap_or(NONE)
    }

    fn add(&mut self, row: StoredRow) {
        if self.rows.entry(row.batch).or_default().insert(row.index, row).is_some() {
            self.twice = Some((row.batch, row.index));
        }
    }
}

/// A batch whose rows are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked<'a> {
    /// Its number.
    pub batch: BatchId,
    /// To whom it left.
    pub destination: &'a DestinationId,
    /// When it left.
    pub at: Millis,
}

/// The rows of these batches from the files of a ledger's folder. Of a batch whose month is summed up there are none any more.
pub fn fetch(ledger: &Path, asked: &[Asked<'_>]) -> Result<Fetched, RowsError> {
    let dir = ledger.join(FOLDER);
    Manifest::with(ledger, |manifest, dictionary| {
        let open = |entry: &RowsEntry| RowsFile::open(&dir.join(&entry.name));
        collect(manifest.rows.iter().map(|entry| (entry, || open(entry))), &dictionary, asked)
    })
}

/// The first entry from this place on whose rows the log has given up, which the files should therefore have. An error says that the log does
/// not come by the place.
pub(crate) fn gone_behind(ledger: &Path, place: Place) -> Result<Option<u64>, RowsError> {
    let other = || RowsError::Damaged { path: ledger.join(FOLDER).join(MANIFEST), what: "it is of another log" };
    history::given_up_from(ledger, place)?.ok_or_else(other)
}

/// Whether a list of files from elsewhere may take the place of the one in a ledger's folder: it is of this log, and what it lacks the log has.
pub fn fits(ledger: &Path, list: &Manifest) -> Result<(), RowsError> {
    gone_behind(ledger, list.place())?.map_or(Ok(()), |entry| Err(RowsError::Gone(entry)))
}

/// Whether the month of a batch is summed up, so that its rows are in no file any more.
pub fn is_summed(ledger: &Path, destination: &DestinationId, at: Millis) -> Result<bool, RowsError> {
    Manifest::with(ledger, |manifest, dictionary| Ok(lies_in_sums(&manifest, &dictionary, destination, at)))
}

/// See [`is_summed`].
pub(crate) fn lies_in_sums(
    manifest: &Manifest,
    dictionary: &Dictionary,
    destination: &DestinationId,
    at: Millis,
) -> bool {
    let of = number(dictionary, destination).map(|number| (number, Month::of(at)));
    manifest.rows.iter().any(|entry| entry.is_sums && Some((entry.destination, entry.month)) == of)
}

/// The rows of these batches from files that are opened where they are needed.
pub(crate) fn collect<'e, F: Borrow<RowsFile>>(
    files: impl Iterator<Item = (&'e RowsEntry, impl FnOnce() -> Result<F, RowsError>)>,
    dictionary: &Dictionary,
    asked: &[Asked<'_>],
) -> Result<Fetched, RowsError> {
    let mut fetched = Fetched::default();
    each_asked(files, dictionary, asked, &|| true, |row| fetched.add(row))?;
    Ok(fetched)
}

/// Shows each row of these batches that is not erased, as long as it is to go on: a month of a large ledger takes a while.
pub(crate) fn each_asked<'e, F: Borrow<RowsFile>>(
    files: impl Iterator<Item = (&'e RowsEntry, impl FnOnce() -> Result<F, RowsError>)>,
    dictionary: &Dictionary,
    asked: &[Asked<'_>],
    goes_on: &dyn Fn() -> bool,
    mut visit: impl FnMut(StoredRow),
) -> Result<(), RowsError> {
    let times = || asked.iter().map(|of| StoredRow::time_of(of.at));
    let (first, last) = (times().min(), times().max());
    let meets = |entry: &RowsEntry| first <= Some(entry.span.1) && Some(entry.span.0) <= last;
    let mut wanted: BTreeMap<(u16, Month), HashSet<u64, RandomState>> = BTreeMap::new();
    for of in asked {
        if let Some(number) = number(dictionary, of.destination) {
            wanted.entry((number, Month::of(of.at))).or_default().insert(of.batch.0);
        }
    }
    for (entry, open) in files.filter(|(entry, _)| !entry.is_sums && meets(entry)) {
        let Some(batches) = wanted.get(&(entry.destination, entry.month)) else { continue };
        each_of(open()?.borrow(), batches, goes_on, |row| {
            if let Some(row) = stored(&row, dictionary) {
                visit(row);
            }
        })?;
    }
    Ok(())
}

fn number(dictionary: &Dictionary, destination: &DestinationId) -> Option<u16> {
    let at = dictionary.destinations.iter().position(|known| known.id == *destination)?;
    u16::try_from(at).ok()
}

/// A row as the log has it; `None` for an erased one.
pub(crate) fn stored(row: &LedgerRow, dictionary: &Dictionary) -> Option<StoredRow> {
    let field_set: FieldSetId = dictionary.field_set(row.field_set)?.0;
    Some(StoredRow {
        time: row.time,
        subject: row.subject,
        organisation: row.organisation,
        event: StoredName(row.event),
        field_set,
        slice: StoredName(row.slice),
        epoch: row.epoch,
        batch: BatchId(row.batch),
        index: row.index,
    })
}

/// Shows each row of these batches.
fn each_of(
    file: &RowsFile,
    batches: &HashSet<u64, RandomState>,
    goes_on: &dyn Fn() -> bool,
    mut visit: impl FnMut(LedgerRow),
) -> Result<(), RowsError> {
    let (Some(first), Some(last)) = (batches.iter().min(), batches.iter().max()) else { return Ok(()) };
    let mut columns = Columns::default();
    let is_one = |batch: &i64| {
        let batch = batch.cast_unsigned();
        (*first..=*last).contains(&batch) && batches.contains(&batch)
    };
    for part in file.stretches().into_iter().flat_map(|stretch| stretch.parts(PAGE_ROWS)) {
        if !goes_on() {
            return Err(RowsError::Stopped);
        }
        columns.clear();
        file.read(&part, &[Column::Batch], &mut columns)?;
        if !columns.batches().iter().any(is_one) {
            continue;
        }
        columns.clear();
        file.read(&part, file.form().columns(), &mut columns)?;
        (0..columns.len()).map(|at| columns.row(at)).filter(|row| batches.contains(&row.batch)).for_each(&mut visit);
    }
    Ok(())
}
