//! What the hold stores, entry by entry.
//!
//! # Plain bytes of a group of a hold file, format 1 (little-endian; numbers are varints unless a size is given)
//! ```text
//! dictionaries ‖ dictionaries × { names ‖ names × { kind u8 ‖ stored id ‖ length ‖ UTF-8 } }
//! done         ‖ done × { entry number ‖ fate u8: 1 replayed, 2 discarded, 3 expired, 64 + rule dropped by it ‖ length, owner }
//! entries × { length ‖ bytes }                                    their number stands in the frame
//! held entry      1 u8 ‖ event id 16 ‖ length, source ‖ rule u8 ‖ length, stage ‖ received at i64 ‖ epoch time i64 ‖ held at i64
//!                 ‖ length, body sealed to the hold key, or empty
//! rejected entry  2 u8 ‖ event id 16 ‖ length, destination ‖ journal offset u64 ‖ length, reason ‖ received at i64 ‖ held at i64
//!                 ‖ dictionary, counted from 0 in this group ‖ length, record
//! ```
//! A done record names the owner because the file of its entry may be gone before the next header counts it.
//!
//! The snapshot in a file's header: totals ‖ totals × { length, owner ‖ fate u8 ‖ count } ‖ done ‖ done × { entry number ‖ fate u8 }.
//! Limits: those of a group in `weir-journal`; a reason and a stage are texts of ours of at most 64 bytes.

use std::collections::BTreeMap;
use std::fmt;

use weir_event::wire::{Cursor, WireError, put_bytes, put_varint};
use weir_event::{DestinationId, EventId, Millis, Names, Offset, Rule, SourceId};

const HELD: u8 = 1;
const REJECTED: u8 = 2;
const TEXT_BYTES_MAX: usize = 64;

/// Which log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Shelf {
    /// The raw hold: withheld at the gate.
    Raw,
    /// Quarantine of a destination: rejected by the vendor.
    Rejected,
}

impl Shelf {
    /// Both.
    pub const ALL: [Shelf; 2] = [Shelf::Raw, Shelf::Rejected];

    /// The name of its folder, and the first part of its entries' ids.
    pub const fn name(self) -> &'static str {
        match self {
            Shelf::Raw => "raw",
            Shelf::Rejected => "rejected",
        }
    }
}

/// Names one entry for ever: `raw-12`, `rejected-7`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct EntryId {
    /// Which log.
    pub shelf: Shelf,
    /// Counted from 0 in its log, never used twice.
    pub number: u64,
}

impl EntryId {
    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<EntryId> {
        let (shelf, number) = text.split_once('-')?;
        let shelf = Shelf::ALL.into_iter().find(|s| s.name() == shelf)?;
        Some(EntryId { shelf, number: number.parse().ok()? })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.shelf.name(), self.number)
    }
}

/// How an entry ended. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Fate {
    /// It went back on its way.
    Replayed,
    /// An operator threw it away: counts as dropped by rule `discarded`.
    Discarded,
    /// Its time was over: counts as dropped by rule `hold_expired`.
    Expired,
    /// The policy that came into force does not release it: counts as dropped by this rule.
    Dropped(Rule),
}

/// The stored number of a drop is this and the rule's number.
const DROPPED: u8 = 64;

impl Fate {
    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<Fate> {
        match number {
            1 => Some(Fate::Replayed),
            2 => Some(Fate::Discarded),
            3 => Some(Fate::Expired),
            number => Rule::from_number(number.checked_sub(DROPPED)?).map(Fate::Dropped),
        }
    }

    /// The stored number.
    pub const fn number(self) -> u8 {
        match self {
            Fate::Replayed => 1,
            Fate::Discarded => 2,
            Fate::Expired => 3,
            Fate::Dropped(rule) => DROPPED + rule as u8,
        }
    }

    /// The rule that a drop is counted under; none for a replay, which is no drop.
    pub const fn rule(self) -> Option<Rule> {
        match self {
            Fate::Replayed => None,
            Fate::Discarded => Some(Rule::Discarded),
            Fate::Expired => Some(Rule::HoldExpired),
            Fate::Dropped(rule) => Some(rule),
        }
    }
}

/// Whose entry it is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Owner {
    /// The source that a withheld event came from.
    Source(SourceId),
    /// The destination that rejected it.
    Destination(DestinationId),
}

impl Owner {
    /// The id.
    pub fn as_str(&self) -> &str {
        match self {
            Owner::Source(id) => id.as_str(),
            Owner::Destination(id) => id.as_str(),
        }
    }

