//! Released events to Segment's and RudderStack's requests, and what their answers mean.
//!
//! One lane, `POST /v1/batch` with the write key as the user of Basic authentication. What becomes of an event:
//!
//! | canonical | message |
//! |---|---|
//! | Track | `track` |
//! | Page, Screen | `page`, `screen`; the properties `name` and `category` are its name too, `context.page` is said again among its properties |
//! | Identify | `identify` with both ids; `alias` where the id before is a user's too |
//! | Alias | `alias` |
//! | Merge | `merge` at RudderStack; `alias` at Segment, which has no other word for it |
//! | Join | `group` |
//! | Profile(Set), Group(Set) | `identify`, `group` with `traits` |
//! | Profile(Unset), Group(Unset) | the same, each trait `null` |
//! | every other profile operation | no equivalent: traits are overwritten and nothing else |
//!
//! A user is `userId`, a device `anonymousId`; who is nobody has an `anonymousId` of this event alone, since both vendors refuse a
//! message without either. Groups have no types here: the first group of an event is `context.groupId`, further ones and their
//! types are lost. Traits beside an event are `context.traits`. Nobody is placed by our own address: `context.ip` is `0.0.0.0`, as
//! Segment documents it, and the gate's country is `context.location.country` (D18). `sentAt` is left out: with it both vendors
//! would correct a time that the gate has corrected already (D4). `messageId` is the insert id (D5).
//!
//! Limits by Segment's documentation (HTTP API); where it could be read either way, the smaller number. RudderStack's server takes
//! larger requests; its events have the limit of the batch.

use std::time::Duration;

use weir_event::{LeafKind, Millis, NameId, Names, Operation, ProfileOp, Role, Rule, SubjectKind};
use weir_policy::release::{ReleasedIdentity, ReleasedLeaf};
use weir_policy::{Released, ReleasedId};

use crate::body::base64;
use crate::outbound::{Building, DestinationSetup, Encoded, Encoder, Lane, LaneLimits, SetupError, Verdict};
use crate::vendors::segment::{Dialect, names};
use crate::vendors::{Repeat, RepeatEffect};
use crate::writing::{
    Objects, PathTable, TapeKeys, as_key, bytes_written, group_of, put_bare_id, put_field, put_key, put_scalar,
    put_string, put_tape, put_unset,
};

/// (Region, base address) of Segment. Source: its documentation of regional ingestion.
pub const ENDPOINTS: &[(&str, &str)] =
    &[("us", "https://api.segment.io"), ("eu", "https://events.eu1.segmentapis.com")];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Ignored,
    within_millis: Some(Millis::DAY),
    source: "Segment, HTTP API: a messageId that was seen in the last 24 hours is not taken again",
};

/// Every message.
pub const BATCH: Lane = Lane { number: 1, name: "batch" };
const LANES: &[Lane] = &[BATCH];

/// Messages of one request.
const EVENTS_MAX: usize = 2_500;
/// Bytes of one request, uncompressed: "500 KB".
const BYTES_MAX: usize = 500_000;
/// Bytes of one of Segment's messages: "32 KB".
const EVENT_BYTES_MAX: usize = 32_000;
/// Keys of `context` that are written by us, or that would be read as something else.
const RESERVED: &[&str] = &["ip", "traits", "groupId", "externalIds"];

/// Makes Segment's encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    Ok(Box::new(SegmentEncoder::new(Dialect::Segment, setup)?))
}

/// Makes RudderStack's.
pub(in crate::vendors) fn rudderstack(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    Ok(Box::new(SegmentEncoder::new(Dialect::RudderStack, setup)?))
}

/// The outbound format of both.
struct SegmentEncoder {
    dialect: Dialect,
    authorization: String,
    gzip_from_bytes: Option<usize>,
    keys: Keys,
    scratch: Vec<u8>,
    body_bytes_last: usize,
}

/// What a message says, by the type that the vendors know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Track,
    Page,
    Screen,
    Identify,
    Group,
    Alias,
    Merge,
}

impl Message {
    fn word(self) -> &'static str {
        match self {
            Message::Track => "track",
            Message::Page => "page",
            Message::Screen => "screen",
            Message::Identify => "identify",
            Message::Group => "group",
            Message::Alias => "alias",
            Message::Merge => "merge",
        }
    }
}

