//! Released events to Google Analytics 4 by its Measurement Protocol, and its answers to verdicts.
//!
//! One lane, `POST /mp/collect?measurement_id=…&api_secret=…`, or `firebase_app_id` for a stream of an app. The secret stands in the
//! query because Google reads it nowhere else: the query is in no log, no error and no digest.
//!
//! A request holds up to 25 events of **one** person with the same ids, country and consent: Google reads those once for the whole
//! request. Each event has its own `timestamp_micros`. Events of one person share a request also where those of others are between
//! them ([`Encoder::request_of`]).
//!
//! | canonical | Google |
//! |---|---|
//! | track | an event by its name, see below |
//! | page, screen | `page_view`, `screen_view` |
//! | identify | none: the ids on the next event say it (`no_equivalent`) |
//! | profile set | the event `profile_updated` with `user_properties` |
//! | alias, merge, join, group, every other profile operation | none (`no_equivalent`) |
//!
//! `client_id` (or `app_instance_id`, of 32 hexadecimal digits) is the device, else the user, else an id of this event alone;
//! `user_id` is the user. Traits beside an event are `user_properties`; a group is `group_<type>`, the first of each type. `session_id`
//! is the session where it was released, made a number of it since Google takes no other, and then `engagement_time_msec` is 1:
//! without both Google shows no activity. `true` and `false` go as texts, `null` not at all. `context.page.url`, `.title` and
//! `.referrer` are `page_location`, `page_title`, `page_referrer`, as released. The gate's country is `user_location.country_id`,
//! and no address is sent (D18). `insert_id` is a parameter: Google removes no duplicates, and whoever reads the export can.
//!
//! **Consent.** `ad_user_data` and `ad_personalization` are `GRANTED` only where advertising, or personalization and advertising,
//! were given and sale or sharing was not refused; unknown is `DENIED`.
//!
//! **Names.** Google takes letters of ASCII, digits and `_`, beginning with a letter, at most 40 (24 for a user property). Another
//! name is made one: each other character becomes `_`, `e_` stands before one that begins otherwise or that Google reserves, and what was changed
//! beyond blanks for `_`, or is too long, ends in `_` and 6 hexadecimal digits of its hash, so that two names stay two. The exception
//! is meant: `a b` and `a_b` are one name. A property that would have the name of one of Google's parameters, or of ours, is
//! `property_<name>`, but `value` and `currency`; only the canonical paths of [`PARAMS`] become those.
//!
//! **What does not fit drops the event, by rule** `over_limit`: more than 25 parameters or user properties, a value of more than 100
//! characters (1,000 for `page_location`, 420 for `page_referrer`, 300 for `page_title`, 36 for a user property). A value that is cut
//! off is another value, and the ledger would say of it that it left; the fields that an event has are yours to choose under `release`. Lists and objects
//! are flattened to `a_b_0`, since parameters hold none; each element counts.
//!
//! Limits by Google's documentation of the Measurement Protocol ("Send events", limitations; "Reference", reserved names) and of event
//! collection limits, as of 2026.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use weir_event::{
    ConsentState, LeafKind, Millis, NameId, Names, Operation, ProfileOp, Purpose, Role, Rule, SubjectKind,
};
use weir_policy::{Released, ReleasedId};

use crate::outbound::{Building, DestinationSetup, Encoded, Encoder, Lane, LaneLimits, SetupError, Verdict};
use crate::statuses::{self, Means, Statuses};
use crate::vendors::{Repeat, RepeatEffect};
use crate::writing::{
    PathTable, group_types, groups_of, put_bare_id, put_field, put_id_text, put_key, put_number, put_scalar, put_string,
};

/// (Region, base address). Source: Google, "Measurement Protocol reference", transport.
pub const ENDPOINTS: &[(&str, &str)] =
    &[("us", "https://www.google-analytics.com"), ("eu", "https://region1.google-analytics.com")];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Duplicates,
    within_millis: None,
    source: "Google, Measurement Protocol: no id by which events are compared; the parameter insert_id is the same on both copies",
};

