//! The handle: open, append, read, trim, close.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use weir_event::log::{Field, Level, emit};
use weir_event::{Clock, Millis, Names, Offset};
use weir_keys::Keys;

use crate::core::{Core, Segment};
use crate::disk::{Disk, DiskError, RealDisk};
use crate::group::{Record, holds_records};
use crate::reader::Reader;
use crate::recovery::{Recovery, recover};
use crate::segment::{SegmentReader, Span};
use crate::spare::{Refusal, Spares, spare_name, wipe};
use crate::writer::{Pending, Queue, Reply, Writer};

/// How large things are. See [`Options::default`].
#[derive(Clone, Debug)]
pub struct Options {
    /// One segment file; at least 64 KiB.
    pub segment_bytes: u64,
    /// All files of the journal, spares included. At it: [`AppendError::Full`] until a trim frees a segment.
    pub budget_bytes: u64,
    /// What waits goes into one group up to this; a larger append is a group of its own.
    pub group_bytes: usize,
    /// Opened groups that readers near the tail share (D12).
    pub window_bytes: usize,
    /// Appends that wait for the writer. Over it: [`AppendError::Full`].
    pub queue_bytes: usize,
    /// `false` leaves out every fsync: for tests of logic, never where data matters.
    pub fsync: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes: 64 * 1024 * 1024,
            budget_bytes: 16 * 1024 * 1024 * 1024,
            group_bytes: 1024 * 1024,
            window_bytes: weir_event::limits::READ_WINDOW_BYTES_MAX,
            queue_bytes: 2 * weir_event::limits::IN_FLIGHT_BYTES_MAX,
            fsync: true,
        }
    }
}

/// Totals that must agree with the journal after any crash. The journal feeds it the note of each append once the append is
/// durable, stores its snapshot in each segment header, and restores it at open from the newest header and the notes behind it.
pub trait Carry: Send {
    /// Takes a note in. The same notes in the same order give the same snapshot.
    fn absorb(&mut self, note: &[u8]);
    /// Everything taken in so far.
    fn snapshot(&self) -> Vec<u8>;
    /// Begins again from a snapshot.
    fn restore(&mut self, snapshot: &[u8]);
}

/// A carry for a journal without totals.
impl Carry for () {
    fn absorb(&mut self, _: &[u8]) {}
    fn snapshot(&self) -> Vec<u8> {
        Vec::new()
    }
    fn restore(&mut self, _: &[u8]) {}
}

/// Why a journal cannot be opened or trimmed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A segment was written by a newer Weir.
    #[error("{} has format {found}, this version knows up to {}: run the newer version", path.display(), crate::segment::FORMAT)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
    },
    /// A segment is whole but sealed under another master key.
    #[error("{} was sealed under another key folder: start with the one that belongs to this data folder", path.display())]
    OtherKeys {
        /// The file.
        path: PathBuf,
    },
    /// Sizes that do not go together.
    #[error("journal sizes: {0}")]
    Options(&'static str),
}

/// Why an append is not in the journal. Nothing of it will be read, except that after [`AppendError::Poisoned`] and a crash before
/// the next append a restart may find it whole and keep it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AppendError {
    /// No room: answer 503 with Retry-After; it resumes by itself when there is.
    #[error("the journal is full ({0:?}): free space, or let the readers catch up")]
    Full(Refusal),
    /// More waits than may: answer 503 with Retry-After.
    #[error("more appends wait for the journal than may")]
    Busy,
    /// A write or sync failed, so the append may or may not be on disk: answer 503 with Retry-After. The next append goes to a new
    /// segment.
    #[error("the journal's file failed ({0}): look at the disk")]
    Poisoned(std::io::ErrorKind),
    /// Larger than a segment takes.
    #[error("larger than one journal group may be ({limit} bytes)")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The record's bytes are not what its count says: a defect of the caller.
    #[error("the record's bytes do not hold the records that it counts")]
    Malformed,
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
}

/// What a trim did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trimmed {
    /// Segments removed.
    pub segments: u32,
    /// The oldest received-at of what remains; `None` where nothing does. Day keys before it can be destroyed (D8).
    pub oldest_received_at: Option<Millis>,
}

