//! The entries of the log: what each says, and its bytes as a leaf of the tree (D13: ids, versions, times, counts, digests; no
//! tag and no value).
//!
//! # Leaf
//! One byte version (1), one byte kind, 8 bytes time (little-endian Unix milliseconds), then by kind; numbers are LEB128 unless
//! said, `text` is a length and UTF-8, `ranges` is a count and then gap and length of each. At most 4,096 bytes.
//!
//! | kind | entry | fields | body |
//! |---|---|---|---|
//! | 1 | destination started | destination text, first offset | |
//! | 2, 3 | suspended, resumed | destination text | |
//! | 4 | ended | destination text | |
//! | 5 | names | first id, count, SHA-256 of the body | (kind byte, text) of each |
//! | 6 | field set | SHA-256 of the body; its first 16 bytes are the id | canonical bytes (`policy`) |
//! | 7 | intent | batch, destination text, lane byte, purpose byte (0 deliver, 1 replay, 2 ask, 3 resend), generation 8 bytes, `retry_of` + 1 or 0, ranges, rows, payload digest 32 bytes, rows root 32 bytes, count and 16 bytes of each field set | rows (`rows.rs`) |
//! | 8 | attempt | batch, number, status | |
//! | 9 | outcome | batch, status, result byte (0 accepted, 1 rejected, 2 partial, 3 unknown, 4 returned), name id or 0, SHA-256 of the body if partial | results (partial only) |
//! | 10 | range | destination text, ranges, rule byte, count, byte of what became of them (0 not offered, 1 dropped, 2 held) | |
//! | 11 | act | actor byte and its bytes, action text, count of targets, each a byte and its bytes | |
//! | 12 | origin | new origin text, old origin text, old size, old root 32 bytes, local entries | |
//!
//! Results: runs of (length, code): 0 accepted, 1 unknown, 2 returned, 3 + name id rejected for that reason.

use std::ops::Range;

use weir_event::wire::{Cursor, WireError, put_bytes, put_varint};
use weir_event::{DestinationId, EventId, GenerationId, Millis, Offset, Rule, SourceId};

use crate::ranges::{put_ranges, read_ranges};
use crate::tree::hash::{Hash, sha256};

/// The newest leaf version.
pub const LEAF_VERSION: u8 = 1;

/// The number of one batch, never used twice in a ledger. The first is 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BatchId(pub u64);

/// The number of a name in this ledger. The first is 1; 0 stands for none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StoredName(pub u32);

/// First 16 bytes of the SHA-256 of a field set's canonical bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FieldSetId(pub [u8; 16]);

/// What happened in a destination's life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// It takes events from this offset on.
    Start {
        /// The first offset.
        from: Offset,
    },
    /// It takes events and sends none.
    Suspend,
    /// It sends again.
    Resume,
    /// It takes no more events.
    End,
}

/// What an intent is for. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Purpose {
    /// Events of the journal, for the first time: the position moves.
    Deliver = 0,
    /// Events that were terminal before, sent again on request: the position does not move.
    Replay = 1,
    /// A question about somebody (D17 `proxy`): what left is recorded, but no event of the journal is behind it, so it is in no sum.
    Ask = 2,
    /// Events that left before, or were dropped before, released once more on request: what left is recorded, and since each event
    /// keeps the state that it had, it is in no sum.
    Resend = 3,
}

impl Purpose {
    /// Reads the stored number.
    pub const fn from_number(number: u8) -> Option<Purpose> {
        match number {
            0 => Some(Purpose::Deliver),
            1 => Some(Purpose::Replay),
            2 => Some(Purpose::Ask),
            3 => Some(Purpose::Resend),
            _ => None,
        }
    }

    /// Whether what becomes of it changes the sums of D11. What does not is on record all the same.
    pub const fn is_summed(self) -> bool {
        matches!(self, Purpose::Deliver | Purpose::Replay)
    }
}

