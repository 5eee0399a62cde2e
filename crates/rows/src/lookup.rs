//! All rows of one subject in a file: one page of each column, found by the statistics.

use crate::columns::{Column, Columns};
use crate::error::RowsError;
use crate::file::{RowsFile, Stretch};
use crate::row::LedgerRow;

/// Shows each row of a subject, in the order of the file.
pub fn each(file: &RowsFile, subject: u64, mut visit: impl FnMut(LedgerRow)) -> Result<(), RowsError> {
    let mut columns = Columns::default();
    for stretch in file.find(subject, subject)? {
        let rows = exactly(file, &stretch, subject, &mut columns)?;
        if !rows.is_empty() {
            columns.clear();
            file.read(&Stretch { rows, ..stretch }, file.form().columns(), &mut columns)?;
            (0..columns.len()).for_each(|at| visit(columns.row(at)));
        }
    }
    Ok(())
}

/// Whether a file holds a row of this subject.
pub fn holds(file: &RowsFile, subject: u64) -> Result<bool, RowsError> {
    let mut columns = Columns::default();
    for stretch in file.find(subject, subject)? {
        if !exactly(file, &stretch, subject, &mut columns)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The rows of a stretch that are the subject's, by their places in the group.
fn exactly(
    file: &RowsFile,
    stretch: &Stretch,
    subject: u64,
    columns: &mut Columns,
) -> Result<std::ops::Range<usize>, RowsError> {
    columns.clear();
    file.read(stretch, &[Column::Subject], columns)?;
    let (base, found) = (stretch.rows.start, columns.between(subject, subject));
    Ok(base + found.start..base + found.end)
}
