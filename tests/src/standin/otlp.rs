//! The stand-in as a receiver of OpenTelemetry logs, in JSON; a request in protobuf is kept and taken as it is, for OpenTelemetry's
//! own classes to read.
//!
//! It checks what the specification says of the JSON form (names in lower camel case, 64-bit numbers as texts) and what a record of
//! Weir's cannot be without, and stores the same `log.record.uid` once. Partial success names a number and no record, as it must.

use serde_json::{Map, Value, json};

use super::check::{Judged, Operation, Violation};

/// Bytes of one request: the limit of gRPC receivers.
const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Judges one request. `tokens`: known bearer tokens, empty: any or none.
pub fn judge(
    endpoint: &'static str,
    content_type: Option<&str>,
    authorization: Option<&str>,
    opened: &[u8],
    tokens: &[String],
) -> Judged {
    let refuse = |field: &str, message: &str, index| Violation {
        endpoint,
        index,
        field: field.to_owned(),
        message: message.to_owned(),
        insert_id: String::new(),
    };
    let whole = |status: u16, message: &str| {
        let answer = json!({"code": 3, "message": message});
        Judged { status, answer, accepted: Vec::new(), refused: vec![refuse("request", message, 0)] }
    };
    let token = authorization.and_then(|header| header.strip_prefix("Bearer "));
    if !tokens.is_empty() && !token.is_some_and(|token| tokens.iter().any(|known| known == token)) {
        return whole(401, "no known bearer token");
    }
    if opened.len() > REQUEST_BYTES_MAX {
        return whole(413, "larger than 4 MiB");
    }
    match content_type {
        Some("application/x-protobuf") => {
            return Judged { status: 200, answer: json!({}), accepted: Vec::new(), refused: Vec::new() };
        }
        Some("application/json") => {}
        _ => return whole(415, "neither JSON nor protobuf"),
    }
    let Ok(body) = serde_json::from_slice::<Value>(opened) else { return whole(400, "malformed JSON") };
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    let lists = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let scopes = lists(&body, "resourceLogs").into_iter().flat_map(|logs| lists(&logs, "scopeLogs"));
    for (index, record) in scopes.flat_map(|scope| lists(&scope, "logRecords")).enumerate() {
        match check(&record) {
            Ok(operation) => accepted.push(operation),
            Err((field, message)) => refused.push(refuse(field, message, index)),
        }
    }
    if accepted.is_empty() && refused.is_empty() {
        return whole(400, "no record");
    }
    let answer = match refused.len() {
        0 => json!({}),
        count => {
            json!({"partialSuccess": {"rejectedLogRecords": count.to_string(), "errorMessage": "some are invalid"}})
        }
    };
    Judged { status: 200, answer, accepted, refused }
}

fn check(record: &Value) -> Result<Operation, (&'static str, &'static str)> {
    for key in ["timeUnixNano", "observedTimeUnixNano"] {
        if !record[key].as_str().is_some_and(|text| text.len() == 19 && text.bytes().all(|b| b.is_ascii_digit())) {
            return Err(("timeUnixNano", "no time in nanoseconds, as a text"));
        }
    }
    if record["severityNumber"] != 9 {
        return Err(("severityNumber", "not INFO"));
    }
    let name = record["eventName"].as_str().filter(|name| !name.is_empty()).ok_or(("eventName", "missing"))?;
    let mut attributes = Map::new();
    for attribute in record["attributes"].as_array().ok_or(("attributes", "no list"))? {
        let key = attribute["key"].as_str().ok_or(("attributes", "no key"))?;
        let value = plain(&attribute["value"])?;
        if attributes.insert(key.to_owned(), value).is_some() {
            return Err(("attributes", "a key twice"));
        }
    }
    if attributes.keys().any(|key| key.ends_with(".ip") || key.contains("address")) {
        return Err(("attributes", "an address"));
    }
    let id = attributes.get("log.record.uid").and_then(Value::as_str).ok_or(("log.record.uid", "missing"))?.to_owned();
    let own = |(key, value): (&String, &Value)| Some((key.strip_prefix("properties.")?.to_owned(), value.clone()));
    let properties: Map<String, Value> = attributes.iter().filter_map(own).collect();
    let event = json!({"event": name, "properties": properties, "attributes": attributes});
    Ok(Operation::Event { event, key: Some(id) })
}

/// A typed value as it is meant.
fn plain(value: &Value) -> Result<Value, (&'static str, &'static str)> {
    let wrong = ("attributes", "a value of no type");
    let Some((kind, inner)) = value.as_object().and_then(|typed| typed.iter().next()) else { return Ok(Value::Null) };
    let list = || inner["values"].as_array().ok_or(wrong);
    Ok(match kind.as_str() {
        "stringValue" if inner.is_string() => inner.clone(),
        "boolValue" if inner.is_boolean() => inner.clone(),
        "doubleValue" if inner.is_number() => inner.clone(),
        "intValue" => json!(inner.as_str().and_then(|text| text.parse::<i64>().ok()).ok_or(wrong)?),
        "arrayValue" => Value::Array(list()?.iter().map(plain).collect::<Result<_, _>>()?),
        "kvlistValue" => {
            let mut map = Map::new();
            for pair in list()? {
                map.insert(pair["key"].as_str().ok_or(wrong)?.to_owned(), plain(&pair["value"])?);
            }
            Value::Object(map)
        }
        _ => return Err(wrong),
    })
}
