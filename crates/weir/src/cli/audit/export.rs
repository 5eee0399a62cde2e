//! Exported events: whose form one has, and the same as the request that its vendor's decoder reads.
//!
//! | form | told by | becomes |
//! |---|---|---|
//! | Mixpanel, raw export | `event` and `properties`, nothing of the others | itself |
//! | Mixpanel, profiles | `$distinct_id` and `$properties` | a profile update |
//! | Amplitude, export | `event_type` | an event of its HTTP API, with that API's names for time, address and insert id |
//! | Segment, RudderStack | `type` of a message, or what only messages have | itself |
//! | PostHog, events | `event` beside `distinct_id`, `timestamp` or `uuid` | an event of a batch; what stands with the person is a `$set` |
//! | PostHog, persons | `distinct_ids` and `properties` | a `$set` |
//! | anything else | – | an event of Mixpanel's, named by its `event`, `event_name`, `name`, `action` or `type` |

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::cli::scalars;

/// The form of an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::cli) enum Form {
    Mixpanel,
    MixpanelProfile,
    Amplitude,
    Segment,
    RudderStack,
    PostHog,
    PostHogPerson,
    Other,
}

/// What takes the events of a form.
pub(super) struct Way {
    /// In whose name they are listed.
    pub(super) vendor: &'static str,
    /// Whose decoder reads them, at which path.
    pub(super) protocol: &'static str,
    pub(super) path: &'static str,
    /// What stands around them in a request.
    pub(super) around: (&'static str, &'static str),
}

/// The vendor of events that nobody knows.
pub(super) const OTHER: &str = "other";

impl Form {
    /// How its events are read.
    pub(super) fn way(self) -> Way {
        let (vendor, protocol, path) = match self {
            Form::Mixpanel => ("mixpanel", "mixpanel", "/track"),
            Form::MixpanelProfile => ("mixpanel", "mixpanel", "/engage"),
            Form::Amplitude => ("amplitude", "amplitude", "/2/httpapi"),
            Form::Segment => ("segment", "segment", "/v1/batch"),
            Form::RudderStack => ("rudderstack", "rudderstack", "/v1/batch"),
            Form::PostHog | Form::PostHogPerson => ("posthog", "posthog", "/batch/"),
            Form::Other => (OTHER, "mixpanel", "/track"),
        };
        let around = match protocol {
            "mixpanel" => ("[", "]"),
            "amplitude" => ("{\"events\":[", "]}"),
            _ => ("{\"batch\":[", "]}"),
        };
        Way { vendor, protocol, path, around }
    }
}

/// What a checked object of JSON is.
pub(super) enum Sniffed<'t> {
    /// An event.
    Event(Form),
    /// A list of them, as it stands.
    List(&'t [u8]),
}

/// Tells by its keys what an object is.
pub(super) fn sniff(object: &[u8]) -> Sniffed<'_> {
    const LISTS: [&[u8]; 5] = [b"batch", b"events", b"results", b"data", b"messages"];
    const MESSAGES: [&[u8]; 6] =
        [b"\"track\"", b"\"identify\"", b"\"page\"", b"\"screen\"", b"\"group\"", b"\"alias\""];
    let (mut list, mut has) = (None, Has::default());
    scalars::members(object, |key, value| match key {
        b"event_type" => has.event_type = value.starts_with(b"\""),
        b"event" => has.event = value.starts_with(b"\""),
        b"properties" => has.properties = true,
        b"distinct_id" | b"timestamp" | b"uuid" | b"team_id" | b"person_properties" | b"elements_chain" => {
            has.posthog = true;
        }
        b"messageId" | b"anonymousId" | b"userId" | b"originalTimestamp" => has.message = true,
        b"rudderId" | b"rudder_id" => has.rudder = true,
        b"type" => has.call = MESSAGES.contains(&value),
        b"traits" | b"context" | b"previousId" | b"groupId" => has.call_part = true,
        b"$distinct_id" => has.profile_id = true,
        b"$properties" => has.profile = value.starts_with(b"{"),
        b"distinct_ids" => has.person_ids = value.starts_with(b"["),
        key if LISTS.contains(&key) && value.starts_with(b"[") => list = Some(value),
        _ => {}
    });
    let form = match has {
        Has { event_type: true, .. } => Form::Amplitude,
        Has { call, message, call_part, event, rudder, .. }
            if (call && (message || call_part || event)) || (event && message) =>
        {
            if rudder {
                Form::RudderStack
            } else {
                Form::Segment
            }
        }
        Has { event: true, posthog: true, .. } => Form::PostHog,
        Has { event: true, properties: true, .. } => Form::Mixpanel,
        Has { profile_id: true, profile: true, .. } => Form::MixpanelProfile,
        Has { person_ids: true, properties: true, .. } => Form::PostHogPerson,
        _ => match list {
            Some(list) => return Sniffed::List(list),
            None => Form::Other,
        },
    };
    Sniffed::Event(form)
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "which keys are there is just that")]
struct Has {
    event_type: bool,
    event: bool,
    properties: bool,
    posthog: bool,
    message: bool,
    rudder: bool,
    call: bool,
    call_part: bool,
    profile_id: bool,
    profile: bool,
    person_ids: bool,
}

