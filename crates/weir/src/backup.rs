//! Backups of the data folder: taken while events come in, of one moment, without a key.
//!
//! # The moment
//! Journal, hold and both ledgers are append-only. [`lease`] stops all of them between two groups for the time that it takes to
//! read their lengths, and the copy holds each up to just that length. So it shows what a `kill -9` at that moment would have
//! left, which every start can take up: nothing that was acknowledged is missing, the sums hold, an intent without an outcome is
//! *unknown*. Copied one after the other without that, the ledger could speak of offsets that the copied journal lacks, and
//! events that come in later would be taken for delivered.
//!
//! # The order of a backup
//! 1. The audit entry, durable (D19); files of journal and hold are kept from being freed.
//! 2. Small files that are replaced as a whole (state of readers, `version`, …): before the moment, so that no reader's offset
//!    lies behind the journal's end.
//! 3. The moment: the files of ledger rows, which stay as they are until the backup has ended; then lengths, and the newest signed heads.
//!    So the copied log goes at least as far as the copied rows, and has every row that they lack.
//! 4. The logs, each up to its length, into `objects/`, named by their SHA-256.
//! 5. `manifest`, in the place of the one before. Only from here on is it a backup; objects of the one before go after it.
//!
//! A crash or a full target before step 5 leaves the backup that was there. Not copied are the trees (`ledger/tree`, `audit/tree`:
//! made again from the logs and held against the signed heads), locks, sockets, the reserve and what is prepared ahead.

pub mod copy;
pub mod lease;
pub mod manifest;
pub mod restore;

use std::path::{Path, PathBuf};

/// Where the files of ledger rows lie in a data folder.
pub const ROWS: &str = "ledger/rows/";

/// What becomes of a file of the data folder in a backup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Not copied: it is made again, or means nothing in another folder.
    Left,
    /// Copied up to a length of the moment, or, of the files of ledger rows, whole as they are then.
    Log,
    /// Copied whole, before the moment.
    Whole,
}

/// The class of a path below the data folder. What is not known here is copied whole: a file that is replaced as a whole needs no
/// line; one that is appended to does.
pub fn class_of(path: &str) -> Class {
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| path.ends_with(suffix));
    if matches!(path, "lock" | "reserve" | "admin.sock" | "restoring")
        || matches!(path, "ledger/signed" | "audit/signed" | "ledger/cosigned" | "audit/cosigned")
        || ends(&[".new", ".tmp", ".gone", ".spare"])
        || path.starts_with("ledger/tree/")
        || path.starts_with("audit/tree/")
    {
        Class::Left
    } else if (path.starts_with("journal/") && ends(&[".segment"]))
        || (path.starts_with("hold/") && ends(&[".hold"]))
        || ((path.starts_with("ledger/log/") || path.starts_with("audit/log/")) && ends(&[".log"]))
        || path.starts_with(ROWS)
    {
        Class::Log
    } else {
        Class::Whole
    }
}

