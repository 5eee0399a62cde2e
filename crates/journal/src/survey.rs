//! How much comes in, read from the files beside a running process: headers of all segments, and the frames of the newest. Opens
//! no record and writes nothing.

use std::path::Path;

use weir_event::{Millis, Offset};
use weir_keys::Keys;

use crate::disk::{Disk, DiskError, RealDisk};
use crate::journal::JournalError;
use crate::recovery::parse_name;
use crate::segment::{HeaderError, JOURNAL, SegmentReader, Span, read_header};

/// What the files say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The first offset.
    pub floor: Offset,
    /// The end, as far as it was written when it was read.
    pub tail: Offset,
    /// Bytes of all files, spares included.
    pub file_bytes: u64,
    /// Bytes of segments that hold something: whole ones but for the newest, of which it is what is written.
    pub filled_bytes: u64,
    /// Each segment in order.
    pub parts: Vec<Part>,
}

/// One segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Events in it.
    pub events: u64,
    /// Bytes that it takes.
    pub bytes: u64,
    /// When they were received; empty where it holds none.
    pub received: Span,
}

/// How much came in over a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Events.
    pub events: u64,
    /// Bytes of journal.
    pub bytes: u64,
    /// Since the first of them.
    pub millis: i64,
}

impl Survey {
    /// What came in since `since`, to the segment: the time is counted from the first event of the oldest segment that belongs to it.
    /// `None` where nothing did.
    pub fn since(&self, since: Millis, now: Millis) -> Option<Rate> {
        let parts = self.parts.iter().filter(|part| !part.received.is_empty() && part.received.newest >= since);
        let mut rate = Rate { events: 0, bytes: 0, millis: 0 };
        for part in parts {
            rate.events += part.events;
            rate.bytes += part.bytes;
            rate.millis = rate.millis.max(now.since(part.received.oldest));
        }
        (rate.events > 0 && rate.millis > 0).then_some(rate)
    }

    /// When the oldest event that is still there was received.
    pub fn oldest(&self) -> Option<Millis> {
        self.parts.iter().filter(|part| !part.received.is_empty()).map(|part| part.received.oldest).min()
    }
}

/// Reads the journal in `dir`. A segment that is freed meanwhile is passed over.
pub fn survey(dir: &Path, keys: &Keys) -> Result<Survey, JournalError> {
    let disk = RealDisk::default();
    let (mut found, mut file_bytes) = (Vec::new(), 0);
    for name in disk.list(dir).map_err(DiskError::at("list", dir))? {
        let path = dir.join(&name);
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        file_bytes += metadata.len();
        found.extend(parse_name(&name).map(|(number, base)| (number, base, metadata.len(), path)));
    }
    found.sort_unstable();
    let mut survey = Survey { floor: Offset(0), tail: Offset(0), file_bytes, filled_bytes: 0, parts: Vec::new() };
    survey.floor = Offset(found.first().map_or(0, |(_, base, _, _)| *base));
    let mut last = None;
    for (at, (_, base, len, path)) in found.iter().enumerate() {
        let Ok(file) = disk.open(path) else { continue };
        let opened = match read_header(JOURNAL, keys, &*file, path) {
            Ok(opened) => opened,
            Err(HeaderError::OtherKeys) => return Err(JournalError::OtherKeys { path: path.clone() }),
            Err(HeaderError::Newer { found }) => return Err(JournalError::Newer { path: path.clone(), found }),
            // Damaged, or freed while it was read: nothing is known of it.
            Err(_) => continue,
        };
        // The header of each says when the one before was received.
        if let Some(before) = survey.parts.last_mut() {
            before.received = opened.header.before;
        }
        let next = found.get(at + 1).map(|(_, next, _, _)| *next);
        let events = next.map_or(0, |next| next.saturating_sub(*base));
        survey.parts.push(Part { events, bytes: *len, received: Span::EMPTY });
        last = Some((file, path, opened));
    }
    if let (Some((file, path, opened)), Some(part)) = (last, survey.parts.last_mut()) {
        let reader = SegmentReader { file: &*file, path, id: &opened.header.id, key: &opened.key };
        let (mut at, mut end, mut received) = (opened.data_start, opened.header.base, Span::EMPTY);
        while let Some(frame) = reader.frame(at)? {
            received.join(frame.span);
            end = frame.end();
            at += frame.stride();
        }
        *part = Part { events: end - opened.header.base.min(end), bytes: at, received };
        survey.tail = Offset(end);
    }
    survey.filled_bytes = survey.parts.iter().map(|part| part.bytes).sum();
    Ok(survey)
}
