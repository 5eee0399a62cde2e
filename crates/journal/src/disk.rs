//! The few file operations that the log needs, behind a trait so that a test can fail each one both ways.
//!
//! What the log relies on: a sector that is rewritten with the same bytes keeps them even if power fails meanwhile (so a torn
//! write damages only what it adds), `sync_data` covers the length of a file, and a rename is durable after `sync_dir`.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// A file of the log.
pub trait DiskFile: Send + Sync {
    /// Reads up to `buffer.len()` bytes; fewer only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize>;
    /// Writes all of `bytes`.
    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Writes `len` zeros at `at`, which nobody is going to read soon.
    fn write_zeros_at(&self, len: u64, at: u64) -> io::Result<()> {
        let mut done = 0;
        while done < len {
            let part = ZEROS.0.get(..(len - done) as usize).unwrap_or(&ZEROS.0);
            self.write_all_at(part, at + done)?;
            done += part.len() as u64;
        }
        Ok(())
    }
    /// Makes what was written durable, with the length of the file. After an error nothing may be assumed about any earlier write.
    fn sync_data(&self) -> io::Result<()>;
    /// The length.
    fn len(&self) -> io::Result<u64>;
    /// Whether the length is 0.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Cuts the file.
    fn set_len(&self, len: u64) -> io::Result<()>;
}

/// Where files are.
pub trait Disk: Send + Sync + 'static {
    /// Makes a folder (0700) unless it is there.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    /// The names in a folder.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Creates a file (0600); an existing one is an error.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Renames a file within its folder, replacing a file of that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes creations, renames and removals in a folder durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Bytes that can still be written.
    fn free(&self, dir: &Path) -> io::Result<u64>;
}

/// The machine's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk {
    /// Leaves out every fsync: for tests of logic and as a floor in benchmarks, never where data matters.
    pub without_fsync: bool,
}

struct RealFile {
    file: File,
    without_fsync: bool,
}

const ZEROS_BYTES: usize = 1024 * 1024;

/// Zeros where direct writes want them: at a multiple of any block size in use. Never written to, so it takes no memory.
#[repr(align(4096))]
struct Zeros([u8; ZEROS_BYTES]);

static ZEROS: Zeros = Zeros([0; ZEROS_BYTES]);

impl RealFile {
    /// Copying zeros into the page cache costs more than everything else about a new segment, and drives out pages that are used.
    fn write_zeros_directly(&self, len: u64, at: u64) -> io::Result<()> {
        let flags = rustix::fs::fcntl_getfl(&self.file)?;
        rustix::fs::fcntl_setfl(&self.file, flags | OFlags::DIRECT)?;
        let written = self.copy_zeros(len, at);
        // Whatever became of it, later writes go the usual way again.
        rustix::fs::fcntl_setfl(&self.file, flags)?;
        written
    }

    fn copy_zeros(&self, len: u64, at: u64) -> io::Result<()> {
        let mut done = 0;
        while done < len {
            let part = ZEROS.0.get(..(len - done) as usize).unwrap_or(&ZEROS.0);
            self.file.write_all_at(part, at + done)?;
            done += part.len() as u64;
        }
        Ok(())
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, at + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    fn write_zeros_at(&self, len: u64, at: u64) -> io::Result<()> {
        match self.write_zeros_directly(len, at) {
            // A file system without direct writes, or with blocks that the length does not fit.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
                self.copy_zeros(len, at)
            }
            written => written,
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.without_fsync { Ok(()) } else { self.file.sync_data() }
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}

impl RealDisk {
    fn file(&self, file: File) -> Box<dyn DiskFile> {
        Box::new(RealFile { file, without_fsync: self.without_fsync })
    }
}

impl Disk for RealDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let names = std::fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        Ok(self.file(file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.file(OpenOptions::new().read(true).write(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        if self.without_fsync { Ok(()) } else { File::open(dir)?.sync_all() }
    }

    fn free(&self, dir: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// The machine's file system for whoever only looks: it also opens what may be read and not written. Everything that would change
/// something is refused.
#[derive(Clone, Copy, Debug)]
pub struct ReadOnlyDisk;

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::PermissionDenied.into())
}

impl Disk for ReadOnlyDisk {
    fn create_dir(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk::default().list(dir)
    }

    fn create(&self, _: &Path) -> io::Result<Box<dyn DiskFile>> {
        refused()
    }

    /// Opens a file for reading: a write to it fails.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(RealDisk::default().file(File::open(path)?))
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn free(&self, dir: &Path) -> io::Result<u64> {
        RealDisk::default().free(dir)
    }
}

/// What an operation on a file met, with the place: the shape of every input/output error of this crate.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}", path.display())]
pub struct DiskError {
    /// What was being done.
    pub doing: &'static str,
    /// To which file.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

impl DiskError {
    /// Adds the place to an error, for `map_err`.
    pub fn at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
        let path = path.to_owned();
        move |source| DiskError { doing, path, source }
    }

    /// Whether space ran out.
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_only_looks_reads_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, b"text").unwrap();
        let disk = ReadOnlyDisk;
        let file = disk.open(&path).unwrap();
        let mut buffer = [0; 8];
        assert_eq!((file.read_at(&mut buffer, 1).unwrap(), &buffer[..3]), (3, &b"ext"[..]));
        assert_eq!(disk.list(dir.path()).unwrap(), ["a"]);
        assert!(file.write_all_at(b"x", 0).is_err() && file.write_zeros_at(4, 0).is_err() && file.set_len(0).is_err());
        assert!(disk.create(&dir.path().join("b")).is_err() && disk.create_dir(&dir.path().join("c")).is_err());
        assert!(disk.rename(&path, &dir.path().join("b")).is_err() && disk.remove(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"text");
        assert_eq!(disk.list(dir.path()).unwrap(), ["a"]);
    }
}
