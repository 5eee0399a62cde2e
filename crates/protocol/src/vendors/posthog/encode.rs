//! Released events to PostHog's batches, and PostHog's answers to verdicts.
//!
//! | lane | request | takes |
//! |---|---|---|
//! | batch | `POST /batch/` | everything |
//! | historical | the same with `historical_migration` | what its SDK sent as old data |
//!
//! The old form of capture, because its ids are the dedup ids of the new one too and its answer needs no second reading. No
//! `sent_at`: times are corrected at the gate, and PostHog would correct them again.
//!
//! | canonical | PostHog |
//! |---|---|
//! | page, screen | `$pageview`, `$screen` |
//! | identify | `$identify` with `$anon_distinct_id` |
//! | alias, merge | `$create_alias`, `$merge_dangerously`: the second merges people whoever they are, as Mixpanel's `$merge` does |
//! | profile set, set once, unset | a `$set` event with `$set`, `$set_once` or `$unset` |
//! | group set, join | `$groupidentify`, the second without properties: PostHog knows groups of events, not of people |
//! | every other profile or group operation | none (`no_equivalent`) |
//!
//! Nobody is placed by our own address: `$geoip_disable`, and the gate's country as `$geoip_country_code` (D18). What is about nobody,
//! or about a device of which nobody is known, makes no profile (`$process_person_profile: false`), unless the event says otherwise. A
//! property that bears a name which we write ourselves goes as `property_<name>`, so that none can pose as it.
//!
//! Limits: PostHog takes events of 2 MB and batches of 20 MB; ours are smaller, so that escaping and its own additions fit.

use std::time::Duration;

use weir_event::names::ClassOnly;
use weir_event::{LeafKind, Millis, NameId, Names, Operation, ProfileOp, Role, Rule, SourceNames};
use weir_policy::{Released, ReleasedId};

use crate::json::{Key, Malformed, Meaning};
use crate::outbound::{Building, DestinationSetup, Encoded, Encoder, Lane, LaneLimits, SetupError, Verdict};
use crate::replies::{self, Reading, Words};
use crate::vendors::posthog::names;
use crate::vendors::{Repeat, RepeatEffect};
use crate::writing::{
    PathTable, TapeKeys, as_key, bytes_at_most, bytes_written, group_of, group_types, groups_of, put_bare_id,
    put_field, put_key, put_string, put_tape, put_unset,
};

/// (Region, base address). Source: PostHog's SDK documentation, "Regions".
pub const ENDPOINTS: &[(&str, &str)] = &[
    ("us", "https://us.i.posthog.com"),
    ("us", "https://us.posthog.com"),
    ("us", "https://app.posthog.com"),
    ("eu", "https://eu.i.posthog.com"),
    ("eu", "https://eu.posthog.com"),
];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Replaces,
    within_millis: None,
    source: "PostHog, Unduplicator: rows with the same day, event, distinct_id and uuid become one when their parts are merged, the later one",
};

/// Events.
pub const BATCH: Lane = Lane { number: 1, name: "batch" };
/// Old events.
pub const HISTORICAL: Lane = Lane { number: 2, name: "historical" };
const LANES: &[Lane] = &[BATCH, HISTORICAL];

/// Events of one request.
const EVENTS_MAX: usize = 1_000;
/// Bytes of one request, uncompressed.
const BYTES_MAX: usize = 5_000_000;
/// Bytes of one event.
const EVENT_BYTES_MAX: usize = 1_000_000;
/// Characters of an id: PostHog cuts off what is longer, and two people would be one.
const ID_CHARS_MAX: usize = 200;
/// Times before 1971 are defects of a clock.
const TIME_MIN: Millis = Millis(365 * Millis::DAY);

