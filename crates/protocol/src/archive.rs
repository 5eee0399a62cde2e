//! ZIP archives, as vendors hand out exports: Amplitude's is a ZIP of folders of `.json.gz`. One entry after the other, as a
//! stream: memory does not grow with the archive, and no name in it is ever a path on a disk.
//!
//! ```text
//! entries × { local header (30 bytes, name, extra) ‖ packed bytes [‖ data descriptor] }
//! directory: entries × { 46 bytes, name, extra, comment }             sizes, sums and places: what is believed here
//! [56 bytes of ZIP64, and 20 that say where they are]                  where 16 or 32 bits do not suffice
//! end: 22 bytes, comment
//! ```
//!
//! Source: APPNOTE.TXT 6.3.10 (PKWARE), §4.3. Sizes are read from the directory, so that an archive that was written to a pipe, whose
//! local headers lack them, reads like any other. Not read: what is encrypted, what lies in several files, any method but stored
//! and deflate.
//!
//! Limits: [`ENTRIES_MAX`] entries; an entry is cut off where more comes out of it than its directory entry says; entries that
//! share bytes of the file (as the quines and bombs do that unpack to petabytes) are refused, so no more comes out than 1,032 times the
//! file, which is what deflate can.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;

/// Entries of one archive. Over it: the archive is refused.
pub const ENTRIES_MAX: u64 = weir_event::limits::ARCHIVE_ENTRIES_MAX;
/// Bytes of an entry's name. Over it: the archive is refused.
pub const NAME_BYTES_MAX: usize = 1_024;

const LOCAL: u32 = 0x0403_4b50;
const ENTRY: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const LOCAL_BYTES: usize = 30;
const ENTRY_BYTES: usize = 46;
const END_BYTES: usize = 22;
const END_64_BYTES: usize = 56;
const LOCATOR_64_BYTES: usize = 20;
const COMMENT_BYTES_MAX: usize = 65_535;

/// Why an archive, or an entry of it, is not read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The medium.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    /// There is no directory at its end.
    #[error("it ends too early: the directory at the end of the archive is missing")]
    Cut,
    /// It is no archive, or bytes of it changed.
    #[error("the archive is damaged")]
    Damaged,
    /// More than a person would pack.
    #[error(
        "the archive has more than {ENTRIES_MAX} entries, or names longer than {NAME_BYTES_MAX} bytes: unpack it first"
    )]
    OverLimit,
    /// Entries that share bytes: a bomb.
    #[error("entries of the archive overlap: it was made to unpack to more than it can hold")]
    Overlap,
    /// It goes on in other files.
    #[error("the archive lies in several files: join or unpack them first")]
    Split,
    /// Under a password.
    #[error("it is encrypted: unpack it first")]
    Encrypted,
    /// Not stored, not deflate.
    #[error("it is packed by method {0}, which is not read: unpack it first")]
    Method(u16),
}

/// Whether an archive begins here: with an entry, or empty.
pub fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// One file of an archive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// As the archive has it, without control characters. For people: never a path to be opened.
    pub name: String,
    /// Bytes in the archive.
    pub packed: u64,
    /// Bytes when unpacked, by the archive's word.
    pub size: u64,
    method: u16,
    encrypted: bool,
    sum: u32,
    at: u64,
}

