//! The data folder: whose it is, which format it has, and what happens when its disk fills up (D12, D19).
//!
//! | file | bytes | who writes | who may delete |
//! |---|---|---|---|
//! | `lock` | empty; held by `flock` while a process runs on the folder | `serve` | nobody while it runs |
//! | `formats` | which version of each format may be written: [`crate::formats`] | `serve`, at first start; `weir upgrade finish` | nobody |
//! | `restoring` | empty; there while a restore is under way or was cut short | `weir restore` | `weir restore`, as its last step |
//! | `version` | `weir data 1\n`: the newest format in the folder | `serve`, at first start | nobody |
//! | `reserve` | preallocated, no content | `serve` | `serve`, to make room for ledger and quarantine; made again later |
//!
//! Intake stops (503, Retry-After) while less than one journal segment would be free with the reserve whole. When even the
//! ledger's space runs out, the reserve gives way step by step; delivery goes on meanwhile and frees journal segments, and the
//! reserve is filled up again before intake opens.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use rustix::fs::{FallocateFlags, FlockOperation};
use weir_event::log::{Field, Level, emit};

use crate::formats::{self, Formats, FormatsError};

/// The data format that this binary writes.
const FORMAT: u32 = 1;
/// The file that says that a restore into the folder has not ended.
pub const RESTORING: &str = "restoring";
const MIB: u64 = 1024 * 1024;
/// The reserve gives way and comes back by this much at a time.
const STEP: u64 = 16 * MIB;
/// Below this much free space the reserve gives way: room for a second of ledger entries and quarantine.
const LOW: u64 = 8 * MIB;

/// What is wrong with a data folder.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// Another process works on it.
    #[error("another weir runs on the data folder {folder}: stop it first, or use another folder with --data")]
    Locked {
        /// Which.
        folder: PathBuf,
    },
    /// A newer release wrote it.
    #[error(
        "the data folder {folder} has format {found}, this weir knows formats up to {FORMAT}: use the release that wrote it, or a newer one"
    )]
    Newer {
        /// Which.
        folder: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Its version file cannot be understood.
    #[error(
        "{file} does not say a format: this is not a data folder of weir, or it is damaged; use another with --data"
    )]
    NotOurs {
        /// The version file.
        file: PathBuf,
    },
    /// A restore into it has not ended.
    #[error("{folder} was restored in part only: empty it and run `weir restore` again")]
    HalfRestored {
        /// Which.
        folder: PathBuf,
    },
    /// A format of it is not one that this release can go on with.
    #[error(transparent)]
    Formats(#[from] FormatsError),
    /// The configured reserve does not fit.
    #[error(
        "`disk.reserve` of {wanted} bytes does not fit on the disk of {folder}, {free} bytes are free: free space, or lower it"
    )]
    NoRoom {
        /// The data folder.
        folder: PathBuf,
        /// The configured reserve.
        wanted: u64,
        /// Free bytes.
        free: u64,
    },
    /// The system says no.
    #[error("{path}: {action}: {}", source.kind())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

fn at(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> DiskError {
    let path = path.to_owned();
    move |source| DiskError::Io { path, action, source }
}

/// A data folder that this process alone works on, for as long as this lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    is_new: bool,
    formats: RwLock<Formats>,
    lock: File,
}

impl DataFolder {
    /// Takes a folder; makes it, closed to others, where it is missing.
    pub fn open(path: &Path) -> Result<DataFolder, DiskError> {
        if path.join(RESTORING).exists() {
            return Err(DiskError::HalfRestored { folder: path.to_owned() });
        }
        DataFolder::open_restored(path)
    }

