//! Taking rows about somebody out of the log (D13, D15): the row and its blind go, its leaf hash stays.
//!
//! The file that is appended to is ended first; then each file with such rows is written again beside itself, without them, and put into
//! its place. Entries, their leaves and the chain of checksums stay what they were, and with them the tree, every signed head, every
//! receipt, the proofs of other rows, and every place in the log that others keep.
//!
//! # What a crash leaves
//! Before a rename: a temporary file, which the next open removes, and the file as it was. After it: the new file, whole. In between files:
//! some with such rows and some without. So the same erasure is to be asked for again, and ends in the same state. What lay in the file
//! before is in free blocks of the disk until they are written over, as everything that is deleted; and in backups that were made before.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk::replace;
use crate::entry::{BatchId, Entry};
use crate::error::LedgerError;
use crate::ledger::{Kind, Ledger};
use crate::log::checked_header;
use crate::read::list;
use crate::record::{BODY_BYTES_MAX, End, FileHeader, RecordHeader, Records, SNAPSHOT};
use crate::rows::RowsBody;

/// Rows that were found, or erased.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Erased {
    /// Rows.
    pub rows: u64,
    /// Batches that they are of.
    pub batches: u64,
    /// Of the rows: those of batches without an outcome. Their events are under way, and may be sent again, with a row of their own.
    pub under_way: u64,
}

impl Ledger {
    /// Ends the file that is appended to: all entries below the number that this gives lie in files that [`Ledger::erase`] can write again.
    /// Blocks on the disk.
    pub fn end_file(&self) -> Result<u64, LedgerError> {
        let ended = self.shared.queue.end_file()?;
        ended.blocking_recv().map_err(|_| LedgerError::Poisoned)?.map_err(LedgerError::from)
    }

    /// Counts the rows about these subjects in the entries below `until`. 0 is nobody. Ends with
    /// [`LedgerError::Closed`] as soon as `stop` is set. Blocks on the disk: it reads the log up to there.
    pub fn count_rows(&self, subjects: &BTreeSet<u64>, until: u64, stop: &AtomicBool) -> Result<Erased, LedgerError> {
        let mut sum = Erased::default();
        self.each_file(until, stop, |file| {
            sum.add(self.sum(&self.touched(file, subjects)?));
            Ok(())
        })?;
        Ok(sum)
    }

    /// Takes the rows about these subjects out of the entries below `until`, which [`Ledger::end_file`] gave, and says how many they were.
    /// Durable when this returns. After an error some files are as they were; to be asked again. Blocks on the disk.
    pub fn erase(&self, subjects: &BTreeSet<u64>, until: u64, stop: &AtomicBool) -> Result<Erased, LedgerError> {
        if !self.writes_newest_formats() {
            return Err(LedgerError::Misuse(
                "the release before could not read the ledger without these rows: run `weir upgrade finish` first",
            ));
        }
        let _one_at_a_time = self.shared.rewriting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = Erased::default();
        self.each_file(until, stop, |file| {
            let touched = self.touched(file, subjects)?;
            if touched.is_empty() {
                return Ok(());
            }
            let new = self.without(file, &touched)?;
            // A crash before the rename leaves the old file as it was; after it, the same entries without these rows.
            replace(&*self.shared.disk, file.path, &new).map_err(LedgerError::io("rewrite", file.path))?;
            let dir = self.log_dir();
            self.shared.disk.sync_dir(&dir).map_err(LedgerError::io("sync", dir))?;
            sum.add(self.sum(&touched));
            Ok(())
        })?;
        Ok(sum)
    }

    fn each_file(
        &self,
        until: u64,
        stop: &AtomicBool,
        mut work: impl FnMut(&LogFile<'_>) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        if until > self.shared.queue.freeze().first_index {
            return Err(LedgerError::Misuse("the file that is appended to is never written again"));
        }
        for (first, path) in list(&self.log_dir())?.into_iter().take_while(|(first, _)| *first < until) {
            if stop.load(Ordering::Relaxed) {
                return Err(LedgerError::Closed);
            }
            let bytes = std::fs::read(&path).map_err(LedgerError::io("read", &path))?;
            let header = checked_header(&bytes, &path, first, Kind::Egress as u8)?;
            work(&LogFile { path: &path, header, bytes: &bytes })?;
        }
        Ok(())
    }

