//! What one group holds: the notes for the carry, a dictionary, the records. Opened and decoded once, then shared by all readers.
//!
//! # Plain bytes of a group, format 1
//! ```text
//! varint notes   ‖ notes × { varint length ‖ bytes }                      one per append that had one, in order
//! varint names   ‖ names × { kind u8 ‖ varint stored id ‖ varint length ‖ UTF-8 }
//! records × { varint length ‖ bytes }                                     their number stands in the frame
//! ```
//! A stored id is the writing process's `NameId`; it means nothing without the dictionary of its own group (D9).
//! Limits: 2^20 names and 65,536 notes in a group.

use std::fmt;

use weir_event::names::NameKind;
use weir_event::wire::{Cursor, WireError, put_bytes, put_varint};
use weir_event::{Millis, NameEntry, NameId, Names, Offset};

use crate::segment::{FRAME_BYTES, Frame, Span};

/// Names in one group's dictionary.
pub const GROUP_NAMES_MAX: usize = 1 << 20;
const GROUP_NOTES_MAX: usize = 65_536;

/// What the journal stores: some records of one request, made by `policy`.
pub trait Record: Send + 'static {
    /// [`Record::count`] records, each a varint length and its bytes.
    fn bytes(&self) -> &[u8];
    /// How many records; 0 where only the note matters.
    fn count(&self) -> u32;
    /// Every name id that the records hold, sorted, distinct.
    fn names(&self) -> &[NameId];
    /// Opaque bytes for the [`crate::Carry`]; empty for none.
    fn note(&self) -> &[u8];
    /// When the request came in.
    fn received_at(&self) -> Millis;
}

/// A durable group, opened and decoded.
pub struct Group {
    base: u64,
    span: Span,
    plain: Vec<u8>,
    records: Vec<(u32, u32)>,
    names: NameMap,
}

enum NameMap {
    /// Written by this process: the ids are its own.
    Same,
    /// Stored id → id of this process, sorted by stored id.
    Table(Vec<(u32, NameId)>),
}

impl Group {
    /// The offset of its first record.
    pub fn base(&self) -> Offset {
        Offset(self.base)
    }

    /// The offset after its last record.
    pub fn end(&self) -> Offset {
        Offset(self.base + self.records.len() as u64)
    }

    /// How many records.
    pub fn count(&self) -> u32 {
        self.records.len() as u32
    }

    /// When its oldest record was received.
    pub fn received_at(&self) -> Millis {
        self.span.oldest
    }

    /// The bytes of a record, counted from the group's first.
    pub fn record(&self, index: u32) -> Option<&[u8]> {
        let (start, len) = *self.records.get(index as usize)?;
        self.plain.get(start as usize..start as usize + len as usize)
    }

    /// The id in this process of a name id stored in one of the records; `UNNAMED` for one that the dictionary does not have.
    #[inline]
    pub fn name(&self, stored: u32) -> NameId {
        match &self.names {
            NameMap::Same => NameId(stored),
            NameMap::Table(table) => match table.binary_search_by_key(&stored, |(id, _)| *id) {
                Ok(i) => table.get(i).map_or(NameId::UNNAMED, |(_, name)| *name),
                Err(_) => NameId::UNNAMED,
            },
        }
    }

    /// The dictionary as stored: (stored id, kind, text) of every name that some record of the group holds. For whoever keeps a
    /// record elsewhere, since its stored ids mean nothing without it.
    pub fn dictionary(&self) -> Vec<(u32, NameKind, &str)> {
        let mut cursor = Cursor::new(&self.plain);
        let mut out = Vec::new();
        if skip_notes(&mut cursor).is_err() {
            return out;
        }
        for _ in 0..dictionary_len(&mut cursor).unwrap_or(0) {
            let (Ok(kind), Ok(stored), Ok(text)) = (cursor.u8(), cursor.varint(), cursor.str()) else { break };
            if let (Some(kind), Ok(stored)) = (NameKind::from_number(kind), u32::try_from(stored)) {
                out.push((stored, kind, text));
            }
        }
        out
    }

    /// The memory that it takes.
    pub fn size(&self) -> usize {
        self.plain.capacity() + self.records.capacity() * 8 + size_of::<Group>()
    }

    /// Its memory, to be used again.
    pub(crate) fn into_memory(self) -> Vec<u8> {
        self.plain
    }

    /// Makes a group of plain bytes whose ids are this process's own.
    pub(crate) fn own(frame: &Frame, plain: Vec<u8>) -> Result<Group, WireError> {
        let mut cursor = Cursor::new(&plain);
        skip_notes(&mut cursor)?;
        for _ in 0..dictionary_len(&mut cursor)? {
            cursor.u8()?;
            cursor.varint()?;
            cursor.bytes()?;
        }
        let records = index(&mut cursor, frame.records)?;
        Ok(Group { base: frame.base, span: frame.span, plain, records, names: NameMap::Same })
    }

