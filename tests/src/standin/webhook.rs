//! The stand-in as a receiver of signed webhooks.
//!
//! It checks as Standard Webhooks says a receiver should: an id, a time no further than five minutes from its own, and one good
//! signature by a known secret over `id.timestamp.body` as received; then that the body is a list of at most 500 records and
//! 512 KiB, each with what a record cannot be without. It takes all of a request or nothing, and stores the same `insert_id` once.

use ring::hmac;
use serde_json::{Value, json};
use weir_event::Millis;

use super::check::{Judged, Operation, Violation};
use crate::encoding;

/// Records of one request.
const RECORDS_MAX: usize = 500;
/// Bytes of one request.
const REQUEST_BYTES_MAX: usize = 512 * 1024;
/// Seconds between the sender's clock and ours.
const TOLERANCE: i64 = 300;
/// What a record may say it is.
const TYPES: [&str; 9] = ["track", "page", "screen", "identify", "alias", "merge", "join", "profile", "group"];

/// Judges one request. `secrets`: known secrets, empty: any signature will do.
pub fn judge(
    endpoint: &'static str,
    header: impl Fn(&str) -> Option<String>,
    body: &[u8],
    secrets: &[String],
    now: Millis,
) -> Judged {
    let refuse = |field: &str, message: &str, index| Violation {
        endpoint,
        index,
        field: field.to_owned(),
        message: message.to_owned(),
        insert_id: String::new(),
    };
    let whole = |status: u16, field: &str, message: &str| {
        let answer = json!({"error": message});
        Judged { status, answer, accepted: Vec::new(), refused: vec![refuse(field, message, 0)] }
    };
    let (Some(id), Some(timestamp), Some(signatures)) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"))
    else {
        return whole(401, "webhook-signature", "a header of the signature is missing");
    };
    if header("content-encoding").is_some() {
        return whole(415, "content-encoding", "the signature would be over compressed bytes");
    }
    let seconds: i64 = timestamp.parse().unwrap_or(0);
    if (now.0 / 1_000 - seconds).abs() > TOLERANCE {
        return whole(401, "webhook-timestamp", "the attempt is of another time");
    }
    if id.contains('.')
        || !secrets.is_empty() && !secrets.iter().any(|key| is_signed(key, &id, &timestamp, body, &signatures))
    {
        return whole(401, "webhook-signature", "no signature is by a known secret");
    }
    if body.len() > REQUEST_BYTES_MAX {
        return whole(413, "request", "larger than 512 KiB");
    }
    let Ok(Value::Array(records)) = serde_json::from_slice::<Value>(body) else {
        return whole(400, "request", "not a list of records");
    };
    if records.is_empty() || records.len() > RECORDS_MAX {
        return whole(400, "request", "no record, or more than 500");
    }
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for (index, record) in records.iter().enumerate() {
        match check(record) {
            Ok(operation) => accepted.push(operation),
            Err((field, message)) => refused.push(refuse(field, message, index)),
        }
    }
    if refused.is_empty() {
        Judged { status: 200, answer: json!({}), accepted, refused }
    } else {
        Judged { status: 400, answer: json!({"error": "a record is invalid"}), accepted: Vec::new(), refused }
    }
}

fn is_signed(secret: &str, id: &str, timestamp: &str, body: &[u8], signatures: &str) -> bool {
    let Some(bytes) = secret.strip_prefix("whsec_").and_then(|text| encoding::from_base64(text.as_bytes())) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let content = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let tags = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    tags.filter_map(|tag| encoding::from_base64(tag.as_bytes())).any(|tag| hmac::verify(&key, &content, &tag).is_ok())
}

/// What a record cannot be without, and what it must not have.
pub(super) fn check(record: &Value) -> Result<Operation, (&'static str, &'static str)> {
    let text =
        |key: &'static str| record[key].as_str().filter(|text| !text.is_empty()).ok_or((key, "missing or empty"));
    let id = text("insert_id")?.to_owned();
    text("subject")?;
    if !["user", "device", "group", "nobody"].contains(&text("subject_kind")?) {
        return Err(("subject_kind", "no such kind"));
    }
    for key in ["time", "received_at"] {
        if Millis::from_rfc3339(text(key)?).is_none() {
            return Err((key, "no time"));
        }
    }
    let kind = text("type")?;
    if !TYPES.contains(&kind) {
        return Err(("type", "no such type"));
    }
    if record.get("op").is_some() != matches!(kind, "profile" | "group") {
        return Err(("op", "only an update of a profile has one, and it always has"));
    }
    if record.pointer("/context/ip").is_some() || record.get("ip").is_some() {
        return Err(("context.ip", "an address"));
    }
    if kind == "track" {
        text("event")?;
    }
    Ok(match kind {
        "profile" | "group" => Operation::Profile { update: record.clone(), operation: text("op")?.to_owned() },
        _ => Operation::Event { event: record.clone(), key: Some(id) },
    })
}