/// Keys of an event's properties that we write ourselves, or that would change what the event does.
const RESERVED: &[&str] = &[
    "token",
    "distinct_id",
    "$anon_distinct_id",
    "$cookieless_mode",
    "$device_id",
    "$geoip_disable",
    "$group_key",
    "$group_set",
    "$group_type",
    "$groups",
    "$ignore_sent_at",
    "$insert_id",
    "$set",
    "$set_once",
    "$time",
    "$unset",
    "$user_id",
];
/// Names of events that do what only their operation may do.
const ACTING: &[&str] = &["$identify", "$create_alias", "$merge_dangerously", "$groupidentify", "$set", "$snapshot"];
/// Whether a profile is made of the person: the one property of ours that the event may say itself.
const PROFILE_SWITCH: &str = "$process_person_profile";

/// Makes the encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    Ok(Box::new(PostHogEncoder::new(setup)?))
}

/// PostHog's outbound format.
struct PostHogEncoder {
    /// The envelope up to the first event.
    head: Vec<u8>,
    gzip_from_bytes: Option<usize>,
    keys: PathTable<KeyText>,
    scratch: Vec<u8>,
    body_bytes_last: usize,
    answers: SourceNames,
}

impl PostHogEncoder {
    fn new(setup: DestinationSetup) -> Result<PostHogEncoder, SetupError> {
        let is_plain = |text: &str| (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_plain(setup.token.reveal()) {
            return Err(SetupError::BadToken);
        }
        if setup.import.is_some() {
            return Err(SetupError::NoImport);
        }
        let mut head = b"{\"api_key\":".to_vec();
        put_string(&mut head, setup.token.reveal().as_bytes());
        head.extend_from_slice(b",\"batch\":[");
        Ok(PostHogEncoder {
            head,
            gzip_from_bytes: setup.gzip_from_bytes,
            keys: PathTable::new(&setup.names),
            scratch: Vec::new(),
            body_bytes_last: 0,
            answers: Names::new(Box::new(ClassOnly)).source(),
        })
    }

    fn put(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        let operation = event.operation();
        let name = match operation {
            Operation::Identify => "$identify",
            Operation::Alias => "$create_alias",
            Operation::Merge => "$merge_dangerously",
            Operation::Page => names::PAGE,
            Operation::Screen => names::SCREEN,
            Operation::Profile(_) => "$set",
            Operation::Group(_) | Operation::Join => "$groupidentify",
            Operation::Track => event.name(),
        };
        out.extend_from_slice(b"{\"event\":");
        put_string(out, name.as_bytes());
        put_key(out, "distinct_id");
        put_bare_id(out, subject_of(event));
        out.extend_from_slice(b",\"uuid\":\"");
        out.extend_from_slice(&event.insert_id().to_text());
        out.push(b'"');
        put_field(out, "timestamp", &event.time().to_rfc3339());
        out.extend_from_slice(b",\"properties\":{\"$geoip_disable\":true");
        if let Some(code) = event.country().code() {
            put_field(out, "$geoip_country_code", code);
        }
        self.put_ids(event, out);
        match operation {
            Operation::Profile(op) => self.put_profile(event, op, out),
            Operation::Group(_) | Operation::Join => {
                put_key(out, "$group_set");
                out.push(b'{');
                let mut tape = Tape { keys: &mut self.keys, select: Select::Profile };
                put_tape(out, event.leaves(), &mut tape, false);
                out.push(b'}');
            }
            _ => {
                let select = match operation {
                    Operation::Screen => Select::Screen,
                    Operation::Alias | Operation::Merge => Select::Link,
                    _ => Select::Event,
                };
                put_tape(out, event.leaves(), &mut Tape { keys: &mut self.keys, select }, true);
            }
        }
        out.extend_from_slice(b"}}");
    }

    fn put_ids(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        let operation = event.operation();
        for (key, role) in [("$user_id", Role::User), ("$device_id", Role::Device)] {
            if let Some(id) = event.id(role) {
                put_key(out, key);
                put_bare_id(out, id);
            }
        }
        // What tells a device's id from a user's in PostHog's own events.
        let is_device = subject_of(event).is_device();
        if is_device || event.ids().iter().any(|id| id.id.is_device()) {
            put_key(out, "$is_identified");
            out.extend_from_slice(if is_device { b"false" } else { b"true" });
        }
        match operation {
            Operation::Identify => {
                if let Some(id) = event.id(Role::Previous).or_else(|| event.id(Role::Device)) {
                    put_key(out, "$anon_distinct_id");
                    put_bare_id(out, id);
                }
            }
            Operation::Alias | Operation::Merge => {
                if let Some(id) = event.id(Role::Next) {
                    put_key(out, "alias");
                    put_bare_id(out, id);
                }
            }
            Operation::Group(_) | Operation::Join => {
                if let Some((kind, id)) = group_of(event) {
                    put_field(out, "$group_type", self.keys.names().entry(kind).key);
                    put_key(out, "$group_key");
                    put_bare_id(out, id);
                }
            }
            _ => {}
        }
        if !matches!(operation, Operation::Profile(_) | Operation::Group(_)) {
            self.put_groups(event, out);
        }
        let is_unknown = match subject_of(event) {
            ReleasedId::None { .. } => true,
            _ if matches!(operation, Operation::Group(_)) => person_of(event).is_none(),
            id => id.is_device() && matches!(operation, Operation::Track | Operation::Page | Operation::Screen),
        };
        if is_unknown && !event.leaves().iter().any(|leaf| self.keys.of(leaf.path(), KeyText::new).is_switch) {
            put_key(out, PROFILE_SWITCH);
            out.extend_from_slice(b"false");
        }
    }

    /// `$groups`: a type has one group at PostHog, the first.
    fn put_groups(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        let mut is_open = false;
        for kind in group_types(event) {
            if std::mem::replace(&mut is_open, true) {
                out.push(b',');
            } else {
                put_key(out, "$groups");
                out.push(b'{');
            }
            put_string(out, self.keys.names().entry(kind).key.as_bytes());
            out.push(b':');
            if let Some(first) = groups_of(event, kind).next() {
                put_bare_id(out, first);
            }
        }
        if is_open {
            out.push(b'}');
        }
    }

    fn put_profile(&mut self, event: &Released<'_>, op: ProfileOp, out: &mut Vec<u8>) {
        put_key(out, operator(op).unwrap_or("$unset"));
        if op == ProfileOp::Unset {
            out.push(b'[');
            put_unset(out, event.leaves(), &mut Tape { keys: &mut self.keys, select: Select::Unset }, b"");
            out.push(b']');
            return;
        }
        out.push(b'{');
        put_tape(out, event.leaves(), &mut Tape { keys: &mut self.keys, select: Select::Profile }, false);
        out.push(b'}');
    }
}

impl Encoder for PostHogEncoder {
    fn lane_of(&mut self, event: &Released<'_>, _now: Millis) -> Result<Lane, Rule> {
        let is_of_nobody = matches!(event.subject(), ReleasedId::None { .. });
        match event.operation() {
            // A profile of nobody is no profile.
            Operation::Profile(_) | Operation::Join if is_of_nobody => return Err(Rule::NoEquivalent),
            Operation::Profile(op) if operator(op).is_none() => return Err(Rule::NoEquivalent),
            Operation::Group(op) if op != ProfileOp::Set => return Err(Rule::NoEquivalent),
            Operation::Group(_) | Operation::Join if group_of(event).is_none() => return Err(Rule::NoEquivalent),
            Operation::Track if ACTING.contains(&event.name()) => return Err(Rule::NoEquivalent),
            _ if event.time() < TIME_MIN => return Err(Rule::TooOld),
            _ => {}
        }
        let is_long =
            |id: &ReleasedId| matches!(id, ReleasedId::Raw { text, .. } if text.chars().count() > ID_CHARS_MAX);
        if is_long(event.subject()) || event.ids().iter().any(|id| is_long(&id.id)) {
            return Err(Rule::OverLimit);
        }
        if bytes_at_most(event) > EVENT_BYTES_MAX {
            let bytes = bytes_written(self, |own| &mut own.scratch, |own, out| own.put(event, out));
            if bytes > EVENT_BYTES_MAX {
                return Err(Rule::TooLarge);
            }
        }
        Ok(if event.historical() { HISTORICAL } else { BATCH })
    }