/// An intent as the tree holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IntentEntry {
    /// Its batch.
    pub batch: BatchId,
    /// To whom.
    pub destination: DestinationId,
    /// Which of the vendor's endpoints.
    pub lane: u8,
    /// What it is for.
    pub purpose: Purpose,
    /// Under which configuration.
    pub generation: GenerationId,
    /// The batch that this one tries again.
    pub retry_of: Option<BatchId>,
    /// The journal offsets, sorted; row `i` is the `i`-th of them. None where it asks.
    pub offsets: Vec<Range<Offset>>,
    /// How many rows.
    pub rows: u32,
    /// SHA-256 of the uncompressed body of the request.
    pub payload_digest: Hash,
    /// Root over the rows' leaf hashes.
    pub rows_root: Hash,
    /// The field sets that rows name.
    pub field_sets: Vec<FieldSetId>,
}

/// What became of a batch, as the tree holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutcomeEntry {
    /// Every event was accepted.
    Accepted,
    /// No event was accepted.
    Rejected(StoredName),
    /// Each event has its own result; the digest is of the body.
    Partial(Hash),
    /// Nobody knows, and it stays so (`keep_unknown`).
    Unknown,
    /// The events wait again: to be sent later, split, or released anew.
    Returned,
}

impl OutcomeEntry {
    /// What became of each event of a batch of `rows`, in runs of (length, result). `body` is the entry's and counts only where each
    /// event has its own result; an error says what is wrong with it.
    pub fn results(&self, rows: u32, body: &[u8]) -> Result<Vec<(u32, EventResult)>, &'static str> {
        let all = |result| Ok(vec![(rows, result)]);
        match self {
            OutcomeEntry::Accepted => all(EventResult::Accepted),
            OutcomeEntry::Rejected(reason) => all(EventResult::Rejected(*reason)),
            OutcomeEntry::Unknown => all(EventResult::Unknown),
            OutcomeEntry::Returned => all(EventResult::Returned),
            OutcomeEntry::Partial(digest) if sha256(body) != *digest => Err("results that do not have their digest"),
            OutcomeEntry::Partial(_) => decode_results(body, rows).map_err(|_| "results that cannot be read"),
        }
    }
}

/// What became of events that are not sent. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Passed {
    /// They had not been offered to the destination.
    NotOffered = 0,
    /// They had, and count as dropped by the rule.
    Dropped = 1,
    /// They had, and the rule keeps them in quarantine.
    Held = 2,
}

impl Passed {
    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<Passed> {
        [Passed::NotOffered, Passed::Dropped, Passed::Held].into_iter().find(|passed| *passed as u8 == number)
    }
}

/// Who acted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Actor {
    /// Weir itself.
    Weir,
    /// A user of this machine, through the admin socket.
    Local {
        /// Their user id.
        uid: u32,
    },
    /// A token of the console.
    Token([u8; 8]),
}

/// What was acted upon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// A destination.
    Destination(DestinationId),
    /// A source.
    Source(SourceId),
    /// An event.
    Event(EventId),
    /// A configuration.
    Generation(GenerationId),
    /// A key by its name.
    Key(String),
    /// Bytes by their SHA-256: a file, a query.
    Digest(Hash),
    /// How many things.
    Count(u64),
}

/// One entry of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields are those of the table above")]
pub enum Entry {
    /// A destination's life.
    Life { destination: DestinationId, change: Life },
    /// Names get numbers; their texts are in the body.
    Names { first: StoredName, count: u32, digest: Hash },
    /// A field set; its bytes are in the body.
    FieldSet { digest: Hash },
    /// Something is about to be sent.
    Intent(IntentEntry),
    /// A request of a batch failed and the batch goes on.
    Attempt { batch: BatchId, number: u32, status: u16 },
    /// A batch is over.
    Outcome { batch: BatchId, status: u16, result: OutcomeEntry },
    /// Events that are never sent to this destination.
    Range { destination: DestinationId, offsets: Vec<Range<Offset>>, rule: Rule, count: u64, passed: Passed },
    /// An administrative act or a read.
    Act { actor: Actor, action: String, targets: Vec<Target> },
    /// The tree goes on under a new origin (D14).
    Origin { origin: String, old_origin: String, old_size: u64, old_root: Hash, local: u64 },
}

