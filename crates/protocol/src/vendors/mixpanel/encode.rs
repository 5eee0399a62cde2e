//! Released events to Mixpanel's requests, and Mixpanel's answers to verdicts.
//!
//! | lane | request | takes |
//! |---|---|---|
//! | track | `POST /track?verbose=1&ip=0` | events of the last five days, `$identify`, `$create_alias` |
//! | import | `POST /import?strict=1[&project_id=]`, Basic | older or historical events, `$merge`; only with import credentials |
//! | engage | `POST /engage?verbose=1&ip=0` | profile operations of people |
//! | groups | `POST /groups?verbose=1&ip=0` | profile operations of groups |
//!
//! Which of `$identify`, `$create_alias` and `$merge` there are is the project's way of merging ids, [`IdentityMerge`]; what it has no
//! word for is dropped by `no_equivalent`.
//!
//! Bodies are JSON arrays. Nobody is placed by our own address: `ip=0`, `$ip: 0`, and the gate's country as `mp_country_code` or
//! `$country_code` (D18). Every event has a `distinct_id`, since Mixpanel makes one from the address where there is none, and an
//! `$insert_id` (D5). A property that bears a name which we write ourselves goes as `property_<name>`, so that none can pose as it.
//!
//! Limits by Mixpanel's API reference (import events, track event); where its documents disagree, the smaller number. An event
//! that does not fit is dropped by rule `over_limit` or `too_large`, whole: half an event would not be what the ledger says left.

use std::time::Duration;

use weir_event::names::ClassOnly;
use weir_event::{LeafKind, Millis, NameId, Names, Operation, ProfileOp, Role, Rule, SourceNames};
use weir_policy::release::ReleasedLeaf;
use weir_policy::{Released, ReleasedId};

use crate::body::base64;
use crate::json::{self, Malformed, Meaning, Parser, Plan, Vocabulary};
use crate::outbound::{
    Building, DestinationSetup, Encoded, Encoder, IdentityMerge, ImportCredentials, Lane, LaneLimits, SetupError,
    Verdict,
};
use crate::vendors::mixpanel::names;
use crate::vendors::{Repeat, RepeatEffect};
use crate::writing::{
    PathTable, TapeKeys, as_key, bytes_at_most, bytes_written, group_of, group_types, groups_of, put_bare_id,
    put_field, put_id_text, put_key, put_number, put_scalar, put_string, put_tape, put_unset,
};

/// (Region, base address). Source: Mixpanel's `ingestion.openapi.yaml`.
pub const ENDPOINTS: &[(&str, &str)] = &[
    ("us", "https://api.mixpanel.com"),
    ("us", "https://api-js.mixpanel.com"),
    ("eu", "https://api-eu.mixpanel.com"),
    ("in", "https://api-in.mixpanel.com"),
];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Replaces,
    within_millis: None,
    source: "Mixpanel, Event Deduplication: of events with the same name, time, distinct_id and $insert_id reports show the latest in most cases, without a promise of it; raw exports keep all",
};

/// Events.
pub const TRACK: Lane = Lane { number: 1, name: "track" };
/// Old events, with credentials.
pub const IMPORT: Lane = Lane { number: 2, name: "import" };
/// Profiles of people.
pub const ENGAGE: Lane = Lane { number: 3, name: "engage" };
/// Profiles of groups.
pub const GROUPS: Lane = Lane { number: 4, name: "groups" };
const LANES: &[Lane] = &[TRACK, IMPORT, ENGAGE, GROUPS];

/// Events of one request.
const EVENTS_MAX: usize = 2_000;
/// Bytes of one request, uncompressed: what the 413's own text says, not the 10 MB of the tables.
const BYTES_MAX: usize = 2_097_152;
/// Bytes of one event: "less than 1 MB".
const EVENT_BYTES_MAX: usize = 1_000_000;
/// Properties of one event, its own five among them: "less than 255".
const PROPERTIES_MAX: usize = 254;
/// What we write beside the tape: token, ids, time, insert id, country, alias.
const OWN_PROPERTIES: usize = 10;
/// Nesting of objects and lists below the properties.
const NESTING_MAX: usize = 3;
/// Elements of one list: "less than 255".
const ELEMENTS_MAX: usize = 254;
/// `/track` takes the last five days; an hour is left for the way.
const TRACK_AGE_MILLIS_MAX: i64 = 5 * Millis::DAY - Millis::HOUR;
/// `/import` takes events since 1971.
const IMPORT_FROM: Millis = Millis(365 * Millis::DAY);

