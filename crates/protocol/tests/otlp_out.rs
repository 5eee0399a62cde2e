//! What reaches a receiver of OpenTelemetry logs: a request of an SDK through decode, minimise and release, in both encodings.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::time::Duration;

use serde_json::{Value, json};
use weir_event::Rule;
use weir_protocol::outbound::{Building, Settings};
use weir_protocol::vendors::otlp::{self, Encoding, LOGS};
use weir_protocol::{DestinationSetup, Encoded, Encoder, Secret, SetupError, Verdict, encoder};

use world::{NOW, World};

const T: &str = "2026-11-21T23:19:34.000Z";

fn setup(world: &World, encoding: Encoding) -> DestinationSetup {
    let otlp = otlp::Settings {
        encoding,
        headers: vec![("X-Tenant".to_owned(), Secret::new("tenant-secret"))],
        resource: vec![("service.name".to_owned(), "shop".to_owned())],
    };
    DestinationSetup { settings: Settings { otlp, ..Settings::default() }, ..world.setup("bearer-token") }
}

fn encoded(world: &World, encoding: Encoding, messages: &Value) -> (Box<dyn Encoder>, Encoded) {
    let mut encoder = encoder("otlp", setup(world, encoding)).expect("a setup");
    let encoded = world.released("segment", "/v1/batch", &json!({"batch": messages}), |events| {
        let mut building = Building::new(LOGS);
        for event in events {
            assert_eq!(encoder.lane_of(event, NOW), Ok(LOGS));
            assert!(encoder.push(&mut building, event), "one request has room for a test");
        }
        encoder.finish(building)
    });
    (encoder, encoded)
}

fn message() -> Value {
    json!({"type": "track", "event": "Report Exported", "userId": "user-4711", "anonymousId": "d-1", "messageId": "m-1", "timestamp": T,
        "context": {"ip": "203.0.113.42", "page": {"title": "T"}},
        "properties": {"plan": "pro", "seats": 12, "price": 1.5, "paid": true, "nested": {"a": [1, "x"]}, "email": "ada@example.com"}})
}

const ALLOW: &[&str] = &["plan", "seats", "price", "paid", "nested", "nested.a", "nested.a.*", "context.page.title"];

/// The value of an attribute of the first record.
fn attribute<'a>(record: &'a Value, key: &str) -> &'a Value {
    let found: Vec<&Value> =
        record["attributes"].as_array().into_iter().flatten().filter(|a| a["key"] == key).collect();
    assert!(found.len() <= 1, "{key} stands there twice");
    found.first().map_or(&Value::Null, |attribute| &attribute["value"])
}

