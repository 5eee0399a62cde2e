//! Segment: `/v1/track` and its five siblings, their one-letter forms, batches, the pixel, and the calls beside them.
//!
//! Sources: captured requests of analytics-next 1.84.3, analytics-node 3.1.0 and segment-analytics-python 2.4.0 in
//! `fixtures/segment`, the older SDKs by their source, and Segment's specification. RudderStack speaks the same language with an
//! accent: what both share is here, and [`Dialect`] says which of the two is heard. Names in both directions are one table,
//! [`names`].

pub(super) mod answers;
pub(super) mod decode;
pub mod encode;
pub mod names;

use weir_event::{DraftBatch, SourceNames};

use crate::answer::{Answer, Answering};
use crate::body::Opened;
use crate::drafting;
use crate::inbound::{Auxiliary, Call, DecodeError, DecodeOptions, Decoded, Endpoint, Protocol, RequestHead, WriteKey};

/// One event of the type that the path names.
pub const EVENT: Endpoint = Endpoint("event");
/// Several events.
pub const BATCH: Endpoint = Endpoint("batch");
/// The same, of old data.
pub const IMPORT: Endpoint = Endpoint("import");
/// One event in the query, answered with an image.
pub const PIXEL: Endpoint = Endpoint("pixel");
/// What the SDK counts about itself.
pub const METRICS: Endpoint = Endpoint("metrics");
/// Segment's CDN settings.
pub const SETTINGS: Endpoint = Endpoint("settings");
/// RudderStack's source configuration.
pub const SOURCE_CONFIG: Endpoint = Endpoint("source_config");
/// RudderStack's audience lists: contact details for advertisers, and no event.
pub const AUDIENCE_LIST: Endpoint = Endpoint("audience_list");
/// Whether RudderStack's server is well.
pub const HEALTH: Endpoint = Endpoint("health");
/// Which version of RudderStack's server it is.
pub const VERSION: Endpoint = Endpoint("version");
/// What robots may read.
pub const ROBOTS: Endpoint = Endpoint("robots");

/// Which of the two vendors is spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    /// Segment.
    Segment,
    /// RudderStack: knows `merge`, refuses an empty batch.
    RudderStack,
}

/// What a message is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MessageType {
    Track,
    Identify,
    Page,
    Screen,
    Group,
    Alias,
    Merge,
}

impl MessageType {
    /// The type by its word, or by the letter that stands for it in paths.
    pub(super) fn from_word(dialect: Dialect, word: &str) -> Option<MessageType> {
        Some(match word {
            "track" | "t" => MessageType::Track,
            "identify" | "i" => MessageType::Identify,
            "page" | "p" => MessageType::Page,
            "screen" | "s" => MessageType::Screen,
            "group" | "g" => MessageType::Group,
            "alias" | "a" => MessageType::Alias,
            "merge" if dialect == Dialect::RudderStack => MessageType::Merge,
            _ => return None,
        })
    }

    /// The type that the last word of a path names.
    pub(super) fn of_path(dialect: Dialect, path: &str) -> Option<MessageType> {
        MessageType::from_word(dialect, path.trim_end_matches('/').rsplit('/').next()?)
    }
}

/// Segment's inbound format.
#[derive(Debug)]
pub struct Segment;

impl Protocol for Segment {
    fn name(&self) -> &'static str {
        "segment"
    }

    fn number(&self) -> u8 {
        3
    }

    /// Every path also stands without its `/v1`: an `apiHost` may have taken it, and older SDKs have none.
    fn classify(&self, method: &str, path: &str) -> Call {
        let path = path.trim_matches('/');
        let path = path.strip_prefix("v1/").unwrap_or(path);
        if path.strip_prefix("projects/").and_then(|rest| rest.strip_suffix("/settings")).is_some() {
            return with_method(method == "GET", Call::Auxiliary(SETTINGS));
        }
        match path {
            "b" | "batch" => with_method(method == "POST", Call::Ingest(BATCH)),
            "import" => with_method(method == "POST", Call::Ingest(IMPORT)),
            "m" => with_method(method == "POST", Call::Auxiliary(METRICS)),
            _ if path.starts_with("pixel/") && MessageType::of_path(Dialect::Segment, path).is_some() => {
                with_method(method == "GET", Call::Ingest(PIXEL))
            }
            _ if MessageType::from_word(Dialect::Segment, path).is_some() => {
                with_method(method == "POST", Call::Ingest(EVENT))
            }
            _ => Call::Unknown,
        }
    }

    fn find_write_keys(&self, head: &RequestHead<'_>, opened: &Opened) -> Vec<WriteKey> {
        let mut keys = Vec::new();
        let of_settings = |path: &str| Some(path.rsplit_once("projects/")?.1.strip_suffix("/settings")?.to_owned());
        if let Some(key) = of_settings(head.path.trim_end_matches('/')) {
            WriteKey::add(&mut keys, key);
        }
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
        decode::decode(Dialect::Segment, endpoint, head, opened, names, options, batch)
    }

    fn answer(&self, answering: &Answering<'_>) -> Answer {
        answers::answer(Dialect::Segment, answering)
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

/// The call if the path has this method.
pub(super) fn with_method(is_allowed: bool, call: Call) -> Call {
    match call {
        Call::Ingest(endpoint) | Call::Auxiliary(endpoint) | Call::Drop(endpoint, _) if !is_allowed => {
            Call::WrongMethod(endpoint)
        }
        call => call,
    }
}

/// Basic `writeKey:`, then `?writeKey=`, then the body's own: newer SDKs send the first and the last, OAuth only the last.
pub(super) fn find_write_keys(head: &RequestHead<'_>, opened: &Opened, keys: &mut Vec<WriteKey>) {
    if let Some((user, _)) = head.basic() {
        WriteKey::add(keys, user);
    }
    if let Some(key) = head.query_param("writeKey") {
        WriteKey::add(keys, key);
    }
    drafting::find_write_keys(opened.text_bytes(), "writeKey", keys);
}

#[cfg(test)]
pub(super) mod tests;
