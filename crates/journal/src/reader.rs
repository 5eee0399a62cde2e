//! Reading in order. At the tail a reader shares opened groups with all others; behind the window it reads from disk, off the
//! async threads, and never holds anything that the writer waits for.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use weir_event::Offset;
use weir_event::log::{Field, Level, emit};

use crate::core::{Core, Segment};
use crate::disk::{DiskError, DiskFile};
use crate::group::{Group, KnownNames};
use crate::segment::{Found, GROUP_ALIGN, SegmentReader};

/// Why there is no next group. After [`ReadError::Damaged`] and [`ReadError::Trimmed`] the reader stands behind the gap: the next
/// call goes on, and whoever accounts for offsets must account for these.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// These offsets are on disk but cannot be read.
    #[error("journal offsets {} to {} are damaged and were skipped", from.0, to.0)]
    Damaged {
        /// The first.
        from: Offset,
        /// After the last.
        to: Offset,
    },
    /// These offsets were trimmed before this reader came to them.
    #[error("journal offsets {} to {} were trimmed before they were read", from.0, to.0)]
    Trimmed {
        /// The first.
        from: Offset,
        /// After the last.
        to: Offset,
    },
    /// The operating system refused; the same call may be made again.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The journal was closed and everything was read.
    #[error("the journal is closed")]
    Closed,
}

/// A place in the journal that moves forward.
pub struct Reader {
    core: Arc<Core>,
    tail: watch::Receiver<u64>,
    position: u64,
    first: u32,
    place: Option<Place>,
}

/// Where a reader stands in a segment file.
struct Place {
    segment: Arc<Segment>,
    file: Arc<dyn DiskFile>,
    at: u64,
    counter: u64,
    known: KnownNames,
}

enum Step {
    Group(Arc<Group>),
    /// Nothing can be read before this offset.
    Gap(u64),
}

impl Reader {
    pub(crate) fn new(core: Arc<Core>, from: Offset) -> Reader {
        let tail = core.watch_tail();
        Reader { core, tail, position: from.0, first: 0, place: None }
    }

    /// The next group that holds records at or after the position; waits for one at the tail. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Arc<Group>, ReadError> {
        loop {
            let tail = *self.tail.borrow_and_update();
            if self.position < tail {
                if let Some(group) = self.core.recent(self.position) {
                    self.place = None;
                    return Ok(self.hand_out(group));
                }
                self.check_floor()?;
                return self.read().await;
            }
            if self.core.closed.load(std::sync::atomic::Ordering::SeqCst) || self.tail.changed().await.is_err() {
                return Err(ReadError::Closed);
            }
        }
    }

    /// The offset that the next call begins at.
    pub fn position(&self) -> Offset {
        Offset(self.position)
    }

    /// The index, in the group that the last call returned, of the first record that this reader was asked for: not 0 only where
    /// reading began inside a group.
    pub fn first(&self) -> u32 {
        self.first
    }

    fn hand_out(&mut self, group: Arc<Group>) -> Arc<Group> {
        self.first = self.position.saturating_sub(group.base().0) as u32;
        self.position = group.end().0;
        group
    }

    fn check_floor(&mut self) -> Result<(), ReadError> {
        let (from, floor) = (self.position, self.core.floor());
        if from >= floor {
            return Ok(());
        }
        (self.position, self.place) = (floor, None);
        Err(ReadError::Trimmed { from: Offset(from), to: Offset(floor) })
    }

    async fn read(&mut self) -> Result<Arc<Group>, ReadError> {
        let (core, place, position) = (Arc::clone(&self.core), self.place.take(), self.position);
        let stepped = tokio::task::spawn_blocking(move || step(&core, place, position)).await;
        let Ok(stepped) = stepped else { return Err(ReadError::Closed) };
        match stepped {
            Ok((Step::Group(group), place)) => {
                self.place = place;
                Ok(self.hand_out(group))
            }
            Ok((Step::Gap(to), place)) => {
                // What could not be read may have been trimmed, and its file used again, while we were at it.
                self.check_floor()?;
                self.place = place;
                let from = self.position;
                self.position = to;
                if self.core.add_damage(from..to) {
                    let fields = [("from", Field::Count(from)), ("to", Field::Count(to))];
                    emit(Level::Error, "journal offsets are damaged and were skipped", &fields);
                }
                Err(ReadError::Damaged { from: Offset(from), to: Offset(to) })
            }
            Err(error) => {
                self.check_floor()?;
                Err(error.into())
            }
        }
    }
}

/// Reads the group that holds `position`, or finds where reading can go on.
fn step(core: &Core, place: Option<Place>, position: u64) -> Result<(Step, Option<Place>), DiskError> {
    let missing = || DiskError {
        doing: "find the segment of an offset in",
        path: PathBuf::from(&core.dir),
        source: std::io::ErrorKind::NotFound.into(),
    };
    let (segment, end) = core.segment_at(position).ok_or_else(missing)?;
    let Some(sealed) = &segment.sealed else { return Ok((Step::Gap(end), None)) };
    let mut place = match place {
        Some(place) if Arc::ptr_eq(&place.segment, &segment) => place,
        _ => {
            let file = core.disk.open(&segment.path).map_err(DiskError::at("open", &segment.path))?.into();
            let segment = Arc::clone(&segment);
            Place { segment, file, at: sealed.data_start, counter: 0, known: KnownNames::default() }
        }
    };
    let file = Arc::clone(&place.file);
    let reader = SegmentReader { file: &*file, path: &segment.path, id: &sealed.id, key: &sealed.key };
    loop {
        // Frames alone lead to the position; only its own group is opened.
        let frame = match reader.frame(place.at)? {
            Some(frame) => frame,
            None => match reader.search(place.at, place.counter)? {
                Some((at, frame)) => {
                    place.at = at;
                    frame
                }
                None => return Ok((Step::Gap(end), None)),
            },
        };
        if frame.base >= end {
            return Ok((Step::Gap(end), None));
        }
        if frame.end() <= position {
            (place.at, place.counter) = (place.at + frame.stride(), frame.counter);
            continue;
        }
        if frame.base > position {
            return Ok((Step::Gap(frame.base), Some(place)));
        }
        let Found::Group(frame, plain) = reader.group(place.at)? else {
            // Its length may be right or not; a search from just behind its frame finds the next one in either case.
            (place.at, place.counter) = (place.at + GROUP_ALIGN, frame.counter);
            return Ok((Step::Gap(frame.end().min(end)), Some(place)));
        };
        (place.at, place.counter) = (place.at + frame.stride(), frame.counter);
        let group = if segment.own {
            Group::own(&frame, plain)
        } else {
            Group::decode(&frame, plain, &core.names, &mut place.known)
        };
        return Ok(match group {
            Ok(group) => (Step::Group(Arc::new(group)), Some(place)),
            Err(_) => (Step::Gap(frame.end().min(end)), Some(place)),
        });
    }
}
