//! What reaches Datadog: a request of an SDK through decode, minimise and release, as a log. Real keys, real detectors, real policy.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::time::Duration;

use serde_json::{Value, json};
use weir_event::{Millis, Rule};
use weir_protocol::vendors::datadog::{LOGS, STATUSES, Settings};
use weir_protocol::{Encoded, Encoder, SetupError, Verdict, destination_kind, encoder};

use world::{NOW, World};

fn batch(messages: Value) -> Value {
    json!({"batch": messages, "sentAt": "2026-11-21T23:19:38.843Z", "writeKey": "sdk-key"})
}

/// The logs that Datadog gets of these messages of Segment's.
fn sent(world: &World, messages: Value) -> Vec<Value> {
    let mut bodies = world.encoded("segment", "/v1/batch", &batch(messages));
    let Some(encoded) = bodies.pop() else { return Vec::new() };
    assert!(bodies.is_empty(), "there is one lane");
    let body: Value = serde_json::from_slice(&encoded.body()).expect("a body is JSON");
    body.as_array().cloned().expect("an array of logs")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4)
}

fn track(more: Value) -> Value {
    let mut message = json!({"type": "track", "event": "Report Exported", "userId": "user-4711", "anonymousId": "d-1", "messageId": "m-1",
        "timestamp": "2026-11-21T23:19:34.000Z"});
    message.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    message
}

#[test]
fn without_a_rule_datadog_gets_the_baseline_and_nothing_else() {
    let world = World::new("datadog", &[]).in_country("DE");
    let context = json!({"ip": "203.0.113.42", "library": {"name": "analytics.js", "version": "4.1.0"}, "groupId": "org-77",
        "page": {"url": "https://app.example.com/x?token=secret"}, "traits": {"email": "ada@example.com"}});
    let sent = sent(
        &world,
        json!([track(json!({"context": context, "properties": {"plan": "pro", "email": "ada@example.com"}}))]),
    );
    let [log] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(
        keys(log),
        [
            "context",
            "country",
            "ddsource",
            "device",
            "event",
            "groups",
            "insert_id",
            "message",
            "received_at",
            "subject",
            "subject_kind",
            "time",
            "timestamp",
            "type",
            "user"
        ]
    );
    assert_eq!(
        (&log["message"], &log["event"], &log["type"]),
        (&json!("Report Exported"), &json!("Report Exported"), &json!("track"))
    );
    assert_eq!((&log["time"], &log["timestamp"]), (&json!("2026-11-21T23:19:34.000Z"), &json!(1_795_303_174_000_u64)));
    assert!(["subject", "user", "device", "insert_id"].iter().all(|key| is_uuid(&log[*key])));
    assert_eq!(log["subject"], log["user"]);
    assert!(is_uuid(&log["groups"]["company"][0]), "a group is a pseudonym");
    assert_eq!((&log["country"], &log["ddsource"]), (&json!("DE"), &json!("weir")));
    assert_eq!(
        log["context"],
        json!({"library": {"name": "analytics.js", "version": "4.1.0"}}),
        "no address (D18), no page, no traits"
    );
}

#[test]
fn what_is_allowed_stands_where_it_stood_and_poses_as_nothing_else() {
    let allow = [
        "status",
        "host",
        "items",
        "items.*.sku",
        "nested.deep",
        "profile.plan",
        "context.page.title",
        "context.locale",
        "context.meta.channel",
    ];
    let world = World::raw("datadog", &allow);
    let properties = json!({"status": "error", "host": "10.0.0.1", "items": [{"sku": "a", "n": 1}], "nested": {"deep": 1.50, "other": 2}});
    let context =
        json!({"page": {"title": "T", "url": "https://x.example/"}, "locale": "de-DE", "traits": {"plan": "pro"}});
    let sent = sent(&world, json!([track(json!({"properties": properties, "context": context, "channel": "web"}))]));
    let [log] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((&log["user"], &log["device"]), (&json!("user-4711"), &json!("d-1")));
    assert_eq!(log["properties"]["status"], "error");
    assert_eq!(log["properties"]["nested"], json!({"deep": 1.50}));
    assert_eq!(log["profile"], json!({"plan": "pro"}));
    assert_eq!(log["context"]["page"], json!({"title": "T"}));
    assert_eq!(log["context"]["locale"], "de-DE");
    assert!(log.get("status").is_none() && log.get("host").is_none() && log.get("hostname").is_none());
}

