//! Evidence that did not come by way of Weir (`weir_ledger::kept`): what is put beside the ledgers, by whom it is checked, and what of it
//! counts.
//!
//! The command that makes a file puts it into its folder, and the process that holds the data folder checks it and records the act from
//! which it counts (D19). A file that no act names is nobody's.

use std::path::Path;

use weir_answers::Holding;
use weir_answers::reconcile::stored::Stored;
use weir_console::admin::AdminError;
use weir_ledger::disk::RealDisk;
use weir_ledger::kept::{self, Class, Kept};

/// A digest in hex, as commands carry it.
pub fn digest(text: &str) -> Result<[u8; 32], AdminError> {
    weir_event::ids::unhex(text).ok_or_else(|| AdminError::request("a digest is 64 hex digits"))
}

/// Puts a file into its folder and gives its digest. Where an administrator does, it is given to whoever owns the data folder.
pub fn put(data: &Path, class: Class, bytes: &[u8]) -> Result<[u8; 32], String> {
    let digest = kept::put(&RealDisk, data, class, bytes).map_err(|error| error.to_string())?;
    give_to_owner(data, &[data.join(class.folder()), kept::path_of(data, class, &digest)])?;
    Ok(digest)
}

fn give_to_owner(data: &Path, made: &[std::path::PathBuf]) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let failed = |error: std::io::Error| format!("{}: {}", data.display(), error.kind());
    let owner = std::fs::metadata(data).map_err(failed)?;
    for path in made {
        let own = std::fs::metadata(path).map_err(failed)?;
        if (own.uid(), own.gid()) != (owner.uid(), owner.gid()) {
            chown(path, Some(owner.uid()), Some(owner.gid())).map_err(failed)?;
        }
    }
    Ok(())
}

/// Whether a file may be recorded: it is there, it is what its name says, and it can be read.
pub fn may_add(data: &Path, class: Class, digest: &[u8; 32]) -> Result<(), AdminError> {
    let bytes = kept::read(data, class, digest);
    let bytes = bytes.ok_or_else(|| AdminError::NotFound { what: "such file in the data folder".to_owned() })?;
    let reads = match class {
        Class::Holding => Holding::decode(&bytes).is_ok(),
        Class::Reconciliation => Stored::decode(&bytes).is_ok(),
    };
    if !reads {
        return Err(AdminError::request("the file cannot be read: it was made by another release of weir"));
    }
    if counts(data, class, digest)? {
        return Err(AdminError::Conflict { message: "this is recorded already".to_owned() });
    }
    Ok(())
}

/// Whether it can be taken away: it counts now.
pub fn may_remove(data: &Path, class: Class, digest: &[u8; 32]) -> Result<(), AdminError> {
    if counts(data, class, digest)? {
        Ok(())
    } else {
        Err(AdminError::NotFound { what: "such import: see `weir holdings list`".to_owned() })
    }
}

fn counts(data: &Path, class: Class, digest: &[u8; 32]) -> Result<bool, AdminError> {
    let counting = counting(data, class).map_err(|message| AdminError::Failed { message })?;
    Ok(counting.iter().any(|kept| kept.digest == *digest))
}

/// What counts, by the acts of the audit ledger; no file is read.
pub fn counting(data: &Path, class: Class) -> Result<Vec<Kept>, String> {
    let mut list = kept::list(&data.join("audit"), class).map_err(|error| error.to_string())?;
    list.retain(|kept| kept.removed.is_none());
    Ok(list)
}

/// One of what vendors had before Weir; `None` for a file that is gone or was changed: then nobody knows.
pub fn holding(data: &Path, kept: &Kept) -> Option<Holding> {
    Holding::decode(&kept::read(data, Class::Holding, &kept.digest)?).ok()
}

/// What vendors had before Weir, as far as it counts, each as [`holding`] reads it.
pub fn holdings(data: &Path) -> Result<Vec<(Kept, Option<Holding>)>, String> {
    let read = |kept: Kept| {
        let holding = holding(data, &kept);
        (kept, holding)
    };
    Ok(counting(data, Class::Holding)?.into_iter().map(read).collect())
}

/// What vendors said that they have, as far as it counts; `None` for a file that is gone or was changed.
pub fn reconciliations(data: &Path) -> Result<Vec<(Kept, Option<Stored>)>, String> {
    let read = |kept: Kept| {
        let stored = kept::read(data, Class::Reconciliation, &kept.digest);
        let stored = stored.and_then(|bytes| Stored::decode(&bytes).ok());
        (kept, stored)
    };
    Ok(counting(data, Class::Reconciliation)?.into_iter().map(read).collect())
}
