//! All rows of one subject in a file: one page of each column, found by the statistics.

use crate::error::RowsError;
use crate::file::{ALL, Column, Columns, RowsFile};
use crate::row::LedgerRow;

/// Shows each row of a subject, in the order of the file.
pub fn each(file: &RowsFile, subject: u64, mut visit: impl FnMut(LedgerRow)) -> Result<(), RowsError> {
    let mut columns = Columns::default();
    for stretch in file.find(subject, subject)? {
        columns.clear();
        file.read(&stretch, &[Column::Subject], &mut columns)?;
        let subjects = columns.subjects();
        let from = subjects.partition_point(|s| s.cast_unsigned() < subject);
        let to = subjects.partition_point(|s| s.cast_unsigned() <= subject);
        if from == to {
            continue;
        }
        let base = stretch.rows.start;
        let exact = crate::file::Stretch { group: stretch.group, rows: base + from..base + to };
        columns.clear();
        file.read(&exact, &ALL, &mut columns)?;
        (0..columns.len()).for_each(|at| visit(columns.row(at)));
    }
    Ok(())
}

/// Whether a file holds a row of this subject.
pub fn holds(file: &RowsFile, subject: u64) -> Result<bool, RowsError> {
    let mut columns = Columns::default();
    for stretch in file.find(subject, subject)? {
        columns.clear();
        file.read(&stretch, &[Column::Subject], &mut columns)?;
        let subjects = columns.subjects();
        if subjects.binary_search_by_key(&subject, |s| s.cast_unsigned()).is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}