impl SegmentEncoder {
    fn new(dialect: Dialect, setup: DestinationSetup) -> Result<SegmentEncoder, SetupError> {
        let key = setup.token.reveal();
        // A colon would end the user of Basic authentication.
        let is_plain = |b: u8| b.is_ascii_graphic() && b != b':';
        if !(1..=256).contains(&key.len()) || !key.bytes().all(is_plain) {
            return Err(SetupError::BadToken);
        }
        Ok(SegmentEncoder {
            dialect,
            authorization: format!("Basic {}", base64::encode(format!("{key}:").as_bytes())),
            gzip_from_bytes: setup.gzip_from_bytes,
            keys: Keys { paths: PathTable::new(&setup.names), objects: Objects::default() },
            scratch: Vec::new(),
            body_bytes_last: 0,
        })
    }

    /// The message that says what the event does, or the rule by which none does.
    fn message_of(&self, event: &Released<'_>) -> Result<Message, Rule> {
        let person = Person::of(event);
        Ok(match event.operation() {
            Operation::Track => Message::Track,
            Operation::Page => Message::Page,
            Operation::Screen => Message::Screen,
            Operation::Identify => match (person.user, event_id(event, Role::Previous)) {
                (Some(_), Some(ReleasedIdentity { kind: SubjectKind::User, .. })) => Message::Alias,
                _ => Message::Identify,
            },
            Operation::Alias => Message::Alias,
            Operation::Merge if self.dialect == Dialect::RudderStack => Message::Merge,
            Operation::Merge => Message::Alias,
            // A profile of nobody is no profile.
            Operation::Profile(_) | Operation::Join if person.is_nobody() => return Err(Rule::NoEquivalent),
            Operation::Join | Operation::Group(_) if group_of(event).is_none() => return Err(Rule::NoEquivalent),
            Operation::Join => Message::Group,
            Operation::Profile(ProfileOp::Set | ProfileOp::Unset) => Message::Identify,
            Operation::Group(ProfileOp::Set | ProfileOp::Unset) => Message::Group,
            Operation::Profile(_) | Operation::Group(_) => return Err(Rule::NoEquivalent),
        })
    }

    fn put(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        // `lane_of` has refused what has no message; a track without a name is refused by the vendor, not misread.
        let message = self.message_of(event).unwrap_or(Message::Track);
        let found = self.survey(event.leaves());
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(message.word().as_bytes());
        out.extend_from_slice(b"\",\"messageId\":\"");
        out.extend_from_slice(&event.insert_id().to_text());
        out.push(b'"');
        let time = event.time().to_rfc3339();
        put_field(out, "timestamp", &time);
        if self.dialect == Dialect::RudderStack {
            put_field(out, "originalTimestamp", &time);
        }
        put_ids(event, message, out);
        match message {
            Message::Track => {
                put_field(out, "event", event.name());
                self.put_section(event, "properties", Section::PROPERTIES, false, out);
            }
            Message::Page | Message::Screen => {
                for (key, leaf) in [("name", found.name), ("category", found.category)] {
                    if let Some(leaf) = leaf.and_then(|at| event.leaves().get(at)) {
                        put_key(out, key);
                        put_scalar(out, leaf);
                    }
                }
                self.put_section(event, "properties", Section::PROPERTIES, message == Message::Page, out);
            }
            Message::Identify | Message::Group => {
                let section = if message == Message::Group { Section::GROUP_TRAITS } else { Section::TRAITS };
                match event.operation() {
                    Operation::Profile(ProfileOp::Unset) | Operation::Group(ProfileOp::Unset) => {
                        self.put_unset(event, section, out);
                    }
                    Operation::Profile(_) | Operation::Group(_) => {
                        self.put_section(event, "traits", section, false, out);
                    }
                    _ => {}
                }
            }
            Message::Alias | Message::Merge => {}
        }
        self.put_context(event, message, found.sections, out);
        if found.sections & Section::ENVELOPE.bit() != 0 {
            put_tape(out, event.leaves(), &mut self.keys.tape(Section::ENVELOPE), true);
        }
        out.push(b'}');
    }

