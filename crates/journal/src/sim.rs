//! A disk in memory for tests: it counts every operation that changes something, fails the one that it is told to, and crashes.
//!
//! The model is as strict as a real disk may be. A write is durable only after a sync of its file, a name only after a sync of the
//! folder. A sync that failed "lost" leaves the file cursed for the process, as a lost writeback does at worst: later syncs succeed
//! and make nothing durable. A crash keeps what is durable and, of what is not, whatever its seed chooses, writes cut anywhere.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskFile};

/// How an operation fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It did nothing (a sync: it never will) and says so.
    Lost,
    /// It did its work durably and says that it did not.
    Kept,
}

/// An operation to fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// [`DiskFile::write_all_at`].
    Write,
    /// [`DiskFile::sync_data`].
    Sync,
    /// [`Disk::create`].
    Create,
    /// [`Disk::rename`].
    Rename,
    /// [`Disk::remove`].
    Remove,
    /// [`Disk::sync_dir`].
    SyncDir,
}

#[derive(Clone, Default)]
struct Content {
    /// What a reader sees.
    visible: Vec<u8>,
    durable: Vec<u8>,
    /// Writes and cuts since the last sync, in order.
    pending: Vec<Change>,
    cursed: bool,
}

#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Cut(u64),
}

impl Content {
    fn apply(bytes: &mut Vec<u8>, change: &Change, upto: usize) {
        match change {
            Change::Write(at, written) => {
                let written = &written[..upto.min(written.len())];
                let end = *at as usize + written.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*at as usize..end].copy_from_slice(written);
            }
            Change::Cut(len) => bytes.resize(*len as usize, 0),
        }
    }

    fn settle(&mut self) {
        if self.cursed {
            return;
        }
        for change in std::mem::take(&mut self.pending) {
            Content::apply(&mut self.durable, &change, usize::MAX);
        }
    }
}

#[derive(Default)]
struct Inner {
    files: BTreeMap<u64, Content>,
    visible: BTreeMap<PathBuf, u64>,
    durable: BTreeMap<PathBuf, u64>,
    next_file: u64,
    capacity: Option<u64>,
    operations: Vec<Operation>,
    fault: Option<(usize, Fault)>,
    faulted: bool,
    stop_at: Option<usize>,
    down: bool,
}

/// The disk. Clones are the same disk.
#[derive(Clone, Default)]
pub struct SimDisk(Arc<Mutex<Inner>>);

struct SimFile {
    disk: SimDisk,
    file: u64,
}

enum Plan {
    Run,
    Fail(Fault),
}

impl SimDisk {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails the operation number `n` from now, once.
    pub fn fail(&self, n: usize, fault: Fault) {
        let mut inner = self.lock();
        inner.fault = Some((inner.operations.len() + n, fault));
        inner.faulted = false;
    }

    /// Whether the planned fault happened.
    pub fn has_failed(&self) -> bool {
        self.lock().faulted
    }

    /// Every operation so far that changes something.
    pub fn operations(&self) -> Vec<Operation> {
        self.lock().operations.clone()
    }

    /// Bytes that all files together may have.
    pub fn set_capacity(&self, capacity: Option<u64>) {
        self.lock().capacity = capacity;
    }

    /// Everything fails from operation number `n` from now on: the process dies there.
    pub fn stop_after(&self, n: usize) {
        let mut inner = self.lock();
        inner.stop_at = Some(inner.operations.len() + n);
    }

    /// Everything fails from now on, as for a process that was killed.
    pub fn stop(&self) {
        self.lock().down = true;
    }

    /// The disk after the power failed. `choice` is asked for numbers below its argument and decides what of the unsynced survives.
    pub fn after_power_loss(&self, mut choice: impl FnMut(usize) -> usize) -> SimDisk {
        let inner = self.lock();
        let names = if choice(2) == 0 { &inner.durable } else { &inner.visible };
        let mut after = Inner { next_file: inner.next_file, capacity: inner.capacity, ..Inner::default() };
        for (path, file) in names {
            let Some(content) = inner.files.get(file) else { continue };
            let mut bytes = content.durable.clone();
            for change in &content.pending {
                let len = if let Change::Write(_, written) = change { written.len() } else { 0 };
                match choice(3) {
                    0 => {}
                    1 => Content::apply(&mut bytes, change, usize::MAX),
                    _ => Content::apply(&mut bytes, change, choice(len + 1)),
                }
            }
            after.visible.insert(path.clone(), *file);
            after.files.insert(*file, Content { visible: bytes.clone(), durable: bytes, ..Content::default() });
        }
        after.durable = after.visible.clone();
        SimDisk(Arc::new(Mutex::new(after)))
    }

    /// The disk as the next process finds it when only this process died.
    pub fn after_kill(&self) -> SimDisk {
        let inner = self.lock();
        let mut files = inner.files.clone();
        for content in files.values_mut().filter(|content| content.cursed) {
            // The pages are clean: what was lost is never written, what comes is.
            content.pending.clear();
            content.cursed = false;
        }
        let after = Inner {
            files,
            visible: inner.visible.clone(),
            durable: inner.durable.clone(),
            next_file: inner.next_file,
            capacity: inner.capacity,
            ..Inner::default()
        };
        SimDisk(Arc::new(Mutex::new(after)))
    }

