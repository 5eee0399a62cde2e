//! What reaches PostHog: a request of an SDK through decode, minimise and release, as bytes for the vendor. Real keys, real
//! detectors, real policy. And back: what PostHog's own SDKs said, decoded again from what we sent.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::io::Read;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_event::{DraftBatch, LeafKind, Rule, SubjectKind};
use weir_policy::Released;
use weir_protocol::vendors::posthog::encode::{BATCH, HISTORICAL};
use weir_protocol::{DestinationSetup, Encoder, ImportCredentials, Lane, Secret, SetupError, Verdict, encoder};

use world::{NOW, World};

const TIME: &str = "2026-11-21T23:19:00.000Z";

/// A destination of this vendor.
struct PostHog(World);

impl PostHog {
    fn new(allow: &[&str]) -> PostHog {
        PostHog(World::new("posthog", allow).in_country("DE"))
    }

    fn raw(allow: &[&str]) -> PostHog {
        PostHog(World::raw("posthog", allow).in_country("DE"))
    }

    fn decoded(&self, speaks: &str, path: &str, request: &Value) -> DraftBatch {
        self.0.decode(speaks, path, request)
    }

    /// Hands what may leave of a request to `f`; what release drops is given by its rule.
    fn released<T>(&self, batch: &DraftBatch, f: impl FnOnce(Vec<Result<Released<'_>, Rule>>) -> T) -> T {
        self.0.fates_of("posthog", batch, f)
    }

    fn setup(&self) -> DestinationSetup {
        self.0.setup("phc_vendor")
    }

    fn encoder(&self) -> Box<dyn Encoder> {
        encoder("posthog", self.setup()).expect("a setup")
    }

    /// What PostHog gets of each event of a request, or the rule by which it gets nothing.
    fn sent_by(&self, speaks: &str, path: &str, request: &Value) -> Vec<Result<Value, Rule>> {
        let mut encoder = self.encoder();
        self.released(&self.decoded(speaks, path, request), |events| {
            let one = |event: Result<Released<'_>, Rule>| {
                let event = event?;
                let lane = encoder.lane_of(&event, NOW)?;
                let encoded = encoder.encode(lane, &[event]);
                let mut body: Value = serde_json::from_slice(&encoded.body()).expect("a body is JSON");
                assert_eq!((encoded.count(), &body["api_key"]), (1, &json!("phc_vendor")));
                Ok(body["batch"][0].take())
            };
            events.into_iter().map(one).collect()
        })
    }

    /// The same of one PostHog event that leaves.
    fn sent(&self, event: Value) -> Value {
        self.sent_by("posthog", "/batch", &event).swap_remove(0).expect("it leaves")
    }

    /// Each draft as a text, without what is context: operation, ids in their roles, time, and the tape.
    fn said(&self, batch: &DraftBatch) -> Vec<String> {
        let kind = |kind| match kind {
            SubjectKind::Group(kind) => self.0.gate.names.text(kind).to_owned(),
            other => format!("{other:?}"),
        };
        let say = |draft: &weir_event::Draft| {
            let mut ids: Vec<_> = draft
                .identities
                .iter()
                .map(|id| format!("{:?} {} {}", id.role, kind(id.kind), batch.str(id.text)))
                .collect();
            ids.sort();
            let (mut leaves, mut depth, mut below_context) = (Vec::new(), 0, false);
            for leaf in batch.tape(draft) {
                let text = self.0.gate.names.text(leaf.path);
                if depth == 0 {
                    below_context = text.starts_with("context.");
                }
                depth += i32::from(matches!(leaf.kind, LeafKind::ObjectBegin | LeafKind::ArrayBegin))
                    - i32::from(matches!(leaf.kind, LeafKind::ObjectEnd | LeafKind::ArrayEnd));
                // Said by ourselves for a device of which nobody is known.
                if !below_context && text != "$process_person_profile" {
                    leaves.push(format!(
                        "{text} {:?} {}",
                        leaf.kind,
                        if leaf.kind.has_text() { batch.str(leaf.text) } else { "" }
                    ));
                }
            }
            format!("{:?} {:?} {ids:?} {leaves:?}", draft.operation, draft.client_time)
        };
        batch.drafts.iter().map(say).collect()
    }
}

