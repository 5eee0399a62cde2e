//! One file of a sealed log: a header, then groups. `journal` and `hold` write the same format under different magics.
//!
//! A segment is written by one process in one run and never appended to again (D9): whatever ends the run, the next group goes to
//! a new segment with a new random key. The key is wrapped by the key folder's master, stands in the header and dies with it:
//! overwriting the header destroys everything in the file.
//!
//! # Bytes, format 1 (little-endian)
//! ```text
//! header   0  magic 8 ‖ format u16 ‖ 0 u16 ‖ header length u32 (crc included; groups begin at the next multiple of 4096)
//!         16  segment id 16 (random) ‖ number u64 ‖ base u64 (first offset)
//!         48  created at i64 ‖ oldest, newest received-at in the segment before i64, i64 (oldest > newest: it has none)
//!         72  wrapped key length u32 ‖ sealed snapshot length u32 ‖ wrapped key ‖ sealed snapshot ‖ crc32c u32 of all before
//! group    0  crc32c u32 of segment id ‖ the next 44 bytes        (begins at a multiple of 16)
//!          4  sealed length u32 ‖ counter u64 (1, 2, … in this segment) ‖ base u64 ‖ records u32 ‖ 0 u32
//!         32  oldest, newest received-at i64, i64 ‖ AES-256-GCM sealed bytes (tag included)
//! ```
//! Nonce = group counter, 0 for the snapshot; a group's AAD = segment id ‖ its 44 bytes ‖ format, a snapshot's AAD = header 0..80.
//! The segment id in the crc and the AAD keeps bytes of a former use of a recycled file from parsing.
//! Limits: header ≤ 16 MiB, group ≤ 256 MiB. Rewriting a sector that holds the end of the group before is safe, see [`crate::disk`].

use std::path::Path;

use weir_event::Millis;
use weir_keys::{AeadKey, Keys, SecretKey};

use crate::disk::{DiskError, DiskFile};

/// The newest format that this version reads and the one that it writes.
pub const FORMAT: u16 = 1;
/// Bytes of a group before its sealed part.
pub const FRAME_BYTES: usize = 48;
/// A group begins at a multiple of this.
pub const GROUP_ALIGN: u64 = 16;
const HEADER_FIXED_BYTES: usize = 80;
const HEADER_BYTES_MAX: u32 = 16 * 1024 * 1024;
const SEALED_BYTES_MAX: u32 = 256 * 1024 * 1024;
const DATA_ALIGN: u64 = 4096;

/// Which log a segment belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The first 8 bytes of its files.
    pub magic: [u8; 8],
    /// The purpose under which its keys are wrapped.
    pub purpose: &'static str,
}

/// The event journal.
pub const JOURNAL: Kind = Kind { magic: *b"weirjrnl", purpose: "journal/v1" };

/// The oldest and newest received-at of some records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// The oldest.
    pub oldest: Millis,
    /// The newest.
    pub newest: Millis,
}

impl Span {
    /// The span of no record.
    pub const EMPTY: Span = Span { oldest: Millis(i64::MAX), newest: Millis(i64::MIN) };

    /// The span of one moment.
    pub fn of(at: Millis) -> Span {
        Span { oldest: at, newest: at }
    }

    /// Takes another span in.
    pub fn join(&mut self, other: Span) {
        self.oldest = self.oldest.min(other.oldest);
        self.newest = self.newest.max(other.newest);
    }

    /// Whether it is the span of no record.
    pub fn is_empty(&self) -> bool {
        self.oldest > self.newest
    }
}

/// What a header says.
#[derive(Clone, Debug)]
pub struct Header {
    /// Random, new for each segment.
    pub id: [u8; 16],
    /// Its place in the log: 1, 2, …
    pub number: u64,
    /// The first offset.
    pub base: u64,
    /// When it was begun.
    pub created_at: Millis,
    /// The span of the segment before.
    pub before: Span,
    /// What the owner of the log knew when this segment began.
    pub snapshot: Vec<u8>,
}

/// Why a header cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The bytes are not a header of this log.
    #[error("the header is damaged")]
    Damaged,
    /// Written by a newer Weir.
    #[error("format {found}, this version knows up to {FORMAT}: run the newer version")]
    Newer {
        /// The format found.
        found: u16,
    },
    /// The header is whole but its key does not open: the key folder is not the one that it was written under.
    #[error("sealed under another key folder: start with the key folder that belongs to this data folder")]
    OtherKeys,
}

