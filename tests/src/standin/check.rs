//! The vendor's checks: request form, limits, required fields, ages.
//!
//! Limits are those of Mixpanel's ingestion reference: 2,000 events and 2 MiB uncompressed a request (its two pages disagree
//! between 10 MB and 2,097,152 bytes; the smaller binds), an event below 1 MB, fewer than 255 properties, nesting of at most 3,
//! arrays below 255, `$insert_id` of at most 36 bytes of `[A-Za-z0-9-]`, `/track` for the last 5 days only.

use serde_json::{Map, Value};
use weir_event::Millis;

use crate::encoding;

/// Events in one request.
pub const EVENTS_MAX: usize = 2_000;
/// Bytes of one request, uncompressed.
pub const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of one event.
const EVENT_BYTES_END: usize = 1_000_000;
/// Properties of one event.
const PROPERTIES_END: usize = 255;
/// Elements of one array.
const ARRAY_END: usize = 255;
/// Objects and arrays inside each other, below `properties`.
const NESTING_MAX: usize = 3;
/// How old an event may be for `/track`.
const TRACK_AGE_MS_MAX: i64 = 5 * Millis::DAY;
/// How old an event may be at all: 1971-01-01.
const IMPORT_TIME_MIN: i64 = 365 * Millis::DAY;

/// What Mixpanel refuses as a `distinct_id`.
const SENTINELS: [&str; 18] = [
    "00000000-0000-0000-0000-000000000000",
    "anon",
    "anonymous",
    "nil",
    "none",
    "null",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "<nil>",
    "0",
    "-1",
    "true",
    "false",
    "[]",
    "{}",
    "",
];

/// The operations of `/engage` and `/groups`.
const PROFILE_OPERATIONS: [&str; 8] =
    ["$set", "$set_once", "$add", "$append", "$union", "$remove", "$unset", "$delete"];

/// Something the vendor refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// `track`, `engage`, `groups`, `import`.
    pub endpoint: &'static str,
    /// Place in the request.
    pub index: usize,
    /// Which field.
    pub field: String,
    /// Why.
    pub message: String,
    /// The `$insert_id`, where there is one.
    pub insert_id: String,
}

/// What a vendor answers to a request, and what it stores of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The status.
    pub status: u16,
    /// The JSON of the answer; `null`: an empty body.
    pub answer: Value,
    /// What is stored.
    pub accepted: Vec<Operation>,
    /// What was refused, or would have been lost or misread.
    pub refused: Vec<Violation>,
}

impl Judged {
    /// A request that is refused whole.
    pub fn refused(endpoint: &'static str, status: u16, answer: Value, message: &str) -> Judged {
        let refused = vec![Violation::new(endpoint, 0, "request", message)];
        Judged { status, answer, accepted: Vec::new(), refused }
    }
}

impl Violation {
    /// One without an insert id.
    pub fn new(endpoint: &'static str, index: usize, field: &str, message: &str) -> Violation {
        Violation { endpoint, index, field: field.to_owned(), message: message.to_owned(), insert_id: String::new() }
    }
}

/// What an accepted item of a request is.
#[derive(Clone, Debug)]
pub enum Operation {
    /// An event, with the key by which the vendor removes duplicates; without `$insert_id` there is none.
    Event {
        /// The object.
        event: Value,
        /// ($insert_id, distinct_id, time, event).
        key: Option<String>,
    },
    /// A profile operation.
    Profile {
        /// The object.
        update: Value,
        /// `$set` and so on.
        operation: String,
    },
    /// Accepted and thrown away.
    TooOld,
}

/// A request that is readable as a whole.
pub struct Body {
    /// The JSON items.
    pub items: Vec<Value>,
    /// Whether the answer is the verbose one.
    pub verbose: bool,
    /// Whether it came as a JSON document rather than a form.
    pub json: bool,
    /// `api_key` of the form, an old way to authenticate an import.
    pub api_key: Option<String>,
}

/// Takes the content encoding off; the vendor knows gzip only.
pub fn open(content_encoding: Option<&str>, body: &[u8]) -> Result<Vec<u8>, String> {
    use std::io::Read;
    match content_encoding {
        None | Some("identity") => Ok(body.to_vec()),
        Some("gzip") => {
            let mut out = Vec::new();
            let limit = (REQUEST_BYTES_MAX * 16) as u64;
            let mut reader = flate2::read::MultiGzDecoder::new(body).take(limit);
            reader.read_to_end(&mut out).map_err(|_| "the gzip body is broken".to_owned())?;
            Ok(out)
        }
        Some(_) => Err("this content encoding is not supported".to_owned()),
    }
}