fn event(name: &str, properties: Value) -> Value {
    json!({"event": name, "distinct_id": "user-4711", "timestamp": TIME, "uuid": "01a20068-e7a8-700c-9ec0-95ab6f4de51f", "properties": properties})
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 36 && text.as_bytes()[14] == b'4')
}

#[test]
fn without_a_rule_posthog_gets_the_baseline_and_nothing_else() {
    let world = PostHog::new(&[]);
    let properties = json!({"plan": "pro", "email": "ada@example.com", "$os": "Linux", "$lib": "web", "$lib_version": "1.449.2", "$ip": "203.0.113.42",
        "$screen_width": 1280, "$session_id": "s-1", "$groups": {"company": "org-77"}, "$current_url": "https://a.example/?token=secret", "utm_source": "google",
        "$device_id": "d", "$user_id": "user-4711", "token": "sdk"});
    let sent = world.sent(event("Report Exported", properties));
    assert_eq!(sent["event"], "Report Exported");
    assert_eq!(sent["timestamp"], TIME);
    assert!(is_uuid(&sent["uuid"]) && is_uuid(&sent["distinct_id"]));
    let properties = sent["properties"].as_object().expect("an object");
    let mut keys: Vec<_> = properties.keys().map(String::as_str).collect();
    keys.sort_unstable();
    for key in [
        "$geoip_country_code",
        "$geoip_disable",
        "$groups",
        "$device_id",
        "$user_id",
        "$lib",
        "$lib_version",
        "screen_class",
    ] {
        assert!(keys.contains(&key), "{key} of {keys:?}");
    }
    assert_eq!((&properties["$geoip_disable"], &properties["$geoip_country_code"]), (&json!(true), &json!("DE")));
    for key in ["$ip", "plan", "email", "$current_url", "token", "$screen_width", "$process_person_profile"] {
        assert!(!keys.contains(&key), "{key}");
    }
    let text = sent.to_string();
    for raw in ["user-4711", "org-77", "ada@", "203.0", "secret", "s-1", "01a20068"] {
        assert!(!text.contains(raw), "{raw} in {text}");
    }
    assert_ne!(properties["$groups"]["company"], "org-77");
}