    fn lanes(&self) -> &'static [Lane] {
        LANES
    }

    fn limits(&self, _lane: Lane) -> LaneLimits {
        LaneLimits { events_max: EVENTS_MAX, bytes_max: BYTES_MAX }
    }

    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool {
        request.add_next(EVENTS_MAX, self.body_bytes_last, |json, is_first| {
            if is_first {
                json.extend_from_slice(&self.head);
            } else {
                json.push(b',');
            }
            self.put(event, json);
            // What closes the request has to fit too.
            json.len() + 64 < BYTES_MAX
        })
    }

    fn finish(&mut self, request: Building) -> Encoded {
        let (lane, count) = (request.lane(), request.count());
        let mut json = request.into_body();
        if count == 0 {
            json.extend_from_slice(&self.head);
        }
        json.extend_from_slice(if lane == HISTORICAL { b"],\"historical_migration\":true}" } else { b"]}" });
        self.body_bytes_last = json.len();
        Encoded::json(lane, count, "/batch/".to_owned(), json, self.gzip_from_bytes)
    }

    /// A 200 is not enough: it may say that the project is over its quota and that nothing was kept.
    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict {
        let invalid = |code| if encoded.count() > 1 { Verdict::Split } else { Verdict::Reject(code) };
        match status {
            200 => match Reply::parse(body, &self.answers) {
                Some(Reply { is_over_quota: true, .. }) => Verdict::Refused("quota_exceeded"),
                Some(Reply { is_ok: true, .. }) => Verdict::Accepted,
                // Somebody answers who is not PostHog: nothing is taken for delivered.
                _ => Verdict::Retry { after: retry_after },
            },
            201..=299 => Verdict::Retry { after: retry_after },
            300..=399 => Verdict::Refused("redirected"),
            401 | 403 => Verdict::Refused("credentials_refused"),
            402 => Verdict::Refused("payment_required"),
            404 | 405 => Verdict::Refused("endpoint_unknown"),
            413 => invalid("too_large_for_vendor"),
            408 | 425 | 429 => Verdict::Retry { after: retry_after },
            400..=499 => invalid("refused_as_invalid"),
            _ => Verdict::Retry { after: retry_after },
        }
    }
}

