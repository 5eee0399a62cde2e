//! What reaches a signed webhook: a request of an SDK through decode, minimise and release, as a record of our own. Real keys, real
//! detectors, real policy.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::time::Duration;

use serde_json::{Value, json};
use weir_event::{Millis, Rule};
use weir_protocol::{SetupError, Verdict, destination_kind, encoder};

use world::{NOW, TOKEN, World};

const T: &str = "2026-11-21T23:19:34.000Z";

fn sent(world: &World, messages: Value) -> Vec<Value> {
    let bodies = world.encoded("segment", "/v1/batch", &json!({"batch": messages, "writeKey": "sdk-key"}));
    let [body] = bodies.as_slice() else { return Vec::new() };
    let body: Value = serde_json::from_slice(&body.body()).expect("a body is JSON");
    body.as_array().cloned().expect("a list")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4)
}

#[test]
fn without_a_rule_a_record_is_the_baseline_and_nothing_else() {
    let world = World::new("webhook", &[]).in_country("DE");
    let context = json!({"ip": "203.0.113.42", "locale": "de-DE", "page": {"url": "https://a.example/x?token=secret"},
        "library": {"name": "analytics.js", "version": "1.84.3"}, "groupId": "org-77"});
    let sent = sent(
        &world,
        json!([{"type": "track", "event": "Report Exported", "userId": "user-4711", "anonymousId": "d-1", "messageId": "m-1",
            "context": context, "timestamp": T, "properties": {"plan": "pro", "email": "ada@example.com"}}]),
    );
    let [record] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(
        keys(record),
        [
            "context",
            "country",
            "device",
            "event",
            "groups",
            "insert_id",
            "received_at",
            "subject",
            "subject_kind",
            "time",
            "type",
            "user"
        ]
    );
    assert_eq!((&record["type"], &record["event"]), (&json!("track"), &json!("Report Exported")));
    assert_eq!((&record["time"], &record["received_at"]), (&json!(T), &json!(NOW.to_rfc3339())));
    assert!(["insert_id", "subject", "user", "device"].iter().all(|key| is_uuid(&record[*key])), "{record}");
    assert_eq!((&record["subject"], &record["subject_kind"]), (&record["user"], &json!("user")));
    assert_ne!(record["user"], record["device"]);
    let groups: Vec<&Value> = record["groups"].as_object().into_iter().flatten().map(|(_, ids)| ids).collect();
    assert!(
        groups.iter().all(|ids| ids.as_array().is_some_and(|ids| ids.len() == 1 && is_uuid(&ids[0]))),
        "{groups:?}"
    );
    assert_eq!(record["country"], "DE");
    assert_eq!(record["context"], json!({"library": {"name": "analytics.js", "version": "1.84.3"}}), "D18: no address");
}

#[test]
fn what_is_allowed_stands_where_it_came_from() {
    let allow = [
        "plan",
        "items",
        "items.*.sku",
        "items.*.n",
        "name",
        "profile.plan",
        "profile.old",
        "group.company.seats",
        "context.locale",
        "context.page.title",
    ];
    let world = World::raw("webhook", &allow);
    let of = |message: Value| {
        let base = json!({"userId": "user-1", "messageId": "m", "timestamp": T});
        let mut message = message;
        if let (Some(message), Value::Object(base)) = (message.as_object_mut(), base) {
            base.into_iter().for_each(|(key, value)| {
                message.entry(key).or_insert(value);
            });
        }
        sent(&world, json!([message])).first().cloned().unwrap_or_default()
    };
    let record = of(json!({"type": "track", "event": "Exported", "context": {"locale": "de", "page": {"title": "T"}},
        "properties": {"plan": "pro\n", "items": [{"sku": "a", "n": 1.50}, {"sku": "b", "n": 2}], "other": 1}}));
    assert_eq!(record["event"], "Exported");
    assert_eq!(record["subject"], "user-1");
    assert_eq!(
        record["properties"],
        json!({"plan": "pro\n", "items": [{"sku": "a", "n": 1.50}, {"sku": "b", "n": 2}]})
    );
    assert_eq!(record["context"]["page"], json!({"title": "T"}));
    assert_eq!(record["context"]["locale"], "de");
    let record = of(json!({"type": "page", "name": "Prices"}));
    assert_eq!((&record["type"], &record["properties"]["name"]), (&json!("page"), &json!("Prices")));
    let record = of(json!({"type": "identify", "traits": {"plan": "pro", "old": null}}));
    assert_eq!((&record["type"], &record["op"]), (&json!("profile"), &json!("set")));
    assert_eq!(record["profile"]["plan"], "pro");
    assert!(record.get("properties").is_none());
    let record = of(json!({"type": "alias", "previousId": "user-0"}));
    assert_eq!(
        (&record["type"], &record["previous"], &record["next"]),
        (&json!("alias"), &json!("user-0"), &json!("user-1"))
    );
    let records = sent(
        &world,
        json!([{"type": "group", "userId": "user-1", "groupId": "org-7", "messageId": "m", "timestamp": T, "traits": {"seats": 5}}]),
    );
    let types: Vec<String> = records.iter().map(|r| r["type"].as_str().unwrap_or_default().to_owned()).collect();
    assert!(types.iter().all(|kind| ["join", "group"].contains(&kind.as_str())) && !types.is_empty(), "{types:?}");
    assert!(records.iter().all(|record| record["groups"].is_object()), "{records:?}");
}