/// What statuses mean. Source: Google, "Measurement Protocol reference": always 2xx where a request was received, and no other
/// answer is to be repeated as it is; those of gateways before it say nothing of whether it was.
pub const STATUSES: &[Statuses] = &[
    (200, 299, Means::Accepted),
    statuses::REDIRECTED,
    statuses::UNAUTHORIZED,
    statuses::PAYMENT,
    statuses::FORBIDDEN,
    statuses::NO_SUCH_PLACE,
    statuses::TIMED_OUT,
    statuses::TOO_LARGE,
    statuses::TOO_EARLY,
    statuses::TOO_MANY,
    statuses::INVALID,
    (502, 502, Means::Unknown),
    (504, 504, Means::Unknown),
];

/// Every event.
pub const COLLECT: Lane = Lane { number: 1, name: "collect" };
const LANES: &[Lane] = &[COLLECT];

/// Events of one request.
const EVENTS_MAX: usize = 25;
/// Bytes of one request: "smaller than 130 kB".
const BYTES_MAX: usize = 129_999;
/// "Up to 72 hours"; an hour is left for the way.
const AGE_MILLIS_MAX: i64 = 71 * Millis::HOUR;
/// Parameters of one event.
const PARAMS_MAX: usize = 25;
/// User properties of one request.
const USER_PROPERTIES_MAX: usize = 25;
/// Characters of a name of an event or a parameter.
const NAME_MAX: usize = 40;
/// Characters of a name of a user property.
const USER_NAME_MAX: usize = 24;
/// Characters of a value of a parameter.
const VALUE_CHARS_MAX: usize = 100;
/// Characters of a value of a user property.
const USER_VALUE_CHARS_MAX: usize = 36;
/// Characters of a user's id. Source: event collection limits, User-ID value.
const USER_ID_CHARS_MAX: usize = 256;
/// Names of one encoder that are remembered.
const NAMES_MAX: usize = 10_000;

/// Parameters with a meaning, by canonical path: (path, parameter, characters of its value).
const PARAMS: &[(&str, &str, usize)] = &[
    ("context.page.url", "page_location", 1_000),
    ("context.page.referrer", "page_referrer", 420),
    ("context.page.title", "page_title", 300),
    ("context.session_id", "session_id", VALUE_CHARS_MAX),
    ("context.locale", "language", VALUE_CHARS_MAX),
    ("context.campaign.source", "source", VALUE_CHARS_MAX),
    ("context.campaign.medium", "medium", VALUE_CHARS_MAX),
    ("context.campaign.name", "campaign", VALUE_CHARS_MAX),
    ("context.campaign.term", "term", VALUE_CHARS_MAX),
    ("context.campaign.content", "content", VALUE_CHARS_MAX),
    ("context.campaign.id", "campaign_id", VALUE_CHARS_MAX),
    ("context.revenue.amount", "value", VALUE_CHARS_MAX),
    ("context.revenue.currency", "currency", VALUE_CHARS_MAX),
];

/// Those that properties of the event's own may be too: what an order is worth is a property in many apps.
const MONEY: &[&str] = &["value", "currency"];

