//! Released events to Amplitude's requests, and Amplitude's answers to verdicts.
//!
//! | lane | request | takes |
//! |---|---|---|
//! | events | `POST /2/httpapi` | everything that happens |
//! | batch | `POST /batch` | imports of old data, which have wider limits there |
//!
//! Bodies are `{"api_key", "events", "options"}`. Everything is an event: a profile operation is an `$identify` with one operation, a
//! group's is a `$groupidentify`, a link is an `$identify` that bears both ids, joining a group is one that sets the group.
//!
//! - Nobody is placed by our own address: without `ip: "$remote"` Amplitude looks at none. The gate's country goes as `country` (D18).
//! - An event of nobody has a device id of its own. Ids may be short, so `min_id_length` is 1.
//! - A session is a number there and a pseudonym here: the number is made of the pseudonym. It holds the events of a session
//!   together and is not the time of its start.
//! - Context that has a field goes as that field, else as the event property of the browser SDK, else as a property under its
//!   canonical path. A property that bears a name which we write ourselves goes as `property_<name>`, so that none can pose as it.
//! - No equivalent: alias and merge (Amplitude has its own API for that), removing a profile.
//! - Known loss: the country is the code, where Amplitude's own look-up writes a name.
//!
//! Limits by Amplitude's HTTP V2 and Batch references. An event that does not fit is dropped by rule `too_large`, whole. Strings
//! over 1,024 characters Amplitude cuts by itself. Nothing is too old for it but what is before 1971.

use std::time::Duration;

use weir_event::names::{ClassOnly, NameKind};
use weir_event::{LeafKind, Millis, NameId, Names, Operation, ProfileOp, Role, Rule, SourceNames, SubjectKind};
use weir_policy::release::ReleasedLeaf;
use weir_policy::{Released, ReleasedId};

use crate::json::{Key, Malformed, Meaning};
use crate::outbound::{Building, DestinationSetup, Encoded, Encoder, Lane, LaneLimits, SetupError, Verdict};
use crate::replies::{self, Reading, Words};
use crate::vendors::amplitude::decode::OPERATIONS;
use crate::vendors::amplitude::names;
use crate::vendors::{Repeat, RepeatEffect};
use crate::writing::{
    PathTable, TapeKeys, as_key, bytes_at_most, bytes_written, group_of, group_types, groups_of, put_bare_id,
    put_escaped, put_field, put_key, put_number, put_string, put_tape, put_unset,
};

/// (Region, base address). Source: Amplitude's HTTP V2 API reference.
pub const ENDPOINTS: &[(&str, &str)] = &[
    ("us", "https://api2.amplitude.com"),
    ("us", "https://api.amplitude.com"),
    ("eu", "https://api.eu.amplitude.com"),
];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Ignored,
    within_millis: Some(7 * Millis::DAY),
    source: "Amplitude, HTTP V2 API: later events with an insert_id that the device has used in the last 7 days are ignored",
};

/// Events.
pub const EVENTS: Lane = Lane { number: 1, name: "events" };
/// Imports.
pub const BATCH: Lane = Lane { number: 2, name: "batch" };
const LANES: &[Lane] = &[EVENTS, BATCH];

/// Events of one request: "fewer than 2000".
const EVENTS_MAX: usize = 1_999;
/// Bytes of one request to `/2/httpapi`, uncompressed: "under 1 MB".
const EVENTS_BYTES_MAX: usize = 1_000_000;
/// Bytes of one request to `/batch`: its limit is 20 MB; more than this helps nobody.
const BATCH_BYTES_MAX: usize = 5_000_000;
/// What stands around the events.
const ENVELOPE_BYTES: usize = 512;
/// Bytes of one event: what fits in a request of either lane.
const EVENT_BYTES_MAX: usize = EVENTS_BYTES_MAX - ENVELOPE_BYTES;
/// Times before 1971 are defects of a clock.
const TIME_MIN: Millis = Millis(365 * Millis::DAY);
/// How long the SDKs leave alone what was throttled.
const THROTTLED: Duration = Duration::from_secs(30);