/// Keys of an event's properties that we write ourselves.
const RESERVED: &[&str] = &[
    "token",
    "distinct_id",
    "time",
    "$insert_id",
    "$user_id",
    "$device_id",
    "$anon_distinct_id",
    "$distinct_ids",
    "alias",
    "ip",
    "$ip",
    "mp_country_code",
    "$country_code",
    "$distinct_id",
    "$token",
];

/// Makes the encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    Ok(Box::new(MixpanelEncoder::new(setup)?))
}

/// Mixpanel's outbound format.
struct MixpanelEncoder {
    token: Vec<u8>,
    import: Option<Import>,
    merge: IdentityMerge,
    gzip_from_bytes: Option<usize>,
    keys: PathTable<KeyText>,
    scratch: Vec<u8>,
    body_bytes_last: usize,
    answers: SourceNames,
}

/// The import's address and authorization.
struct Import {
    path_and_query: String,
    authorization: String,
}

impl MixpanelEncoder {
    fn new(setup: DestinationSetup) -> Result<MixpanelEncoder, SetupError> {
        let is_plain = |text: &str| (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_plain(setup.token.reveal()) {
            return Err(SetupError::BadToken);
        }
        let import = setup.import.as_ref().map(Import::new).transpose()?;
        let mut token = Vec::new();
        put_string(&mut token, setup.token.reveal().as_bytes());
        Ok(MixpanelEncoder {
            token,
            import,
            merge: setup.identity_merge,
            gzip_from_bytes: setup.gzip_from_bytes,
            keys: PathTable::new(&setup.names),
            scratch: Vec::new(),
            body_bytes_last: 0,
            answers: Names::new(Box::new(ClassOnly)).source(),
        })
    }

    fn lane_by_operation(&self, event: &Released<'_>, now: Millis) -> Result<Lane, Rule> {
        let import = || if self.import.is_some() { Ok(IMPORT) } else { Err(Rule::TooOld) };
        match event.operation() {
            // A profile of nobody is no profile.
            Operation::Profile(_) | Operation::Join if matches!(event.subject(), ReleasedId::None { .. }) => {
                Err(Rule::NoEquivalent)
            }
            Operation::Profile(op) | Operation::Group(op) if operator(op).is_none() => Err(Rule::NoEquivalent),
            Operation::Profile(_) => Ok(ENGAGE),
            Operation::Group(_) | Operation::Join if group_of(event).is_none() => Err(Rule::NoEquivalent),
            Operation::Join => Ok(ENGAGE),
            Operation::Group(_) => Ok(GROUPS),
            Operation::Identify | Operation::Alias | Operation::Merge if self.link(event).is_none() => {
                Err(Rule::NoEquivalent)
            }
            // Mixpanel takes a merge from servers only.
            Operation::Merge => import().map_err(|_| Rule::NoEquivalent),
            Operation::Track | Operation::Page | Operation::Screen | Operation::Identify | Operation::Alias => {
                if event.time() < IMPORT_FROM {
                    Err(Rule::TooOld)
                } else if event.age_millis(now) > TRACK_AGE_MILLIS_MAX {
                    import()
                } else if event.historical() && self.import.is_some() {
                    Ok(IMPORT)
                } else {
                    Ok(TRACK)
                }
            }
        }
    }

    /// What links two ids in a project of this way of merging; `None` where it has no word for it.
    fn link(&self, event: &Released<'_>) -> Option<&'static str> {
        match (self.merge, event.operation()) {
            (IdentityMerge::Original, Operation::Identify) => Some("$identify"),
            (IdentityMerge::Original, Operation::Merge) => Some("$merge"),
            (IdentityMerge::Original | IdentityMerge::Legacy, Operation::Alias) => Some("$create_alias"),
            // The user's id becomes another name of the anonymous one, which it must not be already.
            (IdentityMerge::Legacy, Operation::Identify) => {
                anonymous(event).filter(|id| *id != event.subject()).map(|_| "$create_alias")
            }
            _ => None,
        }
    }

    fn put_event(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        let name = match event.operation() {
            Operation::Identify | Operation::Alias | Operation::Merge => self.link(event).unwrap_or_default(),
            Operation::Page => names::PAGE,
            _ => event.name(),
        };
        out.extend_from_slice(b"{\"event\":");
        put_string(out, name.as_bytes());
        out.extend_from_slice(b",\"properties\":{\"token\":");
        out.extend_from_slice(&self.token);
        out.extend_from_slice(b",\"time\":");
        put_number(out, event.time().0);
        out.extend_from_slice(b",\"$insert_id\":\"");
        out.extend_from_slice(&event.insert_id().to_text());
        out.push(b'"');
        self.put_ids(event, out);
        if let Some(code) = event.country().code() {
            put_field(out, "mp_country_code", code);
        }
        put_tape(out, event.leaves(), &mut Tape { keys: &mut self.keys, select: Select::Event }, true);
        out.extend_from_slice(b"}}");
    }

    fn put_ids(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        match event.operation() {
            Operation::Merge => {
                // `$merge` takes exactly two ids and needs no other.
                out.extend_from_slice(b",\"$distinct_ids\":[");
                for (i, id) in [event.id(Role::Previous), event.id(Role::Next)].into_iter().flatten().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    put_id(out, id);
                }
                out.push(b']');
                return;
            }
            Operation::Alias => {
                for (key, role) in [("distinct_id", Role::Previous), ("alias", Role::Next)] {
                    if let Some(id) = event.id(role) {
                        put_key(out, key);
                        put_id(out, id);
                    }
                }
                return;
            }
            Operation::Identify if self.merge == IdentityMerge::Legacy => {
                for (key, id) in [("distinct_id", anonymous(event)), ("alias", Some(event.subject()))] {
                    if let Some(id) = id {
                        put_key(out, key);
                        put_id(out, id);
                    }
                }
                return;
            }
            _ => {}
        }
        put_key(out, "distinct_id");
        put_id(out, event.subject());
        // Where an event with both ids is all that links them, the one that it is about counts too.
        let subject = Some(event.subject()).filter(|_| self.merge == IdentityMerge::Simplified);
        let subject = subject.filter(|id| !matches!(id, ReleasedId::None { .. }));
        for (key, role, is_device) in [("$user_id", Role::User, false), ("$device_id", Role::Device, true)] {
            if let Some(id) = event.id(role).or_else(|| subject.filter(|id| id.is_device() == is_device)) {
                put_key(out, key);
                put_bare_id(out, id);
            }
        }
        if event.operation() == Operation::Identify
            && let Some(id) = anonymous(event)
        {
            put_key(out, "$anon_distinct_id");
            put_id(out, id);
        }
        self.put_groups(event, out, true);
    }

    /// Group ids as the lists that group analytics expects. `comma`: something stands before them.
    fn put_groups(&mut self, event: &Released<'_>, out: &mut Vec<u8>, mut comma: bool) -> bool {
        for kind in group_types(event) {
            if std::mem::replace(&mut comma, true) {
                out.push(b',');
            }
            put_string(out, self.keys.names().entry(kind).key.as_bytes());
            out.push(b':');
            for (n, id) in groups_of(event, kind).enumerate() {
                out.push(if n == 0 { b'[' } else { b',' });
                put_bare_id(out, id);
            }
            out.push(b']');
        }
        comma
    }

    fn put_update(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"$token\":");
        out.extend_from_slice(&self.token);
        let op = match event.operation() {
            Operation::Group(op) => {
                if let Some((kind, id)) = group_of(event) {
                    put_field(out, "$group_key", self.keys.names().entry(kind).key);
                    put_key(out, "$group_id");
                    put_bare_id(out, id);
                }
                op
            }
            Operation::Profile(_) | Operation::Join => {
                put_key(out, "$distinct_id");
                put_id(out, event.subject());
                out.extend_from_slice(b",\"$ip\":0");
                match event.operation() {
                    Operation::Profile(op) => op,
                    // The groups are all that there is to say.
                    _ => ProfileOp::Union,
                }
            }
            // `lane_of` puts nothing else here; an update without an operation is refused by the vendor, not misread.
            _ => ProfileOp::Unset,
        };
        out.extend_from_slice(b",\"$time\":");
        put_number(out, event.time().seconds());
        let is_person = !matches!(event.operation(), Operation::Group(_));
        put_key(out, operator(op).unwrap_or("$unset"));
        match op {
            ProfileOp::Delete => out.extend_from_slice(b"\"\""),
            ProfileOp::Unset => {
                out.push(b'[');
                put_unset(out, event.leaves(), &mut Tape { keys: &mut self.keys, select: Select::Profile }, b"");
                out.push(b']');
            }
            _ => {
                out.push(b'{');
                let mut comma = false;
                if is_person && matches!(op, ProfileOp::Set | ProfileOp::SetOnce | ProfileOp::Union) {
                    comma = self.put_groups(event, out, comma);
                }
                if is_person
                    && op == ProfileOp::Set
                    && let Some(code) = event.country().code()
                    && !event.leaves().iter().any(|leaf| self.keys.of(leaf.path(), KeyText::new).is_profile_country)
                {
                    if comma {
                        out.push(b',');
                    }
                    comma = true;
                    out.extend_from_slice(b"\"$country_code\":");
                    put_string(out, code.as_bytes());
                }
                let mut tape = Tape { keys: &mut self.keys, select: Select::Profile };
                match event.operation() {
                    // Whoever joins a group says nothing else of the person.
                    Operation::Join => {}
                    _ if op == ProfileOp::Union => put_lists(out, event.leaves(), &mut tape, comma),
                    _ => {
                        put_tape(out, event.leaves(), &mut tape, comma);
                    }
                }
                out.push(b'}');
            }
        }
        out.push(b'}');
    }

