//! Released events to OpenTelemetry logs by OTLP/HTTP, in JSON or protobuf, and what a receiver's answers mean.
//!
//! One lane, `POST /v1/logs` below the endpoint. Source: OTLP specification 1.9.0; `opentelemetry/proto/logs/v1/logs.proto`.
//! A track, a page, a screen and an identify are log records; every other operation changes something and tells no story, so it
//! has no equivalent.
//!
//! | field of the record | what it is |
//! |---|---|
//! | `timeUnixNano`, `observedTimeUnixNano` | the event's time, corrected at the gate; when it was received |
//! | `severityNumber` | 9, INFO |
//! | `eventName`, `body` | the event's name |
//! | `log.record.uid` | the insert id: the same if a record comes twice (D5) |
//! | `weir.type`, `weir.subject`, `weir.subject_kind` | as in `plain.rs` |
//! | `user.id`, `device.id`, `weir.previous`, `weir.next`, `weir.groups.<type>` | the ids that it has |
//! | `geo.country.iso_code` | where it may leave; there is no address (D18) |
//! | `properties.*`, `profile.*`, `group.*`, `context.*` | each property under its path, with its type; so none can pose as one of ours |
//!
//! What an answer means. Retryable are 429, 502, 503 and 504 and no other: what else fails is final by the specification and goes to
//! quarantine, from where it can be replayed. A partial success says how many records were rejected and not which, and forbids to
//! ask again: then what became of each record of that request is *unknown*, as the sums say (D11), and a request has few enough
//! records for that to be bearable.

mod answer;
mod record;

use std::sync::Arc;
use std::time::Duration;

use weir_event::names::ClassOnly;
use weir_event::{Millis, Names, Operation, Rule, SourceNames};
use weir_policy::Released;

use crate::outbound::{Building, DestinationSetup, Encoded, Encoder, Lane, LaneLimits, Secret, SetupError, Verdict};
use crate::statuses::{self, Means, Statuses};
use crate::vendors::{Repeat, RepeatEffect};
use answer::Success;
use record::Records;

/// None: it is where the customer runs it.
pub const ENDPOINTS: &[(&str, &str)] = &[];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Duplicates,
    within_millis: None,
    source: "OTLP specification 1.9.0, Duplicate data: may be received twice; log.record.uid is the same on both",
};

/// What statuses mean. Source: OTLP specification 1.9.0, "Failures" and "Retryable response codes". Some servers answer 204.
pub const STATUSES: &[Statuses] = &[
    (200, 299, Means::Accepted),
    statuses::REDIRECTED,
    statuses::UNAUTHORIZED,
    statuses::FORBIDDEN,
    statuses::NO_SUCH_PLACE,
    statuses::TOO_LARGE,
    statuses::TOO_MANY,
    statuses::INVALID,
    (502, 504, Means::Retry),
    (500, 599, Means::Final("refused_for_good")),
];

/// Every record.
pub const LOGS: Lane = Lane { number: 1, name: "logs" };
const LANES: &[Lane] = &[LOGS];

/// Records of one request. Source: OpenTelemetry's default of `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE`.
const EVENTS_MAX: usize = 512;
/// Bytes of one request, uncompressed: the limit of gRPC receivers, which is the smaller one.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of one record: ours, so that a request has room for more than one.
const EVENT_BYTES_MAX: usize = 1_000_000;
/// Headers that the connection or we ourselves set.
const HEADERS_OURS: &[&str] = &[
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "expect",
    "te",
    "cookie",
    "content-type",
    "content-encoding",
    "accept",
];

/// How requests are written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Encoding {
    /// `application/x-protobuf`.
    #[default]
    Protobuf,
    /// `application/json`.
    Json,
}

/// `destinations.<id>.otlp`.
#[derive(Clone, Default, Debug)]
pub struct Settings {
    /// How requests are written.
    pub encoding: Encoding,
    /// Headers with credentials of the receiver's own kind.
    pub headers: Vec<(String, Secret)>,
    /// Attributes of the resource, such as `service.name`.
    pub resource: Vec<(String, String)>,
}

