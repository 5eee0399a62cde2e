//! What reaches Splunk: a request of an SDK through decode, minimise and release, as events of the HTTP Event Collector. Real keys,
//! real detectors, real policy.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::time::Duration;

use serde_json::{Value, json};
use weir_event::Rule;
use weir_protocol::outbound::Confirmation;
use weir_protocol::vendors::splunk_hec::EVENTS;
use weir_protocol::{Encoded, Encoder, SetupError, Verdict, destination_kind, encoder};

use world::World;

fn batch(messages: &Value) -> Value {
    json!({"batch": messages, "sentAt": "2026-11-21T23:19:38.843Z", "writeKey": "sdk-key"})
}

fn track(n: usize, more: &Value) -> Value {
    let mut message = json!({"type": "track", "event": "Report Exported", "userId": "user-4711", "messageId": format!("m-{n}"),
        "timestamp": "2026-11-21T23:19:34.078Z"});
    message.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    message
}

fn events(encoded: &Encoded) -> Vec<Value> {
    let body = encoded.body();
    serde_json::Deserializer::from_slice(&body).into_iter().map(|event| event.expect("JSON")).collect()
}

fn encode(world: &World, encoder: &mut dyn Encoder, count: usize) -> Encoded {
    let messages: Vec<Value> = (0..count).map(|n| track(n, &json!({}))).collect();
    world.released("segment", "/v1/batch", &batch(&json!(messages)), |events| encoder.encode(EVENTS, events))
}

fn acknowledging(world: &World) -> Box<dyn Encoder> {
    let mut setup = world.setup("hec-token");
    setup.settings.splunk_hec.acknowledge = true;
    setup.settings.splunk_hec.channel = [7; 16];
    encoder("splunk_hec", setup).expect("a setup")
}

#[test]
fn events_stand_one_behind_the_other_with_what_the_configuration_says() {
    let world = World::raw("splunk_hec", &["plan"]).in_country("DE");
    let mut setup = world.setup("hec-token");
    let settings = &mut setup.settings.splunk_hec;
    (settings.index, settings.sourcetype) = (Some("analytics".to_owned()), Some("_json".to_owned()));
    let mut encoder = encoder("splunk_hec", setup).expect("a setup");
    let messages =
        json!([track(1, &json!({"properties": {"plan": "pro", "email": "ada@example.com"}})), track(2, &json!({}))]);
    let encoded = world.released("segment", "/v1/batch", &batch(&messages), |events| encoder.encode(EVENTS, events));
    assert_eq!((encoded.method(), encoded.path_and_query()), ("POST", "/services/collector/event"));
    assert!(encoded.headers().contains(&("Authorization", "Splunk hec-token".to_owned())));
    assert!(
        encoded.headers().iter().all(|(name, _)| *name != "X-Splunk-Request-Channel"),
        "no acknowledgement, no channel"
    );
    let events = events(&encoded);
    let [first, second] = events.as_slice() else { panic!("{events:?}") };
    let keys: Vec<&str> = first.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["event", "index", "sourcetype", "time"], "no host, no source");
    assert_eq!(first["time"].as_f64(), Some(1_795_303_174.078), "seconds");
    assert_eq!((&first["index"], &first["sourcetype"]), (&json!("analytics"), &json!("_json")));
    let event = &first["event"];
    assert_eq!(
        (&event["event"], &event["user"], &event["country"]),
        (&Value::from("Report Exported"), &Value::Null, &json!("DE"))
    );
    assert_eq!((&event["subject"], &event["properties"]), (&json!("user-4711"), &json!({"plan": "pro"})));
    assert_ne!(event["insert_id"], second["event"]["insert_id"]);
}

