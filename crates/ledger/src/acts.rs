//! The acts of an audit ledger in their order.

use std::path::Path;

use weir_event::Millis;

use crate::entry::Entry;
use crate::error::LedgerError;
use crate::read::LeafCursor;
use crate::tree::hash::{Hash, leaf_hash};
use crate::{Kind, history};

/// Shows each act of the audit ledger in `dir`, oldest first, with its time. No ledger: no act.
///
/// An error means that what was done is not known: an entry is missing or damaged.
pub fn each(dir: &Path, mut visit: impl FnMut(Millis, &Entry)) -> Result<(), LedgerError> {
    from(dir, 0, |_, at, entry| visit(at, entry)).map(drop)
}

/// Shows each act from an entry on, with its place in the ledger; gives the place behind the last entry.
pub fn from(dir: &Path, start: u64, mut visit: impl FnMut(u64, Millis, &Entry)) -> Result<u64, LedgerError> {
    history::from(dir, Kind::Audit, start, |index, at, entry, _| {
        if matches!(entry, Entry::Act { .. }) {
            visit(index, at, entry);
        }
    })
}

/// Reads entries beside their writer, from one on, and stays where it is between two reads. Checksums of entries are checked, the chain
/// and the tree are not.
pub struct Reader(LeafCursor);

impl Reader {
    /// A reader before entry `index`, before which every entry is durable.
    pub fn at(dir: &Path, index: u64) -> Result<Reader, LedgerError> {
        LeafCursor::at(&dir.join("log"), index).map(Reader)
    }

    /// Its place: the index of the next entry.
    pub fn index(&self) -> u64 {
        self.0.index()
    }

    /// The next entry with its time and the hash of its leaf, or `None` before entry `until`, of which all before must be durable.
    pub fn next(&mut self, until: u64) -> Result<Option<(Millis, Entry, Hash)>, LedgerError> {
        let index = self.0.index();
        let Some(leaf) = self.0.next(until)? else { return Ok(None) };
        let unread = |_| LedgerError::Misuse("an entry of the audit ledger cannot be read");
        let (at, entry) = Entry::decode(&leaf).map_err(unread)?;
        debug_assert_eq!(self.0.index(), index + 1, "one entry at a time");
        Ok(Some((at, entry, leaf_hash(&leaf))))
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({})", self.0.index())
    }
}
