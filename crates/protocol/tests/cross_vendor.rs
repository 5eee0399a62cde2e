//! The table between the vendors, as data: what each says becomes of it in the canonical event, and what each destination makes of
//! that or by which rule it is dropped. `docs/vendors.md` is written from it: `WEIR_WRITE_DOCS=1` writes it anew.

#[path = "cross_vendor/cases.rs"]
mod cases;
#[path = "cross_vendor/generated.rs"]
mod generated;
#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};
use weir_event::names::ClassOnly;
use weir_event::{DraftBatch, Names, Operation, Role, Rule, SubjectKind};
use weir_protocol::body::Limits;
use weir_protocol::outbound::Building;
use weir_protocol::vendors::otlp::Encoding;
use weir_protocol::vendors::{DESTINATIONS, PROTOCOLS};
use weir_protocol::{Call, DecodeOptions, DestinationSetup, IdentityMerge, RequestHead, encoder, protocol};

use cases::{CONCEPTS, Case};
use world::{NOW, TOKEN, World};

/// What the destinations of the table may have.
const ALLOW: &[&str] = &[
    "plan",
    "seats",
    "revenue",
    "currency",
    "price",
    "quantity",
    "sku",
    "order_id",
    "name",
    "category",
    "title",
    "profile.plan",
    "profile.seats",
    "profile.company",
    "group.company.plan",
    "context.page.title",
    "context.session_id",
    "context.revenue.amount",
    "context.revenue.currency",
    "context.revenue.price",
    "context.revenue.quantity",
    "context.revenue.product_id",
];

/// A message's name at its vendor, and the keys in it that carry what the line is about.
type Message = (String, BTreeSet<String>);

/// What an event became at a destination: each message by its name, or the rule by which there is none.
fn fates(world: &World, to: &str, merge: IdentityMerge, case: &Case) -> Vec<Result<Message, Rule>> {
    let import = (to == "mixpanel").then(|| weir_protocol::ImportCredentials {
        user: weir_protocol::Secret::new("sa"),
        password: weir_protocol::Secret::new("s3cret"),
        project_id: Some("77".to_owned()),
    });
    // What this page reads is JSON.
    let mut setup = DestinationSetup { identity_merge: merge, import, ..world.setup(TOKEN) };
    setup.settings.otlp.encoding = Encoding::Json;
    let mut encoder = encoder(to, setup).expect("a setup");
    world.fates(case.from, case.path, &case.request, |fates| {
        let each = |fate: Result<weir_policy::Released<'_>, Rule>| {
            let event = fate?;
            let lane = encoder.lane_of(&event, NOW)?;
            let mut building = Building::new(lane);
            assert!(encoder.push(&mut building, &event), "one request has room for a test");
            let encoded = encoder.finish(building);
            let body: Value = serde_json::from_slice(&encoded.body()).expect("a body is JSON");
            Ok((name_of(&body), carriers(&body, case.concept)))
        };
        fates.into_iter().map(each).collect()
    })
}

/// By what a vendor knows a message: its type, its name, or the operation on a profile.
fn name_of(body: &Value) -> String {
    let message = [body, &body["events"], &body["batch"]].into_iter().find_map(|list| list.get(0)).unwrap_or(body);
    if let Some(record) = body.pointer("/resourceLogs/0/scopeLogs/0/logRecords/0") {
        return record["eventName"].as_str().unwrap_or("?").to_owned();
    }
    // A collector's event is an object of its own.
    let message = if message["event"].is_object() { &message["event"] } else { message };
    let text = |key: &str| message[key].as_str().map(str::to_owned);
    if let Some(kind) = text("type") {
        return text("op").map_or(kind.clone(), |op| format!("{kind} {op}"));
    }
    let name = text("event").or_else(|| text("event_type")).or_else(|| text("name"));
    let operation = ["user_properties", "group_properties", "properties"].iter().find_map(|of| {
        let own = |key: &&String| {
            key.starts_with('$') && message[of][key.as_str()].is_object() || key.as_str() == "$clearAll"
        };
        message[of].as_object()?.keys().find(own).cloned()
    });
    let update = || message.as_object()?.keys().find(|key| is_operator(key)).cloned();
    match (name, operation) {
        (Some(name), Some(operation)) if name.starts_with('$') && name != operation => format!("{name} {operation}"),
        (Some(name), _) => name,
        (None, _) => update().unwrap_or_else(|| "?".to_owned()),
    }
}

