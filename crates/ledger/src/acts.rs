//! The acts of an audit ledger in their order.

use std::path::Path;

use weir_event::Millis;

use crate::entry::Entry;
use crate::error::LedgerError;
use crate::{Kind, history};

/// Shows each act of the audit ledger in `dir`, oldest first, with its time. No ledger: no act.
///
/// An error means that what was done is not known: an entry is missing or damaged.
pub fn each(dir: &Path, mut visit: impl FnMut(Millis, &Entry)) -> Result<(), LedgerError> {
    history::each(dir, Kind::Audit, |_, at, entry, _| {
        if matches!(entry, Entry::Act { .. }) {
            visit(at, entry);
        }
    })
}
