//! What PostHog's SDKs need to hear.
//!
//! posthog-js comes again only after what is below 400 and not 200, or from 500 on: a 204 makes it send twice, a 429 or a 408 makes it
//! forget. So success is always 200, and what is to be sent again is asked for by 503. Capture V1 wants a result for each event; one
//! that is not named counts as taken, and any 2xx without the map is the end of it. Nothing that policy drops is told to an SDK.

use crate::answer::{Answer, Answering, Situation};
use crate::inbound::{Auxiliary, Endpoint};
use crate::vendors::posthog::{
    AI, AI_OTEL, CONFIG, CONFIG_SCRIPT, DECIDE, DEFINITIONS, EARLY_ACCESS, EVENTS, FLAGS, LOGS, METRICS, PRODUCT_TOURS,
    SCRIPT, SURVEYS, TRACES, WEB_EXPERIMENTS,
};

pub(super) fn answer(answering: &Answering<'_>) -> Answer {
    let situation = &answering.situation;
    let is_good = matches!(situation, Situation::Accepted { .. } | Situation::AcceptedPartly { .. });
    let answer = match (answering.endpoint, situation) {
        (EVENTS, Situation::Refused(why)) => Answer::new(200, "application/json", results(answering, "drop", why)),
        (EVENTS, _) if is_good => Answer::new(200, "application/json", results(answering, "ok", "")),
        (AI, _) if is_good => Answer::json(200, r#"{"accepted_parts":[]}"#),
        (AI_OTEL | LOGS | METRICS | TRACES, _) if is_good => Answer::json(200, "{}"),
        _ if is_good => Answer::json(200, r#"{"status":"Ok"}"#),
        _ => {
            let message = situation.message();
            // The key that each SDK reads: `detail` the old ones, `error` Capture V1.
            let body = format!(r#"{{"status":"Error","detail":"{message}","error":"{message}"}}"#);
            Answer::new(status(situation), "application/json", body.into_bytes())
        }
    };
    let allow = if takes_get(answering.endpoint) { "GET, POST, OPTIONS" } else { "POST, OPTIONS" };
    answer.with_headers_of(situation, allow)
}

/// The status, with nothing in it that makes posthog-js forget what it should send again.
fn status(situation: &Situation<'_>) -> u16 {
    match situation {
        Situation::TooManyRequests { .. } | Situation::TimedOut => 503,
        other => other.status(),
    }
}

fn takes_get(endpoint: Endpoint) -> bool {
    !matches!(endpoint, EVENTS | AI | AI_OTEL | LOGS | METRICS | TRACES)
}

/// The result of each event, by the ids that decoding left as bytes: no byte of the request is repeated.
fn results(answering: &Answering<'_>, result: &str, details: &str) -> Vec<u8> {
    let note = answering.opened.map_or(&[][..], |opened| opened.note());
    let mut out = Vec::with_capacity(32 + note.len() / 16 * 64);
    out.extend_from_slice(b"{\"results\":{");
    let (uuids, _) = note.as_chunks::<16>();
    for (i, uuid) in uuids.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.push(b'"');
        for (place, byte) in uuid.iter().enumerate() {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            if matches!(place, 4 | 6 | 8 | 10) {
                out.push(b'-');
            }
            out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        out.extend_from_slice(b"\":{\"result\":\"");
        out.extend_from_slice(result.as_bytes());
        if !details.is_empty() {
            out.extend_from_slice(b"\",\"details\":\"");
            out.extend_from_slice(details.as_bytes());
        }
        out.extend_from_slice(b"\"}");
    }
    out.extend_from_slice(b"}}");
    out
}

const NO_FLAGS: &str = r#""flags":{},"featureFlags":{},"featureFlagPayloads":{},"errorsWhileComputingFlags":false,"quotaLimited":[],"requestId":"00000000-0000-0000-0000-000000000000""#;
/// No replay, no autocapture, no code from elsewhere, no profiles of people whom nobody identified.
const NOTHING_ON: &str = r#""supportedCompression":["gzip","gzip-js"],"hasFeatureFlags":false,"sessionRecording":false,"surveys":false,"heatmaps":false,"capturePerformance":false,"captureDeadClicks":false,"autocapture_opt_out":true,"autocaptureExceptions":false,"defaultIdentifiedOnly":true,"conversations":false,"productTours":false,"isAuthenticated":false,"toolbarParams":{},"siteApps":[]"#;

pub(super) fn auxiliary(call: &Auxiliary<'_>) -> Answer {
    match call.endpoint {
        FLAGS | DECIDE => {
            // The first form of the old call gave a list.
            let is_list = call.endpoint == DECIDE && call.head.query_param("v").is_none_or(|v| v == "1");
            if is_list {
                return json(format!(r#"{{{NOTHING_ON},"featureFlags":[]}}"#));
            }
            let with_config = call.endpoint == DECIDE || call.head.query_param("config").is_some();
            let config = if with_config { format!(",{NOTHING_ON}") } else { String::new() };
            json(format!("{{{NO_FLAGS}{config}}}"))
        }
        DEFINITIONS => Answer::json(200, r#"{"flags":[],"group_type_mapping":{},"cohorts":{}}"#),
        CONFIG => json(config(call)),
        CONFIG_SCRIPT => {
            let script = match token(call) {
                Some(token) => format!(
                    r#"(function(){{window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{{}};window._POSTHOG_REMOTE_CONFIG["{token}"]={{config:{},siteApps:[]}}}})();"#,
                    config(call)
                ),
                None => String::new(),
            };
            Answer::new(200, "application/javascript", script.into_bytes())
        }
        // posthog-js goes on without what it cannot load.
        SCRIPT => Answer::new(404, "text/plain", &b"not here"[..]),
        SURVEYS => Answer::json(200, r#"{"surveys":[],"survey_config":null}"#),
        EARLY_ACCESS => Answer::json(200, r#"{"earlyAccessFeatures":[]}"#),
        WEB_EXPERIMENTS => Answer::json(200, r#"{"experiments":[]}"#),
        PRODUCT_TOURS => Answer::json(200, r#"{"product_tours":[]}"#),
        _ => Answer::json(200, "{}"),
    }
}

fn json(body: String) -> Answer {
    Answer::new(200, "application/json", body.into_bytes())
}

fn config(call: &Auxiliary<'_>) -> String {
    match token(call) {
        Some(token) => format!(r#"{{"token":"{token}",{NOTHING_ON}}}"#),
        None => format!("{{{NOTHING_ON}}}"),
    }
}

/// Our own write key, if it needs no escape: the script is code.
fn token<'a>(call: &Auxiliary<'a>) -> Option<&'a str> {
    call.write_key.filter(|key| key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')))
}
