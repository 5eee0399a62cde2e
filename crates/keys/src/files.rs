//! The files of the key folder: who may read them, how one is created, how the ring is replaced.
//!
//! ```text
//! key file, version 1 (42 bytes)
//!   0   8  magic, one per file: WEIRMSTR, WEIRLEDG, WEIRHPRV, WEIRHPUB
//!   8   2  version u16 LE = 1
//!  10  32  key
//! ```
//! `ring` has its own format, see [`crate::ring`]. `lock` is empty. `*.new` is a replacement that was not finished: removed at open.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::{KeysError, SecretKey};

/// One of the small files.
pub(crate) struct KeyFile {
    pub(crate) name: &'static str,
    magic: [u8; 8],
}

pub(crate) const MASTER: KeyFile = KeyFile { name: "master.key", magic: *b"WEIRMSTR" };
pub(crate) const LEDGER: KeyFile = KeyFile { name: "ledger.key", magic: *b"WEIRLEDG" };
pub(crate) const HOLD_PRIVATE: KeyFile = KeyFile { name: "hold.key", magic: *b"WEIRHPRV" };
pub(crate) const HOLD_PUBLIC: KeyFile = KeyFile { name: "hold.pub", magic: *b"WEIRHPUB" };
pub(crate) const RING: &str = "ring";
pub(crate) const LOCK: &str = "lock";

const KEY_FILE_VERSION: u16 = 1;
const KEY_FILE_BYTES: usize = 42;
/// A file of the key folder; a ring of [`crate::ring::RING_KEYS_MAX`] keys is below it.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A step of replacing a file, so that tests can fail each one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Write,
    SyncFile,
    Rename,
    SyncFolder,
}

/// Does the steps; in tests it can fail one of them, before it was done or after.
#[derive(Default)]
pub(crate) struct Disk {
    #[cfg(test)]
    pub(crate) fail: std::sync::Mutex<Option<(Step, bool)>>,
}

impl Disk {
    fn step<T>(&self, step: Step, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        #[cfg(test)]
        {
            let fail = *self.fail.lock().unwrap();
            if fail == Some((step, false)) {
                return Err(io::Error::other("failed before the step"));
            }
            let done = act()?;
            if fail == Some((step, true)) {
                return Err(io::Error::other("failed after the step"));
            }
            Ok(done)
        }
        #[cfg(not(test))]
        {
            let _ = step;
            act()
        }
    }

    /// Puts `bytes` in the place of `dir/name`: after it the file is the new one, before and at any crash between the old one.
    /// With `wipe` the old file's bytes are overwritten afterwards, so that a destroyed key does not stay in a free block. That
    /// is the best one can do from here: a file system that copies on write, a disk that remaps and a backup still have it.
    pub(crate) fn replace(&self, dir: &Path, name: &str, bytes: &[u8], wipe: bool) -> Result<(), KeysError> {
        let temporary = dir.join(format!("{name}.new"));
        let path = dir.join(name);
        // A crash up to the rename leaves the old file, and `name.new`, which open removes.
        self.step(Step::Write, || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
            file.write_all(bytes)
        })
        .map_err(KeysError::io("write", &temporary))?;
        self.step(Step::SyncFile, || File::open(&temporary)?.sync_all()).map_err(KeysError::io("sync", &temporary))?;
        let old = if wipe { OpenOptions::new().write(true).open(&path).ok() } else { None };
        // A crash here leaves one or the other, both whole: which, the file system decides until the folder is synced.
        self.step(Step::Rename, || fs::rename(&temporary, &path)).map_err(KeysError::io("rename", &temporary))?;
        self.step(Step::SyncFolder, || File::open(dir)?.sync_all()).map_err(KeysError::io("sync", dir))?;
        // The new file is durable. A crash here leaves the old bytes in free blocks.
        if let Some(mut old) = old {
            let length = old.metadata().map_or(0, |m| m.len().min(FILE_BYTES_MAX));
            let zeros = vec![0; usize::try_from(length).unwrap_or(0)];
            let _ = old.write_all(&zeros).and_then(|()| old.sync_all());
        }
        Ok(())
    }
}

