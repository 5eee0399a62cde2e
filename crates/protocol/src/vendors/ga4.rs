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
//! `property_<name>`, but `value` and `currency`; only the canonical paths of [`names::PARAMS`] become those.
//!
//! **What does not fit drops the event, by rule** `over_limit`: more than 25 parameters or user properties, a value of more than 100
//! characters (1,000 for `page_location`, 420 for `page_referrer`, 300 for `page_title`, 36 for a user property). A value that is cut
//! off is another value, and the ledger would say of it that it left; the fields that an event has are yours to choose under `release`. Lists and objects
//! are flattened to `a_b_0`, since parameters hold none; each element counts.
//!
//! Limits by Google's documentation of the Measurement Protocol ("Send events", limitations; "Reference", reserved names) and of event
//! collection limits, as of 2026.

mod head;
mod leaves;
mod names;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use weir_event::{Millis, NameId, Operation, ProfileOp, Rule};
use weir_policy::{Released, ReleasedId};

use crate::outbound::{Building, DestinationSetup, Encoded, Encoder, Lane, LaneLimits, SetupError, Verdict};
use crate::statuses::{self, Means, Statuses};
use crate::vendors::{Repeat, RepeatEffect};
use crate::writing::{PathTable, put_bare_id, put_key, put_number, put_string};
use leaves::Key;
use names::{NAME_MAX, RESERVED_EVENTS, name_of};

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
/// Names of one encoder that are remembered.
const NAMES_MAX: usize = 10_000;

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
