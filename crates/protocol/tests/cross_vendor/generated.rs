//! Generated events as each vendor's SDK writes them.

use serde_json::{Value, json};

/// What one event says, in no language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(crate) user: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) millis: u64,
    pub(crate) insert: String,
    pub(crate) properties: Value,
}

/// SplitMix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// Properties that events may have; a destination is allowed them.
pub(crate) const PROPERTIES: &[&str] = &["plan", "rows", "ratio", "is_trial", "tags", "nested"];

/// What stands in them.
pub(crate) const BELOW: &[&str] = &["tags.*", "nested.format", "nested.list", "nested.list.*", "nested.list.*.deep"];

pub(crate) fn event(random: &mut Random) -> Event {
    let who = random.below(3);
    let mut properties = json!({});
    for property in PROPERTIES {
        if random.below(3) == 0 {
            continue;
        }
        properties[property] = match *property {
            "plan" => json!(random.pick(&["enterprise", "pro", "free", "größer 🚀", "a \"quoted\" plan\\"])),
            "rows" => json!(random.below(5_000)),
            "ratio" => json!(random.below(1_000) as f64 / 8.0 + 0.0625),
            "is_trial" => json!(random.below(2) == 0),
            "tags" => json!(["q4", random.pick(&["finance", "sales"])]),
            _ => json!({"format": random.pick(&["csv", "pdf"]), "list": [1, {"deep": true}]}),
        };
    }
    let hex = format!("{:016x}{:016x}", random.next(), random.next());
    Event {
        name: random.pick(&["report_exported", "signed_up", "step_done"]),
        user: (who != 0).then(|| format!("user-{}", random.below(9_000) + 1_000)),
        device: (who != 1).then(|| format!("device-{}", random.below(9_000) + 1_000)),
        group: (random.below(3) == 0).then(|| format!("org-{}", random.below(900) + 100)),
        millis: 1_795_300_000_000 + random.below(3_000_000),
        insert: format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32]),
        properties,
    }
}

/// A batch of events as a vendor's SDK writes it, and where it is sent.
pub(crate) fn batch(vendor: &str, events: &[Event]) -> (&'static str, Value) {
    let each = |write: fn(&Event) -> Value| events.iter().map(write).collect::<Vec<_>>();
    match vendor {
        "mixpanel" => ("/track", Value::Array(each(mixpanel))),
        "amplitude" => ("/2/httpapi", json!({"api_key": "k", "events": each(amplitude)})),
        "segment" | "rudderstack" => ("/v1/batch", json!({"batch": each(segment)})),
        "posthog" => ("/batch/", json!({"api_key": "k", "batch": each(posthog)})),
        "snowplow" => ("/com.snowplowanalytics.snowplow/tp2", json!({"data": each(snowplow)})),
        other => panic!("no batch of {other} is written here"),
    }
}

/// The object with what is there of these.
fn with(own: Value, more: &[(&str, Option<Value>)]) -> Value {
    let mut own = own;
    for (key, value) in more {
        if let Some(value) = value {
            own[*key] = value.clone();
        }
    }
    own
}

fn text(id: &Option<String>) -> Option<Value> {
    id.as_ref().map(|id| json!(id))
}

fn rfc3339(e: &Event) -> String {
    weir_event::Millis(e.millis as i64).to_rfc3339()
}

fn mixpanel(e: &Event) -> Value {
    let device = e.device.as_ref().map(|id| json!(format!("$device:{id}")));
    let properties = with(
        e.properties.clone(),
        &[
            ("token", Some(json!("t"))),
            ("time", Some(json!(e.millis))),
            ("$insert_id", Some(json!(e.insert))),
            ("distinct_id", text(&e.user).or(device)),
            ("$user_id", text(&e.user)),
            ("$device_id", text(&e.device)),
            ("company", e.group.as_ref().map(|id| json!([id]))),
        ],
    );
    json!({"event": e.name, "properties": properties})
}

fn amplitude(e: &Event) -> Value {
    let own = json!({"event_type": e.name, "time": e.millis, "insert_id": e.insert, "event_properties": e.properties});
    let groups = e.group.as_ref().map(|id| json!({"company": id}));
    with(own, &[("user_id", text(&e.user)), ("device_id", text(&e.device)), ("groups", groups)])
}

fn segment(e: &Event) -> Value {
    let own = json!({"type": "track", "event": e.name, "timestamp": rfc3339(e), "messageId": e.insert, "properties": e.properties});
    let context = e.group.as_ref().map(|id| json!({"groupId": id}));
    with(own, &[("userId", text(&e.user)), ("anonymousId", text(&e.device)), ("context", context)])
}

fn posthog(e: &Event) -> Value {
    let properties = with(
        e.properties.clone(),
        &[
            ("$device_id", text(&e.device)),
            ("$user_id", text(&e.user)),
            ("$is_identified", e.device.as_ref().map(|_| json!(e.user.is_some()))),
            ("$groups", e.group.as_ref().map(|id| json!({"company": id}))),
        ],
    );
    let id = e.user.as_ref().or(e.device.as_ref());
    json!({"event": e.name, "distinct_id": id, "uuid": e.insert, "timestamp": rfc3339(e), "properties": properties})
}

fn snowplow(e: &Event) -> Value {
    let data = with(e.properties.clone(), &[("company", text(&e.group))]);
    let schema = format!("iglu:com.acme/{}/jsonschema/1-0-0", e.name);
    let event = json!({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": {"schema": schema, "data": data}});
    let own = json!({"e": "ue", "eid": e.insert, "dtm": e.millis.to_string(), "ue_pr": event.to_string()});
    with(own, &[("uid", text(&e.user)), ("duid", text(&e.device))])
}
