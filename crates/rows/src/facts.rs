//! What rows only point to: batches, results that differ within a batch, events that did not leave. Files of records of one length, sorted
//! by their key, so that one is found by halving without reading the file.
//!
//! # File, version 1, little-endian
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `WEIRFACT` |
//! | 8..10 | version, 1 |
//! | 10 | kind: 1 batches, 2 results, 3 ranges |
//! | 11 | 0 |
//! | 12..16 | bytes of a record |
//! | 16..24 | records |
//! | 24..28 | CRC-32C of the records |
//! | 28..32 | CRC-32C of bytes 0..28 |
//! | 32.. | records |
//!
//! | kind | record | key |
//! |---|---|---|
//! | 1, 42 bytes | batch 8, time 8 (Unix milliseconds of the intent), generation 8, entry 8, destination 2, purpose 1, result 1 ([`Fate`], 255 for mixed), 1 if a try went without a clear answer, 1 if it stands for a month ([`crate::months`]), rows 4 | batch |
//! | 2, 25 bytes | batch 8, first place 4, length 4, what ([`Fate`], or 16: replaced by a later try), batch of that try 8 | batch, then first place |
//! | 3, 20 bytes | time 8, destination 2, rule 1, what became of them 1, count 8 | time |

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use weir_event::wire::{Cursor, WireError};
use weir_event::{GenerationId, Millis, Rule};
use weir_ledger::disk::{Disk, RealDisk};
use weir_ledger::{Passed, Purpose};

use crate::error::RowsError;
use crate::row::Month;

/// The newest version.
pub const VERSION: u16 = 1;
const MAGIC: &[u8; 8] = b"WEIRFACT";
const HEADER: usize = 32;

/// What became of the rows of a batch. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Fate {
    /// The vendor said that it has it.
    Accepted = 0,
    /// Nobody knows, and nothing will be sent again by itself; or no outcome is recorded.
    Unknown = 1,
    /// Sent again later: the vendor clearly did not take it, unless a try of the batch went without a clear answer.
    Returned = 2,
    /// The vendor said that it does not take it.
    Rejected = 3,
}

impl Fate {
    /// Each of them, by its number.
    pub const ALL: [Fate; 4] = [Fate::Accepted, Fate::Unknown, Fate::Returned, Fate::Rejected];

    fn from_number(number: u8) -> Option<Fate> {
        Fate::ALL.get(usize::from(number)).copied()
    }
}

/// A batch that left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct BatchFact {
    /// Its number.
    pub batch: u64,
    /// When it left.
    pub at: Millis,
    /// Under which configuration.
    pub generation: [u8; 8],
    /// The entry of its intent.
    pub entry: u64,
    /// To whom, by the store's number.
    pub destination: u16,
    /// What it was for.
    pub purpose: u8,
    /// What became of all of its rows; `None` where they differ.
    pub fate: Option<Fate>,
    /// A try of it went without a clear answer.
    pub is_unclear: bool,
    /// Rows.
    pub rows: u32,
    /// It stands for batches of a month, and `at` is the month's beginning ([`crate::months`]).
    pub is_month: bool,
}

impl BatchFact {
    /// When it left: its first and its last moment.
    pub fn span(&self) -> (Millis, Millis) {
        if self.is_month { (self.at, Month::of(self.at).bounds().1.plus(-1)) } else { (self.at, self.at) }
    }

    /// Under which configuration.
    pub fn generation(&self) -> GenerationId {
        GenerationId(self.generation)
    }

    /// What it was for.
    pub fn purpose(&self) -> Purpose {
        // Read from a record only where it is one.
        Purpose::from_number(self.purpose).unwrap_or(Purpose::Deliver)
    }
}

/// What became of some rows of a batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ResultFact {
    /// The batch.
    pub batch: u64,
    /// The first place.
    pub first: u32,
    /// How many.
    pub length: u32,
    /// What.
    pub became: Became,
}

