//! Released events to a signed webhook: a list of records (`plain.rs`), signed as [`crate::signing`] says.
//!
//! | lane | request | takes |
//! |---|---|---|
//! | events | `POST` to the endpoint itself, a JSON list | every operation |
//!
//! `webhook-id` is made of the content, so a request that is tried again has the one that it had; a batch that is cut anew, in
//! halves or after a restart, has another. So a receiver may get an event twice, and knows it by `insert_id`. Requests are not
//! compressed: the signature is over the body, and many receivers verify what they have unpacked.
//!
//! What an answer means, by Standard Webhooks 1.0.0: 2xx is delivered, 410 says that nobody wants it any more, 429 and 5xx wait,
//! 413 halves; what else is wrong with a request is narrowed down by halves to the events that are refused.

use std::time::Duration;

use weir_event::{Millis, Rule};
use weir_policy::Released;

use crate::outbound::{Building, DestinationSetup, Encoded, Encoder, Lane, LaneLimits, SetupError, Verdict};
use crate::plain::Plain;
use crate::signing::SigningKeys;
use crate::statuses::{self, Means, Statuses};
use crate::vendors::{Repeat, RepeatEffect};

/// None: it is where the customer runs it.
pub const ENDPOINTS: &[(&str, &str)] = &[];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Duplicates,
    within_millis: None,
    source: "what a receiver of yours does with an insert_id that it has seen is its own affair",
};

/// Every record.
pub const EVENTS: Lane = Lane { number: 1, name: "events" };
const LANES: &[Lane] = &[EVENTS];

/// Records of one request.
const EVENTS_MAX: usize = 500;
/// Bytes of one request: below what common servers take without being told to (nginx: 1 MiB). A smaller one says 413.
const BYTES_MAX: usize = 512 * 1024;

/// What an answer means. Source: Standard Webhooks 1.0.0, "Interpreting the response".
pub const STATUSES: &[Statuses] = &[
    (200, 299, Means::Accepted),
    statuses::REDIRECTED,
    statuses::UNAUTHORIZED,
    statuses::FORBIDDEN,
    statuses::NO_SUCH_PLACE,
    (410, 410, Means::Refused("endpoint_gone")),
    statuses::TIMED_OUT,
    statuses::TOO_LARGE,
    statuses::TOO_EARLY,
    statuses::TOO_MANY,
    statuses::INVALID,
];

/// Makes the encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    let keys = SigningKeys::parse(setup.token.reveal()).map_err(|_| SetupError::BadSigningSecret)?;
    if setup.import.is_some() {
        return Err(SetupError::NoImport);
    }
    Ok(Box::new(WebhookEncoder { keys, plain: Plain::new(&setup.names), scratch: Vec::new(), body_bytes_last: 0 }))
}

struct WebhookEncoder {
    keys: SigningKeys,
    plain: Plain,
    scratch: Vec<u8>,
    body_bytes_last: usize,
}

impl Encoder for WebhookEncoder {
    fn lane_of(&mut self, event: &Released<'_>, _now: Millis) -> Result<Lane, Rule> {
        if self.plain.is_longer(event, BYTES_MAX - 2, &mut self.scratch) { Err(Rule::TooLarge) } else { Ok(EVENTS) }
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
            self.plain.put(event, json);
            // The closing bracket has to fit too.
            json.len() < BYTES_MAX
        })
    }

    fn finish(&mut self, request: Building) -> Encoded {
        let (lane, count) = (request.lane(), request.count());
        let json = request.into_array();
        self.body_bytes_last = json.len();
        Encoded::json(lane, count, String::new(), json, None).signed(self.keys.clone())
    }

    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, _body: &[u8]) -> Verdict {
        statuses::verdict(statuses::means(STATUSES, status), encoded, retry_after)
    }
}
