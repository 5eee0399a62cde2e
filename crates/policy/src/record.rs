//! D9: the journal record, version 2. Version 1 is still read.
//!
//! Little-endian; *v* is an unsigned LEB128 number; *name* is a v that the dictionary of the record's own group explains (no
//! record depends on another group). A list is its length in bytes (v), then its items, so that a reader skips what it does not need.
//!
//! ```text
//! 2   format version, 2
//! 16  event id (D5)
//! 2   flags: 1 late (D4), 2 historical, 4 replayed from the hold, 8 sealed raw ids follow, 16 a list below was cut at its limit
//! 1   environment      1  protocol      1  operation      [1  unused, 0: version 1 only]
//! 2   region (two letters, 0 0 = unknown)                 1  how it is known
//! 8   received_at, Unix milliseconds
//! 8   event_time: what vendors are told, fixed here (D4)
//! 8   epoch_time (D4)
//! 8   generation (D16: configuration, plan, policy and destinations in one)
//! v   detector version
//! name source          name event          name slice
//! v   properties dropped because a key on the way is unclean
//! list offered:    name of each destination that it was offered to
//! list consents:   1 purpose, 1 byte: state in the two low bits, origin above; only what is known        (empty in version 1)
//! list tags:       1 kind, [name group type where kind is 3], 1 role, 1 shape (1 e-mail, 2 phone), 16 tag
//! list links:      1 kind, 1 place of the first tag, 1 place of the second
//! list findings:   name path, 1 category, 1 likelihood, 1 action; below *possible*: by what was learned of the path it is none
//! list near misses: name path, 1 category, v count
//! list withheld:   name path, 1 rule
//! list leaves:     name path, 1 kind, [v length, bytes where the kind has text]
//! [4  day of the key, v length, nonce ‖ AEAD(items: 1 place of the tag, v length, id), AAD "weir/raw/v1" ‖ event id]   where flag 8
//! ```
//!
//! Limits: a record is at most [`limits::EVENT_BYTES_MAX`] bytes; [`TAGS_MAX`] tags and links; [`FINDINGS_MAX`] findings, near
//! misses and withheld paths each. A record of a newer version is refused.

use weir_event::wire::{Cursor, WireError};
use weir_event::{
    Category, ConsentStates, Environment, EventId, GenerationId, LeafKind, Likelihood, Millis, NameId, Operation,
    Region, Role, Rule, SubjectKind, SubjectTag, limits,
};
use weir_journal::Group;

use crate::gate::{Action, RegionSource};

/// The version that this code writes, and the newest that it reads.
pub const VERSION: u16 = 2;
/// Tags of one record, and links of one record. Over it: contacts are still dropped, not tagged, and the flag says so.
pub const TAGS_MAX: usize = 64;
/// Findings, near misses and withheld paths of one record. Over it: values are still dropped, not listed, and the flag says so.
pub const FINDINGS_MAX: usize = 256;

pub(crate) const LATE: u16 = 1;
pub(crate) const HISTORICAL: u16 = 2;
pub(crate) const REPLAYED: u16 = 4;
pub(crate) const HAS_RAW: u16 = 8;
pub(crate) const CUT: u16 = 16;

/// A tag's raw id has the shape of an e-mail address.
pub const SHAPE_EMAIL: u8 = 1;
/// A tag's raw id has the shape of a phone number.
pub const SHAPE_PHONE: u8 = 2;

/// Why stored bytes are not a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// The group has no such record.
    #[error("the group holds no record of this number")]
    Absent,
    /// Written by a newer Weir.
    #[error("the record has format version {0}, this program reads up to {VERSION}: run the newer program")]
    Newer(u16),
    /// Cut short or malformed.
    #[error("a journal record is malformed at byte {0}: the record format or the journal is broken, please report it")]
    Malformed(usize),
}

impl From<WireError> for RecordError {
    fn from(error: WireError) -> RecordError {
        RecordError::Malformed(error.0)
    }
}