/// See [`ResultFact`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Became {
    /// What the outcome says.
    Fate(Fate),
    /// It may have been stored, but a later try of the same event says what became of it; that one counts where it is in the window.
    Replaced {
        /// The batch of the later try.
        by: u64,
    },
}

/// Events that did not leave.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RangeFact {
    /// When that was recorded.
    pub at: Millis,
    /// For whom, by the store's number.
    pub destination: u16,
    /// By which rule.
    pub rule: u8,
    /// What became of them.
    pub passed: u8,
    /// How many.
    pub count: u64,
}

impl RangeFact {
    /// The rule and what became of them.
    pub fn rule(&self) -> Option<(Rule, Passed)> {
        Rule::from_number(self.rule).zip(Passed::from_number(self.passed))
    }
}

/// A record of one of the three kinds.
pub trait Fact: Copy + Ord {
    /// The stored number of its kind.
    const KIND: u8;
    /// Bytes of a record.
    const BYTES: usize;
    /// What it is found by.
    fn key(&self) -> u64;
    /// Appends the bytes.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads the bytes.
    fn take(c: &mut Cursor<'_>) -> Result<Self, WireError>;
}

const MIXED: u8 = 255;
const REPLACED: u8 = 16;

impl Fact for BatchFact {
    const KIND: u8 = 1;
    const BYTES: usize = 42;

    fn key(&self) -> u64 {
        self.batch
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.batch.to_le_bytes());
        out.extend_from_slice(&self.at.0.to_le_bytes());
        out.extend_from_slice(&self.generation);
        out.extend_from_slice(&self.entry.to_le_bytes());
        out.extend_from_slice(&self.destination.to_le_bytes());
        out.extend_from_slice(&[
            self.purpose,
            self.fate.map_or(MIXED, |fate| fate as u8),
            u8::from(self.is_unclear),
            u8::from(self.is_month),
        ]);
        out.extend_from_slice(&self.rows.to_le_bytes());
    }

    fn take(c: &mut Cursor<'_>) -> Result<BatchFact, WireError> {
        let (batch, at, generation, entry) = (c.u64()?, Millis(c.i64()?), c.array()?, c.u64()?);
        let destination = u16::from_le_bytes(c.array()?);
        let bad = WireError(c.position());
        let [purpose, fate, is_unclear, is_month] = c.array()?;
        Purpose::from_number(purpose).ok_or(bad)?;
        let fate = if fate == MIXED { None } else { Some(Fate::from_number(fate).ok_or(bad)?) };
        let (rows, is_unclear, is_month) = (c.u32()?, is_unclear != 0, is_month != 0);
        Ok(BatchFact { batch, at, generation, entry, destination, purpose, fate, is_unclear, rows, is_month })
    }
}

impl Fact for ResultFact {
    const KIND: u8 = 2;
    const BYTES: usize = 25;

    fn key(&self) -> u64 {
        self.batch
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.batch.to_le_bytes());
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        let (code, by) = match self.became {
            Became::Fate(fate) => (fate as u8, 0),
            Became::Replaced { by } => (REPLACED, by),
        };
        out.push(code);
        out.extend_from_slice(&by.to_le_bytes());
    }

    fn take(c: &mut Cursor<'_>) -> Result<ResultFact, WireError> {
        let (batch, first, length) = (c.u64()?, c.u32()?, c.u32()?);
        let bad = WireError(c.position());
        let (code, by) = (c.u8()?, c.u64()?);
        let became = match code {
            REPLACED => Became::Replaced { by },
            code => Became::Fate(Fate::from_number(code).ok_or(bad)?),
        };
        Ok(ResultFact { batch, first, length, became })
    }
}

impl Fact for RangeFact {
    const KIND: u8 = 3;
    const BYTES: usize = 20;

    fn key(&self) -> u64 {
        self.at.0.max(0).cast_unsigned()
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.at.0.to_le_bytes());
        out.extend_from_slice(&self.destination.to_le_bytes());
        out.extend_from_slice(&[self.rule, self.passed]);
        out.extend_from_slice(&self.count.to_le_bytes());
    }

    fn take(c: &mut Cursor<'_>) -> Result<RangeFact, WireError> {
        let (at, destination) = (Millis(c.i64()?), u16::from_le_bytes(c.array()?));
        let bad = WireError(c.position());
        let [rule, passed] = c.array()?;
        Rule::from_number(rule).zip(Passed::from_number(passed)).ok_or(bad)?;
        Ok(RangeFact { at, destination, rule, passed, count: c.u64()? })
    }
}

