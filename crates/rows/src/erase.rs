//! Erasing what is about somebody from the log and from the files (D15), in an order in which nothing is erased that is not on record, and
//! in which what was begun is ended, whatever crashes.
//!
//! 1. The file of the log that is appended to is ended, and the rows about these people are counted.
//! 2. Their number is told to whoever records it, and only then anything goes.
//! 3. The list of files says who is to go: from now on no answer names them. A crash before this leaves everything as it was.
//! 4. Each file of the log is written again without these rows, and without the blinds of those that lie in files alone; then each file of rows. A crash in between: the next start finds the list and
//!    does the same again, which for a file that is done is nothing.
//! 5. The list of files says so no more.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use weir_ledger::{Erased, Ledger, LedgerError};

use crate::error::RowsError;
use crate::store::Store;

/// Is told how many rows are about to go, before they go; where it fails, none goes.
pub type Record = Box<dyn FnOnce(Erased) -> Result<(), LedgerError> + Send>;

/// Erases everything about these subjects that was recorded until now; how much it was.
pub fn erase(
    store: &mut Store,
    ledger: &Ledger,
    subjects: &BTreeSet<u64>,
    record: Record,
    stop: &AtomicBool,
) -> Result<Erased, RowsError> {
    // One that was begun before comes to its end first: its entries are others.
    go_on(store, ledger, stop)?;
    let subjects: BTreeSet<u64> = subjects.iter().copied().filter(|subject| *subject != 0).collect();
    let until = ledger.end_file()?;
    let mut erased = Erased { rows: store.summed_about(&subjects)?, ..Erased::default() };
    store.each_about(&subjects, |about| {
        erased += ledger.count_rows(about, until, stop)?;
        Ok(())
    })?;
    record(erased)?;
    store.erase(&subjects, until)?;
    go_on(store, ledger, stop)?;
    Ok(erased)
}

/// Ends an erasure that was begun, if there is one.
pub fn go_on(store: &mut Store, ledger: &Ledger, stop: &AtomicBool) -> Result<(), RowsError> {
    let Some((subjects, until)) = store.erasing() else { return Ok(()) };
    store.each_about(&subjects, |about| Ok(ledger.erase(about, until, stop).map(drop)?))?;
    store.purge()?;
    store.end_erasure()
}