    /// Which sections have leaves, and where the name of a page is.
    fn survey(&mut self, leaves: &[ReleasedLeaf<'_>]) -> Found {
        let mut found = Found::default();
        let mut depth = 0_u32;
        for (at, leaf) in leaves.iter().enumerate() {
            match leaf.kind() {
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => {
                    depth = depth.saturating_sub(1);
                    continue;
                }
                LeafKind::MapKey => continue,
                _ => {}
            }
            if depth == 0 {
                let key = self.keys.of(leaf.path());
                found.sections |= key.section.bit();
                match key.role {
                    KeyRole::Name if leaf.kind().has_text() => found.name = Some(at),
                    KeyRole::Category if leaf.kind().has_text() => found.category = Some(at),
                    _ => {}
                }
            }
            depth += u32::from(matches!(leaf.kind(), LeafKind::ObjectBegin | LeafKind::ArrayBegin));
        }
        found
    }

    fn put_section(&mut self, event: &Released<'_>, key: &str, section: Section, is_page: bool, out: &mut Vec<u8>) {
        put_key(out, key);
        out.push(b'{');
        put_tape(out, event.leaves(), &mut Tape { keys: &mut self.keys, section, is_page }, false);
        out.push(b'}');
    }

    /// Traits to be forgotten: their paths with `null`, whatever the leaf.
    fn put_unset(&mut self, event: &Released<'_>, section: Section, out: &mut Vec<u8>) {
        put_key(out, "traits");
        out.push(b'{');
        put_unset(out, event.leaves(), &mut self.keys.tape(section), b"null");
        out.push(b'}');
    }

    fn put_context(&mut self, event: &Released<'_>, message: Message, sections: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"context\":{\"ip\":\"0.0.0.0\"");
        if message != Message::Group
            && let Some((_, id)) = group_of(event)
        {
            put_key(out, "groupId");
            put_bare_id(out, id);
        }
        put_tape(out, event.leaves(), &mut self.keys.tape(Section::CONTEXT), true);
        for place in 0..self.keys.objects.len() {
            let section = Section(Section::OBJECT + place);
            if sections & section.bit() != 0 {
                out.push(b',');
                out.extend_from_slice(self.keys.objects.key(place));
                out.push(b'{');
                put_tape(out, event.leaves(), &mut self.keys.tape(section), false);
                out.push(b'}');
            }
        }
        let is_own = matches!(event.operation(), Operation::Profile(_));
        if !is_own && sections & Section::TRAITS.bit() != 0 {
            self.put_section(event, "traits", Section::TRAITS, false, out);
        }
        out.push(b'}');
    }

    fn event_bytes_max(&self) -> usize {
        if self.dialect == Dialect::Segment { EVENT_BYTES_MAX } else { BYTES_MAX - 16 }
    }

    /// What a message has at most: escaping makes six bytes of one, and what a page says is said twice.
    fn bytes_at_most(&mut self, event: &Released<'_>) -> usize {
        let leaves =
            event.leaves().iter().map(|leaf| 2 * (6 * leaf.bytes().len() + self.keys.of(leaf.path()).text.len() + 8));
        let ids = event.ids().iter().map(|id| match &id.id {
            ReleasedId::Raw { text, .. } => 6 * text.len() + 64,
            _ => 100,
        });
        leaves.sum::<usize>() + ids.sum::<usize>() + 2_048
    }
}

impl Encoder for SegmentEncoder {
    fn lane_of(&mut self, event: &Released<'_>, _now: Millis) -> Result<Lane, Rule> {
        self.message_of(event)?;
        if self.bytes_at_most(event) > self.event_bytes_max() {
            let bytes = bytes_written(self, |own| &mut own.scratch, |own, out| own.put(event, out));
            if bytes > self.event_bytes_max() {
                return Err(Rule::TooLarge);
            }
        }
        Ok(BATCH)
    }

    fn lanes(&self) -> &'static [Lane] {
        LANES
    }

    fn limits(&self, _lane: Lane) -> LaneLimits {
        LaneLimits { events_max: EVENTS_MAX, bytes_max: BYTES_MAX }
    }

    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool {
        request.add_next(EVENTS_MAX, self.body_bytes_last, |json, is_first| {
            json.extend_from_slice(if is_first { b"{\"batch\":[" } else { b"," });
            self.put(event, json);
            // The closing brackets have to fit too.
            json.len() + 2 <= BYTES_MAX
        })
    }

