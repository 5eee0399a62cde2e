//! Segment files prepared ahead: zeroed in full, or recycled from trimmed ones, so that a group commit never allocates (it would
//! cost a file system commit) and a full disk is met here, before anything was written, never in the middle of a group (D12).
//!
//! A spare is named `<16 hex>.spare` and its first 4096 bytes are zero. A crash leaves at most a half-prepared spare, or one
//! that already has a header but not yet its segment name: both are wiped or removed at the next open, nothing was in them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use weir_event::log::{Field, Level, emit};

use crate::core::Core;
use crate::disk::{Disk, DiskError, DiskFile};

const CHUNK_BYTES: u64 = 1024 * 1024;
const WIPE_BYTES: u64 = 4096;
/// Trimmed files kept to be used again, beside the one that is ready.
const RECYCLED_MAX: usize = 4;
/// Pause between chunks while nobody waits, so that preparing takes a small share of the disk.
const CHUNK_PAUSE: Duration = Duration::from_millis(2);
/// How long after a failure it is tried again, unless a trim freed space before.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// A file ready to become a segment.
pub(crate) struct Spare {
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
}

/// Why there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The journal's budget is used up: readers are behind or the replay window is long.
    Budget,
    /// The disk is full.
    Disk,
    /// Another error of the operating system.
    Error(io::ErrorKind),
}

#[derive(Default)]
struct State {
    ready: Option<Spare>,
    recycled: Vec<Spare>,
    refusal: Option<Refusal>,
    /// The writer waits: prepare without pauses.
    wanted: bool,
    /// Space was freed: try again at once.
    nudged: bool,
    closing: bool,
}

/// The spares, shared by writer, preparer and trim.
#[derive(Default)]
pub(crate) struct Spares {
    state: Mutex<State>,
    changed: Condvar,
}