/// How the journal is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Health {
    /// Why no new segment can be had at the moment; appends go on while the current one has room.
    pub refusal: Option<Refusal>,
    /// Segments given up after a failed write or sync, since open.
    pub poisoned: u64,
    /// Groups at the end of the newest segment that were cut off at open because their write was torn.
    pub torn: u64,
    /// Ranges of offsets that cannot be read, as far as they were met.
    pub damaged_ranges: u64,
    /// Offsets in them.
    pub damaged_offsets: u64,
    /// Segment files.
    pub segments: usize,
    /// Bytes of all files, spares included.
    pub bytes_on_disk: u64,
}

/// What a copy of the journal at one moment consists of: a crash at that moment would leave the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// The first offset.
    pub floor: Offset,
    /// The end.
    pub tail: Offset,
    /// The segments in order, and how many bytes of each belong to the copy; `None` for all of it.
    pub files: Vec<(PathBuf, Option<u64>)>,
}

/// The journal between two groups: nothing is appended as long as this lives. To be held for moments.
#[must_use = "appends wait while this lives"]
pub struct Frozen<'a> {
    core: &'a Core,
    commit: MutexGuard<'a, Option<(u64, u64)>>,
}

impl Frozen<'_> {
    /// The files as they are now. They stay so until a trim; what is appended later lies behind them.
    pub fn cut(&self) -> Cut {
        let file = |segment: &Arc<Segment>| {
            let len = self.commit.filter(|(number, _)| *number == segment.number).map(|(_, at)| at);
            (segment.path.clone(), len)
        };
        let files = self.core.segments().iter().map(file).collect();
        Cut { files, floor: Offset(self.core.floor()), tail: Offset(self.core.tail()) }
    }
}

/// The journal. Clones are the same journal; when the last one goes, what waits is written and nothing touches the folder any more.
pub struct Journal<R: Record>(Arc<Handle<R>>);

struct Handle<R: Record> {
    core: Arc<Core>,
    queue: Arc<Queue<R>>,
    spares: Arc<Spares>,
    writer: Mutex<Option<JoinHandle<()>>>,
    preparer: Mutex<Option<JoinHandle<()>>>,
    /// One trim at a time.
    trimming: Mutex<()>,
    stopped: AtomicBool,
}

impl<R: Record> Clone for Journal<R> {
    fn clone(&self) -> Journal<R> {
        Journal(Arc::clone(&self.0))
    }
}

