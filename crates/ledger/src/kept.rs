//! Evidence that did not come by way of Weir and is kept beside the ledgers: what a vendor's export held before Weir (`holdings`), what a
//! vendor said that it has (`reconciled`).
//!
//! A file is named by the SHA-256 of its bytes and counts only where an act of the audit ledger names that digest, so that it is in a
//! tree, signed and anchored, and can be neither changed nor taken back unnoticed (D19). Evidence of a class is numbered from 1 in the
//! order of its acts.
//!
//! | act | targets |
//! |---|---|
//! | `holding_keep` | the digest |
//! | `holding_remove` | the digest: from then on it does not count, and its file is deleted |
//! | `reconciliation_keep`, `reconciliation_remove` | the same for what a vendor said |
//!
//! The file is durable before its act is recorded, so an act never names what a crash has lost; a crash in between leaves a file that
//! no act names and nobody counts. What is in a file: `crates/answers/src/holding.rs`, `crates/answers/src/reconcile/stored.rs`.

use std::path::{Path, PathBuf};

use weir_event::{Millis, ids::hex};

use crate::Act;
use crate::acts;
use crate::digested;
use crate::disk::Disk;
use crate::entry::{Actor, Entry, Target};
use crate::error::LedgerError;
use crate::tree::hash::Hash;

/// The bytes of one file, at most.
pub const BYTES_MAX: u64 = 1 << 30;

/// What sort of evidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// What a vendor had before Weir.
    Holding,
    /// What a vendor said that it has, against what left.
    Reconciliation,
}

impl Class {
    /// Its folder in the data folder.
    pub const fn folder(self) -> &'static str {
        match self {
            Class::Holding => "holdings",
            Class::Reconciliation => "reconciled",
        }
    }

    /// The action of the act that it counts from.
    pub const fn added(self) -> &'static str {
        match self {
            Class::Holding => "holding_keep",
            Class::Reconciliation => "reconciliation_keep",
        }
    }

    /// The action of the act from which it does not count any more.
    pub const fn removed(self) -> &'static str {
        match self {
            Class::Holding => "holding_remove",
            Class::Reconciliation => "reconciliation_remove",
        }
    }
}

/// One piece of evidence, as the audit ledger has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its number in its class, from 1.
    pub number: u64,
    /// When it was recorded.
    pub at: Millis,
    /// By whom.
    pub actor: Actor,
    /// Its digest.
    pub digest: Hash,
    /// When it was taken away, if it was.
    pub removed: Option<Millis>,
}

/// All evidence of a class that the audit ledger in `audit` has recorded, oldest first.
///
/// An error means that nobody knows what there is.
pub fn list(audit: &Path, class: Class) -> Result<Vec<Kept>, LedgerError> {
    let mut list: Vec<Kept> = Vec::new();
    acts::each(audit, |at, entry| {
        let Entry::Act { actor, action, targets } = entry else { return };
        let [Target::Digest(digest)] = targets.as_slice() else { return };
        if action == class.added() {
            let number = list.len() as u64 + 1;
            list.push(Kept { number, at, actor: actor.clone(), digest: *digest, removed: None });
        } else if action == class.removed() {
            let of = list.iter_mut().filter(|kept| kept.digest == *digest && kept.removed.is_none());
            of.for_each(|kept| kept.removed = Some(at));
        }
    })?;
    Ok(list)
}

/// The act from which evidence counts.
pub fn adding(actor: Actor, class: Class, digest: Hash) -> Act {
    Act { actor, action: class.added(), targets: vec![Target::Digest(digest)] }
}

/// The act from which it does not count any more.
pub fn removing(actor: Actor, class: Class, digest: Hash) -> Act {
    Act { actor, action: class.removed(), targets: vec![Target::Digest(digest)] }
}

/// Where a file lies.
pub fn path_of(data: &Path, class: Class, digest: &Hash) -> PathBuf {
    data.join(class.folder()).join(hex(digest))
}

/// Puts a file into its folder, durable; gives the digest for [`adding`].
pub fn put(disk: &dyn Disk, data: &Path, class: Class, bytes: &[u8]) -> Result<Hash, LedgerError> {
    if bytes.len() as u64 > BYTES_MAX {
        return Err(LedgerError::Misuse("a file of evidence has at most 1 GiB"));
    }
    digested::put(disk, data, class.folder(), bytes)
}

/// The file with this digest; `None` where it is gone or is not what was recorded.
pub fn read(data: &Path, class: Class, digest: &Hash) -> Option<Vec<u8>> {
    digested::read(&data.join(class.folder()), digest, BYTES_MAX)
}

/// Deletes the file with this digest, after [`removing`] was recorded. One that is gone already is no fault.
pub fn delete(disk: &dyn Disk, data: &Path, class: Class, digest: &Hash) -> Result<(), LedgerError> {
    let path = path_of(data, class, digest);
    match disk.remove(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LedgerError::io("delete", &path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;

    #[test]
    fn d19_a_file_of_evidence_is_what_was_recorded_or_nothing() {
        let data = tempfile::tempdir().unwrap();
        let digest = put(&RealDisk, data.path(), Class::Holding, b"held").unwrap();
        assert_eq!(read(data.path(), Class::Holding, &digest).as_deref(), Some(b"held".as_slice()));
        std::fs::write(path_of(data.path(), Class::Holding, &digest), b"hold").unwrap();
        assert_eq!(read(data.path(), Class::Holding, &digest), None, "it was changed");
        delete(&RealDisk, data.path(), Class::Holding, &digest).unwrap();
        delete(&RealDisk, data.path(), Class::Holding, &digest).unwrap();
        assert_eq!(list(&data.path().join("audit"), Class::Holding).unwrap(), [], "no act names it");
    }
}
