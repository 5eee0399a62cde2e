//! What reaches Segment and RudderStack: a request of an SDK through decode, minimise and release, as bytes for the vendor, and
//! back. Real keys, real detectors, real policy.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_event::Rule;
use weir_protocol::vendors::segment::encode::BATCH;
use weir_protocol::{SetupError, Verdict, destination_kind, encoder};

use world::{NOW, World};

const BATCH_PATH: &str = "/v1/batch";

fn batch(messages: Value) -> Value {
    json!({"batch": messages, "sentAt": "2026-11-21T23:19:38.843Z", "writeKey": "sdk-key"})
}

/// The messages that the vendor gets of these.
fn sent(world: &World, messages: Value) -> Vec<Value> {
    sent_by("segment", world, messages)
}

/// The same, said by an SDK of this vendor.
fn sent_by(vendor: &str, world: &World, messages: Value) -> Vec<Value> {
    let mut bodies = world.encoded(vendor, BATCH_PATH, &batch(messages));
    let Some(encoded) = bodies.pop() else { return Vec::new() };
    assert!(bodies.is_empty(), "there is one lane");
    let body: Value = serde_json::from_slice(&encoded.body()).expect("a body is JSON");
    assert_eq!(body.as_object().map(|body| body.keys().collect::<Vec<_>>()), Some(vec![&"batch".to_owned()]));
    assert_eq!(body["batch"].as_array().map(Vec::len), Some(encoded.count() as usize));
    body["batch"].as_array().cloned().unwrap_or_default()
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

const CONTEXT: &str = r#"{"ip":"203.0.113.42","locale":"de-DE","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    "page":{"url":"https://app.example.com/x?token=secret","title":"T"},"library":{"name":"analytics.js","version":"npm:next-1.84.3"},
    "traits":{"plan":"pro","email":"ada@example.com"},"groupId":"org-77","sessionId":1795303318872}"#;

fn context() -> Value {
    serde_json::from_str(CONTEXT).expect("JSON")
}

#[test]
fn without_a_rule_segment_gets_the_baseline_and_nothing_else() {
    let world = World::new("segment", &[]).in_country("DE");
    let sent = sent(
        &world,
        json!([{"type": "track", "event": "Report Exported", "userId": "user-4711", "anonymousId": "d-1", "messageId": "m-1", "context": context(),
            "timestamp": "2026-11-21T23:19:34.000Z", "properties": {"plan": "pro", "email": "ada@example.com"}, "integrations": {"All": true}}]),
    );
    let [event] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(
        keys(event),
        ["anonymousId", "context", "event", "messageId", "properties", "timestamp", "type", "userId"]
    );
    assert_eq!((&event["type"], &event["event"]), (&json!("track"), &json!("Report Exported")));
    assert_eq!(event["timestamp"], "2026-11-21T23:19:34.000Z");
    assert!(["userId", "anonymousId", "messageId"].iter().all(|key| is_uuid(&event[*key])));
    assert_ne!(event["userId"], event["anonymousId"]);
    assert!(is_uuid(&event["context"]["groupId"]), "a group is a pseudonym");
    assert_eq!(event["properties"], json!({}));
    assert_eq!(keys(&event["context"]), ["groupId", "ip", "library", "location"]);
    assert_eq!(event["context"]["ip"], "0.0.0.0", "D18: nobody is placed by our own address");
    assert_eq!(event["context"]["location"], json!({"country": "DE"}));
    assert_eq!(event["context"]["library"], json!({"name": "analytics.js", "version": "npm:next-1.84.3"}));
}