impl Entry {
    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// An archive under way.
pub struct Archive<R> {
    input: R,
    length: u64,
    /// Entries that were not read yet.
    left: u64,
    /// Where the next one stands in the directory, and where that ends.
    next: u64,
    end: u64,
    /// Packed bytes of the entries so far.
    packed: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Finds the directory.
    pub fn open(mut input: R) -> Result<Archive<R>, ArchiveError> {
        let length = input.seek(SeekFrom::End(0)).map_err(ArchiveError::Read)?;
        let tail = length.min((END_BYTES + COMMENT_BYTES_MAX + LOCATOR_64_BYTES) as u64);
        let from = length - tail;
        let mut bytes = vec![0; usize::try_from(tail).unwrap_or(0)];
        read_at(&mut input, from, &mut bytes)?;
        let is_end = |at: &usize| {
            let end = bytes.get(*at..).unwrap_or_default();
            u32_at(end, 0) == Some(END) && u16_at(end, 20).is_some_and(|n| END_BYTES + usize::from(n) == end.len())
        };
        let at = (0..bytes.len()).rev().find(is_end).ok_or(ArchiveError::Cut)?;
        let (before, end) = bytes.split_at(at);
        let [disk, disk_of_directory, here, all] = [4, 6, 8, 10].map(|at| u16_at(end, at).unwrap_or(0));
        let [size, start] = [12, 16].map(|at| u32_at(end, at).unwrap_or(0));
        let end_at = from + at as u64;
        let locator = before.len().checked_sub(LOCATOR_64_BYTES).and_then(|at| before.get(at..));
        let mut directory = Directory { start: start.into(), size: size.into(), entries: all.into(), end: end_at };
        match locator.filter(|locator| u32_at(locator, 0) == Some(LOCATOR_64)) {
            Some(locator) => directory = Directory::of_64(&mut input, locator, end_at)?,
            None if disk != disk_of_directory || here != all || disk != 0 => return Err(ArchiveError::Split),
            None => {}
        }
        if directory.entries > ENTRIES_MAX {
            return Err(ArchiveError::OverLimit);
        }
        let end = directory.start.checked_add(directory.size).filter(|end| *end <= directory.end);
        let end = end.ok_or(ArchiveError::Damaged)?;
        Ok(Archive { input, length: directory.start, left: directory.entries, next: directory.start, end, packed: 0 })
    }

    /// The next entry of the directory; `None` behind the last. After an error there is no next one.
    pub fn next_entry(&mut self) -> Option<Result<Entry, ArchiveError>> {
        self.left = self.left.checked_sub(1)?;
        let entry = self.read_entry();
        if entry.is_err() {
            self.left = 0;
        }
        Some(entry)
    }

    /// What an entry holds, as it unpacks. What is not what the directory says ends in an error of kind `InvalidData`, what is cut
    /// short in `UnexpectedEof`.
    pub fn read(&mut self, entry: &Entry) -> Result<Unpacked<'_, R>, ArchiveError> {
        if entry.encrypted {
            return Err(ArchiveError::Encrypted);
        }
        let mut header = [0; LOCAL_BYTES];
        read_at(&mut self.input, entry.at, &mut header)?;
        if u32_at(&header, 0) != Some(LOCAL) {
            return Err(ArchiveError::Damaged);
        }
        let skip = [26, 28].map(|at| u64::from(u16_at(&header, at).unwrap_or(0)));
        let start = entry.at + LOCAL_BYTES as u64 + skip[0] + skip[1];
        if start.checked_add(entry.packed).is_none_or(|end| end > self.length) {
            return Err(ArchiveError::Damaged);
        }
        self.input.seek(SeekFrom::Start(start)).map_err(ArchiveError::Read)?;
        let packed = (&mut self.input).take(entry.packed);
        let method = match entry.method {
            0 => Method::Stored(packed),
            8 => Method::Deflate(DeflateDecoder::new(packed)),
            other => return Err(ArchiveError::Method(other)),
        };
        Ok(Unpacked { method, left: entry.size, sum: entry.sum, crc: Crc::new() })
    }

    fn read_entry(&mut self) -> Result<Entry, ArchiveError> {
        let mut fixed = [0; ENTRY_BYTES];
        if self.next + ENTRY_BYTES as u64 > self.end {
            return Err(ArchiveError::Damaged);
        }
        read_at(&mut self.input, self.next, &mut fixed)?;
        if u32_at(&fixed, 0) != Some(ENTRY) {
            return Err(ArchiveError::Damaged);
        }
        let [flags, method, name, extra, comment] = [8, 10, 28, 30, 32].map(|at| u16_at(&fixed, at).unwrap_or(0));
        let [sum, packed, size, at] = [16, 20, 24, 42].map(|at| u32_at(&fixed, at).unwrap_or(0));
        let (name, extra) = (usize::from(name), usize::from(extra));
        if name > NAME_BYTES_MAX {
            return Err(ArchiveError::OverLimit);
        }
        let mut rest = vec![0; name + extra];
        self.input.read_exact(&mut rest).map_err(|error| cut(error, ArchiveError::Damaged))?;
        self.next += (ENTRY_BYTES + rest.len() + usize::from(comment)) as u64;
        if self.next > self.end {
            return Err(ArchiveError::Damaged);
        }
        let (name, extra) = rest.split_at(name);
        let [size, packed, at] = sizes([size, packed, at], extra).ok_or(ArchiveError::Damaged)?;
        // Every entry has bytes of its own, before the directory.
        self.packed = self.packed.saturating_add(packed).saturating_add(LOCAL_BYTES as u64);
        if self.packed > self.length {
            return Err(ArchiveError::Overlap);
        }
        let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let name = String::from_utf8_lossy(name).chars().map(shown).collect();
        Ok(Entry { name, packed, size, method, encrypted: flags & 1 != 0, sum, at })
    }
}