/// The keys of a message that carry what a concept is about; none where its name says all.
fn carriers(body: &Value, concept: &str) -> BTreeSet<String> {
    let words: &[&str] = match concept {
        "Revenue" => &["amount", "revenue", "price", "quantity", "currency", "product", "order", "sku"],
        "A page is viewed" => &["title", "name", "category"],
        "A screen is viewed" => &["title", "name"],
        "A session" => &["session"],
        "A time of the client's" => &["time", "timestamp", "originaltimestamp", "sentat", "timeunixnano"],
        _ => &[],
    };
    let mut out = BTreeSet::new();
    let mut open = vec![(String::new(), body)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Array(list) => open.extend(list.iter().map(|value| (path.clone(), value))),
            // An attribute of OpenTelemetry.
            Value::Object(map) if map.contains_key("key") && map["value"].is_object() => {
                let value = map["value"].as_object().and_then(|typed| typed.values().next()).unwrap_or(&Value::Null);
                let key = map["key"].as_str().unwrap_or_default();
                let last = key.rsplit('.').next().unwrap_or_default().to_lowercase();
                let is_time = concept == CONCEPTS[13];
                let is_one = words.iter().any(|of| if is_time { last == *of } else { last.contains(of) });
                if is_one && !value.is_object() {
                    out.insert(key.to_owned());
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    let word = key.trim_start_matches('$').to_lowercase();
                    let is_time = concept == CONCEPTS[13];
                    let is_one = words.iter().any(|of| if is_time { word == *of } else { word.contains(of) });
                    let is_value = !value.is_object() && !value.is_array();
                    if is_one && is_value && !["event", "type", "event_type"].contains(&key.as_str()) {
                        out.insert(short(&path).to_owned());
                    }
                    open.push((path, value));
                }
            }
            _ => {}
        }
    }
    out
}

/// The path within a message.
fn short(path: &str) -> &str {
    ["events.", "batch."].iter().find_map(|list| path.strip_prefix(list)).unwrap_or(path)
}

fn is_operator(key: &str) -> bool {
    ["$set", "$set_once", "$add", "$append", "$union", "$remove", "$unset", "$delete"].contains(&key)
}

/// The canonical events of a request, in one line.
fn canonical(case: &Case) -> String {
    let protocol = protocol(case.from).expect("it is in the list");
    let names = Names::new(Box::new(ClassOnly));
    let options = DecodeOptions::new(["company"], &names);
    let Call::Ingest(endpoint) = protocol.classify("POST", case.path) else { panic!("{} takes events", case.path) };
    let head = RequestHead { method: "POST", path: case.path, ..RequestHead::default() };
    let body = case.request.to_string().into_bytes();
    let mut opened = protocol.open(endpoint, &head, body, &Limits::default()).expect("it opens");
    let mut batch = DraftBatch::default();
    protocol.decode(endpoint, &head, &mut opened, &names.source(), &options, &mut batch).expect("it decodes");
    let mut out = Vec::new();
    for draft in &batch.drafts {
        assert_eq!(draft.fault, None, "{} {}", case.from, case.says);
        let operation = match draft.operation {
            Operation::Profile(op) => format!("Profile {op:?}"),
            Operation::Group(op) => format!("Group {op:?}"),
            other => format!("{other:?}"),
        };
        let mut ids: Vec<String> = Vec::new();
        for id in &draft.identities {
            let kind = match id.kind {
                SubjectKind::User => "user".to_owned(),
                SubjectKind::Device => "device".to_owned(),
                SubjectKind::Group(kind) => names.text(kind).to_owned(),
                other => format!("{other:?}"),
            };
            ids.push(format!("{:?} {kind}", id.role));
        }
        let time = match (draft.client_time, draft.sent_at) {
            _ if case.concept != CONCEPTS[13] => "",
            (Some(_), Some(_)) => "; time, corrected by the client's clock when it sent",
            (Some(_), None) => "; time as it is",
            (None, _) => "; time of receipt",
        };
        let paths: BTreeSet<&str> = batch.tape(draft).iter().map(|leaf| names.text(leaf.path)).collect();
        let kept: Vec<String> =
            paths.iter().filter(|path| ALLOW.contains(path)).map(|path| format!("`{path}`")).collect();
        let kept = if kept.is_empty() { String::new() } else { format!("; {}", kept.join(", ")) };
        out.push(format!("**{operation}**: {}{kept}{time}", ids.join(", ")));
    }
    out.join("<br>")
}