/// Names of events that are Google's own. Source: "Reserved event names" of the reference, and "Event naming rules".
const RESERVED_EVENTS: &[&str] = &[
    "ad_activeview",
    "ad_click",
    "ad_exposure",
    "ad_impression",
    "ad_query",
    "ad_reward",
    "adunit_exposure",
    "app_background",
    "app_clear_data",
    "app_exception",
    "app_install",
    "app_remove",
    "app_store_refund",
    "app_store_subscription_cancel",
    "app_store_subscription_renew",
    "app_update",
    "app_upgrade",
    "click",
    "dynamic_link_app_open",
    "dynamic_link_app_update",
    "dynamic_link_first_open",
    "error",
    "file_download",
    "firebase_campaign",
    "firebase_in_app_message_action",
    "firebase_in_app_message_dismiss",
    "firebase_in_app_message_impression",
    "first_open",
    "first_visit",
    "form_start",
    "form_submit",
    "in_app_purchase",
    "notification_dismiss",
    "notification_foreground",
    "notification_open",
    "notification_receive",
    "notification_send",
    "os_update",
    "page_view",
    "screen_view",
    "scroll",
    "session_start",
    "session_start_with_rollout",
    "user_engagement",
    "video_complete",
    "video_progress",
    "video_start",
    "view_complete",
    "view_search_results",
];
/// Parameters that a property of the event's own may not pose as: Google's reserved ones, and those that we write.
const RESERVED_PARAMS: &[&str] = &[
    "cid",
    "customer_id",
    "customerid",
    "dclid",
    "engagement_time_msec",
    "firebase_conversion",
    "gclid",
    "insert_id",
    "session_id",
    "session_number",
    "sessionid",
    "sfmc_id",
    "sid",
    "srsltid",
    "timestamp_micros",
    "uid",
    "user_id",
    "userid",
];
/// Names of user properties that are Google's own.
const RESERVED_USER: &[&str] = &[
    "cid",
    "customer_id",
    "customerid",
    "first_open_after_install",
    "first_open_time",
    "first_visit_time",
    "last_advertising_id_reset",
    "last_deep_link_referrer",
    "last_gclid",
    "lifetime_user_engagement",
    "non_personalized_ads",
    "session_id",
    "session_number",
    "sessionid",
    "sfmc_id",
    "sid",
    "uid",
    "user_id",
    "userid",
];
const RESERVED_PREFIXES: &[&str] = &["_", "firebase_", "ga_", "google_", "gtag", "query_id"];

/// `destinations.<id>.ga4`.
#[derive(Clone, Default, Debug)]
pub struct Settings {
    /// `G-…`, for a stream of a site.
    pub measurement_id: Option<String>,
    /// `1:…:android:…`, for a stream of an app.
    pub firebase_app_id: Option<String>,
}

/// Makes the encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    Ok(Box::new(Ga4Encoder::new(setup)?))
}

/// Google's outbound format.
struct Ga4Encoder {
    path_and_query: String,
    is_app: bool,
    keys: PathTable<Key>,
    /// Names of events by their canonical ones.
    events: HashMap<NameId, String>,
    /// What is written of an event: the head of its request, and the event.
    scratch: Written,
}

/// One event as it goes out.
#[derive(Default)]
struct Written {
    /// Everything before the list of events: the same for all events of a request.
    head: Vec<u8>,
    event: Vec<u8>,
}

/// Where a leaf goes, and by what name.
struct Key {
    place: Place,
    name: String,
    chars_max: usize,
    /// One of [`PARAMS`] by its path: what has the name alone is not.
    is_known: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Param,
    User,
    /// Said otherwise.
    Nowhere,
}