/// Makes the encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    Ok(Box::new(AmplitudeEncoder::new(setup)?))
}

/// Amplitude's outbound format.
struct AmplitudeEncoder {
    /// The envelope up to the first event.
    head: Vec<u8>,
    gzip_from_bytes: Option<usize>,
    keys: PathTable<KeyText>,
    known: Known,
    scratch: Vec<u8>,
    body_bytes_last: usize,
    answers: SourceNames,
}

/// Paths that become a part of something.
struct Known {
    session: NameId,
    library: NameId,
    library_version: NameId,
}

impl AmplitudeEncoder {
    fn new(setup: DestinationSetup) -> Result<AmplitudeEncoder, SetupError> {
        let is_plain = |text: &str| (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_plain(setup.token.reveal()) {
            return Err(SetupError::BadToken);
        }
        if setup.import.is_some() {
            return Err(SetupError::NoImport);
        }
        let mut head = b"{\"api_key\":".to_vec();
        put_string(&mut head, setup.token.reveal().as_bytes());
        head.extend_from_slice(b",\"options\":{\"min_id_length\":1},\"events\":[");
        let path = |text| setup.names.restore(NameKind::Path, text).unwrap_or(NameId::UNNAMED);
        let known = Known {
            session: path("context.session_id"),
            library: path("context.library.name"),
            library_version: path("context.library.version"),
        };
        Ok(AmplitudeEncoder {
            head,
            gzip_from_bytes: setup.gzip_from_bytes,
            keys: PathTable::new(&setup.names),
            known,
            scratch: Vec::new(),
            body_bytes_last: 0,
            answers: Names::new(Box::new(ClassOnly)).source(),
        })
    }

    fn put(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        let operation = event.operation();
        let own_name;
        let name = match operation {
            Operation::Identify | Operation::Profile(_) | Operation::Join => names::IDENTIFY,
            Operation::Group(_) => names::GROUP_IDENTIFY,
            Operation::Page => names::PAGE,
            Operation::Screen => names::SCREEN,
            _ => match event.name() {
                // An event of this name that is none of them would be read as one.
                name @ (names::IDENTIFY | names::GROUP_IDENTIFY) => {
                    own_name = format!("event_{name}");
                    &own_name
                }
                name => name,
            },
        };
        out.extend_from_slice(b"{\"event_type\":");
        put_string(out, name.as_bytes());
        out.extend_from_slice(b",\"time\":");
        put_number(out, event.time().0);
        out.extend_from_slice(b",\"insert_id\":\"");
        out.extend_from_slice(&event.insert_id().to_text());
        out.push(b'"');
        self.put_ids(event, out);
        if let Some(code) = event.country().code() {
            put_field(out, "country", code);
        }
        self.put_parts(event, out);
        put_tape(out, event.leaves(), &mut Tape { keys: &mut self.keys, select: Select::Fields }, true);
        match operation {
            Operation::Identify => out.extend_from_slice(b",\"user_properties\":{}"),
            Operation::Join => {
                self.put_groups(event, out);
                // What `setGroup` of the SDKs writes.
                out.extend_from_slice(b",\"user_properties\":{\"$set\":{");
                self.put_group_ids(event, out);
                out.extend_from_slice(b"}}");
            }
            Operation::Profile(op) => {
                let sets_group = matches!(op, ProfileOp::Set | ProfileOp::SetOnce | ProfileOp::Union);
                self.put_groups(event, out);
                self.put_operation(event, "user_properties", op, sets_group, out);
            }
            Operation::Group(op) => {
                self.put_groups(event, out);
                self.put_operation(event, "group_properties", op, false, out);
            }
            _ => {
                self.put_groups(event, out);
                let is_revenue = name == names::REVENUE_EVENT;
                let select = if is_revenue { Select::Revenue } else { Select::Properties };
                out.extend_from_slice(b",\"event_properties\":{");
                put_tape(out, event.leaves(), &mut Tape { keys: &mut self.keys, select }, false);
                out.push(b'}');
            }
        }
        out.push(b'}');
    }

    /// The user, the device, or both. A group's properties are about nobody, and the SDKs send them without.
    fn put_ids(&self, event: &Released<'_>, out: &mut Vec<u8>) {
        if matches!(event.operation(), Operation::Group(_)) {
            return;
        }
        let (user, device) = people(event);
        for (key, id) in [("user_id", user), ("device_id", device)] {
            if let Some(id) = id {
                put_key(out, key);
                put_bare_id(out, id);
            }
        }
        if user.is_none() && device.is_none() {
            put_key(out, "device_id");
            put_bare_id(out, event.subject());
        }
    }

    /// `library` is two things in one, `session_id` is a number.
    fn put_parts(&self, event: &Released<'_>, out: &mut Vec<u8>) {
        let text = |path| {
            let is_it = |leaf: &&ReleasedLeaf<'_>| leaf.path() == path && leaf.kind() == LeafKind::String;
            event.leaves().iter().find(is_it).map(ReleasedLeaf::bytes)
        };
        let (name, version) = (text(self.known.library), text(self.known.library_version));
        if name.is_some() || version.is_some() {
            put_key(out, "library");
            out.push(b'"');
            put_escaped(out, name.unwrap_or_default());
            if let Some(version) = version {
                out.push(b'/');
                put_escaped(out, version);
            }
            out.push(b'"');
        }
        if let Some(session) = text(self.known.session) {
            put_key(out, "session_id");
            put_number(out, session_number(session));
        }
    }

    fn put_groups(&self, event: &Released<'_>, out: &mut Vec<u8>) {
        if event.ids().iter().any(|id| matches!(id.kind, SubjectKind::Group(_))) {
            out.extend_from_slice(b",\"groups\":{");
            self.put_group_ids(event, out);
            out.push(b'}');
        }
    }

    /// Types and their ids, one as a text, several as a list. Says whether there was any.
    fn put_group_ids(&self, event: &Released<'_>, out: &mut Vec<u8>) -> bool {
        let mut comma = false;
        for kind in group_types(event) {
            if std::mem::replace(&mut comma, true) {
                out.push(b',');
            }
            put_string(out, self.keys.names().entry(kind).key.as_bytes());
            out.push(b':');
            let is_list = groups_of(event, kind).nth(1).is_some();
            for (n, id) in groups_of(event, kind).enumerate() {
                if is_list {
                    out.push(if n == 0 { b'[' } else { b',' });
                }
                put_bare_id(out, id);
            }
            if is_list {
                out.push(b']');
            }
        }
        comma
    }

    fn put_operation(&mut self, event: &Released<'_>, key: &str, op: ProfileOp, sets_group: bool, out: &mut Vec<u8>) {
        put_key(out, key);
        out.push(b'{');
        put_string(out, operator(op).unwrap_or("$unset").as_bytes());
        out.push(b':');
        match op {
            ProfileOp::Clear => out.extend_from_slice(b"\"-\""),
            ProfileOp::Unset => {
                out.push(b'{');
                let mut tape = Tape { keys: &mut self.keys, select: Select::Profile };
                put_unset(out, event.leaves(), &mut tape, b"\"-\"");
                out.push(b'}');
            }
            _ => {
                out.push(b'{');
                let comma = sets_group && self.put_group_ids(event, out);
                put_tape(out, event.leaves(), &mut Tape { keys: &mut self.keys, select: Select::Profile }, comma);
                out.push(b'}');
            }
        }
        out.push(b'}');
    }
}

impl Encoder for AmplitudeEncoder {
    fn lane_of(&mut self, event: &Released<'_>, _now: Millis) -> Result<Lane, Rule> {
        let is_of_nobody = matches!(event.subject(), ReleasedId::None { .. });
        match event.operation() {
            Operation::Alias | Operation::Merge => return Err(Rule::NoEquivalent),
            // A profile of nobody is no profile.
            Operation::Profile(_) | Operation::Join if is_of_nobody => return Err(Rule::NoEquivalent),
            Operation::Profile(op) | Operation::Group(op) if operator(op).is_none() => return Err(Rule::NoEquivalent),
            Operation::Group(_) | Operation::Join if group_of(event).is_none() => return Err(Rule::NoEquivalent),
            // A link of a device to nobody, or of two people, says nothing here.
            Operation::Identify if matches!(people(event), (None, _) | (_, None)) => return Err(Rule::NoEquivalent),
            _ if event.time() < TIME_MIN => return Err(Rule::TooOld),
            _ => {}
        }
        if bytes_at_most(event) > EVENT_BYTES_MAX {
            let bytes = bytes_written(self, |own| &mut own.scratch, |own, out| own.put(event, out));
            if bytes > EVENT_BYTES_MAX {
                return Err(Rule::TooLarge);
            }
        }
        Ok(if event.historical() { BATCH } else { EVENTS })
    }