    /// Takes a folder that a restore has filled and is about to finish.
    pub(crate) fn open_restored(path: &Path) -> Result<DataFolder, DiskError> {
        // Before anything in it is touched, the lock included.
        formats_are_known(path)?;
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(path).map_err(at(path, "cannot be made"))?;
        let lock_path = path.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(&lock_path).map_err(at(&lock_path, "cannot be opened"))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(DiskError::Locked { folder: path.to_owned() }),
            Err(error) => return Err(at(&lock_path, "cannot be locked")(error.into())),
        }
        let is_new = !formats_are_known(path)?;
        if is_new {
            // It may have been there before, made by a package or by hand: others have no business in it.
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
                .map_err(at(path, "cannot be closed to others"))?;
            write_version(path)?;
        }
        let formats = RwLock::new(formats::open_folder(path)?);
        Ok(DataFolder { path: path.to_owned(), is_new, formats, lock })
    }

    /// Lets another process take it, although this value still lives: everything in it has been closed.
    pub fn release(&self) {
        // It cannot fail on a descriptor that holds the lock; where it did, the other process would say that the folder is taken.
        let _ = rustix::fs::flock(&self.lock, FlockOperation::Unlock);
    }

    /// Which version of each format may be written.
    pub fn formats(&self) -> Formats {
        self.formats.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// [`formats::finish`] under a running process: what it goes by is replaced with the file. Gives what was raised.
    pub fn finish_upgrade(&self) -> Result<Vec<(&'static str, u32, u32)>, FormatsError> {
        let mut formats = self.formats.write().unwrap_or_else(PoisonError::into_inner);
        let raised = formats::finish(&self.path)?;
        *formats = formats::open_folder(&self.path)?;
        Ok(raised)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this call made it a data folder.
    pub fn is_new(&self) -> bool {
        self.is_new
    }
}

/// Whether some process works on the folder now. For read-only commands and `doctor`; wrong a moment later by nature.
pub fn is_in_use(path: &Path) -> bool {
    File::open(path.join("lock")).is_ok_and(|lock| {
        matches!(rustix::fs::flock(&lock, FlockOperation::NonBlockingLockShared), Err(rustix::io::Errno::WOULDBLOCK))
    })
}

/// Refuses a folder of a newer format, or one that was restored in part. `false` where there is no version file. Read-only commands call it too.
pub fn version_is_known(folder: &Path) -> Result<bool, DiskError> {
    if folder.join(RESTORING).exists() {
        return Err(DiskError::HalfRestored { folder: folder.to_owned() });
    }
    formats_are_known(folder)
}

fn formats_are_known(folder: &Path) -> Result<bool, DiskError> {
    formats::check_folder(folder)?;
    let file = folder.join("version");
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(at(&file, "cannot be read")(e)),
    };
    let found = read_version(&bytes).ok_or(DiskError::NotOurs { file })?;
    if found > FORMAT { Err(DiskError::Newer { folder: folder.to_owned(), found }) } else { Ok(true) }
}

fn read_version(bytes: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(bytes.get(..32.min(bytes.len()))?).ok()?;
    let number = text.strip_prefix("weir data ")?.strip_suffix('\n')?;
    number.parse().ok().filter(|n| *n > 0 && number.bytes().all(|b| b.is_ascii_digit()))
}

fn write_version(folder: &Path) -> Result<(), DiskError> {
    let (file, fresh) = (folder.join("version"), folder.join("version.new"));
    let written = (|| {
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        out.write_all(format!("weir data {FORMAT}\n").as_bytes())?;
        out.sync_all()?;
        // A crash before this line leaves `version.new`, which the next start overwrites.
        std::fs::rename(&fresh, &file)?;
        // A crash before this line may leave either; both are read as what they are: no version yet, or this one.
        File::open(folder)?.sync_all()
    })();
    written.map_err(at(&file, "cannot be written"))
}

/// Bytes that we may still write to the file system of `path`.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The reserve that `auto` stands for: the larger of 256 MiB and 2 % of the file system (D12).
pub fn automatic_reserve(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok((stat.f_blocks.saturating_mul(stat.f_frsize) / 50).max(256 * MIB))
}

/// Watches the free space of a data folder and keeps its reserve.
#[derive(Debug)]
pub struct Space {
    folder: PathBuf,
    wanted: u64,
    intake_floor: u64,
    reserve: Mutex<File>,
    reserve_bytes: AtomicU64,
    free: AtomicU64,
    intake_open: AtomicBool,
}

impl Space {
    /// Allocates the reserve. `reserve`: the configured one, or `None` for the automatic one, which may be smaller where the
    /// disk is small. `intake_floor`: bytes that must be free for intake, one journal segment.
    ///
    /// A disk that is full at a restart is no error: what is there of the reserve is kept, and intake stays closed.
    pub fn open(folder: &DataFolder, reserve: Option<u64>, intake_floor: u64) -> Result<Space, DiskError> {
        let path = folder.path().join("reserve");
        let unreadable = |e| at(folder.path(), "its free space cannot be read")(e);
        let free = free_bytes(folder.path()).map_err(unreadable)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(at(&path, "cannot be opened"))?;
        let there = file.metadata().map_err(at(&path, "cannot be read"))?.len();
        let wanted = match reserve {
            Some(wanted) => wanted,
            None => {
                let automatic = automatic_reserve(folder.path()).map_err(unreadable)?;
                // On a small disk half of what is left is for events; a reserve that takes it all would keep nothing out of nothing.
                let fits = automatic.min(((free + there) / 2).max(STEP));
                if fits < automatic {
                    let fields = [("bytes", Field::Count(fits)), ("wanted", Field::Count(automatic))];
                    emit(Level::Warn, "little disk space: the reserve is smaller than it should be", &fields);
                }
                fits
            }
        };
        if folder.is_new() && free + there < wanted {
            return Err(DiskError::NoRoom { folder: folder.path().to_owned(), wanted, free });
        }
        let space = Space {
            folder: folder.path().to_owned(),
            wanted,
            intake_floor,
            reserve: Mutex::new(file),
            reserve_bytes: AtomicU64::new(there),
            free: AtomicU64::new(free),
            // The check below closes it before anybody asks, and says so.
            intake_open: AtomicBool::new(true),
        };
        if there > wanted {
            space.resize(wanted);
        }
        // Step by step, so that a disk that cannot hold all of it holds as much as it can.
        while space.reserve_bytes() < wanted {
            let before = space.reserve_bytes();
            if free_bytes(&space.folder).unwrap_or(0) < LOW + STEP || !space.resize((before + 4 * STEP).min(wanted)) {
                emit(Level::Warn, "the reserve is not whole: the disk is full", &[("bytes", Field::Count(before))]);
                break;
            }
        }
        space.check();
        Ok(space)
    }