    fn finish(&mut self, request: Building) -> Encoded {
        let (lane, count) = (request.lane(), request.count());
        let mut json = request.into_body();
        if count == 0 {
            json.extend_from_slice(b"{\"batch\":[");
        }
        json.extend_from_slice(b"]}");
        self.body_bytes_last = json.len();
        Encoded::json(lane, count, "/v1/batch".to_owned(), json, self.gzip_from_bytes)
            .with_header("Authorization", self.authorization.clone())
    }

    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict {
        let invalid = |code| if encoded.count() > 1 { Verdict::Split } else { Verdict::Reject(code) };
        match status {
            200..=299 if is_good(body) => Verdict::Accepted,
            // Somebody answers who is neither of them: nothing is taken for delivered.
            200..=299 => Verdict::Retry { after: retry_after },
            300..=399 => Verdict::Refused("redirected"),
            401 | 403 => Verdict::Refused("credentials_refused"),
            402 => Verdict::Refused("payment_required"),
            404 | 405 => Verdict::Refused("endpoint_unknown"),
            413 => invalid("too_large_for_vendor"),
            408 | 410 | 425 | 429 | 460 | 500..=599 => Verdict::Retry { after: retry_after },
            400..=499 => invalid("refused_as_invalid"),
            _ => Verdict::Retry { after: retry_after },
        }
    }
}

/// `{"success":true}` with whatever blanks, or `ok` in whatever case.
fn is_good(body: &[u8]) -> bool {
    let text: Vec<u8> = body.iter().copied().filter(|b| !b.is_ascii_whitespace()).take(64).collect();
    text.eq_ignore_ascii_case(b"ok") || text == br#"{"success":true}"#
}

/// Who an event is about.
struct Person<'a> {
    user: Option<&'a ReleasedId>,
    device: Option<&'a ReleasedId>,
}

impl<'a> Person<'a> {
    fn of(event: &'a Released<'_>) -> Person<'a> {
        let find = |is_kind: fn(SubjectKind) -> bool, roles: &[Role]| {
            let in_role = |role: &Role| event.ids().iter().find(|id| id.role == *role && is_kind(id.kind));
            roles.iter().find_map(in_role).map(|id| &id.id)
        };
        let is_user = |kind| matches!(kind, SubjectKind::User | SubjectKind::Email | SubjectKind::Phone);
        let is_device = |kind| kind == SubjectKind::Device;
        let is_link = event.operation() == Operation::Identify;
        let users: &[Role] =
            if is_link { &[Role::Next, Role::User, Role::Subject] } else { &[Role::Subject, Role::User] };
        let devices: &[Role] =
            if is_link { &[Role::Previous, Role::Device, Role::Subject] } else { &[Role::Device, Role::Subject] };
        Person { user: find(is_user, users), device: find(is_device, devices) }
    }

    fn is_nobody(&self) -> bool {
        self.user.is_none() && self.device.is_none()
    }
}

fn event_id<'a>(event: &'a Released<'_>, role: Role) -> Option<&'a ReleasedIdentity> {
    event.ids().iter().find(|id| id.role == role)
}

fn put_ids(event: &Released<'_>, message: Message, out: &mut Vec<u8>) {
    let person = Person::of(event);
    let mut put = |key: &str, id: Option<&ReleasedId>| {
        if let Some(id) = id {
            put_key(out, key);
            put_bare_id(out, id);
        }
    };
    match message {
        Message::Alias => {
            put("previousId", event.id(Role::Previous));
            put("userId", event.id(Role::Next).or(person.user));
            return;
        }
        Message::Merge => {
            put("userId", person.user);
            put("anonymousId", person.device);
        }
        _ => {
            put("userId", person.user);
            put("anonymousId", person.device);
            if message == Message::Group {
                put("groupId", group_of(event).map(|(_, id)| id));
            }
        }
    }
    if person.is_nobody() {
        put_key(out, "anonymousId");
        match event.subject() {
            nobody @ ReleasedId::None { .. } => put_bare_id(out, nobody),
            // What is about a group only: an id that no other event has.
            _ => put_string(out, &event.insert_id().to_text()),
        }
    }
    if message == Message::Merge {
        out.extend_from_slice(b",\"mergeProperties\":[");
        let links = [Role::Previous, Role::Next].into_iter().filter_map(|role| event_id(event, role));
        for (i, link) in links.enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(match link.kind {
                SubjectKind::Device => b"{\"type\":\"anonymousId\"",
                SubjectKind::Email => b"{\"type\":\"email\"",
                SubjectKind::Phone => b"{\"type\":\"phone\"",
                _ => b"{\"type\":\"userId\"",
            });
            put_key(out, "value");
            put_bare_id(out, &link.id);
            out.push(b'}');
        }
        out.push(b']');
    }
}

/// Where in a message a leaf is written.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Section(u8);

impl Section {
    const NOWHERE: Section = Section(0);
    const PROPERTIES: Section = Section(1);
    const TRAITS: Section = Section(2);
    const GROUP_TRAITS: Section = Section(3);
    /// Beside `context`.
    const ENVELOPE: Section = Section(4);
    /// In `context` itself.
    const CONTEXT: Section = Section(5);
    /// In an object there: this number plus the object's.
    const OBJECT: u8 = 6;

