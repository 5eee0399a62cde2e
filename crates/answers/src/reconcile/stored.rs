//! What is kept of a comparison: sums by day. No name, no id.
//!
//! # Bytes, version 1
//! `WEIRRECO`, version (2 bytes, little-endian), then; numbers are LEB128, days zigzag, texts a length and UTF-8:
//!
//! | what | bytes |
//! |---|---|
//! | destination | text |
//! | the vendor's time zone | text |
//! | first and last day | numbers |
//! | when the vendor was asked, Unix milliseconds | 8 bytes, little-endian |
//! | how: 1 the vendor's interface, 2 files | 1 byte |
//! | days on which something is unexplained or was sent or is there: how many, then of each the day and [`COLUMNS`] numbers | numbers |
//! | SHA-256 of all of this | 32 bytes |
//!
//! At most [`DAYS_MAX`] days, some 6 KB. Nothing may follow.

use std::collections::BTreeMap;

use weir_event::limits::RECONCILE_DAYS_MAX;
use weir_event::wire::{Cursor, WireError, put_bytes, put_varint};
use weir_event::{DestinationId, Millis};
use weir_ledger::tree::hash::sha256;

use super::{COLUMNS, Line, Reconciliation};

/// The newest version.
pub const VERSION: u16 = 1;
const MAGIC: &[u8; 8] = b"WEIRRECO";
/// Days of one.
pub const DAYS_MAX: usize = RECONCILE_DAYS_MAX as usize;
const TEXT_BYTES_MAX: usize = 200;

/// How the vendor's side was learned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// It was asked.
    Asked = 1,
    /// From files that it had handed out.
    Files = 2,
}

/// What is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Of which destination.
    pub destination: DestinationId,
    /// In which time zone days were counted.
    pub zone: String,
    /// First and last day.
    pub days: (i64, i64),
    /// When the vendor was asked.
    pub asked: Millis,
    /// How.
    pub way: Way,
    /// The sums.
    pub by_day: BTreeMap<i64, Line>,
}

impl Stored {
    /// Of an answer.
    pub fn new(
        destination: DestinationId,
        zone: String,
        days: (i64, i64),
        asked: Millis,
        way: Way,
        answer: &Reconciliation,
    ) -> Stored {
        Stored { destination, zone, days, asked, way, by_day: answer.by_day() }
    }

    /// All days together.
    pub fn total(&self) -> Line {
        let mut total = Line::default();
        self.by_day.values().for_each(|line| total.add(line));
        total
    }

    /// The file.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        put_bytes(&mut out, self.destination.as_str().as_bytes());
        put_bytes(&mut out, self.zone.as_bytes());
        put_varint(&mut out, zigzag(self.days.0));
        put_varint(&mut out, zigzag(self.days.1));
        out.extend_from_slice(&self.asked.0.to_le_bytes());
        out.push(self.way as u8);
        put_varint(&mut out, self.by_day.len() as u64);
        for (day, line) in &self.by_day {
            put_varint(&mut out, zigzag(*day));
            line.values().into_iter().for_each(|value| put_varint(&mut out, value));
        }
        let sum = sha256(&out);
        out.extend_from_slice(&sum);
        out
    }

    /// Reads a file.
    pub fn decode(bytes: &[u8]) -> Result<Stored, WireError> {
        let end = bytes.len().checked_sub(32).ok_or(WireError(0))?;
        let (body, sum) = bytes.split_at(end);
        if sha256(body) != *sum {
            return Err(WireError(end));
        }
        let mut cursor = Cursor::new(body);
        let bad = |cursor: &Cursor<'_>| WireError(cursor.position());
        let version = cursor.take(MAGIC.len()).and_then(|magic| Ok((magic == MAGIC, cursor.array::<2>()?)))?;
        if version != (true, VERSION.to_le_bytes()) {
            return Err(bad(&cursor));
        }
        let destination = DestinationId::parse(cursor.str()?).map_err(|_| bad(&cursor))?;
        let zone = cursor.str()?.to_owned();
        let days = (unzigzag(cursor.varint()?), unzigzag(cursor.varint()?));
        let asked = Millis(cursor.i64()?);
        let way = match cursor.u8()? {
            1 => Way::Asked,
            2 => Way::Files,
            _ => return Err(bad(&cursor)),
        };
        let count = cursor.varint()?;
        let is_short = zone.len() <= TEXT_BYTES_MAX && count <= DAYS_MAX as u64 && days.0 <= days.1;
        if !is_short {
            return Err(bad(&cursor));
        }
        let mut by_day = BTreeMap::new();
        for _ in 0..count {
            let day = unzigzag(cursor.varint()?);
            let mut values = [0; COLUMNS];
            for value in &mut values {
                *value = cursor.varint()?;
            }
            let is_next = by_day.last_key_value().is_none_or(|(last, _)| *last < day);
            if !is_next || day < days.0 || day > days.1 {
                return Err(bad(&cursor));
            }
            by_day.insert(day, Line::of(values));
        }
        if !cursor.is_done() {
            return Err(bad(&cursor));
        }
        Ok(Stored { destination, zone, days, asked, way, by_day })
    }
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}