/// Makes the encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    Ok(Box::new(OtlpEncoder::new(setup)?))
}

struct OtlpEncoder {
    headers: Arc<[(String, Secret)]>,
    gzip_from_bytes: Option<usize>,
    records: Records,
    scratch: Vec<u8>,
    body_bytes_last: usize,
    answers: SourceNames,
}

impl OtlpEncoder {
    fn new(setup: DestinationSetup) -> Result<OtlpEncoder, SetupError> {
        if setup.import.is_some() {
            return Err(SetupError::NoImport);
        }
        let own = setup.settings.otlp;
        let mut headers = own.headers;
        let is_name = |name: &str| {
            let is_token = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
            (1..=100).contains(&name.len()) && name.bytes().all(is_token)
        };
        for (name, value) in &headers {
            if !is_name(name) || HEADERS_OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
                return Err(SetupError::BadSetting("otlp.headers", "names of headers that Weir does not set itself"));
            }
            if !value.reveal().bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
                return Err(SetupError::BadSetting("otlp.headers", "values of printable ASCII"));
            }
        }
        let token = setup.token.reveal();
        if !token.is_empty() {
            if !token.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(SetupError::BadToken);
            }
            if headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
                return Err(SetupError::BadSetting("otlp.headers", "without `authorization` where there is a `token`"));
            }
            headers.push(("Authorization".to_owned(), Secret::new(format!("Bearer {token}"))));
        }
        Ok(OtlpEncoder {
            headers: headers.into(),
            gzip_from_bytes: setup.gzip_from_bytes,
            records: Records::new(own.encoding, &setup.names, &own.resource),
            scratch: Vec::new(),
            body_bytes_last: 0,
            answers: Names::new(Box::new(ClassOnly)).source(),
        })
    }
}

impl Encoder for OtlpEncoder {
    fn lane_of(&mut self, event: &Released<'_>, _now: Millis) -> Result<Lane, Rule> {
        match event.operation() {
            Operation::Track | Operation::Page | Operation::Screen | Operation::Identify => {}
            _ => return Err(Rule::NoEquivalent),
        }
        if Records::bytes_at_most(event) > EVENT_BYTES_MAX {
            self.scratch.clear();
            self.records.put(event, &mut self.scratch);
            if self.scratch.len() > EVENT_BYTES_MAX {
                return Err(Rule::TooLarge);
            }
        }
        Ok(LOGS)
    }

    fn lanes(&self) -> &'static [Lane] {
        LANES
    }

    fn limits(&self, _lane: Lane) -> LaneLimits {
        LaneLimits { events_max: EVENTS_MAX, bytes_max: BYTES_MAX }
    }

    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool {
        request.add_next(EVENTS_MAX, self.body_bytes_last, |out, is_first| {
            self.records.put_next(event, is_first, out);
            out.len() + self.records.envelope_bytes() <= BYTES_MAX
        })
    }

    fn finish(&mut self, request: Building) -> Encoded {
        let (lane, count) = (request.lane(), request.count());
        let (body, content_type) = self.records.wrap(request.into_body());
        self.body_bytes_last = body.len();
        Encoded::post(lane, count, "/v1/logs".to_owned(), content_type, body, self.gzip_from_bytes)
            .with_header("Accept", content_type.to_owned())
            .with_own_headers(Arc::clone(&self.headers))
    }

    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict {
        let means = statuses::means(STATUSES, status);
        if means != Means::Accepted {
            return statuses::verdict(means, encoded, retry_after);
        }
        match Success::read(self.records.encoding(), body, &self.answers) {
            Some(Success { rejected: 0 }) => Verdict::Accepted,
            Some(Success { rejected }) if rejected >= u64::from(encoded.count()) => {
                Verdict::Reject("rejected_by_receiver")
            }
            Some(_) => Verdict::Undecided,
            // Somebody answers who is no receiver of logs: nothing is taken for delivered.
            None => Verdict::Retry { after: retry_after },
        }
    }
}