    fn lanes(&self) -> &'static [Lane] {
        LANES
    }

    fn limits(&self, lane: Lane) -> LaneLimits {
        LaneLimits { events_max: EVENTS_MAX, bytes_max: bytes_max(lane) }
    }

    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool {
        let lane = request.lane();
        request.add_next(EVENTS_MAX, self.body_bytes_last, |json, is_first| {
            if is_first {
                json.extend_from_slice(&self.head);
            } else {
                json.push(b',');
            }
            self.put(event, json);
            // The closing brackets have to fit too, and the limit itself is not allowed.
            json.len() + 2 < bytes_max(lane)
        })
    }

    fn finish(&mut self, request: Building) -> Encoded {
        let (lane, count) = (request.lane(), request.count());
        let mut json = request.into_body();
        if count == 0 {
            json.extend_from_slice(&self.head);
        }
        json.extend_from_slice(b"]}");
        self.body_bytes_last = json.len();
        let path = if lane == BATCH { "/batch" } else { "/2/httpapi" };
        Encoded::json(lane, count, path.to_owned(), json, self.gzip_from_bytes)
    }

    /// The `code` in the answer decides; where it is no JSON, the status. A request that is refused for some of its events is
    /// refused whole: the others go on without them in halves.
    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict {
        let invalid = |code| if encoded.count() > 1 { Verdict::Split } else { Verdict::Reject(code) };
        let reply = Reply::parse(body, &self.answers);
        if (300..400).contains(&status) {
            return Verdict::Refused("redirected");
        }
        let code = match &reply {
            Some(Reply { code: Some(code), .. }) => *code,
            // Somebody answers who is not Amplitude: nothing is taken for delivered.
            _ if status < 300 => return Verdict::Retry { after: retry_after },
            _ => status,
        };
        let reply = reply.unwrap_or_default();
        match code {
            // Both must say so: a proxy's error may quote another answer.
            200..=299 if status < 300 => Verdict::Accepted,
            400 if reply.is_about_key => Verdict::Refused("credentials_refused"),
            400 if reply.is_silenced => invalid("silenced_by_vendor"),
            401 | 403 => Verdict::Refused("credentials_refused"),
            402 => Verdict::Refused("payment_required"),
            404 | 405 => Verdict::Refused("endpoint_unknown"),
            413 => invalid("too_large_for_vendor"),
            // A quota of a day: waiting for it would hold up everybody else.
            429 if reply.is_over_daily_quota => invalid("daily_quota_exceeded"),
            429 => Verdict::Retry { after: Some(retry_after.unwrap_or(THROTTLED)) },
            400 | 406 | 407 | 409..=412 | 414..=424 | 426..=428 | 430..=499 => invalid("refused_as_invalid"),
            _ => Verdict::Retry { after: retry_after },
        }
    }
}