#[test]
fn every_call_of_segment_arrives_as_it_was() {
    let allow = [
        "plan",
        "n",
        "name",
        "category",
        "profile.plan",
        "group.company.plan",
        "context.page.title",
        "context.locale",
        "context.meta.integrations.*",
        "context.meta.integrations.All",
        "context.meta.integrations.Amplitude.session",
    ];
    let world = World::raw("segment", &allow);
    let who = json!({"userId": "u-1", "anonymousId": "d-1"});
    let message = |kind: &str, more: Value| {
        let mut message =
            json!({"type": kind, "timestamp": "2026-11-21T23:19:34.000Z", "context": {"locale": "de-DE"}});
        for part in [who.clone(), more] {
            message.as_object_mut().expect("an object").extend(part.as_object().cloned().unwrap_or_default());
        }
        message
    };
    let sent = sent(
        &world,
        json!([
            message(
                "track",
                json!({"event": "A", "properties": {"plan": "pro", "n": 1.50, "secret": 1}, "context": {"traits": {"plan": "free"}, "groupId": "o-1"},
                "integrations": {"All": false, "Amplitude": {"session": 7}}})
            ),
            message("page", json!({"name": "Pricing", "category": "Docs", "properties": {"n": 2, "title": "T"}})),
            message("screen", json!({"category": "Home"})),
            message("identify", json!({"traits": {"plan": "pro", "email": "ada@example.com"}})),
            message("group", json!({"groupId": "o-1", "traits": {"plan": "pro", "n": 7}})),
            message("alias", json!({"previousId": "u-0"})),
        ]),
    );
    let seen: Vec<Value> = sent
        .into_iter()
        .map(|mut message| {
            assert!(is_uuid(&message["messageId"].take()));
            assert_eq!(message["timestamp"].take(), "2026-11-21T23:19:34.000Z");
            assert_eq!(message["context"]["ip"].take(), "0.0.0.0");
            let mut message = message.as_object().cloned().expect("an object");
            message.retain(|_, value| !value.is_null());
            if let Some(Value::Object(context)) = message.get_mut("context") {
                context.retain(|_, value| !value.is_null());
            }
            Value::Object(message)
        })
        .collect();
    let de = json!({"locale": "de-DE"});
    assert_eq!(
        seen,
        [
            json!({"type": "track", "event": "A", "userId": "u-1", "anonymousId": "d-1", "properties": {"plan": "pro", "n": 1.50},
                "context": {"traits": {"plan": "free"}, "groupId": "o-1"}, "integrations": {"All": false, "Amplitude": {"session": 7}}}),
            // The name of a page is no person's.
            json!({"type": "page", "userId": "u-1", "anonymousId": "d-1", "category": "Docs", "name": "Pricing",
                "properties": {"n": 2, "title": "T", "category": "Docs", "name": "Pricing"}, "context": {"locale": "de-DE", "page": {"title": "T"}}}),
            json!({"type": "screen", "userId": "u-1", "anonymousId": "d-1", "category": "Home", "properties": {"category": "Home"}, "context": de}),
            json!({"type": "identify", "userId": "u-1", "anonymousId": "d-1", "context": de}),
            json!({"type": "identify", "userId": "u-1", "anonymousId": "d-1", "traits": {"plan": "pro"}, "context": {}}),
            json!({"type": "group", "userId": "u-1", "anonymousId": "d-1", "groupId": "o-1", "context": de}),
            json!({"type": "group", "userId": "u-1", "anonymousId": "d-1", "groupId": "o-1", "traits": {"plan": "pro"}, "context": {}}),
            json!({"type": "alias", "previousId": "u-0", "userId": "u-1", "context": de}),
        ]
    );
}

#[test]
fn nobody_has_an_id_of_this_event_alone() {
    let world = World::new("segment", &[]);
    let sent =
        sent(&world, json!([{"type": "track", "event": "A"}, {"type": "track", "event": "A", "userId": "anonymous"}]));
    assert!(sent.iter().all(|event| is_uuid(&event["anonymousId"]) && event.get("userId").is_none()));
    assert_ne!(sent[0]["anonymousId"], sent[1]["anonymousId"]);
    // A group that nobody joins needs somebody all the same.
    let world = World::new("segment", &["group.company.plan"]);
    let request = json!([{"$group_key": "company", "$group_id": "o-1", "$set": {"plan": "pro"}}]);
    let bodies = world.encoded("mixpanel", "/groups", &request);
    let body: Value = serde_json::from_slice(&bodies[0].body()).expect("JSON");
    let group = &body["batch"][0];
    assert_eq!((&group["type"], &group["traits"]), (&json!("group"), &json!({"plan": "pro"})));
    assert!(is_uuid(&group["anonymousId"]) && is_uuid(&group["groupId"]) && group.get("userId").is_none());
}