/// The key of a profile operation; `None` where PostHog has none.
fn operator(op: ProfileOp) -> Option<&'static str> {
    Some(match op {
        ProfileOp::Set => "$set",
        ProfileOp::SetOnce => "$set_once",
        ProfileOp::Unset => "$unset",
        _ => return None,
    })
}

/// Whom an event is about: of two ids that are one, the one before. A group's properties are about the group, but PostHog wants a
/// person beside it: who set them, or nobody by the group's own id.
fn subject_of<'a>(event: &'a Released<'_>) -> &'a ReleasedId {
    let person = match event.operation() {
        Operation::Alias | Operation::Merge => event.id(Role::Previous),
        Operation::Group(_) => person_of(event),
        _ => None,
    };
    person.unwrap_or_else(|| event.subject())
}

fn person_of<'a>(event: &'a Released<'_>) -> Option<&'a ReleasedId> {
    [Role::Subject, Role::User, Role::Device].into_iter().find_map(|role| event.id(role))
}

/// Which part of a tape is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Select {
    /// Properties, and context by the vendor's names. Traits that came beside an event are none of its properties.
    Event,
    /// The same of a screen view, whose name has a property of its own.
    Screen,
    /// The same of an alias, which has a property of that name already.
    Link,
    /// Properties of a person or a group alone.
    Profile,
    /// The same where they are removed: click ids of a person are not.
    Unset,
}