impl<R: Record> Journal<R> {
    /// Opens the journal in `dir`, which is created if need be. One process at a time; whoever owns the data folder sees to that.
    pub fn open(
        dir: &Path,
        keys: Arc<Keys>,
        names: Arc<Names>,
        carry: Box<dyn Carry>,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<(Journal<R>, Recovery), JournalError> {
        let disk = RealDisk { without_fsync: !options.fsync };
        Journal::open_on(Arc::new(disk), dir, keys, names, carry, options, clock)
    }

    /// [`Journal::open`] on a disk of the caller's.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        keys: Arc<Keys>,
        names: Arc<Names>,
        carry: Box<dyn Carry>,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<(Journal<R>, Recovery), JournalError> {
        if options.segment_bytes < 64 * 1024 {
            return Err(JournalError::Options("a segment has at least 64 KiB"));
        }
        if options.budget_bytes < 2 * options.segment_bytes {
            return Err(JournalError::Options("the budget holds at least two segments"));
        }
        let (core, start, recovery) = recover(dir, disk, keys, names, carry, options, clock)?;
        let core = Arc::new(core);
        let spares = Arc::new(Spares::default());
        for spare in start.spares {
            if let Some(surplus) = spares.offer(spare) {
                core.disk.remove(&surplus.path).map_err(DiskError::at("remove", &surplus.path))?;
                core.remove_bytes(surplus.len);
            }
        }
        let queue = Arc::new(Queue::new(core.options.queue_bytes));
        let writer =
            Writer::new(Arc::clone(&core), Arc::clone(&queue), Arc::clone(&spares), start.next_number, start.last_span);
        let writer = spawn("weir-journal", dir, move || writer.run())?;
        let preparer = {
            let (core, spares) = (Arc::clone(&core), Arc::clone(&spares));
            spawn("weir-segments", dir, move || spares.run(&core))?
        };
        let handle = Handle {
            core,
            queue,
            spares,
            writer: Mutex::new(Some(writer)),
            preparer: Mutex::new(Some(preparer)),
            trimming: Mutex::new(()),
            stopped: AtomicBool::new(false),
        };
        Ok((Journal(Arc::new(handle)), recovery))
    }

    /// Appends; resolves after the sync, with the offsets of the records, or at once where it cannot be taken. Dropping the future
    /// does not take the append back.
    pub async fn append(&self, record: R) -> Result<Range<Offset>, AppendError> {
        let (reply, answer) = oneshot::channel();
        let size = record.bytes().len() + record.note().len() + 64;
        let limit = self.append_bytes_max();
        if size > limit {
            return Err(AppendError::TooLarge { limit });
        }
        if !holds_records(record.bytes(), record.count()) {
            return Err(AppendError::Malformed);
        }
        self.0.queue.push(Pending { record, size, reply })?;
        answer.await.map_or(Err(AppendError::Closed), Reply::pass_on)
    }

    /// What a thread that appends calls when it has nothing to do at the moment, so that what waits goes to the disk without
    /// waiting for more. Once it was called, an append waits for the next call, or for a few milliseconds. Cheap enough for each
    /// time that a thread falls asleep; does not keep the journal open.
    pub fn idle_hint(&self) -> Box<dyn Fn() + Send + Sync> {
        let queue = Arc::clone(&self.0.queue);
        Box::new(move || queue.hint_idle())
    }

    /// The largest append: half a segment, at most 32 MiB.
    pub fn append_bytes_max(&self) -> usize {
        (self.0.core.options.segment_bytes / 2).min(32 * 1024 * 1024) as usize
    }

    /// A reader that begins at `from`; an offset that was trimmed is reported by its first call.
    pub fn reader(&self, from: Offset) -> Reader {
        Reader::new(Arc::clone(&self.0.core), from)
    }

    /// The end: the offset that the next record gets.
    pub fn tail(&self) -> Offset {
        Offset(self.0.core.tail())
    }

    /// The first offset that is still here.
    pub fn floor(&self) -> Offset {
        Offset(self.0.core.floor())
    }

    /// Bytes of all files, spares included.
    pub fn bytes_on_disk(&self) -> u64 {
        self.0.core.bytes_on_disk.load(Ordering::SeqCst)
    }

    /// Stops between two groups, for a copy that agrees with what else is stopped at the same time. Waits for a group under way.
    pub fn freeze(&self) -> Frozen<'_> {
        let core = &*self.0.core;
        Frozen { core, commit: core.commit() }
    }

    /// Reads the carry. Notes of every acknowledged append are in it.
    pub fn with_carry<T>(&self, f: impl FnOnce(&dyn Carry) -> T) -> T {
        f(&**self.0.core.carry())
    }

    /// How it is.
    pub fn health(&self) -> Health {
        let core = &self.0.core;
        let (damaged_ranges, damaged_offsets) = core.damage();
        let segments = core.segments().len();
        Health {
            refusal: self.0.spares.refusal(),
            poisoned: core.poisoned.load(Ordering::SeqCst),
            torn: core.torn.load(Ordering::SeqCst),
            damaged_ranges,
            damaged_offsets,
            segments,
            bytes_on_disk: self.bytes_on_disk(),
        }
    }

    /// Removes whole segments that end at or before `before` and whose records were all received at or before `older_than`.
    /// Their keys are destroyed. Blocks for a few file operations: call it off the async threads.
    pub fn trim(&self, before: Offset, older_than: Millis) -> Result<Trimmed, JournalError> {
        let core = &self.0.core;
        let _one = self.0.trimming.lock().unwrap_or_else(PoisonError::into_inner);
        let mut trimmed = Trimmed::default();
        loop {
            let (first, next) = {
                let segments = core.segments();
                let (Some(first), Some(next)) = (segments.first(), segments.get(1)) else { break };
                (Arc::clone(first), Arc::clone(next))
            };
            let needed_by_carry = first.number >= core.carry_from.load(Ordering::SeqCst);
            if needed_by_carry || next.base > before.0 {
                break;
            }
            let span = self.span_of(&first)?;
            if !span.is_empty() && span.newest > older_than {
                break;
            }
            self.remove(&first)?;
            trimmed.segments += 1;
        }
        if trimmed.segments > 0 {
            self.0.spares.nudge();
        }
        let rest: Vec<Arc<Segment>> = core.segments().clone();
        for segment in rest {
            let span = self.span_of(&segment)?;
            if !span.is_empty() {
                let oldest = trimmed.oldest_received_at.get_or_insert(span.oldest);
                *oldest = span.oldest.min(*oldest);
            }
        }
        Ok(trimmed)
    }

