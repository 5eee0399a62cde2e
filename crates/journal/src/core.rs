//! What the handle, the writer, the preparer and the readers share.
//!
//! Locks, never two at once: `segments` (list of files; held for a look-up or a push), `window` (recent groups; same),
//! `carry` (by the writer while it absorbs, by whoever reads totals), `damage`. Nothing is read or written on disk under any of them.
//! `commit` comes before all of them: the writer holds it from the first byte of a group to its end being published, so that who
//! holds it sees the journal between two groups.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use weir_event::{Clock, Names};
use weir_keys::{AeadKey, Keys};

use crate::disk::Disk;
use crate::group::Group;
use crate::journal::{Carry, Options};
use crate::segment::Span;

/// A segment file.
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) base: u64,
    pub(crate) path: PathBuf,
    /// The length of the file, for the budget.
    pub(crate) len: AtomicU64,
    /// `None` where the header is damaged: everything in it is lost.
    pub(crate) sealed: Option<Sealed>,
    /// Written by this process, so stored name ids are ours.
    pub(crate) own: bool,
    /// A write or sync of the file failed in this process: nothing more is ever put into it.
    pub(crate) poisoned: AtomicBool,
    /// `None` where it was not looked at yet.
    pub(crate) span: Mutex<Option<Span>>,
}

/// What opens a segment.
pub(crate) struct Sealed {
    pub(crate) id: [u8; 16],
    pub(crate) key: AeadKey,
    pub(crate) data_start: u64,
}

/// The newest groups, opened, in order without a gap.
#[derive(Default)]
pub(crate) struct Window {
    groups: VecDeque<Arc<Group>>,
    bytes: usize,
}

impl Window {
    /// Takes a group in; gives back the memory of one that went, where nobody reads it any more.
    pub(crate) fn push(&mut self, group: Arc<Group>, bytes_max: usize) -> Option<Vec<u8>> {
        let mut memory = None;
        if self.groups.back().is_some_and(|last| last.end() != group.base()) {
            self.groups.clear();
            self.bytes = 0;
        }
        self.bytes += group.size();
        self.groups.push_back(group);
        while self.bytes > bytes_max {
            let Some(gone) = self.groups.pop_front() else { break };
            self.bytes -= gone.size();
            memory = Arc::into_inner(gone).map(Group::into_memory).or(memory);
        }
        memory
    }

    fn find(&self, offset: u64) -> Option<Arc<Group>> {
        let place = self.groups.partition_point(|group| group.end().0 <= offset);
        self.groups.get(place).filter(|group| group.base().0 <= offset).cloned()
    }
}

pub(crate) struct Core {
    pub(crate) dir: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) names: Arc<Names>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: Options,
    segments: Mutex<Vec<Arc<Segment>>>,
    window: Mutex<Window>,
    carry: Mutex<Box<dyn Carry>>,
    /// Segments below this number are not needed to restore the carry.
    pub(crate) carry_from: AtomicU64,
    /// The durable end: every offset below it was acknowledged or may be read.
    tail: watch::Sender<u64>,
    pub(crate) bytes_on_disk: AtomicU64,
    pub(crate) poisoned: AtomicU64,
    pub(crate) torn: AtomicU64,
    pub(crate) closed: AtomicBool,
    damage: Mutex<BTreeMap<u64, u64>>,
    /// The segment that is written, by its number, and where its last durable group ends; `None` where none is.
    commit: Mutex<Option<(u64, u64)>>,
}

impl Core {
    #[expect(clippy::too_many_arguments, reason = "made in one place, from what open was given")]
    pub(crate) fn new(
        dir: &Path,
        disk: Arc<dyn Disk>,
        keys: Arc<Keys>,
        names: Arc<Names>,
        clock: Arc<dyn Clock>,
        options: Options,
        segments: Vec<Arc<Segment>>,
        carry: Box<dyn Carry>,
        tail: u64,
    ) -> Core {
        Core {
            dir: dir.to_owned(),
            disk,
            keys,
            names,
            clock,
            options,
            segments: Mutex::new(segments),
            window: Mutex::default(),
            carry: Mutex::new(carry),
            carry_from: AtomicU64::new(0),
            tail: watch::Sender::new(tail),
            bytes_on_disk: AtomicU64::new(0),
            poisoned: AtomicU64::new(0),
            torn: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            damage: Mutex::default(),
            commit: Mutex::default(),
        }
    }

    pub(crate) fn tail(&self) -> u64 {
        *self.tail.borrow()
    }

    pub(crate) fn watch_tail(&self) -> watch::Receiver<u64> {
        self.tail.subscribe()
    }

    /// Moves the durable end and wakes readers; also called with the same end, to tell them that the journal closed.
    pub(crate) fn publish(&self, tail: u64) {
        self.tail.send_replace(tail);
    }

    pub(crate) fn floor(&self) -> u64 {
        let first = self.segments().first().map(|segment| segment.base);
        first.unwrap_or_else(|| self.tail())
    }

    pub(crate) fn segments(&self) -> MutexGuard<'_, Vec<Arc<Segment>>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn commit(&self) -> MutexGuard<'_, Option<(u64, u64)>> {
        self.commit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn carry(&self) -> MutexGuard<'_, Box<dyn Carry>> {
        self.carry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a group to the readers; see [`Window::push`] for what comes back.
    pub(crate) fn show(&self, group: Arc<Group>) -> Option<Vec<u8>> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.push(group, self.options.window_bytes)
    }

    pub(crate) fn recent(&self, offset: u64) -> Option<Arc<Group>> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner).find(offset)
    }

    /// The segment that an offset below the tail belongs to, and where the segment ends.
    pub(crate) fn segment_at(&self, offset: u64) -> Option<(Arc<Segment>, u64)> {
        let tail = self.tail();
        let segments = self.segments();
        // Of segments with the same base all but the last are empty.
        let next = segments.partition_point(|segment| segment.base <= offset);
        let segment = segments.get(next.checked_sub(1)?)?;
        Some((Arc::clone(segment), segments.get(next).map_or(tail, |segment| segment.base)))
    }

    /// Remembers a range of offsets that cannot be read; says whether it is new.
    pub(crate) fn add_damage(&self, range: Range<u64>) -> bool {
        let mut damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        let new = damage.range(..=range.start).next_back().is_none_or(|(_, end)| *end <= range.start);
        if new {
            damage.insert(range.start, range.end);
        }
        new
    }

    /// How many damaged ranges are known, and how many offsets they hold.
    pub(crate) fn damage(&self) -> (u64, u64) {
        let damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        (damage.len() as u64, damage.iter().map(|(start, end)| end - start).sum())
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes_on_disk.fetch_add(bytes, Ordering::SeqCst);
    }

    pub(crate) fn remove_bytes(&self, bytes: u64) {
        self.bytes_on_disk.fetch_sub(bytes, Ordering::SeqCst);
    }
}