#[test]
fn d7_what_mixpanel_does_has_a_message_or_a_rule() {
    let world = World::new("segment", &["plan", "profile.plan", "group.company.plan"]);
    let lanes = |path, request: Value| world.lanes("mixpanel", path, &request);
    let (good, none) = (Ok("batch"), Err(Rule::NoEquivalent));
    for (operation, value, expected) in [
        ("$set", json!({"plan": "pro"}), good),
        ("$unset", json!(["plan"]), good),
        ("$set_once", json!({"plan": "pro"}), none),
        ("$add", json!({"plan": 1}), none),
        ("$append", json!({"plan": "pro"}), none),
        ("$union", json!({"plan": ["pro"]}), none),
        ("$remove", json!({"plan": "pro"}), none),
        ("$delete", json!(""), none),
    ] {
        let person = json!([{"$distinct_id": "u", operation: value}]);
        assert_eq!(lanes("/engage", person), [expected], "{operation}");
        let group = json!([{"$group_key": "company", "$group_id": "o", operation: value}]);
        assert_eq!(lanes("/groups", group), [expected], "{operation}");
    }
    let nobody = json!([{"$distinct_id": "null", "$set": {"plan": "pro"}}]);
    assert_eq!(lanes("/engage", nobody), [none]);
    let unset = world.encoded("mixpanel", "/engage", &json!([{"$distinct_id": "u", "$unset": ["plan", "email"]}]));
    let body: Value = serde_json::from_slice(&unset[0].body()).expect("JSON");
    assert_eq!((&body["batch"][0]["type"], &body["batch"][0]["traits"]), (&json!("identify"), &json!({"plan": null})));
    let events = json!([
        {"event": "$identify", "properties": {"distinct_id": "u", "$user_id": "u", "$anon_distinct_id": "$device:d"}},
        {"event": "$identify", "properties": {"distinct_id": "u", "$user_id": "u", "$anon_distinct_id": "v"}},
        {"event": "$create_alias", "properties": {"distinct_id": "u", "alias": "w"}},
        {"event": "$merge", "properties": {"$distinct_ids": ["u", "$device:d"]}},
        {"event": "$mp_web_page_view", "properties": {"distinct_id": "u", "$device_id": "d", "plan": "pro", "company": ["o-1", "o-2"]}},
    ]);
    let of = |to: &'static str| -> Vec<Value> {
        let world = World::raw(to, &["plan"]);
        let bodies = world.encoded("mixpanel", "/track", &events);
        let body: Value = serde_json::from_slice(&bodies[0].body()).expect("JSON");
        body["batch"].as_array().cloned().unwrap_or_default()
    };
    let pick = |event: &Value, names: &[&str]| -> Value {
        names.iter().map(|name| ((*name).to_owned(), event[*name].clone())).collect::<serde_json::Map<_, _>>().into()
    };
    let segment = of("segment");
    let ids = ["type", "userId", "anonymousId", "previousId"];
    let expect = |kind: &str, user: Value, device: Value, previous: Value| json!({"type": kind, "userId": user, "anonymousId": device, "previousId": previous});
    let null = Value::Null;
    assert_eq!(pick(&segment[0], &ids), expect("identify", json!("u"), json!("d"), null.clone()));
    assert_eq!(pick(&segment[1], &ids), expect("alias", json!("u"), null.clone(), json!("v")));
    assert_eq!(pick(&segment[2], &ids), expect("alias", json!("w"), null.clone(), json!("u")));
    assert_eq!(pick(&segment[3], &ids), expect("alias", json!("d"), null.clone(), json!("u")));
    assert_eq!(pick(&segment[4], &ids), expect("page", json!("u"), json!("d"), null));
    assert_eq!(segment[4]["context"]["groupId"], "o-1", "of several groups the first");
    let rudderstack = of("rudderstack");
    assert_eq!(rudderstack[3]["type"], "merge");
    assert_eq!(
        rudderstack[3]["mergeProperties"],
        json!([{"type": "userId", "value": "u"}, {"type": "anonymousId", "value": "d"}])
    );
    assert_eq!(rudderstack[4]["originalTimestamp"], rudderstack[4]["timestamp"]);
}