impl Ga4Encoder {
    fn new(setup: DestinationSetup) -> Result<Ga4Encoder, SetupError> {
        let secret = setup.token.reveal();
        let is_plain = |text: &str| {
            (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b))
        };
        if !is_plain(secret) {
            return Err(SetupError::BadToken);
        }
        if setup.import.is_some() {
            return Err(SetupError::NoImport);
        }
        let settings = &setup.settings.ga4;
        let (name, id) = match (&settings.measurement_id, &settings.firebase_app_id) {
            (Some(id), None) => ("measurement_id", id),
            (None, Some(id)) => ("firebase_app_id", id),
            _ => return Err(SetupError::BadSetting("ga4", "either a measurement_id or a firebase_app_id")),
        };
        if !is_plain(id) {
            return Err(SetupError::BadSetting("ga4", "an id of letters, digits, - and :"));
        }
        Ok(Ga4Encoder {
            path_and_query: format!("/mp/collect?{name}={id}&api_secret={secret}"),
            is_app: name == "firebase_app_id",
            keys: PathTable::new(&setup.names),
            events: HashMap::new(),
            scratch: Written::default(),
        })
    }

    fn event_name(&mut self, event: &Released<'_>) -> String {
        match event.operation() {
            Operation::Page => return "page_view".to_owned(),
            Operation::Screen => return "screen_view".to_owned(),
            Operation::Profile(_) => return "profile_updated".to_owned(),
            _ => {}
        }
        if self.events.len() >= NAMES_MAX {
            self.events.clear();
        }
        self.events.entry(event.name_id()).or_insert_with(|| name_of(event.name(), NAME_MAX, RESERVED_EVENTS)).clone()
    }

    /// Writes an event, or says by which rule it does not go.
    fn write(&mut self, event: &Released<'_>, into: &mut Written) -> Result<(), Rule> {
        into.head.clear();
        into.event.clear();
        let name = self.event_name(event);
        let out = &mut into.event;
        out.extend_from_slice(b"{\"name\":");
        put_string(out, name.as_bytes());
        put_key(out, "timestamp_micros");
        put_number(out, event.time().0.saturating_mul(1_000));
        out.extend_from_slice(b",\"params\":{\"insert_id\":\"");
        out.extend_from_slice(&event.insert_id().to_text());
        out.push(b'"');
        let groups = self.groups(event)?;
        let mut user = Vec::new();
        let counts = self.put_leaves(event, &groups, out, &mut user)?;
        for (name, id) in &groups {
            put_key(out, name);
            put_bare_id(out, id);
        }
        // How long somebody was engaged no event says; something has to stand there.
        if counts.has_session {
            put_key(out, "engagement_time_msec");
            out.push(b'1');
        }
        out.extend_from_slice(b"}}");
        self.put_head(event, &user, &mut into.head)
    }

    /// The first group of each type, by the name of its parameter.
    fn groups<'e>(&self, event: &'e Released<'_>) -> Result<Vec<(String, &'e ReleasedId)>, Rule> {
        let mut groups: Vec<(String, &ReleasedId)> = Vec::new();
        for kind in group_types(event) {
            let Some(id) = groups_of(event, kind).next() else { continue };
            let name = name_of(&format!("group_{}", self.keys.names().entry(kind).key), NAME_MAX, RESERVED_PARAMS);
            if is_longer(id, VALUE_CHARS_MAX) || groups.iter().any(|(taken, _)| *taken == name) {
                return Err(Rule::OverLimit);
            }
            groups.push((name, id));
            // With the insert id.
            if groups.len() + 1 > PARAMS_MAX {
                return Err(Rule::OverLimit);
            }
        }
        Ok(groups)
    }

    /// Writes parameters to `params` and user properties to `user`, each with a comma before it.
    fn put_leaves(
        &mut self,
        event: &Released<'_>,
        groups: &[(String, &ReleasedId)],
        params: &mut Vec<u8>,
        user: &mut Vec<u8>,
    ) -> Result<Counts, Rule> {
        // The insert id and the groups are there already.
        let mut counts = Counts { params: 1 + groups.len(), ..Counts::default() };
        // Names of what is open, and the next index of what is a list.
        let mut open: Vec<(String, Option<u32>)> = Vec::new();
        let mut top = Place::Nowhere;
        let mut map_key: Option<String> = None;
        let is_profile = matches!(event.operation(), Operation::Profile(_));
        let mut seen: Vec<(Place, String)> = groups.iter().map(|(name, _)| (Place::Param, name.clone())).collect();
        for leaf in event.leaves() {
            match leaf.kind() {
                LeafKind::MapKey => {
                    map_key = Some(leaf.text().to_owned());
                    continue;
                }
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => {
                    open.pop();
                    continue;
                }
                _ => {}
            }
            let key = self.keys.of(leaf.path(), Key::new);
            let own_key = map_key.take();
            let is_known = key.is_known && open.is_empty();
            let name = match open.last_mut() {
                None => {
                    top = key.place;
                    key.name.clone()
                }
                Some((above, index)) => {
                    let part = match (index, own_key) {
                        (Some(index), _) => {
                            *index += 1;
                            (*index - 1).to_string()
                        }
                        (None, Some(own)) => own,
                        (None, None) => key.name.clone(),
                    };
                    format!("{above}_{part}")
                }
            };
            if matches!(leaf.kind(), LeafKind::ObjectBegin | LeafKind::ArrayBegin) {
                open.push((name, (leaf.kind() == LeafKind::ArrayBegin).then_some(0)));
                continue;
            }
            if leaf.kind() == LeafKind::Null {
                continue;
            }
            let place = top;
            let (out, count, chars_max, name) = match place {
                Place::Nowhere => continue,
                // An update of a profile is all about the person.
                Place::Param if is_profile => continue,
                Place::Param if is_known => (&mut *params, &mut counts.params, key.chars_max, name),
                Place::Param => (&mut *params, &mut counts.params, VALUE_CHARS_MAX, own_param(&name)),
                Place::User => {
                    let name = name_of(&name, USER_NAME_MAX, RESERVED_USER);
                    (&mut *user, &mut counts.user, USER_VALUE_CHARS_MAX, name)
                }
            };
            if leaf.kind().has_text() && leaf.text().chars().count() > chars_max {
                return Err(Rule::OverLimit);
            }
            // One name for two values would leave one of them out.
            if seen.iter().any(|(p, n)| *p == place && *n == name) {
                return Err(Rule::OverLimit);
            }
            let is_session = is_known && name == "session_id";
            // A session brings the time of engagement along.
            *count += 1 + usize::from(is_session);
            counts.has_session |= is_session;
            // At once: each further one is compared with all before it, and an event may have 2,000.
            if counts.params > PARAMS_MAX || counts.user > USER_PROPERTIES_MAX {
                return Err(Rule::OverLimit);
            }
            put_key(out, &name);
            if place == Place::User {
                out.extend_from_slice(b"{\"value\":");
            }
            match leaf.kind() {
                _ if is_session => put_session(out, leaf.text()),
                LeafKind::True => out.extend_from_slice(b"\"true\""),
                LeafKind::False => out.extend_from_slice(b"\"false\""),
                _ => put_scalar(out, leaf),
            }
            if place == Place::User {
                out.push(b'}');
            }
            seen.push((place, name));
        }
        Ok(counts)
    }

    /// What holds for the whole request.
    fn put_head(&self, event: &Released<'_>, user: &[u8], out: &mut Vec<u8>) -> Result<(), Rule> {
        let person = Person::of(event);
        if [person.user, person.device].into_iter().flatten().any(|id| is_longer(id, USER_ID_CHARS_MAX)) {
            return Err(Rule::OverLimit);
        }
        let client = person.device.or(person.user).unwrap_or(event.subject());
        if self.is_app {
            out.extend_from_slice(b"{\"app_instance_id\":\"");
            // 32 hexadecimal digits: a pseudonym without its hyphens. Another id is one only where it looks like one.
            let mut text = Vec::new();
            put_id_text(&mut text, client);
            text.retain(|b| *b != b'-');
            if text.len() != 32 || !text.iter().all(u8::is_ascii_hexdigit) {
                return Err(Rule::NoEquivalent);
            }
            out.extend_from_slice(&text);
            out.push(b'"');
        } else {
            out.extend_from_slice(b"{\"client_id\":");
            put_bare_id(out, client);
        }
        if let Some(user) = person.user {
            put_key(out, "user_id");
            put_bare_id(out, user);
        }
        if let Some(code) = event.country().code() {
            out.extend_from_slice(b",\"user_location\":{\"country_id\":");
            put_string(out, code.as_bytes());
            out.push(b'}');
        }
        let consents = event.consents();
        let state = |purpose| consents.state(purpose);
        let ads = state(Purpose::Advertising) == ConsentState::Given
            && state(Purpose::SaleOrSharing) != ConsentState::Refused;
        let personal = ads && state(Purpose::Personalization) == ConsentState::Given;
        let word = |given| if given { "GRANTED" } else { "DENIED" };
        out.extend_from_slice(b",\"consent\":{\"ad_user_data\":\"");
        out.extend_from_slice(word(ads).as_bytes());
        out.push(b'"');
        put_field(out, "ad_personalization", word(personal));
        out.push(b'}');
        if let Some(user) = user.strip_prefix(b",") {
            out.extend_from_slice(b",\"user_properties\":{");
            out.extend_from_slice(user);
            out.push(b'}');
        }
        out.extend_from_slice(b",\"events\":[");
        Ok(())
    }
}

