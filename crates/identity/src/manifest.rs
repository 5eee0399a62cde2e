//! Two small files in the data folder, each replaced as a whole, little-endian, with a CRC-32C of what stands before at the end.
//!
//! # `identity/<16 hex>.manifest`, version 1
//! What counts. Its name is its number, and the one with the highest number whose runs are all there is the index; earlier ones
//! and what only they name are removed when no backup holds them.
//!
//! ```text
//! 8   "WEIRIDMF"   2 version
//! 8   number of the manifest
//! 8   position: the journal offset up to which links were read (D3: in the same write as the state)
//! 8   through: received_at of the newest record that was read, Unix milliseconds, 0 for none
//! 8   the number that the next run gets
//! 8   events that were missed
//! 4   gaps:  8 first offset   8 offset behind the last   8 when it was noticed
//! 4   runs:  8 number   8 links
//! 4   CRC-32C
//! ```
//!
//! Limits: [`GAPS_MAX`] gaps, the oldest two are made one where there are more; [`RUNS_MAX`] runs.
//!
//! # `identity/forgotten`, version 1
//! Tags whose links are to go. A link with such a tag on either side counts no more if its run has at most the number here, and is
//! left out where its run is merged; nor is it read again from a record below the offset here. Removed once both are past.
//!
//! ```text
//! 8   "WEIRIDFG"   2 version
//! 4   count:  16 tag   8 number of the newest run then   8 journal offset then
//! 4   CRC-32C
//! ```

use weir_event::wire::{Cursor, WireError};
use weir_event::{Millis, Offset, SubjectTag};

/// The version of the manifest that this code reads and writes.
pub const VERSION: u16 = 1;
/// The version of `forgotten`.
pub const FORGOTTEN_VERSION: u16 = 1;
const MAGIC: &[u8; 8] = b"WEIRIDMF";
const FORGOTTEN_MAGIC: &[u8; 8] = b"WEIRIDFG";
/// Gaps that are listed.
pub const GAPS_MAX: usize = 32;
/// Runs that a manifest names. There are a few for each tier.
pub const RUNS_MAX: usize = 4096;
/// What is read of either file.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Events whose links are not in the index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The first.
    pub from: Offset,
    /// Behind the last.
    pub to: Offset,
    /// When it was noticed: they were received before.
    pub at: Millis,
}

/// What counts.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Manifest {
    /// Its number.
    pub number: u64,
    /// Up to where links were read.
    pub position: Offset,
    /// When the newest record was received that was read.
    pub through: Millis,
    /// The number of the next run.
    pub next_run: u64,
    /// Events that were missed, of all gaps.
    pub missed: u64,
    /// The gaps.
    pub gaps: Vec<Gap>,
    /// Number and links of each run.
    pub runs: Vec<(u64, u64)>,
}

impl Manifest {
    /// Passes over what cannot be read.
    pub fn miss(&mut self, to: Offset, at: Millis) {
        let from = self.position;
        if to <= from {
            return;
        }
        self.position = to;
        self.missed = self.missed.saturating_add(to.0 - from.0);
        match self.gaps.last_mut() {
            Some(last) if last.to == from => last.to = to,
            _ => self.gaps.push(Gap { from, to, at }),
        }
        if self.gaps.len() > GAPS_MAX {
            let oldest = self.gaps.remove(0);
            if let Some(next) = self.gaps.first_mut() {
                next.from = oldest.from;
            }
        }
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        for number in [self.number, self.position.0, self.through.0 as u64, self.next_run, self.missed] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&(self.gaps.len() as u32).to_le_bytes());
        for gap in &self.gaps {
            for number in [gap.from.0, gap.to.0, gap.at.0 as u64] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        out.extend_from_slice(&(self.runs.len() as u32).to_le_bytes());
        for (number, links) in &self.runs {
            out.extend_from_slice(&number.to_le_bytes());
            out.extend_from_slice(&links.to_le_bytes());
        }
        seal(out)
    }

