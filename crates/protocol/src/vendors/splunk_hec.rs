//! Released events to Splunk's HTTP Event Collector, and its answers to verdicts. An event for each event.
//!
//! One lane, `POST /services/collector/event` with the token in `Authorization: Splunk`, objects one behind the other with nothing
//! between them. Every event, page, screen, identify, alias, merge and joining of a group is sent; profile operations are not
//! (`no_equivalent`): a log says what happened, not how somebody is.
//!
//! `event` is the event as [`crate::plain`] writes it, `time` its time in seconds. `index`, `source`, `sourcetype` and `host` are
//! written where the configuration says them; where it does not, those of the token hold. The name of the host that Weir runs on is
//! never written.
//!
//! **Acknowledgement.** Without it a 200 says that Splunk has read a request, not that it is indexed. With `acknowledge: true` every
//! request goes through a channel, a GUID that is random for each destination and each generation of a process; the answer bears an
//! `ackId`, and the batch counts as delivered when `POST /services/collector/ack` says `true` for it. Asked 0.5 s after the answer,
//! then at doubling intervals of up to 10 s; after `acknowledge_within` the outcome is unknown, and `on_unknown` decides. A Splunk
//! that forgets its numbers (a restart, another indexer behind a balancer without sticky sessions) says `false` for ever, which ends
//! the same way. Before the first batch a question about no number finds out whether the token has acknowledgement at all.
//!
//! Limits: 1 MB a request, as Splunk Cloud advises; Splunk Enterprise takes more (`max_content_length`). What Splunk cuts off an event
//! that is longer than `TRUNCATE` of its source type is Splunk's configuration and not seen here. Source of the codes: Splunk, "Troubleshoot HTTP
//! Event Collector", possible error codes.

use std::time::Duration;

use weir_event::names::ClassOnly;
use weir_event::{LeafKind, Millis, Names, Operation, Rule, SourceNames};
use weir_policy::Released;

use crate::json::{Key, Malformed, Meaning};
use crate::outbound::{
    Building, Confirmation, DestinationSetup, Encoded, Encoder, Lane, LaneLimits, Question, SetupError, Verdict,
};
use crate::plain::Plain;
use crate::replies::{self, Reading, Words};
use crate::statuses::{self, Means, Statuses};
use crate::vendors::{Repeat, RepeatEffect};
use crate::writing::{bytes_at_most, bytes_written, put_field, put_number};

/// Splunk is where the customer runs it.
pub const ENDPOINTS: &[(&str, &str)] = &[];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Duplicates,
    within_millis: None,
    source: "Splunk, About HTTP Event Collector Indexer Acknowledgment: a client that sends again has to expect duplicates; the field insert_id is the same on both copies",
};

/// What statuses mean where the body has no code of Splunk's.
pub const STATUSES: &[Statuses] = &[
    // Somebody answers who is not Splunk: nothing is taken for delivered.
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

/// What codes mean: (first, last, meaning). One that is not here is a reason to come again.
pub const CODES: &[Statuses] = &[
    (0, 0, Means::Accepted),
    (1, 4, Means::Refused("credentials_refused")),
    (5, 6, Means::Invalid("refused_as_invalid")),
    (7, 7, Means::Refused("index_refused")),
    (8, 9, Means::Retry),
    (10, 11, Means::Refused("channel_refused")),
    (12, 13, Means::Invalid("refused_as_invalid")),
    (14, 14, Means::Refused("acknowledgement_disabled")),
    (15, 15, Means::Invalid("refused_as_invalid")),
    (16, 16, Means::Refused("credentials_refused")),
    (21, 22, Means::Refused("credentials_refused")),
];

/// Splunk's codes have two digits at most.
const CODE_MAX: u16 = 99;

/// Every event.
pub const EVENTS: Lane = Lane { number: 1, name: "events" };
const LANES: &[Lane] = &[EVENTS];

/// Events of one request: a limit of ours.
const EVENTS_MAX: usize = 1_000;
/// Bytes of one request, uncompressed. Source: Splunk Cloud's service description, HEC.
const BYTES_MAX: usize = 1_000_000;
/// Bytes of one event, with what is around it.
const EVENT_BYTES_MAX: usize = BYTES_MAX;
/// The first wait for an acknowledgement.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// The longest. Source: what vector asks in, 10 s.
const ASK_LONGEST: Duration = Duration::from_secs(10);
/// A number that Splunk never gives: it counts from 0 in each channel.
const NO_RECEIPT: u64 = 2_147_483_647;

/// `destinations.<id>.splunk_hec`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `index` of each event; the token's where it is not said.
    pub index: Option<String>,
    /// `source`.
    pub source: Option<String>,
    /// `sourcetype`.
    pub sourcetype: Option<String>,
    /// `host`.
    pub host: Option<String>,
    /// Whether a batch is delivered only when the indexers have it.
    pub acknowledge: bool,
    /// How long that is asked.
    pub acknowledge_within: Duration,
    /// The channel of its requests: random, no secret.
    pub channel: [u8; 16],
}

