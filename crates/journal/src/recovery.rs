//! Opening: which segments there are, where the newest ends, what the carry knew.
//!
//! Only the newest segment is read through: its torn tail is cut off after the last whole group, and its notes complete the
//! snapshot of its header. Older segments end where the next one begins; damage in them is met, reported, skipped and counted by
//! the reader that comes to it. Damage is never a reason not to start; a newer format or a foreign key folder is.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use weir_event::log::{Field, Level, emit};
use weir_event::{Clock, Names, Offset};
use weir_keys::Keys;

use crate::core::{Core, Sealed, Segment};
use crate::disk::{Disk, DiskError, DiskFile};
use crate::group::notes;
use crate::journal::{Carry, JournalError, Options};
use crate::segment::{Found, GROUP_ALIGN, Header, HeaderError, JOURNAL, SegmentReader, Span, read_header, write_again};
use crate::spare::{Spare, wipe};

/// A range of offsets whose records cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The offsets. Where a header is damaged the end is an upper bound.
    pub offsets: Range<Offset>,
}

/// What opening found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recovery {
    /// Segments that are there.
    pub segments: usize,
    /// Groups read in the newest segment.
    pub groups: u64,
    /// Groups at its end whose write was torn: cut off, never acknowledged.
    pub torn: u64,
    /// Damage met while opening; more may be met by readers.
    pub damaged: Vec<Damage>,
    /// Segments whose header is damaged: with it their key is gone.
    pub headers_damaged: usize,
}

/// What the handle needs to start the writer.
pub(crate) struct Start {
    pub(crate) spares: Vec<Spare>,
    pub(crate) next_number: u64,
    pub(crate) last_span: Span,
}

/// The file name of a segment.
pub(crate) fn segment_name(number: u64, base: u64) -> String {
    format!("{number:016x}-{base:016x}.segment")
}

pub(crate) fn parse_name(name: &str) -> Option<(u64, u64)> {
    let (number, base) = name.strip_suffix(".segment")?.split_once('-')?;
    let parse = |text: &str| (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok())?;
    Some((parse(number)?, parse(base)?))
}

pub(crate) fn recover(
    dir: &Path,
    disk: Arc<dyn Disk>,
    keys: Arc<Keys>,
    names: Arc<Names>,
    mut carry: Box<dyn Carry>,
    options: Options,
    clock: Arc<dyn Clock>,
) -> Result<(Core, Start, Recovery), JournalError> {
    disk.create_dir(dir).map_err(DiskError::at("create", dir))?;
    // A rename or removal that the last run did not live to sync is settled before anything rests on it.
    disk.sync_dir(dir).map_err(DiskError::at("sync", dir))?;
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        disk.sync_dir(parent).map_err(DiskError::at("sync", parent))?;
    }
    let mut found = Vec::new();
    let mut spares = Vec::new();
    let mut bytes = 0;
    for name in disk.list(dir).map_err(DiskError::at("list", dir))? {
        if let Some((number, base)) = parse_name(&name) {
            found.push((number, base, dir.join(&name)));
        } else if name.ends_with(".spare") {
            let spare = wipe(&*disk, &dir.join(&name))?;
            if spare.len == options.segment_bytes {
                bytes += spare.len;
                spares.push(spare);
            } else {
                disk.remove(&spare.path).map_err(DiskError::at("remove", &spare.path))?;
            }
        }
    }
    found.sort_unstable();

    let mut recovery = Recovery::default();
    let mut segments: Vec<Arc<Segment>> = Vec::with_capacity(found.len());
    let mut headers: Vec<Option<Header>> = Vec::with_capacity(found.len());
    for (number, base, path) in found {
        let file = disk.open(&path).map_err(DiskError::at("open", &path))?;
        let len = file.len().map_err(DiskError::at("measure", &path))?;
        bytes += len;
        let opened = match read_header(JOURNAL, &keys, &*file, &path) {
            Ok(opened) if (opened.header.number, opened.header.base) == (number, base) => Some(opened),
            Ok(_) | Err(HeaderError::Damaged) => None,
            Err(HeaderError::Disk(error)) => return Err(error.into()),
            Err(HeaderError::Newer { found }) => return Err(JournalError::Newer { path, found }),
            Err(HeaderError::OtherKeys) => return Err(JournalError::OtherKeys { path }),
        };
        let (header, sealed) = match opened {
            Some(o) => (Some(o.header.clone()), Some(Sealed { id: o.header.id, key: o.key, data_start: o.data_start })),
            None => (None, None),
        };
        if header.is_none() {
            recovery.headers_damaged += 1;
            emit(Level::Error, "the header of a journal segment is damaged", &[("file", Field::Ours(path.clone()))]);
        }
        if let (Some(header), Some(last)) = (&header, segments.last()) {
            *last.span.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(header.before);
        }
        let len = AtomicU64::new(len);
        segments.push(Arc::new(Segment {
            number,
            base,
            path,
            len,
            sealed,
            own: false,
            poisoned: AtomicBool::new(false),
            span: Mutex::new(None),
        }));
        headers.push(header);
    }
    recovery.segments = segments.len();

    // The newest segment that opens tells what the carry knew; it is the newest of all but for a damaged header.
    let mut tail = 0;
    let mut last_span = Span::EMPTY;
    let mut carry_from = u64::MAX;
    let readable = headers.iter().rposition(Option::is_some);
    if let Some((place, header)) = readable.and_then(|place| Some((place, headers.get(place)?.as_ref()?)))
        && let Some(segment) = segments.get(place)
    {
        carry.restore(&header.snapshot);
        carry_from = segment.number;
        let end_max = segments.get(place + 1).map(|next| next.base);
        let scan = scan(&*disk, segment, header, end_max, &mut *carry)?;
        tail = scan.end;
        last_span = scan.span;
        *segment.span.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(scan.span);
        recovery.groups = scan.groups;
        recovery.torn = scan.torn;
        recovery.damaged = scan.damaged;
        if end_max.is_none() {
            bytes -= segment.len.load(Ordering::SeqCst) - scan.len;
            segment.len.store(scan.len, Ordering::SeqCst);
        }
    }
    for lost in segments.iter().skip(readable.map_or(0, |place| place + 1)) {
        // How many records it held is not known, but each takes a byte at least: no offset of it is ever used again.
        let end = lost.base.max(tail).saturating_add(lost.len.load(Ordering::SeqCst));
        recovery.damaged.push(Damage { offsets: Offset(lost.base.max(tail))..Offset(end) });
        tail = end;
    }
    let next_number = segments.last().map_or(1, |last| last.number + 1);

    let core = Core::new(dir, disk, keys, names, clock, options, segments, carry, tail);
    core.bytes_on_disk.store(bytes, Ordering::SeqCst);
    core.carry_from.store(carry_from, Ordering::SeqCst);
    core.torn.store(recovery.torn, Ordering::SeqCst);
    for damage in &recovery.damaged {
        core.add_damage(damage.offsets.start.0..damage.offsets.end.0);
    }
    Ok((core, Start { spares, next_number, last_span }, recovery))
}

