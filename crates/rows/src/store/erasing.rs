//! Erasing from the files (D15): whom it is about stands in the list of them until neither the log nor a file has a row about them.
//! [`mod@crate::erase`] has the order in which both are done.

use std::collections::{BTreeMap, BTreeSet};

use weir_ledger::erase::About;

use super::Store;
use crate::error::RowsError;
use crate::facts::BatchFact;
use crate::file::RowsFile;
use crate::lookup;
use crate::manifest::FactsEntry;
use crate::row::LedgerRow;
use crate::thin::stored;

impl Store {
    /// Begins an erasure (D15): from now on no answer names these subjects, and [`Store::purge`] takes them out of the files. Meant are rows
    /// of the log's first `until` entries.
    pub fn erase(&mut self, subjects: &BTreeSet<u64>, until: u64) -> Result<(), RowsError> {
        let all: BTreeSet<u64> = self.manifest.erased.iter().chain(subjects).copied().filter(|s| *s != 0).collect();
        self.manifest.erased = all.into_iter().collect();
        self.manifest.erased_until = until;
        self.commit()
    }

    /// Whom an erasure is about that was begun, and up to which entry of the log.
    pub fn erasing(&self) -> Option<(BTreeSet<u64>, u64)> {
        let subjects: BTreeSet<u64> = self.manifest.erased.iter().copied().collect();
        (!subjects.is_empty()).then_some((subjects, self.manifest.erased_until))
    }

    /// Shows whom an erasure is about, with their rows in these files: of one who has very many, some at a time.
    pub fn each_about(
        &self,
        subjects: &BTreeSet<u64>,
        mut visit: impl FnMut(&About) -> Result<(), RowsError>,
    ) -> Result<(), RowsError> {
        let mut about = About { subjects: subjects.clone(), ..About::default() };
        let mut from = 0;
        loop {
            let (mut count, mut end) = (0_usize, u64::MAX);
            self.each_row_about(subjects, false, |row| {
                let Some(row) = stored(&row, &self.dictionary).filter(|_| (from..end).contains(&row.batch)) else {
                    return;
                };
                about.elsewhere.entry(row.batch).or_default().push(row);
                count += 1;
                // The latest batches wait for the next turn; a batch is never cut.
                while count > self.about_rows && about.elsewhere.len() > 1 {
                    let Some((batch, rows)) = about.elsewhere.pop_last() else { break };
                    (count, end) = (count - rows.len(), batch.0);
                }
            })?;
            visit(&about)?;
            if end == u64::MAX {
                return Ok(());
            }
            // What the log has itself was shown with the first of them.
            (about, from) = (About::default(), end);
        }
    }

    /// Rows about these subjects that are left in sums alone, each as often as it was summed up.
    pub fn summed_about(&self, subjects: &BTreeSet<u64>) -> Result<u64, RowsError> {
        let mut sums: BTreeMap<u64, u64> = BTreeMap::new();
        self.each_row_about(subjects, true, |row| *sums.entry(row.batch).or_default() += 1 + u64::from(row.more))?;
        if sums.is_empty() {
            return Ok(0);
        }
        // Others the log has still.
        let facts = FactsEntry::all::<BatchFact>(&self.manifest.batches, &self.dir)?.into_iter();
        let given_up = facts.filter(|fact| fact.is_month && fact.entry < self.manifest.thinned);
        Ok(given_up.filter_map(|fact| sums.remove(&fact.batch)).sum())
    }

    /// Writes files that may hold rows of erased subjects again, without them; how many files.
    pub fn purge(&mut self) -> Result<usize, RowsError> {
        let mut written = 0;
        for entry in self.manifest.rows.clone() {
            let file = RowsFile::open(&self.dir.join(&entry.name))?;
            let mut holds = false;
            for subject in &self.manifest.erased {
                holds = holds || lookup::holds(&file, *subject)?;
            }
            if holds {
                self.merge_rows(entry.destination, entry.month, entry.form(), std::slice::from_ref(&entry))?;
                written += 1;
            }
        }
        Ok(written)
    }

    /// Ends it: neither the log nor a file has these rows any more, and what comes later is not meant.
    pub fn end_erasure(&mut self) -> Result<(), RowsError> {
        self.manifest.erased = Vec::new();
        self.manifest.erased_until = 0;
        self.commit()
    }

    fn each_row_about(
        &self,
        subjects: &BTreeSet<u64>,
        in_sums: bool,
        mut visit: impl FnMut(LedgerRow),
    ) -> Result<(), RowsError> {
        for entry in self.manifest.rows.iter().filter(|entry| entry.is_sums == in_sums) {
            let file = RowsFile::open(&self.dir.join(&entry.name))?;
            for subject in subjects {
                lookup::each(&file, *subject, &mut visit)?;
            }
        }
        Ok(())
    }
}