impl Spares {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the spare that is ready, waits for one in preparation, or says why there will be none soon.
    pub(crate) fn take(&self) -> Result<Spare, Refusal> {
        let mut state = self.lock();
        loop {
            if let Some(spare) = state.ready.take() {
                state.wanted = false;
                self.changed.notify_all();
                return Ok(spare);
            }
            if let Some(refusal) = state.refusal {
                state.wanted = false;
                return Err(refusal);
            }
            if state.closing {
                return Err(Refusal::Error(io::ErrorKind::Interrupted));
            }
            state.wanted = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Offers a wiped file; gives it back where there are enough.
    pub(crate) fn offer(&self, spare: Spare) -> Option<Spare> {
        let mut state = self.lock();
        if state.recycled.len() >= RECYCLED_MAX || state.closing {
            return Some(spare);
        }
        state.recycled.push(spare);
        state.nudged = true;
        self.changed.notify_all();
        None
    }

    /// Space was freed.
    pub(crate) fn nudge(&self) {
        self.lock().nudged = true;
        self.changed.notify_all();
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.lock().refusal
    }

    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }

    /// The preparer thread: keeps one spare ready.
    pub(crate) fn run(&self, core: &Core) {
        // Should this thread ever end by a panic, the writer is refused rather than left waiting.
        let _close = CloseOnExit(self);
        let mut state = self.lock();
        loop {
            if state.closing {
                return;
            }
            if state.ready.is_some() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.nudged = false;
            if let Some(spare) = state.recycled.pop() {
                state.ready = Some(spare);
                state.refusal = None;
                self.changed.notify_all();
                continue;
            }
            drop(state);
            let made = self.make(core);
            state = self.lock();
            match made {
                Ok(spare) => {
                    state.ready = spare;
                    state.refusal = None;
                    self.changed.notify_all();
                }
                Err(refusal) => {
                    if state.refusal.is_none() {
                        emit(Level::Warn, "no journal segment can be prepared", &[("reason", refusal.field())]);
                    }
                    state.refusal = Some(refusal);
                    self.changed.notify_all();
                    if !state.nudged && !state.closing {
                        let waited = self.changed.wait_timeout_while(state, RETRY_PAUSE, |s| !s.nudged && !s.closing);
                        state = waited.unwrap_or_else(PoisonError::into_inner).0;
                    }
                }
            }
        }
    }

    /// Writes a new file of zeros; `None` where the journal closes meanwhile.
    fn make(&self, core: &Core) -> Result<Option<Spare>, Refusal> {
        let len = core.options.segment_bytes;
        if core.bytes_on_disk.load(Ordering::SeqCst).saturating_add(len) > core.options.budget_bytes {
            return Err(Refusal::Budget);
        }
        // Asking first keeps us from filling the disk to the brim for others only to find that a segment does not fit.
        if core.disk.free(&core.dir).map_err(|error| Refusal::of(&error))? < len {
            return Err(Refusal::Disk);
        }
        let path = core.dir.join(spare_name());
        let file: Arc<dyn DiskFile> = core.disk.create(&path).map_err(|error| Refusal::of(&error))?.into();
        let zeroed = self.zero(&*file, len);
        match zeroed {
            Ok(true) => {
                core.add_bytes(len);
                Ok(Some(Spare { file, path, len }))
            }
            Ok(false) | Err(_) => {
                // What remains of a failed removal is a spare, wiped or removed at the next open.
                let _ = core.disk.remove(&path);
                zeroed.map(|_| None).map_err(|error| Refusal::of(&error))
            }
        }
    }

    fn zero(&self, file: &dyn DiskFile, len: u64) -> io::Result<bool> {
        let mut at = 0;
        while at < len {
            let chunk = CHUNK_BYTES.min(len - at);
            file.write_zeros_at(chunk, at)?;
            // Synced in chunks so that a writer's sync never queues behind a whole segment.
            file.sync_data()?;
            at += chunk;
            let mut state = self.lock();
            if !state.wanted && !state.closing && at < len {
                let waited = self.changed.wait_timeout_while(state, CHUNK_PAUSE, |s| !s.wanted && !s.closing);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            if state.closing {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

struct CloseOnExit<'a>(&'a Spares);

impl Drop for CloseOnExit<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Refusal {
    pub(crate) fn of(error: &io::Error) -> Refusal {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Refusal::Disk,
            kind => Refusal::Error(kind),
        }
    }

    fn field(self) -> Field {
        match self {
            Refusal::Budget => Field::Static("journal budget used up"),
            Refusal::Disk => Field::Static("disk full"),
            Refusal::Error(kind) => Field::Io(kind),
        }
    }
}

/// A new name for a spare; random, so that no two runs collide.
pub(crate) fn spare_name() -> String {
    let mut bytes = [0; 8];
    weir_keys::random(&mut bytes);
    format!("{}.spare", weir_event::ids::hex(&bytes))
}

/// Destroys a file: its front is overwritten, and with it the wrapped key, before the name goes. What opens it must already take a
/// file of that name for one to be destroyed, so that a crash in between looks like nothing else.
pub fn destroy(disk: &dyn Disk, path: &Path) -> Result<(), DiskError> {
    wipe(disk, path)?;
    disk.remove(path).map_err(DiskError::at("remove", path))
}

/// Overwrites the front of a spare, and with it the wrapped key of a segment that it was: after the sync returned its groups can
/// never be opened again.
pub(crate) fn wipe(disk: &dyn Disk, path: &Path) -> Result<Spare, DiskError> {
    let file: Arc<dyn DiskFile> = disk.open(path).map_err(DiskError::at("open", path))?.into();
    let len = file.len().map_err(DiskError::at("measure", path))?;
    let zeros = [0; WIPE_BYTES as usize];
    file.write_all_at(&zeros[..WIPE_BYTES.min(len) as usize], 0).map_err(DiskError::at("wipe", path))?;
    file.sync_data().map_err(DiskError::at("sync", path))?;
    Ok(Spare { file, path: path.to_owned(), len })
}
