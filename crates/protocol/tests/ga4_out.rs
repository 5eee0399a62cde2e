//! What reaches Google Analytics: a request of an SDK through decode, minimise and release, by the Measurement Protocol. Real keys,
//! real detectors, real policy.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use serde_json::{Value, json};
use weir_event::{Millis, Rule};
use weir_protocol::vendors::ga4::COLLECT;
use weir_protocol::{Encoded, SetupError, Verdict, destination_kind, encoder};

use world::{NOW, World};

fn batch(messages: &Value) -> Value {
    json!({"batch": messages, "sentAt": "2026-11-21T23:19:38.843Z", "writeKey": "sdk-key"})
}

fn track(n: usize, more: &Value) -> Value {
    let mut message = json!({"type": "track", "event": "Report Exported", "userId": "user-4711", "anonymousId": "d-1", "messageId": format!("m-{n}"),
        "timestamp": "2026-11-21T23:19:34.078Z"});
    message.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    message
}

fn encode(world: &World, messages: &Value) -> Encoded {
    world.released("segment", "/v1/batch", &batch(messages), |events| world.encoder().encode(COLLECT, events))
}

fn body(encoded: &Encoded) -> Value {
    serde_json::from_slice(&encoded.body()).expect("JSON")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

fn lanes(world: &World, messages: &Value) -> Vec<Result<&'static str, Rule>> {
    world.lanes("segment", "/v1/batch", &batch(messages))
}

#[test]
fn without_a_rule_google_gets_the_baseline_with_consent_denied() {
    let world = World::new("ga4", &[]).in_country("DE");
    let context = json!({"ip": "203.0.113.42", "page": {"url": "https://app.example.com/x?token=secret"}, "library": {"name": "analytics.js", "version": "4.1.0"}});
    let encoded = encode(
        &world,
        &json!([track(1, &json!({"context": context, "properties": {"plan": "pro", "email": "ada@example.com"}}))]),
    );
    let body = body(&encoded);
    assert_eq!(keys(&body), ["client_id", "consent", "events", "user_id", "user_location"]);
    assert_eq!(
        body["consent"],
        json!({"ad_user_data": "DENIED", "ad_personalization": "DENIED"}),
        "unknown is no consent"
    );
    assert_eq!(body["user_location"], json!({"country_id": "DE"}));
    assert!(["client_id", "user_id"].iter().all(|key| body[*key].as_str().is_some_and(|id| id.len() == 36)));
    assert_ne!(body["client_id"], body["user_id"]);
    let event = &body["events"][0];
    assert_eq!(event["name"], "Report_Exported");
    assert_eq!(event["timestamp_micros"], 1_795_303_174_078_000_u64);
    let params = keys(&event["params"]);
    assert!(
        params.len() == 3 && params[0] == "insert_id" && params[1..].iter().all(|key| key.starts_with("library_")),
        "{params:?}"
    );
    assert!(!encoded.body().windows(9).any(|nine| nine == b"vendorkey"), "the secret is in the query alone");
    assert!(encoded.path_and_query().starts_with("/mp/collect?measurement_id=G-TEST&api_secret="));
    assert!(encoded.path_and_query().contains("vendorkey"));
    assert!(!format!("{encoded:?}").contains("vendorkey"));
}

#[test]
fn a_request_is_about_one_person_and_their_events_find_each_other() {
    let world = World::raw("ga4", &[]);
    let of = |n: usize, user: &str| track(n, &json!({"userId": user, "anonymousId": format!("d-{user}")}));
    let messages: Vec<Value> = (0..60).map(|n| of(n, ["a", "b"][n % 2])).collect();
    world.released("segment", "/v1/batch", &batch(&json!(messages)), |events| {
        let mut encoder = world.encoder();
        assert_eq!(encoder.encode(COLLECT, events).count(), 1, "the next one is about somebody else");
        let numbers: Vec<u64> = events.iter().map(|event| encoder.request_of(event)).collect();
        assert!((0..60).all(|n| (numbers[n] == numbers[0]) == (n % 2 == 0)), "one number for each person");
        let of_a: Vec<usize> = (0..60).filter(|n| n % 2 == 0).collect();
        let mut request = weir_protocol::outbound::Building::new(COLLECT);
        let taken = of_a.iter().filter(|n| encoder.push(&mut request, &events[**n])).count();
        assert_eq!(taken, 25, "25 events a request");
        let body = body(&encoder.finish(request));
        assert_eq!((&body["client_id"], &body["user_id"]), (&json!("d-a"), &json!("a")));
        assert_eq!(body["events"].as_array().map(Vec::len), Some(25));
    });
}

