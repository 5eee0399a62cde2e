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

mod events;
mod import;
mod keys;
mod reply;
mod shape;
mod updates;

use std::time::Duration;

use weir_event::names::ClassOnly;
use weir_event::{Millis, Names, Operation, Rule, SourceNames};
use weir_policy::{Released, ReleasedId};

use crate::outbound::{
    Building, DestinationSetup, Encoded, Encoder, IdentityMerge, Lane, LaneLimits, SetupError, Verdict,
};
use crate::vendors::{Repeat, RepeatEffect};
use crate::writing::{PathTable, bytes_at_most, bytes_written, group_of, put_string};
use import::Import;
use keys::KeyText;
use reply::{Reply, partial};
use shape::check_shape;
use updates::operator;

pub(super) use events::put_id;
pub(super) use keys::{Select, Tape};

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
/// `/track` takes the last five days; an hour is left for the way.
const TRACK_AGE_MILLIS_MAX: i64 = 5 * Millis::DAY - Millis::HOUR;
/// `/import` takes events since 1971.
const IMPORT_FROM: Millis = Millis(365 * Millis::DAY);

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