/// Where the directory is.
struct Directory {
    start: u64,
    size: u64,
    entries: u64,
    /// It ends before this.
    end: u64,
}

impl Directory {
    fn of_64(input: &mut (impl Read + Seek), locator: &[u8], end_at: u64) -> Result<Directory, ArchiveError> {
        if u32_at(locator, 4) != Some(0) || u32_at(locator, 16).is_none_or(|disks| disks > 1) {
            return Err(ArchiveError::Split);
        }
        let at = u64_at(locator, 8).filter(|at| *at < end_at).ok_or(ArchiveError::Damaged)?;
        let mut end = [0; END_64_BYTES];
        read_at(input, at, &mut end)?;
        let [entries, size, start] = [32, 40, 48].map(|at| u64_at(&end, at).unwrap_or(u64::MAX));
        if u32_at(&end, 0) != Some(END_64) {
            return Err(ArchiveError::Damaged);
        }
        if u64_at(&end, 24) != Some(entries) || u32_at(&end, 16) != Some(0) || u32_at(&end, 20) != Some(0) {
            return Err(ArchiveError::Split);
        }
        Ok(Directory { start, size, entries, end: at })
    }
}

/// Size, packed size and place; what does not fit 32 bits stands in the ZIP64 part of `extra`, in this order.
fn sizes(of_32: [u32; 3], mut extra: &[u8]) -> Option<[u64; 3]> {
    let mut out = of_32.map(u64::from);
    if !of_32.contains(&u32::MAX) {
        return Some(out);
    }
    loop {
        let (id, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let part = extra.get(4..4 + length)?;
        if id == 1 {
            let wanted = out.iter_mut().zip(of_32).filter(|(_, short)| *short == u32::MAX);
            for (place, (value, _)) in wanted.enumerate() {
                *value = u64_at(part, 8 * place)?;
            }
            return Some(out);
        }
        extra = &extra[4 + length..];
    }
}

/// What an entry holds.
pub struct Unpacked<'a, R> {
    method: Method<'a, R>,
    left: u64,
    sum: u32,
    crc: Crc,
}

enum Method<'a, R> {
    Stored(io::Take<&'a mut R>),
    Deflate(DeflateDecoder<io::Take<&'a mut R>>),
}

impl<R: Read> Read for Unpacked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.method {
            Method::Stored(input) => input.read(buffer)?,
            Method::Deflate(input) => input.read(buffer)?,
        };
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the entry is longer than the archive says"));
        };
        self.left = left;
        self.crc.update(&buffer[..read]);
        match read {
            0 if left > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
            0 if self.crc.sum() != self.sum => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the entry's checksum does not fit"))
            }
            _ => Ok(read),
        }
    }
}

fn read_at(input: &mut (impl Read + Seek), at: u64, bytes: &mut [u8]) -> Result<(), ArchiveError> {
    input.seek(SeekFrom::Start(at)).map_err(ArchiveError::Read)?;
    input.read_exact(bytes).map_err(|error| cut(error, ArchiveError::Damaged))
}

fn cut(error: io::Error, at_end: ArchiveError) -> ArchiveError {
    if error.kind() == io::ErrorKind::UnexpectedEof { at_end } else { ArchiveError::Read(error) }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b))
}

#[cfg(test)]
mod tests;
