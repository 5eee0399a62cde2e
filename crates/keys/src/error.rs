//! What can go wrong with keys. No message holds key material; paths are the operator's own.

use std::path::{Path, PathBuf};

/// An error of the key folder.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The operating system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Others than the owner can read or write it.
    #[error("{} is open to others (mode {mode:03o}): run chmod go-rwx on the key folder and its files", path.display())]
    Exposed {
        /// The folder or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Written by a newer Weir.
    #[error("{} has format {found}, this version knows up to {known}: run the newer version", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format found.
        found: u16,
        /// The newest format known here.
        known: u16,
    },
    /// The bytes are not what was written.
    #[error("{} is damaged ({what}): restore the key folder from its backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
    /// A ring is there, but a file that it needs is not.
    #[error("{} is missing beside the ring: restore the key folder from its backup", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Another process has the folder open for writing.
    #[error("{} is in use by another process: stop it first", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was opened for reading only.
    #[error("{} was opened for reading only", path.display())]
    ReadOnly {
        /// The folder.
        path: PathBuf,
    },
    /// The ring has as many keys as it may have.
    #[error("the key ring is full ({limit} keys): destroy epochs that no vendor holds any more")]
    Full {
        /// The limit.
        limit: usize,
    },
    /// Sealed bytes do not open: another key, another place, or damage.
    #[error("sealed bytes do not open ({what}): another key, another place, or damage")]
    DoesNotOpen {
        /// What was being opened.
        what: &'static str,
    },
    /// A text is not the name of a key.
    #[error("not the name of a key")]
    NotAKeyName,
    /// Everything rests on such a key for as long as the data lives.
    #[error("event, tag and insert keys cannot be destroyed: only stable, epoch and raw keys can")]
    NotDestroyable,
    /// The target of a backup or restore is already there.
    #[error("{} already exists and is not an empty folder: name a new one", path.display())]
    TargetExists {
        /// The target.
        path: PathBuf,
    },
}

impl KeysError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> KeysError {
        let path = path.to_owned();
        move |source| KeysError::Io { doing, path, source }
    }

    pub(crate) fn damaged(path: &Path, what: &'static str) -> KeysError {
        KeysError::Damaged { path: path.to_owned(), what }
    }
}