/// Reads the items of a request in any of the forms that SDKs use.
pub fn parse(method: &str, content_type: Option<&str>, query: &str, opened: &[u8]) -> Result<Body, String> {
    let query = encoding::form(query.as_bytes());
    let of = |fields: &[(String, Vec<u8>)], name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let is_one = |value: Option<Vec<u8>>| value.is_some_and(|v| v == b"1");
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut verbose = is_one(of(&query, "verbose"));
    let lossy = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
    let mut api_key = of(&query, "api_key").map(lossy);
    let (text, json) = match (method, kind.as_str()) {
        ("GET", _) => (data_field(of(&query, "data"))?, false),
        ("POST", "application/json") => (encoding::from_cesu8(opened), true),
        ("POST", "application/x-ndjson") => {
            let lines = std::str::from_utf8(opened).map_err(|_| "the body is not UTF-8".to_owned())?;
            (format!("[{}]", lines.lines().filter(|l| !l.trim().is_empty()).collect::<Vec<_>>().join(",")), true)
        }
        // A beacon says text/plain and is a form all the same.
        ("POST", "application/x-www-form-urlencoded" | "text/plain" | "") => {
            let fields = encoding::form(opened);
            verbose |= is_one(of(&fields, "verbose"));
            api_key = of(&fields, "api_key").map(lossy).or(api_key);
            (data_field(of(&fields, "data"))?, false)
        }
        ("POST", _) => return Err("this content type is not supported".to_owned()),
        _ => return Err("this method is not supported".to_owned()),
    };
    let value: Value = serde_json::from_str(&text).map_err(|_| "the body is not JSON".to_owned())?;
    let items = match value {
        Value::Array(items) => items,
        object @ Value::Object(_) => vec![object],
        _ => return Err("the body is neither an object nor an array of objects".to_owned()),
    };
    Ok(Body { items, verbose, json, api_key })
}

/// `data` is JSON or base64 of it.
fn data_field(field: Option<Vec<u8>>) -> Result<String, String> {
    let field = field.ok_or("data, missing or empty")?;
    if matches!(field.first(), Some(b'{' | b'[')) {
        return Ok(encoding::from_cesu8(&field));
    }
    // In a form `+` reads as a space; mixpanel-node sends base64 with a bare `+`.
    let repaired: Vec<u8> = field.iter().map(|b| if *b == b' ' { b'+' } else { *b }).collect();
    encoding::from_base64(&repaired)
        .map(|bytes| encoding::from_cesu8(&bytes))
        .ok_or_else(|| "data is not base64".to_owned())
}

/// What every item of a request is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Against<'a> {
    /// `track`, `engage`, `groups`, `import`.
    pub endpoint: &'static str,
    /// The JSON form of `/import`, which asks for more than the old forms do.
    pub strict: bool,
    /// Known project tokens; empty: any.
    pub tokens: &'a [String],
    /// The vendor's clock.
    pub now: Millis,
}

/// Checks one item of a request.
pub fn item(against: Against<'_>, index: usize, value: &Value) -> Result<Operation, Violation> {
    let endpoint = against.endpoint;
    let insert_id = value.pointer("/properties/$insert_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let refuse = |field: &str, message: &str| Violation {
        endpoint,
        index,
        field: field.to_owned(),
        message: message.to_owned(),
        insert_id: insert_id.clone(),
    };
    let object = value.as_object().ok_or_else(|| refuse("", "an item is not an object"))?;
    if value.to_string().len() >= EVENT_BYTES_END {
        return Err(refuse("", "an item is 1 MB or more"));
    }
    let result = match endpoint {
        "track" | "import" => event(against, object),
        _ => profile(against, object),
    };
    result.map_err(|(field, message)| refuse(&field, &message))
}

type Refused = (String, String);

fn refused(field: &str, message: &str) -> Refused {
    (field.to_owned(), message.to_owned())
}

