//! `catalog` in the data folder: one file, replaced as a whole, so that state and position are always of one moment (D3).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use weir_event::Names;

use crate::catalog::Catalog;
use crate::codec::DecodeError;
use crate::sketch::SketchKey;

/// The file's name in the data folder.
pub const FILE_NAME: &str = "catalog";
const NEW_NAME: &str = "catalog.new";
/// A file longer than a full catalog is not read.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Why the file could not be read or written. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The disk.
    #[error("{} cannot be {doing}", path.display())]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The content.
    #[error("{}: {error}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: DecodeError,
    },
    /// There is none yet.
    #[error("there is no catalog in {}: it is made when a Weir of this version runs on this folder", .0.display())]
    Absent(PathBuf),
    /// The task that keeps it has ended.
    #[error("the catalog is not kept any more: Weir is stopping")]
    Stopped,
}

impl Catalog {
    /// Reads the catalog of a data folder, beside a running Weir or without one. It is as of the last time that it was written. For
    /// reading only: what it says of distinct values does not go on from there.
    pub fn open_read(data: &Path, names: &Names) -> Result<Catalog, CatalogError> {
        read(data, names, SketchKey::from_bytes([0; 16]))
    }
}

/// Reads the file.
pub(crate) fn read(data: &Path, names: &Names, key: SketchKey) -> Result<Catalog, CatalogError> {
    let path = data.join(FILE_NAME);
    let disk = |source: io::Error| CatalogError::Disk { doing: "read", path: path.clone(), source };
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CatalogError::Absent(data.to_owned())),
        opened => opened.map_err(disk)?,
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(disk)?;
    Catalog::decode(&bytes, names, key).map_err(|error| CatalogError::Content { path, error })
}

/// Replaces the file. A crash up to the rename leaves the old one and `catalog.new`, which is written over; after it, the new one.
pub(crate) fn write(data: &Path, bytes: &[u8]) -> Result<(), CatalogError> {
    let (path, new) = (data.join(FILE_NAME), data.join(NEW_NAME));
    let replace = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&new, &path)?;
        File::open(data)?.sync_all()
    };
    replace().map_err(|source| CatalogError::Disk { doing: "written", path: path.clone(), source })
}