#[test]
fn what_segment_says_arrives_at_mixpanel_by_its_own_names() {
    let world = World::raw("mixpanel", &["plan", "profile.plan", "context.page.title"]);
    let requests = world.encoded(
        "segment",
        BATCH_PATH,
        &batch(json!([
            {"type": "page", "userId": "u-1", "anonymousId": "d-1", "name": "x", "properties": {"title": "T", "plan": "pro"}, "context": {"traits": {"plan": "free"}}},
            {"type": "identify", "userId": "u-1", "anonymousId": "d-1", "traits": {"plan": "pro"}},
            {"type": "group", "userId": "u-1", "groupId": "o-1", "context": {"traits": {"plan": "free"}}},
        ])),
    );
    let bodies: Vec<Value> =
        requests.iter().map(|encoded| serde_json::from_slice(&encoded.body()).expect("JSON")).collect();
    let [events, updates] = bodies.as_slice() else { panic!("{bodies:?}") };
    assert_eq!((&events[0]["event"], &events[1]["event"]), (&json!("$mp_web_page_view"), &json!("$identify")));
    let page = &events[0]["properties"];
    assert_eq!(
        (&page["current_page_title"], &page["plan"]),
        (&json!("T"), &json!("pro")),
        "traits are no properties of an event"
    );
    assert_eq!((&page["$user_id"], &page["$device_id"]), (&json!("u-1"), &json!("d-1")));
    assert_eq!((&updates[0]["$set"], &updates[1]["$union"]), (&json!({"plan": "pro"}), &json!({"company": ["o-1"]})));
}

#[test]
fn a_property_cannot_pose_as_what_weir_says_itself() {
    let allow = [
        "context.meta.traits",
        "context.meta.page",
        "context.meta.ip",
        "context.meta.channel",
        "context.meta.type",
        "context.meta.userId",
        "ip",
        "userId",
    ];
    let world = World::raw("segment", &allow);
    let sent = sent(
        &world,
        json!([{"type": "track", "event": "A", "userId": "u-1", "channel": "web", "context": {"page": "weird", "traits": "weird", "type": "x"}, "ip": "weird",
            "properties": {"userId": "somebody", "ip": "here"}}]),
    );
    assert_eq!(sent[0]["context"], json!({"ip": "0.0.0.0", "meta_page": "weird", "meta_ip": "weird", "type": "x"}));
    assert_eq!((&sent[0]["userId"], &sent[0]["channel"]), (&json!("u-1"), &json!("web")));
    assert_eq!(sent[0]["properties"], json!({"userId": "somebody", "ip": "here"}));
}

#[test]
fn a_message_over_the_vendors_limit_does_not_leave() {
    let many = |count: usize| -> Value {
        let properties: serde_json::Map<_, _> = (0..count).map(|i| (format!("k{i}"), json!("x".repeat(90)))).collect();
        batch(json!([{"type": "track", "event": "A", "userId": "u", "properties": properties}]))
    };
    let allow: Vec<String> = (0..400).map(|i| format!("k{i}")).collect();
    let allow: Vec<&str> = allow.iter().map(String::as_str).collect();
    for (to, large) in [("segment", Err(Rule::TooLarge)), ("rudderstack", Ok("batch"))] {
        let world = World::new(to, &allow);
        assert_eq!(world.lanes("segment", BATCH_PATH, &many(300)), [Ok("batch")]);
        assert_eq!(world.lanes("segment", BATCH_PATH, &many(400)), [large]);
    }
}

#[test]
fn a_request_holds_what_the_vendor_takes() {
    let allow: Vec<String> = (0..200).map(|i| format!("k{i}")).collect();
    let allow: Vec<&str> = allow.iter().map(String::as_str).collect();
    let world = World::new("segment", &allow);
    let properties: serde_json::Map<_, _> = (0..200).map(|i| (format!("k{i}"), json!("x".repeat(90)))).collect();
    let message = json!({"type": "track", "event": "A", "userId": "u", "properties": properties});
    let request = batch(Value::Array(vec![message; 60]));
    world.released("segment", BATCH_PATH, &request, |events| {
        let mut encoder = world.encoder();
        let (mut left, mut requests) = (events, 0);
        while !left.is_empty() {
            let encoded = encoder.encode(BATCH, left);
            assert!(encoded.bytes_uncompressed() <= 500_000 && encoded.count() > 0);
            let body: Value = serde_json::from_slice(&encoded.body()).expect("a body is JSON");
            assert_eq!(body["batch"].as_array().map(Vec::len), Some(encoded.count() as usize));
            left = &left[encoded.count() as usize..];
            requests += 1;
        }
        assert_eq!(requests, 3);
    });
}

