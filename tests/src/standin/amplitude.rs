//! The stand-in as Amplitude: `/2/httpapi` and `/batch`.
//!
//! It checks as Amplitude's HTTP V2 and Batch references say: at most 2,000 events and 1 MB (20 MB for a batch) uncompressed, the
//! API key, `event_type`, a user or a device id of the minimal length that is on no list of refused ones, `time` as whole
//! milliseconds, the operations of `$identify` and `$groupidentify`. A request with a fault in it is refused whole, with the places of
//! what is wrong in the answer, and the same `insert_id` of the same device is stored once.

use serde_json::{Map, Value, json};

use super::check::{Judged, Operation, Violation};

/// Events in one request.
const EVENTS_MAX: usize = 2_000;
/// Bytes of one request, uncompressed.
const REQUEST_BYTES_END: usize = 1_000_000;
/// The same for a batch.
const BATCH_BYTES_END: usize = 20_000_000;
/// Length of an id where the request asks for nothing else.
const ID_LENGTH_MIN: usize = 5;

/// What Amplitude refuses as an id.
const SENTINELS: [&str; 14] = [
    "anonymous",
    "nil",
    "none",
    "null",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "",
    "00000000-0000-0000-0000-000000000000",
    "{}",
    "lmy47d",
    "0",
    "-1",
];

const OPERATIONS: [&str; 10] =
    ["$set", "$setOnce", "$add", "$append", "$prepend", "$preInsert", "$postInsert", "$remove", "$unset", "$clearAll"];

/// Judges one request. `keys`: known API keys, empty: any.
pub fn judge(
    endpoint: &'static str,
    content_type: Option<&str>,
    opened: &[u8],
    keys: &[String],
    now_ms: i64,
) -> Judged {
    let refuse = |field: &str, message: &str, index| Violation {
        endpoint,
        index,
        field: field.to_owned(),
        message: message.to_owned(),
        insert_id: String::new(),
    };
    let whole = |status: u16, message: &str, more: Value| {
        let mut answer = json!({"code": status, "error": message});
        if let (Some(answer), Some(more)) = (answer.as_object_mut(), more.as_object()) {
            answer.extend(more.clone());
        }
        Judged { status, answer, accepted: Vec::new(), refused: vec![refuse("request", message, 0)] }
    };
    if !content_type.is_some_and(|kind| kind.starts_with("application/json")) {
        return whole(400, "the content type is not application/json", json!({}));
    }
    let max = if endpoint == "batch" { BATCH_BYTES_END } else { REQUEST_BYTES_END };
    if opened.len() >= max {
        return whole(413, "Payload too large", json!({}));
    }
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(opened) else {
        return whole(400, "Invalid JSON request body", json!({}));
    };
    let Some(key) = body.get("api_key").and_then(Value::as_str) else {
        return whole(400, "Request missing required field", json!({"missing_field": "api_key"}));
    };
    if !keys.is_empty() && !keys.iter().any(|known| known == key) {
        return whole(400, &format!("Invalid API key: {key}"), json!({}));
    }
    let Some(events) = body.get("events").and_then(Value::as_array) else {
        return whole(400, "Request missing required field", json!({"missing_field": "events"}));
    };
    if events.len() > EVENTS_MAX {
        return whole(413, "Payload too large", json!({}));
    }
    let id_length_min = body.get("options").and_then(|o| o.get("min_id_length")).and_then(Value::as_u64);
    let id_length_min = id_length_min.map_or(ID_LENGTH_MIN, |min| min as usize);
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for (index, event) in events.iter().enumerate() {
        match check(event, id_length_min) {
            Ok(operation) => accepted.push(operation),
            Err((field, message)) => refused.push(refuse(field, message, index)),
        }
    }
    if refused.is_empty() {
        let answer = json!({
            "code": 200, "events_ingested": events.len(), "payload_size_bytes": opened.len(), "server_upload_time": now_ms,
        });
        return Judged { status: 200, answer, accepted, refused };
    }
    let mut by_field: Map<String, Value> = Map::new();
    for violation in &refused {
        let places = by_field.entry(violation.field.clone()).or_insert_with(|| json!([]));
        if let Some(places) = places.as_array_mut() {
            places.push(violation.index.into());
        }
    }
    let answer = json!({
        "code": 400, "error": "Invalid field values on some events", "events_with_invalid_fields": by_field,
        "events_with_missing_fields": {}, "events_with_invalid_id_lengths": {}, "silenced_events": [],
    });
    Judged { status: 400, answer, accepted: Vec::new(), refused }
}

