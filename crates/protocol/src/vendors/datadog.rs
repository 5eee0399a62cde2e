//! Released events to Datadog's logs intake, and its answers to verdicts. A log for each event.
//!
//! One lane, `POST /api/v2/logs` with the key in `DD-API-KEY`, a JSON array. Every event, page, screen, identify, alias, merge and
//! joining of a group is a log; profile operations are none (`no_equivalent`): a log says what happened, not how somebody is.
//!
//! A log is the event as [`crate::plain`] writes it, at the top of the log, with what Datadog reads beside it: `message` is the
//! event's name, `ddsource`, `service` and `ddtags` come from the configuration, and `timestamp` is the event's time in
//! milliseconds. `hostname` is
//! written only where the configuration says one: the host that Weir runs on is nobody's business there. Names of the event's own
//! stand below `properties`, `profile` and `context`, so none of them can pose as an attribute that Datadog reserves (`status`,
//! `host`, `trace_id`).
//!
//! Limits by Datadog's API reference ("Send logs", v2) as of 2026: 5 MB a request before compression, 1,000 logs, 1 MB a log,
//! timestamps up to 18 hours old. What is larger Datadog would cut off, and what is older it would file under a time that is not
//! its own: both are dropped here by rule. Ours are a little smaller, so that what closes a request fits and the way has its time.

use std::time::Duration;

use weir_event::{Millis, Operation, Rule};
use weir_policy::Released;

use crate::outbound::{Building, DestinationSetup, Encoded, Encoder, Lane, LaneLimits, SetupError, Verdict};
use crate::plain::Plain;
use crate::statuses::{self, Means, Statuses};
use crate::vendors::{Repeat, RepeatEffect};
use crate::writing::{bytes_at_most, bytes_written, put_field, put_key, put_number, put_string};

/// (Site, base address). Source: Datadog's API reference, "Send logs", the endpoints of v2.
pub const ENDPOINTS: &[(&str, &str)] = &[
    ("us1", "https://http-intake.logs.datadoghq.com"),
    ("us3", "https://http-intake.logs.us3.datadoghq.com"),
    ("us5", "https://http-intake.logs.us5.datadoghq.com"),
    ("eu", "https://http-intake.logs.datadoghq.eu"),
    ("ap1", "https://http-intake.logs.ap1.datadoghq.com"),
    ("ap2", "https://http-intake.logs.ap2.datadoghq.com"),
    ("uk1", "https://http-intake.logs.uk1.datadoghq.com"),
    ("gov", "https://http-intake.logs.ddog-gov.com"),
    ("gov2", "https://http-intake.logs.us2.ddog-gov.com"),
];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Duplicates,
    within_millis: None,
    source: "Datadog, Send logs: no id by which logs are compared; the attribute insert_id is the same on both copies",
};

/// What statuses mean. Source: Datadog's API reference, "Send logs", status codes of v2.
pub const STATUSES: &[Statuses] = &[
    (202, 202, Means::Accepted),
    // Somebody answers who is not Datadog: nothing is taken for delivered.
    (200, 299, Means::Retry),
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
];

/// Every log.
pub const LOGS: Lane = Lane { number: 1, name: "logs" };
const LANES: &[Lane] = &[LOGS];

/// Logs of one request: "1000 entries".
const EVENTS_MAX: usize = 1_000;
/// Bytes of one request, uncompressed: "5MB", a little less. Source of the lesser: vector's goal of 4.25 MB for the same intake.
const BYTES_MAX: usize = 4_250_000;
/// Bytes of one log: "1MB".
const EVENT_BYTES_MAX: usize = 1_000_000;
/// "Up to 18 hours in the past"; half an hour is left for the way.
const AGE_MILLIS_MAX: i64 = 18 * Millis::HOUR - Millis::HOUR / 2;
/// Characters of a tag. Source: Datadog, "Getting Started with Tags".
const TAG_CHARS_MAX: usize = 200;
/// Tags of a destination: a limit of ours.
const TAGS_MAX: usize = 50;

/// `destinations.<id>.datadog`.
#[derive(Clone, Default, Debug)]
pub struct Settings {
    /// `service` of each log.
    pub service: Option<String>,
    /// `ddsource`; `weir` where it is not said.
    pub source: Option<String>,
    /// `ddtags`.
    pub tags: Vec<String>,
    /// `hostname`.
    pub hostname: Option<String>,
}