/// How two tags of a record belong together. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum LinkKind {
    /// A device and the user on it.
    DeviceUser = 1,
    /// An e-mail address of the subject's own: its id, or a property of its profile.
    EmailUser = 2,
    /// A phone number of the subject's own.
    PhoneUser = 3,
    /// A second id for the same person.
    Alias = 4,
    /// Two ids of the same person.
    Merge = 5,
    /// A contact detail that stood in an event of the subject: perhaps somebody else's (an invitation).
    Mentioned = 6,
}

impl LinkKind {
    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<LinkKind> {
        use LinkKind::{Alias, DeviceUser, EmailUser, Mentioned, Merge, PhoneUser};
        [DeviceUser, EmailUser, PhoneUser, Alias, Merge, Mentioned].into_iter().find(|k| *k as u8 == number)
    }
}

/// One tagged id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag {
    /// What sort of id.
    pub kind: SubjectKind,
    /// What it does in the event.
    pub role: Role,
    /// [`SHAPE_EMAIL`] and [`SHAPE_PHONE`]: whether sending the raw id needs a second fact (D8).
    pub shape: u8,
    /// The tag.
    pub tag: SubjectTag,
}

/// Two tags that belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// How.
    pub kind: LinkKind,
    /// The first: the device, the contact, the old id.
    pub from: Tag,
    /// The second: the user, the new id.
    pub to: Tag,
}

/// One finding as it travels with the event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FindingView {
    /// Where.
    pub path: NameId,
    /// What.
    pub category: Category,
    /// How sure.
    pub likelihood: Likelihood,
    /// What minimise did about it.
    pub action: Action,
}

/// One entry of the tape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LeafView<'g> {
    /// The path.
    pub path: NameId,
    /// What it is.
    pub kind: LeafKind,
    /// Its text; empty for kinds without one.
    pub text: &'g [u8],
}

/// How stored name numbers become this process's names.
#[derive(Clone, Copy)]
pub(crate) enum Remap<'g> {
    Group(&'g Group),
    Function(&'g dyn Fn(u32) -> NameId),
}

impl Remap<'_> {
    #[inline]
    fn name(self, stored: u64) -> NameId {
        let Ok(stored) = u32::try_from(stored) else { return NameId::UNNAMED };
        match self {
            Remap::Group(group) => group.name(stored),
            Remap::Function(f) => f(stored),
        }
    }
}

/// A record, read where it lies. The lists before the leaves are checked once; leaves are decoded as they are walked.
#[derive(Clone, Copy)]
pub struct RecordView<'g> {
    remap: Remap<'g>,
    head: Head,
    consents: ConsentStates,
    detector_version: u32,
    source: NameId,
    name: NameId,
    slice: NameId,
    unnamed: u64,
    offered: &'g [u8],
    tags: &'g [u8],
    links: &'g [u8],
    findings: &'g [u8],
    near_misses: &'g [u8],
    withheld: &'g [u8],
    leaves: &'g [u8],
    raw: Option<SealedRaw<'g>>,
}

/// What stands at the same place in every record.
#[derive(Clone, Copy)]
struct Head {
    event_id: EventId,
    flags: u16,
    environment: Environment,
    protocol: u8,
    operation: Operation,
    region: Region,
    region_source: RegionSource,
    received_at: Millis,
    event_time: Millis,
    epoch_time: Millis,
    generation: GenerationId,
}

impl Head {
    /// Its bytes behind the format version, but for the unused one of version 1.
    const BYTES: usize = 16 + 2 + 3 + 3 + 3 * 8 + size_of::<GenerationId>();

    /// Reads the front of a record: every field at its place, so that there is one question whether the bytes are there.
    #[inline]
    fn read(at: &mut Cursor<'_>) -> Result<Head, RecordError> {
        let version = u16::from_le_bytes(at.array()?);
        match version {
            VERSION => Head::of(at.take(Head::BYTES)?),
            1 => {
                let (before, unused, rest) = (at.take(21)?, at.u8()?, at.take(Head::BYTES - 21)?);
                if unused == 0 { Head::of(&[before, rest].concat()) } else { Err(RecordError::Malformed(23)) }
            }
            0 => Err(RecordError::Malformed(0)),
            newer => Err(RecordError::Newer(newer)),
        }
    }