#[test]
fn logs_say_what_happened_and_not_how_somebody_is() {
    let world = World::raw("datadog", &["profile.plan", "group.company.plan"]);
    let messages = json!([
        track(json!({})),
        {"type": "page", "userId": "u", "name": "Pricing", "messageId": "2"},
        {"type": "screen", "userId": "u", "name": "Home", "messageId": "3"},
        {"type": "identify", "userId": "u", "anonymousId": "d", "messageId": "4", "traits": {"plan": "pro"}},
        {"type": "alias", "userId": "u", "previousId": "v", "messageId": "5"},
        {"type": "group", "userId": "u", "groupId": "g", "messageId": "6"},
        {"type": "group", "userId": "u", "groupId": "g", "messageId": "7", "traits": {"plan": "pro"}},
    ]);
    let types: Vec<Value> = sent(&world, messages.clone()).into_iter().map(|log| log["type"].clone()).collect();
    assert_eq!(types, ["track", "page", "screen", "identify", "alias", "join", "join"]);
    let lanes = world.lanes("segment", "/v1/batch", &batch(messages));
    assert_eq!(lanes.iter().filter(|lane| **lane == Err(Rule::NoEquivalent)).count(), 2, "{lanes:?}");
}

#[test]
fn what_is_older_than_datadog_takes_is_dropped_by_name_also_when_it_grew_old_on_the_way() {
    let world = World::raw("datadog", &[]);
    let at = |hours: f64| Millis(NOW.0 - (hours * 3_600_000.0) as i64).to_rfc3339();
    let old = json!([track(json!({"timestamp": at(17.0)})), track(json!({"timestamp": at(17.6), "messageId": "m-2"}))]);
    let request = json!({"batch": old, "sentAt": NOW.to_rfc3339()});
    assert_eq!(world.lanes("segment", "/v1/batch", &request), [Ok("logs"), Err(Rule::TooOld)]);
    world.released("segment", "/v1/batch", &request, |events| {
        let mut encoder = world.encoder();
        let until = encoder.good_until(LOGS, &events[0]).expect("age matters");
        assert_eq!(encoder.lane_of(&events[0], until), Ok(LOGS));
        assert_eq!(
            encoder.lane_of(&events[0], Millis(until.0 + 1)),
            Err(Rule::TooOld),
            "the lane holds until then and no longer"
        );
    });
}

#[test]
fn a_log_over_one_megabyte_is_dropped_by_name_and_a_request_stays_below_the_limit() {
    let names: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
    let allow: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::raw("datadog", &allow);
    let filled = |bytes: usize| {
        let properties: serde_json::Map<String, Value> =
            names.iter().map(|name| (name.clone(), json!("y".repeat(bytes)))).collect();
        track(json!({"properties": properties}))
    };
    assert_eq!(world.lanes("segment", "/v1/batch", &batch(json!([filled(24_987)]))), [Err(Rule::TooLarge)]);
    let many: Vec<Value> = (0..12).map(|_| filled(20_000)).collect();
    world.released("segment", "/v1/batch", &batch(json!(many)), |events| {
        let mut encoder = world.encoder();
        let encoded = encoder.encode(LOGS, events);
        assert!(encoded.count() >= 4 && (encoded.count() as usize) < events.len());
        assert!(encoded.bytes_uncompressed() <= 5_000_000);
    });
    let small: Vec<Value> = (0..1_200).map(|n| track(json!({"messageId": format!("m-{n}")}))).collect();
    world.released("segment", "/v1/batch", &batch(json!(small)), |events| {
        assert_eq!(world.encoder().encode(LOGS, events).count(), 1_000);
    });
}