/// The bytes of a file of these records, which must be sorted.
pub fn encode<F: Fact>(facts: &[F]) -> Vec<u8> {
    let mut out = vec![0; HEADER];
    out.reserve(facts.len() * F::BYTES);
    facts.iter().for_each(|fact| fact.put(&mut out));
    let crc = crc32c::crc32c(&out[HEADER..]);
    out[..8].copy_from_slice(MAGIC);
    out[8..10].copy_from_slice(&VERSION.to_le_bytes());
    out[10] = F::KIND;
    out[12..16].copy_from_slice(&(F::BYTES as u32).to_le_bytes());
    out[16..24].copy_from_slice(&(facts.len() as u64).to_le_bytes());
    out[24..28].copy_from_slice(&crc.to_le_bytes());
    let crc = crc32c::crc32c(&out[..28]);
    out[28..32].copy_from_slice(&crc.to_le_bytes());
    out
}

/// Reads a header: how many records follow, and their checksum.
fn header<F: Fact>(bytes: &[u8]) -> Result<(u64, u32), &'static str> {
    let mut c = Cursor::new(bytes.get(..HEADER).ok_or("it is too short")?);
    let mut read = || -> Result<_, WireError> {
        Ok((c.array::<8>()?, c.array::<2>()?, c.array::<2>()?, c.u32()?, c.u64()?, c.u32()?, c.u32()?))
    };
    let Ok((magic, version, [kind, _], length, count, crc, own)) = read() else { return Err("it is too short") };
    if &magic != MAGIC || own != crc32c::crc32c(&bytes[..28]) {
        return Err("its header is not one of ours");
    }
    if u16::from_le_bytes(version) > VERSION {
        return Err("it was written by a newer weir");
    }
    if kind != F::KIND || length as usize != F::BYTES {
        return Err("it holds something else");
    }
    Ok((count, crc))
}

/// Reads a whole file's bytes.
pub fn decode<F: Fact>(bytes: &[u8]) -> Result<Vec<F>, &'static str> {
    let (count, crc) = header::<F>(bytes)?;
    let records = &bytes[HEADER..];
    if records.len() as u64 != count.saturating_mul(F::BYTES as u64) || crc32c::crc32c(records) != crc {
        return Err("its records do not have their checksum");
    }
    let mut facts = Vec::with_capacity(records.len() / F::BYTES);
    for record in records.chunks_exact(F::BYTES) {
        facts.push(F::take(&mut Cursor::new(record)).map_err(|_| "a record cannot be read")?);
    }
    if facts.is_sorted_by_key(F::key) { Ok(facts) } else { Err("its records are not in order") }
}

/// Writes a new file and makes it durable; the folder still has to be synced.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), RowsError> {
    let mut file = RealDisk.create(path).map_err(RowsError::io("create", path))?;
    file.append(bytes).map_err(RowsError::io("write", path))?;
    // A crash before this leaves a file that no list names.
    file.sync().map_err(RowsError::io("sync", path))
}

/// A file in which single records are looked up.
#[derive(Debug)]
pub struct FactFile<F> {
    path: PathBuf,
    file: File,
    count: u64,
    keys: (u64, u64),
    fact: std::marker::PhantomData<F>,
}

impl<F: Fact> FactFile<F> {
    /// Opens a file whose lowest and highest key are these, and reads its header. The checksum over all records is for those who read all.
    pub fn open(path: &Path, keys: (u64, u64)) -> Result<FactFile<F>, RowsError> {
        let file = File::open(path).map_err(RowsError::io("open", path))?;
        let mut bytes = [0; HEADER];
        file.read_exact_at(&mut bytes, 0).map_err(RowsError::io("read", path))?;
        let (count, _) = header::<F>(&bytes).map_err(|what| RowsError::Damaged { path: path.to_owned(), what })?;
        Ok(FactFile { path: path.to_owned(), file, count, keys, fact: std::marker::PhantomData })
    }