/// Whether an id has too many characters; a pseudonym never has.
fn is_longer(id: &ReleasedId, chars_max: usize) -> bool {
    matches!(id, ReleasedId::Raw { text, .. } if text.chars().count() > chars_max)
}

/// A session as Google takes it: digits, as they are or made of it.
fn put_session(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let number = digest.as_ref().iter().take(6).fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
        put_number(out, number);
    }
    out.push(b'"');
}

#[derive(Default)]
struct Counts {
    /// Every parameter that the event will have.
    params: usize,
    user: usize,
    has_session: bool,
}

impl Key {
    fn new(names: &Names, path: NameId) -> Key {
        let entry = names.entry(path);
        let of = |place, name: &str| Key { place, name: name.to_owned(), chars_max: VALUE_CHARS_MAX, is_known: false };
        if let Some((_, name, chars_max)) = PARAMS.iter().find(|(of, ..)| *of == entry.text) {
            return Key { chars_max: *chars_max, is_known: true, ..of(Place::Param, name) };
        }
        match entry.text.strip_prefix("context.") {
            // The gate's own, which is `user_location`; an address leaves nowhere (D18).
            _ if matches!(entry.text, "context.location.country" | "context.ip") => of(Place::Nowhere, ""),
            Some(rest) => of(Place::Param, rest),
            None if entry.text.starts_with("profile.") => of(Place::User, entry.key),
            None if entry.text.starts_with("group.") => of(Place::Nowhere, ""),
            None => of(Place::Param, entry.key),
        }
    }
}