#[test]
fn answers_mean_what_splunk_documents() {
    let world = World::raw("splunk_hec", &[]);
    let mut encoder = world.encoder();
    let (one, two) = (encode(&world, &mut *encoder, 1), encode(&world, &mut *encoder, 3));
    let after = Some(Duration::from_secs(7));
    let retry = Verdict::Retry { after };
    let refused = Verdict::Refused;
    for (status, body, of_one, of_three) in [
        (200, r#"{"text":"Success","code":0}"#, Verdict::Accepted, Verdict::Accepted),
        (200, "<html>sign in</html>", retry.clone(), retry.clone()),
        (200, "{}", retry.clone(), retry.clone()),
        (500, r#"{"text":"Success","code":0}"#, retry.clone(), retry.clone()),
        (403, r#"{"text":"Token disabled","code":1}"#, refused("credentials_refused"), refused("credentials_refused")),
        (
            401,
            r#"{"text":"Token is required","code":2}"#,
            refused("credentials_refused"),
            refused("credentials_refused"),
        ),
        (403, r#"{"text":"Invalid token","code":4}"#, refused("credentials_refused"), refused("credentials_refused")),
        (400, r#"{"text":"No data","code":5}"#, Verdict::Reject("refused_as_invalid"), Verdict::Split),
        (
            400,
            r#"{"text":"Invalid data format","code":6,"invalid-event-number":1}"#,
            Verdict::Reject("refused_as_invalid"),
            Verdict::SplitAround(1),
        ),
        (
            400,
            r#"{"text":"Invalid data format","code":6,"invalid-event-number":99}"#,
            Verdict::Reject("refused_as_invalid"),
            Verdict::Split,
        ),
        (
            400,
            r#"{"text":"Incorrect index","code":7,"invalid-event-number":0}"#,
            refused("index_refused"),
            refused("index_refused"),
        ),
        (500, r#"{"text":"Internal server error","code":8}"#, retry.clone(), retry.clone()),
        (503, r#"{"text":"Server is busy","code":9}"#, retry.clone(), retry.clone()),
        (
            400,
            r#"{"text":"Data channel is missing","code":10}"#,
            refused("channel_refused"),
            refused("channel_refused"),
        ),
        (
            400,
            r#"{"text":"Event field is required","code":12,"invalid-event-number":2}"#,
            Verdict::Reject("refused_as_invalid"),
            Verdict::SplitAround(2),
        ),
        (429, r#"{"text":"Queue at capacity","code":26}"#, retry.clone(), retry.clone()),
        (413, r#"{"code":413,"error":"too large"}"#, Verdict::Reject("too_large_for_vendor"), Verdict::Split),
        (401, r#"{"code":401}"#, refused("credentials_refused"), refused("credentials_refused")),
        (401, "", refused("credentials_refused"), refused("credentials_refused")),
        (404, "", refused("endpoint_unknown"), refused("endpoint_unknown")),
        (413, "", Verdict::Reject("too_large_for_vendor"), Verdict::Split),
        (429, "", retry.clone(), retry.clone()),
        (502, "", retry.clone(), retry),
    ] {
        assert_eq!(encoder.interpret(&one, status, after, body.as_bytes()), of_one, "{status} {body}");
        assert_eq!(encoder.interpret(&two, status, after, body.as_bytes()), of_three, "{status} {body}");
    }
}

#[test]
fn with_acknowledgement_a_batch_is_taken_only_under_a_number_that_can_be_asked_about() {
    let world = World::raw("splunk_hec", &[]);
    assert!(world.encoder().confirm(None).is_none(), "without it there is nothing to ask");
    let mut encoder = acknowledging(&world);
    let one = encode(&world, &mut *encoder, 1);
    let channel = "07070707-0707-0707-0707-070707070707";
    assert!(one.headers().contains(&("X-Splunk-Request-Channel", channel.to_owned())));
    let taken = |body: &str| encoder.interpret(&one, 200, None, body.as_bytes());
    assert_eq!(taken(r#"{"text":"Success","code":0,"ackId":17}"#), Verdict::Confirm { receipt: 17 });
    assert_eq!(taken(r#"{"text":"Success","code":0}"#), Verdict::Unknown, "whether it is kept cannot be asked");
    let question = encoder.confirm(Some(17)).expect("a question");
    assert_eq!(question.request.path_and_query(), format!("/services/collector/ack?channel={channel}"));
    assert_eq!(question.request.body(), &br#"{"acks":[17]}"#[..]);
    assert!(question.request.headers().contains(&("Authorization", "Splunk hec-token".to_owned())));
    for (status, body, means) in [
        (200, r#"{"acks":{"17":true}}"#, Confirmation::Kept),
        (200, r#"{"acks":{"16":true,"17":false}}"#, Confirmation::NotYet),
        (200, r#"{"acks":{}}"#, Confirmation::NotYet),
        (200, "<html>", Confirmation::Later),
        (503, r#"{"text":"Server is busy","code":9}"#, Confirmation::Later),
        (400, r#"{"text":"ACK is disabled","code":14}"#, Confirmation::Refused("acknowledgement_disabled")),
        (400, r#"{"text":"Invalid data channel","code":11}"#, Confirmation::Refused("channel_refused")),
        (403, r#"{"text":"Invalid token","code":4}"#, Confirmation::Refused("credentials_refused")),
        (404, "", Confirmation::Refused("acknowledgement_unavailable")),
    ] {
        assert_eq!(encoder.confirmed(Some(17), status, body.as_bytes()), means, "{status} {body}");
    }
    assert_eq!(encoder.confirmed(None, 200, br#"{"acks":{"2147483647":false}}"#), Confirmation::NotYet, "it answers");
}

#[test]
fn a_request_stays_below_a_megabyte_and_profiles_are_no_logs() {
    let names: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
    let allow: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::raw("splunk_hec", &allow);
    let filled = |n: usize, bytes: usize| {
        let properties: serde_json::Map<String, Value> =
            names.iter().map(|name| (name.clone(), json!("y".repeat(bytes)))).collect();
        track(n, &json!({"properties": properties}))
    };
    assert_eq!(world.lanes("segment", "/v1/batch", &batch(&json!([filled(0, 24_987)]))), [Err(Rule::TooLarge)]);
    let many: Vec<Value> = (0..9).map(|n| filled(n, 5_000)).collect();
    world.released("segment", "/v1/batch", &batch(&json!(many)), |events| {
        let encoded = world.encoder().encode(EVENTS, events);
        assert!(encoded.count() >= 2 && (encoded.count() as usize) < events.len());
        assert!(encoded.bytes_uncompressed() <= 1_000_000);
    });
    let profile = json!([{"type": "identify", "userId": "u", "messageId": "4", "traits": {"plan": "pro"}}]);
    let lanes = world.lanes("segment", "/v1/batch", &batch(&profile));
    assert!(lanes.iter().all(|lane| *lane == Err(Rule::NoEquivalent) || *lane == Ok("events")), "{lanes:?}");
}

#[test]
fn splunk_is_where_the_customer_runs_it_and_takes_no_credentials_of_others() {
    let kind = destination_kind("splunk_hec").expect("it is in the list");
    assert_eq!(kind.endpoint(None), Err(SetupError::NoEndpoint));
    let world = World::raw("splunk_hec", &[]);
    for token in ["", "a b", "a\nb"] {
        assert_eq!(encoder("splunk_hec", world.setup(token)).err(), Some(SetupError::BadToken));
    }
}
