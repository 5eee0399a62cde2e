//! When the log may give rows up that these files have.
//!
//! The list of files says when it was how far, by the hour, and what was taken over `THIN_AFTER` ago is read back from here and held against
//! the log, batch by batch; then the log gives it up, a file of it at a time ([`Ledger::thin`]). So whatever a copy of this folder that is no
//! older lacks, the log still has.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use weir_event::Millis;
use weir_ledger::{BatchId, Ledger, ThinBatch};

use super::Store;
use crate::error::RowsError;
use crate::file::RowsFile;
use crate::manifest::{Manifest, RowsEntry};
use crate::tally::{Keyed, Tally};
use crate::thin::{Asked, each_asked, lies_in_sums};

/// The log keeps its rows for so long after they were taken over: a copy of the files that is no older mends them.
const THIN_AFTER: i64 = 7 * Millis::DAY;
/// How often it is noted how far the files went.
const NOTED: i64 = Millis::HOUR;

impl Store {
    /// When it was noted last how far the files went.
    pub fn noted(&self) -> Option<Millis> {
        self.manifest.taken.last().map(|(at, _)| Millis(*at))
    }

    /// Has the log give up the rows of its oldest file that still has them, if all of them were taken over `THIN_AFTER` ago and are here;
    /// whether there is a further one. Ends with [`RowsError::Stopped`] as soon as it is not to go on.
    pub fn thin(&mut self, ledger: &Ledger, now: Millis, goes_on: &dyn Fn() -> bool) -> Result<bool, RowsError> {
        self.note(now)?;
        let before = now.plus(-THIN_AFTER).0;
        let old = self.manifest.taken.iter().filter(|(at, _)| *at <= before);
        let below = old.map(|(_, entries)| *entries).max().unwrap_or(0);
        let thinned = self.manifest.thinned;
        let done = ledger.thin(thinned, below, |batches| self.holds(batches, goes_on))?;
        if done.entries > thinned {
            // A crash before this looks at the file once more, and finds nothing to do.
            self.manifest.thinned = done.entries;
            self.commit()?;
        }
        Ok(done.more)
    }

    /// Whether each of these batches lies in the files to the last row and no row more, or its month is summed up. Rows of the log are added,
    /// and rows of files taken away.
    fn holds(&self, batches: &[ThinBatch<'_>], goes_on: &dyn Fn() -> bool) -> Result<(), RowsError> {
        let keyed = Keyed::default();
        let mut tallies: HashMap<BatchId, Tally, RandomState> = HashMap::default();
        for of in batches {
            let tally = tallies.entry(of.batch).or_default();
            of.body.rows().flatten().for_each(|row| tally.add(&keyed, &row, 1));
        }
        let asked = batches.iter().map(|of| Asked { batch: of.batch, destination: of.destination, at: of.at });
        let open = |entry: &RowsEntry| RowsFile::open(&self.dir.join(&entry.name));
        let files = self.manifest.rows.iter().map(|entry| (entry, || open(entry)));
        each_asked(files, &self.dictionary, &asked.collect::<Vec<_>>(), goes_on, |row| {
            tallies.entry(row.batch).or_default().add(&keyed, &row, -1);
        })?;
        let lacks = |of: &&ThinBatch<'_>| {
            tallies.get(&of.batch).is_none_or(|tally| !tally.is_nothing())
                && !lies_in_sums(&self.manifest, &self.dictionary, of.destination, of.at)
        };
        batches.iter().find(lacks).map_or(Ok(()), |of| Err(RowsError::Lacks(of.batch.0)))
    }

    /// Whether files of so long ago are known that what was made of them then may be given up ([`THIN_AFTER`]).
    pub(crate) fn is_settled(&self, now: Millis) -> bool {
        self.manifest.taken.first().is_some_and(|(at, _)| *at <= now.0 - THIN_AFTER)
    }

    /// Counts the time anew from now on: what was noted before bears times of another clock.
    pub fn distrust(&mut self, now: Millis) -> Result<(), RowsError> {
        self.manifest.taken = vec![(now.0, self.manifest.entries)];
        self.commit()
    }

    /// Notes how far the files go, once an hour, also where nothing was added: it says that Weir ran.
    fn note(&mut self, now: Millis) -> Result<(), RowsError> {
        let Manifest { entries, taken, .. } = &mut self.manifest;
        if taken.last().is_some_and(|(at, _)| now.0 - at < NOTED) {
            return Ok(());
        }
        taken.push((now.0, *entries));
        // Of those that are old enough the furthest says it.
        let before = now.0 - THIN_AFTER;
        let furthest = taken.iter().filter(|(at, _)| *at <= before).max_by_key(|(_, entries)| *entries).copied();
        taken.retain(|of| of.0 > before || Some(*of) == furthest);
        self.commit()
    }
}
