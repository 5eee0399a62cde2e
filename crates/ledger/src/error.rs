//! What can go wrong in the ledger, and whose fault it is.

use std::io;
use std::path::PathBuf;

use crate::tree::note::NoteError;

/// An error of the ledger. While one of the first four stands, nothing may be sent (promise 2).
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// An fsync failed earlier, so what the disk holds is not known; only a restart reads it back.
    #[error("the ledger stopped after a failed fsync; restart weir once the disk is well")]
    Poisoned,
    /// The write failed before it was durable. Nothing is recorded and nothing was sent; try again.
    #[error("the ledger could not be written and nothing was recorded; free space on its disk")]
    Lost,
    /// More waits to be written than the queue takes.
    #[error("more than {limit} bytes wait for the ledger's disk; try again later")]
    Overloaded {
        /// Bytes that may wait.
        limit: usize,
    },
    /// The ledger is closed.
    #[error("the ledger is closed")]
    Closed,
    /// A file could not be read or written.
    #[error("could not {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Written by a later Weir.
    #[error("{} has format {found}, this weir knows up to {known}; use the newer weir", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
        /// The newest that is known.
        known: u16,
    },
    /// Acknowledged bytes are not as they were written.
    #[error("{} is damaged at entry {index}: {what}; restore it and run weir ledger verify", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first entry that is affected.
        index: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The local ledger is shorter than, or not an extension of, a checkpoint that it signed (D14). Delivery must not start.
    #[error(
        "the ledger holds {local} entries and does not extend the checkpoint of {size} entries in {}; \
         restore it, or run weir ledger recover --from-anchor", checkpoint.display()
    )]
    Rewound {
        /// Where the checkpoint is.
        checkpoint: PathBuf,
        /// What it covers.
        size: u64,
        /// What is here.
        local: u64,
    },
    /// A checkpoint or an anchor is not one of ours.
    #[error("the checkpoint in {} is not accepted", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// Why.
        source: NoteError,
    },
    /// Cannot be recorded in one entry; cut the batch.
    #[error("the entry needs {needed} bytes of {limit}; cut the batch")]
    EntryTooLarge {
        /// Bytes of the leaf or body.
        needed: usize,
        /// The limit.
        limit: usize,
    },
    /// The caller broke a rule of the interface; the text says which.
    #[error("{0}")]
    Misuse(&'static str),
    /// The key folder could not do its part.
    #[error("the key folder could not open or seal a row seed")]
    Keys(#[source] weir_keys::KeysError),
}

impl LedgerError {
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> LedgerError {
        let path = path.into();
        move |source| LedgerError::Io { what, path, source }
    }
}
