//! Mixpanel: `/track`, `/engage`, `/groups`, `/import`, and the calls beside them.
//!
//! Sources: captured requests of mixpanel-browser 2.83.0 and mixpanel-python 5.4.1 in `fixtures/mixpanel`, mixpanel-node 0.24.0
//! by its source, and Mixpanel's API reference (ingestion). Names in both directions are one table, [`names`].

mod answers;
mod decode;
pub mod encode;
pub mod flags;
pub mod names;

use weir_event::{DraftBatch, Rule, SourceNames};

use crate::answer::{Answer, Answering};
use crate::body::Opened;
use crate::drafting;
use crate::inbound::{Auxiliary, Call, DecodeError, DecodeOptions, Decoded, Endpoint, Protocol, RequestHead, WriteKey};
use crate::inquiry::Inquirer;

/// Events.
pub const TRACK: Endpoint = Endpoint("track");
/// Profile updates of people.
pub const ENGAGE: Endpoint = Endpoint("engage");
/// Profile updates of groups.
pub const GROUPS: Endpoint = Endpoint("groups");
/// Old events, and the strict API.
pub const IMPORT: Endpoint = Endpoint("import");
/// Session recordings.
pub const RECORD: Endpoint = Endpoint("record");
/// Feature flags.
pub const FLAGS: Endpoint = Endpoint("flags");
/// Remote settings.
pub const SETTINGS: Endpoint = Endpoint("settings");
/// What old mobile SDKs ask for.
pub const DECIDE: Endpoint = Endpoint("decide");

/// Mixpanel's inbound format.
#[derive(Debug)]
pub struct Mixpanel;

impl Protocol for Mixpanel {
    fn name(&self) -> &'static str {
        "mixpanel"
    }

    fn number(&self) -> u8 {
        1
    }

    /// Browsers send `/track/`, servers `/track`. What `api_routes` of mixpanel-browser renamed, the gateway names back by its
    /// configuration before it asks.
    fn classify(&self, method: &str, path: &str) -> Call {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let endpoint = match path {
            "track" => TRACK,
            "engage" => ENGAGE,
            "groups" => GROUPS,
            "import" => IMPORT,
            "record" => RECORD,
            "flags" => FLAGS,
            "settings" => SETTINGS,
            "decide" => DECIDE,
            _ => return Call::Unknown,
        };
        let is_allowed = matches!(method, "GET" | "POST") && (endpoint, method) != (RECORD, "GET");
        if !is_allowed {
            return Call::WrongMethod(endpoint);
        }
        match endpoint {
            FLAGS | SETTINGS | DECIDE => Call::Auxiliary(endpoint),
            RECORD => Call::Drop(endpoint, Rule::SessionReplay),
            _ => Call::Ingest(endpoint),
        }
    }

    fn find_write_keys(&self, head: &RequestHead<'_>, opened: &Opened) -> Vec<WriteKey> {
        let mut keys = Vec::new();
        let basic = head.basic();
        if let Some(token) = head.query_param("token") {
            WriteKey::add(&mut keys, token);
        }
        if let Some(token) = opened.field("token") {
            WriteKey::add(&mut keys, token);
        }
        drafting::find_write_keys(opened.text_bytes(), "token", &mut keys);
        if let Some((user, password)) = basic {
            WriteKey::add(&mut keys, user);
            WriteKey::add(&mut keys, password);
        }
        for name in ["api_key", "project_id"] {
            for value in [head.query_param(name), opened.field(name)].into_iter().flatten() {
                WriteKey::add(&mut keys, value);
            }
        }
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
        batch.text = opened.take_text();
        let decoded = decode::decode(endpoint, names, options, batch);
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
        matches!(endpoint, FLAGS | DECIDE)
    }

    fn inquirer(&self) -> Option<&'static dyn Inquirer> {
        Some(&flags::Flags)
    }

    fn canonical_path(&self, property: &str) -> Option<&'static str> {
        names::canonical_path(property)
    }
}

#[cfg(test)]
mod tests;