/// The name of a parameter that is not one of [`PARAMS`], flattened where it stood below others. What means something to Google stays
/// apart, whichever way a name came to be the same: `page: {title}` is no title of a page.
fn own_param(name: &str) -> String {
    let plain = name.replace(' ', "_");
    let has_meaning = PARAMS.iter().any(|(_, known, _)| *known == plain) && !MONEY.contains(&plain.as_str());
    if has_meaning || RESERVED_PARAMS.contains(&plain.as_str()) {
        name_of(&format!("property_{name}"), NAME_MAX, RESERVED_PARAMS)
    } else {
        name_of(name, NAME_MAX, RESERVED_PARAMS)
    }
}

/// A name that Google takes, see the top of this file.
fn name_of(name: &str, max: usize, reserved: &[&str]) -> String {
    let mut made: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut is_exact = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ' ');
    // Blanks for `_` are what people expect; a name that has both is kept apart from its fellow.
    is_exact &= !(name.contains(' ') && name.contains('_'));
    let is_theirs = |made: &str| {
        let lower = made.to_ascii_lowercase();
        reserved.contains(&lower.as_str()) || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
    };
    if !made.starts_with(|c: char| c.is_ascii_alphabetic()) || is_theirs(&made) {
        made = format!("e_{made}");
        is_exact = false;
    }
    if is_exact && made.len() <= max {
        return made;
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    made.truncate(max - 7);
    format!("{made}_{}", weir_event::ids::hex(&digest.as_ref()[..3]))
}

/// Who an event is about.
struct Person<'a> {
    user: Option<&'a ReleasedId>,
    device: Option<&'a ReleasedId>,
}

