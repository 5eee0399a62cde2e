//! The stand-in as Segment: `/v1/batch` of the HTTP API, which RudderStack's server has too.
//!
//! It checks as Segment documents it: Basic authentication with a known write key and no password, JSON, at most 500 KB and 2,500
//! messages in a request, 32 KB in a message, a known type, a user id or an anonymous id, a time, and what each type cannot be
//! without. What Segment would take and misread is a violation here too: a message that would be placed by the sender's address, a
//! time that it would correct again, a key in the body. It takes all of a request or nothing, and stores the same `messageId` once.

use serde_json::{Map, Value, json};
use weir_event::Millis;

use super::check::{Judged, Operation, Violation};
use crate::encoding;

/// Bytes of one request, uncompressed.
const REQUEST_BYTES_MAX: usize = 500 * 1024;
/// Bytes of one message.
const MESSAGE_BYTES_MAX: usize = 32 * 1024;
/// Messages of one request.
const MESSAGES_MAX: usize = 2_500;

/// Judges one request. `keys`: known write keys, empty: any.
pub fn judge(endpoint: &'static str, authorization: Option<&str>, opened: &[u8], keys: &[String]) -> Judged {
    let refuse = |field: &str, message: &str, index| Violation {
        endpoint,
        index,
        field: field.to_owned(),
        message: message.to_owned(),
        insert_id: String::new(),
    };
    let whole = |status: u16, message: &str| {
        let answer = json!({"success": false, "message": message});
        Judged { status, answer, accepted: Vec::new(), refused: vec![refuse("request", message, 0)] }
    };
    let basic = authorization.and_then(|header| header.strip_prefix("Basic "));
    let pair =
        basic.and_then(|pair| encoding::from_base64(pair.as_bytes())).and_then(|pair| String::from_utf8(pair).ok());
    let Some(key) = pair.as_deref().and_then(|pair| pair.strip_suffix(':')) else {
        return whole(401, "no write key");
    };
    if !keys.is_empty() && !keys.iter().any(|known| known == key) {
        return whole(401, "unknown write key");
    }
    if opened.len() > REQUEST_BYTES_MAX {
        return whole(413, "the request is larger than 500 KB");
    }
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(opened) else {
        return whole(400, "malformed JSON");
    };
    if let Some(other) = body.keys().find(|key| key.as_str() != "batch") {
        return whole(400, &format!("a key that Weir has no reason to send: {other}"));
    }
    let Some(messages) = body.get("batch").and_then(Value::as_array).filter(|list| !list.is_empty()) else {
        return whole(400, "no batch");
    };
    if messages.len() > MESSAGES_MAX {
        return whole(400, "more than 2500 messages");
    }
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for (index, message) in messages.iter().enumerate() {
        match check(message) {
            Ok(operation) => accepted.push(operation),
            Err((field, message)) => refused.push(refuse(field, message, index)),
        }
    }
    if !refused.is_empty() {
        let answer = json!({"success": false, "message": "a message is invalid"});
        return Judged { status: 400, answer, accepted: Vec::new(), refused };
    }
    Judged { status: 200, answer: json!({"success": true}), accepted, refused }
}

type Wrong = (&'static str, &'static str);

fn check(message: &Value) -> Result<Operation, Wrong> {
    if message.to_string().len() > MESSAGE_BYTES_MAX {
        return Err(("message", "larger than 32 KB"));
    }
    let object = message.as_object().ok_or(("message", "not an object"))?;
    if object.keys().any(|key| matches!(key.as_str(), "writeKey" | "sentAt" | "receivedAt")) {
        return Err(("message", "a key that Weir has no reason to send"));
    }
    let id = text(object, "messageId")?.to_owned();
    if Millis::from_rfc3339(text(object, "timestamp")?).is_none() {
        return Err(("timestamp", "no time"));
    }
    let kind = text(object, "type")?;
    if kind != "alias" && text(object, "userId").is_err() && text(object, "anonymousId").is_err() {
        return Err(("userId", "neither a userId nor an anonymousId"));
    }
    if object.get("context").and_then(|context| context.get("ip")) != Some(&json!("0.0.0.0")) {
        return Err(("context.ip", "the message would be placed by the sender's address"));
    }
    let is_object = |key: &'static str| match object.get(key) {
        Some(Value::Object(_)) => Ok(()),
        _ => Err((key, "no object")),
    };
    match kind {
        "track" => {
            text(object, "event")?;
            is_object("properties")?;
        }
        "page" | "screen" => is_object("properties")?,
        "identify" => {
            let links = text(object, "userId").is_ok() && text(object, "anonymousId").is_ok();
            if !links {
                is_object("traits")?;
            }
        }
        "group" => {
            text(object, "groupId")?;
        }
        "alias" => {
            text(object, "previousId")?;
            text(object, "userId")?;
        }
        _ => return Err(("type", "no such type")),
    }
    Ok(match kind {
        "identify" | "group" => Operation::Profile { update: message.clone(), operation: kind.to_owned() },
        _ => Operation::Event { event: message.clone(), key: Some(id) },
    })
}

fn text<'a>(object: &'a Map<String, Value>, key: &'static str) -> Result<&'a str, Wrong> {
    object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or((key, "missing or empty"))
}