struct Scan {
    end: u64,
    len: u64,
    span: Span,
    groups: u64,
    torn: u64,
    damaged: Vec<Damage>,
}

/// Reads the newest segment through. `end_max` is the base of a later segment (with a damaged header): what goes beyond was given up.
fn scan(
    disk: &dyn Disk,
    segment: &Segment,
    header: &Header,
    end_max: Option<u64>,
    carry: &mut dyn Carry,
) -> Result<Scan, JournalError> {
    let path = &segment.path;
    let file: Box<dyn DiskFile> = disk.open(path).map_err(DiskError::at("open", path))?;
    let start = segment.sealed.as_ref().map_or(0, |sealed| sealed.data_start);
    let mut scan = Scan { end: header.base, len: start, span: Span::EMPTY, groups: 0, torn: 0, damaged: Vec::new() };
    let Some(sealed) = &segment.sealed else { return Ok(scan) };
    let reader = SegmentReader { file: &*file, path, id: &sealed.id, key: &sealed.key };
    let (mut at, mut counter) = (start, 0);
    loop {
        match reader.group(at)? {
            Found::Group(frame, plain) => {
                if end_max.is_some_and(|max| frame.end() > max) || frame.base < scan.end {
                    break;
                }
                if frame.base > scan.end {
                    scan.damaged.push(Damage { offsets: Offset(scan.end)..Offset(frame.base) });
                }
                if let Ok(notes) = notes(&plain) {
                    notes.into_iter().for_each(|note| carry.absorb(note));
                }
                scan.span.join(frame.span);
                scan.groups += 1;
                // Unreadable groups that this one follows were not torn but damaged.
                scan.torn = 0;
                scan.end = frame.end();
                (at, counter) = (at + frame.stride(), frame.counter);
                scan.len = at;
            }
            Found::Unreadable(frame) => {
                scan.torn += 1;
                at += GROUP_ALIGN;
                counter = counter.max(frame.counter);
                let Some((place, _)) = reader.search(at, counter)? else { break };
                at = place;
            }
            Found::Nothing => {
                let Some((place, _)) = reader.search(at, counter)? else { break };
                at = place;
            }
        }
    }
    let len = file.len().map_err(DiskError::at("measure", path))?;
    scan.len = scan.len.min(len);
    if end_max.is_none() {
        // Only the tail after the last whole group goes; the space with it. A crash before or after is the same: this file is never
        // appended to.
        file.set_len(scan.len).map_err(DiskError::at("cut", path))?;
    }
    // The last run may have died between a write and its sync, or after a sync that failed. What is accepted here must not vanish
    // later, so it is made durable before anything rests on it.
    write_again(&*file, path, scan.len)?;
    Ok(scan)
}