    fn put(&mut self, lane: Lane, event: &Released<'_>, out: &mut Vec<u8>) {
        if lane == ENGAGE || lane == GROUPS { self.put_update(event, out) } else { self.put_event(event, out) }
    }
}

impl Encoder for MixpanelEncoder {
    fn lane_of(&mut self, event: &Released<'_>, now: Millis) -> Result<Lane, Rule> {
        let lane = self.lane_by_operation(event, now)?;
        check_shape(event)?;
        if bytes_at_most(event) > EVENT_BYTES_MAX {
            let bytes = bytes_written(self, |own| &mut own.scratch, |own, out| own.put(lane, event, out));
            if bytes >= EVENT_BYTES_MAX {
                return Err(Rule::TooLarge);
            }
        }
        Ok(lane)
    }

    fn good_until(&self, lane: Lane, event: &Released<'_>) -> Option<Millis> {
        (lane == TRACK).then(|| Millis(event.time().0.saturating_add(TRACK_AGE_MILLIS_MAX)))
    }

    fn lanes(&self) -> &'static [Lane] {
        LANES
    }

    fn limits(&self, _lane: Lane) -> LaneLimits {
        LaneLimits { events_max: EVENTS_MAX, bytes_max: BYTES_MAX }
    }

    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool {
        let lane = request.lane();
        request.add_next(EVENTS_MAX, self.body_bytes_last, |json, is_first| {
            json.push(if is_first { b'[' } else { b',' });
            self.put(lane, event, json);
            // The closing bracket has to fit too.
            json.len() < BYTES_MAX
        })
    }

    fn finish(&mut self, request: Building) -> Encoded {
        let (lane, count) = (request.lane(), request.count());
        let json = request.into_array();
        self.body_bytes_last = json.len();
        let (path, authorization) = match (lane, &self.import) {
            (IMPORT, Some(import)) => (import.path_and_query.clone(), Some(import.authorization.clone())),
            _ => (format!("/{}?verbose=1&ip=0", lane.name), None),
        };
        let encoded = Encoded::json(lane, count, path, json, self.gzip_from_bytes);
        match authorization {
            Some(authorization) => encoded.with_header("Authorization", authorization),
            None => encoded,
        }
    }

    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict {
        let invalid = |code| if encoded.count() > 1 { Verdict::Split } else { Verdict::Reject(code) };
        let answer = Reply::parse(body, &self.answers);
        match status {
            200..=299 if encoded.lane() == IMPORT => match answer {
                Some(Reply { code: Some(200), .. }) => Verdict::Accepted,
                Some(Reply { failed, .. }) if !failed.is_empty() => partial(failed, encoded.count(), invalid),
                // Somebody answers who is not Mixpanel: nothing is taken for delivered.
                _ => Verdict::Retry { after: retry_after },
            },
            200..=299 => match answer {
                Some(Reply { status: Some(1), .. }) => Verdict::Accepted,
                Some(Reply { status: Some(0), .. }) => invalid("refused_as_invalid"),
                _ if body.trim_ascii() == b"1" => Verdict::Accepted,
                _ if body.trim_ascii() == b"0" => invalid("refused_as_invalid"),
                _ => Verdict::Retry { after: retry_after },
            },
            401 | 403 => Verdict::Refused("credentials_refused"),
            402 => Verdict::Refused("payment_required"),
            404 | 405 => Verdict::Refused("endpoint_unknown"),
            300..=399 => Verdict::Refused("redirected"),
            413 => invalid("too_large_for_vendor"),
            408 | 425 | 429 | 500..=599 => Verdict::Retry { after: retry_after },
            400 if encoded.lane() == IMPORT => match answer {
                Some(Reply { failed, .. }) if !failed.is_empty() => partial(failed, encoded.count(), invalid),
                _ => invalid("refused_as_invalid"),
            },
            400..=499 => invalid("refused_as_invalid"),
            _ => Verdict::Retry { after: retry_after },
        }
    }
}