#[test]
fn pages_sessions_traits_and_groups_are_what_google_calls_them() {
    let allow = [
        "plan",
        "nested.deep",
        "list",
        "list.*",
        "is_new",
        "value",
        "currency",
        "profile.plan",
        "context.page.url",
        "context.page.title",
        "context.session_id",
    ];
    let world = World::raw("ga4", &allow);
    let context = json!({"page": {"url": "https://x.example/p", "title": "T"}, "sessionId": 1_795_303_318_872_u64, "traits": {"plan": "pro"}, "groupId": "org-77"});
    let properties = json!({"plan": "pro", "nested": {"deep": 1.5}, "list": ["a", "b"], "is_new": true, "value": 9.9, "currency": "EUR"});
    let body = body(&encode(
        &world,
        &json!([{"type": "page", "userId": "u", "name": "Pricing", "messageId": "1", "timestamp": "2026-11-21T23:19:34.078Z", "context": context, "properties": properties}]),
    ));
    let event = &body["events"][0];
    assert_eq!(event["name"], "page_view");
    let params = &event["params"];
    assert_eq!((&params["page_location"], &params["page_title"]), (&json!("https://x.example/p"), &json!("T")));
    assert_eq!(
        (&params["plan"], &params["nested_deep"], &params["is_new"]),
        (&json!("pro"), &json!(1.5), &json!("true"))
    );
    assert_eq!((&params["list_0"], &params["list_1"]), (&json!("a"), &json!("b")));
    assert_eq!((&params["value"], &params["currency"]), (&json!(9.9), &json!("EUR")));
    assert_eq!(params["group_company"], "org-77");
    let session = params["session_id"].as_str().expect("a session");
    assert!(!session.is_empty() && session.bytes().all(|b| b.is_ascii_digit()), "{session}");
    assert_eq!(params["engagement_time_msec"], 1);
    assert_eq!(body["user_properties"], json!({"plan": {"value": "pro"}}));
}