    #[inline]
    fn of(bytes: &[u8]) -> Result<Head, RecordError> {
        let mut at = Cursor::new(bytes.first_chunk::<{ Head::BYTES }>().ok_or(RecordError::Malformed(2))?);
        let event_id = EventId(at.array()?);
        let flags = u16::from_le_bytes(at.array()?);
        let [environment, protocol, operation] = at.array()?;
        let environment = Environment::from_number(environment).ok_or(RecordError::Malformed(20))?;
        let operation = Operation::from_number(operation).ok_or(RecordError::Malformed(22))?;
        let region = match at.array()? {
            [0, 0] => Region::UNKNOWN,
            letters => {
                let region = std::str::from_utf8(&letters).ok().and_then(Region::parse);
                region.ok_or(RecordError::Malformed(24))?
            }
        };
        let region_source = RegionSource::from_number(at.u8()?).ok_or(RecordError::Malformed(25))?;
        let (received_at, event_time, epoch_time) = (Millis(at.i64()?), Millis(at.i64()?), Millis(at.i64()?));
        let generation = GenerationId(at.array()?);
        Ok(Head {
            event_id,
            flags,
            environment,
            protocol,
            operation,
            region,
            region_source,
            received_at,
            event_time,
            epoch_time,
            generation,
        })
    }
}

/// D8: raw ids, sealed under the day's key.
#[derive(Clone, Copy)]
pub(crate) struct SealedRaw<'g> {
    pub(crate) day: u32,
    pub(crate) sealed: &'g [u8],
}

impl<'g> RecordView<'g> {
    /// Reads record `index` of a group.
    pub fn parse(group: &'g Group, index: u32) -> Result<RecordView<'g>, RecordError> {
        let bytes = group.record(index).ok_or(RecordError::Absent)?;
        RecordView::read(bytes, Remap::Group(group))
    }

    /// Reads a record that lies elsewhere; `remap` turns its stored name numbers into this process's names.
    pub fn parse_bytes(bytes: &'g [u8], remap: &'g dyn Fn(u32) -> NameId) -> Result<RecordView<'g>, RecordError> {
        RecordView::read(bytes, Remap::Function(remap))
    }

    /// When a record of a group was received, and whether ids are linked in it: what stands behind the links is not looked at. For
    /// whoever looks for links alone, which most records do not have.
    pub fn glance(group: &Group, index: u32) -> Result<(Millis, bool), RecordError> {
        RecordView::glance_at(group.record(index).ok_or(RecordError::Absent)?)
    }

    pub(crate) fn glance_at(bytes: &[u8]) -> Result<(Millis, bool), RecordError> {
        let mut at = Cursor::new(bytes);
        let head = Head::read(&mut at)?;
        for _ in 0..5 {
            at.varint()?;
        }
        let (_offered, _consents, _tags, links) = (at.bytes()?, at.bytes()?, at.bytes()?, at.bytes()?);
        Ok((head.received_at, !links.is_empty()))
    }