const fn bytes_max(lane: Lane) -> usize {
    if lane.number == BATCH.number { BATCH_BYTES_MAX } else { EVENTS_BYTES_MAX }
}

/// The key of an operation; `None` where Amplitude has none.
fn operator(op: ProfileOp) -> Option<&'static str> {
    OPERATIONS.iter().find(|(_, known)| *known == op).map(|(key, _)| *key)
}

/// The user and the device of an event.
fn people<'a>(event: &'a Released<'_>) -> (Option<&'a ReleasedId>, Option<&'a ReleasedId>) {
    let subject = match event.subject() {
        ReleasedId::None { .. } => None,
        id => Some(id),
    };
    let subject_user = subject.filter(|id| !id.is_device());
    let subject_device = subject.filter(|id| id.is_device());
    let user = event.id(Role::Next).or_else(|| event.id(Role::User)).or(subject_user);
    let device = match event.operation() {
        // What the SDK was known by before; some vendors give it as a user's id.
        Operation::Identify => event.id(Role::Previous).or_else(|| event.id(Role::Device)),
        _ => event.id(Role::Device),
    };
    (user, device.or(subject_device))
}

/// The first 40 bits of a session's pseudonym: no time that is near, and of a size that stands for one.
fn session_number(pseudonym: &[u8]) -> i64 {
    let digits = pseudonym.iter().filter_map(|b| (*b as char).to_digit(16)).take(10);
    digits.fold(0, |number, digit| number << 4 | i64::from(digit))
}

