//! The folder that backups go to: objects named by their SHA-256, and a manifest that names them.
//!
//! | file | what |
//! |---|---|
//! | `lock` | empty; made first, and says with `objects` that the folder is one of backups; held by `flock` while one is written |
//! | `objects/<SHA-256>` | a file's bytes; whole under its name, or not there |
//! | `objects/new` | one that is being written |
//! | `manifest` | the backup: see [`super::manifest`] |
//!
//! An object is never written over, so a further backup copies what is new, and until its manifest has taken the place of the old
//! one the old backup is whole. What a run that was cut short has copied is found by the next.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use rustix::fs::FlockOperation;
use weir_event::ids::hex;

use super::manifest::{Item, Manifest};
use super::{BackupError, failed};
use crate::disk;

/// Read and written at a time.
const CHUNK_BYTES: usize = 1024 * 1024;
/// What tells two files of one name apart: the header of a segment has a random id, that of a log the time and the chain.
const HEAD_BYTES: u64 = 4096;
/// Left free on the target beside what is copied: folders, the manifest.
const SLACK_BYTES: u64 = 1024 * 1024;

/// A folder of backups that this process alone writes to.
#[derive(Debug)]
pub struct Target {
    folder: PathBuf,
    before: Option<Manifest>,
    files: BTreeMap<String, Item>,
    copied_bytes: u64,
    _lock: File,
}