/// A new segment's header bytes, and its key.
pub fn new_header(kind: Kind, keys: &Keys, header: &Header) -> (Vec<u8>, AeadKey) {
    let secret = SecretKey::generate();
    let key = AeadKey::new(&secret);
    let wrapped = keys.wrap(kind.purpose, &header.id, secret.bytes());
    let sealed_len = header.snapshot.len() + AeadKey::TAG_BYTES;
    let len = HEADER_FIXED_BYTES + wrapped.len() + sealed_len + 4;

    let mut out = Vec::with_capacity(len);
    out.extend_from_slice(&kind.magic);
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&(len as u32).to_le_bytes());
    out.extend_from_slice(&header.id);
    out.extend_from_slice(&header.number.to_le_bytes());
    out.extend_from_slice(&header.base.to_le_bytes());
    out.extend_from_slice(&header.created_at.0.to_le_bytes());
    out.extend_from_slice(&header.before.oldest.0.to_le_bytes());
    out.extend_from_slice(&header.before.newest.0.to_le_bytes());
    out.extend_from_slice(&(wrapped.len() as u32).to_le_bytes());
    out.extend_from_slice(&(sealed_len as u32).to_le_bytes());
    let aad = out.clone();
    out.extend_from_slice(&wrapped);
    let from = out.len();
    out.extend_from_slice(&header.snapshot);
    key.seal(0, &aad, &mut out, from);
    out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
    (out, key)
}

/// Where the groups begin behind a header of `len` bytes.
pub fn data_start(len: u64) -> u64 {
    len.next_multiple_of(DATA_ALIGN)
}

/// A header as read, with the key of its segment.
pub struct OpenedHeader {
    /// What it says.
    pub header: Header,
    /// The segment's key.
    pub key: AeadKey,
    /// Where the groups begin.
    pub data_start: u64,
}

/// Reads the header of a file.
pub fn read_header(kind: Kind, keys: &Keys, file: &dyn DiskFile, path: &Path) -> Result<OpenedHeader, HeaderError> {
    let mut fixed = [0; HEADER_FIXED_BYTES];
    if file.read_at(&mut fixed, 0).map_err(DiskError::at("read", path))? < fixed.len() {
        return Err(HeaderError::Damaged);
    }
    let len = header_len(kind, &fixed)?;
    let mut bytes = vec![0; len];
    if file.read_at(&mut bytes, 0).map_err(DiskError::at("read", path))? < len {
        return Err(HeaderError::Damaged);
    }
    parse_header(kind, keys, &mut bytes)
}

/// Reads header bytes of whatever length.
pub fn parse_header(kind: Kind, keys: &Keys, bytes: &mut [u8]) -> Result<OpenedHeader, HeaderError> {
    let fixed: [u8; HEADER_FIXED_BYTES] = *bytes.first_chunk::<HEADER_FIXED_BYTES>().ok_or(HeaderError::Damaged)?;
    let len = header_len(kind, &fixed)?;
    let bytes = bytes.get_mut(..len).ok_or(HeaderError::Damaged)?;
    let (body, crc) = bytes.split_at_mut(len - 4);
    if *crc != crc32c::crc32c(body).to_le_bytes() {
        return Err(HeaderError::Damaged);
    }
    let rest = body.get_mut(HEADER_FIXED_BYTES..).ok_or(HeaderError::Damaged)?;
    let (wrapped_len, sealed_len) = (u32_at(&fixed, 72) as usize, u32_at(&fixed, 76) as usize);
    if wrapped_len.checked_add(sealed_len) != Some(rest.len()) {
        return Err(HeaderError::Damaged);
    }
    let (wrapped, sealed) = rest.split_at_mut(wrapped_len);
    let mut id = [0; 16];
    id.copy_from_slice(&fixed[16..32]);
    let secret = keys.unwrap(kind.purpose, &id, wrapped).map_err(|_| HeaderError::OtherKeys)?;
    let key = AeadKey::new(&secret);
    let snapshot = key.open(0, &fixed, sealed).map_err(|_| HeaderError::Damaged)?.to_vec();
    let header = Header {
        id,
        number: u64_at(&fixed, 32),
        base: u64_at(&fixed, 40),
        created_at: Millis(u64_at(&fixed, 48) as i64),
        before: Span { oldest: Millis(u64_at(&fixed, 56) as i64), newest: Millis(u64_at(&fixed, 64) as i64) },
        snapshot,
    };
    Ok(OpenedHeader { header, key, data_start: data_start(len as u64) })
}

