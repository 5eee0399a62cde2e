//! The stand-in as Datadog's logs intake: `/api/v2/logs`.
//!
//! It checks as Datadog documents it: a known key in `DD-API-KEY`, a JSON array of objects, at most 5 MB and 1,000 logs, 1 MB a
//! log, timestamps of the last 18 hours. What Datadog would take and spoil is a violation here too: a log that it would cut off, one
//! that it would file under another time, and one that names a host. It takes all of a request or nothing. Datadog removes no
//! duplicates; the stand-in keeps the copies of an `insert_id` together, so that a test can count both.

use serde_json::{Value, json};
use weir_event::Millis;

use super::check::{Judged, Operation, Violation};

/// Bytes of one request, uncompressed.
const REQUEST_BYTES_MAX: usize = 5_000_000;
/// Bytes of one log.
const LOG_BYTES_MAX: usize = 1_000_000;
/// Logs of one request.
const LOGS_MAX: usize = 1_000;
/// How old a log may be.
const AGE_MILLIS_MAX: i64 = 18 * Millis::HOUR;

/// Judges one request. `keys`: known API keys, empty: any.
pub fn judge(endpoint: &'static str, api_key: Option<&str>, opened: &[u8], keys: &[String], now: Millis) -> Judged {
    let whole = |status: u16, message: &str| {
        let answer = json!({"errors": [{"status": status.to_string(), "title": message}]});
        Judged::refused(endpoint, status, answer, message)
    };
    let Some(api_key) = api_key else { return whole(401, "Missing API key") };
    if !keys.is_empty() && !keys.iter().any(|known| known == api_key) {
        return whole(403, "Invalid API key");
    }
    if opened.len() > REQUEST_BYTES_MAX {
        return whole(413, "Payload too large");
    }
    let Ok(Value::Array(logs)) = serde_json::from_slice::<Value>(opened) else {
        return whole(400, "not an array of logs");
    };
    if logs.is_empty() || logs.len() > LOGS_MAX {
        return whole(400, "no logs, or more than 1000");
    }
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for (index, log) in logs.iter().enumerate() {
        match check(log, now) {
            Ok(operation) => accepted.push(operation),
            Err((field, message)) => refused.push(Violation::new(endpoint, index, field, message)),
        }
    }
    if !refused.is_empty() {
        let answer = json!({"errors": [{"status": "400", "title": "Bad Request", "detail": "Invalid log"}]});
        return Judged { status: 400, answer, accepted: Vec::new(), refused };
    }
    Judged { status: 202, answer: json!({}), accepted, refused }
}

fn check(log: &Value, now: Millis) -> Result<Operation, (&'static str, &'static str)> {
    let object = log.as_object().ok_or(("log", "not an object"))?;
    if log.to_string().len() > LOG_BYTES_MAX {
        return Err(("log", "larger than 1 MB: it would be cut off"));
    }
    let text = |key: &'static str| match object.get(key).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err((key, "missing or empty")),
    };
    text("message")?;
    text("ddsource")?;
    let id = text("insert_id")?;
    let time = object.get("timestamp").and_then(Value::as_i64).ok_or(("timestamp", "no time in milliseconds"))?;
    if now.since(Millis(time)) > AGE_MILLIS_MAX {
        return Err(("timestamp", "older than 18 hours: it would be filed under another time"));
    }
    if ["host", "hostname", "status"].iter().any(|key| object.contains_key(*key)) {
        return Err(("hostname", "an attribute that Weir has no reason to send"));
    }
    Ok(Operation::Event { event: log.clone(), key: Some(id) })
}