fn check(event: &Value, id_length_min: usize) -> Result<Operation, (&'static str, &'static str)> {
    let object = event.as_object().ok_or(("event", "an event is not an object"))?;
    let name = object.get("event_type").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or(("event_type", "missing or empty"))?;
    let mut has_id = false;
    for key in ["user_id", "device_id"] {
        let Some(id) = object.get(key) else { continue };
        let id = id.as_str().ok_or((key, "an id is a string"))?;
        if id.len() < id_length_min {
            return Err((key, "shorter than the minimal length"));
        }
        if SENTINELS.contains(&id.trim().to_ascii_lowercase().as_str()) {
            return Err((key, "on the list of ids that are refused"));
        }
        has_id = true;
    }
    if !has_id && name != "$groupidentify" {
        return Err(("device_id", "neither a user nor a device"));
    }
    if let Some(time) = object.get("time")
        && time.as_i64().is_none_or(|time| time <= 0)
    {
        return Err(("time", "time is no number of milliseconds"));
    }
    for (key, value) in object {
        let fits = match key.as_str() {
            "session_id" | "event_id" => value.is_i64(),
            "insert_id"
            | "platform"
            | "os_name"
            | "os_version"
            | "device_brand"
            | "device_manufacturer"
            | "device_model"
            | "carrier"
            | "country"
            | "region"
            | "city"
            | "dma"
            | "language"
            | "app_version"
            | "library"
            | "user_agent"
            | "productId"
            | "revenueType"
            | "currency"
            | "idfa"
            | "idfv"
            | "adid"
            | "android_id"
            | "event_type"
            | "user_id"
            | "device_id"
            | "ip" => value.is_string(),
            "price" | "revenue" | "location_lat" | "location_lng" => value.is_number(),
            "quantity" | "time" => value.is_i64(),
            "event_properties" | "user_properties" | "group_properties" | "groups" => value.is_object(),
            // Amplitude passes over a field that it does not know, so a name that is wrong would not be seen.
            _ => return Err(("event", "a field that Amplitude does not know")),
        };
        if !fits {
            return Err(("event", "a field has the wrong type"));
        }
    }
    if let Some(groups) = object.get("groups").and_then(Value::as_object) {
        let is_id = |id: &Value| id.as_str().is_some_and(|id| !id.is_empty());
        if !groups.values().all(|id| is_id(id) || id.as_array().is_some_and(|ids| ids.iter().all(is_id))) {
            return Err(("groups", "a group's id is a string or a list of strings"));
        }
    }
    let changes = match name {
        "$identify" => object.get("user_properties"),
        "$groupidentify" => {
            let groups = object.get("groups").and_then(Value::as_object);
            if groups.is_none_or(|groups| groups.len() != 1) {
                return Err(("groups", "a group identify names one type of group"));
            }
            object.get("group_properties")
        }
        _ => {
            let insert_id = object.get("insert_id").and_then(Value::as_str);
            let device = object.get("device_id").or_else(|| object.get("user_id")).and_then(Value::as_str);
            let key = insert_id.map(|id| format!("{id}\n{}", device.unwrap_or_default()));
            return Ok(Operation::Event { event: event.clone(), key });
        }
    };
    let changes = changes.and_then(Value::as_object).ok_or(("user_properties", "an identify without properties"))?;
    for (operation, arguments) in changes {
        if !OPERATIONS.contains(&operation.as_str()) {
            return Err(("user_properties", "operations and plain keys do not mix"));
        }
        let fits = match operation.as_str() {
            "$clearAll" => true,
            "$add" => arguments.as_object().is_some_and(|values| values.values().all(Value::is_number)),
            _ => arguments.is_object(),
        };
        if !fits {
            return Err(("user_properties", "an operation's argument has the wrong type"));
        }
    }
    let operation = changes.keys().next().map_or(name, String::as_str).to_owned();
    Ok(Operation::Profile { update: event.clone(), operation })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "known-key";

    fn of(body: &Value) -> Judged {
        judge("httpapi", Some("application/json"), body.to_string().as_bytes(), &[KEY.to_owned()], 7)
    }

    fn one(event: &Value) -> Judged {
        of(&json!({"api_key": KEY, "events": [event]}))
    }

    #[test]
    fn a_good_request_is_stored_whole() {
        let judged = of(&json!({"api_key": KEY, "options": {"min_id_length": 1}, "events": [
            {"event_type": "a", "user_id": "u", "time": 5, "insert_id": "i", "event_properties": {"n": 1}, "groups": {"company": ["c"]}},
            {"event_type": "$identify", "device_id": "d", "user_properties": {"$set": {"a": 1}, "$clearAll": "-"}},
            {"event_type": "$groupidentify", "groups": {"company": "c"}, "group_properties": {"$add": {"n": 1}}},
        ]}));
        assert_eq!((judged.status, judged.accepted.len(), judged.refused.len()), (200, 3, 0));
        assert_eq!(judged.answer["events_ingested"], 3);
        assert_eq!(judged.answer["server_upload_time"], 7);
    }

    #[test]
    fn what_is_wrong_with_one_event_refuses_all_and_names_its_place() {
        let good = json!({"event_type": "a", "user_id": "user-1"});
        for (field, bad) in [
            ("event", json!(7)),
            ("event_type", json!({"user_id": "user-1"})),
            ("device_id", json!({"event_type": "a"})),
            ("user_id", json!({"event_type": "a", "user_id": "u"})),
            ("user_id", json!({"event_type": "a", "user_id": "anonymous"})),
            ("user_id", json!({"event_type": "a", "user_id": 4711})),
            ("device_id", json!({"event_type": "a", "device_id": "00000000-0000-0000-0000-000000000000"})),
            ("time", json!({"event_type": "a", "user_id": "user-1", "time": "2026-11-22T00:00:00Z"})),
            ("time", json!({"event_type": "a", "user_id": "user-1", "time": 1.5})),
            ("event", json!({"event_type": "a", "user_id": "user-1", "session_id": "a-text"})),
            ("event", json!({"event_type": "a", "user_id": "user-1", "unheard_of": 1})),
            ("groups", json!({"event_type": "a", "user_id": "user-1", "groups": {"company": 7}})),
            ("user_properties", json!({"event_type": "$identify", "user_id": "user-1"})),
            (
                "user_properties",
                json!({"event_type": "$identify", "user_id": "user-1", "user_properties": {"plan": "pro"}}),
            ),
            (
                "user_properties",
                json!({"event_type": "$identify", "user_id": "user-1", "user_properties": {"$add": {"n": "1"}}}),
            ),
            ("groups", json!({"event_type": "$groupidentify", "group_properties": {"$set": {}}})),
        ] {
            let judged = of(&json!({"api_key": KEY, "events": [good, bad]}));
            assert_eq!((judged.status, judged.accepted.len()), (400, 0), "{bad}");
            assert_eq!(judged.answer["events_with_invalid_fields"][field], json!([1]), "{bad}");
        }
        assert_eq!(one(&good).status, 200);
    }

    #[test]
    fn a_key_a_size_and_a_form_that_are_not_its_own_are_refused() {
        let event = json!({"event_type": "a", "user_id": "user-1"});
        let unknown = of(&json!({"api_key": "other", "events": [event]}));
        assert!(unknown.answer["error"].as_str().is_some_and(|error| error.starts_with("Invalid API key: ")));
        assert_eq!(of(&json!({"events": [event]})).answer["missing_field"], "api_key");
        assert_eq!(of(&json!({"api_key": KEY})).answer["missing_field"], "events");
        assert_eq!(of(&json!({"api_key": KEY, "events": vec![event.clone(); EVENTS_MAX + 1]})).status, 413);
        let large = json!({"api_key": KEY, "events": [event], "padding": "x".repeat(REQUEST_BYTES_END)});
        assert_eq!(of(&large).status, 413);
        assert_eq!(judge("batch", Some("application/json"), large.to_string().as_bytes(), &[], 0).status, 200);
        assert_eq!(judge("httpapi", Some("text/plain"), b"{}", &[], 0).status, 400);
        assert_eq!(judge("httpapi", Some("application/json"), b"{", &[], 0).status, 400);
    }
}