    pub(crate) fn parse(shelf: Shelf, text: &str) -> Option<Owner> {
        match shelf {
            Shelf::Raw => SourceId::parse(text).ok().map(Owner::Source),
            Shelf::Rejected => DestinationId::parse(text).ok().map(Owner::Destination),
        }
    }
}

/// What may be shown of an entry: ids, codes, times. Never a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HoldInfo {
    /// Its id.
    pub id: EntryId,
    /// Whose it is.
    pub owner: Owner,
    /// The event.
    pub event_id: EventId,
    /// Why: the name of a rule at the gate, a code of the encoder for a rejection.
    pub reason: &'static str,
    /// At which stage it failed; empty for a rejection.
    pub stage: &'static str,
    /// When the event was received.
    pub received_at: Millis,
    /// Its epoch time (D4); for a rejection it stands in the record, and here is when it was received.
    pub epoch_time: Millis,
    /// When it was put here; its time counts from then.
    pub held_at: Millis,
    /// Its journal offset, for a rejection.
    pub offset: Option<Offset>,
    /// Bytes of the sealed body or the record; 0 where only the skeleton was kept.
    pub bytes: u64,
}

/// An entry as stored, its payload included.
pub(crate) enum Entry {
    Held { info: HoldInfo, body: Vec<u8> },
    Rejected { info: HoldInfo, dictionary: u32, record: Vec<u8> },
}

impl Entry {
    pub(crate) fn info(&self) -> &HoldInfo {
        match self {
            Entry::Held { info, .. } | Entry::Rejected { info, .. } => info,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let put_time = |out: &mut Vec<u8>, at: Millis| out.extend_from_slice(&at.0.to_le_bytes());
        let info = self.info();
        out.push(if matches!(self, Entry::Held { .. }) { HELD } else { REJECTED });
        out.extend_from_slice(&info.event_id.0);
        put_bytes(&mut out, info.owner.as_str().as_bytes());
        match self {
            Entry::Held { body, .. } => {
                let rule = Rule::ALL.into_iter().find(|rule| rule.name() == info.reason);
                out.push(rule.unwrap_or(Rule::StageFailed) as u8);
                put_bytes(&mut out, info.stage.as_bytes());
                put_time(&mut out, info.received_at);
                put_time(&mut out, info.epoch_time);
                put_time(&mut out, info.held_at);
                put_bytes(&mut out, body);
            }
            Entry::Rejected { dictionary, record, .. } => {
                out.extend_from_slice(&info.offset.unwrap_or_default().0.to_le_bytes());
                put_bytes(&mut out, info.reason.as_bytes());
                put_time(&mut out, info.received_at);
                put_time(&mut out, info.held_at);
                put_varint(&mut out, u64::from(*dictionary));
                put_bytes(&mut out, record);
            }
        }
        out
    }

    pub(crate) fn decode(id: EntryId, bytes: &[u8], names: &Names) -> Result<Entry, WireError> {
        let mut at = Cursor::new(bytes);
        let kind = at.u8()?;
        let shelf = match kind {
            HELD => Shelf::Raw,
            REJECTED => Shelf::Rejected,
            _ => return Err(WireError(0)),
        };
        if shelf != id.shelf {
            return Err(WireError(0));
        }
        let event_id = EventId(at.array()?);
        let owner = Owner::parse(shelf, at.str()?).ok_or(WireError(at.position()))?;
        let entry = if shelf == Shelf::Raw {
            let rule = Rule::from_number(at.u8()?).ok_or(WireError(at.position()))?;
            let stage = ours(names, at.str()?, at.position())?;
            let (received_at, epoch_time, held_at) = (Millis(at.i64()?), Millis(at.i64()?), Millis(at.i64()?));
            let body = at.bytes()?.to_vec();
            let (reason, bytes) = (rule.name(), body.len() as u64);
            let offset = None;
            let info = HoldInfo { id, owner, event_id, reason, stage, received_at, epoch_time, held_at, offset, bytes };
            Entry::Held { info, body }
        } else {
            let offset = Some(Offset(at.u64()?));
            let reason = ours(names, at.str()?, at.position())?;
            let (received_at, held_at) = (Millis(at.i64()?), Millis(at.i64()?));
            let dictionary = u32::try_from(at.varint()?).map_err(|_| WireError(at.position()))?;
            let record = at.bytes()?.to_vec();
            let (stage, epoch_time, bytes) = ("", received_at, record.len() as u64);
            let info = HoldInfo { id, owner, event_id, reason, stage, received_at, epoch_time, held_at, offset, bytes };
            Entry::Rejected { info, dictionary, record }
        };
        if at.is_done() { Ok(entry) } else { Err(WireError(at.position())) }
    }
}

/// A stage or reason: static texts of ours, interned again when they come back from disk.
fn ours(names: &Names, text: &str, at: usize) -> Result<&'static str, WireError> {
    let plain = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if !plain || text.len() > TEXT_BYTES_MAX { Err(WireError(at)) } else { Ok(names.text(names.label(text))) }
}