/// The event as its vendor's decoder takes it; `None` where it cannot be read.
pub(super) fn convert(form: Form, event: &[u8]) -> Option<Cow<'_, [u8]>> {
    if matches!(form, Form::Mixpanel | Form::Segment | Form::RudderStack) {
        return Some(event.into());
    }
    let mut text = event.to_vec();
    scalars::mend_surrogates(&mut text);
    let Ok(Value::Object(object)) = serde_json::from_slice(&text) else { return None };
    Some(of_object(form, object).to_string().into_bytes().into())
}

fn of_object(form: Form, mut object: Map<String, Value>) -> Value {
    match form {
        Form::Mixpanel | Form::Segment | Form::RudderStack => Value::Object(object),
        Form::MixpanelProfile => {
            json!({ "$distinct_id": object.remove("$distinct_id"), "$set": object.remove("$properties") })
        }
        Form::Amplitude => amplitude(object),
        Form::PostHog => posthog(object),
        Form::PostHogPerson => {
            let id = object.remove("distinct_ids").and_then(|mut ids| ids.get_mut(0).map(Value::take));
            json!({ "event": "$set", "distinct_id": id, "$set": object.remove("properties") })
        }
        Form::Other => other(object),
    }
}

fn amplitude(mut object: Map<String, Value>) -> Value {
    object.retain(|_, value| !value.is_null());
    for (from, to) in [("event_time", "time"), ("ip_address", "ip"), ("$insert_id", "insert_id")] {
        if let Some(value) = object.remove(from) {
            object.entry(to).or_insert(value);
        }
    }
    // `2026-11-01 00:00:01.123000`, in UTC.
    if let Some(Value::String(time)) = object.get_mut("time")
        && time.as_bytes().get(10) == Some(&b' ')
    {
        *time = format!("{}Z", time.replacen(' ', "T", 1));
    }
    for key in ["event_properties", "user_properties", "group_properties", "groups"] {
        parse_text(&mut object, key);
    }
    Value::Object(object)
}

fn posthog(mut object: Map<String, Value>) -> Value {
    for key in ["properties", "person_properties", "person.properties"] {
        parse_text(&mut object, key);
    }
    for key in ["person_properties", "person.properties"] {
        if let Some(person) = object.remove(key).filter(Value::is_object) {
            object.insert("$set".to_owned(), person);
        }
    }
    const OF_EVENTS: [&str; 12] = [
        "event",
        "properties",
        "distinct_id",
        "uuid",
        "timestamp",
        "$set",
        "$set_once",
        "$unset",
        "session_id",
        "window_id",
        "ip",
        "sent_at",
    ];
    let beside: Vec<String> = object.keys().filter(|key| !OF_EVENTS.contains(&key.as_str())).cloned().collect();
    let beside: Vec<(String, Value)> = beside.into_iter().filter_map(|key| object.remove_entry(&key)).collect();
    if let Value::Object(properties) = object.entry("properties").or_insert_with(|| json!({})) {
        // What PostHog adds to an event as it comes in says nothing about anybody.
        let added = ["team_id", "created_at", "inserted_at", "_inserted_at", "id"];
        for (key, value) in beside.into_iter().filter(|(key, value)| !added.contains(&key.as_str()) && !value.is_null())
        {
            properties.entry(key).or_insert(value);
        }
    }
    Value::Object(object)
}

fn other(mut object: Map<String, Value>) -> Value {
    let name = ["event", "event_name", "eventName", "name", "action", "type"].into_iter().find_map(|key| {
        let is_name = object.get(key).is_some_and(Value::is_string);
        is_name.then(|| object.remove(key)).flatten()
    });
    parse_text(&mut object, "properties");
    if let Some(Value::Object(properties)) = object.remove("properties") {
        for (key, value) in properties {
            object.entry(key).or_insert(value);
        }
    }
    json!({ "event": name.unwrap_or_else(|| "(no name)".into()), "properties": object })
}

/// Some exports hold an object as the text of it.
fn parse_text(object: &mut Map<String, Value>, key: &str) {
    if let Some(Value::String(text)) = object.get(key)
        && let Ok(parsed @ Value::Object(_)) = serde_json::from_str(text)
    {
        object.insert(key.to_owned(), parsed);
    }
}

/// A row of a table: columns named `properties.plan` lie below `properties`; a cell that holds an object or a list is one.
pub(super) fn row(columns: &[String], cells: &[String]) -> Value {
    const BELOW: [&str; 8] = [
        "properties",
        "event_properties",
        "user_properties",
        "person.properties",
        "person_properties",
        "context",
        "traits",
        "$properties",
    ];
    let mut object = Map::new();
    for (column, cell) in columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        let value = match cell.as_bytes().first() {
            Some(b'{' | b'[') => serde_json::from_str(cell).unwrap_or_else(|_| cell.as_str().into()),
            _ => Value::from(cell.as_str()),
        };
        let above = BELOW.iter().find(|above| column.strip_prefix(**above).is_some_and(|rest| rest.starts_with('.')));
        match above {
            Some(above) => {
                let below = object.entry(*above).or_insert_with(|| json!({}));
                if let Value::Object(below) = below {
                    below.insert(column[above.len() + 1..].to_owned(), value);
                }
            }
            None => {
                object.insert(column.clone(), value);
            }
        }
    }
    Value::Object(object)
}