impl Target {
    /// Takes the folder: one of backups, or a new or empty one.
    pub fn open(folder: &Path, data: &Path) -> Result<Target, BackupError> {
        let real = |path: &Path| fs::canonicalize(path).or_else(|_| std::path::absolute(path));
        let unfit = |why| BackupError::Unfit { path: folder.to_owned(), why };
        if let (Ok(to), Ok(from)) = (real(folder), real(data))
            && (to.starts_with(&from) || from.starts_with(&to))
        {
            return Err(unfit("a backup goes neither into the data folder nor around it: choose another folder"));
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        let is_empty = match fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(failed("list", folder)(error)),
        };
        if !is_empty && !is_ours(folder) {
            return Err(unfit("there is something in it that is not a backup: choose a new folder"));
        }
        builder.create(folder).map_err(failed("create", folder))?;
        let path = folder.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(&path).map_err(failed("open", &path))?;
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(unfit("another backup is being written to it: wait until it has ended"));
        }
        let objects = folder.join("objects");
        builder.create(&objects).map_err(failed("create", &objects))?;
        // A manifest that cannot be read is no base for another; the objects are, each checked by its own name.
        let before = read_manifest(folder).ok();
        Ok(Target { folder: folder.to_owned(), before, files: BTreeMap::new(), copied_bytes: 0, _lock: lock })
    }

    /// Bytes of `files` (path, length) that are not here yet, as far as names and lengths tell.
    pub fn missing(&self, files: &[(String, u64)]) -> u64 {
        let is_here = |path: &str, bytes: u64| {
            let known = self.before.as_ref().and_then(|manifest| manifest.file(path));
            known.is_some_and(|item| item.bytes == bytes && self.object(&item.sum).is_file())
        };
        files.iter().filter(|(path, bytes)| !is_here(path, *bytes)).map(|(_, bytes)| bytes).sum()
    }

    /// Refuses to begin what would not fit.
    pub fn check_room(&self, needed: u64) -> Result<(), BackupError> {
        let free = disk::free_bytes(&self.folder).map_err(failed("read the free space of", &self.folder))?;
        let needed = needed.saturating_add(SLACK_BYTES);
        if free < needed { Err(BackupError::NoRoom { path: self.folder.clone(), needed, free }) } else { Ok(()) }
    }

    /// Copies the first `length` bytes of a file, or all of it; `progress` is told of each piece. A file of the backup before that
    /// has the same name, length and head is taken over.
    pub fn copy(
        &mut self,
        data: &Path,
        path: &str,
        length: Option<u64>,
        mut progress: impl FnMut(u64) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let from = data.join(path);
        let mut source = match File::open(&from) {
            Ok(source) => source,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BackupError::Freed { path: from });
            }
            Err(error) => return Err(failed("open", &from)(error)),
        };
        let there = source.metadata().map_err(failed("measure", &from))?.len();
        let length = length.unwrap_or(there);
        if there < length {
            return Err(BackupError::Freed { path: from });
        }
        if let Some(item) = self.known(path, length, &mut source, &mut progress)? {
            progress(length)?;
            self.files.insert(path.to_owned(), item);
            return Ok(());
        }
        let new = self.folder.join("objects/new");
        let copied = stream(&mut source, &from, Some(&new), length, &mut progress);
        let sum = match copied {
            Ok(sum) => sum,
            Err(error) => {
                // The room that it took is needed for the backup that is there.
                let _ = fs::remove_file(&new);
                return Err(error);
            }
        };
        self.keep(&new, &sum, &mut progress)?;
        self.copied_bytes += length;
        self.files.insert(path.to_owned(), Item { path: path.to_owned(), sum, bytes: length });
        Ok(())
    }

    /// Takes over what the backup before has under a path, if it has as many bytes; whether it does.
    pub fn take_over(&mut self, path: &str, bytes: u64) -> bool {
        let known = self.before.as_ref().and_then(|manifest| manifest.file(path)).filter(|item| item.bytes == bytes);
        let Some(item) = known.filter(|item| self.object(&item.sum).is_file()).cloned() else { return false };
        self.files.insert(path.to_owned(), item);
        true
    }

    /// Puts bytes that are at hand under a path.
    pub fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), BackupError> {
        let new = self.folder.join("objects/new");
        write_new(&new, bytes)?;
        let sum = hex(ring::digest::digest(&SHA256, bytes).as_ref());
        self.keep(&new, &sum, &mut |_| Ok(()))?;
        self.files.insert(path.to_owned(), Item { path: path.to_owned(), sum, bytes: bytes.len() as u64 });
        Ok(())
    }

    /// Makes it a backup: the manifest takes the place of the one before, then what only that one named goes.
    pub fn finish(mut self, facts: super::manifest::Facts) -> Result<Finished, BackupError> {
        sync_dir(&self.folder.join("objects"))?;
        let files = std::mem::take(&mut self.files).into_values().collect();
        let manifest = Manifest { facts, files };
        let text = manifest.text();
        // One that could not be read would take the place of one that can.
        match Manifest::parse(text.as_bytes()) {
            Ok(read) if read == manifest => {}
            Ok(_) => return Err(BackupError::Broken("its manifest does not read as it was written".to_owned())),
            Err(error) => return Err(BackupError::Broken(format!("its manifest could not be read again: {error}"))),
        }
        let (path, new) = (self.folder.join("manifest"), self.folder.join("manifest.new"));
        let written = write_new(&new, text.as_bytes());
        if let Err(error) = written {
            let _ = fs::remove_file(&new);
            return Err(error);
        }
        // Before this line the old backup stands, after it the new one; both have all their objects.
        fs::rename(&new, &path).map_err(failed("rename", &new))?;
        sync_dir(&self.folder)?;
        let named: BTreeSet<&str> = manifest.files.iter().map(|file| file.sum.as_str()).collect();
        let mut removed = 0;
        for entry in fs::read_dir(self.folder.join("objects")).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| is_object(name) && !named.contains(name)) {
                // One that stays costs its room and nothing else.
                removed += u64::from(fs::remove_file(entry.path()).is_ok());
            }
        }
        Ok(Finished { copied_bytes: self.copied_bytes, removed, manifest })
    }

    /// The object of the backup before that holds the same file: sealed segments by name, length and head, all others by name,
    /// length and SHA-256, for a row of the ledger may have been erased in its place.
    fn known(
        &self,
        path: &str,
        length: u64,
        source: &mut File,
        progress: &mut dyn FnMut(u64) -> Result<(), BackupError>,
    ) -> Result<Option<Item>, BackupError> {
        let item = self.before.as_ref().and_then(|manifest| manifest.file(path)).filter(|item| item.bytes == length);
        let Some(item) = item else { return Ok(None) };
        let Ok(mut copy) = File::open(self.object(&item.sum)) else { return Ok(None) };
        if copy.metadata().map(|m| m.len()).ok() != Some(length) {
            return Ok(None);
        }
        if !path.ends_with(".segment") && !path.ends_with(".hold") {
            // Large files take a while, and who waits is to know that it goes on.
            let sum = stream(source, Path::new(path), None, length, &mut |_| progress(0))?;
            source.seek(SeekFrom::Start(0)).map_err(failed("read", Path::new(path)))?;
            return Ok((sum == item.sum).then(|| item.clone()));
        }
        let head = |file: &mut File| {
            let mut head = Vec::new();
            Read::by_ref(file).take(HEAD_BYTES).read_to_end(&mut head).map(|_| head)
        };
        let heads = (head(source), head(&mut copy));
        source.seek(SeekFrom::Start(0)).map_err(failed("read", Path::new(path)))?;
        Ok(matches!(heads, (Ok(a), Ok(b)) if a == b).then(|| item.clone()))
    }

    /// Gives a written object its name, after it was read back: a disk that does not keep what it is given is found now.
    fn keep(
        &self,
        new: &Path,
        sum: &str,
        progress: &mut dyn FnMut(u64) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let mut file = File::open(new).map_err(failed("open", new))?;
        let length = file.metadata().map_err(failed("measure", new))?.len();
        if stream(&mut file, new, None, length, &mut |_| progress(0))? != sum {
            let _ = fs::remove_file(new);
            return Err(BackupError::Damaged {
                path: new.to_owned(),
                why: "it does not read as it was written: look at the disk",
            });
        }
        fs::rename(new, self.object(sum)).map_err(failed("rename", new))
    }

    fn object(&self, sum: &str) -> PathBuf {
        object(&self.folder, sum)
    }
}

