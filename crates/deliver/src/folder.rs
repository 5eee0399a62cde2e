//! Whole files in a folder of this machine, for destinations that are one.
//!
//! A file is written under `.partial/` of the same folder (0600), fsynced, renamed to its name, and the folder of that name is
//! fsynced. What a crash leaves: before the rename, a file under `.partial/` that nobody reads, which a later write of the same
//! name or, an hour later, any write takes away; after it, the whole file. Names come from the content, so what is written again
//! takes its own place. Folders are made with 0700. Nothing that was written is ever removed here.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use weir_event::Millis;

/// Where files are while they are written.
const PARTIAL: &str = ".partial";
/// How old a file there has to be before it is taken for what a crash left: far longer than any write takes.
const LEFT_OVER: Duration = Duration::from_secs(3_600);

/// A folder that files are written to. Nothing is made before the first of them.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// Why a file is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotPut {
    /// No file of that name was made.
    NotThere,
    /// It is there, and may not be after a power cut.
    NotDurable,
}

impl Folder {
    /// This one.
    pub fn new(path: PathBuf) -> Folder {
        Folder(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a whole file at a path below the folder.
    pub(crate) async fn put(&self, name: &str, content: Bytes, now: Millis) -> Result<(), NotPut> {
        let (folder, name) = (self.clone(), name.to_owned());
        let put = tokio::task::spawn_blocking(move || folder.put_blocking(&name, &content, now)).await;
        put.unwrap_or(Err(NotPut::NotThere))
    }

    fn put_blocking(&self, name: &str, content: &[u8], now: Millis) -> Result<(), NotPut> {
        let not_there = |_: io::Error| NotPut::NotThere;
        let is_below = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !Path::new(name).components().all(is_below) || name.is_empty() {
            return Err(NotPut::NotThere);
        }
        let to = self.0.join(name);
        let partial = self.0.join(PARTIAL);
        let above = to.parent().unwrap_or(&self.0);
        make_folders(above).and_then(|()| make_folders(&partial)).map_err(not_there)?;
        remove_left_over(&partial, now);
        let from = partial.join(name.replace('/', "_"));
        // A crash up to the rename leaves this file, or a part of it, and no other.
        write_durably(&from, content).map_err(not_there)?;
        // From here on the file is there, whole.
        fs::rename(&from, &to).map_err(not_there)?;
        File::open(above).and_then(|folder| folder.sync_all()).map_err(|_| NotPut::NotDurable)
    }
}

fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes a folder and those above it that are missing, each durable in the one above.
fn make_folders(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().ok_or(io::ErrorKind::NotFound)?;
    make_folders(above)?;
    match DirBuilder::new().mode(0o700).create(path) {
        // Two files of one new partition.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(above)?.sync_all(),
    }
}

/// Best effort: what cannot be looked at or removed stays, and nobody reads it.
fn remove_left_over(partial: &Path, now: Millis) {
    let Ok(files) = fs::read_dir(partial) else { return };
    for file in files.flatten() {
        let modified = file.metadata().and_then(|about| about.modified()).ok();
        let age = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let age = age.map(|at| now.0.saturating_sub(i64::try_from(at.as_millis()).unwrap_or(i64::MAX)));
        if age.is_some_and(|age| age > LEFT_OVER.as_millis() as i64) {
            let _ = fs::remove_file(file.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_whole_owner_only_and_takes_its_own_place() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().join("out"));
        let name = "date=2026-11-22/hour=09/a.ndjson";
        for content in [&b"first"[..], b"second"] {
            folder.put_blocking(name, content, Millis(0)).unwrap();
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), content);
        }
        assert_eq!((mode(&folder.path().join(name)), mode(folder.path())), (0o600, 0o700));
        assert_eq!(fs::read_dir(folder.path().join(PARTIAL)).unwrap().count(), 0);
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_no_name() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().join("out"));
        for name in ["../a", "/etc/a", "a/../../b", "", "./a"] {
            assert_eq!(folder.put_blocking(name, b"x", Millis(0)), Err(NotPut::NotThere), "{name}");
        }
        assert!(!root.path().join("a").exists() && !root.path().join("b").exists());
    }

    #[test]
    fn a_failed_write_leaves_no_file_of_that_name() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().join("out"));
        // A file stands where a folder has to be.
        fs::create_dir(folder.path()).unwrap();
        fs::write(folder.path().join("date=2026-11-22"), b"in the way").unwrap();
        assert_eq!(folder.put_blocking("date=2026-11-22/a", b"x", Millis(0)), Err(NotPut::NotThere));
    }

    #[test]
    fn what_a_crash_left_goes_an_hour_later() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().to_owned());
        let left = root.path().join(PARTIAL).join("left");
        fs::create_dir(root.path().join(PARTIAL)).unwrap();
        fs::write(&left, b"half").unwrap();
        let written = fs::metadata(&left).unwrap().modified().unwrap();
        let written = Millis(written.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64);
        folder.put_blocking("a", b"x", written.plus(3_599_000)).unwrap();
        assert!(left.exists());
        folder.put_blocking("b", b"x", written.plus(3_601_000)).unwrap();
        assert!(!left.exists());
    }
}
