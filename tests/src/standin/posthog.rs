//! The stand-in as PostHog: `/batch/` in the old form of capture.
//!
//! It checks as PostHog's capture service says: JSON of at most 20 MB, events of at most 2 MB, a known project key, and in each event a
//! name, a `distinct_id` of at most 200 characters, a UUID, a time. What PostHog would take and lose in silence, or take and misread,
//! is a violation here: an operation without its ids, groups of the wrong shape, an event that would be placed by the sender's
//! address. It takes what is good of a request, answers as the service does, and stores the same UUID once.

use serde_json::{Map, Value, json};
use weir_event::Millis;

use super::check::{Judged, Operation, Violation};

/// Bytes of one request, uncompressed.
const REQUEST_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Bytes of one event.
const EVENT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Characters of a name or an id.
const TEXT_CHARS_MAX: usize = 200;

/// Judges one request. `keys`: known project keys, empty: any.
pub fn judge(endpoint: &'static str, content_type: Option<&str>, opened: &[u8], keys: &[String]) -> Judged {
    let refuse = |field: &str, message: &str, index| Violation {
        endpoint,
        index,
        field: field.to_owned(),
        message: message.to_owned(),
        insert_id: String::new(),
    };
    let whole = |status: u16, message: &str| {
        let answer = json!({"type": "validation_error", "detail": message});
        Judged { status, answer, accepted: Vec::new(), refused: vec![refuse("request", message, 0)] }
    };
    if !content_type.is_some_and(|kind| kind.starts_with("application/json")) {
        return whole(400, "the content type is not application/json");
    }
    if opened.len() > REQUEST_BYTES_MAX {
        return whole(413, "payload too large");
    }
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(opened) else {
        return whole(400, "failed to parse request");
    };
    let key = body.get("api_key").and_then(Value::as_str).unwrap_or_default();
    if key.is_empty() || (!keys.is_empty() && !keys.iter().any(|known| known == key)) {
        return whole(401, "API key is not valid");
    }
    if let Some(known) = body.keys().find(|key| !matches!(key.as_str(), "api_key" | "batch" | "historical_migration")) {
        return whole(400, &format!("a key that Weir has no reason to send: {known}"));
    }
    let Some(events) = body.get("batch").and_then(Value::as_array).filter(|events| !events.is_empty()) else {
        return whole(400, "request holds no event");
    };
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for (index, event) in events.iter().enumerate() {
        match check(event) {
            Ok(operation) => accepted.push(operation),
            Err((field, message)) => refused.push(refuse(field, message, index)),
        }
    }
    Judged { status: 200, answer: json!({"status": "Ok"}), accepted, refused }
}

type Wrong = (&'static str, &'static str);

fn check(event: &Value) -> Result<Operation, Wrong> {
    if event.to_string().len() > EVENT_BYTES_MAX {
        return Err(("event", "too large"));
    }
    let object = event.as_object().ok_or(("event", "an event is not an object"))?;
    let name = text(object, "event")?;
    let distinct_id = text(object, "distinct_id")?;
    let uuid = text(object, "uuid")?;
    let is_uuid = uuid.len() == 36 && uuid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if !is_uuid {
        return Err(("uuid", "no UUID"));
    }
    if Millis::from_rfc3339(text(object, "timestamp")?).is_none() {
        return Err(("timestamp", "no time"));
    }
    let properties = object.get("properties").and_then(Value::as_object).ok_or(("properties", "not an object"))?;
    if properties.get("$geoip_disable") != Some(&Value::Bool(true)) || properties.contains_key("$ip") {
        return Err(("properties", "the event would be placed by an address"));
    }
    if let Some(groups) = properties.get("$groups")
        && !groups
            .as_object()
            .is_some_and(|groups| groups.values().all(|id| id.as_str().is_some_and(|id| !id.is_empty())))
    {
        return Err(("$groups", "types and one id each"));
    }
    let other = |key: &str| match properties.get(key).and_then(Value::as_str) {
        Some(id) if !id.is_empty() && id != distinct_id => Ok(()),
        _ => Err(("properties", "the second id is missing or the same")),
    };
    match name {
        "$identify" => other("$anon_distinct_id")?,
        "$create_alias" | "$merge_dangerously" => other("alias")?,
        "$groupidentify" => {
            text(properties, "$group_type")?;
            text(properties, "$group_key")?;
            if !properties.get("$group_set").is_some_and(Value::is_object) {
                return Err(("$group_set", "not an object"));
            }
            return Ok(Operation::Profile { update: event.clone(), operation: "$group_set".to_owned() });
        }
        "$set" => {
            if properties.get("$process_person_profile") == Some(&Value::Bool(false)) {
                return Err(("$process_person_profile", "a profile of nobody"));
            }
            let operation = ["$set", "$set_once", "$unset"].into_iter().find(|key| properties.contains_key(*key));
            let operation = operation.ok_or(("properties", "an update that says nothing"))?;
            let fits = if operation == "$unset" {
                properties[operation].is_array()
            } else {
                properties[operation].is_object()
            };
            if !fits {
                return Err(("properties", "an operation of the wrong type"));
            }
            return Ok(Operation::Profile { update: event.clone(), operation: operation.to_owned() });
        }
        _ => {}
    }
    Ok(Operation::Event { event: event.clone(), key: Some(uuid.to_owned()) })
}

fn text<'a>(object: &'a Map<String, Value>, key: &'static str) -> Result<&'a str, Wrong> {
    let text = object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.filter(|text| text.chars().count() <= TEXT_CHARS_MAX).ok_or((key, "missing, empty or too long"))
}