/// What a backup came to.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it says.
    pub manifest: Manifest,
    /// Bytes that were copied; the others were there from the one before.
    pub copied_bytes: u64,
    /// Objects of earlier backups that went.
    pub removed: u64,
}

/// Whether a folder is one of backups: the empty `lock`, and `objects` or, where the first run was cut short, nothing else.
fn is_ours(folder: &Path) -> bool {
    let has_lock = fs::symlink_metadata(folder.join("lock")).is_ok_and(|lock| lock.is_file() && lock.len() == 0);
    let has_objects = || fs::symlink_metadata(folder.join("objects")).is_ok_and(|objects| objects.is_dir());
    let is_alone = || fs::read_dir(folder).is_ok_and(|entries| entries.count() == 1);
    has_lock && (has_objects() || is_alone())
}

/// Whether a file in `objects` is one that a backup made.
fn is_object(name: &str) -> bool {
    name == "new" || (name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

/// Where an object lies.
pub fn object(folder: &Path, sum: &str) -> PathBuf {
    folder.join("objects").join(sum)
}

/// Reads the manifest of a folder of backups.
pub fn read_manifest(folder: &Path) -> Result<Manifest, BackupError> {
    let path = folder.join("manifest");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let why = "there is no backup in it: its manifest is missing";
            return Err(BackupError::Unfit { path: folder.to_owned(), why });
        }
        Err(error) => return Err(failed("open", &path)(error)),
    };
    let mut bytes = Vec::new();
    let limit = weir_event::limits::BACKUP_MANIFEST_BYTES_MAX as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(failed("read", &path))?;
    Manifest::parse(&bytes).map_err(|source| BackupError::Manifest { path, source })
}

/// Reads `length` bytes and, where there is a target, writes them to a new file and syncs it; their SHA-256 in hex.
pub(super) fn stream(
    source: &mut File,
    from: &Path,
    to: Option<&Path>,
    length: u64,
    progress: &mut dyn FnMut(u64) -> Result<(), BackupError>,
) -> Result<String, BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut out = match to {
        Some(to) => Some((options.open(to).map_err(failed("create", to))?, to)),
        None => None,
    };
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut left = length;
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        let read = source.read(buffer.get_mut(..want).unwrap_or_default()).map_err(failed("read", from))?;
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() {
            return Err(BackupError::Damaged { path: from.to_owned(), why: "it is shorter than it was" });
        }
        context.update(piece);
        if let Some((out, to)) = &mut out {
            out.write_all(piece).map_err(failed("write", to))?;
        }
        left -= read as u64;
        progress(read as u64)?;
    }
    if let Some((out, to)) = out {
        out.sync_all().map_err(failed("sync", to))?;
    }
    Ok(hex(context.finish().as_ref()))
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).map_err(failed("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed("write", path))
}

pub(super) fn sync_dir(dir: &Path) -> Result<(), BackupError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("sync", dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_of_backups_is_written_to_and_only_objects_go() {
        let outside = tempfile::tempdir().unwrap();
        let data = outside.path().join("data");
        fs::create_dir(&data).unwrap();
        let facts = || super::super::manifest::tests::sample().facts;

        // A repository of some other program.
        let other = outside.path().join("other");
        fs::create_dir_all(other.join("objects")).unwrap();
        fs::write(other.join("objects/pack"), "theirs").unwrap();
        let refused = |why: &str| {
            let error = Target::open(&other, &data).unwrap_err().to_string();
            assert!(error.contains("not a backup"), "{why}: {error}");
            assert_eq!(fs::read(other.join("objects/pack")).unwrap(), b"theirs");
        };
        refused("no lock");
        assert!(!other.join("lock").exists());
        fs::write(other.join("lock"), "1234").unwrap();
        refused("a lock that is not of ours");

        // What a first run leaves that was cut short behind its lock.
        let ours = outside.path().join("ours");
        fs::create_dir(&ours).unwrap();
        fs::write(ours.join("lock"), "").unwrap();
        drop(Target::open(&ours, &data).unwrap());
        let old = "ab".repeat(32);
        for name in [old.as_str(), "new", "notes.txt"] {
            fs::write(ours.join("objects").join(name), "x").unwrap();
        }
        let mut target = Target::open(&ours, &data).unwrap();
        target.put("version", b"weir data 1\n").unwrap();
        let finished = target.finish(facts()).unwrap();
        assert_eq!(finished.removed, 1, "`new` became the object that was put");
        assert!(!ours.join("objects").join(&old).exists() && !ours.join("objects/new").exists());
        assert!(ours.join("objects/notes.txt").exists());
        assert_eq!(read_manifest(&ours).unwrap(), finished.manifest);
    }
}
