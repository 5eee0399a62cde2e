//! Files that are named by the SHA-256 of their bytes, in a folder of their own: such a file is what was recorded, or it does not count.

use std::path::Path;

use weir_event::ids::hex;

use crate::disk::{Disk, replace};
use crate::error::LedgerError;
use crate::tree::hash::{Hash, sha256};

/// Puts one into a folder of `parent`, durable when this returns; gives its digest.
pub(crate) fn put(disk: &dyn Disk, parent: &Path, folder: &str, bytes: &[u8]) -> Result<Hash, LedgerError> {
    let within = parent.join(folder);
    disk.create_dir(&within).map_err(LedgerError::io("create", &within))?;
    disk.sync_dir(parent).map_err(LedgerError::io("sync", parent))?;
    let digest = sha256(bytes);
    let path = within.join(hex(&digest));
    replace(disk, &path, bytes).map_err(LedgerError::io("write", &path))?;
    disk.sync_dir(&within).map_err(LedgerError::io("sync", &within))?;
    Ok(digest)
}

/// The one with this digest; `None` where it is gone, is longer than that, or is not what was recorded.
pub(crate) fn read(folder: &Path, digest: &Hash, bytes_max: u64) -> Option<Vec<u8>> {
    let path = folder.join(hex(digest));
    if std::fs::metadata(&path).ok()?.len() > bytes_max {
        return None;
    }
    let bytes = std::fs::read(&path).ok()?;
    (sha256(&bytes) == *digest).then_some(bytes)
}