fn shown(fates: &[Result<Message, Rule>]) -> String {
    let each = |fate: &Result<Message, Rule>| match fate {
        Ok((name, keys)) if keys.is_empty() => format!("`{name}`"),
        Ok((name, keys)) => {
            let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            format!("`{name}`: {}", keys.join(", "))
        }
        Err(rule) => format!("– `{}`", rule.name()),
    };
    fates.iter().map(each).collect::<Vec<_>>().join("<br>")
}

fn page() -> String {
    let mut out = String::from(HEAD);
    let cases = cases::all();
    let worlds: Vec<(&str, World)> =
        DESTINATIONS.iter().map(|kind| (kind.name, World::new(kind.name, ALLOW))).collect();
    for concept in CONCEPTS {
        let _ = writeln!(out, "\n## {concept}\n");
        let columns: Vec<&str> = worlds.iter().map(|(to, _)| *to).collect();
        let _ = writeln!(out, "| from | says | becomes | {} |", columns.join(" | "));
        let _ = writeln!(out, "|---|---|---|{}", "---|".repeat(columns.len()));
        for case in cases.iter().filter(|case| case.concept == *concept) {
            let fates = worlds.iter().map(|(to, world)| shown(&fates(world, to, IdentityMerge::default(), case)));
            let fates: Vec<String> = fates.collect();
            let _ = writeln!(out, "| {} | {} | {} | {} |", case.from, case.says, canonical(case), fates.join(" | "));
        }
        let silent = PROTOCOLS.iter().map(|protocol| protocol.name());
        let silent: Vec<&str> =
            silent.filter(|name| !cases.iter().any(|case| case.concept == *concept && case.from == *name)).collect();
        if !silent.is_empty() {
            let _ = writeln!(out, "\nNo call for it, or only a property: {}.", silent.join(", "));
        }
    }
    let _ = write!(out, "{MERGES}");
    let (_, world) = &worlds[0];
    let links = &CONCEPTS[2..6];
    for case in cases.iter().filter(|case| links.contains(&case.concept)) {
        let all = [IdentityMerge::Simplified, IdentityMerge::Original, IdentityMerge::Legacy];
        let all: Vec<String> = all.iter().map(|merge| shown(&fates(world, "mixpanel", *merge, case))).collect();
        let _ = writeln!(out, "| {} | {} | {} |", case.from, case.says, all.join(" | "));
    }
    out
}

const HEAD: &str = "# From one vendor to another

Written by a test from what the code does (`crates/protocol/tests/cross_vendor`): each line is one call of a vendor's SDK, what Weir makes
of it, and what each type of destination gets. `–` and a rule: it is dropped there by that rule, counted and in the ledger, never silently.
The destinations of this page allow what the lines speak of, with `links: true`; Mixpanel with an import account. Names are those of the
event or message at the vendor.

To the same vendor what policy allows arrives as it was said. Across vendors these are the losses: an operation on a profile that the other has
no word for (`no_equivalent`), a merge where there is no call for it, and what one vendor has as a field of its own and another as any property:
Segment's and PostHog's `revenue` is a property and stays one. Revenue of an order is `context.revenue.*`; items of an order keep their price as a
property, so that no destination adds it up twice. Behind a message stand the keys in it that carry what the section is about; a key that is
missing there was taken by policy.
";

const MERGES: &str = "
## Mixpanel's ways of merging ids

`identity_merge` of a destination says which of them its project has. In `simplified` the two ids on an event are the link, so an event about a
user or a device names it as `$user_id` or `$device_id` too.

| from | says | simplified | original | legacy |
|---|---|---|---|---|
";

