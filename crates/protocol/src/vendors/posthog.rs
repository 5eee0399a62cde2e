//! PostHog: capture in its old form (`/e`, `/batch`, `/capture`, …) and in its new one (`/i/v1/analytics/events`), AI events, and
//! the calls beside them.
//!
//! Sources: captured requests of posthog-js 1.449.2, posthog-node 5.70.0 and posthog-python 7.91.1 in `fixtures/posthog`, the source of
//! these SDKs, and PostHog's own capture service (PostHog/posthog `rust/capture`) for paths, encodings and forms that no capture
//! shows. Names in both directions are one table, [`names`].

mod answers;
mod decode;
pub mod encode;
pub mod flags;
mod multipart;
pub mod names;

use weir_event::{DraftBatch, Rule, SourceNames};

use crate::answer::{Answer, Answering};
use crate::body::{self, BodyError, Opened, form, lz_string};
use crate::inbound::{Auxiliary, Call, DecodeError, DecodeOptions, Decoded, Endpoint, Protocol, RequestHead, WriteKey};
use crate::inquiry::Inquirer;

/// Events: one, a list, or an object with a list.
pub const CAPTURE: Endpoint = Endpoint("capture");
/// The same, as servers send it.
pub const BATCH: Endpoint = Endpoint("batch");
/// Properties of people, by a path that PostHog took over from Mixpanel.
pub const ENGAGE: Endpoint = Endpoint("engage");
/// Capture V1: a result for each event.
pub const EVENTS: Endpoint = Endpoint("events");
/// One AI event as multipart, with its large parts beside it.
pub const AI: Endpoint = Endpoint("ai");
/// AI events in the form of a batch.
pub const AI_BATCH: Endpoint = Endpoint("ai_batch");
/// AI traces as OpenTelemetry.
pub const AI_OTEL: Endpoint = Endpoint("ai_otel");
/// Logs as OpenTelemetry.
pub const LOGS: Endpoint = Endpoint("logs");
/// Metrics as OpenTelemetry.
pub const METRICS: Endpoint = Endpoint("metrics");
/// Traces as OpenTelemetry.
pub const TRACES: Endpoint = Endpoint("traces");
/// Session recordings.
pub const REPLAY: Endpoint = Endpoint("replay");
/// Feature flags.
pub const FLAGS: Endpoint = Endpoint("flags");
/// Feature flags and settings, as old SDKs ask for them.
pub const DECIDE: Endpoint = Endpoint("decide");
/// The rules of all flags, for servers that evaluate them.
pub const DEFINITIONS: Endpoint = Endpoint("flag_definitions");
/// Remote settings.
pub const CONFIG: Endpoint = Endpoint("config");
/// Remote settings as a script.
pub const CONFIG_SCRIPT: Endpoint = Endpoint("config_script");
/// Further code of the SDK.
pub const SCRIPT: Endpoint = Endpoint("script");
/// Surveys.
pub const SURVEYS: Endpoint = Endpoint("surveys");
/// Features that people may opt into.
pub const EARLY_ACCESS: Endpoint = Endpoint("early_access_features");
/// Experiments that change the page.
pub const WEB_EXPERIMENTS: Endpoint = Endpoint("web_experiments");
/// Product tours.
pub const PRODUCT_TOURS: Endpoint = Endpoint("product_tours");

/// PostHog's inbound format.
#[derive(Debug)]
pub struct PostHog;