impl Default for Settings {
    /// Five minutes is what vector waits by default (30 times 10 s).
    fn default() -> Settings {
        Settings {
            index: None,
            source: None,
            sourcetype: None,
            host: None,
            acknowledge: false,
            acknowledge_within: Duration::from_secs(300),
            channel: [0; 16],
        }
    }
}

/// Makes the encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    Ok(Box::new(SplunkEncoder::new(setup)?))
}

/// Splunk's outbound format.
struct SplunkEncoder {
    authorization: String,
    /// The channel and how long is asked, where acknowledgement is asked for.
    channel: Option<(String, Duration)>,
    /// What every event says behind its time, up to `event`.
    constant: Vec<u8>,
    gzip_from_bytes: Option<usize>,
    plain: Plain,
    scratch: Vec<u8>,
    body_bytes_last: usize,
    answers: SourceNames,
}

impl SplunkEncoder {
    fn new(setup: DestinationSetup) -> Result<SplunkEncoder, SetupError> {
        let token = setup.token.reveal();
        if !(1..=256).contains(&token.len()) || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(SetupError::BadToken);
        }
        if setup.import.is_some() {
            return Err(SetupError::NoImport);
        }
        let settings = &setup.settings.splunk_hec;
        let mut constant = Vec::new();
        let said = [
            ("host", &settings.host),
            ("source", &settings.source),
            ("sourcetype", &settings.sourcetype),
            ("index", &settings.index),
        ];
        for (key, value) in said {
            if let Some(value) = value {
                put_field(&mut constant, key, value);
            }
        }
        constant.extend_from_slice(b",\"event\":");
        Ok(SplunkEncoder {
            authorization: format!("Splunk {token}"),
            channel: settings.acknowledge.then(|| (guid(settings.channel), settings.acknowledge_within)),
            constant,
            gzip_from_bytes: setup.gzip_from_bytes,
            plain: Plain::new(&setup.names),
            scratch: Vec::new(),
            body_bytes_last: 0,
            answers: Names::new(Box::new(ClassOnly)).source(),
        })
    }

    fn put(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"time\":");
        // Whole milliseconds as a decimal of seconds; a time before 1970 has its sign before all of it.
        let millis = event.time().0;
        if millis < 0 {
            out.push(b'-');
        }
        put_number(out, i64::try_from(millis.unsigned_abs() / 1_000).unwrap_or(i64::MAX));
        out.extend_from_slice(format!(".{:03}", millis.unsigned_abs() % 1_000).as_bytes());
        out.extend_from_slice(&self.constant);
        self.plain.put(event, out);
        out.push(b'}');
    }
}

