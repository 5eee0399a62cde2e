//! Several sorted files as one: a merge of as many ways as there are files, a page of each in memory.

use crate::columns::Columns;
use crate::error::RowsError;
use crate::file::{PAGE_ROWS, RowsFile, Stretch};
use crate::row::LedgerRow;

/// Rows of a file that are in memory at a time.
const STRETCH_ROWS: usize = 4 * PAGE_ROWS;

/// One file, row by row.
struct Way {
    file: RowsFile,
    left: std::vec::IntoIter<Stretch>,
    columns: Columns,
    at: usize,
    next: Option<LedgerRow>,
}

impl Way {
    fn open(file: RowsFile) -> Result<Way, RowsError> {
        let parts = file.stretches().into_iter().flat_map(|whole| whole.parts(STRETCH_ROWS));
        let left = parts.collect::<Vec<_>>().into_iter();
        let mut way = Way { file, left, columns: Columns::default(), at: 0, next: None };
        way.advance()?;
        Ok(way)
    }

    fn advance(&mut self) -> Result<(), RowsError> {
        while self.at == self.columns.len() {
            let Some(stretch) = self.left.next() else {
                self.next = None;
                return Ok(());
            };
            self.columns.clear();
            self.file.read(&stretch, self.file.form().columns(), &mut self.columns)?;
            self.at = 0;
        }
        self.next = Some(self.columns.row(self.at));
        self.at += 1;
        Ok(())
    }
}

/// The rows of all files in order.
pub(crate) struct Merge {
    ways: Vec<Way>,
    failed: bool,
}

impl Merge {
    /// Merges these files.
    pub(crate) fn open(files: Vec<RowsFile>) -> Result<Merge, RowsError> {
        Ok(Merge { ways: files.into_iter().map(Way::open).collect::<Result<_, _>>()?, failed: false })
    }
}

impl Iterator for Merge {
    type Item = Result<LedgerRow, RowsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        // Few ways: looking at each costs less than keeping a heap.
        let way = self.ways.iter_mut().filter(|way| way.next.is_some()).min_by_key(|way| way.next)?;
        let row = way.next?;
        match way.advance() {
            Ok(()) => Some(Ok(row)),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}