/// What became of one event of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventResult {
    /// The vendor has it.
    Accepted,
    /// Nobody knows.
    Unknown,
    /// It waits again.
    Returned,
    /// The vendor refused it for this reason.
    Rejected(StoredName),
}

/// A text in an entry is not longer than this.
const TEXT_BYTES_MAX: usize = 200;
const TARGETS_MAX: u64 = 100;

impl Entry {
    /// The kind in the leaf and in the record.
    pub fn kind(&self) -> u8 {
        match self {
            Entry::Life { change: Life::Start { .. }, .. } => 1,
            Entry::Life { change: Life::Suspend, .. } => 2,
            Entry::Life { change: Life::Resume, .. } => 3,
            Entry::Life { change: Life::End, .. } => 4,
            Entry::Names { .. } => 5,
            Entry::FieldSet { .. } => 6,
            Entry::Intent(_) => 7,
            Entry::Attempt { .. } => 8,
            Entry::Outcome { .. } => 9,
            Entry::Range { .. } => 10,
            Entry::Act { .. } => 11,
            Entry::Origin { .. } => 12,
        }
    }

    /// The leaf.
    pub fn encode(&self, at: Millis) -> Vec<u8> {
        let mut out = vec![LEAF_VERSION, self.kind()];
        out.extend_from_slice(&at.0.to_le_bytes());
        match self {
            Entry::Life { destination, change } => {
                put_bytes(&mut out, destination.as_str().as_bytes());
                if let Life::Start { from } = change {
                    put_varint(&mut out, from.0);
                }
            }
            Entry::Names { first, count, digest } => {
                put_varint(&mut out, u64::from(first.0));
                put_varint(&mut out, u64::from(*count));
                out.extend_from_slice(digest);
            }
            Entry::FieldSet { digest } => out.extend_from_slice(digest),
            Entry::Intent(intent) => {
                put_varint(&mut out, intent.batch.0);
                put_bytes(&mut out, intent.destination.as_str().as_bytes());
                out.extend_from_slice(&[intent.lane, intent.purpose as u8]);
                out.extend_from_slice(&intent.generation.0);
                put_varint(&mut out, intent.retry_of.map_or(0, |b| b.0.saturating_add(1)));
                put_ranges(&mut out, intent.offsets.iter().map(|r| (r.start.0, r.end.0)));
                put_varint(&mut out, u64::from(intent.rows));
                out.extend_from_slice(&intent.payload_digest);
                out.extend_from_slice(&intent.rows_root);
                put_varint(&mut out, intent.field_sets.len() as u64);
                intent.field_sets.iter().for_each(|id| out.extend_from_slice(&id.0));
            }
            Entry::Attempt { batch, number, status } => {
                put_varint(&mut out, batch.0);
                put_varint(&mut out, u64::from(*number));
                put_varint(&mut out, u64::from(*status));
            }
            Entry::Outcome { batch, status, result } => {
                put_varint(&mut out, batch.0);
                put_varint(&mut out, u64::from(*status));
                let (code, name, digest) = match result {
                    OutcomeEntry::Accepted => (0, 0, None),
                    OutcomeEntry::Rejected(reason) => (1, reason.0, None),
                    OutcomeEntry::Partial(digest) => (2, 0, Some(digest)),
                    OutcomeEntry::Unknown => (3, 0, None),
                    OutcomeEntry::Returned => (4, 0, None),
                };
                out.push(code);
                put_varint(&mut out, u64::from(name));
                out.extend_from_slice(digest.map_or(&[], |d| d.as_slice()));
            }
            Entry::Range { destination, offsets, rule, count, passed } => {
                put_bytes(&mut out, destination.as_str().as_bytes());
                put_ranges(&mut out, offsets.iter().map(|r| (r.start.0, r.end.0)));
                out.push(*rule as u8);
                put_varint(&mut out, *count);
                out.push(*passed as u8);
            }
            Entry::Act { actor, action, targets } => {
                match actor {
                    Actor::Weir => out.push(0),
                    Actor::Local { uid } => {
                        out.push(1);
                        put_varint(&mut out, u64::from(*uid));
                    }
                    Actor::Token(id) => {
                        out.push(2);
                        out.extend_from_slice(id);
                    }
                }
                put_bytes(&mut out, action.as_bytes());
                put_varint(&mut out, targets.len() as u64);
                targets.iter().for_each(|target| target.encode(&mut out));
            }
            Entry::Origin { origin, old_origin, old_size, old_root, local } => {
                put_bytes(&mut out, origin.as_bytes());
                put_bytes(&mut out, old_origin.as_bytes());
                put_varint(&mut out, *old_size);
                out.extend_from_slice(old_root);
                put_varint(&mut out, *local);
            }
        }
        out
    }

