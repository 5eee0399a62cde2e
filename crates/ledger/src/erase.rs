//! Taking rows about somebody out of the log (D13, D15): the row and its blind go, its leaf hash stays.
//!
//! The file that is appended to is ended first; then each file with such rows is written again without them (`rewrite.rs`). In between
//! files a crash leaves some with such rows and some without; the same erasure is to be asked for again. What lay in the file
//! before is in free blocks of the disk until they are written over, as everything that is deleted; and in backups that were made before.
//!
//! Of a thinned batch the rows lie in files elsewhere, and whoever keeps those says which they are: the log destroys their blinds and keeps
//! their hashes before they go there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::entry::BatchId;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::rewrite::{Intended, LogFile};
use crate::rows::{Body, StoredRow};

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

/// Whom an erasure is about.
#[derive(Clone, Default, Debug)]
pub struct About {
    /// Their subjects. 0 is nobody.
    pub subjects: BTreeSet<u64>,
    /// Their rows in files elsewhere, of batches that may be thinned.
    pub elsewhere: BTreeMap<BatchId, Vec<StoredRow>>,
}

impl Ledger {
    /// Ends the file that is appended to: all entries below the number that this gives lie in files that [`Ledger::erase`] can write again.
    /// Blocks on the disk.
    pub fn end_file(&self) -> Result<u64, LedgerError> {
        let ended = self.shared.queue.end_file()?;
        ended.blocking_recv().map_err(|_| LedgerError::Poisoned)?.map_err(LedgerError::from)
    }

    /// Counts the rows about these in the entries below `until`. Ends with [`LedgerError::Closed`] as soon as `stop` is set. Blocks on the
    /// disk: it reads the log up to there.
    pub fn count_rows(&self, about: &About, until: u64, stop: &AtomicBool) -> Result<Erased, LedgerError> {
        let mut sum = Erased::default();
        self.each_touched(about, until, stop, |_, touched| {
            sum += self.sum(&touched);
            Ok(())
        })?;
        Ok(sum)
    }

    /// Takes the rows about these out of the entries below `until`, which [`Ledger::end_file`] gave, and says how many they were.
    /// Durable when this returns. After an error some files are as they were; to be asked again. Blocks on the disk.
    pub fn erase(&self, about: &About, until: u64, stop: &AtomicBool) -> Result<Erased, LedgerError> {
        if !self.writes_newest_formats() {
            return Err(LedgerError::Misuse(
                "the release before could not read the ledger without these rows: run `weir upgrade finish` first",
            ));
        }
        let _one_at_a_time = self.shared.rewriting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = Erased::default();
        self.each_touched(about, until, stop, |file, touched| {
            let erased = self.sum(&touched);
            let bodies = touched.iter().filter_map(|touched| {
                let body = self.without(touched).transpose()?;
                Some(body.map(|body| (touched.of.range.clone(), body)))
            });
            let new = file.with_bodies(bodies)?;
            self.put_file(file, &new)?;
            sum += erased;
            Ok(())
        })?;
        Ok(sum)
    }

    /// Shows each file of the log that has records with rows about these, and those records.
    fn each_touched(
        &self,
        about: &About,
        until: u64,
        stop: &AtomicBool,
        mut work: impl FnMut(&LogFile, Vec<Touched<'_>>) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        for (first, path) in self.ended_files(until)? {
            if stop.load(Ordering::Relaxed) {
                return Err(LedgerError::Closed);
            }
            let file = LogFile::read(&path, first)?;
            let touched: Vec<Touched<'_>> = file.intents()?.into_iter().filter_map(|of| about.touched(of)).collect();
            if !touched.is_empty() {
                work(&file, touched)?;
            }
        }
        Ok(())
    }

    /// The body of a record without its rows about somebody; `None` where they are gone already.
    fn without(&self, touched: &Touched<'_>) -> Result<Option<Vec<u8>>, LedgerError> {
        let batch = touched.of.intent.batch;
        match &touched.of.body {
            Body::Rows(body) => body.punctured(&self.shared.keys, batch, &touched.places).map(Some),
            Body::Thin(body) => body.punctured(&self.shared.keys, batch, &touched.elsewhere),
        }
        .map_err(LedgerError::Keys)
    }

    fn sum(&self, touched: &[Touched<'_>]) -> Erased {
        let mut sum = Erased { batches: touched.len() as u64, ..Erased::default() };
        for Touched { of, places, .. } in touched {
            let rows = places.len() as u64;
            sum.rows += rows;
            sum.under_way += if self.shared.is_open(of.intent.batch) { rows } else { 0 };
        }
        sum
    }
}

/// A record with rows that are to go.
struct Touched<'f> {
    of: Intended<'f>,
    places: BTreeSet<u16>,
    /// The rows themselves, where the record does not have them.
    elsewhere: Vec<StoredRow>,
}

impl About {
    fn touched<'f>(&self, of: Intended<'f>) -> Option<Touched<'f>> {
        let (places, elsewhere) = match &of.body {
            Body::Rows(body) => (body.places_of(&self.subjects), Vec::new()),
            Body::Thin(body) => {
                // What is erased here may still lie there, after a crash in between.
                let erased = body.erased();
                let rows = self.elsewhere.get(&of.intent.batch).into_iter().flatten();
                let rows: Vec<StoredRow> = rows.filter(|row| !erased.contains_key(&row.index)).copied().collect();
                (rows.iter().map(|row| row.index).collect(), rows)
            }
        };
        (!places.is_empty()).then_some(Touched { of, places, elsewhere })
    }
}

impl AddAssign for Erased {
    fn add_assign(&mut self, other: Erased) {
        self.rows += other.rows;
        self.batches += other.batches;
        self.under_way += other.under_way;
    }
}