/// A channel as Splunk reads it.
fn guid(bytes: [u8; 16]) -> String {
    let hex = weir_event::ids::hex(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

impl Encoder for SplunkEncoder {
    fn lane_of(&mut self, event: &Released<'_>, _: Millis) -> Result<Lane, Rule> {
        if matches!(event.operation(), Operation::Profile(_) | Operation::Group(_)) {
            return Err(Rule::NoEquivalent);
        }
        if bytes_at_most(event) > EVENT_BYTES_MAX {
            let bytes = bytes_written(self, |own| &mut own.scratch, |own, out| own.put(event, out));
            if bytes > EVENT_BYTES_MAX {
                return Err(Rule::TooLarge);
            }
        }
        Ok(EVENTS)
    }

    fn lanes(&self) -> &'static [Lane] {
        LANES
    }

    fn limits(&self, _lane: Lane) -> LaneLimits {
        LaneLimits { events_max: EVENTS_MAX, bytes_max: BYTES_MAX }
    }

    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool {
        request.add_next(EVENTS_MAX, self.body_bytes_last, |json, _| {
            self.put(event, json);
            json.len() <= BYTES_MAX
        })
    }

    fn finish(&mut self, request: Building) -> Encoded {
        let (lane, count) = (request.lane(), request.count());
        let json = request.into_body();
        self.body_bytes_last = json.len();
        let encoded = Encoded::json(lane, count, "/services/collector/event".to_owned(), json, self.gzip_from_bytes)
            .with_header("Authorization", self.authorization.clone());
        match &self.channel {
            Some((channel, _)) => encoded.with_header("X-Splunk-Request-Channel", channel.clone()),
            None => encoded,
        }
    }

    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict {
        let reply = Reply::parse(body, &self.answers).unwrap_or_default();
        // What stands before Splunk has codes of its own, such as the status once more.
        let Some(code) = reply.code.filter(|code| *code <= CODE_MAX) else {
            return statuses::verdict(statuses::means(STATUSES, status), encoded, retry_after);
        };
        match (statuses::means(CODES, code), reply.ack, reply.invalid) {
            (Means::Accepted, _, _) if !(200..300).contains(&status) => Verdict::Retry { after: retry_after },
            (Means::Accepted, Some(receipt), _) if self.channel.is_some() => Verdict::Confirm { receipt },
            // It was to give a number and gave none: whether it keeps what it took cannot be asked.
            (Means::Accepted, None, _) if self.channel.is_some() => Verdict::Unknown,
            (Means::Invalid(_), _, Some(place)) if encoded.count() > 1 && place <= encoded.count() => {
                Verdict::SplitAround(place)
            }
            (means, _, _) => statuses::verdict(means, encoded, retry_after),
        }
    }

    fn confirm(&self, receipt: Option<u64>) -> Option<Question> {
        let (channel, within) = self.channel.as_ref()?;
        let path = format!("/services/collector/ack?channel={channel}");
        let json = format!("{{\"acks\":[{}]}}", receipt.unwrap_or(NO_RECEIPT)).into_bytes();
        let request = Encoded::json(EVENTS, 0, path, json, None)
            .with_header("Authorization", self.authorization.clone())
            .with_header("X-Splunk-Request-Channel", channel.clone());
        Some(Question { request, every: ASK_EVERY, longest: ASK_LONGEST, within: *within })
    }

    fn confirmed(&self, receipt: Option<u64>, status: u16, body: &[u8]) -> Confirmation {
        let reply = Reply::parse(body, &self.answers).unwrap_or_default();
        let code = reply.code.filter(|code| *code <= CODE_MAX);
        if let Some(Means::Refused(code)) = code.map(|code| statuses::means(CODES, code)) {
            return Confirmation::Refused(code);
        }
        match status {
            200 if reply.has_acks => {
                let kept = receipt.is_some_and(|receipt| reply.acks.contains(&receipt));
                if kept { Confirmation::Kept } else { Confirmation::NotYet }
            }
            300..=399 => Confirmation::Refused("redirected"),
            401 | 403 => Confirmation::Refused("credentials_refused"),
            404 | 405 => Confirmation::Refused("acknowledgement_unavailable"),
            _ => Confirmation::Later,
        }
    }
}

/// What an answer says. Its text may quote events, so nothing of it is kept.
#[derive(Default)]
struct Reply {
    code: Option<u16>,
    /// The place of the first event that does not go in.
    invalid: Option<u32>,
    ack: Option<u64>,
    has_acks: bool,
    /// Numbers that are kept.
    acks: Vec<u64>,
}

const CODE: u8 = 1;
const INVALID_EVENT: u8 = 2;
const ACK_ID: u8 = 3;
const ACKS: u8 = 4;
const WORDS: Words =
    Words(&[("code", CODE), ("invalid-event-number", INVALID_EVENT), ("ackId", ACK_ID), ("acks", ACKS)]);
/// Bytes of an answer that are looked at; outbound caps it anyway.
const REPLY_BYTES_MAX: usize = 1 << 20;
/// Numbers that are read of an answer: one was asked about.
const ACKS_MAX: usize = 64;

impl Reply {
    fn parse(body: &[u8], names: &SourceNames) -> Option<Reply> {
        replies::read(body, REPLY_BYTES_MAX, names, WORDS, Reply::member)
    }

    fn member(&mut self, key: &Key, parser: &mut Reading<'_>) -> Result<(), Malformed> {
        match key.meaning {
            Meaning::Special(CODE) => self.code = replies::number(parser, LeafKind::has_text)?,
            Meaning::Special(INVALID_EVENT) => self.invalid = replies::number(parser, LeafKind::has_text)?,
            Meaning::Special(ACK_ID) => self.ack = replies::number(parser, LeafKind::has_text)?,
            Meaning::Special(ACKS) if parser.peek() == b'{' => {
                self.has_acks = true;
                replies::members(parser, |key, parser| {
                    let id: Option<u64> = parser.str(key.text).parse().ok();
                    let is_kept = parser.scalar()?.is_some_and(|scalar| scalar.kind == LeafKind::True);
                    self.acks.extend(id.filter(|_| is_kept && self.acks.len() < ACKS_MAX));
                    Ok(())
                })?;
            }
            _ => parser.skip()?,
        }
        Ok(())
    }
}