    /// Reads a leaf. Bytes after the last known field are malformed: a leaf has one reading only.
    pub fn decode(leaf: &[u8]) -> Result<(Millis, Entry), WireError> {
        let mut c = Cursor::new(leaf);
        if c.u8()? != LEAF_VERSION {
            return Err(WireError(0));
        }
        let kind = c.u8()?;
        let at = Millis(c.i64()?);
        let bad = WireError(c.position());
        let life = |c: &mut Cursor<'_>, change| -> Result<Entry, WireError> {
            Ok(Entry::Life { destination: destination(c)?, change })
        };
        let entry = match kind {
            1 => {
                let destination = destination(&mut c)?;
                Entry::Life { destination, change: Life::Start { from: Offset(c.varint()?) } }
            }
            2 => life(&mut c, Life::Suspend)?,
            3 => life(&mut c, Life::Resume)?,
            4 => life(&mut c, Life::End)?,
            5 => Entry::Names { first: StoredName(u32_of(&mut c)?), count: u32_of(&mut c)?, digest: c.array()? },
            6 => Entry::FieldSet { digest: c.array()? },
            7 => {
                let batch = BatchId(c.varint()?);
                let destination = destination(&mut c)?;
                let (lane, purpose) = (c.u8()?, Purpose::from_number(c.u8()?).ok_or(bad)?);
                let generation = GenerationId(c.array()?);
                let retry_of = c.varint()?.checked_sub(1).map(BatchId);
                let offsets = offsets(&mut c)?;
                let rows = u32_of(&mut c)?;
                let (payload_digest, rows_root) = (c.array()?, c.array()?);
                let count = c.varint()?;
                let mut field_sets = Vec::new();
                for _ in 0..count {
                    field_sets.push(FieldSetId(c.array()?));
                }
                let intent = IntentEntry {
                    batch,
                    destination,
                    lane,
                    purpose,
                    generation,
                    retry_of,
                    offsets,
                    rows,
                    payload_digest,
                    rows_root,
                    field_sets,
                };
                Entry::Intent(intent)
            }
            8 => Entry::Attempt { batch: BatchId(c.varint()?), number: u32_of(&mut c)?, status: u16_of(&mut c)? },
            9 => {
                let (batch, status, code) = (BatchId(c.varint()?), u16_of(&mut c)?, c.u8()?);
                let name = StoredName(u32_of(&mut c)?);
                let result = match code {
                    0 => OutcomeEntry::Accepted,
                    1 => OutcomeEntry::Rejected(name),
                    2 => OutcomeEntry::Partial(c.array()?),
                    3 => OutcomeEntry::Unknown,
                    4 => OutcomeEntry::Returned,
                    _ => return Err(bad),
                };
                Entry::Outcome { batch, status, result }
            }
            10 => {
                let (destination, offsets) = (destination(&mut c)?, offsets(&mut c)?);
                let rule = Rule::from_number(c.u8()?).ok_or(bad)?;
                let count = c.varint()?;
                Entry::Range { destination, offsets, rule, count, passed: Passed::from_number(c.u8()?).ok_or(bad)? }
            }
            11 => {
                let actor = match c.u8()? {
                    0 => Actor::Weir,
                    1 => Actor::Local { uid: u32_of(&mut c)? },
                    2 => Actor::Token(c.array()?),
                    _ => return Err(bad),
                };
                let action = text(&mut c)?;
                let count = c.varint()?;
                if count > TARGETS_MAX {
                    return Err(bad);
                }
                let targets = (0..count).map(|_| Target::decode(&mut c)).collect::<Result<_, _>>()?;
                Entry::Act { actor, action, targets }
            }
            12 => Entry::Origin {
                origin: text(&mut c)?,
                old_origin: text(&mut c)?,
                old_size: c.varint()?,
                old_root: c.array()?,
                local: c.varint()?,
            },
            _ => return Err(bad),
        };
        // A leaf has one form only: what would not be written like this was not written by us.
        if !c.is_done() || entry.encode(at) != leaf { Err(WireError(c.position())) } else { Ok((at, entry)) }
    }
}