#[test]
fn the_key_is_a_header_and_settings_mark_each_log() {
    let world = World::raw("datadog", &[]);
    let mut setup = world.setup("dd-key");
    setup.settings.datadog = Settings {
        service: Some("shop".to_owned()),
        source: Some("analytics".to_owned()),
        tags: vec!["env:production".to_owned(), "team:growth".to_owned()],
        hostname: Some("edge".to_owned()),
    };
    let mut encoder = encoder("datadog", setup.clone()).expect("a setup");
    world.released("segment", "/v1/batch", &batch(json!([track(json!({}))])), |events| {
        let encoded = encoder.encode(LOGS, events);
        assert_eq!(encoded.path_and_query(), "/api/v2/logs");
        assert!(encoded.headers().contains(&("DD-API-KEY", "dd-key".to_owned())));
        let body: Value = serde_json::from_slice(&encoded.body()).expect("JSON");
        assert!(!encoded.body().windows(6).any(|six| six == b"dd-key"));
        let log = &body[0];
        assert_eq!(
            (&log["service"], &log["ddsource"], &log["ddtags"], &log["hostname"]),
            (&json!("shop"), &json!("analytics"), &json!("env:production,team:growth"), &json!("edge"))
        );
    });
    for tag in ["", "7up", "a b", "a,b", &"a".repeat(201)] {
        setup.settings.datadog.tags = vec![tag.to_owned()];
        assert!(
            matches!(self::encoder("datadog", setup.clone()), Err(SetupError::BadSetting("datadog.tags", _))),
            "{tag}"
        );
    }
    for token in ["", "a b", "a\nb"] {
        assert_eq!(self::encoder("datadog", world.setup(token)).err(), Some(SetupError::BadToken));
    }
}

fn encoded(encoder: &mut dyn Encoder, world: &World, count: usize) -> Encoded {
    let messages: Vec<Value> = (0..count).map(|n| track(json!({"messageId": format!("m-{n}")}))).collect();
    world.released("segment", "/v1/batch", &batch(json!(messages)), |events| encoder.encode(LOGS, events))
}

#[test]
fn answers_mean_what_datadog_documents() {
    let world = World::raw("datadog", &[]);
    let mut encoder = world.encoder();
    let (one, two) = (encoded(&mut *encoder, &world, 1), encoded(&mut *encoder, &world, 2));
    let after = Some(Duration::from_secs(7));
    let retry = Verdict::Retry { after };
    for (status, of_one, of_two) in [
        (202, Verdict::Accepted, Verdict::Accepted),
        (200, retry.clone(), retry.clone()),
        (307, Verdict::Refused("redirected"), Verdict::Refused("redirected")),
        (400, Verdict::Reject("refused_as_invalid"), Verdict::Split),
        (401, Verdict::Refused("credentials_refused"), Verdict::Refused("credentials_refused")),
        (403, Verdict::Refused("credentials_refused"), Verdict::Refused("credentials_refused")),
        (404, Verdict::Refused("endpoint_unknown"), Verdict::Refused("endpoint_unknown")),
        (408, retry.clone(), retry.clone()),
        (413, Verdict::Reject("too_large_for_vendor"), Verdict::Split),
        (422, Verdict::Reject("refused_as_invalid"), Verdict::Split),
        (429, retry.clone(), retry.clone()),
        (500, retry.clone(), retry.clone()),
        (503, retry.clone(), retry),
    ] {
        assert_eq!(encoder.interpret(&one, status, after, b"{}"), of_one, "{status}");
        assert_eq!(encoder.interpret(&two, status, after, b"{}"), of_two, "{status}");
    }
    assert!(STATUSES.iter().all(|(first, last, _)| first <= last));
}

#[test]
fn a_host_of_another_site_is_refused() {
    let kind = destination_kind("datadog").expect("it is in the list");
    assert_eq!(kind.endpoint(None), Ok("https://http-intake.logs.datadoghq.com"));
    assert_eq!(kind.check_region(Some("eu"), "http-intake.logs.datadoghq.eu"), Ok(()));
    assert!(matches!(
        kind.check_region(Some("eu"), "http-intake.logs.us3.datadoghq.com"),
        Err(SetupError::RegionMismatch { endpoint: "us3" })
    ));
    assert_eq!(kind.endpoint(Some("in")), Err(SetupError::UnknownRegion));
}