#[test]
fn the_key_is_in_the_head_alone_and_is_one() {
    let world = World::new("segment", &[]);
    for bad in ["", "a:b", "a b", "ü"] {
        assert_eq!(encoder("segment", world.setup(bad)).err(), Some(SetupError::BadToken), "{bad}");
    }
    let bodies = world.encoded("segment", BATCH_PATH, &batch(json!([{"type": "track", "event": "A", "userId": "u"}])));
    let headers = bodies[0].headers();
    let authorization = headers.iter().find(|(name, _)| *name == "Authorization").map(|(_, value)| value.as_str());
    assert_eq!(
        (bodies[0].path_and_query(), authorization),
        ("/v1/batch", Some("Basic d2hzZWNfdmVuZG9ya2V5dmVuZG9ya2V5dmVuZG9ya2V5dmVuZG86"))
    );
    assert!(!String::from_utf8_lossy(&bodies[0].body()).contains(world::TOKEN));
}

#[test]
fn rudderstack_is_where_the_customer_runs_it() {
    let kind = destination_kind("rudderstack").expect("it is in the list");
    assert_eq!(kind.endpoint(None), Err(SetupError::NoEndpoint));
    assert_eq!(kind.check_region(Some("us"), "rudder.example.com"), Ok(()));
    let segment = destination_kind("segment").expect("it is in the list");
    assert_eq!(segment.endpoint(Some("eu")), Ok("https://events.eu1.segmentapis.com"));
    assert!(segment.check_region(Some("us"), "events.eu1.segmentapis.com").is_err());
}

#[test]
fn an_answer_means_what_the_vendors_say_that_it_means() {
    let world = World::new("segment", &[]);
    let message = json!({"type": "track", "event": "A", "userId": "u"});
    let one = world.encoded("segment", BATCH_PATH, &batch(json!([message]))).remove(0);
    let two = world.encoded("segment", BATCH_PATH, &batch(json!([message, message]))).remove(0);
    let encoder = world.encoder();
    let after = Some(Duration::from_secs(7));
    let verdict = |encoded, status, body: &str| encoder.interpret(encoded, status, after, body.as_bytes());
    for good in [r#"{"success":true}"#, "{\n  \"success\": true\n}", "ok", "OK\n"] {
        assert_eq!(verdict(&two, 200, good), Verdict::Accepted);
    }
    for bad in ["", "<html>", r#"{"success":false}"#, r#"{"success":true,"x":1}"#] {
        assert_eq!(verdict(&two, 200, bad), Verdict::Retry { after }, "{bad}");
    }
    for status in [408, 410, 429, 460, 500, 501, 502, 503, 504, 599] {
        assert_eq!(verdict(&two, status, ""), Verdict::Retry { after }, "{status}");
    }
    for (status, code) in [(400, "refused_as_invalid"), (413, "too_large_for_vendor"), (422, "refused_as_invalid")] {
        assert_eq!(verdict(&two, status, ""), Verdict::Split);
        assert_eq!(verdict(&one, status, ""), Verdict::Reject(code));
    }
    for (status, code) in
        [(401, "credentials_refused"), (403, "credentials_refused"), (404, "endpoint_unknown"), (301, "redirected")]
    {
        assert_eq!(verdict(&two, status, ""), Verdict::Refused(code));
    }
}