impl Target {
    fn encode(&self, out: &mut Vec<u8>) {
        let (kind, bytes): (u8, &[u8]) = match self {
            Target::Destination(id) => (0, id.as_str().as_bytes()),
            Target::Source(id) => (1, id.as_str().as_bytes()),
            Target::Event(id) => (2, &id.0),
            Target::Generation(id) => (3, &id.0),
            Target::Key(name) => (4, name.as_bytes()),
            Target::Digest(digest) => (5, digest),
            Target::Count(n) => (6, &n.to_le_bytes()),
        };
        out.push(kind);
        put_bytes(out, bytes);
    }

    fn decode(c: &mut Cursor<'_>) -> Result<Target, WireError> {
        let bad = WireError(c.position());
        let kind = c.u8()?;
        let bytes = c.bytes()?;
        let as_text = || std::str::from_utf8(bytes).map_err(|_| bad);
        Ok(match kind {
            0 => Target::Destination(DestinationId::parse(as_text()?).map_err(|_| bad)?),
            1 => Target::Source(SourceId::parse(as_text()?).map_err(|_| bad)?),
            2 => Target::Event(EventId(bytes.try_into().map_err(|_| bad)?)),
            3 => Target::Generation(GenerationId(bytes.try_into().map_err(|_| bad)?)),
            4 if bytes.len() <= TEXT_BYTES_MAX => Target::Key(as_text()?.to_owned()),
            5 => Target::Digest(bytes.try_into().map_err(|_| bad)?),
            6 => Target::Count(u64::from_le_bytes(bytes.try_into().map_err(|_| bad)?)),
            _ => return Err(bad),
        })
    }
}

/// Writes the results of a partial outcome as runs.
pub(crate) fn encode_results(results: &[EventResult]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in results.chunk_by(|a, b| a == b) {
        put_varint(&mut out, run.len() as u64);
        let code = match run[0] {
            EventResult::Accepted => 0,
            EventResult::Unknown => 1,
            EventResult::Returned => 2,
            EventResult::Rejected(reason) => 3 + u64::from(reason.0),
        };
        put_varint(&mut out, code);
    }
    out
}

/// Reads the runs of a partial outcome for a batch of `rows`: (length, result) of each.
pub fn decode_results(body: &[u8], rows: u32) -> Result<Vec<(u32, EventResult)>, WireError> {
    let mut c = Cursor::new(body);
    let mut runs = Vec::new();
    let mut left = rows;
    while !c.is_done() {
        let bad = WireError(c.position());
        let len = u32_of(&mut c)?;
        left = left.checked_sub(len).filter(|_| len > 0).ok_or(bad)?;
        let result = match c.varint()? {
            0 => EventResult::Accepted,
            1 => EventResult::Unknown,
            2 => EventResult::Returned,
            reason => EventResult::Rejected(StoredName(u32::try_from(reason - 3).map_err(|_| bad)?)),
        };
        runs.push((len, result));
    }
    if left == 0 { Ok(runs) } else { Err(WireError(c.position())) }
}

fn destination(c: &mut Cursor<'_>) -> Result<DestinationId, WireError> {
    let bad = WireError(c.position());
    DestinationId::parse(c.str()?).map_err(|_| bad)
}

fn offsets(c: &mut Cursor<'_>) -> Result<Vec<Range<Offset>>, WireError> {
    Ok(read_ranges(c)?.into_iter().map(|(start, end)| Offset(start)..Offset(end)).collect())
}

fn text(c: &mut Cursor<'_>) -> Result<String, WireError> {
    let bad = WireError(c.position());
    let text = c.str()?;
    if text.len() > TEXT_BYTES_MAX { Err(bad) } else { Ok(text.to_owned()) }
}