/// Every file below a data folder, by its path there and its length. Passed over are what goes meanwhile and names that no manifest
/// takes: nothing of ours has one, so it is an editor's copy or the file system's own `lost+found`.
pub fn walk(folder: &Path) -> Result<Vec<(String, u64)>, BackupError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        let entries = match std::fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if at != folder && error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed("list", &at)(error)),
        };
        for entry in entries {
            let path = entry.map_err(failed("list", &at))?.path();
            let Some(name) = path.strip_prefix(folder).ok().and_then(Path::to_str) else { continue };
            if !manifest::is_path(name) {
                continue;
            }
            let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
            if metadata.is_dir() {
                // What is made again need not be walked through.
                if name != "ledger/tree" && name != "audit/tree" {
                    folders.push(path);
                }
            } else if metadata.is_file() {
                found.push((name.to_owned(), metadata.len()));
            } else if metadata.is_symlink() && path.is_dir() {
                let why =
                    "it leads to another folder, which the backup would lack: mount that folder here, or move it here";
                return Err(BackupError::Unfit { path, why });
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Why a backup or a restore did not come about. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The system says no.
    #[error("{}: cannot {what}: {}", path.display(), source.kind())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The target has no room.
    #[error("{} has {free} bytes free and the copy needs {needed}: free space, or choose another target; the backup that was there is as it was", path.display())]
    NoRoom {
        /// The target.
        path: PathBuf,
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The folder is not what it must be.
    #[error("{}: {why}", path.display())]
    Unfit {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        why: &'static str,
    },
    /// The manifest.
    #[error("{}: {source}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: manifest::ManifestError,
    },
    /// Its formats.
    #[error(transparent)]
    Formats(#[from] crate::formats::FormatsError),
    /// A copy is not what was copied.
    #[error("{}: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file of the moment went away.
    #[error("{} was freed while it was copied: run the backup again", path.display())]
    Freed {
        /// Which.
        path: PathBuf,
    },
    /// What the backup is of did not go on with it.
    #[error("{0}; the backup that was there is as it was")]
    Broken(String),
    /// The key folder is not the one that the data belongs to, or an older one.
    #[error("{0}")]
    Keys(String),
    /// An anchor is ahead of the backup (D14).
    #[error(
        "{} shows {anchored} entries of {tree}, the backup holds {here}: it is older, and restoring it would rewind the ledger. If what was recorded since is lost, \
         run it again with --rewind-to-backup: it opens a new origin that links to the old, as `weir ledger recover --from-anchor` does",
        anchor.display()
    )]
    Rewinds {
        /// The anchor.
        anchor: PathBuf,
        /// The tree.
        tree: String,
        /// Entries under the anchor's head.
        anchored: u64,
        /// Entries of the backup.
        here: u64,
    },
    /// A ledger.
    #[error("ledger: {0}")]
    Ledger(#[from] weir_ledger::LedgerError),
    /// Something of the gateway.
    #[error("{0}")]
    Start(#[from] Box<crate::gateway::StartError>),
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_has_a_name_that_a_manifest_takes_and_a_folder_elsewhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        for made in ["lost+found", "journal", "sub dir"] {
            std::fs::create_dir_all(data.join(made)).unwrap();
            std::fs::write(data.join(made).join("file"), "x").unwrap();
        }
        for name in ["weir.yaml", "weir.yaml~", "a copy", "journal/ä", "#weir.yaml#"] {
            std::fs::write(data.join(name), "text").unwrap();
        }
        let listed: Vec<_> = walk(&data).unwrap().into_iter().map(|(path, _)| path).collect();
        assert_eq!(listed, ["journal/file", "weir.yaml"]);

        let elsewhere = folder.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, data.join("ledger")).unwrap();
        let error = walk(&data).unwrap_err().to_string();
        assert!(error.contains("ledger: it leads to another folder"), "{error}");
    }

    #[test]
    fn each_listed_file_has_the_class_that_a_moment_needs() {
        for (path, class) in [
            ("lock", Class::Left),
            ("journal/0000000000000001-0000000000000000.segment", Class::Log),
            ("journal/0123456789abcdef.spare", Class::Left),
            ("hold/raw/0000000000000001-0000000000000000.hold", Class::Log),
            ("ledger/log/00000000000000000000.log", Class::Log),
            ("ledger/log/00000000000000000000.log.tmp", Class::Left),
            ("ledger/tree/tile/0/000", Class::Left),
            ("ledger/rows/manifest", Class::Log),
            ("ledger/rows/00000001.parquet", Class::Log),
            ("ledger/rows/manifest.tmp", Class::Left),
            ("ledger/tree.before-1/checkpoint", Class::Whole),
            ("ledger/origin", Class::Whole),
            ("ledger/signed", Class::Left),
            ("audit/cosigned", Class::Left),
            ("witness/00112233445566778899aabbccddeeff.checkpoint", Class::Whole),
            ("version", Class::Whole),
            ("formats", Class::Whole),
            ("weir.yaml", Class::Whole),
        ] {
            assert_eq!(class_of(path), class, "{path}");
        }
    }
}