    fn read(bytes: &'g [u8], remap: Remap<'g>) -> Result<RecordView<'g>, RecordError> {
        let mut at = Cursor::new(bytes);
        let head = Head::read(&mut at)?;
        let known = |at: &Cursor<'_>| RecordError::Malformed(at.position().saturating_sub(1));
        let detector_version = u32::try_from(at.varint()?).map_err(|_| known(&at))?;
        let (source, name, slice) = (remap.name(at.varint()?), remap.name(at.varint()?), remap.name(at.varint()?));
        let unnamed = at.varint()?;
        let offered = at.bytes()?;
        let mut consents = ConsentStates::UNKNOWN;
        let (pairs, []) = at.bytes()?.as_chunks::<2>() else { return Err(known(&at)) };
        if !pairs.iter().all(|pair| consents.read(*pair)) {
            return Err(known(&at));
        }
        let (tags, links) = (at.bytes()?, at.bytes()?);
        let (findings, near_misses, withheld) = (at.bytes()?, at.bytes()?, at.bytes()?);
        let leaves = at.bytes()?;
        let raw =
            if head.flags & HAS_RAW == 0 { None } else { Some(SealedRaw { day: at.u32()?, sealed: at.bytes()? }) };
        if !at.is_done() {
            return Err(RecordError::Malformed(at.position()));
        }
        let view = RecordView {
            remap,
            head,
            consents,
            detector_version,
            source,
            name,
            slice,
            unnamed,
            offered,
            tags,
            links,
            findings,
            near_misses,
            withheld,
            leaves,
            raw,
        };
        view.check_lists()?;
        Ok(view)
    }

    /// What the iterators below rely on: they end where an item does not read, and after this check that is only at the end.
    fn check_lists(&self) -> Result<(), RecordError> {
        fn all<T>(
            bytes: &[u8],
            mut item: impl FnMut(&mut Cursor<'_>) -> Result<T, WireError>,
        ) -> Result<usize, RecordError> {
            let (mut at, mut count) = (Cursor::new(bytes), 0);
            while !at.is_done() {
                item(&mut at)?;
                count += 1;
            }
            Ok(count)
        }
        all(self.offered, |at| at.varint())?;
        let tags = all(self.tags, |at| read_tag(at, self.remap))?;
        if tags > TAGS_MAX {
            return Err(RecordError::Malformed(0));
        }
        let mut places_ok = true;
        all(self.links, |at| {
            let [kind, from, to] = at.array()?;
            places_ok &= LinkKind::from_number(kind).is_some() && usize::from(from.max(to)) < tags;
            Ok(())
        })?;
        all(self.findings, |at| read_finding(at, |_| NameId::UNNAMED))?;
        all(self.near_misses, |at| read_near_miss(at, self.remap))?;
        all(self.withheld, |at| read_withheld(at, |_| NameId::UNNAMED))?;
        if places_ok { Ok(()) } else { Err(RecordError::Malformed(0)) }
    }

    /// The event id (D5).
    pub fn event_id(&self) -> EventId {
        self.head.event_id
    }

    /// When the request was received.
    pub fn received_at(&self) -> Millis {
        self.head.received_at
    }

    /// The event's time as vendors are told it.
    pub fn event_time(&self) -> Millis {
        self.head.event_time
    }

    /// The time that decides the epoch (D4).
    pub fn epoch_time(&self) -> Millis {
        self.head.epoch_time
    }

    /// Whether the client's timestamp was older than 48 hours (D4).
    pub fn late(&self) -> bool {
        self.head.flags & LATE != 0
    }

    /// Whether it came through the vendor's import of old data.
    pub fn historical(&self) -> bool {
        self.head.flags & HISTORICAL != 0
    }

    /// Whether it came back from the hold.
    pub fn replayed(&self) -> bool {
        self.head.flags & REPLAYED != 0
    }

    /// Whether a list was cut at its limit.
    pub fn lists_were_cut(&self) -> bool {
        self.head.flags & CUT != 0
    }

    /// The environment.
    pub fn environment(&self) -> Environment {
        self.head.environment
    }

    /// The stored number of the protocol it came in by.
    pub fn protocol(&self) -> u8 {
        self.head.protocol
    }

    /// What it does.
    pub fn operation(&self) -> Operation {
        self.head.operation
    }

    /// What is known of consent, by purpose.
    pub fn consents(&self) -> ConsentStates {
        self.consents
    }

    /// The country.
    pub fn region(&self) -> Region {
        self.head.region
    }

    /// How the country is known.
    pub fn region_source(&self) -> RegionSource {
        self.head.region_source
    }

    /// The generation that minimised it.
    pub fn generation(&self) -> GenerationId {
        self.head.generation
    }

    /// The detectors that saw it.
    pub fn detector_version(&self) -> u32 {
        self.detector_version
    }

    /// The label of the source.
    pub fn source(&self) -> NameId {
        self.source
    }

    /// The event name.
    pub fn name(&self) -> NameId {
        self.name
    }

    /// The slice (D13).
    pub fn slice(&self) -> NameId {
        self.slice
    }

    /// Properties dropped because a key is unclean (D1).
    pub fn unnamed(&self) -> u64 {
        self.unnamed
    }

    /// Whether raw ids are kept with it (D8).
    pub fn has_raw_ids(&self) -> bool {
        self.raw.is_some()
    }

    pub(crate) fn raw(&self) -> Option<SealedRaw<'g>> {
        self.raw
    }

    /// The labels of the destinations that it was offered to.
    pub fn offered(&self) -> impl Iterator<Item = NameId> + use<'g> {
        let remap = self.remap;
        Items { at: Cursor::new(self.offered), read: move |at: &mut Cursor<'g>| Ok(remap.name(at.varint()?)) }
    }

    /// The tagged ids.
    pub fn tags(&self) -> impl Iterator<Item = Tag> + use<'g> {
        let remap = self.remap;
        Items { at: Cursor::new(self.tags), read: move |at: &mut Cursor<'g>| read_tag(at, remap) }
    }

    /// Whom the event is about: the user's tag, else the device's; `None` where it is about nobody.
    pub fn subject(&self) -> Option<SubjectTag> {
        let tags: Vec<Tag> = self.tags().collect();
        crate::minimise::identities::subject_place(&tags).map(|place| tags[place].tag)
    }

    /// Which tags belong together (D6).
    pub fn links(&self) -> impl Iterator<Item = Link> + use<'g> {
        let view = *self;
        let items = Items { at: Cursor::new(self.links), read: |at: &mut Cursor<'g>| at.array::<3>() };
        items.filter_map(move |[kind, from, to]| {
            Some(Link {
                kind: LinkKind::from_number(kind)?,
                from: view.tags().nth(usize::from(from))?,
                to: view.tags().nth(usize::from(to))?,
            })
        })
    }

    /// What was found, and what minimise did about it.
    pub fn findings(&self) -> impl Iterator<Item = FindingView> + use<'g> {
        self.all_findings().filter(|finding| finding.likelihood >= Likelihood::Possible)
    }

    /// What has the form of a class and passes its check, and is none by what was learned of its path: for the catalog, which goes on
    /// learning.
    pub fn passes_by_chance(&self) -> impl Iterator<Item = FindingView> + use<'g> {
        self.all_findings().filter(|finding| finding.likelihood < Likelihood::Possible)
    }

    fn all_findings(&self) -> impl Iterator<Item = FindingView> + use<'g> {
        let remap = self.remap;
        Items {
            at: Cursor::new(self.findings),
            read: move |at: &mut Cursor<'g>| read_finding(at, |stored| remap.name(stored)),
        }
    }

    /// What was nearly found: path, category, count.
    pub fn near_misses(&self) -> impl Iterator<Item = (NameId, Category, u64)> + use<'g> {
        let remap = self.remap;
        Items { at: Cursor::new(self.near_misses), read: move |at: &mut Cursor<'g>| read_near_miss(at, remap) }
    }

    /// The paths whose values did not make it into the record.
    pub fn withheld(&self) -> impl Iterator<Item = (NameId, Rule)> + use<'g> {
        let remap = self.remap;
        Items {
            at: Cursor::new(self.withheld),
            read: move |at: &mut Cursor<'g>| read_withheld(at, |stored| remap.name(stored)),
        }
    }

    /// The tape. Ends after the first error.
    pub fn leaves(&self) -> Leaves<'g> {
        Leaves { at: Cursor::new(self.leaves), remap: self.remap, last: (u64::MAX, NameId::UNNAMED) }
    }

    /// Bytes of the tape, for capacity.
    pub(crate) fn leaves_bytes(&self) -> usize {
        self.leaves.len()
    }
}