/// A value that no detector takes for anything.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u16..1_000).prop_map(Value::from),
        "(red|green|blue|csv|pro)( (one|two|three)){0,2}".prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("(alpha|beta|gamma)", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map("(plan|format|rows|tags)", value(), 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// A message with everything that Segment knows, in the form that browsers give it.
fn message() -> impl Strategy<Value = Value> {
    (0_usize..6, object(), object(), object(), any::<[bool; 4]>(), "(Home|Docs|Pricing)").prop_map(
        |(kind, properties, traits, integrations, flags, name)| {
            let kind = ["track", "page", "screen", "identify", "group", "alias"][kind];
            let mut message = json!({"type": kind, "timestamp": "2026-11-21T23:19:34.000Z", "userId": "u-one"});
            if flags[0] && kind != "alias" {
                message["anonymousId"] = json!("d-one");
            }
            let mut context = json!({});
            if flags[1] {
                context["locale"] = json!("de-DE");
                context["page"] = json!({"title": name});
                context["app"] = json!({"version": "one two"});
            }
            match kind {
                "track" => {
                    message["event"] = json!("Report Exported");
                    message["properties"] = properties;
                    if flags[2] {
                        context["groupId"] = json!("o-one");
                    }
                    if flags[3] {
                        context["traits"] = traits;
                    }
                }
                "page" | "screen" => {
                    message["properties"] = properties;
                    if flags[2] {
                        message["properties"]["category"] = json!(name);
                        message["category"] = json!(name);
                    }
                    if kind == "page" && flags[1] {
                        message["properties"]["title"] = json!(name);
                    }
                }
                "identify" => message["traits"] = traits,
                "group" => {
                    message["groupId"] = json!("o-one");
                    message["traits"] = traits;
                }
                _ => message["previousId"] = json!("u-zero"),
            }
            if flags[3] && kind != "identify" && kind != "group" && integrations != json!({}) {
                message["integrations"] = integrations;
            }
            message["context"] = context;
            message
        },
    )
}

/// What a message says, without what Weir writes itself; two messages that came of one are one.
fn said(messages: &[Value]) -> Value {
    let mut out = json!({});
    for message in messages {
        merge(&mut out, message);
    }
    if let Some(object) = out.as_object_mut() {
        object.remove("messageId");
        object.remove("originalTimestamp");
        object
            .retain(|key, value| !(matches!(key.as_str(), "traits" | "properties" | "context") && value == &json!({})));
        if let Some(Value::Object(context)) = object.get_mut("context") {
            context.remove("ip");
            context.retain(|key, value| !(key == "traits" && value == &json!({})));
            if context.is_empty() {
                object.remove("context");
            }
        }
    }
    out
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                match into.get_mut(key) {
                    Some(before) if before.is_object() => merge(before, value),
                    _ => {
                        into.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (into, from) => *into = from.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn d7_what_is_allowed_comes_back_from_segment_as_it_went_in(message in message(), is_segment in any::<bool>()) {
        let vendor = if is_segment { "segment" } else { "rudderstack" };
        let fields = ["plan", "format", "rows", "tags"];
        let mut allow: Vec<String> = vec!["category".into(), "context.locale".into(), "context.page.title".into(), "context.app.version".into()];
        for root in ["", "profile.", "group.company.", "context.meta.integrations."] {
            for field in fields {
                let field = format!("{root}{field}");
                allow.extend(below(&field, 3));
            }
        }
        let allow: Vec<&str> = allow.iter().map(String::as_str).collect();
        let world = World::raw(vendor, &allow);
        let came = sent_by(vendor, &world, json!([message]));
        prop_assert!(came.len() <= 2);
        let back = said(&came);
        let mut went = said(std::slice::from_ref(&message));
        if came.is_empty() {
            // An update that says nothing is not sent.
            prop_assert!(went.get("traits").is_none());
            went = json!({});
        }
        prop_assert_eq!(back, went);
        if came.is_empty() {
            return Ok(());
        }
        let again = sent_by(vendor, &world, Value::Array(came.iter().map(|m| { let mut m = m.clone(); m["context"]["ip"] = Value::Null; m }).collect()));
        prop_assert_eq!(said(&again), said(&came), "and a second time");
    }
}

/// A path and every path that `value` may make below it.
fn below(path: &str, depth: usize) -> Vec<String> {
    let mut out = vec![path.to_owned()];
    if depth > 0 {
        for key in ["*", "alpha", "beta", "gamma"] {
            out.extend(below(&format!("{path}.{key}"), depth - 1));
        }
    }
    out
}

#[test]
fn the_tests_clock_is_that_of_the_recordings() {
    assert_eq!(NOW.to_rfc3339(), "2026-11-21T23:19:38.843Z");
}