#[test]
fn a_record_has_its_times_its_name_and_typed_attributes() {
    let world = World::new("otlp", ALLOW).in_country("DE");
    let (_, encoded) = encoded(&world, Encoding::Json, &json!([message()]));
    assert_eq!((encoded.method(), encoded.path_and_query()), ("POST", "/v1/logs"));
    assert!(encoded.headers().contains(&("Content-Type", "application/json".to_owned())));
    let own: Vec<(&str, &str)> = encoded.own_headers().iter().map(|(n, v)| (n.as_str(), v.reveal())).collect();
    assert_eq!(own, [("X-Tenant", "tenant-secret"), ("Authorization", "Bearer bearer-token")]);
    let body: Value = serde_json::from_slice(&encoded.body()).expect("JSON");
    let logs = &body["resourceLogs"][0];
    assert_eq!(logs["resource"]["attributes"], json!([{"key": "service.name", "value": {"stringValue": "shop"}}]));
    assert_eq!(logs["scopeLogs"][0]["scope"]["name"], "weir");
    let record = &logs["scopeLogs"][0]["logRecords"][0];
    assert_eq!(record["timeUnixNano"], "1795303174000000000");
    assert_eq!(record["observedTimeUnixNano"], json!(format!("{}000000", NOW.0)));
    assert_eq!((&record["severityNumber"], &record["severityText"]), (&json!(9), &json!("INFO")));
    assert_eq!(
        (&record["eventName"], &record["body"]["stringValue"]),
        (&json!("Report Exported"), &json!("Report Exported"))
    );
    assert_eq!(attribute(record, "properties.plan"), &json!({"stringValue": "pro"}));
    assert_eq!(attribute(record, "properties.seats"), &json!({"intValue": "12"}), "64 bits are a text in JSON");
    assert_eq!(attribute(record, "properties.price"), &json!({"doubleValue": 1.5}));
    assert_eq!(attribute(record, "properties.paid"), &json!({"boolValue": true}));
    let list = json!({"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}]}});
    assert_eq!(
        attribute(record, "properties.nested"),
        &json!({"kvlistValue": {"values": [{"key": "a", "value": list}]}})
    );
    assert_eq!(attribute(record, "context.page.title"), &json!({"stringValue": "T"}));
    assert_eq!(attribute(record, "geo.country.iso_code"), &json!({"stringValue": "DE"}));
    assert_eq!(attribute(record, "weir.type"), &json!({"stringValue": "track"}));
    assert_eq!(attribute(record, "user.id"), attribute(record, "weir.subject"));
    assert_ne!(attribute(record, "device.id"), &Value::Null);
    let text = String::from_utf8_lossy(&encoded.body()).into_owned();
    for needle in ["203.0.113", "user-4711", "d-1\"", "ada@", "properties.email", "bearer-token", "tenant-secret"] {
        assert!(!text.contains(needle), "{needle}");
    }
}

#[test]
fn the_same_events_give_the_same_protobuf_and_it_says_what_it_is() {
    let world = World::new("otlp", ALLOW);
    let messages = json!([message(), {"type": "page", "name": "Prices", "anonymousId": "d-2", "messageId": "m-2", "timestamp": T}]);
    let (_, one) = encoded(&world, Encoding::Protobuf, &messages);
    let (_, two) = encoded(&world, Encoding::Protobuf, &messages);
    assert!(one.body() == two.body() && one.count() == 2);
    assert!(one.headers().contains(&("Content-Type", "application/x-protobuf".to_owned())));
    // What is in it, `tests/tests/own_destinations.rs` has OpenTelemetry's own classes say.
}

#[test]
fn what_is_no_story_has_no_equivalent() {
    let world = World::new("otlp", &["profile.plan", "group.company.plan"]);
    let messages = json!([
        {"type": "identify", "userId": "u", "messageId": "a", "timestamp": T, "traits": {"plan": "pro"}},
        {"type": "alias", "userId": "u", "previousId": "v", "messageId": "b", "timestamp": T},
        {"type": "screen", "name": "Home", "userId": "u", "messageId": "c", "timestamp": T},
    ]);
    let lanes = world.lanes("segment", "/v1/batch", &json!({"batch": messages}));
    assert_eq!(lanes.last(), Some(&Ok("logs")));
    assert!(lanes.iter().filter(|lane| **lane == Err(Rule::NoEquivalent)).count() >= 2, "{lanes:?}");
}

#[test]
fn headers_that_are_ours_or_no_headers_are_no_setup() {
    let world = World::new("otlp", &[]);
    for name in ["Host", "content-type", "a b", "", "Authorization"] {
        let mut setup = setup(&world, Encoding::Json);
        setup.settings.otlp.headers = vec![(name.to_owned(), Secret::new("x"))];
        assert!(matches!(encoder("otlp", setup).err(), Some(SetupError::BadSetting("otlp.headers", _))), "{name}");
    }
    let mut without = setup(&world, Encoding::Json);
    without.token = Secret::new("");
    without.settings.otlp.headers = vec![("Authorization".to_owned(), Secret::new("Basic abc"))];
    assert!(encoder("otlp", without).is_ok(), "a token is optional");
}

#[test]
fn answers_mean_what_the_specification_says() {
    let world = World::new("otlp", &[]);
    let more = |n: usize| {
        json!(
            (0..n)
                .map(|i| {
                    let mut m = message();
                    m["messageId"] = json!(i);
                    m
                })
                .collect::<Vec<_>>()
        )
    };
    let after = Some(Duration::from_secs(9));
    for encoding in [Encoding::Json, Encoding::Protobuf] {
        let (encoder, two) = encoded(&world, encoding, &more(2));
        for (status, verdict) in [
            (429, Verdict::Retry { after }),
            (502, Verdict::Retry { after }),
            (503, Verdict::Retry { after }),
            (504, Verdict::Retry { after }),
            (500, Verdict::Reject("refused_for_good")),
            (501, Verdict::Reject("refused_for_good")),
            (400, Verdict::Split),
            (413, Verdict::Split),
            (401, Verdict::Refused("credentials_refused")),
            (404, Verdict::Refused("endpoint_unknown")),
            (302, Verdict::Refused("redirected")),
        ] {
            assert_eq!(encoder.interpret(&two, status, after, b""), verdict, "{status}");
        }
        let partial = |rejected: u8| match encoding {
            Encoding::Json => {
                let said = json!({"partialSuccess": {"rejectedLogRecords": rejected.to_string(), "errorMessage": "user-4711 is bad"}});
                said.to_string().into_bytes()
            }
            Encoding::Protobuf => vec![0x0a, 5, 0x08, rejected, 0x12, 1, b'x'],
        };
        for (body, verdict) in [
            (Vec::new(), Verdict::Accepted),
            (partial(0), Verdict::Accepted),
            (partial(1), Verdict::Undecided),
            (partial(2), Verdict::Reject("rejected_by_receiver")),
            (b"<html>sign in</html>".to_vec(), Verdict::Retry { after }),
            (b"{}".to_vec(), Verdict::Accepted),
            (br#"{"error":"unauthorized"}"#.to_vec(), Verdict::Retry { after }),
        ] {
            assert_eq!(encoder.interpret(&two, 200, after, &body), verdict, "{encoding:?} {body:?}");
        }
        assert_eq!(encoder.interpret(&two, 204, None, b""), Verdict::Accepted);
    }
    let (encoder, two) = encoded(&world, Encoding::Json, &more(2));
    assert_eq!(
        encoder.interpret(&two, 200, None, br#"{"partialSuccess":{"rejectedLogRecords":1}}"#),
        Verdict::Undecided
    );
    assert_eq!(encoder.interpret(&two, 200, None, b"{}"), Verdict::Accepted);
}
