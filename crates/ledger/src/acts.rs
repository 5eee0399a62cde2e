//! The acts of an audit ledger in their order, read from its log, also beside a Weir that writes it.

use std::path::Path;

use weir_event::Millis;

use crate::Kind;
use crate::entry::Entry;
use crate::error::LedgerError;
use crate::log::checked_header;
use crate::read::list;
use crate::record::{End, Records, SNAPSHOT};

/// The kind of an act (`entry.rs`).
const ACT_KIND: u8 = 11;

/// Shows each act of the audit ledger in `dir`, oldest first, with its time. No ledger: no act.
///
/// An error means that what was done is not known: an entry is missing or damaged.
pub fn each(dir: &Path, mut visit: impl FnMut(Millis, &Entry)) -> Result<(), LedgerError> {
    let log = dir.join("log");
    if !log.is_dir() {
        return Ok(());
    }
    let mut index = 0;
    for (first, path) in list(&log)? {
        let bytes = std::fs::read(&path).map_err(LedgerError::io("read", &path))?;
        let damaged = |index, what| LedgerError::Damaged { path: path.clone(), index, what };
        if first != index {
            return Err(damaged(index, "entries are missing before this file"));
        }
        let header = checked_header(&bytes, &path, first, Kind::Audit as u8)?;
        let mut records = Records::new(&bytes, &header);
        while let Some(record) = records.next() {
            if record.kind == SNAPSHOT {
                continue;
            }
            if record.kind == ACT_KIND {
                let read = Entry::decode(record.leaf).map_err(|_| damaged(index, "the entry cannot be read"))?;
                visit(read.0, &read.1);
            }
            index += 1;
        }
        // What is torn was never acknowledged, or is being written at this moment.
        if let End::Damaged(what) = records.end() {
            return Err(damaged(index, what));
        }
    }
    Ok(())
}