    fn bit(self) -> u64 {
        1_u64.checked_shl(u32::from(self.0)).unwrap_or(0)
    }
}

#[derive(Default)]
struct Found {
    sections: u64,
    name: Option<usize>,
    category: Option<usize>,
}

/// Keys as JSON, made once per path.
struct Keys {
    paths: PathTable<KeyText>,
    objects: Objects,
}

/// What a path is beside a place.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum KeyRole {
    #[default]
    None,
    Name,
    Category,
    /// One of `names::PAGE`.
    Page,
}

/// One path's key.
struct KeyText {
    /// `"key":` in its section.
    text: Vec<u8>,
    /// `"key":` in an object below.
    nested: Vec<u8>,
    section: Section,
    role: KeyRole,
}

impl Keys {
    #[inline]
    fn of(&mut self, path: NameId) -> &KeyText {
        self.paths.of(path, |names, path| KeyText::new(names, path, &mut self.objects))
    }

    fn tape(&mut self, section: Section) -> Tape<'_> {
        Tape { keys: self, section, is_page: false }
    }
}

impl KeyText {
    fn new(names: &Names, path: NameId, objects: &mut Objects) -> KeyText {
        let entry = names.entry(path);
        let (section, key) = place_of(names, path, objects);
        let role = match entry.text {
            "name" => KeyRole::Name,
            "category" => KeyRole::Category,
            text if names::PAGE.iter().any(|key| text.strip_prefix("context.page.") == Some(key)) => KeyRole::Page,
            _ => KeyRole::None,
        };
        KeyText { text: as_key(&key), nested: as_key(entry.key), section, role }
    }
}

fn place_of(names: &Names, path: NameId, objects: &mut Objects) -> (Section, String) {
    let entry = names.entry(path);
    let key = || entry.key.to_owned();
    if let Some(rest) = entry.text.strip_prefix("context.meta.") {
        let is_envelope = names::ENVELOPE.contains(&entry.key) && rest == entry.key;
        return match (
            is_envelope,
            RESERVED.contains(&entry.key) || names::CONTEXT.iter().any(|(name, _)| *name == entry.key),
        ) {
            (true, _) => (Section::ENVELOPE, key()),
            (false, true) => (Section::CONTEXT, format!("meta_{}", entry.key)),
            (false, false) => (Section::CONTEXT, key()),
        };
    }
    if let Some(rest) = entry.text.strip_prefix("context.") {
        if entry.text == "context.ip" {
            return (Section::NOWHERE, key());
        }
        if entry.parent == NameId::CONTEXT_ROOT {
            let name = names::key(entry.text).unwrap_or(entry.key);
            let is_reserved = RESERVED.contains(&name);
            return (Section::CONTEXT, if is_reserved { format!("context_{name}") } else { name.to_owned() });
        }
        let above = names.entry(entry.parent);
        if above.parent == NameId::CONTEXT_ROOT
            && let Some(section) = object_section(objects, above.key)
        {
            return (section, key());
        }
        return (Section::CONTEXT, rest.to_owned());
    }
    let is_in = |root: &str| entry.text.strip_prefix(root).is_some_and(|rest| rest.starts_with('.'));
    let section = if is_in("profile") {
        Section::TRAITS
    } else if is_in("group") {
        Section::GROUP_TRAITS
    } else {
        Section::PROPERTIES
    };
    (section, key())
}

/// The section of an object in `context`.
fn object_section(objects: &mut Objects, name: &str) -> Option<Section> {
    if RESERVED.contains(&name) {
        return None;
    }
    Some(Section(Section::OBJECT + objects.place(name)?))
}

/// The leaves of one section.
struct Tape<'a> {
    keys: &'a mut Keys,
    section: Section,
    /// Whether what a page says of itself belongs to it, too.
    is_page: bool,
}

impl TapeKeys for Tape<'_> {
    fn top(&mut self, path: NameId, kind: LeafKind) -> Option<&[u8]> {
        let (section, is_page) = (self.section, self.is_page);
        let key = self.keys.of(path);
        let is_here = key.section == section || (is_page && key.role == KeyRole::Page && kind.is_scalar());
        is_here.then_some(&key.text)
    }

    fn nested(&mut self, path: NameId) -> &[u8] {
        &self.keys.of(path).nested
    }
}
