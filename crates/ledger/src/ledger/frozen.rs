//! A ledger that stands between two groups, for a copy.

use std::path::PathBuf;
use std::sync::MutexGuard;

use super::Shared;
use crate::anchor;
use crate::error::LedgerError;
use crate::tree::store::signed_path;

/// What a copy of a ledger at one moment consists of, besides its `origin`: a crash at that moment would leave the same. The tree is
/// not in it: an open makes it again from the log and holds it against the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Entries of the log.
    pub entries: u64,
    /// The log's files in order, and how many bytes of each belong to the copy; `None` for all of it.
    pub files: Vec<(PathBuf, Option<u64>)>,
    /// The newest signed head; `None` where nothing was signed yet. It covers no more than the log.
    pub signed: Option<Vec<u8>>,
}

/// A ledger between two groups: nothing is recorded as long as this lives. To be held for moments.
#[must_use = "entries wait while this lives"]
pub struct Frozen<'a> {
    pub(super) shared: &'a Shared,
    pub(super) end: MutexGuard<'a, crate::log::End>,
}

impl Frozen<'_> {
    /// The files as they are now. They stay so; what is recorded later lies behind them.
    pub fn cut(&self) -> Result<Cut, LedgerError> {
        if self.shared.queue.is_poisoned() {
            return Err(LedgerError::Poisoned);
        }
        let files = crate::read::list(&self.shared.dir.join("log"))?.into_iter();
        let files = files.map(|(first, path)| (path, (first == self.end.first_index).then_some(self.end.len)));
        let signed = anchor::read_if_there(&signed_path(&self.shared.dir))?;
        Ok(Cut { entries: self.end.index, files: files.collect(), signed })
    }
}