    /// Looks at the disk and acts: to be called every second, and after a write that found the disk full.
    pub fn check(&self) {
        let Ok(free) = free_bytes(&self.folder) else { return };
        let plan = plan(free, self.reserve_bytes(), self.wanted, self.intake_floor);
        self.free.store(free, Ordering::Relaxed);
        if plan.reserve != self.reserve_bytes() {
            self.resize(plan.reserve);
        }
        if self.intake_open.swap(plan.intake_open, Ordering::Relaxed) != plan.intake_open {
            let fields = [("free_bytes", Field::Count(free)), ("needed_bytes", Field::Count(self.intake_floor))];
            match plan.intake_open {
                true => emit(Level::Info, "disk space is there: intake is open", &fields),
                false => {
                    emit(Level::Error, "disk full: intake answers 503 until space is free; delivery goes on", &fields)
                }
            }
        }
    }

    /// Whether events may be taken.
    pub fn intake_open(&self) -> bool {
        self.intake_open.load(Ordering::Relaxed)
    }

    /// Free bytes at the last check.
    pub fn free_bytes(&self) -> u64 {
        self.free.load(Ordering::Relaxed)
    }

    /// Bytes of the reserve.
    pub fn reserve_bytes(&self) -> u64 {
        self.reserve_bytes.load(Ordering::Relaxed)
    }

    /// Bytes that the reserve should have.
    pub fn reserve_wanted(&self) -> u64 {
        self.wanted
    }

    fn resize(&self, bytes: u64) -> bool {
        let file = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.reserve_bytes();
        let done = if bytes < now { file.set_len(bytes) } else { allocate(&file, now, bytes - now) };
        match done {
            Ok(()) => self.reserve_bytes.store(bytes, Ordering::Relaxed),
            Err(_) => {
                // Part of it may have been allocated: give that back, so that the length says what is there.
                let _ = file.set_len(now.min(bytes));
            }
        }
        done.is_ok()
    }
}

fn allocate(file: &File, from: u64, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), from, bytes) {
        // A file system without preallocation: zeros are written instead. One that compresses them gives no reserve at all,
        // which the documentation says.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            use std::os::unix::fs::FileExt;
            let zeros = vec![0; MIB as usize];
            let mut at = from;
            while at < from + bytes {
                let n = (from + bytes - at).min(MIB);
                file.write_all_at(zeros.get(..n as usize).unwrap_or(&zeros), at)?;
                at += n;
            }
            file.sync_data()
        }
        done => Ok(done?),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Plan {
    reserve: u64,
    intake_open: bool,
}

/// What to do at `free` bytes. Pure, so that the rule can be tested without filling a disk.
fn plan(free: u64, reserve: u64, wanted: u64, intake_floor: u64) -> Plan {
    let next = if free < LOW {
        reserve.saturating_sub(STEP)
    } else if reserve < wanted && free >= LOW + 2 * STEP {
        (reserve + STEP).min(wanted)
    } else {
        reserve
    };
    // The reserve comes first: what is missing of it is not free for events.
    let missing = wanted.saturating_sub(reserve);
    Plan { reserve: next, intake_open: free.saturating_sub(missing) >= intake_floor.max(LOW) }
}