impl Protocol for PostHog {
    fn name(&self) -> &'static str {
        "posthog"
    }

    fn number(&self) -> u8 {
        5
    }

    fn classify(&self, method: &str, path: &str) -> Call {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let endpoint = match path {
            "e" | "i/v0/e" | "capture" | "track" => CAPTURE,
            "batch" => BATCH,
            "engage" => ENGAGE,
            "i/v1/analytics/events" => EVENTS,
            "i/v0/ai" => AI,
            "i/v0/ai/batch" => AI_BATCH,
            "i/v0/ai/otel" => AI_OTEL,
            "i/v1/logs" => LOGS,
            "i/v1/metrics" => METRICS,
            "i/v1/traces" => TRACES,
            "s" => REPLAY,
            "flags" => FLAGS,
            "decide" => DECIDE,
            "flags/definitions" | "api/feature_flag/local_evaluation" => DEFINITIONS,
            "api/surveys" => SURVEYS,
            "api/early_access_features" => EARLY_ACCESS,
            "api/web_experiments" => WEB_EXPERIMENTS,
            "api/product_tours" => PRODUCT_TOURS,
            _ if path.starts_with("static/") => SCRIPT,
            _ => match path.strip_prefix("array/").and_then(|rest| rest.split_once('/')) {
                Some((_, "config")) => CONFIG,
                Some((_, "config.js")) => CONFIG_SCRIPT,
                Some(_) => SCRIPT,
                None => return Call::Unknown,
            },
        };
        let takes_get = !matches!(endpoint, EVENTS | AI | AI_BATCH | AI_OTEL | LOGS | METRICS | TRACES);
        if !(method == "POST" || (method == "GET" && takes_get)) {
            return Call::WrongMethod(endpoint);
        }
        match endpoint {
            CAPTURE | BATCH | ENGAGE | EVENTS | AI | AI_BATCH => Call::Ingest(endpoint),
            REPLAY => Call::Drop(endpoint, Rule::SessionReplay),
            AI_OTEL | LOGS | METRICS | TRACES => Call::Drop(endpoint, Rule::NotCarried),
            _ => Call::Auxiliary(endpoint),
        }
    }

    fn open(
        &self,
        endpoint: Endpoint,
        head: &RequestHead<'_>,
        body: Vec<u8>,
        limits: &body::Limits,
    ) -> Result<Opened, BodyError> {
        let max = limits.decoded_bytes_max;
        if endpoint == AI {
            let body = body::decompress(head, body, limits)?;
            return if body.starts_with(b"--") {
                multipart::event(&body, max)
            } else {
                body::open(&RequestHead { content_encoding: None, ..*head }, body, limits)
            };
        }
        let is_lz_string = |hint: Option<&str>| matches!(hint, Some("lz64" | "lz-string"));
        body::open_by(head, body, limits, |opened, mut bytes| {
            let hint = || opened.field("compression").or_else(|| head.query_param("compression"));
            if is_lz_string(hint().as_deref()) {
                form::decode_in_place(&mut bytes, form::Plus::IsPlus);
                return lz_string::decompress_base64(bytes.trim_ascii(), max);
            }
            body::decode_value(&mut bytes);
            Ok(bytes)
        })
    }

    fn find_write_keys(&self, head: &RequestHead<'_>, opened: &Opened) -> Vec<WriteKey> {
        let mut keys = Vec::new();
        let bearer = head.authorization.and_then(|text| text.trim().split_once(' '));
        if let Some((scheme, key)) = bearer
            && scheme.eq_ignore_ascii_case("bearer")
        {
            WriteKey::add(&mut keys, key.trim());
        }
        let path = head.path.strip_prefix('/').unwrap_or(head.path);
        if let Some((key, _)) = path.strip_prefix("array/").and_then(|rest| rest.split_once('/')) {
            WriteKey::add(&mut keys, key);
        }
        for name in ["token", "api_key"] {
            for value in [head.query_param(name), opened.field(name)].into_iter().flatten() {
                WriteKey::add(&mut keys, value);
            }
        }
        decode::find_keys(opened.text_bytes(), &mut keys);
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
        batch.clear();
        batch.text = opened.take_text();
        let blobs = if endpoint == AI { multipart::blobs(opened.note()) } else { 0 };
        match decode::decode(endpoint, head, blobs, names, options, batch) {
            Ok((decoded, uuids)) => {
                opened.leave_note(uuids);
                Ok(decoded)
            }
            Err(error) => {
                batch.clear();
                Err(error)
            }
        }
    }

    fn answer(&self, answering: &Answering<'_>) -> Answer {
        answers::answer(answering)
    }

    fn auxiliary(&self, call: &Auxiliary<'_>) -> Answer {
        answers::auxiliary(call)
    }

    fn is_flags(&self, endpoint: Endpoint) -> bool {
        matches!(endpoint, FLAGS | DECIDE | DEFINITIONS)
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