impl<'a> Person<'a> {
    fn of(event: &'a Released<'_>) -> Person<'a> {
        let find = |is_kind: fn(SubjectKind) -> bool, roles: [Role; 3]| {
            let in_role = |role: &Role| event.ids().iter().find(|id| id.role == *role && is_kind(id.kind));
            roles.iter().find_map(in_role).map(|id| &id.id)
        };
        let is_user = |kind| matches!(kind, SubjectKind::User | SubjectKind::Email | SubjectKind::Phone);
        Person {
            user: find(is_user, [Role::Subject, Role::User, Role::Next]),
            device: find(|kind| kind == SubjectKind::Device, [Role::Device, Role::Subject, Role::Previous]),
        }
    }
}

impl Encoder for Ga4Encoder {
    fn lane_of(&mut self, event: &Released<'_>, now: Millis) -> Result<Lane, Rule> {
        match event.operation() {
            Operation::Track | Operation::Page | Operation::Screen => {}
            Operation::Profile(ProfileOp::Set) if !matches!(event.subject(), ReleasedId::None { .. }) => {}
            _ => return Err(Rule::NoEquivalent),
        }
        if event.age_millis(now) > AGE_MILLIS_MAX {
            return Err(Rule::TooOld);
        }
        let mut written = std::mem::take(&mut self.scratch);
        let done = self.write(event, &mut written);
        let len = written.head.len() + written.event.len() + 2;
        self.scratch = written;
        done?;
        if len > BYTES_MAX { Err(Rule::TooLarge) } else { Ok(COLLECT) }
    }

    fn good_until(&self, _: Lane, event: &Released<'_>) -> Option<Millis> {
        Some(Millis(event.time().0.saturating_add(AGE_MILLIS_MAX)))
    }

    fn request_of(&mut self, event: &Released<'_>) -> u64 {
        let mut written = std::mem::take(&mut self.scratch);
        let is_written = self.write(event, &mut written).is_ok();
        let mut hasher = DefaultHasher::new();
        hasher.write(if is_written { &written.head } else { b"" });
        self.scratch = written;
        hasher.finish()
    }

    fn lanes(&self) -> &'static [Lane] {
        LANES
    }

    fn limits(&self, _lane: Lane) -> LaneLimits {
        LaneLimits { events_max: EVENTS_MAX, bytes_max: BYTES_MAX }
    }

    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool {
        let count = request.count() as usize;
        if count >= EVENTS_MAX {
            return false;
        }
        let mut written = std::mem::take(&mut self.scratch);
        // `lane_of` has refused what cannot be written; what is written of it is refused by nobody and says nothing.
        let is_written = self.write(event, &mut written).is_ok();
        let added = request.add(|json| {
            if count == 0 {
                json.extend_from_slice(&written.head);
            } else if json.starts_with(&written.head) {
                json.push(b',');
            } else {
                return false;
            }
            json.extend_from_slice(&written.event);
            // The closing brackets have to fit too.
            is_written && json.len() + 2 <= BYTES_MAX
        });
        self.scratch = written;
        added
    }

    fn finish(&mut self, request: Building) -> Encoded {
        let (lane, count) = (request.lane(), request.count());
        let mut json = request.into_body();
        if count == 0 {
            json.extend_from_slice(b"{\"events\":[");
        }
        json.extend_from_slice(b"]}");
        // Never compressed, whatever the destination's `compression` says: Google documents no content coding and answers 204 to a
        // body that it cannot read, which would be booked as delivered.
        Encoded::json(lane, count, self.path_and_query.clone(), json, None)
    }

    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict {
        match statuses::means(STATUSES, status) {
            // Google answers without a body. Somebody answers who is not Google: nothing is taken for delivered.
            Means::Accepted if !body.is_empty() => Verdict::Retry { after: retry_after },
            means => statuses::verdict(means, encoded, retry_after),
        }
    }
}