#[test]
fn an_operation_on_a_profile_says_which() {
    let world = World::new("webhook", &["profile.seats", "profile.tags"]);
    for (update, op, profile) in [
        (json!({"$add": {"seats": 2}}), "add", json!({"seats": 2})),
        (json!({"$union": {"tags": ["a"]}}), "union", json!({"tags": ["a"]})),
        (json!({"$unset": ["seats"]}), "unset", json!({"seats": null})),
        (json!({"$delete": ""}), "delete", Value::Null),
    ] {
        let mut update = update;
        update["$token"] = json!("t");
        update["$distinct_id"] = json!("user-1");
        let bodies = world.encoded("mixpanel", "/engage", &json!([update]));
        let body: Value = serde_json::from_slice(&bodies[0].body()).expect("JSON");
        assert_eq!((&body[0]["type"], &body[0]["op"]), (&json!("profile"), &json!(op)));
        assert_eq!(body[0]["profile"], profile, "{op}");
    }
}

#[test]
fn a_request_keeps_its_id_and_gets_a_signature_for_each_attempt() {
    let world = World::new("webhook", &[]);
    let message = json!({"type": "track", "event": "E", "userId": "u", "messageId": "m", "timestamp": T});
    let encoded = &world.encoded("segment", "/v1/batch", &json!({"batch": [message]}))[0];
    assert_eq!((encoded.method(), encoded.path_and_query()), ("POST", ""), "to the endpoint itself");
    assert!(!encoded.headers().iter().any(|(name, _)| ["Content-Encoding", "Authorization"].contains(name)));
    let at = |millis| encoded.attempt_headers(Millis(millis)).collect::<Vec<_>>();
    let (first, second) = (at(1_000), at(61_000));
    assert_eq!(
        first.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["webhook-id", "webhook-timestamp", "webhook-signature"]
    );
    assert_eq!(first[0], second[0]);
    assert_eq!((first[1].1.as_str(), second[1].1.as_str()), ("1", "61"));
    assert_ne!(first[2], second[2]);
    assert!(!format!("{encoded:?} {first:?} {:?}", encoded.body()).contains(TOKEN));
}

#[test]
fn what_is_no_secret_is_no_setup() {
    let world = World::new("webhook", &[]);
    for token in ["vendorkey", "", "whsec_short"] {
        assert_eq!(encoder("webhook", world.setup(token)).err(), Some(SetupError::BadSigningSecret));
    }
    assert!(encoder("webhook", world.setup(&format!("{TOKEN},{TOKEN}"))).is_ok());
    assert_eq!(destination_kind("webhook").map(|kind| kind.endpoint(None)), Some(Err(SetupError::NoEndpoint)));
}

#[test]
fn what_is_larger_than_a_request_does_not_leave() {
    let world = World::new("webhook", &["list"]);
    let of = |bytes: usize| {
        let list: Vec<String> = (0..1_000).map(|_| "ab-".repeat(bytes / 3_000)).collect();
        let message = json!({"type": "track", "event": "E", "userId": "u", "messageId": "m", "timestamp": T, "properties": {"list": list}});
        world.lanes("segment", "/v1/batch", &json!({"batch": [message]}))
    };
    assert_eq!((of(300_000), of(600_000)), (vec![Ok("events")], vec![Err(Rule::TooLarge)]));
}

#[test]
fn answers_mean_what_the_standard_says() {
    let world = World::new("webhook", &[]);
    let message =
        |n: u32| json!({"type": "track", "event": "E", "userId": "u", "messageId": format!("m{n}"), "timestamp": T});
    let of = |count: u32| {
        let list: Vec<Value> = (0..count).map(message).collect();
        world.encoded("segment", "/v1/batch", &json!({"batch": list})).remove(0)
    };
    let (one, two) = (of(1), of(2));
    let encoder = world.encoder();
    let after = Some(Duration::from_secs(9));
    for (status, of_one, of_two) in [
        (200, Verdict::Accepted, Verdict::Accepted),
        (204, Verdict::Accepted, Verdict::Accepted),
        (302, Verdict::Refused("redirected"), Verdict::Refused("redirected")),
        (400, Verdict::Reject("refused_as_invalid"), Verdict::Split),
        (401, Verdict::Refused("credentials_refused"), Verdict::Refused("credentials_refused")),
        (404, Verdict::Refused("endpoint_unknown"), Verdict::Refused("endpoint_unknown")),
        (410, Verdict::Refused("endpoint_gone"), Verdict::Refused("endpoint_gone")),
        (413, Verdict::Reject("too_large_for_vendor"), Verdict::Split),
        (429, Verdict::Retry { after }, Verdict::Retry { after }),
        (500, Verdict::Retry { after }, Verdict::Retry { after }),
    ] {
        assert_eq!(encoder.interpret(&one, status, after, b""), of_one, "{status}");
        assert_eq!(encoder.interpret(&two, status, after, b""), of_two, "{status}");
    }
}
