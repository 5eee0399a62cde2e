//! What reaches Amplitude: a request of an SDK through decode, minimise and release, as bytes for the vendor, and back. Real keys,
//! real detectors, real policy.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use weir_event::{DraftBatch, LeafKind, Millis, Rule, SubjectKind};
use weir_policy::Released;
use weir_protocol::vendors::amplitude::encode::{BATCH, EVENTS};
use weir_protocol::vendors::{amplitude, mixpanel};
use weir_protocol::{DestinationSetup, Encoder, ImportCredentials, Secret, SetupError, Verdict, encoder};

use world::{NOW, World};

/// A destination of this vendor.
struct Amplitude(World);

impl Amplitude {
    fn new(allow: &[&str]) -> Amplitude {
        Amplitude(World::new("amplitude", allow).in_country("DE"))
    }

    fn raw(allow: &[&str]) -> Amplitude {
        Amplitude(World::raw("amplitude", allow))
    }

    fn decode(&self, vendor: &str, path: &str, request: &Value) -> DraftBatch {
        self.0.decode(vendor, path, request)
    }

    /// Takes a request of Amplitude's SDKs in and hands what may leave of it to `f`.
    fn released<T>(&self, request: &Value, f: impl FnOnce(&[Released<'_>]) -> T) -> T {
        self.released_of("amplitude", "/2/httpapi", request, f)
    }

    fn released_of<T>(&self, vendor: &str, path: &str, request: &Value, f: impl FnOnce(&[Released<'_>]) -> T) -> T {
        self.0.released(vendor, path, request, f)
    }

    fn encoder(&self) -> Box<dyn Encoder> {
        encoder("amplitude", self.setup()).expect("a setup")
    }

    fn setup(&self) -> DestinationSetup {
        self.0.setup("vendorkey")
    }

    /// The requests that reach a vendor: path and body.
    fn through(&self, vendor: &str, path: &str, request: &Value, to: &str) -> Vec<(String, Value)> {
        self.released_of(vendor, path, request, |released| {
            let mut encoder = encoder(to, self.setup()).expect("a setup");
            let lanes: Vec<_> = released.iter().map(|event| encoder.lane_of(event, NOW)).collect();
            let mut requests = Vec::new();
            // One event each: the lists of a vendor are in `requests_keep_the_limits`.
            for (event, lane) in released.iter().zip(lanes) {
                let Ok(lane) = lane else { continue };
                let encoded = encoder.encode(lane, std::slice::from_ref(event));
                let path = encoded.path_and_query().split('?').next().unwrap_or_default().to_owned();
                requests.push((path, serde_json::from_slice(&encoded.body()).expect("the body is JSON")));
            }
            requests
        })
    }

    /// The events that reach Amplitude.
    fn sent(&self, request: &Value) -> Vec<Value> {
        self.sent_of("amplitude", "/2/httpapi", request)
    }

    fn sent_of(&self, vendor: &str, path: &str, request: &Value) -> Vec<Value> {
        self.released_of(vendor, path, request, |released| {
            let mut encoder = self.encoder();
            for event in released {
                assert_eq!(encoder.lane_of(event, NOW), Ok(EVENTS));
            }
            let encoded = encoder.encode(EVENTS, released);
            assert_eq!(encoded.count() as usize, released.len());
            let body: Value = serde_json::from_slice(&encoded.body()).expect("the body is JSON");
            assert_eq!(body["api_key"], "vendorkey");
            assert_eq!(body["options"], json!({"min_id_length": 1}));
            body["events"].as_array().expect("a list").clone()
        })
    }
}

fn events(list: Value) -> Value {
    json!({"api_key": "in", "events": list})
}

#[test]
fn an_event_leaves_with_its_fields_its_properties_and_nothing_else() {
    let world = Amplitude::new(&[
        "format",
        "context.page.url",
        "context.session_id",
        "context.revenue.price",
        "context.locale",
    ]);
    let sent = world.sent(&events(json!([{
        "event_type": "Report Exported", "user_id": "user-4711", "device_id": "device-9f2c", "time": NOW.0 - 1_000, "insert_id": "fixed-1",
        "session_id": 1_795_303_000_000_i64, "ip": "203.0.113.42", "library": "amplitude-ts/2.47.1", "platform": "Web", "os_name": "macOS",
        "language": "de-DE", "country": "France", "idfa": "AEBE52E7-03EE-455A-B3C4-E57283966239", "location_lat": 52.52, "price": 9.99,
        "groups": {"company": "org-77"},
        "event_properties": {"format": "csv", "rows": 5, "email": "ada.lovelace@example.com",
            "[Amplitude] Page Location": "https://app.example.com/reports?token=secret"},
    }])));
    let [event] = sent.as_slice() else { panic!("one event") };
    let keys: Vec<_> = event.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut expected = [
        "event_type",
        "time",
        "insert_id",
        "user_id",
        "device_id",
        "country",
        "library",
        "session_id",
        "os_name",
        "language",
        "price",
        "groups",
        "event_properties",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected, "{event}");
    assert_eq!(event["event_type"], "Report Exported");
    assert_eq!(event["time"], NOW.0 - 1_000);
    assert_eq!((&event["country"], &event["library"]), (&json!("DE"), &json!("amplitude-ts/2.47.1")));
    assert_eq!(
        (&event["os_name"], &event["language"], &event["price"]),
        (&json!("macOS"), &json!("de-DE"), &json!(9.99))
    );
    assert_eq!(
        event["event_properties"],
        json!({"format": "csv", "[Amplitude] Page Location": "https://app.example.com/reports"})
    );
    let session = event["session_id"].as_i64().expect("a whole number");
    assert!((0..1 << 40).contains(&session), "{session} is no time that is near");
    for raw in [
        "user-4711",
        "device-9f2c",
        "org-77",
        "fixed-1",
        "ada.lovelace",
        "203.0.113",
        "AEBE52E7",
        "52.52",
        "secret",
        "$remote",
        "179530300",
    ] {
        assert!(!event.to_string().contains(raw), "{raw} left: {event}");
    }
}

#[test]
fn an_event_of_nobody_has_a_device_of_its_own() {
    let world = Amplitude::new(&[]);
    let sent =
        world.sent(&events(json!([{"event_type": "a", "insert_id": "1"}, {"event_type": "a", "insert_id": "2"}])));
    assert!(sent.iter().all(|event| event.get("user_id").is_none()));
    let ids: BTreeSet<_> = sent.iter().map(|event| event["device_id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), 2);
    assert!(sent.iter().all(|event| event.get("ip").is_none()), "nobody is placed by an address");
}

#[test]
fn the_same_event_is_sent_the_same_twice() {
    let world = Amplitude::new(&["n"]);
    let request = events(
        json!([{"event_type": "a", "user_id": "user-1", "insert_id": "1", "time": NOW.0, "session_id": 7, "event_properties": {"n": 1}}]),
    );
    assert_eq!(
        world.sent(&request),
        world.sent(&request),
        "ids, sessions and insert ids depend on the event alone (D5)"
    );
}

#[test]
fn profile_operations_are_identifies_with_one_operation() {
    let allow = ["profile.plan", "profile.n", "profile.list", "group.company.seats"];
    let world = Amplitude::new(&allow);
    let sent = world.sent(&events(json!([
        {"event_type": "$identify", "user_id": "user-1", "user_properties": {"$set": {"plan": "pro", "email": "ada.lovelace@example.com"}, "$setOnce": {"n": 1},
            "$add": {"n": 2}, "$append": {"list": "a"}, "$prepend": {"list": "b"}, "$preInsert": {"list": "c"}, "$postInsert": {"list": ["d"]},
            "$remove": {"list": "e"}, "$unset": {"plan": "-", "other": "-"}, "$clearAll": "-"}},
        {"event_type": "$groupidentify", "groups": {"company": "org-77"}, "group_properties": {"$set": {"seats": 5, "name": "Acme"}, "$unset": {"seats": "-"}}},
    ])));
    let operations: Vec<_> =
        sent.iter()
            .map(|event| {
                if event["event_type"] == "$identify" { &event["user_properties"] } else { &event["group_properties"] }
            })
            .collect();
    // In the order in which they stand in the request, which sorts them.
    assert_eq!(
        operations,
        [
            &json!({"$add": {"n": 2}}),
            &json!({"$append": {"list": "a"}}),
            &json!({"$clearAll": "-"}),
            &json!({"$postInsert": {"list": ["d"]}}),
            &json!({"$preInsert": {"list": "c"}}),
            &json!({"$prepend": {"list": "b"}}),
            &json!({"$remove": {"list": "e"}}),
            &json!({"$set": {"plan": "pro"}}),
            &json!({"$setOnce": {"n": 1}}),
            &json!({"$unset": {"plan": "-"}}),
            &json!({"$set": {"seats": 5}}),
            &json!({"$unset": {"seats": "-"}}),
        ]
    );
    for group in &sent[10..] {
        assert_eq!(group["event_type"], "$groupidentify");
        assert!(
            group["groups"]["company"].is_string()
                && group.get("user_id").is_none()
                && group.get("device_id").is_none()
        );
    }
}

#[test]
fn d7_a_link_bears_both_ids_and_joining_sets_the_group() {
    let world = Amplitude::new(&[]);
    let sent = world.sent(&events(json!([
        {"event_type": "$identify", "user_id": "user-1", "device_id": "device-1", "user_properties": {"$set": {"company": "org-77"}}, "groups": {"company": "org-77"}},
    ])));
    let [link, join] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((&link["event_type"], &link["user_properties"]), (&json!("$identify"), &json!({})));
    assert!(link["user_id"].is_string() && link["device_id"].is_string() && link.get("groups").is_none());
    assert_eq!(join["event_type"], "$identify");
    assert_eq!(join["user_properties"]["$set"], join["groups"]);
    assert!(join["groups"]["company"].as_str().is_some_and(|id| id.len() == 36));
    assert_eq!((&join["user_id"], &join["device_id"]), (&link["user_id"], &link["device_id"]));
}

#[test]
fn what_mixpanel_says_reaches_amplitude_in_its_words() {
    let world = Amplitude::new(&[
        "plan",
        "context.page.url",
        "profile.plan",
        "profile.tags",
        "context.screen.width",
        "context.browser.name",
    ]);
    let time = NOW.0 / 1_000;
    let track = |list: Value| world.sent_of("mixpanel", "/track", &list);
    let sent = track(json!([
        {"event": "$mp_web_page_view", "properties": {"token": "t", "distinct_id": "$device:d-1", "$device_id": "d-1", "time": time, "$insert_id": "1",
            "$current_url": "https://app.example.com/a?b=c", "$browser": "Chrome", "$screen_width": 1280, "plan": "pro", "utm_source": "x"}},
        {"event": "$identify", "properties": {"token": "t", "distinct_id": "user-1", "$user_id": "user-1", "$anon_distinct_id": "$device:d-1", "time": time, "$insert_id": "2"}},
        {"event": "revenue_amount", "properties": {"token": "t", "distinct_id": "user-1", "time": time, "$insert_id": "3", "plan": "pro"}},
    ]));
    assert_eq!(sent[0]["event_type"], "[Amplitude] Page Viewed");
    assert!(sent[0]["device_id"].is_string() && sent[0].get("user_id").is_none());
    assert_eq!(
        sent[0]["event_properties"],
        json!({"[Amplitude] Page Location": "https://app.example.com/a", "context.browser.name": "Chrome", "context.screen.class": "desktop",
            "context.screen.width": 1280, "plan": "pro"})
    );
    assert_eq!((&sent[1]["event_type"], &sent[1]["device_id"]), (&json!("$identify"), &sent[0]["device_id"]));
    assert!(sent[1]["user_id"].is_string());
    let engage = world.sent_of("mixpanel", "/engage", &json!([
        {"$token": "t", "$distinct_id": "user-1", "$set": {"plan": "pro"}}, {"$token": "t", "$distinct_id": "user-1", "$union": {"tags": ["a"]}},
        {"$token": "t", "$distinct_id": "user-1", "$set": {"company": ["org-77"]}},
    ]));
    assert_eq!(engage[0]["user_properties"], json!({"$set": {"plan": "pro"}}));
    assert_eq!(engage[1]["user_properties"], json!({"$postInsert": {"tags": ["a"]}}));
    assert_eq!(engage[2]["user_properties"]["$set"], engage[2]["groups"]);
    assert_eq!(engage[0]["user_id"], sent[1]["user_id"]);
}

#[test]
fn no_property_can_pose_as_one_of_ours() {
    let world = Amplitude::new(&["utm_source", "$price", "context\\.page"]);
    let sent = world.sent_of(
        "segment",
        "/v1/track",
        &json!({"writeKey": "k", "type": "track", "event": "revenue_amount", "userId": "user-1", "messageId": "1",
            "properties": {"utm_source": "own", "$price": 3}}),
    );
    assert_eq!(sent[0]["event_properties"], json!({"property_utm_source": "own", "property_$price": 3}));
    let sent = world.sent_of(
        "segment",
        "/v1/track",
        &json!({"writeKey": "k", "type": "track", "event": "$identify", "userId": "user-1", "messageId": "1"}),
    );
    assert_eq!(sent[0]["event_type"], "event_$identify");
}

#[test]
fn what_has_no_equivalent_is_dropped_by_its_rule() {
    let world = Amplitude::new(&["profile.plan"]);
    let lanes = |vendor: &str, path: &str, request: Value| {
        world.released_of(vendor, path, &request, |released| {
            let mut encoder = world.encoder();
            released.iter().map(|event| encoder.lane_of(event, NOW)).collect::<Vec<_>>()
        })
    };
    let alias = json!([
        {"event": "$create_alias", "properties": {"distinct_id": "old-1", "alias": "new-1", "token": "t"}},
        {"event": "$merge", "properties": {"$distinct_ids": ["one-1", "two-2"], "token": "t"}},
    ]);
    assert_eq!(lanes("mixpanel", "/track", alias), [Err(Rule::NoEquivalent), Err(Rule::NoEquivalent)]);
    let delete = json!([{"$token": "t", "$distinct_id": "user-1", "$delete": ""}, {"$token": "t", "$set": {"plan": "of nobody"}}]);
    assert_eq!(lanes("mixpanel", "/engage", delete), [Err(Rule::NoEquivalent), Err(Rule::NoEquivalent)]);
    let old = json!([{"event": "Old", "properties": {"distinct_id": "user-1", "time": 1, "token": "t"}}]);
    assert_eq!(lanes("mixpanel", "/track", old), [Err(Rule::TooOld)]);
    let import =
        json!([{"event": "Old", "properties": {"distinct_id": "user-1", "time": 1_600_000_000, "token": "t"}}]);
    assert_eq!(lanes("mixpanel", "/import", import.clone()), [Ok(BATCH)]);
    assert_eq!(lanes("mixpanel", "/track", import), [Ok(EVENTS)], "nothing is too old for Amplitude");
}

#[test]
fn requests_keep_the_limits() {
    let world = Amplitude::new(&["v"]);
    let text = "x ".repeat(200);
    let many: Vec<_> = (0..2_000).map(|n| json!({"event_type": "a", "user_id": "user-1", "insert_id": format!("i{n}"), "event_properties": {"v": text}})).collect();
    world.released(&events(many.into()), |released| {
        let mut encoder = world.encoder();
        let (mut rest, mut requests) = (released, 0);
        while !rest.is_empty() {
            let encoded = encoder.encode(EVENTS, rest);
            assert!(encoded.count() > 0 && encoded.bytes_uncompressed() < 1_000_000 && encoded.count() < 2_000);
            assert_eq!(encoded.path_and_query(), "/2/httpapi");
            rest = &rest[encoded.count() as usize..];
            requests += 1;
        }
        assert!(requests >= 2);
        let batch = encoder.encode(BATCH, released);
        assert_eq!((batch.count(), batch.path_and_query()), (1_999, "/batch"));
    });
    let large: Map<String, Value> = (0..100).map(|n| (format!("v{n}"), "x ".repeat(4_900).into())).collect();
    let allow: Vec<_> = large.keys().map(String::as_str).collect();
    let world = Amplitude::new(&allow);
    world.released(&events(json!([{"event_type": "a", "user_id": "user-1", "event_properties": large}])), |released| {
        assert_eq!(world.encoder().lane_of(&released[0], NOW), Ok(EVENTS), "{} leaves", released[0].leaves().len());
    });
}

#[test]
fn answers_are_read_by_their_code() {
    let world = Amplitude::new(&[]);
    let request =
        |count: usize| events((0..count).map(|n| json!({"event_type": "a", "insert_id": format!("{n}")})).collect());
    let verdicts = |count: usize, status: u16, body: &str| {
        world.released(&request(count), |released| {
            let mut encoder = world.encoder();
            let encoded = encoder.encode(EVENTS, released);
            encoder.interpret(&encoded, status, None, body.as_bytes())
        })
    };
    let retry = |seconds: Option<u64>| Verdict::Retry { after: seconds.map(Duration::from_secs) };
    assert_eq!(
        verdicts(2, 200, r#"{"code":200,"events_ingested":2,"payload_size_bytes":9,"server_upload_time":1}"#),
        Verdict::Accepted
    );
    assert_eq!(verdicts(2, 200, "<html>sign in</html>"), retry(None), "somebody else answers");
    assert_eq!(verdicts(2, 200, ""), retry(None));
    assert_eq!(verdicts(2, 200, "success"), retry(None));
    let invalid = r#"{"code":400,"error":"Invalid field values on some events","events_with_invalid_fields":{"time":[1]},"silenced_events":[]}"#;
    assert_eq!(verdicts(2, 400, invalid), Verdict::Split, "the others have not been taken");
    assert_eq!(verdicts(1, 400, invalid), Verdict::Reject("refused_as_invalid"));
    assert_eq!(verdicts(1, 200, invalid), Verdict::Reject("refused_as_invalid"), "the code decides");
    assert_eq!(
        verdicts(2, 400, r#"{"code":400,"error":"Invalid API key: k"}"#),
        Verdict::Refused("credentials_refused")
    );
    assert_eq!(verdicts(1, 400, r#"{"code":400,"silenced_events":[0]}"#), Verdict::Reject("silenced_by_vendor"));
    assert_eq!(verdicts(2, 413, r#"{"code":413,"error":"Payload too large"}"#), Verdict::Split);
    assert_eq!(verdicts(1, 413, "nginx"), Verdict::Reject("too_large_for_vendor"));
    let throttled = r#"{"code":429,"eps_threshold":10,"throttled_users":{"u":11},"throttled_events":[0],"exceeded_daily_quota_users":{},"exceeded_daily_quota_devices":{}}"#;
    assert_eq!(verdicts(2, 429, throttled), retry(Some(30)));
    let quota = r#"{"code":429,"exceeded_daily_quota_devices":{"d":500001},"throttled_events":[]}"#;
    assert_eq!(verdicts(2, 429, quota), Verdict::Split);
    assert_eq!(verdicts(1, 429, quota), Verdict::Reject("daily_quota_exceeded"));
    for status in [408, 500, 502, 503] {
        assert_eq!(verdicts(2, status, "no"), retry(None), "{status}");
    }
    assert_eq!(verdicts(2, 503, r#"{"code":200}"#), retry(None), "both must say so");
    assert_eq!(verdicts(2, 302, ""), Verdict::Refused("redirected"));
    assert_eq!(verdicts(2, 404, ""), Verdict::Refused("endpoint_unknown"));
}

#[test]
fn a_setup_that_cannot_be_one_is_refused() {
    let world = Amplitude::new(&[]);
    for key in ["", "with space", "quote\u{e9}"] {
        let setup = DestinationSetup { token: Secret::new(key), ..world.setup() };
        assert_eq!(encoder("amplitude", setup).err(), Some(SetupError::BadToken), "{key}");
    }
    let import = ImportCredentials { user: Secret::new("u"), password: Secret::new("p"), project_id: None };
    let setup = DestinationSetup { import: Some(import), ..world.setup() };
    assert_eq!(encoder("amplitude", setup).err(), Some(SetupError::NoImport));
}

/// A draft as it can be compared: without insert id, and without the session, which is a pseudonym on the other side.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Shown {
    operation: String,
    name: String,
    time: Option<Millis>,
    ids: BTreeSet<(String, String, String)>,
    /// What stands at the top of the tape, by path; the order of properties says nothing.
    values: BTreeMap<String, String>,
}

impl Shown {
    /// The same, said by a vendor that knows one id in this place.
    fn of_subject(mut self) -> Shown {
        self.ids.retain(|(role, ..)| role == "Subject" || role == "Group");
        self
    }

    fn without_context(mut self) -> Shown {
        self.values.retain(|path, _| !path.starts_with("context."));
        self
    }

    fn without_groups(mut self) -> Shown {
        self.ids.retain(|(role, ..)| role != "Group");
        self
    }
}

fn shown(world: &Amplitude, batch: &DraftBatch) -> BTreeSet<Shown> {
    let names = &world.0.gate.names;
    let show = |draft: &weir_event::Draft| {
        let id = |id: &weir_event::Identity| {
            let kind = match id.kind {
                SubjectKind::Group(kind) => names.text(kind).to_owned(),
                other => format!("{other:?}"),
            };
            (format!("{:?}", id.role), kind, batch.str(id.text).to_owned())
        };
        let mut values = BTreeMap::new();
        let (mut depth, mut path) = (0, "");
        for leaf in batch.tape(draft) {
            if depth == 0 {
                path = names.text(leaf.path);
                values.insert(path.to_owned(), String::new());
            }
            match leaf.kind {
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth -= 1,
                LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
                _ => {}
            }
            if let Some(value) = values.get_mut(path) {
                // Below the top a key is a name of its own, whatever the top is called.
                let below = names.text(leaf.path).strip_prefix(path).unwrap_or_default();
                value.push_str(&format!("{below} {:?} {};", leaf.kind, batch.str(leaf.text)));
            }
        }
        values.remove("context.session_id");
        // What we write ourselves, so that nobody is placed by our address.
        values.remove("context.ip");
        Shown {
            operation: format!("{:?}", draft.operation),
            name: names.text(draft.name).to_owned(),
            time: draft.client_time,
            ids: draft.identities.iter().map(id).collect(),
            values,
        }
    };
    batch.drafts.iter().map(show).collect()
}

const PROPERTIES: [&str; 5] = ["format", "rows", "nested", "platform", "utm_source"];
const TRAITS: [&str; 3] = ["plan", "seats", "tags"];

fn word() -> impl Strategy<Value = Value> {
    prop_oneof![Just("alpha"), Just("beta"), Just("Gamma Delta"), Just("größe"), Just("a \"b\" \\ c")]
        .prop_map(Value::from)
}

fn value() -> impl Strategy<Value = Value> {
    let scalar =
        prop_oneof![word(), (0..1_000).prop_map(Value::from), any::<bool>().prop_map(Value::from), Just(Value::Null)];
    prop_oneof![
        4 => scalar.clone(),
        1 => proptest::collection::vec(scalar.clone(), 1..4).prop_map(Value::from),
        1 => scalar.prop_map(|value| json!({"inner": value})),
    ]
}

fn object(
    keys: &'static [&'static str],
    value: impl Strategy<Value = Value> + 'static,
) -> impl Strategy<Value = Value> {
    proptest::collection::btree_map(proptest::sample::select(keys), value, 1..4)
        .prop_map(|map| Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()))
}

fn update() -> impl Strategy<Value = Value> {
    let lists = || proptest::sample::select(vec!["$append", "$prepend", "$preInsert", "$postInsert", "$remove"]);
    let operation = prop_oneof![
        object(&TRAITS, value()).prop_map(|v| ("$set", v)),
        object(&TRAITS, value()).prop_map(|v| ("$setOnce", v)),
        object(&TRAITS, (0..9).prop_map(Value::from)).prop_map(|v| ("$add", v)),
        (lists(), object(&TRAITS, word())),
        object(&TRAITS, Just(json!("-"))).prop_map(|v| ("$unset", v)),
        Just(("$clearAll", json!("-"))),
    ];
    proptest::collection::vec(operation, 1..4)
        .prop_map(|list| Value::Object(list.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()))
}

fn event() -> impl Strategy<Value = Value> {
    let ids = prop_oneof![
        Just(json!({"user_id": "user-1"})),
        Just(json!({"device_id": "device-1"})),
        Just(json!({"user_id": "user-2", "device_id": "device-2"})),
    ];
    let groups = prop_oneof![
        2 => Just(None),
        1 => Just(Some(json!({"company": "org-1"}))),
        1 => Just(Some(json!({"company": ["org-1", "org-2"]}))),
    ];
    let fields = proptest::sample::subsequence(
        vec![
            ("platform", json!("Web")),
            ("os_name", json!("macOS")),
            ("os_version", json!("15.1")),
            ("language", json!("de-DE")),
            ("app_version", json!("3.2.1")),
            ("device_model", json!("MacBookPro")),
            ("carrier", json!("Telekom")),
            ("price", json!(9.99)),
            ("quantity", json!(2)),
            ("productId", json!("sku")),
            ("currency", json!("EUR")),
            ("session_id", json!(1_795_303_000_000_i64)),
            ("library", json!("amplitude-ts/2.47.1")),
        ],
        0..8,
    );
    let what = prop_oneof![
        3 => (proptest::sample::select(vec!["Report Exported", "[Amplitude] Page Viewed", "[Amplitude] Screen Viewed", "session_start"]),
            object(&PROPERTIES, value()), proptest::option::of(update()))
            .prop_map(|(name, properties, update)| json!({"event_type": name, "event_properties": properties, "user_properties": update})),
        1 => object(&["$price", "$quantity", "$productId", "$revenueType", "format"], (1..9).prop_map(Value::from))
            .prop_map(|properties| json!({"event_type": "revenue_amount", "event_properties": properties})),
        2 => update().prop_map(|update| json!({"event_type": "$identify", "user_properties": update})),
        1 => (object(&TRAITS, value())).prop_map(|set| json!({"event_type": "$groupidentify", "group_properties": {"$set": set}, "groups": {"company": "org-9"}})),
    ];
    (ids, groups, fields, what, 0_i64..1_000).prop_map(|(ids, groups, fields, what, ago)| {
        let mut event = what;
        let object = event.as_object_mut().expect("an object");
        object.extend(ids.as_object().expect("an object").clone());
        if let Some(groups) = groups {
            object.entry("groups").or_insert(groups);
        }
        // A field that means the same gives way to the property of a revenue event.
        let is_revenue = object["event_type"] == "revenue_amount";
        let fields = fields
            .into_iter()
            .filter(|(key, _)| !is_revenue || !matches!(*key, "price" | "quantity" | "productId" | "currency"));
        object.extend(fields.map(|(key, value)| (key.to_owned(), value)));
        object.insert("time".into(), (NOW.0 - ago).into());
        event
    })
}

fn everything() -> Vec<&'static str> {
    vec![
        "format",
        "rows",
        "nested",
        "nested.inner",
        "context.campaign.source",
        "context.campaign.source.inner",
        "platform",
        "platform.inner",
        "format.inner",
        "rows.inner",
        "profile.plan",
        "profile.seats",
        "profile.tags",
        "profile.plan.inner",
        "profile.seats.inner",
        "profile.tags.inner",
        "group.company.plan",
        "group.company.seats",
        "group.company.tags",
        "group.company.plan.inner",
        "group.company.seats.inner",
        "group.company.tags.inner",
        "context.platform",
        "context.os.name",
        "context.os.version",
        "context.locale",
        "context.app.version",
        "context.device.model",
        "context.network.carrier",
        "context.revenue.price",
        "context.revenue.quantity",
        "context.revenue.product_id",
        "context.revenue.type",
        "context.revenue.currency",
        "context.session_id",
        "context.library.name",
        "context.library.version",
        "context.browser.name",
        "context.location.city",
    ]
}

/// What Mixpanel makes of what Amplitude's SDKs say: the loss across, each line of it documented.
fn as_mixpanel(draft: Shown) -> Option<Shown> {
    let mut draft = draft;
    match draft.operation.as_str() {
        // No equivalent: to put in front of a list, to remove all properties.
        "Profile(Prepend)" | "Profile(PreInsert)" | "Profile(Clear)" | "Group(Prepend)" | "Group(PreInsert)" => {
            return None;
        }
        "Track" | "Page" | "Screen" => {
            // A screen view is an event like others there.
            if draft.operation == "Screen" {
                draft.operation = "Track".into();
            }
            if draft.operation == "Page" {
                draft.name = "$mp_web_page_view".into();
            }
        }
        // The device is named as the id before.
        "Identify" => {
            let device = draft.ids.iter().find(|(role, ..)| role == "Device").cloned();
            draft.ids.extend(device.map(|(_, kind, id)| ("Previous".to_owned(), kind, id)));
        }
        // Joining a group is an update of the person that adds it to a list: one id and whole seconds, without context.
        operation => {
            if operation == "Join" {
                draft.values.clear();
            }
            draft = draft.of_subject().without_context();
            draft.time = draft.time.map(|time| Millis(time.seconds() * 1_000));
        }
    }
    if draft.operation.ends_with("(Union)") {
        // Mixpanel unites lists only.
        for value in draft.values.values_mut().filter(|value| !value.starts_with(" ArrayBegin")) {
            *value = format!(" ArrayBegin ;.*{value} ArrayEnd ;");
        }
    }
    draft.values =
        std::mem::take(&mut draft.values).into_iter().map(|(path, value)| (mixpanel_path(&path), value)).collect();
    Some(draft)
}

/// Where a value of the context stands after it went through Mixpanel: what has no name there is a property of the event.
fn mixpanel_path(path: &str) -> String {
    let is_known = !path.starts_with("context.") || mixpanel::names::property(path).is_some();
    if is_known { path.to_owned() } else { path.replace('.', "\\.") }
}

/// The same the other way.
fn as_amplitude(draft: Shown) -> Vec<Shown> {
    let mut draft = draft;
    match draft.operation.as_str() {
        // No equivalent: a second id for a person, two people who are one, the end of a profile.
        "Alias" | "Merge" | "Profile(Delete)" | "Group(Delete)" => return Vec::new(),
        "Page" => draft.name = amplitude::names::PAGE.into(),
        // The id before is the device.
        "Identify" => {
            let previous = draft.ids.iter().find(|(role, ..)| role == "Previous").cloned();
            draft.ids.retain(|(role, ..)| role == "Subject" || role == "Group");
            let subject = draft.ids.iter().find(|(role, ..)| role == "Subject").cloned();
            draft.ids.extend(subject.map(|(_, kind, id)| ("User".to_owned(), kind, id)));
            draft.ids.extend(previous.map(|(_, _, id)| ("Device".to_owned(), "Device".to_owned(), id)));
            // What an identify says beside its ids has no place there but in fields.
            draft
                .values
                .retain(|path, _| amplitude::names::field(path).is_some() || path.starts_with("context.library."));
        }
        _ => {}
    }
    let mut values = BTreeMap::new();
    for (path, value) in std::mem::take(&mut draft.values) {
        let is_known = amplitude::names::field(&path).is_some() || amplitude::names::property(&path).is_some();
        let is_kept = !path.starts_with("context.") || is_known || path.starts_with("context.library.");
        values.insert(if is_kept { path } else { path.replace('.', "\\.") }, value);
    }
    draft.values = values;
    // Groups that a profile update sets are joined.
    if draft.operation.starts_with("Profile") && draft.ids.iter().any(|(role, ..)| role == "Group") {
        let mut join = draft.clone();
        (join.operation, join.name) = ("Join".into(), "$group".into());
        join.values.clear();
        let update = draft.without_groups();
        return if update.values.is_empty() { vec![join] } else { vec![join, update] };
    }
    vec![draft]
}

fn mixpanel_event() -> impl Strategy<Value = (&'static str, Value)> {
    let who = prop_oneof![
        Just(json!({"distinct_id": "user-1", "$user_id": "user-1", "$device_id": "device-1"})),
        Just(json!({"distinct_id": "$device:device-2"})),
        Just(json!({"distinct_id": "user-3"})),
    ];
    let context = proptest::sample::subsequence(
        vec![
            ("$os", json!("macOS")),
            ("$browser", json!("Chrome")),
            ("$city", json!("Berlin")),
            ("$locale", json!("de-DE")),
            ("utm_source", json!("alpha")),
            ("mp_lib", json!("web")),
            ("$lib_version", json!("2.83.0")),
            ("company", json!(["org-1"])),
        ],
        0..6,
    );
    let track = (who, context, object(&["format", "rows", "nested"], value()), 0_i64..1_000, any::<bool>()).prop_map(
        |(who, context, properties, ago, is_page)| {
            let mut all = properties;
            let object = all.as_object_mut().expect("an object");
            object.extend(who.as_object().expect("an object").clone());
            object.extend(context.into_iter().map(|(key, value)| (key.to_owned(), value)));
            object.insert("time".into(), (NOW.0 - ago).into());
            object.insert("token".into(), "t".into());
            (
                "/track",
                json!({"event": if is_page { "$mp_web_page_view" } else { "Report Exported" }, "properties": all}),
            )
        },
    );
    let identify = Just((
        "/track",
        json!({"event": "$identify", "properties": {"token": "t", "distinct_id": "user-1", "$user_id": "user-1",
        "$anon_distinct_id": "$device:device-1", "$device_id": "device-1", "time": NOW.0, "$os": "macOS"}}),
    ));
    let alias = Just((
        "/track",
        json!({"event": "$create_alias", "properties": {"token": "t", "distinct_id": "old-1", "alias": "new-1", "time": NOW.0}}),
    ));
    let operation = prop_oneof![
        object(&TRAITS, value()).prop_map(|v| json!({"$set": v})),
        object(&TRAITS, value()).prop_map(|v| json!({"$set_once": v})),
        object(&TRAITS, (0..9).prop_map(Value::from)).prop_map(|v| json!({"$add": v})),
        object(&TRAITS, word()).prop_map(|v| json!({"$append": v})),
        object(&TRAITS, word().prop_map(|w| json!([w]))).prop_map(|v| json!({"$union": v})),
        object(&TRAITS, word()).prop_map(|v| json!({"$remove": v})),
        Just(json!({"$unset": ["plan"]})),
        Just(json!({"$delete": ""})),
        Just(json!({"$set": {"company": ["org-1"], "plan": "alpha"}})),
        Just(json!({"$set": {"company": ["org-1"]}})),
    ];
    let update = (operation, any::<bool>()).prop_map(|(operation, is_group)| {
        let mut update = operation;
        let is_group = is_group && !update.to_string().contains("org-1");
        let object = update.as_object_mut().expect("an object");
        object.insert("$token".into(), "t".into());
        object.insert("$time".into(), NOW.seconds().into());
        let ids = if is_group {
            json!({"$group_key": "company", "$group_id": "org-9"})
        } else {
            json!({"$distinct_id": "user-1"})
        };
        object.extend(ids.as_object().expect("an object").clone());
        (if is_group { "/groups" } else { "/engage" }, update)
    });
    prop_oneof![4 => track, 1 => identify, 1 => alias, 4 => update]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Lossless for the same vendor: what an SDK says and policy allows is what Amplitude reads.
    #[test]
    fn amplitude_to_amplitude_loses_nothing_that_is_allowed(list in proptest::collection::vec(event(), 1..5)) {
        let world = Amplitude::raw(&everything());
        let request = events(list.into());
        let before = shown(&world, &world.decode("amplitude", "/2/httpapi", &request));
        let sent = world.sent(&request);
        let after = shown(&world, &world.decode("amplitude", "/2/httpapi", &events(sent.into())));
        // Each operation goes as an identify of its own, which says its link again.
        let own = |all: &BTreeSet<Shown>| all.iter().filter(|d| d.operation != "Identify").cloned().collect::<BTreeSet<_>>();
        prop_assert_eq!(own(&before), own(&after));
        let links: Vec<_> = before.iter().filter(|d| d.operation == "Identify").collect();
        prop_assert!(links.iter().all(|link| after.contains(*link)), "{:#?} of {:#?}", links, after);
    }

    #[test]
    fn amplitude_to_mixpanel_loses_what_is_documented_and_nothing_else(list in proptest::collection::vec(event(), 1..5)) {
        let world = Amplitude::raw(&everything());
        let request = events(list.into());
        let before = shown(&world, &world.decode("amplitude", "/2/httpapi", &request));
        let expected: BTreeSet<_> = before.into_iter().filter_map(as_mixpanel).collect();
        let after: BTreeSet<_> = world
            .through("amplitude", "/2/httpapi", &request, "mixpanel")
            .iter()
            .flat_map(|(path, body)| shown(&world, &world.decode("mixpanel", path, body)))
            .collect();
        prop_assert_eq!(expected, after);
    }

    #[test]
    fn mixpanel_to_amplitude_loses_what_is_documented_and_nothing_else((path, event) in mixpanel_event()) {
        let world = Amplitude::raw(&everything());
        let request = json!([event]);
        let before = shown(&world, &world.decode("mixpanel", path, &request));
        let expected: BTreeSet<_> = before.into_iter().flat_map(as_amplitude).collect();
        let after: BTreeSet<_> = world
            .through("mixpanel", path, &request, "amplitude")
            .iter()
            .flat_map(|(path, body)| shown(&world, &world.decode("amplitude", path, body)))
            .collect();
        prop_assert_eq!(expected, after);
    }
}
