//! The stand-in as Google Analytics 4: `/mp/collect`, judged as `/debug/mp/collect` would.
//!
//! It answers 204 whatever it gets, as Google does, and stores only what is within every documented limit: known secret and stream,
//! at most 130 kB and 25 events, ids of a client, names and reserved names of events, parameters and user properties, 25 of each,
//! lengths of values, times of the last 72 hours, consent in Google's words, a session that is a number. Everything else is a
//! violation. Google removes no duplicates, and neither does it.

use serde_json::{Map, Value};
use weir_event::Millis;

use super::check::{Judged, Operation, Violation};
use crate::encoding;

/// Bytes of one request end here.
const REQUEST_BYTES_END: usize = 130_000;
/// Events of one request; parameters of one event; user properties of one request.
const MOST: usize = 25;
/// How old an event may be.
const AGE_MILLIS_MAX: i64 = 72 * Millis::HOUR;
/// Events that only Google's own SDKs send; `page_view` and `screen_view` may be sent by this protocol.
const RESERVED: [&str; 12] = [
    "ad_click",
    "app_remove",
    "app_update",
    "click",
    "error",
    "first_open",
    "first_visit",
    "in_app_purchase",
    "notification_open",
    "os_update",
    "session_start",
    "user_engagement",
];

/// Judges one request. `secrets`: known ones, empty: any.
pub fn judge(endpoint: &'static str, query: &str, opened: &[u8], secrets: &[String], now: Millis) -> Judged {
    let form = encoding::form(query.as_bytes());
    let said = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, v)| String::from_utf8_lossy(v).into_owned());
    let mut judged = Judged { status: 204, answer: Value::Null, accepted: Vec::new(), refused: Vec::new() };
    let checked = (|| {
        let secret = said("api_secret").ok_or(("api_secret", "missing"))?;
        if !secrets.is_empty() && !secrets.contains(&secret) {
            return Err(("api_secret", "unknown"));
        }
        let is_app = said("firebase_app_id").is_some();
        if !is_app && !said("measurement_id").is_some_and(|id| id.starts_with("G-")) {
            return Err(("measurement_id", "missing"));
        }
        if opened.len() >= REQUEST_BYTES_END {
            return Err(("request", "130 kB or more"));
        }
        let body: Value = serde_json::from_slice(opened).map_err(|_| ("request", "malformed JSON"))?;
        check(&body, is_app, now)
    })();
    match checked {
        Ok(events) => judged.accepted = events,
        Err((field, message)) => judged.refused.push(Violation::new(endpoint, 0, field, message)),
    }
    judged
}

type Wrong = (&'static str, &'static str);

fn check(body: &Value, is_app: bool, now: Millis) -> Result<Vec<Operation>, Wrong> {
    let body = body.as_object().ok_or(("request", "no object"))?;
    let known = ["client_id", "app_instance_id", "user_id", "user_location", "consent", "user_properties", "events"];
    if body.keys().any(|key| !known.contains(&key.as_str())) {
        return Err(("request", "a field that Weir has no reason to send"));
    }
    let text = |key: &'static str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (is_app, text("client_id"), text("app_instance_id")) {
        (false, Some(_), None) => {}
        (true, None, Some(id)) if id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) => {}
        _ => return Err(("client_id", "missing, or of the other sort of stream")),
    }
    if text("user_id").is_some_and(|id| id.chars().count() > 256) {
        return Err(("user_id", "longer than 256"));
    }
    for key in ["ad_user_data", "ad_personalization"] {
        if !matches!(body["consent"][key].as_str(), Some("GRANTED" | "DENIED")) {
            return Err(("consent", "neither GRANTED nor DENIED"));
        }
    }
    let none = Map::new();
    let user = body.get("user_properties").and_then(Value::as_object).unwrap_or(&none);
    if user.len() > MOST {
        return Err(("user_properties", "more than 25"));
    }
    for (name, value) in user {
        name_is_good(name, 24)?;
        value_is_good(&value["value"], 36)?;
    }
    let events = body.get("events").and_then(Value::as_array).ok_or(("events", "missing"))?;
    if events.is_empty() || events.len() > MOST {
        return Err(("events", "none, or more than 25"));
    }
    let mut accepted = Vec::new();
    for event in events {
        let name = event["name"].as_str().ok_or(("name", "missing"))?;
        name_is_good(name, 40)?;
        if RESERVED.contains(&name) {
            return Err(("name", "reserved"));
        }
        let micros = event["timestamp_micros"].as_i64().ok_or(("timestamp_micros", "missing"))?;
        if now.since(Millis(micros / 1_000)) > AGE_MILLIS_MAX {
            return Err(("timestamp_micros", "older than 72 hours"));
        }
        let params = event["params"].as_object().ok_or(("params", "missing"))?;
        if params.len() > MOST {
            return Err(("params", "more than 25"));
        }
        for (name, value) in params {
            let longest = match name.as_str() {
                "page_location" => 1_000,
                "page_referrer" => 420,
                "page_title" => 300,
                _ => 100,
            };
            name_is_good(name, 40)?;
            value_is_good(value, longest)?;
        }
        let session = params.get("session_id");
        if session.is_some_and(|id| !id.as_str().is_some_and(|id| id.bytes().all(|b| b.is_ascii_digit()))) {
            return Err(("session_id", "no number"));
        }
        if session.is_some() != params.contains_key("engagement_time_msec") {
            return Err(("engagement_time_msec", "a session without activity, or the reverse"));
        }
        accepted.push(Operation::Event { event: event.clone(), key: None });
    }
    Ok(accepted)
}

fn name_is_good(name: &str, longest: usize) -> Result<(), Wrong> {
    let is_good = name.len() <= longest
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !["firebase_", "ga_", "google_", "gtag"].iter().any(|prefix| name.starts_with(prefix));
    if is_good { Ok(()) } else { Err(("name", "a name that Google does not take")) }
}

fn value_is_good(value: &Value, longest: usize) -> Result<(), Wrong> {
    match value {
        Value::String(text) if text.chars().count() <= longest => Ok(()),
        Value::Number(_) => Ok(()),
        _ => Err(("value", "too long, or neither a text nor a number")),
    }
}