impl Import {
    fn new(credentials: &ImportCredentials) -> Result<Import, SetupError> {
        let (user, password) = (credentials.user.reveal(), credentials.password.reveal());
        let is_plain = |text: &str| text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic());
        let project = credentials.project_id.as_deref();
        let is_number = |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let is_service_account = !password.is_empty();
        if user.is_empty()
            || user.contains(':')
            || !is_plain(user)
            || !is_plain(password)
            || project.is_some_and(|id| !is_number(id))
            || (is_service_account && project.is_none())
        {
            return Err(SetupError::BadImportCredentials);
        }
        let project = project.map(|id| format!("&project_id={id}")).unwrap_or_default();
        Ok(Import {
            path_and_query: format!("/import?strict=1{project}"),
            authorization: format!("Basic {}", base64::encode(format!("{user}:{password}").as_bytes())),
        })
    }
}

/// The key of a profile operation; `None` where Mixpanel has none.
fn operator(op: ProfileOp) -> Option<&'static str> {
    Some(match op {
        ProfileOp::Set => "$set",
        ProfileOp::SetOnce => "$set_once",
        ProfileOp::Add => "$add",
        ProfileOp::Append => "$append",
        ProfileOp::Union => "$union",
        ProfileOp::Remove => "$remove",
        ProfileOp::Unset => "$unset",
        ProfileOp::Delete => "$delete",
        ProfileOp::Prepend | ProfileOp::PreInsert | ProfileOp::Clear => return None,
    })
}