/// Creates a folder for its owner only, or accepts one that is.
pub(crate) fn prepare_folder(dir: &Path) -> Result<(), KeysError> {
    if !dir.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(KeysError::io("create", dir))?;
        if let Some(parent) = dir.parent().filter(|p| !p.as_os_str().is_empty()) {
            File::open(parent).and_then(|f| f.sync_all()).map_err(KeysError::io("sync", parent))?;
        }
    }
    check_folder(dir)
}

/// Refuses a folder that others than the owner can enter.
pub(crate) fn check_folder(dir: &Path) -> Result<(), KeysError> {
    let metadata = fs::metadata(dir).map_err(KeysError::io("look at", dir))?;
    check_mode(dir, &metadata)
}

/// Refuses a file that others than the owner can use.
pub(crate) fn check_file(dir: &Path, name: &str) -> Result<(), KeysError> {
    let path = dir.join(name);
    let metadata = fs::metadata(&path).map_err(KeysError::io("look at", &path))?;
    check_mode(&path, &metadata)
}

fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<(), KeysError> {
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeysError::Exposed { path: path.to_owned(), mode }) }
}

/// Reads a file of the folder; `Missing` where it is not there.
pub(crate) fn read(dir: &Path, name: &str) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    let path = dir.join(name);
    let file = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(KeysError::Missing { path }),
        other => other.map_err(KeysError::io("open", &path))?,
    };
    let metadata = file.metadata().map_err(KeysError::io("look at", &path))?;
    check_mode(&path, &metadata)?;
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len().min(FILE_BYTES_MAX)).unwrap_or(0)));
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(KeysError::io("read", &path))?;
    if bytes.len() as u64 > FILE_BYTES_MAX { Err(KeysError::damaged(&path, "too long")) } else { Ok(bytes) }
}

/// Writes a new file for its owner only and syncs it; the caller syncs the folder.
pub(crate) fn create(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), KeysError> {
    let path = dir.join(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(KeysError::io("create", &path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(KeysError::io("write", &path))
}

/// Syncs the folder itself.
pub(crate) fn sync_folder(dir: &Path) -> Result<(), KeysError> {
    File::open(dir).and_then(|f| f.sync_all()).map_err(KeysError::io("sync", dir))
}

/// Reads one key file.
pub(crate) fn read_key(dir: &Path, file: &KeyFile) -> Result<SecretKey, KeysError> {
    let bytes = read(dir, file.name)?;
    decode_key(&dir.join(file.name), file, &bytes)
}

pub(crate) fn decode_key(path: &Path, file: &KeyFile, bytes: &[u8]) -> Result<SecretKey, KeysError> {
    let rest = bytes.strip_prefix(&file.magic).ok_or_else(|| KeysError::damaged(path, "not a file of this kind"))?;
    let (version, key) = rest.split_first_chunk().ok_or_else(|| KeysError::damaged(path, "cut short"))?;
    let found = u16::from_le_bytes(*version);
    if found > KEY_FILE_VERSION {
        return Err(KeysError::NewerFormat { path: path.to_owned(), found, known: KEY_FILE_VERSION });
    }
    if found == 0 {
        return Err(KeysError::damaged(path, "no version"));
    }
    let key: [u8; 32] = key.try_into().map_err(|_| KeysError::damaged(path, "wrong length"))?;
    Ok(SecretKey::from_bytes(key))
}

/// Reads a key file, or creates it with `fresh` where it is missing: the first start, or one that a crash cut short.
pub(crate) fn read_or_create_key(
    dir: &Path,
    file: &KeyFile,
    fresh: impl FnOnce() -> SecretKey,
) -> Result<SecretKey, KeysError> {
    match read_key(dir, file) {
        Err(KeysError::Missing { .. }) => {
            let key = fresh();
            let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES));
            bytes.extend_from_slice(&file.magic);
            bytes.extend_from_slice(&KEY_FILE_VERSION.to_le_bytes());
            bytes.extend_from_slice(key.bytes());
            // Through a temporary file: a crash never leaves a cut one that the next start would refuse.
            Disk::default().replace(dir, file.name, &bytes, false)?;
            Ok(key)
        }
        other => other,
    }
}

/// Takes the folder's lock for as long as the returned file lives.
pub(crate) fn lock(dir: &Path) -> Result<File, KeysError> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(KeysError::io("open", &path))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| KeysError::InUse { path: dir.to_owned() })?;
    Ok(file)
}