#[test]
fn what_is_allowed_stands_where_it_stood() {
    let world = PostHog::new(&[
        "plan",
        "nested.a.b",
        "list",
        "profile.plan",
        "$feature/beta-ui",
        "context.page.domain",
        "$window_id",
    ]);
    let properties = json!({"plan": "pro", "nested": {"a": {"b": [1, 2.50, true, null, "x"]}}, "list": [], "$feature/beta-ui": "on", "$host": "a.example", "other": 1});
    let sent = world.sent(event("a", properties));
    let properties = &sent["properties"];
    assert_eq!(properties["plan"], "pro");
    assert_eq!(properties["nested"].to_string(), r#"{"a":{"b":[1,2.5,true,null,"x"]}}"#);
    assert_eq!(
        (&properties["list"], &properties["$feature/beta-ui"], &properties["$host"]),
        (&json!([]), &json!("on"), &json!("a.example"))
    );
    assert!(properties.get("other").is_none());
}

#[test]
fn what_is_about_nobody_or_an_unknown_device_makes_no_profile() {
    let world = PostHog::new(&["$process_person_profile"]);
    let switch = |value: Value| world.sent(value)["properties"].get("$process_person_profile").cloned();
    let nobody = json!({"event": "a", "timestamp": TIME, "distinct_id": "anonymous"});
    let device = json!({"event": "a", "timestamp": TIME, "properties": {"distinct_id": "d", "$device_id": "d"}});
    assert_eq!(switch(nobody.clone()), Some(json!(false)));
    assert_eq!(switch(device.clone()), Some(json!(false)));
    assert_eq!(switch(event("a", json!({}))), None);
    let mut told = device;
    told["properties"]["$process_person_profile"] = json!(true);
    assert_eq!(switch(told), Some(json!(true)));
    assert!(is_uuid(&world.sent(nobody)["distinct_id"]), "an id of its own");
}

#[test]
fn d7_identify_alias_and_merge_have_posthogs_form() {
    let world = PostHog::raw(&[]);
    let sent = world
        .sent(event("$identify", json!({"$anon_distinct_id": "d-1", "$device_id": "d-1", "$user_id": "user-4711"})));
    assert_eq!((&sent["event"], &sent["distinct_id"]), (&json!("$identify"), &json!("user-4711")));
    assert_eq!(sent["properties"]["$anon_distinct_id"], "d-1");
    let sent = world.sent(event("$create_alias", json!({"alias": "new"})));
    assert_eq!((&sent["event"], &sent["distinct_id"]), (&json!("$create_alias"), &json!("user-4711")));
    assert_eq!(sent["properties"]["alias"], "new");
    let sent = world.sent(event("$merge_dangerously", json!({"alias": "old"})));
    assert_eq!((&sent["event"], &sent["properties"]["alias"]), (&json!("$merge_dangerously"), &json!("old")));
    let merged = world.sent_by(
        "mixpanel",
        "/import",
        &json!([{"event": "$merge", "properties": {"$distinct_ids": ["a", "b"], "time": 1_795_303_140}}]),
    );
    let merged = merged[0].as_ref().expect("it leaves");
    assert_eq!((&merged["distinct_id"], &merged["properties"]["alias"]), (&json!("a"), &json!("b")));
}

#[test]
fn profiles_and_groups_have_posthogs_form() {
    let world = PostHog::raw(&["profile.plan", "profile.old", "group.company.seats", "context.meta.$initial_gclid"]);
    let carrying = event(
        "a",
        json!({"$set": {"plan": "pro", "email": "ada@example.com"}, "$set_once": {"plan": "x", "$initial_gclid": "c"}, "$unset": ["old", "secret"]}),
    );
    let sent = world.sent_by("posthog", "/batch", &carrying);
    let of = |place: usize| sent[place].as_ref().expect("it leaves");
    assert_eq!(sent.len(), 4);
    assert_eq!((&of(1)["event"], &of(1)["properties"]["$set"]), (&json!("$set"), &json!({"plan": "pro"})));
    assert_eq!(of(2)["properties"]["$set_once"], json!({"plan": "x", "$initial_gclid": "c"}));
    assert_eq!(of(3)["properties"]["$unset"], json!(["old"]));
    let uuids: std::collections::BTreeSet<_> = (0..4).map(|place| of(place)["uuid"].to_string()).collect();
    assert_eq!(uuids.len(), 4, "each has an id of its own");
    let group = world.sent(event(
        "$groupidentify",
        json!({"$group_type": "company", "$group_key": "org-77", "$group_set": {"seats": 3, "name": "Ada Lovelace"}}),
    ));
    assert_eq!((&group["event"], &group["properties"]["$group_type"]), (&json!("$groupidentify"), &json!("company")));
    assert_eq!(
        (&group["properties"]["$group_key"], &group["properties"]["$group_set"]),
        (&json!("org-77"), &json!({"seats": 3}))
    );
}

#[test]
fn other_vendors_events_get_posthogs_names_and_what_has_none_is_dropped_by_name() {
    let world = PostHog::raw(&[
        "plan",
        "profile.plan",
        "profile.logins",
        "context.page.title",
        "distinct_id_of",
        "$geoip_disable",
    ]);
    let track = |name: &str, properties: Value| {
        let mut event = json!({"event": name, "properties": {"distinct_id": "u", "time": 1_795_303_140}});
        event["properties"]
            .as_object_mut()
            .expect("an object")
            .extend(properties.as_object().expect("an object").clone());
        world.sent_by("mixpanel", "/track", &json!([event])).swap_remove(0)
    };
    let page = track("$mp_web_page_view", json!({"current_page_title": "Prices", "plan": "pro"})).expect("it leaves");
    assert_eq!(
        (&page["event"], &page["properties"]["title"], &page["properties"]["plan"]),
        (&json!("$pageview"), &json!("Prices"), &json!("pro"))
    );
    let posing = track("a", json!({"$geoip_disable": false})).expect("it leaves");
    assert_eq!(
        (&posing["properties"]["$geoip_disable"], &posing["properties"]["property_$geoip_disable"]),
        (&json!(true), &json!(false))
    );
    for acting in ["$groupidentify", "$set", "$merge_dangerously"] {
        assert_eq!(track(acting, json!({"plan": "pro"})), Err(Rule::NoEquivalent), "{acting}");
    }
    let engage = |operation: Value| {
        let mut update = json!({"$distinct_id": "u"});
        update.as_object_mut().expect("an object").extend(operation.as_object().expect("an object").clone());
        world.sent_by("mixpanel", "/engage", &json!([update])).swap_remove(0)
    };
    assert_eq!(
        engage(json!({"$set": {"plan": "pro"}})).expect("it leaves")["properties"]["$set"],
        json!({"plan": "pro"})
    );
    for operation in [
        json!({"$add": {"logins": 1}}),
        json!({"$delete": ""}),
        json!({"$union": {"plan": ["x"]}}),
        json!({"$remove": {"plan": "x"}}),
    ] {
        assert_eq!(engage(operation.clone()), Err(Rule::NoEquivalent), "{operation}");
    }
}

#[test]
fn d4_old_data_goes_as_historical_and_a_defect_of_a_clock_not_at_all() {
    let world = PostHog::new(&[]);
    let lane = |request: Value| -> Result<Lane, Rule> {
        let mut encoder = world.encoder();
        world.released(&world.decoded("posthog", "/batch", &request), |events| {
            let event = events.into_iter().next().expect("one event")?;
            let lane = encoder.lane_of(&event, NOW)?;
            let body: Value = serde_json::from_slice(&encoder.encode(lane, &[event]).body()).expect("a body is JSON");
            assert_eq!(body.get("historical_migration"), (lane == HISTORICAL).then_some(&json!(true)));
            assert!(body.get("sent_at").is_none());
            Ok(lane)
        })
    };
    assert_eq!(lane(event("a", json!({}))), Ok(BATCH));
    assert_eq!(lane(json!({"batch": [event("a", json!({}))], "historical_migration": true})), Ok(HISTORICAL));
    assert_eq!(lane(json!({"event": "a", "distinct_id": "u", "timestamp": "1970-01-02T00:00:00Z"})), Err(Rule::TooOld));
}

#[test]
fn a_request_holds_what_posthog_allows_and_says_how_much() {
    let world = PostHog::new(&["note"]);
    let mut encoder = world.encoder();
    let events: Vec<_> =
        (0..1_200).map(|n| json!({"event": "a", "distinct_id": format!("u{n}"), "timestamp": TIME})).collect();
    world.released(&world.decoded("posthog", "/batch", &json!(events)), |released| {
        let released: Vec<_> = released.into_iter().map(|event| event.expect("it leaves")).collect();
        let encoded = encoder.encode(BATCH, &released);
        assert_eq!(encoded.count(), 1_000);
        let again = encoder.encode(BATCH, &released);
        assert_eq!(
            (again.digest(), again.body()),
            (encoded.digest(), encoded.body()),
            "the same events give the same bytes"
        );
        assert_eq!(encoded.path_and_query(), "/batch/");
        let body: Value = serde_json::from_slice(&encoded.body()).expect("a body is JSON");
        assert_eq!(body["batch"].as_array().map(Vec::len), Some(1_000));
    });
    let packed = DestinationSetup { gzip_from_bytes: Some(1), ..world.setup() };
    let mut encoder = weir_protocol::encoder("posthog", packed).expect("a setup");
    world.released(&world.decoded("posthog", "/batch", &event("a", json!({}))), |released| {
        let released: Vec<_> = released.into_iter().map(|event| event.expect("it leaves")).collect();
        let encoded = encoder.encode(BATCH, &released);
        assert!(encoded.headers().contains(&("Content-Encoding", "gzip".to_owned())));
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&encoded.body()[..]).read_to_string(&mut plain).expect("it is gzip");
        assert_eq!(plain.len(), encoded.bytes_uncompressed());
    });
}