#[test]
fn names_become_googles_and_two_names_stay_two() {
    let world = World::raw("ga4", &["session_id", "Größe", "a-b", "a.b", "1st", "google_x"]);
    let name = |event: &str| {
        let body = body(&encode(&world, &json!([track(1, &json!({"event": event}))])));
        body["events"][0]["name"].as_str().expect("a name").to_owned()
    };
    assert_eq!((name("signed_up"), name("Signed Up")), ("signed_up".to_owned(), "Signed_Up".to_owned()));
    let long = "x".repeat(60);
    let names = [
        "first_open",
        "firebase_thing",
        "_hidden",
        "7 days",
        "a-b",
        "a/b",
        "Größe",
        &long,
        &format!("{long}y"),
        "error",
        "page_view",
    ];
    let made: Vec<String> = names.iter().map(|of| name(of)).collect();
    for made in &made {
        assert!(made.len() <= 40 && made.starts_with(|c: char| c.is_ascii_alphabetic()), "{made}");
        assert!(made.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{made}");
    }
    assert_eq!(made.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len(), "{made:?}");
    let properties = json!({"session_id": "mine", "Größe": 1, "a-b": 2, "1st": 3, "google_x": 4});
    let body = body(&encode(&world, &json!([track(1, &json!({"properties": properties}))])));
    let params = &body["events"][0]["params"];
    assert_eq!(params["property_session_id"], "mine", "no property poses as the session");
    assert_eq!(params.as_object().map(serde_json::Map::len), Some(6), "{params}");
}

#[test]
fn what_has_the_name_of_a_google_parameter_by_chance_does_not_pose_as_it() {
    let own = ["session.id", "page.title", "campaign id", "source", "value"];
    let known = ["profile.session_id", "context.session_id", "context.page.title"];
    let world = World::raw("ga4", &[&own[..], &known[..]].concat());
    let properties =
        json!({"session": {"id": "s-mine"}, "page": {"title": "mine"}, "campaign id": "c", "source": "x", "value": 2});
    let traits = json!({"traits": {"session_id": "of-a-profile"}});
    let sent = |context: &Value| {
        body(&encode(&world, &json!([track(1, &json!({"properties": properties, "context": context}))])))
    };
    let without = sent(&traits);
    let params = &without["events"][0]["params"];
    for key in ["session_id", "page_title", "campaign_id", "engagement_time_msec"] {
        assert!(params.get(key).is_none(), "{key} in {params}");
    }
    assert_eq!((&params["property_session_id"], &params["property_page_title"]), (&json!("s-mine"), &json!("mine")));
    assert_eq!((&params["property_source"], &params["value"]), (&json!("x"), &json!(2)));
    assert!(keys(params).iter().any(|key| key.starts_with("property_campaign_id_")), "{params}");
    let user = without["user_properties"].as_object().expect("user properties");
    assert_eq!(user.len(), 1);
    assert!(
        user.iter().all(|(key, value)| key.starts_with("e_session_id_") && value["value"] == "of-a-profile"),
        "{user:?}"
    );

    let mut context = traits;
    context
        .as_object_mut()
        .expect("an object")
        .extend([("sessionId".to_owned(), json!(1_795_303_318_872_u64)), ("page".to_owned(), json!({"title": "T"}))]);
    let both = sent(&context);
    let params = &both["events"][0]["params"];
    assert_eq!((&params["page_title"], &params["property_page_title"]), (&json!("T"), &json!("mine")));
    assert_eq!((&params["engagement_time_msec"], &params["property_session_id"]), (&json!(1), &json!("s-mine")));
    assert!(params["session_id"].as_str().is_some_and(|id| id.bytes().all(|b| b.is_ascii_digit())), "{params}");
}

#[test]
fn what_google_would_cut_off_or_lose_is_dropped_by_name() {
    let names: Vec<String> = (0..30).map(|n| format!("p{n}")).collect();
    let mut allow: Vec<&str> = names.iter().map(String::as_str).collect();
    allow.extend(["profile.plan", "value", "context.revenue.amount"]);
    let world = World::raw("ga4", &allow);
    let filled = |count: usize| -> Value {
        names[..count].iter().map(|name| (name.clone(), json!(1))).collect::<serde_json::Map<_, _>>().into()
    };
    assert_eq!(
        lanes(&world, &json!([track(1, &json!({"properties": filled(24)}))])),
        [Ok("collect")],
        "and the insert id"
    );
    assert_eq!(lanes(&world, &json!([track(1, &json!({"properties": filled(25)}))])), [Err(Rule::OverLimit)]);
    assert_eq!(
        lanes(&world, &json!([track(1, &json!({"properties": {"p1": "y".repeat(100)}}))])),
        [Ok("collect")],
        "as long as may be"
    );
    assert_eq!(
        lanes(&world, &json!([track(1, &json!({"properties": {"p1": "y".repeat(101)}}))])),
        [Err(Rule::OverLimit)]
    );
    assert_eq!(
        lanes(&world, &json!([track(1, &json!({"context": {"traits": {"plan": "x".repeat(37)}}}))])),
        [Err(Rule::OverLimit)]
    );
    let old = |hours: i64| track(1, &json!({"timestamp": Millis(NOW.0 - hours * Millis::HOUR).to_rfc3339()}));
    assert_eq!(
        (lanes(&world, &json!([old(70)])), lanes(&world, &json!([old(73)]))),
        (vec![Ok("collect")], vec![Err(Rule::TooOld)])
    );
}

#[test]
fn the_insert_id_the_session_and_the_groups_count_as_parameters() {
    let names: Vec<String> = (0..30).map(|n| format!("p{n}")).collect();
    let traits: Vec<String> = names.iter().map(|name| format!("profile.{name}")).collect();
    let mut allow: Vec<&str> = names.iter().chain(&traits).map(String::as_str).collect();
    allow.extend(["context.session_id", "list", "list.*"]);
    let world = World::raw("ga4", &allow);
    let filled = |count: usize| -> Value {
        names[..count].iter().map(|name| (name.clone(), json!(1))).collect::<serde_json::Map<_, _>>().into()
    };
    let lane = |properties: Value, context: Value| {
        lanes(&world, &json!([track(1, &json!({"properties": properties, "context": context}))]))
    };
    let context = json!({"sessionId": 1_795_303_318_872_u64, "groupId": "org-77"});
    assert_eq!(lane(filled(21), context.clone()), [Ok("collect")], "21, a session of two, a group, the insert id");
    assert_eq!(lane(filled(22), context), [Err(Rule::OverLimit)]);
    assert_eq!(lane(filled(0), json!({"traits": filled(25)})), [Ok("collect")]);
    assert_eq!(lane(filled(0), json!({"traits": filled(26)})), [Err(Rule::OverLimit)]);
    let list: Vec<u32> = (0..900).collect();
    assert_eq!(lane(json!({"list": list}), json!({})), [Err(Rule::OverLimit)], "however many");
}

#[test]
fn a_group_is_measured_and_no_property_takes_its_name() {
    let world = World::raw("ga4", &["group_company"]);
    let lane = |group: Option<&str>, properties: Value| {
        let mut message = track(1, &json!({"properties": properties}));
        if let Some(group) = group {
            message["context"] = json!({"groupId": group});
        }
        lanes(&world, &json!([message]))
    };
    assert_eq!(lane(Some(&"ü".repeat(100)), json!({})), [Ok("collect")], "as long as may be");
    assert_eq!(lane(Some(&"ü".repeat(101)), json!({})), [Err(Rule::OverLimit)]);
    assert_eq!(lane(None, json!({"group_company": "mine"})), [Ok("collect")]);
    assert_eq!(lane(Some("org-77"), json!({"group_company": "mine"})), [Err(Rule::OverLimit)], "one key, twice");
}

#[test]
fn operations_without_a_word_at_google_are_dropped_by_name() {
    let world = World::raw("ga4", &["profile.plan", "group.company.plan"]);
    let messages = json!([
        {"type": "screen", "userId": "u", "name": "Home", "messageId": "1"},
        {"type": "identify", "userId": "u", "anonymousId": "d", "messageId": "2", "traits": {"plan": "pro"}},
        {"type": "alias", "userId": "u", "previousId": "v", "messageId": "3"},
        {"type": "group", "userId": "u", "groupId": "g", "messageId": "4", "traits": {"plan": "pro"}},
    ]);
    let none = Err(Rule::NoEquivalent);
    assert_eq!(
        lanes(&world, &messages),
        [Ok("collect"), none, Ok("collect"), none, none, none],
        "screen, identify, its traits, alias, join, traits"
    );
}

#[test]
fn answers_and_settings_mean_what_google_documents() {
    let world = World::raw("ga4", &[]);
    let one = encode(&world, &json!([track(1, &json!({}))]));
    let encoder = world.encoder();
    let said = |status, body: &[u8]| encoder.interpret(&one, status, None, body);
    assert_eq!((said(204, b""), said(200, b"")), (Verdict::Accepted, Verdict::Accepted));
    assert_eq!(said(200, b"<html>"), Verdict::Retry { after: None }, "Google says nothing");
    assert_eq!((said(500, b""), said(429, b"")), (Verdict::Retry { after: None }, Verdict::Retry { after: None }));
    assert_eq!(
        (said(502, b""), said(504, b"")),
        (Verdict::Unknown, Verdict::Unknown),
        "it may have arrived, and would count twice"
    );
    assert_eq!(said(413, b""), Verdict::Reject("too_large_for_vendor"));
    let kind = destination_kind("ga4").expect("it is in the list");
    assert!(!kind.resends_unknown, "D3");
    assert_eq!(kind.endpoint(Some("eu")), Ok("https://region1.google-analytics.com"));
    let mut setup = world.setup("s");
    setup.settings.ga4.firebase_app_id = Some("1:2:android:3".to_owned());
    assert!(matches!(self::encoder("ga4", setup.clone()), Err(SetupError::BadSetting("ga4", _))), "one of the two");
    setup.settings.ga4.measurement_id = None;
    assert!(self::encoder("ga4", setup.clone()).is_ok());
    setup.settings.ga4.firebase_app_id = Some("1&api_secret=x".to_owned());
    assert!(matches!(self::encoder("ga4", setup), Err(SetupError::BadSetting("ga4", _))));
    assert_eq!(self::encoder("ga4", world.setup("a&b")).err(), Some(SetupError::BadToken));
}

#[test]
fn a_request_to_google_is_never_compressed() {
    let world = World::raw("ga4", &[]);
    let mut setup = world.setup("s");
    setup.gzip_from_bytes = Some(1);
    let mut encoder = encoder("ga4", setup).expect("a setup");
    world.released("segment", "/v1/batch", &batch(&json!([track(1, &json!({}))])), |events| {
        let encoded = encoder.encode(COLLECT, events);
        assert!(encoded.headers().iter().all(|(name, _)| !name.eq_ignore_ascii_case("content-encoding")));
        assert_eq!(body(&encoded)["events"][0]["name"], "Report_Exported", "Google unpacks nothing");
    });
}

#[test]
fn an_app_has_an_instance_of_32_digits() {
    let world = World::new("ga4", &[]);
    let mut setup = world.setup("s");
    setup.settings.ga4 = weir_protocol::vendors::ga4::Settings {
        measurement_id: None,
        firebase_app_id: Some("1:2:android:3".to_owned()),
    };
    let mut encoder = encoder("ga4", setup).expect("a setup");
    world.released("segment", "/v1/batch", &batch(&json!([track(1, &json!({}))])), |events| {
        let encoded = encoder.encode(COLLECT, events);
        let body = body(&encoded);
        assert!(
            body["app_instance_id"]
                .as_str()
                .is_some_and(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()))
        );
        assert!(encoded.path_and_query().starts_with("/mp/collect?firebase_app_id=1:2:android:3&"));
    });
}