/// One path's key.
struct KeyText {
    /// `"key":` at the top of the event's properties.
    property: Vec<u8>,
    /// The same in a screen view.
    screen: Vec<u8>,
    /// `"key":` elsewhere.
    nested: Vec<u8>,
    /// Said of a person or a group, not of an event.
    is_profile: bool,
    /// Click ids of a person: context that is written as a property of theirs.
    is_click_of_profile: bool,
    /// Written by ourselves.
    is_ours: bool,
    is_alias: bool,
    is_switch: bool,
}

impl KeyText {
    fn new(names: &Names, path: NameId) -> KeyText {
        let entry = names.entry(path);
        let context = entry.text.strip_prefix("context.");
        let is_own = |key: &str| {
            RESERVED.contains(&key)
                || names::canonical_path(key).is_some()
                || names::is_meta(key)
                || names::RELEASED_ONLY.iter().any(|(_, name)| *name == key)
        };
        let property = match context {
            Some(rest) => names::property(entry.text).unwrap_or(rest).to_owned(),
            None if is_own(entry.key) => format!("property_{}", entry.key),
            None => entry.key.to_owned(),
        };
        let (screen_name, name) = names::SCREEN_ONLY;
        let screen = if entry.text == name {
            screen_name.to_owned()
        } else if entry.text == screen_name {
            format!("property_{screen_name}")
        } else {
            property.clone()
        };
        let meta = entry.text.strip_prefix("context.meta.");
        KeyText {
            property: as_key(&property),
            screen: as_key(&screen),
            nested: as_key(entry.key),
            is_profile: entry.text.starts_with("profile.") || entry.text.starts_with("group."),
            is_click_of_profile: meta.is_some_and(names::is_click),
            is_ours: matches!(entry.text, "context.location.country" | "context.meta.$is_identified"),
            is_alias: entry.text == "alias",
            is_switch: entry.text == PROFILE_SWITCH,
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
        match select {
            Select::Unset => key.is_profile.then_some(&key.nested[..]),
            Select::Profile => (key.is_profile || key.is_click_of_profile).then_some(&key.nested[..]),
            _ if key.is_profile || (key.is_ours && kind.is_scalar()) => None,
            Select::Link if key.is_alias => None,
            Select::Screen => Some(&key.screen),
            Select::Event | Select::Link => Some(&key.property),
        }
    }

    fn nested(&mut self, path: NameId) -> &[u8] {
        &self.keys.of(path, KeyText::new).nested
    }
}

/// What an answer says. Its texts may quote events, so nothing of them is kept.
#[derive(Default)]
struct Reply {
    is_ok: bool,
    is_over_quota: bool,
}

const STATUS: u8 = 1;
const QUOTA: u8 = 2;
const WORDS: Words = Words(&[("status", STATUS), ("quota_limited", QUOTA)]);
/// Bytes of an answer that are looked at; outbound caps it anyway.
const REPLY_BYTES_MAX: usize = 1 << 20;

impl Reply {
    fn parse(body: &[u8], names: &SourceNames) -> Option<Reply> {
        replies::read(body, REPLY_BYTES_MAX, names, WORDS, Reply::member)
    }

    fn member(&mut self, key: &Key, parser: &mut Reading<'_>) -> Result<(), Malformed> {
        match key.meaning {
            Meaning::Special(STATUS) => {
                // `1` is what the server before the present one said.
                let said = parser.scalar()?.filter(|scalar| scalar.kind.has_text());
                let text = said.map(|scalar| parser.bytes(scalar.text)).unwrap_or_default();
                self.is_ok = text.eq_ignore_ascii_case(b"ok") || text == b"1";
            }
            Meaning::Special(QUOTA) if parser.peek() == b'[' => replies::elements(parser, |parser| {
                // Recordings are none of ours.
                let said = parser.scalar()?.filter(|scalar| scalar.kind == LeafKind::String);
                let text = said.map(|scalar| parser.bytes(scalar.text)).unwrap_or_default();
                self.is_over_quota |= text != b"recordings";
                Ok(())
            })?,
            _ => parser.skip()?,
        }
        Ok(())
    }
}