#[test]
fn answers_mean_what_posthog_says() {
    let world = PostHog::new(&[]);
    let mut encoder = world.encoder();
    let events: Vec<_> =
        (0..2).map(|n| json!({"event": "a", "distinct_id": format!("u{n}"), "timestamp": TIME})).collect();
    world.released(&world.decoded("posthog", "/batch", &json!(events)), |released| {
        let released: Vec<_> = released.into_iter().map(|event| event.expect("it leaves")).collect();
        let (two, one) = (encoder.encode(BATCH, &released), encoder.encode(BATCH, &released[..1]));
        let later = Some(Duration::from_secs(7));
        let means = |status, body: &str| encoder.interpret(&two, status, later, body.as_bytes());
        assert_eq!(means(200, r#"{"status":"Ok"}"#), Verdict::Accepted);
        assert_eq!(means(200, r#"{"status":1}"#), Verdict::Accepted);
        assert_eq!(means(200, r#"{"status":"Ok","quota_limited":[]}"#), Verdict::Accepted);
        assert_eq!(means(200, r#"{"status":"Ok","quota_limited":["recordings"]}"#), Verdict::Accepted);
        assert_eq!(means(200, r#"{"quota_limited":["events"],"status":"Ok"}"#), Verdict::Refused("quota_exceeded"));
        for nobody in ["", "1", "<html>", r#"{"status":0}"#, r#"{"status":"Ok"} x"#, "{}", r#"["Ok"]"#] {
            assert_eq!(means(200, nobody), Verdict::Retry { after: later }, "{nobody}");
        }
        assert_eq!(means(204, ""), Verdict::Retry { after: later });
        assert_eq!(means(302, ""), Verdict::Refused("redirected"));
        assert_eq!(means(401, "API key invalid"), Verdict::Refused("credentials_refused"));
        assert_eq!(means(404, ""), Verdict::Refused("endpoint_unknown"));
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(means(status, ""), Verdict::Retry { after: later }, "{status}");
        }
        assert_eq!((means(400, ""), means(413, "")), (Verdict::Split, Verdict::Split));
        assert_eq!(encoder.interpret(&one, 413, None, b""), Verdict::Reject("too_large_for_vendor"));
        assert_eq!(encoder.interpret(&one, 400, None, b""), Verdict::Reject("refused_as_invalid"));
    });
}

#[test]
fn a_wrong_setup_is_refused_without_showing_it() {
    let world = PostHog::new(&[]);
    for token in ["", "a b", "a\"b\u{7f}", "é"] {
        let setup = DestinationSetup { token: Secret::new(token), ..world.setup() };
        assert_eq!(encoder("posthog", setup).map(|_| ()), Err(SetupError::BadToken), "{token}");
    }
    let import = ImportCredentials { user: Secret::new("u"), password: Secret::new("p"), project_id: None };
    let setup = DestinationSetup { import: Some(import), ..world.setup() };
    assert_eq!(encoder("posthog", setup).map(|_| ()), Err(SetupError::NoImport));
    let kind = weir_protocol::destination_kind("posthog").expect("it is in the list");
    assert_eq!(kind.endpoint(Some("eu")), Ok("https://eu.i.posthog.com"));
    assert_eq!(kind.check_region(Some("us"), "eu.i.posthog.com"), Err(SetupError::RegionMismatch { endpoint: "eu" }));
}

/// Values that no detector minds.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-999_i32..999).prop_map(Value::from),
        prop::sample::select(vec!["pro", "csv", "blue", ""]).prop_map(Value::from),
    ];
    let list = prop::collection::vec(leaf.clone(), 0..4).prop_map(Value::from);
    let object = prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c"]), leaf.clone(), 1..3)
        .prop_map(|map| Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()));
    prop_oneof![leaf, list, object]
}

fn properties(prefix: &'static str) -> impl Strategy<Value = Value> {
    prop::collection::btree_map(0..4_u8, value(), 0..4).prop_map(move |map| {
        Value::Object(map.into_iter().map(|(key, value)| (format!("{prefix}{key}"), value)).collect())
    })
}

/// One event of a PostHog SDK: of a server, of a browser before its user is known, or after.
fn posthog_event() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "Signed Up",
        "$pageview",
        "$screen",
        "$set",
        "$groupidentify",
        "$identify",
        "$create_alias",
        "$merge_dangerously",
    ]);
    (names, properties("p"), properties("q"), properties("r"), prop::collection::vec(0..3_u8, 0..3), 0..3_u8, any::<bool>()).prop_map(
        |(name, own, set, once, unset, place, has_group)| {
            let mut own = own;
            let properties = own.as_object_mut().expect("an object");
            match place {
                0 => {}
                1 => {
                    properties.insert("$device_id".into(), json!("device-1"));
                    properties.insert("$is_identified".into(), json!(false));
                }
                _ => {
                    properties.insert("$device_id".into(), json!("device-1"));
                    properties.insert("$user_id".into(), json!("person-1"));
                    properties.insert("$is_identified".into(), json!(true));
                }
            }
            match name {
                "$identify" => drop(properties.insert("$anon_distinct_id".into(), json!("device-1"))),
                "$create_alias" | "$merge_dangerously" => drop(properties.insert("alias".into(), json!("second-1"))),
                "$groupidentify" => {
                    properties.insert("$group_type".into(), json!("company"));
                    properties.insert("$group_key".into(), json!("group-1"));
                    properties.insert("$group_set".into(), once.clone());
                }
                _ => {}
            }
            if has_group && !matches!(name, "$groupidentify" | "$set") {
                properties.insert("$groups".into(), json!({"company": "group-1", "team": "group-2"}));
            }
            properties.insert("$unset".into(), json!(unset.iter().map(|key| format!("q{key}")).collect::<Vec<_>>()));
            let distinct_id = if place == 1 && name != "$identify" { "device-1" } else { "person-1" };
            json!({"event": name, "distinct_id": distinct_id, "timestamp": TIME, "properties": own, "$set": set, "$set_once": once})
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_posthog_sdks_say_and_may_leave_comes_back_from_what_was_sent(events in prop::collection::vec(posthog_event(), 1..5)) {
        let roots = ["p", "profile.q", "profile.r", "group.company.r"];
        let allow: Vec<_> = roots
            .iter()
            .flat_map(|root| (0..4).flat_map(move |n| ["", ".a", ".b", ".c"].map(|below| format!("{root}{n}{below}"))))
            .collect();
        let allow: Vec<_> = allow.iter().map(String::as_str).collect();
        let world = PostHog::raw(&allow);
        let request = json!({"batch": events});
        let before = world.decoded("posthog", "/batch", &request);
        let sent = world.sent_by("posthog", "/batch", &request);
        prop_assert_eq!(sent.len(), before.drafts.len());
        let said = world.said(&before);
        for (said, sent) in said.iter().zip(&sent) {
            match sent {
                Ok(event) => {
                    let after = world.said(&world.decoded("posthog", "/batch", event));
                    prop_assert_eq!(&after, &vec![said.clone()], "sent as {}", event);
                }
                // An update that sets nothing is none.
                Err(rule) => {
                    prop_assert_eq!(*rule, Rule::EmptyProfile);
                    prop_assert!(said.starts_with("Profile") || said.starts_with("Group"), "{}", said);
                }
            }
        }
    }
}