/// Which part of a tape is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Select {
    /// Context that has a field of its own.
    Fields,
    /// Event properties, and context that has no field.
    Properties,
    /// The same of a revenue event, where what is paid is a property.
    Revenue,
    /// Properties of a profile alone.
    Profile,
}

/// One path's key.
struct KeyText {
    /// `"key":` as a field of the event; empty where there is none.
    field: Vec<u8>,
    /// `"key":` at the top of the event's properties.
    property: Vec<u8>,
    /// The same in a revenue event.
    revenue: Vec<u8>,
    /// `"key":` elsewhere.
    nested: Vec<u8>,
    /// Said of a person or a group, not of an event.
    is_profile: bool,
    /// Written by ourselves: the country, the library, the session.
    is_own: bool,
}

impl KeyText {
    fn new(names: &Names, path: NameId) -> KeyText {
        let entry = names.entry(path);
        let is_context = entry.text.starts_with("context.");
        let field = if is_context { names::field(entry.text) } else { None };
        let is_ours = |key: &str| names::canonical_path(key).is_some() || key.starts_with("context.");
        let property = if is_context {
            names::property(entry.text).unwrap_or(entry.text).to_owned()
        } else if is_ours(entry.key) {
            format!("property_{}", entry.key)
        } else {
            entry.key.to_owned()
        };
        let of_revenue = names::REVENUE.iter().find(|(_, path)| *path == entry.text).map(|(name, _)| *name);
        let revenue = match of_revenue {
            Some(name) => name.to_owned(),
            None if !is_context && names::REVENUE.iter().any(|(name, _)| *name == entry.key) => {
                format!("property_{}", entry.key)
            }
            None => property.clone(),
        };
        KeyText {
            field: field.map(as_key).unwrap_or_default(),
            property: as_key(&property),
            revenue: as_key(&revenue),
            nested: as_key(entry.key),
            is_profile: entry.text.starts_with("profile.") || entry.text.starts_with("group."),
            is_own: matches!(
                entry.text,
                "context.location.country" | "context.library.name" | "context.library.version" | "context.session_id"
            ),
        }
    }
}

/// The keys of one tape.
struct Tape<'a> {
    keys: &'a mut PathTable<KeyText>,
    select: Select,
}

impl TapeKeys for Tape<'_> {
    fn top(&mut self, path: NameId, kind: LeafKind) -> Option<&[u8]> {
        let select = self.select;
        let key = self.keys.of(path, KeyText::new);
        let is_scalar = kind.is_scalar();
        let is_own = key.is_own && is_scalar;
        // A field takes a value; what is more stays a property.
        let has_field = is_scalar && !key.field.is_empty();
        match select {
            Select::Profile => key.is_profile.then_some(&key.nested[..]),
            _ if is_own || key.is_profile => None,
            Select::Fields => has_field.then_some(&key.field[..]),
            Select::Revenue if is_scalar && key.revenue != key.property => Some(&key.revenue),
            Select::Properties | Select::Revenue => (!has_field).then_some(&key.property[..]),
        }
    }

    fn nested(&mut self, path: NameId) -> &[u8] {
        &self.keys.of(path, KeyText::new).nested
    }
}