#[test]
fn the_page_of_vendors_is_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vendors.md");
    let page = page();
    if std::env::var_os("WEIR_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "docs/vendors.md differs from the code: WEIR_WRITE_DOCS=1 cargo test -p weir-protocol --test cross_vendor"
    );
}

#[test]
fn every_call_has_a_fate_at_every_destination_and_none_is_silent() {
    let cases = cases::all();
    for kind in DESTINATIONS {
        let world = World::new(kind.name, ALLOW);
        for case in &cases {
            let fates = fates(&world, kind.name, IdentityMerge::default(), case);
            assert!(!fates.is_empty(), "{} {} at {}", case.from, case.says, kind.name);
            for fate in fates {
                let name = fate.as_ref().ok().map(|(name, _)| name.as_str());
                assert_ne!(name, Some("?"), "{} {} at {}", case.from, case.says, kind.name);
                let rule = fate.err();
                let is_named = matches!(rule, None | Some(Rule::NoEquivalent | Rule::EmptyProfile));
                assert!(is_named, "{} {} at {}: {rule:?}", case.from, case.says, kind.name);
            }
        }
    }
}

#[test]
fn each_way_of_merging_has_its_own_calls_and_no_other() {
    let world = World::new("mixpanel", ALLOW);
    let links = ["$identify", "$create_alias", "$merge"];
    for (merge, expected) in [
        (IdentityMerge::Simplified, &[][..]),
        (IdentityMerge::Original, &["$create_alias", "$identify", "$merge"][..]),
        (IdentityMerge::Legacy, &["$create_alias"][..]),
    ] {
        let mut seen = BTreeSet::new();
        for case in cases::all() {
            let names = fates(&world, "mixpanel", merge, &case).into_iter().flatten();
            seen.extend(names.map(|(name, _)| name).filter(|name| links.contains(&name.as_str())));
        }
        assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{merge:?}");
    }
}

/// The properties of the first event that Mixpanel gets of a request of Segment's.
fn at_mixpanel(merge: IdentityMerge, message: Value) -> Value {
    let world = World::raw("mixpanel", &[]);
    let setup = DestinationSetup { identity_merge: merge, ..world.setup(TOKEN) };
    let mut encoder = encoder("mixpanel", setup).expect("a setup");
    world.released("segment", "/v1/batch", &json!({ "batch": [message] }), |events| {
        let lane = encoder.lane_of(&events[0], NOW).expect("it has a lane");
        let mut body: Value = serde_json::from_slice(&encoder.encode(lane, &events[..1]).body()).expect("JSON");
        body[0]["properties"].take()
    })
}

#[test]
fn each_way_of_merging_names_the_ids_that_it_links() {
    let identify =
        json!({"type": "identify", "userId": "user-1", "anonymousId": "device-1", "messageId": "i", "traits": {}});
    let sent = at_mixpanel(IdentityMerge::Original, identify.clone());
    assert_eq!((&sent["distinct_id"], &sent["$anon_distinct_id"]), (&json!("user-1"), &json!("$device:device-1")));
    let sent = at_mixpanel(IdentityMerge::Legacy, identify);
    assert_eq!((&sent["distinct_id"], &sent["alias"]), (&json!("$device:device-1"), &json!("user-1")));
    for (who, key, id) in [("userId", "$user_id", "user-1"), ("anonymousId", "$device_id", "device-1")] {
        let track =
            json!({"type": "track", "event": "a", "messageId": "i", who: id, "timestamp": "2026-11-21T23:19:34.000Z"});
        assert_eq!(
            at_mixpanel(IdentityMerge::Simplified, track.clone())[key],
            json!(id),
            "an event of one id names it"
        );
        assert_eq!(at_mixpanel(IdentityMerge::Original, track)[key], Value::Null);
    }
}

/// A canonical event as far as vendors agree about it.
#[derive(Clone, PartialEq, Debug)]
struct Canonical {
    operation: Operation,
    name: String,
    subject: Option<String>,
    user: Option<String>,
    device: Option<String>,
    group: Option<String>,
    time: Option<i64>,
    properties: Vec<String>,
}

