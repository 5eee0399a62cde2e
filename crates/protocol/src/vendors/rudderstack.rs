//! RudderStack: Segment's language ([`super::segment`]) under paths of its own, with `merge`, a beacon, and ids in a header.
//!
//! Sources: captured requests of rudder-sdk-js 3.34.1 and rudder-sdk-node 3.0.13 in `fixtures/rudderstack`, rudder-sdk-python 2.1.9
//! by its source, and rudder-server's `gateway`. A webhook bears whatever a third party sends, which nobody can read as events:
//! it is not taken.

mod pixel;

use weir_event::{DraftBatch, Rule, SourceNames};

use crate::answer::{Answer, Answering};
use crate::body::{self, BodyError, Opened};
use crate::inbound::{Auxiliary, Call, DecodeError, DecodeOptions, Decoded, Endpoint, Protocol, RequestHead, WriteKey};
use crate::outbound::{DestinationSetup, Encoder, SetupError};
use crate::vendors::segment::{
    AUDIENCE_LIST, BATCH, Dialect, EVENT, HEALTH, IMPORT, METRICS, MessageType, PIXEL, ROBOTS, SOURCE_CONFIG, VERSION,
    answers, decode, encode, find_write_keys, names, with_method,
};
use crate::vendors::{Repeat, RepeatEffect};

/// RudderStack's server is the customer's own, so there is no address of the vendor.
pub const ENDPOINTS: &[(&str, &str)] = &[];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Duplicates,
    within_millis: None,
    source: "rudder-server, config.yaml: removing duplicates by messageId is off unless the customer turns it on",
};

/// Makes the encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    encode::rudderstack(setup)
}

/// RudderStack's inbound format.
#[derive(Debug)]
pub struct RudderStack;

impl Protocol for RudderStack {
    fn name(&self) -> &'static str {
        "rudderstack"
    }

    fn number(&self) -> u8 {
        4
    }

    fn classify(&self, method: &str, path: &str) -> Call {
        let (is_get, is_post) = (method == "GET", method == "POST");
        let path = path.trim_matches('/');
        match path {
            "v1/batch" | "beacon/v1/batch" => with_method(is_post, Call::Ingest(BATCH)),
            "v1/import" => with_method(is_post, Call::Ingest(IMPORT)),
            "pixel/v1/track" | "pixel/v1/page" => with_method(is_get, Call::Ingest(PIXEL)),
            "v1/audiencelist" => with_method(is_post, Call::Drop(AUDIENCE_LIST, Rule::NotCarried)),
            "sourceConfig" => with_method(is_get, Call::Auxiliary(SOURCE_CONFIG)),
            "rsaMetrics" => with_method(is_post, Call::Auxiliary(METRICS)),
            "health" => with_method(is_get, Call::Auxiliary(HEALTH)),
            "version" => with_method(is_get, Call::Auxiliary(VERSION)),
            "robots.txt" => with_method(is_get, Call::Auxiliary(ROBOTS)),
            _ => match path.strip_prefix("v1/") {
                // It has no one-letter paths.
                Some(word) if word.len() > 1 && MessageType::from_word(Dialect::RudderStack, word).is_some() => {
                    with_method(is_post, Call::Ingest(EVENT))
                }
                _ => Call::Unknown,
            },
        }
    }

    fn open(
        &self,
        endpoint: Endpoint,
        head: &RequestHead<'_>,
        body: Vec<u8>,
        limits: &body::Limits,
    ) -> Result<Opened, BodyError> {
        if endpoint == PIXEL { pixel::open(head.query, limits) } else { body::open(head, body, limits) }
    }

    fn find_write_keys(&self, head: &RequestHead<'_>, opened: &Opened) -> Vec<WriteKey> {
        let mut keys = Vec::new();
        find_write_keys(head, opened, &mut keys);
        keys
    }

    fn decode(
        &self,
        endpoint: Endpoint,
        head: &RequestHead<'_>,
        opened: &mut Opened,
        names: &SourceNames,
        options: &DecodeOptions,
        batch: &mut DraftBatch,
    ) -> Result<Decoded, DecodeError> {
        decode::decode(Dialect::RudderStack, endpoint, head, opened, names, options, batch)
    }

    fn answer(&self, answering: &Answering<'_>) -> Answer {
        answers::answer(Dialect::RudderStack, answering)
    }

    fn auxiliary(&self, call: &Auxiliary<'_>) -> Answer {
        answers::auxiliary(call)
    }

    fn is_flags(&self, _endpoint: Endpoint) -> bool {
        false
    }

    fn canonical_path(&self, property: &str) -> Option<&'static str> {
        names::canonical_path(property)
    }
}

#[cfg(test)]
mod tests;