/// What an answer says. Its texts may quote events, so nothing of them is kept.
#[derive(Default)]
struct Reply {
    code: Option<u16>,
    is_about_key: bool,
    is_silenced: bool,
    is_over_daily_quota: bool,
}

const CODE: u8 = 1;
const ERROR: u8 = 2;
const SILENCED: u8 = 3;
const QUOTA: u8 = 4;
const WORDS: Words = Words(&[
    ("code", CODE),
    ("error", ERROR),
    ("silenced_events", SILENCED),
    ("exceeded_daily_quota_users", QUOTA),
    ("exceeded_daily_quota_devices", QUOTA),
]);
/// Bytes of an answer that are looked at; outbound caps it anyway.
const REPLY_BYTES_MAX: usize = 4 << 20;

impl Reply {
    fn parse(body: &[u8], names: &SourceNames) -> Option<Reply> {
        replies::read(body, REPLY_BYTES_MAX, names, WORDS, Reply::member)
    }

    fn member(&mut self, key: &Key, parser: &mut Reading<'_>) -> Result<(), Malformed> {
        match key.meaning {
            Meaning::Special(CODE) => self.code = replies::number(parser, |kind| kind == LeafKind::Number)?,
            Meaning::Special(ERROR) => {
                let scalar = parser.scalar()?.filter(|scalar| scalar.kind == LeafKind::String);
                let is_about_key =
                    |text: &[u8]| text.get(..15).is_some_and(|t| t.eq_ignore_ascii_case(b"invalid api key"));
                self.is_about_key = scalar.is_some_and(|scalar| is_about_key(parser.bytes(scalar.text)));
            }
            Meaning::Special(SILENCED) => self.is_silenced |= holds_anything(parser)?,
            Meaning::Special(QUOTA) => self.is_over_daily_quota |= holds_anything(parser)?,
            _ => parser.skip()?,
        }
        Ok(())
    }
}

/// Whether a list or an object comes next that is not empty; reads past it.
fn holds_anything(parser: &mut Reading<'_>) -> Result<bool, Malformed> {
    let opening = parser.peek();
    let start = parser.position();
    parser.skip()?;
    let end = parser.position();
    let inner = weir_event::Text { start: start as u32 + 1, len: (end - start).saturating_sub(2) as u32 };
    Ok(matches!(opening, b'[' | b'{') && !parser.bytes(inner).trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_session_is_a_number_of_its_pseudonym() {
        assert_eq!(session_number(b"00000000-0000-4000-8000-000000000000"), 0);
        assert_eq!(session_number(b"ffffffff-ffff-4fff-bfff-ffffffffffff"), (1 << 40) - 1);
        assert_eq!(session_number(b"0123abcd-ef00-4000-8000-000000000000"), 0x01_23ab_cdef);
    }

    #[test]
    fn every_operation_is_written_as_it_is_read() {
        for (key, op) in OPERATIONS {
            assert_eq!(operator(op), Some(key));
        }
        assert_eq!(operator(ProfileOp::Delete), None);
    }

    proptest! {
        #[test]
        fn any_answer_is_interpreted(data in proptest::collection::vec(any::<u8>(), 0..120), choice in 0_u8..8, json in "[\\[\\]{}\":,a-z0-9_-]{0,80}") {
            crate::fuzz::fuzz_interpret(&data);
            let answer = format!("{{\"silenced_events\":{json},\"code\":400}}");
            crate::fuzz::fuzz_interpret(&[&[choice, choice, 3], answer.as_bytes()].concat());
            crate::fuzz::fuzz_interpret(&[&[choice, choice, 3], json.as_bytes()].concat());
        }
    }
}