    /// Reads the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Manifest, &'static str> {
        Manifest::decode_checked(checked(bytes, MAGIC, VERSION)?)
    }

    /// Reads what stands between version and checksum.
    pub(crate) fn decode_checked(bytes: &[u8]) -> Result<Manifest, &'static str> {
        let mut at = Cursor::new(bytes);
        let mut read = || -> Result<Manifest, WireError> {
            let mut manifest = Manifest {
                number: at.u64()?,
                position: Offset(at.u64()?),
                through: Millis(at.i64()?),
                next_run: at.u64()?,
                missed: at.u64()?,
                ..Manifest::default()
            };
            for _ in 0..count(&mut at, GAPS_MAX)? {
                manifest.gaps.push(Gap { from: Offset(at.u64()?), to: Offset(at.u64()?), at: Millis(at.i64()?) });
            }
            for _ in 0..count(&mut at, RUNS_MAX)? {
                manifest.runs.push((at.u64()?, at.u64()?));
            }
            Ok(manifest)
        };
        let manifest = read().map_err(|_| "it is cut short or malformed")?;
        if at.is_done() { Ok(manifest) } else { Err("something stands behind its end") }
    }
}

/// One tag whose links are to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forgotten {
    /// Which.
    pub tag: SubjectTag,
    /// The newest run then.
    pub run: u64,
    /// The end of the journal then.
    pub until: Offset,
}

impl Forgotten {
    /// The bytes of all of them.
    pub fn encode(all: &[Forgotten]) -> Vec<u8> {
        let mut out = FORGOTTEN_MAGIC.to_vec();
        out.extend_from_slice(&FORGOTTEN_VERSION.to_le_bytes());
        out.extend_from_slice(&(all.len() as u32).to_le_bytes());
        for of in all {
            out.extend_from_slice(&of.tag.0);
            out.extend_from_slice(&of.run.to_le_bytes());
            out.extend_from_slice(&of.until.0.to_le_bytes());
        }
        seal(out)
    }

    /// Reads the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Vec<Forgotten>, &'static str> {
        Forgotten::decode_checked(checked(bytes, FORGOTTEN_MAGIC, FORGOTTEN_VERSION)?)
    }

    /// Reads what stands between version and checksum.
    pub(crate) fn decode_checked(bytes: &[u8]) -> Result<Vec<Forgotten>, &'static str> {
        let mut at = Cursor::new(bytes);
        let mut read = || -> Result<Vec<Forgotten>, WireError> {
            let mut all = Vec::new();
            for _ in 0..count(&mut at, FILE_BYTES_MAX / 32)? {
                all.push(Forgotten { tag: SubjectTag(at.array()?), run: at.u64()?, until: Offset(at.u64()?) });
            }
            Ok(all)
        };
        let all = read().map_err(|_| "it is cut short or malformed")?;
        if at.is_done() { Ok(all) } else { Err("something stands behind its end") }
    }
}

fn count(at: &mut Cursor<'_>, most: usize) -> Result<u32, WireError> {
    let place = at.position();
    at.u32().and_then(|count| if count as usize > most { Err(WireError(place)) } else { Ok(count) })
}

fn seal(mut out: Vec<u8>) -> Vec<u8> {
    let sum = crc32c::crc32c(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

fn checked<'b>(bytes: &'b [u8], magic: &[u8; 8], version: u16) -> Result<&'b [u8], &'static str> {
    let (rest, sum) = bytes.split_last_chunk::<4>().ok_or("it is cut short")?;
    let (head, body) = rest.split_first_chunk::<10>().ok_or("it is cut short")?;
    if &head[..8] != magic {
        return Err("it does not begin as one");
    }
    if crc32c::crc32c(rest) != u32::from_le_bytes(*sum) {
        return Err("it has not its checksum");
    }
    if u16::from_le_bytes([head[8], head[9]]) != version {
        return Err("it is of a newer version");
    }
    Ok(body)
}