fn header_len(kind: Kind, fixed: &[u8; HEADER_FIXED_BYTES]) -> Result<usize, HeaderError> {
    if fixed[..8] != kind.magic {
        return Err(HeaderError::Damaged);
    }
    let format = u16::from_le_bytes([fixed[8], fixed[9]]);
    if format > FORMAT {
        return Err(HeaderError::Newer { found: format });
    }
    let len = u32_at(fixed, 12);
    let least = HEADER_FIXED_BYTES + AeadKey::TAG_BYTES + 4;
    if format == 0 || len > HEADER_BYTES_MAX || (len as usize) < least {
        return Err(HeaderError::Damaged);
    }
    Ok(len as usize)
}

/// What stands before a group's sealed bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Bytes that follow, tag included.
    pub sealed_len: u32,
    /// 1, 2, … within the segment.
    pub counter: u64,
    /// The first offset.
    pub base: u64,
    /// How many records; may be 0 for a group that only carries notes.
    pub records: u32,
    /// When they were received.
    pub span: Span,
}

impl Frame {
    /// The bytes that the group takes in its file, padding included.
    pub fn stride(&self) -> u64 {
        (FRAME_BYTES as u64 + u64::from(self.sealed_len)).next_multiple_of(GROUP_ALIGN)
    }

    /// The offset after its last record.
    pub fn end(&self) -> u64 {
        self.base.saturating_add(u64::from(self.records))
    }

    fn bytes(&self, id: &[u8; 16]) -> [u8; FRAME_BYTES] {
        let mut out = [0; FRAME_BYTES];
        out[4..8].copy_from_slice(&self.sealed_len.to_le_bytes());
        out[8..16].copy_from_slice(&self.counter.to_le_bytes());
        out[16..24].copy_from_slice(&self.base.to_le_bytes());
        out[24..28].copy_from_slice(&self.records.to_le_bytes());
        out[32..40].copy_from_slice(&self.span.oldest.0.to_le_bytes());
        out[40..48].copy_from_slice(&self.span.newest.0.to_le_bytes());
        let crc = crc32c::crc32c_append(crc32c::crc32c(id), &out[4..]);
        out[..4].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a frame of the segment `id`; `None` for anything else, bytes of a former use of the file included.
    pub fn parse(id: &[u8; 16], bytes: &[u8]) -> Option<Frame> {
        let bytes = bytes.first_chunk::<FRAME_BYTES>()?;
        let frame = Frame {
            sealed_len: u32_at(bytes, 4),
            counter: u64_at(bytes, 8),
            base: u64_at(bytes, 16),
            records: u32_at(bytes, 24),
            span: Span { oldest: Millis(u64_at(bytes, 32) as i64), newest: Millis(u64_at(bytes, 40) as i64) },
        };
        let plausible = frame.counter > 0
            && frame.sealed_len as usize >= AeadKey::TAG_BYTES
            && frame.sealed_len <= SEALED_BYTES_MAX
            && frame.base.checked_add(u64::from(frame.records)).is_some();
        (plausible && frame.bytes(id) == *bytes).then_some(frame)
    }

    fn aad(&self, id: &[u8; 16]) -> [u8; 16 + FRAME_BYTES - 4 + 2] {
        let mut out = [0; 16 + FRAME_BYTES - 4 + 2];
        out[..16].copy_from_slice(id);
        out[16..60].copy_from_slice(&self.bytes(id)[4..]);
        out[60..].copy_from_slice(&FORMAT.to_le_bytes());
        out
    }
}

/// Seals a group in place: `buffer` is [`FRAME_BYTES`] bytes of room and the plain bytes; afterwards it is what goes to the file,
/// padding included.
pub fn seal_group(
    key: &AeadKey,
    id: &[u8; 16],
    counter: u64,
    base: u64,
    records: u32,
    span: Span,
    buffer: &mut Vec<u8>,
) -> Frame {
    let sealed_len = (buffer.len() - FRAME_BYTES + AeadKey::TAG_BYTES) as u32;
    let frame = Frame { sealed_len, counter, base, records, span };
    key.seal(counter, &frame.aad(id), buffer, FRAME_BYTES);
    buffer[..FRAME_BYTES].copy_from_slice(&frame.bytes(id));
    buffer.resize(frame.stride() as usize, 0);
    frame
}

/// Opens the sealed bytes of a group; `false` where they are damaged. The plain bytes are what remains in `sealed`.
pub fn open_group(key: &AeadKey, id: &[u8; 16], frame: &Frame, sealed: &mut Vec<u8>) -> bool {
    let Ok(plain) = key.open(frame.counter, &frame.aad(id), sealed) else { return false };
    let len = plain.len();
    sealed.truncate(len);
    true
}

/// What stands at a place of a segment.
pub enum Found {
    /// A whole group: its frame and plain bytes. The next place is `at + frame.stride()`.
    Group(Frame, Vec<u8>),
    /// A frame whose sealed bytes do not open.
    Unreadable(Frame),
    /// No frame of this segment.
    Nothing,
}

/// A segment opened for reading.
pub struct SegmentReader<'a> {
    /// Its file.
    pub file: &'a dyn DiskFile,
    /// Its path, for errors.
    pub path: &'a Path,
    /// Its id.
    pub id: &'a [u8; 16],
    /// Its key.
    pub key: &'a AeadKey,
}