fn u32_of(c: &mut Cursor<'_>) -> Result<u32, WireError> {
    let bad = WireError(c.position());
    u32::try_from(c.varint()?).map_err(|_| bad)
}

fn u16_of(c: &mut Cursor<'_>) -> Result<u16, WireError> {
    let bad = WireError(c.position());
    u16::try_from(c.varint()?).map_err(|_| bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_comes_back_from_its_leaf() {
        let product = DestinationId::parse("product").unwrap();
        let offsets = vec![Offset(3)..Offset(7), Offset(9)..Offset(10)];
        let intent = IntentEntry {
            batch: BatchId(1),
            destination: product.clone(),
            lane: 2,
            purpose: Purpose::Deliver,
            generation: GenerationId([4; 8]),
            retry_of: Some(BatchId(0)),
            offsets: offsets.clone(),
            rows: 5,
            payload_digest: [1; 32],
            rows_root: [2; 32],
            field_sets: vec![FieldSetId([3; 16]); 2],
        };
        let targets = vec![
            Target::Destination(product.clone()),
            Target::Source(SourceId::parse("web").unwrap()),
            Target::Event(EventId([1; 16])),
            Target::Generation(GenerationId([2; 8])),
            Target::Key("epoch/product/7".to_owned()),
            Target::Digest([3; 32]),
            Target::Count(u64::MAX),
        ];
        let life = |change| Entry::Life { destination: product.clone(), change };
        let outcome = |result| Entry::Outcome { batch: BatchId(9), status: 200, result };
        let entries = [
            life(Life::Start { from: Offset(77) }),
            life(Life::Suspend),
            life(Life::Resume),
            life(Life::End),
            Entry::Names { first: StoredName(1), count: 3, digest: [7; 32] },
            Entry::FieldSet { digest: [8; 32] },
            Entry::Intent(intent),
            Entry::Attempt { batch: BatchId(1), number: 3, status: 503 },
            outcome(OutcomeEntry::Accepted),
            outcome(OutcomeEntry::Rejected(StoredName(5))),
            outcome(OutcomeEntry::Partial([6; 32])),
            outcome(OutcomeEntry::Unknown),
            outcome(OutcomeEntry::Returned),
            Entry::Range { destination: product.clone(), offsets, rule: Rule::TooOld, count: 4, passed: Passed::Held },
            Entry::Act { actor: Actor::Local { uid: 1000 }, action: "suspend".to_owned(), targets },
            Entry::Origin {
                origin: "a".to_owned(),
                old_origin: "b".to_owned(),
                old_size: 9,
                old_root: [1; 32],
                local: 3,
            },
        ];
        for entry in entries {
            let leaf = entry.encode(Millis(1_795_303_178_843));
            assert_eq!(Entry::decode(&leaf), Ok((Millis(1_795_303_178_843), entry)));
            for len in 0..leaf.len() {
                assert!(Entry::decode(&leaf[..len]).is_err());
            }
            assert!(Entry::decode(&[&leaf[..], &[0]].concat()).is_err());
        }
    }

    #[test]
    fn results_are_runs() {
        let rejected = EventResult::Rejected(StoredName(4));
        let results = [EventResult::Accepted, EventResult::Accepted, rejected, EventResult::Unknown];
        let body = encode_results(&results);
        assert_eq!(body.len(), 6);
        let runs = vec![(2, EventResult::Accepted), (1, rejected), (1, EventResult::Unknown)];
        assert_eq!(decode_results(&body, 4), Ok(runs));
        assert!(decode_results(&body, 3).is_err() && decode_results(&body, 5).is_err());
        let partial = OutcomeEntry::Partial(sha256(&body));
        assert_eq!(partial.results(4, &body), decode_results(&body, 4).map_err(|_| ""));
        assert_eq!(partial.results(4, &[]), Err("results that do not have their digest"));
        assert_eq!(partial.results(5, &body), Err("results that cannot be read"));
        assert_eq!(OutcomeEntry::Returned.results(4, &[]), Ok(vec![(4, EventResult::Returned)]));
    }
}
