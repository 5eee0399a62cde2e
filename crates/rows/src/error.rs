//! What can go wrong with the row files, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use weir_ledger::LedgerError;

/// What mends files of rows whose rows the log has given up.
pub const MENDING: &str = "stop Weir and run `weir restore BACKUP --rows` with a backup that is at most 7 days old: the log has the rows since then";

/// An error of the row store. The files are made from the ledger's log, which gives its rows up after seven days: until then they can be made
/// again.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The disk.
    #[error("could not {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A file of rows cannot be read.
    #[error("{} is damaged; {MENDING}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: ParquetError,
    },
    /// Another file of the store cannot be read.
    #[error("{} is damaged: {what}; {MENDING}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Written by a later Weir.
    #[error("{} has format {found}, this weir knows up to {known}; use the newer weir", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest that is known.
        known: u64,
    },
    /// The log.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Weir stops; what was being merged stays as it was.
    #[error("the files of rows are not written any more: weir stops")]
    Stopped,
    /// A row names a batch that no file knows.
    #[error("the files of rows do not know batch {0}; {MENDING}")]
    Unknown(u64),
    /// A batch is not in the files as it is in the log, which therefore keeps it.
    #[error(
        "the files of rows do not have batch {0} as the log has it, so the log keeps its rows: run `weir ledger verify`"
    )]
    Lacks(u64),
    /// What is being written takes long.
    #[error("the files of ledger rows are being written: run the backup again in some minutes")]
    Busy,
    /// Rows are in no file, and the log has given them up.
    #[error("the rows of entry {0} lie in files of rows that are not there: {MENDING}")]
    Gone(u64),
    /// An entry of the log that does not say what its kind must.
    #[error("entry {0} of the ledger cannot be read: run `weir ledger verify`")]
    Unreadable(u64),
}

impl RowsError {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RowsError {
        let path = path.to_owned();
        move |source| RowsError::Io { what, path, source }
    }

    pub(crate) fn parquet(path: &Path) -> impl Fn(ParquetError) -> RowsError {
        let path = path.to_owned();
        move |source| RowsError::Parquet { path: path.clone(), source }
    }

    /// Whether a file was not there: beside a Weir that merges files, the list of them was read a moment too early.
    pub fn is_absent(&self) -> bool {
        matches!(self, RowsError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