/// Replayed on stable and by libFuzzer.
pub mod fuzz {
    /// Any bytes as a version file.
    pub fn fuzz_version(data: &[u8]) {
        let _ = super::read_version(data);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn d19_one_process_works_on_a_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let first = DataFolder::open(&path).unwrap();
        assert!(first.is_new() && is_in_use(&path));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(DataFolder::open(&path), Err(DiskError::Locked { .. })));
        drop(first);
        assert!(!is_in_use(&path));
        assert!(!DataFolder::open(&path).unwrap().is_new());
    }

    #[test]
    fn a_folder_of_a_newer_format_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("version");
        std::fs::write(&file, "weir data 2\n").unwrap();
        let error = DataFolder::open(folder.path()).unwrap_err();
        assert!(matches!(error, DiskError::Newer { found: 2, .. }));
        assert!(error.to_string().contains("use the release that wrote it"));
        assert_eq!(std::fs::read(&file).unwrap(), b"weir data 2\n");
        for bad in ["", "weir data\n", "weir data 0\n", "weir data +1\n", "weir data 1", "other 1\n"] {
            std::fs::write(&file, bad).unwrap();
            assert!(matches!(DataFolder::open(folder.path()), Err(DiskError::NotOurs { .. })), "{bad:?}");
        }
    }

    #[test]
    fn a_finished_upgrade_holds_for_the_process_that_runs() {
        let folder = tempfile::tempdir().unwrap();
        drop(DataFolder::open(folder.path()).unwrap());
        // As a release left it that had no rollouts.
        let newest = Formats::newest(formats::FORMATS);
        let older = newest.iter().filter(|(name, _)| *name != "rollout").map(|(name, v)| (name.to_owned(), v));
        Formats::from_pairs(older).write(folder.path()).unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        assert_eq!(data.formats().may_write("rollout"), 0);
        assert_eq!(data.finish_upgrade().unwrap(), [("rollout", 0, 1)]);
        assert_eq!(data.formats(), newest, "what a backup of this process says");
        assert_eq!(Formats::read(folder.path()).unwrap(), Some(newest));
        assert_eq!(data.finish_upgrade().unwrap(), []);
    }

    #[test]
    fn d12_the_reserve_is_really_allocated_and_kept_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let space = Space::open(&data, Some(3 * MIB), MIB).unwrap();
        assert_eq!(space.reserve_bytes(), 3 * MIB);
        let meta = std::fs::metadata(folder.path().join("reserve")).unwrap();
        assert!(meta.blocks() * 512 >= 3 * MIB, "{} blocks", meta.blocks());
        assert!(space.intake_open());
        drop((space, data));
        let data = DataFolder::open(folder.path()).unwrap();
        let space = Space::open(&data, Some(2 * MIB), MIB).unwrap();
        assert_eq!(std::fs::metadata(folder.path().join("reserve")).unwrap().len(), 2 * MIB);
        assert_eq!(space.reserve_bytes(), 2 * MIB);
    }

    #[test]
    fn d12_a_configured_reserve_that_does_not_fit_is_refused_at_first_start() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let error = Space::open(&data, Some(u64::MAX / 4), MIB).unwrap_err();
        assert!(matches!(error, DiskError::NoRoom { .. }));
    }

    #[test]
    fn d12_intake_stops_before_the_reserve_gives_way_and_opens_after_it_is_whole() {
        let (wanted, floor) = (256 * MIB, 64 * MIB);
        let open = Plan { reserve: wanted, intake_open: true };
        assert_eq!(plan(1024 * MIB, wanted, wanted, floor), open);
        assert_eq!(plan(64 * MIB, wanted, wanted, floor), open);
        assert_eq!(plan(63 * MIB, wanted, wanted, floor), Plan { reserve: wanted, intake_open: false });
        assert_eq!(plan(7 * MIB, wanted, wanted, floor), Plan { reserve: 240 * MIB, intake_open: false });
        assert_eq!(plan(7 * MIB, 0, wanted, floor), Plan { reserve: 0, intake_open: false });
        // 100 MiB came free, 56 MiB of them are owed to the reserve.
        assert_eq!(plan(100 * MIB, 200 * MIB, wanted, floor), Plan { reserve: 216 * MIB, intake_open: false });
        assert_eq!(plan(120 * MIB, 200 * MIB, wanted, floor), Plan { reserve: 216 * MIB, intake_open: true });
    }

    proptest! {
        /// Whatever is written, the ledger finds room for as long as there is a reserve, and events never take it.
        #[test]
        fn d12_intake_never_eats_the_reserve(
            disk in 300_u64..2_000,
            writes in proptest::collection::vec((0_u64..40, any::<bool>()), 1..200),
        ) {
            let (wanted, floor) = (256 * MIB, 32 * MIB);
            let (mut used, mut reserve) = (0_u64, wanted);
            for (mib, by_intake) in writes {
                let free = (disk * MIB).saturating_sub(used + reserve);
                let now = plan(free, reserve, wanted, floor);
                reserve = now.reserve;
                if by_intake {
                    // The journal preallocates at most one segment of what it saw as free.
                    if now.intake_open { used += (mib * MIB).min(floor).min(free); }
                    prop_assert!(!now.intake_open || free >= floor);
                } else {
                    used += (mib * MIB / 8).min((disk * MIB).saturating_sub(used + reserve));
                }
                prop_assert!(used + reserve <= disk * MIB);
                if now.intake_open { prop_assert!(reserve + STEP >= wanted || free >= floor + wanted - reserve); }
            }
        }

        #[test]
        fn no_bytes_make_the_version_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            fuzz::fuzz_version(&bytes);
        }
    }
}