    /// Decodes plain bytes as read from disk. `known` maps the stored ids of the segment that were met before: one process wrote it,
    /// so an id means the same name in all its groups.
    pub(crate) fn decode(
        frame: &Frame,
        plain: Vec<u8>,
        names: &Names,
        known: &mut KnownNames,
    ) -> Result<Group, WireError> {
        let mut cursor = Cursor::new(&plain);
        skip_notes(&mut cursor)?;
        let count = dictionary_len(&mut cursor)?;
        let mut table = Vec::with_capacity(count.min(1_024));
        for _ in 0..count {
            let kind = cursor.u8()?;
            let at = cursor.position();
            let stored = u32::try_from(cursor.varint()?).map_err(|_| WireError(at))?;
            let text = cursor.str()?;
            table.push((stored, known.resolve(names, stored, kind, text)));
        }
        table.sort_unstable_by_key(|(stored, _)| *stored);
        let records = index(&mut cursor, frame.records)?;
        Ok(Group { base: frame.base, span: frame.span, plain, records, names: NameMap::Table(table) })
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("base", &self.base).field("records", &self.records.len()).finish()
    }
}

/// The stored ids of one segment that were resolved before.
#[derive(Default)]
pub(crate) struct KnownNames(Vec<(u32, NameId)>);

impl KnownNames {
    fn resolve(&mut self, names: &Names, stored: u32, kind: u8, text: &str) -> NameId {
        match self.0.binary_search_by_key(&stored, |(id, _)| *id) {
            Ok(i) => self.0.get(i).map_or(NameId::UNNAMED, |(_, name)| *name),
            Err(place) => {
                let name =
                    NameKind::from_number(kind).and_then(|kind| names.restore(kind, text)).unwrap_or(NameId::UNNAMED);
                self.0.insert(place, (stored, name));
                name
            }
        }
    }
}

/// The notes of a group, in order.
pub(crate) fn notes(plain: &[u8]) -> Result<Vec<&[u8]>, WireError> {
    let mut cursor = Cursor::new(plain);
    let count = bounded(&mut cursor, GROUP_NOTES_MAX)?;
    (0..count).map(|_| cursor.bytes()).collect()
}

fn skip_notes(cursor: &mut Cursor<'_>) -> Result<(), WireError> {
    for _ in 0..bounded(cursor, GROUP_NOTES_MAX)? {
        cursor.bytes()?;
    }
    Ok(())
}

fn dictionary_len(cursor: &mut Cursor<'_>) -> Result<usize, WireError> {
    bounded(cursor, GROUP_NAMES_MAX)
}

fn bounded(cursor: &mut Cursor<'_>, max: usize) -> Result<usize, WireError> {
    let at = cursor.position();
    usize::try_from(cursor.varint()?).ok().filter(|n| *n <= max).ok_or(WireError(at))
}

/// Places of the records; everything up to the end must be records.
fn index(cursor: &mut Cursor<'_>, count: u32) -> Result<Vec<(u32, u32)>, WireError> {
    // Each record takes at least a byte, so a false count cannot make us allocate more than the bytes justify.
    let mut records = Vec::with_capacity((count as usize).min(cursor.rest().len()));
    for _ in 0..count {
        let bytes = cursor.bytes()?;
        records.push(((cursor.position() - bytes.len()) as u32, bytes.len() as u32));
    }
    if cursor.is_done() { Ok(records) } else { Err(WireError(cursor.position())) }
}

/// Whether `bytes` are exactly `count` records.
pub(crate) fn holds_records(bytes: &[u8], count: u32) -> bool {
    let mut cursor = Cursor::new(bytes);
    (0..count).all(|_| cursor.bytes().is_ok()) && cursor.is_done()
}

/// Lays out the plain bytes of groups; keeps its tables from group to group.
pub(crate) struct Builder {
    /// Per name id of this process: the number of the group that last took it, and its entry.
    seen: Vec<(u64, Option<&'static NameEntry>)>,
    round: u64,
    dictionary: Vec<u8>,
}

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder { seen: Vec::new(), round: 0, dictionary: Vec::new() }
    }

    /// Fills `buffer` with room for the frame and the plain bytes of `records`; says how many there are and when they were received.
    pub(crate) fn build<'r, R: Record>(
        &mut self,
        names: &Names,
        records: impl Iterator<Item = &'r R> + Clone,
        buffer: &mut Vec<u8>,
    ) -> (u32, Span) {
        self.round += 1;
        self.dictionary.clear();
        let (mut count, mut note_count, mut name_count, mut span) = (0_u32, 0_u64, 0_u64, Span::EMPTY);
        for record in records.clone() {
            count += record.count();
            note_count += u64::from(!record.note().is_empty());
            span.join(Span::of(record.received_at()));
            for id in record.names() {
                name_count += u64::from(self.take(names, *id));
            }
        }
        buffer.clear();
        buffer.resize(FRAME_BYTES, 0);
        put_varint(buffer, note_count);
        for record in records.clone().filter(|record| !record.note().is_empty()) {
            put_bytes(buffer, record.note());
        }
        put_varint(buffer, name_count);
        buffer.extend_from_slice(&self.dictionary);
        for record in records {
            buffer.extend_from_slice(record.bytes());
        }
        (count, span)
    }

    /// Puts a name into the dictionary unless this group has it.
    fn take(&mut self, names: &Names, id: NameId) -> bool {
        let place = id.0 as usize;
        if place >= self.seen.len() {
            self.seen.resize(names.count(), (0, None));
        }
        let Some(slot) = self.seen.get_mut(place) else { return false };
        if slot.0 == self.round {
            return false;
        }
        slot.0 = self.round;
        let entry = *slot.1.get_or_insert_with(|| names.entry(id));
        self.dictionary.push(entry.kind as u8);
        put_varint(&mut self.dictionary, u64::from(id.0));
        put_bytes(&mut self.dictionary, entry.text.as_bytes());
        true
    }
}