/// Counts and times only: leaves are event content.
impl std::fmt::Debug for RecordView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordView")
            .field("event_id", &self.head.event_id)
            .field("received_at", &self.head.received_at)
            .finish_non_exhaustive()
    }
}

/// The tape of a record that is being written, whose names are this process's own.
pub(crate) fn tape(leaves: &[u8]) -> Leaves<'_> {
    Leaves { at: Cursor::new(leaves), remap: Remap::Function(&NameId), last: (u64::MAX, NameId::UNNAMED) }
}

/// Walks the tape of a record.
#[derive(Clone)]
pub struct Leaves<'g> {
    at: Cursor<'g>,
    remap: Remap<'g>,
    last: (u64, NameId),
}

impl<'g> Iterator for Leaves<'g> {
    type Item = Result<LeafView<'g>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at.is_done() {
            return None;
        }
        let leaf = self.read();
        if leaf.is_err() {
            self.at = Cursor::new(&[]);
        }
        Some(leaf)
    }
}

impl<'g> Leaves<'g> {
    /// In place: two readers walk over all leaves of all events, and a call for each costs as much as reading it.
    #[inline(always)]
    fn read(&mut self) -> Result<LeafView<'g>, RecordError> {
        let stored = self.at.varint()?;
        if self.last.0 != stored {
            self.last = (stored, self.remap.name(stored));
        }
        let kind = LeafKind::from_number(self.at.u8()?).ok_or(RecordError::Malformed(self.at.position()))?;
        let text = if kind.has_text() { self.at.bytes()? } else { &[] };
        Ok(LeafView { path: self.last.1, kind, text })
    }
}

