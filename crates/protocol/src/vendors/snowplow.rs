//! Snowplow: the tracker protocol, by POST (`/com.snowplowanalytics.snowplow/tp2` and paths of one's own) and by GET (`/i?…`).
//!
//! Sources: captured requests of the JavaScript tracker 4.10.1 in `fixtures/snowplow`, the Node tracker 4.8.0 and the Python
//! tracker 1.1.0 by their source, and Snowplow's "Tracker protocol" reference. Names are one table, [`names`].
//!
//! Not spoken: `/r/tp2`, which sends a browser on to any address that the query names, and the webhooks of other companies that
//! Snowplow's collector takes on paths of two segments; their bodies are no payload of a tracker and answered with 400.

mod decode;
pub mod names;
mod query;

use weir_event::{DraftBatch, SourceNames};

use crate::answer::{Answer, Answering, PIXEL_GIF, Situation};
use crate::body::{self, BodyError, Carrier, Limits, Opened};
use crate::drafting::find_write_keys;
use crate::inbound::{Auxiliary, Call, DecodeError, DecodeOptions, Decoded, Endpoint, Protocol, RequestHead, WriteKey};

/// A list of events in a body: `/<vendor>/<version>`.
pub const POST: Endpoint = Endpoint("tp2");
/// One event in a query: `/i`.
pub const PIXEL: Endpoint = Endpoint("i");

/// Snowplow's inbound format.
#[derive(Debug)]
pub struct Snowplow;

impl Protocol for Snowplow {
    fn name(&self) -> &'static str {
        "snowplow"
    }

    fn number(&self) -> u8 {
        6
    }

    /// A tracker's `postPath` is a vendor and a version; whichever they are, the body is the same. As the collector does, a GET
    /// there is read like one of `/i`. Case counts.
    fn classify(&self, method: &str, path: &str) -> Call {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let is_segment = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        match (path.split_once('/'), method) {
            (None, "GET") if is_pixel(path) => Call::Ingest(PIXEL),
            (None, _) if is_pixel(path) => Call::WrongMethod(PIXEL),
            (Some((vendor, version)), _) if vendor != "r" && is_segment(vendor) && is_segment(version) => {
                match method {
                    "POST" => Call::Ingest(POST),
                    "GET" => Call::Ingest(PIXEL),
                    _ => Call::WrongMethod(POST),
                }
            }
            _ => Call::Unknown,
        }
    }

    fn open(
        &self,
        endpoint: Endpoint,
        head: &RequestHead<'_>,
        body: Vec<u8>,
        limits: &Limits,
    ) -> Result<Opened, BodyError> {
        if endpoint != PIXEL {
            return body::open(head, body, limits);
        }
        let text = query::payload(head.query);
        if text.len() > limits.decoded_bytes_max {
            return Err(BodyError::TooLarge { max: limits.decoded_bytes_max });
        }
        Ok(Opened::new(text, Carrier::Query))
    }

    /// The write key is the app id, `aid`. A tracker without one may have it in the query of its `postPath`.
    fn find_write_keys(&self, head: &RequestHead<'_>, opened: &Opened) -> Vec<WriteKey> {
        let mut keys = Vec::new();
        if let Some(app) = head.query_param("aid") {
            WriteKey::add(&mut keys, app);
        }
        find_write_keys(opened.text_bytes(), "aid", &mut keys);
        keys
    }

    fn decode(
        &self,
        _endpoint: Endpoint,
        _head: &RequestHead<'_>,
        opened: &mut Opened,
        names: &SourceNames,
        options: &DecodeOptions,
        batch: &mut DraftBatch,
    ) -> Result<Decoded, DecodeError> {
        batch.clear();
        batch.text = opened.take_text();
        let decoded = decode::decode(names, options, batch);
        if decoded.is_err() {
            batch.clear();
        }
        decoded
    }

    /// Trackers look at the status alone: they drop on 400, 401, 403, 410 and 422 and send again on everything else that is not
    /// 2xx. The collector's cookie, an id of the network's own for each browser, is not set.
    fn answer(&self, answering: &Answering<'_>) -> Answer {
        let situation = &answering.situation;
        let is_good = matches!(situation, Situation::Accepted { .. } | Situation::AcceptedPartly { .. });
        let is_pixel = answering.endpoint == PIXEL;
        let answer = match is_good {
            true if is_pixel => Answer::new(200, "image/gif", PIXEL_GIF),
            true => Answer::new(200, "text/plain", &b"ok"[..]),
            false => Answer::new(situation.status(), "text/plain", situation.message().as_bytes()),
        };
        answer.with_headers_of(situation, if is_pixel { "GET, OPTIONS" } else { "GET, POST, OPTIONS" })
    }

    /// Trackers ask for nothing.
    fn auxiliary(&self, _call: &Auxiliary<'_>) -> Answer {
        Answer::json(404, "{}")
    }

    fn is_flags(&self, _endpoint: Endpoint) -> bool {
        false
    }

    /// The keys of the tracker protocol are as short as properties of anybody's own (`page`, `url`), so they name nothing
    /// outside of it.
    fn canonical_path(&self, _property: &str) -> Option<&'static str> {
        None
    }
}

fn is_pixel(path: &str) -> bool {
    matches!(path, "i" | "ice.png")
}

#[cfg(test)]
mod tests;
