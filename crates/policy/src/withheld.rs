//! D10: an event that could not be minimised, on its way to the raw hold; and the way back.
//!
//! The body is the draft itself, raw texts included. It exists only to be sealed to the hold key, which the gateway cannot open.
//! Names come back through the source's own table, key by key, so that a replay is judged by today's rules.
//!
//! ```text
//! 2  format version, 2 (1 ends before the consents, and is still read)
//! 1  operation       1  flags: 1 historical, 2 SDK id, 4 client time, 8 the name is one of ours or was clean
//! v length, name as sent;      [v length, name as interned]   where flag 8
//! [v length, SDK id]           [8 client time, little-endian]
//! v  properties dropped in decoding
//! v  identities: 1 kind, [v length, group type where kind is 3], 1 role, v length, id
//! v  paths: v parent (0 unclean, 1 event, 2 profile, 3 context, 4 group, 5… the paths before), 1 folded, v length, key
//! v  leaves: v path (as parent), 1 kind, [v length, bytes]
//! v  length of the consents: 1 purpose, 1 byte as in the journal record; what the request's head said
//! ```
//!
//! Limits: [`limits::HOLD_BODY_BYTES_MAX`]; a larger body is not kept, only the skeleton. [`PATHS_MAX`] paths; with more a body
//! does not read, as its event had more leaves than the gate takes.

use std::collections::HashMap;
use std::fmt;

use weir_event::draft::Leaf;
use weir_event::names::NameKind;
use weir_event::wire::{self, Cursor, WireError};
use weir_event::{
    ConsentStates, Draft, DraftBatch, EventId, Identity, LeafKind, Millis, NameId, Names, Operation, Role, Rule,
    SourceId, SourceNames, SubjectKind, Text, limits,
};

use crate::gate::Gate;
use crate::minimise::moments::{corrected, in_milliseconds};

/// The version that this code writes, and the newest that it reads.
pub const VERSION: u16 = 2;

/// Paths of one body: each leaf of an event may have one of its own, and as many again above it.
pub const PATHS_MAX: u64 = 2 * limits::EVENT_LEAVES_MAX as u64;

/// An event that could not be minimised. Only [`crate::Minimiser`] makes one (D2).
///
/// ```compile_fail,E0451
/// fn forge(w: weir_policy::Withheld) -> weir_policy::Withheld {
///     weir_policy::Withheld { body: b"anything".to_vec(), ..w }
/// }
/// ```
pub struct Withheld {
    event_id: EventId,
    source: SourceId,
    reason: Rule,
    stage: &'static str,
    received_at: Millis,
    epoch_time: Millis,
    body: Vec<u8>,
}

impl Withheld {
    #[expect(clippy::too_many_arguments, reason = "called in one place")]
    pub(crate) fn new(
        gate: &Gate<'_>,
        names: &Names,
        batch: &DraftBatch,
        draft: &Draft,
        event_id: EventId,
        reason: Rule,
        stage: &'static str,
        epoch_time: Millis,
    ) -> Withheld {
        let client_time =
            draft.client_time.map(|time| corrected(in_milliseconds(time), draft.sent_at, gate.received_at));
        let mut consents = gate.consent.request();
        consents.merge(batch.consent);
        let mut body = encode(names, batch, draft, client_time, consents);
        if body.len() > limits::HOLD_BODY_BYTES_MAX {
            body = Vec::new();
        }
        Withheld {
            event_id,
            source: gate.source.id.clone(),
            reason,
            stage,
            received_at: gate.received_at,
            epoch_time,
            body,
        }
    }

    /// The event id: the same at a replay.
    pub fn event_id(&self) -> EventId {
        self.event_id
    }

    /// The source.
    pub fn source(&self) -> &SourceId {
        &self.source
    }

    /// Why.
    pub fn reason(&self) -> Rule {
        self.reason
    }

    /// Which stage.
    pub fn stage(&self) -> &'static str {
        self.stage
    }

    /// When the request was received.
    pub fn received_at(&self) -> Millis {
        self.received_at
    }

    /// The epoch time, fixed at the first try (D4).
    pub fn epoch_time(&self) -> Millis {
        self.epoch_time
    }

    /// The body, for sealing to the hold key and nothing else; empty where it was over the limit.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// Ids and codes only: the body is event content.
impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Withheld")
            .field("event_id", &self.event_id)
            .field("source", &self.source)
            .field("reason", &self.reason)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// A withheld event that the operator opened with the hold key, on its way back to the gate. It proves nothing: the gate treats it
/// as it treats any draft.
pub struct Opened {
    source: SourceId,
    event_id: EventId,
    received_at: Millis,
    epoch_time: Millis,
    body: Vec<u8>,
}

impl Opened {
    /// What the hold's entry says, and the opened body.
    pub fn new(source: SourceId, event_id: EventId, received_at: Millis, epoch_time: Millis, body: Vec<u8>) -> Opened {
        Opened { source, event_id, received_at, epoch_time, body }
    }

    /// The source.
    pub fn source(&self) -> &SourceId {
        &self.source
    }

    /// The event id, as at the first try.
    pub fn event_id(&self) -> EventId {
        self.event_id
    }

    /// When it was received.
    pub fn received_at(&self) -> Millis {
        self.received_at
    }

    /// The draft, the event id and the epoch time, for the gate's `replay_of`.
    pub fn drafts(&self, source: &SourceNames) -> Result<(DraftBatch, EventId, Millis), WireError> {
        Ok((decode(&self.body, source)?, self.event_id, self.epoch_time))
    }
}

/// Ids only.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("source", &self.source).field("event_id", &self.event_id).finish_non_exhaustive()
    }
}

fn encode(
    names: &Names,
    batch: &DraftBatch,
    draft: &Draft,
    client_time: Option<Millis>,
    consents: ConsentStates,
) -> Vec<u8> {
    let mut out = VERSION.to_le_bytes().to_vec();
    let named = draft.name != NameId::UNNAMED;
    let flags = u8::from(draft.historical)
        | u8::from(draft.sdk_id.is_some()) << 1
        | u8::from(client_time.is_some()) << 2
        | u8::from(named) << 3;
    out.extend_from_slice(&[draft.operation.number(), flags]);
    wire::put_bytes(&mut out, batch.bytes(draft.name_text));
    if named {
        wire::put_bytes(&mut out, names.text(draft.name).as_bytes());
    }
    if let Some(id) = draft.sdk_id {
        wire::put_bytes(&mut out, batch.bytes(id));
    }
    if let Some(time) = client_time {
        out.extend_from_slice(&time.0.to_le_bytes());
    }
    wire::put_varint(&mut out, u64::from(draft.unnamed));
    wire::put_varint(&mut out, draft.identities.len() as u64);
    for identity in &draft.identities {
        out.push(identity.kind.number());
        if let SubjectKind::Group(group_type) = identity.kind {
            let entry = names.entry(group_type);
            out.push(entry.kind as u8);
            wire::put_bytes(&mut out, entry.text.as_bytes());
        }
        out.push(identity.role as u8);
        wire::put_bytes(&mut out, batch.bytes(identity.text));
    }
    let tape = batch.tape(draft);
    let mut paths = PathWriter::default();
    for leaf in tape {
        paths.number(names, leaf.path);
    }
    wire::put_varint(&mut out, paths.count);
    out.extend_from_slice(&paths.bytes);
    wire::put_varint(&mut out, tape.len() as u64);
    for leaf in tape {
        wire::put_varint(&mut out, paths.number(names, leaf.path));
        out.push(leaf.kind as u8);
        if leaf.kind.has_text() {
            wire::put_bytes(&mut out, batch.bytes(leaf.text));
        }
    }
    wire::put_bytes(&mut out, &consents.known().flatten().collect::<Vec<u8>>());
    out
}

/// Roots come first in the numbering, in the order of their reserved ids.
const ROOTS: [NameId; 5] =
    [NameId::UNNAMED, NameId::EVENT_ROOT, NameId::PROFILE_ROOT, NameId::CONTEXT_ROOT, NameId::GROUP_ROOT];

#[derive(Default)]
struct PathWriter {
    numbers: HashMap<NameId, u64>,
    count: u64,
    bytes: Vec<u8>,
}