struct Items<'g, F> {
    at: Cursor<'g>,
    read: F,
}

impl<'g, T, F: FnMut(&mut Cursor<'g>) -> Result<T, WireError>> Iterator for Items<'g, F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.at.is_done() { None } else { (self.read)(&mut self.at).ok() }
    }
}

fn read_tag(at: &mut Cursor<'_>, remap: Remap<'_>) -> Result<Tag, WireError> {
    let bad = WireError(at.position());
    let kind = match at.u8()? {
        1 => SubjectKind::User,
        2 => SubjectKind::Device,
        3 => SubjectKind::Group(remap.name(at.varint()?)),
        4 => SubjectKind::Email,
        5 => SubjectKind::Phone,
        _ => return Err(bad),
    };
    let role = Role::from_number(at.u8()?).ok_or(bad)?;
    Ok(Tag { kind, role, shape: at.u8()?, tag: SubjectTag(at.array()?) })
}

#[inline]
fn read_finding(at: &mut Cursor<'_>, name: impl FnOnce(u64) -> NameId) -> Result<FindingView, WireError> {
    let bad = WireError(at.position());
    let path = name(at.varint()?);
    let [category, likelihood, action] = at.array()?;
    Ok(FindingView {
        path,
        category: Category::from_number(category).ok_or(bad)?,
        likelihood: Likelihood::from_number(likelihood).ok_or(bad)?,
        action: Action::from_number(action).ok_or(bad)?,
    })
}

fn read_near_miss(at: &mut Cursor<'_>, remap: Remap<'_>) -> Result<(NameId, Category, u64), WireError> {
    let bad = WireError(at.position());
    Ok((remap.name(at.varint()?), Category::from_number(at.u8()?).ok_or(bad)?, at.varint()?))
}

#[inline]
fn read_withheld(at: &mut Cursor<'_>, name: impl FnOnce(u64) -> NameId) -> Result<(NameId, Rule), WireError> {
    let bad = WireError(at.position());
    Ok((name(at.varint()?), Rule::from_number(at.u8()?).ok_or(bad)?))
}

/// The limit that the header names, so that the documentation above cannot drift from it.
pub const RECORD_BYTES_MAX: usize = limits::EVENT_BYTES_MAX;