/// Which part of a tape is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Select {
    /// Properties, and context by the vendor's names. Traits that came beside an event are none of its properties, and a profile
    /// is not changed by them.
    Event,
    /// Properties of a profile alone: context has no place there.
    Profile,
}

/// One path's key.
pub(super) struct KeyText {
    /// `"key":` at the top of an event.
    top: Vec<u8>,
    /// `"key":` elsewhere.
    nested: Vec<u8>,
    is_context: bool,
    /// Said of a person or a group, not of an event.
    is_profile: bool,
    /// The country from the gate, which we write ourselves.
    is_country: bool,
    /// A country that the product wrote into the profile: then ours stays away.
    is_profile_country: bool,
}

/// The keys of one tape.
pub(super) struct Tape<'a> {
    pub(super) keys: &'a mut PathTable<KeyText>,
    pub(super) select: Select,
}

impl TapeKeys for Tape<'_> {
    fn top(&mut self, path: NameId, kind: LeafKind) -> Option<&[u8]> {
        let select = self.select;
        let key = self.keys.of(path, KeyText::new);
        let is_left_out = match select {
            Select::Profile => key.is_context,
            Select::Event => key.is_profile || (key.is_country && kind.is_scalar()),
        };
        let text = if select == Select::Event { &key.top } else { &key.nested };
        (!is_left_out).then_some(text)
    }

    fn nested(&mut self, path: NameId) -> &[u8] {
        &self.keys.of(path, KeyText::new).nested
    }
}

