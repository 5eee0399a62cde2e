//! Taking rows out of the log that lie in files elsewhere (D13: write-ahead log, then files by month): a row is kept once.
//!
//! One file of the log at a time, oldest first. Whoever keeps the files is shown every row of it, reads those of the files back, and says
//! that they are the same; only then the file is written again without them (`rewrite.rs`). What is left of each batch is its thin body
//! (`thin.rs`).

use std::sync::PoisonError;

use weir_event::{DestinationId, Millis};

use crate::entry::BatchId;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::read::made_at;
use crate::rewrite::LogFile;
use crate::rows::{Body, RowsBody};

/// A batch whose rows are about to be taken out of the log.
#[derive(Clone, Copy, Debug)]
pub struct ThinBatch<'f> {
    /// Its number.
    pub batch: BatchId,
    /// To whom.
    pub destination: &'f DestinationId,
    /// When it left.
    pub at: Millis,
    /// Its rows.
    pub body: RowsBody<'f>,
}

/// How far the log is thinned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Thinned {
    /// No entry below this one has its rows in the log.
    pub entries: u64,
    /// Rows that were taken out now.
    pub rows: u64,
    /// Whether the next file is to be thinned, too.
    pub more: bool,
}

impl Ledger {
    /// Takes the rows out of the first file of the log from entry `from` on, if it has ended and all its entries lie below `below`. `is_kept`
    /// says whether all of these rows lie elsewhere, durable, as they are shown: if not, nothing changes. Files are thinned in their order
    /// only, so that whether the first batch of the log is thin says whether any is. Blocks on the disk.
    pub fn thin<E: From<LedgerError>>(
        &self,
        from: u64,
        below: u64,
        is_kept: impl FnOnce(&[ThinBatch<'_>]) -> Result<(), E>,
    ) -> Result<Thinned, E> {
        let none = Thinned { entries: from, rows: 0, more: false };
        if !self.writes_newest_formats() {
            return Ok(none);
        }
        let _one_at_a_time = self.shared.rewriting.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = below.min(self.shared.queue.freeze().first_index);
        let files = crate::read::list(&self.log_dir())?;
        // A file ends where the next one begins.
        let pairs = files.iter().zip(files.iter().skip(1)).filter(|((first, _), _)| *first >= from);
        let mut due = pairs.take_while(|(_, (end, _))| *end <= ended);
        let Some(((first, path), (end, _))) = due.next() else { return Ok(none) };
        let rows = self.thin_file(&LogFile::read(path, *first)?, is_kept)?;
        Ok(Thinned { entries: *end, rows, more: due.next().is_some() })
    }

    /// Ends the file that is appended to where it was made before this time: a quiet ledger's rows would stay in it for years. Blocks on the
    /// disk.
    pub fn end_old_file(&self, before: Millis) -> Result<(), LedgerError> {
        let files = crate::read::list(&self.log_dir())?;
        match files.last() {
            Some((_, path)) if made_at(path)? < before => self.end_file().map(drop),
            _ => Ok(()),
        }
    }

    fn thin_file<E: From<LedgerError>>(
        &self,
        file: &LogFile,
        is_kept: impl FnOnce(&[ThinBatch<'_>]) -> Result<(), E>,
    ) -> Result<u64, E> {
        let intents = file.intents()?;
        let whole = intents.iter().filter_map(|of| match &of.body {
            Body::Rows(body) => Some((of, body)),
            Body::Thin(_) => None,
        });
        let whole: Vec<_> = whole.collect();
        if whole.is_empty() {
            return Ok(0);
        }
        let shown = whole.iter().map(|(of, body)| ThinBatch {
            batch: of.intent.batch,
            destination: &of.intent.destination,
            at: of.at,
            body: **body,
        });
        let shown: Vec<ThinBatch<'_>> = shown.collect();
        is_kept(&shown)?;
        let rows = shown.iter().map(|batch| batch.body.count() as u64).sum();
        let bodies = whole.iter().map(|(of, body)| Ok((of.range.clone(), crate::thin::ThinBody::of(body))));
        let new = file.with_bodies(bodies)?;
        self.put_file(file, &new)?;
        Ok(rows)
    }
}