    /// The paths of all files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.lock().visible.keys().cloned().collect()
    }

    /// The bytes of a file.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let inner = self.lock();
        inner.files.get(inner.visible.get(path)?).map(|content| content.visible.clone())
    }

    /// Replaces the bytes of a file, durably, as a bad sector or a tamperer would.
    pub fn set_bytes(&self, path: &Path, bytes: Vec<u8>) {
        let mut inner = self.lock();
        let Some(file) = inner.visible.get(path).copied() else { return };
        inner.files.insert(file, Content { visible: bytes.clone(), durable: bytes, ..Content::default() });
    }
}

impl Inner {
    fn plan(&mut self, operation: Operation) -> io::Result<Plan> {
        let n = self.operations.len();
        self.down |= self.stop_at.is_some_and(|at| n >= at);
        if self.down {
            return Err(gone());
        }
        self.operations.push(operation);
        match self.fault {
            Some((at, fault)) if at == n => {
                self.faulted = true;
                Ok(Plan::Fail(fault))
            }
            _ => Ok(Plan::Run),
        }
    }

    fn used(&self) -> u64 {
        self.visible.values().filter_map(|file| self.files.get(file)).map(|content| content.visible.len() as u64).sum()
    }

    fn change(&mut self, file: u64, change: Change) -> io::Result<()> {
        let used = self.used();
        let content = self.files.get_mut(&file).ok_or_else(gone)?;
        if let (Some(capacity), Change::Write(at, bytes)) = (self.capacity, &change) {
            let growth = (at + bytes.len() as u64).saturating_sub(content.visible.len() as u64);
            if growth > 0 && used + growth > capacity {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        Content::apply(&mut content.visible, &change, usize::MAX);
        content.pending.push(change);
        Ok(())
    }
}

fn gone() -> io::Error {
    io::Error::other("simulated failure")
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let inner = self.disk.lock();
        if inner.down {
            return Err(gone());
        }
        let content = inner.files.get(&self.file).ok_or_else(gone)?;
        let rest = content.visible.get(at as usize..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut inner = self.disk.lock();
        match inner.plan(Operation::Write)? {
            Plan::Run => inner.change(self.file, Change::Write(at, bytes.to_vec())),
            Plan::Fail(Fault::Lost) => Err(gone()),
            Plan::Fail(Fault::Kept) => {
                inner.change(self.file, Change::Write(at, bytes.to_vec()))?;
                if let Some(content) = inner.files.get_mut(&self.file) {
                    content.settle();
                }
                Err(gone())
            }
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.disk.lock();
        let plan = inner.plan(Operation::Sync)?;
        let content = inner.files.get_mut(&self.file).ok_or_else(gone)?;
        match plan {
            Plan::Run => {
                content.settle();
                Ok(())
            }
            Plan::Fail(Fault::Lost) => {
                content.cursed = true;
                Err(gone())
            }
            Plan::Fail(Fault::Kept) => {
                content.settle();
                Err(gone())
            }
        }
    }

    fn len(&self) -> io::Result<u64> {
        let inner = self.disk.lock();
        Ok(inner.files.get(&self.file).ok_or_else(gone)?.visible.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.lock().change(self.file, Change::Cut(len))
    }
}

impl SimDisk {
    fn name(
        &self,
        operation: Operation,
        dir_change: impl Fn(&mut BTreeMap<PathBuf, u64>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut inner = self.lock();
        match inner.plan(operation)? {
            Plan::Run => dir_change(&mut inner.visible),
            Plan::Fail(Fault::Lost) => Err(gone()),
            Plan::Fail(Fault::Kept) => {
                dir_change(&mut inner.visible)?;
                let _ = dir_change(&mut inner.durable);
                Err(gone())
            }
        }
    }

    fn handle(&self, file: u64) -> Box<dyn DiskFile> {
        Box::new(SimFile { disk: self.clone(), file })
    }
}

impl Disk for SimDisk {
    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let inner = self.lock();
        let here = inner.visible.keys().filter(|path| path.parent() == Some(dir));
        Ok(here.filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned()).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = {
            let mut inner = self.lock();
            let file = inner.next_file;
            inner.next_file += 1;
            inner.files.insert(file, Content::default());
            file
        };
        self.name(Operation::Create, |names| {
            if names.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            names.insert(path.to_owned(), file);
            Ok(())
        })?;
        Ok(self.handle(file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let inner = self.lock();
        if inner.down {
            return Err(gone());
        }
        let file = *inner.visible.get(path).ok_or(io::ErrorKind::NotFound)?;
        drop(inner);
        Ok(self.handle(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.name(Operation::Rename, |names| {
            let file = names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            names.insert(to.to_owned(), file);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.name(Operation::Remove, |names| {
            names.remove(path).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        let mut inner = self.lock();
        match inner.plan(Operation::SyncDir)? {
            Plan::Run => {
                inner.durable = inner.visible.clone();
                Ok(())
            }
            Plan::Fail(Fault::Lost) => Err(gone()),
            Plan::Fail(Fault::Kept) => {
                inner.durable = inner.visible.clone();
                Err(gone())
            }
        }
    }

    fn free(&self, _: &Path) -> io::Result<u64> {
        let inner = self.lock();
        Ok(inner.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(inner.used())))
    }
}