/// Makes the encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    Ok(Box::new(DatadogEncoder::new(setup)?))
}

/// Datadog's outbound format.
struct DatadogEncoder {
    api_key: String,
    /// What every log says after its message, comma first, up to the fields of the event.
    constant: Vec<u8>,
    gzip_from_bytes: Option<usize>,
    plain: Plain,
    scratch: Vec<u8>,
    body_bytes_last: usize,
}

impl DatadogEncoder {
    fn new(setup: DestinationSetup) -> Result<DatadogEncoder, SetupError> {
        let api_key = setup.token.reveal();
        if !(1..=256).contains(&api_key.len()) || !api_key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(SetupError::BadToken);
        }
        if setup.import.is_some() {
            return Err(SetupError::NoImport);
        }
        let settings = &setup.settings.datadog;
        if settings.tags.len() > TAGS_MAX || !settings.tags.iter().all(|tag| is_tag(tag)) {
            return Err(SetupError::BadSetting(
                "datadog.tags",
                "at most 50, each a letter and then letters, digits, _ - : . /",
            ));
        }
        let mut constant = Vec::new();
        put_field(&mut constant, "ddsource", settings.source.as_deref().unwrap_or("weir"));
        for (key, value) in [("service", &settings.service), ("hostname", &settings.hostname)] {
            if let Some(value) = value {
                put_field(&mut constant, key, value);
            }
        }
        if !settings.tags.is_empty() {
            put_field(&mut constant, "ddtags", &settings.tags.join(","));
        }
        constant.push(b',');
        Ok(DatadogEncoder {
            api_key: api_key.to_owned(),
            constant,
            gzip_from_bytes: setup.gzip_from_bytes,
            plain: Plain::new(&setup.names),
            scratch: Vec::new(),
            body_bytes_last: 0,
        })
    }

    fn put(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"message\":");
        put_string(out, event.name().as_bytes());
        put_key(out, "timestamp");
        put_number(out, event.time().0);
        out.extend_from_slice(&self.constant);
        self.plain.put_fields(event, out);
        out.push(b'}');
    }
}

fn is_tag(tag: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "_-:./".contains(c);
    tag.chars().count() <= TAG_CHARS_MAX && tag.starts_with(char::is_alphabetic) && tag.chars().all(is_plain)
}

impl Encoder for DatadogEncoder {
    fn lane_of(&mut self, event: &Released<'_>, now: Millis) -> Result<Lane, Rule> {
        if matches!(event.operation(), Operation::Profile(_) | Operation::Group(_)) {
            return Err(Rule::NoEquivalent);
        }
        if event.age_millis(now) > AGE_MILLIS_MAX {
            return Err(Rule::TooOld);
        }
        if bytes_at_most(event) > EVENT_BYTES_MAX {
            let bytes = bytes_written(self, |own| &mut own.scratch, |own, out| own.put(event, out));
            if bytes > EVENT_BYTES_MAX {
                return Err(Rule::TooLarge);
            }
        }
        Ok(LOGS)
    }

    fn good_until(&self, _: Lane, event: &Released<'_>) -> Option<Millis> {
        Some(Millis(event.time().0.saturating_add(AGE_MILLIS_MAX)))
    }

    fn lanes(&self) -> &'static [Lane] {
        LANES
    }

    fn limits(&self, _lane: Lane) -> LaneLimits {
        LaneLimits { events_max: EVENTS_MAX, bytes_max: BYTES_MAX }
    }

    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool {
        request.add_next(EVENTS_MAX, self.body_bytes_last, |json, is_first| {
            json.push(if is_first { b'[' } else { b',' });
            self.put(event, json);
            // The closing bracket has to fit too.
            json.len() < BYTES_MAX
        })
    }

    fn finish(&mut self, request: Building) -> Encoded {
        let (lane, count) = (request.lane(), request.count());
        let json = request.into_array();
        self.body_bytes_last = json.len();
        Encoded::json(lane, count, "/api/v2/logs".to_owned(), json, self.gzip_from_bytes)
            .with_header("DD-API-KEY", self.api_key.clone())
    }

    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, _: &[u8]) -> Verdict {
        statuses::verdict(statuses::means(STATUSES, status), encoded, retry_after)
    }
}