fn event(against: Against<'_>, object: &Map<String, Value>) -> Result<Operation, Refused> {
    let is_import = against.endpoint == "import";
    let name = object.get("event").and_then(Value::as_str).filter(|n| !n.is_empty());
    let name = name.ok_or_else(|| refused("event", "event, missing or empty"))?;
    let properties = object.get("properties").and_then(Value::as_object);
    let properties = properties.ok_or_else(|| refused("properties", "properties, missing or not an object"))?;
    if properties.len() >= PROPERTIES_END {
        return Err(refused("properties", "255 properties or more"));
    }
    for (key, value) in properties {
        shape(key, value, 0)?;
    }
    // `/import` knows the project by its credentials.
    if !is_import {
        token(properties.get("token"), against.tokens, "properties.token")?;
    }
    let is_link = matches!(name, "$merge" | "$create_alias");
    let time = match properties.get("time").and_then(Value::as_f64) {
        Some(time) if time >= 1e11 => Some(time as i64),
        Some(time) => Some((time * 1000.0) as i64),
        None if is_import && !is_link => return Err(refused("properties.time", "time, missing or not a number")),
        None => None,
    };
    let insert_id = properties.get("$insert_id").and_then(Value::as_str);
    match insert_id {
        Some(id) if id.len() > 36 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') || id.is_empty() => {
            return Err(refused("properties.$insert_id", "$insert_id is malformed"));
        }
        None if properties.contains_key("$insert_id") || against.strict && is_import && !is_link => {
            return Err(refused("properties.$insert_id", "$insert_id, missing or not a string"));
        }
        _ => {}
    }
    let distinct_id = properties.get("distinct_id").map(plain).unwrap_or_default();
    if !is_link && properties.contains_key("distinct_id") && is_sentinel(&distinct_id) {
        return Err(refused("properties.distinct_id", "distinct_id is on the list of ids that are refused"));
    }
    if is_import && !is_link && !properties.contains_key("distinct_id") {
        return Err(refused("properties.distinct_id", "distinct_id, missing or empty"));
    }
    if let Some(time) = time {
        if time < IMPORT_TIME_MIN {
            return Err(refused("properties.time", "time is before 1971"));
        }
        if !is_import && against.now.since(Millis(time)) > TRACK_AGE_MS_MAX {
            return Ok(Operation::TooOld);
        }
    }
    // The vendor's key has whole seconds.
    let key = insert_id.map(|id| format!("{id}\n{distinct_id}\n{}\n{name}", time.map_or(0, |t| t / 1000)));
    Ok(Operation::Event { event: Value::Object(object.clone()), key })
}

fn profile(against: Against<'_>, object: &Map<String, Value>) -> Result<Operation, Refused> {
    token(object.get("$token"), against.tokens, "$token")?;
    let ids: &[&str] = if against.endpoint == "engage" { &["$distinct_id"] } else { &["$group_key", "$group_id"] };
    for id in ids {
        let text = object.get(*id).map(plain).unwrap_or_default();
        if is_sentinel(&text) {
            return Err(refused(id, "missing, empty or on the list of ids that are refused"));
        }
    }
    let operations: Vec<&&str> = PROFILE_OPERATIONS.iter().filter(|op| object.contains_key(**op)).collect();
    let [operation] = operations.as_slice() else {
        return Err(refused("$set", "exactly one operation is needed"));
    };
    let operation = **operation;
    let arguments = &object[operation];
    let fits = match operation {
        "$unset" => arguments.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
        "$delete" => true,
        "$add" => arguments.as_object().is_some_and(|values| values.values().all(Value::is_number)),
        "$union" => arguments.as_object().is_some_and(|values| values.values().all(Value::is_array)),
        _ => arguments.is_object(),
    };
    if !fits {
        return Err(refused(operation, "the operation's argument has the wrong type"));
    }
    if let Some(values) = arguments.as_object() {
        for (key, value) in values {
            shape(key, value, 0)?;
        }
    }
    Ok(Operation::Profile { update: Value::Object(object.clone()), operation: operation.to_owned() })
}

fn token(value: Option<&Value>, tokens: &[String], field: &str) -> Result<(), Refused> {
    match value.and_then(Value::as_str).filter(|t| !t.is_empty()) {
        None => Err(refused(field, "token, missing or empty")),
        Some(token) if !tokens.is_empty() && !tokens.iter().any(|t| t == token) => {
            Err(refused(field, "token, unknown"))
        }
        Some(_) => Ok(()),
    }
}

/// Nesting and array limits.
fn shape(key: &str, value: &Value, depth: usize) -> Result<(), Refused> {
    match value {
        Value::Array(items) => {
            if items.len() >= ARRAY_END {
                return Err(refused(key, "an array of 255 elements or more"));
            }
            deeper(key, depth)?;
            items.iter().try_for_each(|item| shape(key, item, depth + 1))
        }
        Value::Object(fields) => {
            deeper(key, depth)?;
            fields.values().try_for_each(|field| shape(key, field, depth + 1))
        }
        _ => Ok(()),
    }
}

fn deeper(key: &str, depth: usize) -> Result<(), Refused> {
    if depth >= NESTING_MAX { Err(refused(key, "nested deeper than 3")) } else { Ok(()) }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

fn is_sentinel(id: &str) -> bool {
    SENTINELS.contains(&id.trim().to_ascii_lowercase().as_str())
}
