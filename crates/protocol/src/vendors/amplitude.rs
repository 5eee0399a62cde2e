//! Amplitude: `/2/httpapi`, `/batch`, `/identify`, `/groupidentify`, the legacy form, and the calls beside them.
//!
//! Sources: captured requests of analytics-browser 2.47.1, analytics-node 1.5.73 and amplitude-python 1.3.0 in
//! `fixtures/amplitude`, amplitude-js 8.21.10 by its source, Amplitude's HTTP V2, Batch, Identify and Group Identify API references.
//! Names in both directions are tables, [`names`].
//!
//! The SDKs take a whole URL (`serverUrl`), so under a source's prefix any path that is posted to takes events; on the bare host
//! only Amplitude's own paths do. The legacy form bears an MD5 of itself: it proves nothing that TLS and the write key do not, an
//! SDK cannot get it wrong, and a proxy that repairs the form breaks it, so it is not checked.

mod answers;
mod decode;
pub mod encode;
pub mod names;

use weir_event::{DraftBatch, Rule, SourceNames};

use crate::answer::{Answer, Answering};
use crate::body::Opened;
use crate::drafting::find_write_keys;
use crate::inbound::{Auxiliary, Call, DecodeError, DecodeOptions, Decoded, Endpoint, Protocol, RequestHead, WriteKey};

/// Events: HTTP V2.
pub const HTTP_V2: Endpoint = Endpoint("httpapi");
/// Events: the Batch API.
pub const BATCH: Endpoint = Endpoint("batch");
/// User properties without an event.
pub const IDENTIFY: Endpoint = Endpoint("identify");
/// Group properties without an event.
pub const GROUP_IDENTIFY: Endpoint = Endpoint("groupidentify");
/// The form of old SDKs, at `/`; also whatever path a `serverUrl` names beside Amplitude's own.
pub const LEGACY: Endpoint = Endpoint("legacy");
/// Remote configuration of the browser SDKs.
pub const CONFIG: Endpoint = Endpoint("config");
/// Experiments: definitions of flags.
pub const FLAGS: Endpoint = Endpoint("flags");
/// Experiments: values of flags for a user.
pub const VARIANTS: Endpoint = Endpoint("vardata");
/// What the SDK reports about itself.
pub const DIAGNOSTICS: Endpoint = Endpoint("diagnostics");
/// Session recordings.
pub const REPLAY: Endpoint = Endpoint("replay");

/// Amplitude's inbound format.
#[derive(Debug)]
pub struct Amplitude;

impl Protocol for Amplitude {
    fn name(&self) -> &'static str {
        "amplitude"
    }

    fn number(&self) -> u8 {
        2
    }

    fn classify(&self, method: &str, path: &str) -> Call {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let endpoint = match path {
            "2/httpapi" => HTTP_V2,
            "batch" => BATCH,
            "identify" => IDENTIFY,
            "groupidentify" => GROUP_IDENTIFY,
            "" | "httpapi" => LEGACY,
            "v1/capture" => DIAGNOSTICS,
            "sessions/v2/track" => REPLAY,
            "sdk/v2/flags" => FLAGS,
            "sdk/v2/vardata" => VARIANTS,
            _ if path.starts_with("config/") && config_key(path).is_some() => CONFIG,
            _ => return Call::Unknown,
        };
        call(method, endpoint)
    }

    /// Amplitude's own paths below any other, and then whatever is posted to.
    fn classify_named(&self, method: &str, path: &str) -> Call {
        let own = self.classify(method, path);
        if own != Call::Unknown {
            return own;
        }
        let mut below = path.match_indices('/').map(|(at, _)| self.classify(method, &path[at..]));
        match below.find(|call| *call != Call::Unknown) {
            Some(call) => call,
            None if method == "POST" => Call::Ingest(LEGACY),
            None => Call::Unknown,
        }
    }

    fn find_write_keys(&self, head: &RequestHead<'_>, opened: &Opened) -> Vec<WriteKey> {
        let mut keys = Vec::new();
        for name in ["api_key", "client"] {
            for value in [head.query_param(name), opened.field(name)].into_iter().flatten() {
                WriteKey::add(&mut keys, value);
            }
        }
        if let Some(key) = head.api_key {
            WriteKey::add(&mut keys, key);
        }
        // Experiments say `Api-Key <key>`, recordings `Bearer <key>`.
        if let Some((_, key)) = head.authorization.and_then(|value| value.trim().split_once(' ')) {
            WriteKey::add(&mut keys, key.trim());
        }
        if let Some(key) = config_key(head.path) {
            WriteKey::add(&mut keys, key);
        }
        find_write_keys(opened.text_bytes(), "api_key", &mut keys);
        keys
    }

    fn decode(
        &self,
        endpoint: Endpoint,
        _head: &RequestHead<'_>,
        opened: &mut Opened,
        names: &SourceNames,
        options: &DecodeOptions,
        batch: &mut DraftBatch,
    ) -> Result<Decoded, DecodeError> {
        batch.clear();
        let (carrier, sent_at) = (opened.carrier(), opened.field("upload_time").map(|time| time.into_owned()));
        batch.text = opened.take_text();
        // The answer says how large the payload was.
        opened.leave_note((batch.text.len() as u64).to_le_bytes().to_vec());
        let decoded = decode::decode(endpoint, carrier, sent_at.as_deref(), names, options, batch);
        if decoded.is_err() {
            batch.clear();
        }
        decoded
    }

    fn answer(&self, answering: &Answering<'_>) -> Answer {
        answers::answer(answering)
    }

    fn auxiliary(&self, call: &Auxiliary<'_>) -> Answer {
        answers::auxiliary(call.endpoint)
    }

    fn is_flags(&self, endpoint: Endpoint) -> bool {
        matches!(endpoint, FLAGS | VARIANTS)
    }

    fn canonical_path(&self, property: &str) -> Option<&'static str> {
        names::canonical_path(property)
    }
}

fn call(method: &str, endpoint: Endpoint) -> Call {
    let is_allowed = match endpoint {
        // `GET /` is anybody's look at the host, and no SDK's.
        LEGACY if method == "GET" => return Call::Unknown,
        CONFIG => method == "GET",
        FLAGS | VARIANTS | IDENTIFY | GROUP_IDENTIFY => matches!(method, "GET" | "POST"),
        _ => method == "POST",
    };
    match endpoint {
        _ if !is_allowed => Call::WrongMethod(endpoint),
        CONFIG | FLAGS | VARIANTS => Call::Auxiliary(endpoint),
        DIAGNOSTICS => Call::Drop(endpoint, Rule::NotCarried),
        REPLAY => Call::Drop(endpoint, Rule::SessionReplay),
        _ => Call::Ingest(endpoint),
    }
}

/// The key in `config/<key>`, which is how the SDK extends `remoteConfig.serverUrl`.
fn config_key(path: &str) -> Option<&str> {
    let (before, key) = path.rsplit_once('/')?;
    let is_config = before.rsplit('/').next() == Some("config");
    (is_config && !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)))
        .then_some(key)
}

#[cfg(test)]
mod tests;