impl SegmentReader<'_> {
    /// The frame at a place.
    pub fn frame(&self, at: u64) -> Result<Option<Frame>, DiskError> {
        let mut bytes = [0; FRAME_BYTES];
        let read = self.file.read_at(&mut bytes, at).map_err(DiskError::at("read", self.path))?;
        Ok(if read == FRAME_BYTES { Frame::parse(self.id, &bytes) } else { None })
    }

    /// The group at a place.
    pub fn group(&self, at: u64) -> Result<Found, DiskError> {
        let Some(frame) = self.frame(at)? else { return Ok(Found::Nothing) };
        // A length beyond the end is damage; it must not make us allocate.
        let end = at.saturating_add(FRAME_BYTES as u64 + u64::from(frame.sealed_len));
        if end > self.file.len().map_err(DiskError::at("measure", self.path))? {
            return Ok(Found::Unreadable(frame));
        }
        let mut sealed = vec![0; frame.sealed_len as usize];
        let read = self.file.read_at(&mut sealed, at + FRAME_BYTES as u64).map_err(DiskError::at("read", self.path))?;
        if read < sealed.len() || !open_group(self.key, self.id, &frame, &mut sealed) {
            return Ok(Found::Unreadable(frame));
        }
        Ok(Found::Group(frame, sealed))
    }

    /// The first place at or after `from` where a frame stands whose counter is above `counter`; reads the file to its end if need be.
    pub fn search(&self, from: u64, counter: u64) -> Result<Option<(u64, Frame)>, DiskError> {
        const STEP: usize = 256 * 1024;
        let mut chunk = vec![0; STEP + FRAME_BYTES];
        let mut at = from.next_multiple_of(GROUP_ALIGN);
        loop {
            let read = self.file.read_at(&mut chunk, at).map_err(DiskError::at("read", self.path))?;
            for start in (0..STEP).step_by(GROUP_ALIGN as usize) {
                let Some(bytes) = chunk.get(start..start + FRAME_BYTES).filter(|_| start + FRAME_BYTES <= read) else {
                    return Ok(None);
                };
                if let Some(frame) = Frame::parse(self.id, bytes).filter(|frame| frame.counter > counter) {
                    return Ok(Some((at + start as u64, frame)));
                }
            }
            at += STEP as u64;
        }
    }
}

/// Makes durable what a reader of the file sees up to `len`, by writing the same bytes again. A sync alone does not: after a failed
/// sync of an earlier process the system may show bytes that it no longer means to write. A crash on the way changes nothing.
pub fn write_again(file: &dyn DiskFile, path: &Path, len: u64) -> Result<(), DiskError> {
    let mut chunk = vec![0; len.min(1024 * 1024) as usize];
    let mut at = 0;
    while at < len {
        let part = chunk.len().min((len - at) as usize);
        let part = chunk.get_mut(..part).unwrap_or_default();
        let read = file.read_at(part, at).map_err(DiskError::at("read", path))?;
        if read == 0 {
            break;
        }
        file.write_all_at(part.get(..read).unwrap_or_default(), at).map_err(DiskError::at("write", path))?;
        at += read as u64;
    }
    file.sync_data().map_err(DiskError::at("sync", path))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b))
}