    /// The records of a file that hold rows about these subjects.
    fn touched(&self, file: &LogFile<'_>, subjects: &BTreeSet<u64>) -> Result<Vec<Touched>, LedgerError> {
        let mut records = Records::new(file.bytes, &file.header);
        let (mut index, mut touched) = (file.header.first_index, Vec::new());
        let mut at = records.position();
        while let Some(record) = records.next() {
            let range = at..records.position();
            at = range.end;
            if record.kind == INTENT {
                let unread = |_| file.damaged(index, "the rows cannot be read");
                let places = RowsBody::parse(record.body).map_err(unread)?.places_of(subjects);
                let entry = Entry::decode(record.leaf).map_err(|_| file.damaged(index, "the entry cannot be read"))?;
                let (_, Entry::Intent(intent)) = entry else {
                    return Err(file.damaged(index, "the entry is not of the kind that its record says"));
                };
                if !places.is_empty() {
                    touched.push(Touched { range, index, batch: intent.batch, places });
                }
            }
            index += u64::from(record.kind != SNAPSHOT);
        }
        // A file that has ended has no tail that nobody was told of.
        match records.end() {
            End::Clean => Ok(touched),
            _ => Err(file.damaged(index, records.fault().unwrap_or("the file ends inside an entry"))),
        }
    }

    /// The bytes of a file without these rows.
    fn without(&self, file: &LogFile<'_>, touched: &[Touched]) -> Result<Vec<u8>, LedgerError> {
        let mut out = FileHeader { replaced: Some(file.header.checksum()), ..file.header }.encode();
        let mut copied = file.header.len();
        for Touched { range, index, batch, places } in touched {
            out.extend_from_slice(file.bytes.get(copied..range.start).unwrap_or_default());
            let whole = file.bytes.get(range.clone()).unwrap_or_default();
            let header = RecordHeader::decode(whole);
            let body = header.and_then(|header| RowsBody::parse(whole.get(header.body_at()..)?).ok());
            let (Some(header), Some(body)) = (header, body) else {
                return Err(file.damaged(*index, "the rows cannot be read"));
            };
            let body = body.punctured(&self.shared.keys, *batch, places).map_err(LedgerError::Keys)?;
            header
                .put_replaced(whole, &body, &mut out)
                .ok_or(LedgerError::EntryTooLarge { needed: body.len(), limit: BODY_BYTES_MAX })?;
            copied = range.end;
        }
        out.extend_from_slice(file.bytes.get(copied..).unwrap_or_default());
        Ok(out)
    }

    fn sum(&self, touched: &[Touched]) -> Erased {
        let mut sum = Erased { batches: touched.len() as u64, ..Erased::default() };
        for Touched { batch, places, .. } in touched {
            let rows = places.len() as u64;
            sum.rows += rows;
            sum.under_way += if self.shared.is_open(*batch) { rows } else { 0 };
        }
        sum
    }
}

/// A file of the log that has ended.
struct LogFile<'f> {
    path: &'f Path,
    header: FileHeader,
    bytes: &'f [u8],
}

impl LogFile<'_> {
    fn damaged(&self, index: u64, what: &'static str) -> LedgerError {
        LedgerError::Damaged { path: self.path.to_owned(), index, what }
    }
}

/// A record with rows that are to go.
struct Touched {
    range: Range<usize>,
    index: u64,
    batch: BatchId,
    places: BTreeSet<u16>,
}

/// The kind of an intent (`entry.rs`).
const INTENT: u8 = 7;

impl Erased {
    fn add(&mut self, other: Erased) {
        self.rows += other.rows;
        self.batches += other.batches;
        self.under_way += other.under_way;
    }
}