/// A dictionary: what the stored name ids of a record mean.
pub(crate) type Dictionary = Vec<(u32, u8, String)>;

/// The end of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Done {
    pub(crate) number: u64,
    pub(crate) fate: Fate,
    pub(crate) owner: Owner,
}

/// The plain parts of a group.
pub(crate) struct Parts<'a> {
    pub(crate) dictionaries: Vec<Dictionary>,
    pub(crate) done: Vec<Done>,
    pub(crate) entries: Vec<&'a [u8]>,
}

impl Parts<'_> {
    pub(crate) fn encode(dictionaries: &[Dictionary], done: &[Done], entries: &[Vec<u8>], out: &mut Vec<u8>) {
        put_varint(out, dictionaries.len() as u64);
        for dictionary in dictionaries {
            put_varint(out, dictionary.len() as u64);
            for (stored, kind, text) in dictionary {
                out.push(*kind);
                put_varint(out, u64::from(*stored));
                put_bytes(out, text.as_bytes());
            }
        }
        put_varint(out, done.len() as u64);
        for done in done {
            put_varint(out, done.number);
            out.push(done.fate.number());
            put_bytes(out, done.owner.as_str().as_bytes());
        }
        for entry in entries {
            put_bytes(out, entry);
        }
    }

    pub(crate) fn decode(shelf: Shelf, plain: &[u8], count: u32) -> Result<Parts<'_>, WireError> {
        let mut at = Cursor::new(plain);
        let mut dictionaries = Vec::new();
        for _ in 0..at.varint()? {
            let mut dictionary = Dictionary::new();
            for _ in 0..at.varint()? {
                let kind = at.u8()?;
                let stored = u32::try_from(at.varint()?).map_err(|_| WireError(at.position()))?;
                dictionary.push((stored, kind, at.str()?.to_owned()));
            }
            dictionaries.push(dictionary);
        }
        let mut done = Vec::new();
        for _ in 0..at.varint()? {
            let number = at.varint()?;
            let fate = Fate::from_number(at.u8()?).ok_or(WireError(at.position()))?;
            let owner = Owner::parse(shelf, at.str()?).ok_or(WireError(at.position()))?;
            done.push(Done { number, fate, owner });
        }
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(at.bytes()?);
        }
        if at.is_done() { Ok(Parts { dictionaries, done, entries }) } else { Err(WireError(at.position())) }
    }
}

/// What a file's header knows of all entries before it.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Snapshot {
    pub(crate) totals: BTreeMap<(Owner, Fate), u64>,
    pub(crate) done: BTreeMap<u64, Fate>,
}

impl Snapshot {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.totals.len() as u64);
        for ((owner, fate), count) in &self.totals {
            put_bytes(&mut out, owner.as_str().as_bytes());
            out.push(fate.number());
            put_varint(&mut out, *count);
        }
        put_done(&mut out, self.done.iter().map(|(number, fate)| (*number, *fate)));
        out
    }

    pub(crate) fn decode(shelf: Shelf, bytes: &[u8]) -> Result<Snapshot, WireError> {
        let mut at = Cursor::new(bytes);
        let mut totals = BTreeMap::new();
        for _ in 0..at.varint()? {
            let owner = Owner::parse(shelf, at.str()?).ok_or(WireError(at.position()))?;
            let fate = Fate::from_number(at.u8()?).ok_or(WireError(at.position()))?;
            totals.insert((owner, fate), at.varint()?);
        }
        let done = read_done(&mut at)?.into_iter().collect();
        if at.is_done() { Ok(Snapshot { totals, done }) } else { Err(WireError(at.position())) }
    }
}

fn put_done(out: &mut Vec<u8>, done: impl ExactSizeIterator<Item = (u64, Fate)>) {
    put_varint(out, done.len() as u64);
    for (number, fate) in done {
        put_varint(out, number);
        out.push(fate.number());
    }
}

fn read_done(at: &mut Cursor<'_>) -> Result<Vec<(u64, Fate)>, WireError> {
    let mut done = Vec::new();
    for _ in 0..at.varint()? {
        let number = at.varint()?;
        done.push((number, Fate::from_number(at.u8()?).ok_or(WireError(at.position()))?));
    }
    Ok(done)
}
