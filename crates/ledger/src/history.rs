//! The entries of a ledger in their order, read from its log, also beside a Weir that writes it.

use std::path::Path;

use weir_event::Millis;

use crate::Kind;
use crate::entry::Entry;
use crate::error::LedgerError;
use crate::log::checked_header;
use crate::read::list;
use crate::record::{End, Records, SNAPSHOT};
use crate::state::read_names;

/// Shows each entry of the ledger in `dir`, oldest first: its index, its time, what it says, its body. No ledger: no entry.
///
/// Checksums and chain of the records are checked, tree and signatures are not (`verify`). An error means that what was recorded is not
/// known: an entry is missing or damaged.
pub fn each(dir: &Path, kind: Kind, visit: impl FnMut(u64, Millis, &Entry, &[u8])) -> Result<(), LedgerError> {
    from(dir, kind, 0, visit).map(drop)
}

/// [`each`] from an entry on; gives the index of the next entry that there will be. Only the files that hold such entries are read.
pub fn from(
    dir: &Path,
    kind: Kind,
    start: u64,
    mut visit: impl FnMut(u64, Millis, &Entry, &[u8]),
) -> Result<u64, LedgerError> {
    let log = dir.join("log");
    if !log.is_dir() {
        return Ok(0);
    }
    let files = list(&log)?;
    let passed = files.iter().rposition(|(first, _)| *first <= start).unwrap_or(0);
    // The first file of a log begins with its first entry; a later one says itself where it begins.
    let mut index = if passed == 0 { 0 } else { files.get(passed).map_or(0, |(first, _)| *first) };
    for (first, path) in files.into_iter().skip(passed) {
        let bytes = std::fs::read(&path).map_err(LedgerError::io("read", &path))?;
        let damaged = |index, what| LedgerError::Damaged { path: path.clone(), index, what };
        if first != index {
            return Err(damaged(index, "entries are missing before this file"));
        }
        let header = checked_header(&bytes, &path, first, kind as u8)?;
        let mut records = Records::new(&bytes, &header);
        while let Some(record) = records.next() {
            if record.kind == SNAPSHOT {
                continue;
            }
            let (at, entry) = Entry::decode(record.leaf).map_err(|_| damaged(index, "the entry cannot be read"))?;
            if index >= start {
                visit(index, at, &entry, record.body);
            }
            index += 1;
        }
        // What is torn was never acknowledged, or is being written at this moment.
        if let End::Damaged(what) = records.end() {
            return Err(damaged(index, what));
        }
    }
    Ok(index)
}

/// The texts of a names entry's body, in order of their numbers.
pub fn names(body: &[u8], count: u32) -> Result<Vec<String>, LedgerError> {
    let texts = read_names(body, count).map_err(|_| LedgerError::Misuse("names of the ledger cannot be read"))?;
    Ok(texts.into_iter().map(|(_, text)| text).collect())
}