    /// Removes the first segment. The order matters: the name goes first, so that a wiped file never looks like a damaged segment;
    /// a crash after the rename leaves a spare that still has its key, and the next open wipes it.
    fn remove(&self, first: &Segment) -> Result<(), JournalError> {
        let core = &self.0.core;
        let path = core.dir.join(spare_name());
        core.disk.rename(&first.path, &path).map_err(DiskError::at("rename", &first.path))?;
        core.segments().remove(0);
        core.disk.sync_dir(&core.dir).map_err(DiskError::at("sync", &core.dir))?;
        let spare = wipe(&*core.disk, &path)?;
        let len = first.len.load(Ordering::SeqCst);
        let reusable = spare.len == core.options.segment_bytes && !first.poisoned.load(Ordering::SeqCst);
        let surplus = if reusable { self.0.spares.offer(spare) } else { Some(spare) };
        if surplus.is_some() {
            core.disk.remove(&path).map_err(DiskError::at("remove", &path))?;
            core.remove_bytes(len);
        }
        Ok(())
    }

    fn span_of(&self, segment: &Segment) -> Result<Span, JournalError> {
        let known = *segment.span.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(span) = known {
            return Ok(span);
        }
        let span = scan_span(&self.0.core, segment)?;
        *segment.span.lock().unwrap_or_else(PoisonError::into_inner) = Some(span);
        Ok(span)
    }

    /// Where to begin reading for everything received at or after `at`: the base of the oldest segment that may hold some of it.
    pub fn received_since(&self, at: Millis) -> Result<Offset, JournalError> {
        let segments = self.0.core.segments().clone();
        let mut from = self.tail();
        for segment in segments.iter().rev() {
            let span = self.span_of(segment)?;
            if !span.is_empty() && span.newest < at {
                break;
            }
            from = Offset(segment.base);
        }
        Ok(from)
    }

    /// Writes what waits and stops. Other clones get [`AppendError::Closed`], readers end after the last group.
    pub async fn close(self) {
        let handle = Arc::clone(&self.0);
        // A panic of a thread was already answered to everybody who waited for it.
        let _ = tokio::task::spawn_blocking(move || handle.stop()).await;
    }
}

impl<R: Record> Handle<R> {
    fn stop(&self) {
        if self.stopped.swap(true, Ordering::SeqCst) {
            return;
        }
        self.queue.close();
        join(&self.writer);
        self.spares.close();
        join(&self.preparer);
        self.core.closed.store(true, Ordering::SeqCst);
        self.core.publish(self.core.tail());
    }
}

impl<R: Record> Drop for Handle<R> {
    fn drop(&mut self) {
        self.stop();
    }
}

fn join(thread: &Mutex<Option<JoinHandle<()>>>) {
    let taken = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
    if taken.is_some_and(|thread| thread.join().is_err()) {
        emit(Level::Error, "a thread of the journal panicked", &[("state", Field::Static("closed"))]);
    }
}

fn spawn(name: &str, dir: &Path, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, JournalError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    Ok(thread.map_err(DiskError::at("start a thread for", dir))?)
}

/// The span of a segment of an earlier run, from its frames; of one whose header is damaged, nothing is known and nothing kept.
fn scan_span(core: &Core, segment: &Segment) -> Result<Span, JournalError> {
    let mut span = Span::EMPTY;
    let Some(sealed) = &segment.sealed else { return Ok(span) };
    let file = core.disk.open(&segment.path).map_err(DiskError::at("open", &segment.path))?;
    let reader = SegmentReader { file: &*file, path: &segment.path, id: &sealed.id, key: &sealed.key };
    let (mut at, mut counter) = (sealed.data_start, 0);
    loop {
        match reader.frame(at)? {
            Some(frame) => {
                span.join(frame.span);
                (at, counter) = (at + frame.stride(), frame.counter);
            }
            None => match reader.search(at, counter)? {
                Some((place, _)) => at = place,
                None => return Ok(span),
            },
        }
    }
}
