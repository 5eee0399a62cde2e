//! What numbers in rows stand for, and what the gathering of rows has to remember from one time to the next.
//!
//! # File, version 1
//! `WEIRROWD`, two bytes version, then LEB128 numbers and length-prefixed texts: count of names and each; count of field sets, each 16
//! bytes and its canonical text; count of destinations, each its text, count of changes, each 8 bytes time and a byte (0 started, 1
//! suspended, 2 resumed, 3 ended); count of events whose last try went without a clear answer, each destination, journal offset, batch,
//! place; at the end 4 bytes CRC-32C of all before.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use weir_event::wire::{Cursor, WireError, put_bytes, put_varint};
use weir_event::{DestinationId, Millis};
use weir_ledger::FieldSetId;

/// The newest version.
pub const VERSION: u16 = 1;
const MAGIC: &[u8; 8] = b"WEIRROWD";

/// Events with an unclear last try that are remembered: 24 bytes each on disk.
pub const UNCLEAR_MAX: usize = 1_000_000;

/// A change in a destination's life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Change {
    Started = 0,
    Suspended = 1,
    Resumed = 2,
    Ended = 3,
}

/// A destination of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    /// Its id.
    pub id: DestinationId,
    /// Its life.
    pub changes: Vec<(Millis, Change)>,
}

/// See the module.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Dictionary {
    /// Stored names; the number in a row is the place from 1 on.
    pub names: Vec<String>,
    /// Field sets and their canonical text; the number in a row is the place from 1 on.
    pub field_sets: Vec<(FieldSetId, Vec<u8>)>,
    /// Destinations; the number in a fact is the place from 0 on.
    pub destinations: Vec<Destination>,
    /// Events whose last try may have been stored: (destination, journal offset) → (batch, place).
    pub(crate) unclear: HashMap<(u16, u64), (u64, u32), RandomState>,
    numbers: HashMap<FieldSetId, u32, RandomState>,
}

impl Dictionary {
    /// The text of a stored name.
    pub fn name(&self, number: u32) -> Option<&str> {
        (number as usize).checked_sub(1).and_then(|at| self.names.get(at)).map(String::as_str)
    }

    /// A field set by its number.
    pub fn field_set(&self, number: u32) -> Option<&(FieldSetId, Vec<u8>)> {
        (number as usize).checked_sub(1).and_then(|at| self.field_sets.get(at))
    }

    /// The number of a field set, 0 where the log has not defined it.
    pub(crate) fn number(&self, id: FieldSetId) -> u32 {
        self.numbers.get(&id).copied().unwrap_or(0)
    }

    /// Adds a field set, which gets the next number unless it has one.
    pub fn add_field_set(&mut self, id: FieldSetId, body: &[u8]) {
        let next = self.field_sets.len() as u32 + 1;
        if *self.numbers.entry(id).or_insert(next) == next {
            self.field_sets.push((id, body.to_owned()));
        }
    }

    /// The number of a destination, which is made where it has none.
    pub(crate) fn destination(&mut self, id: &DestinationId) -> u16 {
        let at = self.destinations.iter().position(|known| known.id == *id).unwrap_or_else(|| {
            self.destinations.push(Destination { id: id.clone(), changes: Vec::new() });
            self.destinations.len() - 1
        });
        // A configuration has at most a few dozen; 65,536 different ones over the years would share the last number.
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// Bounds what is remembered of unclear tries: of more than [`UNCLEAR_MAX`] the half of the oldest batches is forgotten. If such an
    /// event is decided later all the same, it counts twice: as accepted, and as possibly held.
    pub(crate) fn forget_oldest(&mut self) {
        if self.unclear.len() > UNCLEAR_MAX {
            let mut batches: Vec<u64> = self.unclear.values().map(|(batch, _)| *batch).collect();
            let middle = batches.len() / 2;
            let (_, middle, _) = batches.select_nth_unstable(middle);
            let middle = *middle;
            self.unclear.retain(|_, (batch, _)| *batch >= middle);
        }
    }

    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        put_varint(&mut out, self.names.len() as u64);
        self.names.iter().for_each(|name| put_bytes(&mut out, name.as_bytes()));
        put_varint(&mut out, self.field_sets.len() as u64);
        for (id, body) in &self.field_sets {
            out.extend_from_slice(&id.0);
            put_bytes(&mut out, body);
        }
        put_varint(&mut out, self.destinations.len() as u64);
        for destination in &self.destinations {
            put_bytes(&mut out, destination.id.as_str().as_bytes());
            put_varint(&mut out, destination.changes.len() as u64);
            for (at, change) in &destination.changes {
                out.extend_from_slice(&at.0.to_le_bytes());
                out.push(*change as u8);
            }
        }
        let mut unclear: Vec<_> = self.unclear.iter().collect();
        unclear.sort_unstable();
        put_varint(&mut out, unclear.len() as u64);
        for ((destination, offset), (batch, place)) in unclear {
            put_varint(&mut out, u64::from(*destination));
            put_varint(&mut out, *offset);
            put_varint(&mut out, *batch);
            put_varint(&mut out, u64::from(*place));
        }
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads the bytes of a file.
    pub fn decode(bytes: &[u8]) -> Result<Dictionary, &'static str> {
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or("it is too short")?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return Err("it does not have its checksum");
        }
        let mut c = Cursor::new(body);
        if c.array::<8>().ok().as_ref() != Some(MAGIC) {
            return Err("it is not one of ours");
        }
        match c.array::<2>().map(u16::from_le_bytes) {
            Ok(version) if version <= VERSION => {}
            _ => return Err("it was written by a newer weir"),
        }
        Dictionary::read(&mut c).map_err(|_| "it cannot be read")
    }

    fn read(c: &mut Cursor<'_>) -> Result<Dictionary, WireError> {
        let mut dictionary = Dictionary::default();
        for _ in 0..c.varint()? {
            dictionary.names.push(c.str()?.to_owned());
        }
        for _ in 0..c.varint()? {
            let id = FieldSetId(c.array()?);
            dictionary.add_field_set(id, c.bytes()?);
        }
        for _ in 0..c.varint()? {
            let bad = WireError(c.position());
            let id = DestinationId::parse(c.str()?).map_err(|_| bad)?;
            let mut changes = Vec::new();
            for _ in 0..c.varint()? {
                let at = Millis(c.i64()?);
                let change = match c.u8()? {
                    0 => Change::Started,
                    1 => Change::Suspended,
                    2 => Change::Resumed,
                    3 => Change::Ended,
                    _ => return Err(WireError(c.position())),
                };
                changes.push((at, change));
            }
            dictionary.destinations.push(Destination { id, changes });
        }
        for _ in 0..c.varint()? {
            let bad = WireError(c.position());
            let destination = u16::try_from(c.varint()?).map_err(|_| bad)?;
            let (offset, batch) = (c.varint()?, c.varint()?);
            let place = u32::try_from(c.varint()?).map_err(|_| bad)?;
            dictionary.unclear.insert((destination, offset), (batch, place));
        }
        if c.is_done() { Ok(dictionary) } else { Err(WireError(c.position())) }
    }
}