    /// All records.
    pub fn all(&self) -> Result<Vec<F>, RowsError> {
        let length = usize::try_from(self.count).unwrap_or(usize::MAX).saturating_mul(F::BYTES);
        let mut bytes = Vec::new();
        let damaged = |what| RowsError::Damaged { path: self.path.clone(), what };
        bytes.try_reserve_exact(length.saturating_add(HEADER)).map_err(|_| damaged("it says that it is too large"))?;
        bytes.resize(length + HEADER, 0);
        self.file.read_exact_at(&mut bytes, 0).map_err(RowsError::io("read", &self.path))?;
        decode(&bytes).map_err(damaged)
    }

    fn at(&self, number: u64) -> Result<F, RowsError> {
        let mut bytes = [0; 64];
        let bytes = &mut bytes[..F::BYTES];
        let at = HEADER as u64 + number * F::BYTES as u64;
        self.file.read_exact_at(bytes, at).map_err(RowsError::io("read", &self.path))?;
        let damaged = |_| RowsError::Damaged { path: self.path.clone(), what: "a record cannot be read" };
        F::take(&mut Cursor::new(bytes)).map_err(damaged)
    }

    /// Appends the records of a key.
    pub fn find(&self, key: u64, out: &mut Vec<F>) -> Result<(), RowsError> {
        if key < self.keys.0 || self.keys.1 < key {
            return Ok(());
        }
        let (mut from, mut to) = (0, self.count);
        while from < to {
            let middle = from + (to - from) / 2;
            if self.at(middle)?.key() < key {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        while from < self.count {
            let fact = self.at(from)?;
            if fact.key() != key {
                break;
            }
            out.push(fact);
            from += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(batch: u64) -> BatchFact {
        BatchFact {
            batch,
            at: Millis(1_795_300_000_123),
            generation: [9; 8],
            entry: batch * 2,
            destination: 3,
            purpose: 3,
            fate: if batch.is_multiple_of(2) { Some(Fate::Returned) } else { None },
            is_unclear: batch.is_multiple_of(3),
            rows: 65_536,
            is_month: batch.is_multiple_of(5),
        }
    }

    #[test]
    fn what_was_written_is_read_and_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("facts");
        let facts: Vec<BatchFact> = (1..1_000).map(batch).collect();
        write(&path, &encode(&facts)).unwrap();
        let file = FactFile::<BatchFact>::open(&path, (1, 999)).unwrap();
        assert_eq!(file.all().unwrap(), facts);
        for key in [0, 1, 2, 500, 998, 999, 1_000] {
            let mut found = Vec::new();
            file.find(key, &mut found).unwrap();
            let expected: Vec<BatchFact> = facts.iter().copied().filter(|fact| fact.batch == key).collect();
            assert_eq!(found, expected);
        }
        let results = [
            ResultFact { batch: 7, first: 0, length: 3, became: Became::Fate(Fate::Rejected) },
            ResultFact { batch: 7, first: 3, length: 1, became: Became::Replaced { by: 99 } },
        ];
        assert_eq!(decode(&encode(&results)), Ok(results.to_vec()));
        let ranges =
            [RangeFact { at: Millis(5), destination: 1, rule: Rule::ALL[3] as u8, passed: 1, count: u64::MAX }];
        assert_eq!(decode(&encode(&ranges)), Ok(ranges.to_vec()));
    }

    #[test]
    fn a_changed_byte_is_noticed_wherever_it_is() {
        let bytes = encode(&[batch(1), batch(2)]);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            assert!(decode::<BatchFact>(&changed).is_err(), "byte {at}");
        }
        assert!(decode::<BatchFact>(&bytes[..bytes.len() - 1]).is_err());
        assert!(decode::<ResultFact>(&bytes).is_err());
    }
}