impl PathWriter {
    fn number(&mut self, names: &Names, path: NameId) -> u64 {
        if let Some(root) = ROOTS.iter().position(|r| *r == path) {
            return root as u64;
        }
        if let Some(number) = self.numbers.get(&path) {
            return *number;
        }
        let entry = names.entry(path);
        let parent = self.number(names, entry.parent);
        wire::put_varint(&mut self.bytes, parent);
        self.bytes.push(u8::from(entry.folded));
        wire::put_bytes(&mut self.bytes, entry.key.as_bytes());
        let number = ROOTS.len() as u64 + self.count;
        self.count += 1;
        self.numbers.insert(path, number);
        number
    }
}

/// Reads a body back into a batch of one draft, which enters at the gate again. The bytes come from the hold, through the
/// operator's hands: they are checked like any input.
pub fn decode(body: &[u8], source: &SourceNames) -> Result<DraftBatch, WireError> {
    let mut at = Cursor::new(body);
    let bad = |at: &Cursor<'_>| WireError(at.position());
    let version = u16::from_le_bytes(at.array()?);
    if !(1..=VERSION).contains(&version) || body.len() > limits::HOLD_BODY_BYTES_MAX {
        return Err(WireError(0));
    }
    let mut batch = DraftBatch::default();
    let mut put = |bytes: &[u8]| {
        // A body is far below 4 GiB, so offsets fit.
        let text = Text { start: batch.text.len() as u32, len: bytes.len() as u32 };
        batch.text.extend_from_slice(bytes);
        text
    };
    let operation = Operation::from_number(at.u8()?).ok_or_else(|| bad(&at))?;
    let flags = at.u8()?;
    let sent = at.str()?;
    let name_text = put(sent.as_bytes());
    let name = source.event(if flags & 8 == 0 { sent } else { at.str()? });
    let sdk_id = if flags & 2 == 0 { None } else { Some(put(at.bytes()?)) };
    let client_time = if flags & 4 == 0 { None } else { Some(Millis(at.i64()?)) };
    let unnamed = u32::try_from(at.varint()?).map_err(|_| bad(&at))?;
    let mut identities = Vec::new();
    for _ in 0..at.varint()? {
        let kind = match at.u8()? {
            1 => SubjectKind::User,
            2 => SubjectKind::Device,
            3 => {
                let kind = NameKind::from_number(at.u8()?).ok_or_else(|| bad(&at))?;
                SubjectKind::Group(source.names().restore(kind, at.str()?).ok_or_else(|| bad(&at))?)
            }
            4 => SubjectKind::Email,
            5 => SubjectKind::Phone,
            _ => return Err(bad(&at)),
        };
        let role = Role::from_number(at.u8()?).ok_or_else(|| bad(&at))?;
        identities.push(Identity { kind, role, text: put(at.str()?.as_bytes()) });
    }
    let mut paths = ROOTS.to_vec();
    let count = at.varint()?;
    if count > PATHS_MAX {
        // Names are never freed: what is put into the table is bounded before it is.
        return Err(bad(&at));
    }
    for _ in 0..count {
        let parent = path_at(&paths, at.varint()?).ok_or_else(|| bad(&at))?;
        let folded = at.u8()? != 0;
        let key = at.str()?;
        paths.push(if folded { source.element(parent) } else { source.path(parent, key).0 });
    }
    let mut leaves = Vec::new();
    for _ in 0..at.varint()? {
        let path = path_at(&paths, at.varint()?).ok_or_else(|| bad(&at))?;
        let kind = LeafKind::from_number(at.u8()?).ok_or_else(|| bad(&at))?;
        let text = if kind.has_text() { put(at.str()?.as_bytes()) } else { Text::default() };
        leaves.push(Leaf { path, kind, text });
    }
    if version > 1 {
        let (pairs, []) = at.bytes()?.as_chunks::<2>() else { return Err(bad(&at)) };
        if !pairs.iter().all(|pair| batch.consent.read(*pair)) {
            return Err(bad(&at));
        }
    }
    if !at.is_done() {
        return Err(bad(&at));
    }
    let count = u32::try_from(leaves.len()).map_err(|_| WireError(0))?;
    batch.leaves = leaves;
    batch.drafts.push(Draft {
        operation,
        name,
        name_text,
        identities,
        sdk_id,
        client_time,
        sent_at: None, // the stored time is corrected already
        historical: flags & 1 != 0,
        leaves: 0..count,
        unnamed,
        fault: None,
    });
    Ok(batch)
}

fn path_at(paths: &[NameId], number: u64) -> Option<NameId> {
    paths.get(usize::try_from(number).ok()?).copied()
}