impl KeyText {
    fn new(names: &Names, path: NameId) -> KeyText {
        let entry = names.entry(path);
        let context = entry.text.strip_prefix("context.");
        let is_own = |key: &str| {
            RESERVED.contains(&key)
                || key.starts_with("context.")
                || names::canonical_path(key).is_some()
                || names::RELEASED_ONLY.iter().any(|(_, n)| *n == key)
        };
        let top = match context {
            // Under its whole path where Mixpanel has no name: the last part may be a property's own name.
            Some(_) => names::property(entry.text).unwrap_or(entry.text).to_owned(),
            None if is_own(entry.key) => format!("property_{}", entry.key),
            None => entry.key.to_owned(),
        };
        KeyText {
            top: as_key(&top),
            nested: as_key(entry.key),
            is_context: context.is_some(),
            is_profile: entry.text.starts_with("profile.") || entry.text.starts_with("group."),
            is_country: entry.text == "context.location.country",
            is_profile_country: entry.text == "profile.$country_code",
        }
    }
}

/// Writes a tape whose values must be lists: Mixpanel refuses a `$union` of anything else, and other vendors' SDKs send one value
/// bare.
fn put_lists(out: &mut Vec<u8>, leaves: &[ReleasedLeaf<'_>], keys: &mut Tape<'_>, mut comma: bool) {
    let mut rest = leaves;
    while let Some(first) = rest.iter().position(|leaf| leaf.kind() != LeafKind::MapKey) {
        let (mut end, mut depth) = (first, 0_u32);
        for leaf in &rest[first..] {
            end += 1;
            match leaf.kind() {
                LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        let (value, after) = rest.split_at(end);
        rest = after;
        let start = out.len();
        comma = put_tape(out, value, keys, comma);
        // The key ends where the value begins; a value of its own is put in brackets.
        if value[first].kind().is_scalar() && out.len() > start {
            let mut bare = Vec::new();
            put_scalar(&mut bare, &value[first]);
            let at = out.len() - bare.len();
            out.insert(at, b'[');
            out.push(b']');
        }
    }
}

/// The id before an identify.
fn anonymous<'a>(event: &'a Released<'_>) -> Option<&'a ReleasedId> {
    event.id(Role::Previous).or_else(|| event.id(Role::Device))
}

/// Mixpanel's limits on the shape of an event.
fn check_shape(event: &Released<'_>) -> Result<(), Rule> {
    let properties_max = PROPERTIES_MAX.saturating_sub(OWN_PROPERTIES + event.ids().len());
    // Places of the innermost containers and how many values they hold; the outermost holds the properties.
    let mut held = [0_usize; NESTING_MAX + 1];
    let mut depth = 0;
    for leaf in event.leaves() {
        match leaf.kind() {
            LeafKind::MapKey => {}
            LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = usize::saturating_sub(depth, 1),
            kind => {
                held[depth] += 1;
                let max = if depth == 0 { properties_max } else { ELEMENTS_MAX };
                if held[depth] > max {
                    return Err(Rule::OverLimit);
                }
                if matches!(kind, LeafKind::ObjectBegin | LeafKind::ArrayBegin) {
                    depth += 1;
                    *held.get_mut(depth).ok_or(Rule::OverLimit)? = 0;
                }
            }
        }
    }
    Ok(())
}

/// An id with the prefix by which Mixpanel knows devices, which decoding took off (D6).
pub(super) fn put_id(out: &mut Vec<u8>, id: &ReleasedId) {
    out.push(b'"');
    if id.is_device() {
        out.extend_from_slice(b"$device:");
    }
    put_id_text(out, id);
    out.push(b'"');
}

fn partial(mut failed: Vec<u32>, count: u32, invalid: impl Fn(&'static str) -> Verdict) -> Verdict {
    failed.sort_unstable();
    failed.dedup();
    if failed.iter().any(|index| *index >= count) {
        // An answer about events that we did not send says nothing about those that we did.
        return invalid("refused_as_invalid");
    }
    Verdict::Partial { rejected: failed.into_iter().map(|index| (index, "refused_as_invalid")).collect() }
}

/// What an answer says. Its texts may quote events, so they are not read.
#[derive(Default)]
struct Reply {
    status: Option<i64>,
    code: Option<i64>,
    failed: Vec<u32>,
}

/// The keys of an answer; everything else in it is passed over.
struct ReplyWords;

const STATUS: u8 = 1;
const CODE: u8 = 2;
const FAILED: u8 = 3;
const INDEX: u8 = 4;
/// Bytes of an answer that are looked at; outbound caps it anyway.
const REPLY_BYTES_MAX: usize = 4 << 20;

impl Vocabulary for ReplyWords {
    fn meaning(&self, _: Plan, key: &str) -> Option<Meaning> {
        Some(Meaning::Special(match key {
            "status" => STATUS,
            "code" => CODE,
            "failed_records" => FAILED,
            "index" => INDEX,
            _ => 0,
        }))
    }
}

impl Reply {
    fn parse(body: &[u8], names: &SourceNames) -> Option<Reply> {
        json::read_answer(body, REPLY_BYTES_MAX, names, ReplyWords, Reply::read)
    }

    fn read(parser: &mut Parser<'_, ReplyWords>) -> Result<Reply, Malformed> {
        let mut reply = Reply::default();
        let mut object = parser.begin_object(Plan(1), NameId::EVENT_ROOT)?;
        while let Some(key) = parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(STATUS) => reply.status = integer(parser)?,
                Meaning::Special(CODE) => reply.code = integer(parser)?,
                Meaning::Special(FAILED) if parser.peek() == b'[' => {
                    parser.expect(b'[')?;
                    let mut is_first = true;
                    while parser.next_element(&mut is_first)? {
                        if parser.peek() != b'{' {
                            parser.skip()?;
                            continue;
                        }
                        let mut record = parser.begin_object(Plan(2), NameId::EVENT_ROOT)?;
                        while let Some(key) = parser.next_key(&mut record)? {
                            match key.meaning {
                                Meaning::Special(INDEX) => {
                                    // An index that does not read is one that we did not send.
                                    let index = integer(parser)?.and_then(|index| u32::try_from(index).ok());
                                    reply.failed.push(index.unwrap_or(u32::MAX));
                                }
                                _ => parser.skip()?,
                            }
                        }
                    }
                }
                _ => parser.skip()?,
            }
        }
        if parser.is_done() { Ok(reply) } else { Err(Malformed(parser.position())) }
    }
}

fn integer(parser: &mut Parser<'_, ReplyWords>) -> Result<Option<i64>, Malformed> {
    let scalar = parser.scalar()?.filter(|scalar| scalar.kind == LeafKind::Number);
    Ok(scalar.and_then(|scalar| parser.str(scalar.text).parse().ok()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_number_is_written_as_the_library_does(number in any::<i64>()) {
            for number in [number, number % 1_000, i64::MIN, i64::MAX, 0] {
                let mut out = Vec::new();
                put_number(&mut out, number);
                prop_assert_eq!(out, number.to_string().into_bytes());
            }
        }

        #[test]
        fn an_event_that_is_not_taken_leaves_nothing_of_itself(parts in proptest::collection::vec((any::<Vec<u8>>(), 0_u8..3), 0..20)) {
            let mut request = Building::new(TRACK);
            let (mut count, mut expected) = (0, Vec::new());
            for (part, fate) in &parts {
                let write = |body: &mut Vec<u8>| {
                    body.extend_from_slice(part);
                    if *fate == 2 {
                        // As a defect of an encoder would, without its message.
                        std::panic::resume_unwind(Box::new(()));
                    }
                    *fate == 0
                };
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| request.add(write)));
                if *fate == 0 {
                    count += 1;
                    expected.extend_from_slice(part);
                }
            }
            prop_assert_eq!(request.count(), count);
            prop_assert_eq!(request.into_body(), expected);
        }

        #[test]
        fn any_text_is_escaped_as_json(text in any::<String>()) {
            let mut out = Vec::new();
            put_string(&mut out, text.as_bytes());
            prop_assert_eq!(serde_json::from_slice::<String>(&out).ok(), Some(text));
        }

        #[test]
        fn any_answer_is_interpreted(data in proptest::collection::vec(any::<u8>(), 0..120), choice in 0_u8..8, json in "[\\[\\]{}\":,a-z0-9_-]{0,80}") {
            crate::fuzz::fuzz_interpret(&data);
            let answer = format!("{{\"failed_records\":[{{\"index\":{json}}}],\"code\":400}}");
            crate::fuzz::fuzz_interpret(&[&[choice, choice, 3], answer.as_bytes()].concat());
            crate::fuzz::fuzz_interpret(&[&[choice, choice, 3], json.as_bytes()].concat());
        }
    }
}