/// Decodes a request of a vendor.
fn decode(vendor: &str, path: &str, body: Vec<u8>) -> Vec<Canonical> {
    let protocol = protocol(vendor).expect("it is in the list");
    let names = Names::new(Box::new(ClassOnly));
    let options = DecodeOptions::new(["company"], &names);
    let Call::Ingest(endpoint) = protocol.classify("POST", path) else { panic!("{path} takes events") };
    let head = RequestHead { method: "POST", path, ..RequestHead::default() };
    let mut opened = protocol.open(endpoint, &head, body, &Limits::default()).expect("it opens");
    let mut batch = DraftBatch::default();
    protocol.decode(endpoint, &head, &mut opened, &names.source(), &options, &mut batch).expect("it decodes");
    let each = |draft: &weir_event::Draft| {
        assert_eq!(draft.fault, None, "{vendor}");
        let id = |kind: fn(SubjectKind) -> bool, role: Option<Role>| {
            let is_it = |id: &&weir_event::Identity| kind(id.kind) && role.is_none_or(|role| id.role == role);
            draft.identities.iter().find(is_it).map(|id| batch.str(id.text).to_owned())
        };
        let mut properties: Vec<String> = Vec::new();
        for leaf in batch.tape(draft) {
            let path = names.text(leaf.path);
            if generated::PROPERTIES.iter().any(|of| path == *of || path.starts_with(&format!("{of}."))) {
                properties.push(format!("{path} {:?} {}", leaf.kind, batch.str(leaf.text)));
            }
        }
        properties.sort();
        Canonical {
            operation: draft.operation,
            name: names.text(draft.name).to_owned(),
            subject: id(|_| true, Some(Role::Subject)),
            user: id(|kind| kind == SubjectKind::User, None),
            device: id(|kind| kind == SubjectKind::Device, None),
            group: id(|kind| matches!(kind, SubjectKind::Group(_)), None),
            time: draft.client_time.map(|time| time.0),
            properties,
        }
    };
    batch.drafts.iter().map(each).collect()
}

#[test]
fn generated_events_come_back_from_every_vendors_format_as_they_went_in() {
    let mut random = generated::Random(0x5eed);
    let mut losses = BTreeSet::new();
    for from in PROTOCOLS.iter().map(|protocol| protocol.name()) {
        // What has no protocol of its own, such as a log, is not read again here.
        for kind in DESTINATIONS.iter().filter(|kind| protocol(kind.name).is_some()) {
            let to = kind.name;
            let events: Vec<_> = (0..60).map(|_| generated::event(&mut random)).collect();
            let (path, request) = generated::batch(from, &events);
            let sent = decode(from, path, request.to_string().into_bytes());
            assert_eq!(sent.len(), events.len(), "{from}");
            let world = World::raw(to, &[generated::PROPERTIES, generated::BELOW].concat());
            let mut encoder = encoder(to, world.setup(TOKEN)).expect("a setup");
            let got: Vec<Canonical> = world.released(from, path, &request, |released| {
                let arrive = |event: &weir_policy::Released<'_>| {
                    let lane = encoder.lane_of(event, NOW).expect("an event has a lane");
                    let mut building = Building::new(lane);
                    assert!(encoder.push(&mut building, event), "one request has room for a test");
                    let encoded = encoder.finish(building);
                    let path = encoded.path_and_query().split('?').next().unwrap_or_default().to_owned();
                    let mut got = decode(to, &path, encoded.body().to_vec());
                    assert_eq!(got.len(), 1, "{from} to {to}");
                    got.remove(0)
                };
                released.iter().map(arrive).collect()
            });
            assert_eq!(got.len(), sent.len(), "{from} to {to}: an event is missing");
            for (sent, got) in sent.iter().zip(&got) {
                for (what, is_same) in [
                    ("operation", sent.operation == got.operation),
                    ("name", sent.name == got.name),
                    ("subject", sent.subject == got.subject),
                    ("user", sent.user == got.user),
                    ("device", sent.device == got.device),
                    ("group", sent.group == got.group),
                    ("time", sent.time == got.time),
                    ("properties", sent.properties == got.properties),
                ] {
                    if !is_same {
                        losses.insert((from, to, what));
                    }
                }
            }
        }
    }
    assert!(losses.is_empty(), "lost on the way: {losses:?}");
}
