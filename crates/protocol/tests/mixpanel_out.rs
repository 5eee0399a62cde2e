//! What reaches Mixpanel: a request of an SDK through decode, minimise and release, as bytes for the vendor. Real keys, real
//! detectors, real policy.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::io::Read;
use std::time::Duration;

use serde_json::{Value, json};
use weir_event::Rule;
use weir_policy::Released;
use weir_protocol::vendors::mixpanel;
use weir_protocol::vendors::mixpanel::encode::{ENGAGE, GROUPS, IMPORT, TRACK};
use weir_protocol::{
    DestinationSetup, Encoded, Encoder, Endpoint, ImportCredentials, Lane, Secret, SetupError, Verdict, encoder,
};

use world::{NOW, World};

/// A destination of this vendor.
struct Mixpanel(World);

impl Mixpanel {
    fn new(allow: &[&str]) -> Mixpanel {
        Mixpanel(World::new("mixpanel", allow).in_country("DE"))
    }

    fn raw(allow: &[&str]) -> Mixpanel {
        Mixpanel(World::raw("mixpanel", allow).in_country("DE"))
    }

    /// Takes a request in and hands what may leave of it, which is all, to `f`.
    fn released<T>(&self, endpoint: Endpoint, request: &Value, f: impl FnOnce(&[Released<'_>]) -> T) -> T {
        self.0.fates("mixpanel", &format!("/{}", endpoint.0), request, |fates| {
            f(&fates.into_iter().map(|fate| fate.expect("it is released")).collect::<Vec<_>>())
        })
    }

    fn encoder(&self, has_import: bool) -> Box<dyn Encoder> {
        encoder("mixpanel", self.setup(has_import)).expect("a setup")
    }

    fn setup(&self, has_import: bool) -> DestinationSetup {
        let import = ImportCredentials {
            user: Secret::new("sa"),
            password: Secret::new("s3cret"),
            project_id: Some("77".to_owned()),
        };
        DestinationSetup { import: has_import.then_some(import), ..self.0.setup("vendortoken") }
    }

    /// What the vendor gets of one event.
    fn sent(&self, endpoint: Endpoint, event: Value) -> (Lane, Value) {
        let mut encoder = self.encoder(true);
        self.released(endpoint, &json!([event]), |events| {
            let lane = encoder.lane_of(&events[0], NOW).expect("it has a lane");
            let encoded = encoder.encode(lane, events);
            assert_eq!(encoded.count(), 1);
            let mut list: Value = serde_json::from_slice(&encoded.body()).expect("a body is JSON");
            (lane, list[0].take())
        })
    }

    fn lane(&self, endpoint: Endpoint, event: Value, has_import: bool) -> Result<Lane, Rule> {
        let mut encoder = self.encoder(has_import);
        self.released(endpoint, &json!([event]), |events| encoder.lane_of(&events[0], NOW))
    }
}

fn track(properties: Value) -> Value {
    let mut event = json!({"event": "Report Exported", "properties": {"token": "sdktoken", "distinct_id": "user-4711", "time": 1_795_303_174.219, "$insert_id": "abc"}});
    let Value::Object(more) = properties else { panic!("properties are an object") };
    event["properties"].as_object_mut().expect("an object").extend(more);
    event
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4)
}

#[test]
fn without_a_rule_mixpanel_gets_the_baseline_and_nothing_else() {
    let world = Mixpanel::new(&[]);
    let (lane, sent) = world.sent(
        mixpanel::TRACK,
        track(json!({"plan": "pro", "email": "ada@example.com", "$os": "Mac OS X", "$browser": "Chrome", "$browser_version": 156, "$screen_width": 1280, "mp_lib": "web",
            "$lib_version": "2.83.0", "$current_url": "https://app.example.com/x?token=secret", "$device_id": "d-1", "$user_id": "user-4711", "ip": "203.0.113.42", "company": ["org-77"]})),
    );
    assert_eq!(lane, TRACK);
    assert_eq!(sent["event"], "Report Exported");
    let properties = sent["properties"].as_object().expect("an object");
    let mut keys: Vec<_> = properties.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "$browser",
            "$device_id",
            "$insert_id",
            "$lib_version",
            "$os",
            "$user_id",
            "company",
            "distinct_id",
            "mp_country_code",
            "mp_lib",
            "screen_class",
            "time",
            "token",
        ]
    );
    assert_eq!(properties["token"], "vendortoken");
    assert_eq!(properties["time"], 1_795_303_174_219_i64);
    assert_eq!(properties["mp_country_code"], "DE");
    assert!(
        is_uuid(&properties["distinct_id"]) && is_uuid(&properties["$insert_id"]) && is_uuid(&properties["company"][0])
    );
    assert_eq!(properties["distinct_id"], properties["$user_id"], "the same person under the same pseudonym");
    let text = sent.to_string();
    for gone in ["sdktoken", "4711", "ada@", "203.0.113", "secret", "org-77", "abc", "pro\""] {
        assert!(!text.contains(gone), "{gone} reached the vendor");
    }
}

#[test]
fn what_is_allowed_stands_where_it_stood() {
    let world = Mixpanel::new(&[
        "nested.filters.country",
        "tags",
        "note",
        "by_id.*.count",
        "flag",
        "none",
        "ratio",
        "list.*.name",
    ]);
    let (_, sent) = world.sent(
        mixpanel::TRACK,
        track(json!({"nested": {"filters": {"country": ["DE", "FR"], "min": 12.5}, "x": 1}, "tags": ["q4", "f\"\\\n\u{1}é\u{1f680}"], "by_id": {"4711": {"count": 1, "x": 2}, "4712": {"count": 2}},
            "flag": true, "none": null, "ratio": 1.5e-7, "list": [{"name": "a", "x": 1}, {"name": "b"}], "left out": 1})),
    );
    let properties = &sent["properties"];
    assert_eq!(properties["nested"], json!({"filters": {"country": ["DE", "FR"]}}));
    assert_eq!(properties["tags"], json!(["q4", "f\"\\\n\u{1}é\u{1f680}"]));
    assert_eq!(properties["by_id"], json!({"4711": {"count": 1}, "4712": {"count": 2}}));
    assert_eq!(properties["list"], json!([{"name": "a"}, {"name": "b"}]));
    assert_eq!(
        (&properties["flag"], &properties["none"], &properties["ratio"]),
        (&json!(true), &Value::Null, &json!(1.5e-7))
    );
    assert!(properties.get("left out").is_none());
}

#[test]
fn d6_the_device_prefix_is_put_back() {
    let anonymous = track(json!({"distinct_id": "$device:d-1", "$device_id": "d-1"}));
    let (_, raw) = Mixpanel::raw(&[]).sent(mixpanel::TRACK, anonymous.clone());
    assert_eq!(raw["properties"]["distinct_id"], "$device:d-1");
    assert_eq!(raw["properties"]["$device_id"], "d-1");
    let (_, keyed) = Mixpanel::new(&[]).sent(mixpanel::TRACK, anonymous);
    let distinct_id = keyed["properties"]["distinct_id"].as_str().expect("a text");
    let device_id = keyed["properties"]["$device_id"].as_str().expect("a text");
    assert_eq!(distinct_id, format!("$device:{device_id}"));
    assert_ne!(device_id, "d-1");
}

#[test]
fn an_event_about_nobody_still_has_a_distinct_id() {
    let (_, sent) = Mixpanel::new(&[]).sent(mixpanel::TRACK, json!({"event": "Ping", "properties": {"token": "t"}}));
    assert!(is_uuid(&sent["properties"]["distinct_id"]), "Mixpanel would make one of our address");
}

#[test]
fn d7_identify_alias_and_merge_have_mixpanels_form() {
    let world = Mixpanel::raw(&[]);
    let (lane, identify) = world.sent(mixpanel::TRACK, json!({"event": "$identify", "properties": {"distinct_id": "u", "$user_id": "u", "$anon_distinct_id": "$device:d", "$device_id": "d"}}));
    assert_eq!((lane, &identify["event"]), (TRACK, &json!("$identify")));
    let of = |key: &str| identify["properties"][key].clone();
    assert_eq!(
        [of("distinct_id"), of("$user_id"), of("$anon_distinct_id"), of("$device_id")],
        [json!("u"), json!("u"), json!("$device:d"), json!("d")]
    );
    let (lane, alias) = world
        .sent(mixpanel::TRACK, json!({"event": "$create_alias", "properties": {"distinct_id": "old", "alias": "new"}}));
    assert_eq!((lane, &alias["event"]), (TRACK, &json!("$create_alias")));
    assert_eq!((&alias["properties"]["distinct_id"], &alias["properties"]["alias"]), (&json!("old"), &json!("new")));
    let merge = json!({"event": "$merge", "properties": {"$distinct_ids": ["a", "b"]}});
    let (lane, merged) = world.sent(mixpanel::IMPORT, merge.clone());
    assert_eq!((lane, &merged["properties"]["$distinct_ids"]), (IMPORT, &json!(["a", "b"])));
    assert!(merged["properties"].get("distinct_id").is_none());
    assert_eq!(world.lane(mixpanel::IMPORT, merge, false), Err(Rule::NoEquivalent));
}

#[test]
fn d18_profiles_carry_the_country_and_no_address() {
    let world = Mixpanel::new(&["profile.plan", "profile.n", "profile.roles", "profile.old", "profile.4711"]);
    let update = |operation: Value| {
        let mut update =
            json!({"$token": "sdktoken", "$distinct_id": "user-4711", "$time": 1_795_303_174.9, "$ip": "203.0.113.42"});
        update.as_object_mut().expect("an object").extend(operation.as_object().expect("an object").clone());
        world.sent(mixpanel::ENGAGE, update)
    };
    let (lane, set) = update(json!({"$set": {"plan": "pro", "$email": "ada@example.com"}}));
    assert_eq!(lane, ENGAGE);
    assert_eq!((&set["$token"], &set["$ip"], &set["$time"]), (&json!("vendortoken"), &json!(0), &json!(1_795_303_174)));
    assert_eq!(set["$set"], json!({"plan": "pro", "$country_code": "DE"}));
    assert!(is_uuid(&set["$distinct_id"]));
    assert_eq!(update(json!({"$add": {"n": 2}})).1["$add"], json!({"n": 2}));
    assert_eq!(update(json!({"$set_once": {"plan": "pro"}})).1["$set_once"], json!({"plan": "pro"}));
    assert_eq!(update(json!({"$union": {"roles": ["admin", "dev"]}})).1["$union"], json!({"roles": ["admin", "dev"]}));
    // Amplitude's SDKs send one value bare; Mixpanel takes lists.
    assert_eq!(update(json!({"$union": {"roles": "admin"}})).1["$union"], json!({"roles": ["admin"]}));
    assert_eq!(update(json!({"$append": {"roles": "admin"}})).1["$append"], json!({"roles": "admin"}));
    assert_eq!(update(json!({"$remove": {"roles": "admin"}})).1["$remove"], json!({"roles": "admin"}));
    assert_eq!(update(json!({"$unset": ["old", "secret", "plan"]})).1["$unset"], json!(["old", "plan"]));
    assert_eq!(update(json!({"$delete": ""})).1["$delete"], json!(""));
    let nobody = json!({"$token": "t", "$set": {"plan": "pro"}});
    assert_eq!(
        world.lane(mixpanel::ENGAGE, nobody, true),
        Err(Rule::NoEquivalent),
        "a profile of nobody is no profile"
    );
}

#[test]
fn groups_go_under_their_type_and_pseudonym() {
    let world = Mixpanel::new(&["group.company.seats", "profile.plan"]);
    let (lane, sent) = world.sent(mixpanel::GROUPS, json!({"$token": "t", "$group_key": "company", "$group_id": "org-77", "$set": {"name": "Acme GmbH", "seats": 250}}));
    assert_eq!(lane, GROUPS);
    assert_eq!((&sent["$group_key"], &sent["$set"]), (&json!("company"), &json!({"seats": 250})));
    assert!(is_uuid(&sent["$group_id"]) && sent.get("$distinct_id").is_none());
    let (_, event) = world.sent(mixpanel::TRACK, track(json!({"company": ["org-77", "org-78"]})));
    assert_eq!(
        event["properties"]["company"][0], sent["$group_id"],
        "an event and a profile know the group by the same id"
    );
    assert_eq!(event["properties"]["company"].as_array().map(Vec::len), Some(2));
    let (_, person) = world.sent(
        mixpanel::ENGAGE,
        json!({"$token": "t", "$distinct_id": "u", "$set": {"company": ["org-77"], "plan": "pro"}}),
    );
    assert_eq!(person["$set"]["company"][0], sent["$group_id"]);
}

#[test]
fn a_property_cannot_pose_as_what_we_write_ourselves() {
    let world = Mixpanel::new(&["screen_class", "alias", "nested.token"]);
    let (_, sent) = world.sent(
        mixpanel::TRACK,
        track(
            json!({"screen_class": "mine", "alias": "not an id", "nested": {"token": "deep"}, "$screen_width": 1280}),
        ),
    );
    let properties = &sent["properties"];
    assert_eq!(
        (&properties["property_screen_class"], &properties["property_alias"]),
        (&json!("mine"), &json!("not an id"))
    );
    assert_ne!(properties["screen_class"], "mine");
    assert!(properties.get("alias").is_none());
    assert_eq!(properties["token"], "vendortoken");
}

#[test]
fn d4_what_is_too_old_for_track_is_imported_or_dropped_by_name() {
    let world = Mixpanel::new(&[]);
    let aged = |days: i64| track(json!({"time": NOW.seconds() - days * 86_400}));
    assert_eq!(world.lane(mixpanel::TRACK, aged(1), false), Ok(TRACK));
    assert_eq!(world.lane(mixpanel::TRACK, aged(4), false), Ok(TRACK));
    assert_eq!(world.lane(mixpanel::TRACK, aged(5), false), Err(Rule::TooOld));
    assert_eq!(world.lane(mixpanel::TRACK, aged(5), true), Ok(IMPORT));
    assert_eq!(world.lane(mixpanel::IMPORT, aged(1), true), Ok(IMPORT), "historical: the import is meant");
    assert_eq!(world.lane(mixpanel::IMPORT, aged(1), false), Ok(TRACK));
    assert_eq!(world.lane(mixpanel::IMPORT, aged(365 * 56), true), Err(Rule::TooOld));
}

#[test]
fn what_mixpanel_would_not_take_is_dropped_by_name() {
    let world = Mixpanel::new(&["a", "a.a", "a.a.a", "a.a.a.a", "list", "text", "list.*.x"]);
    assert_eq!(
        world.lane(mixpanel::TRACK, track(json!({"a": {"a": {"a": {"b": 1}}}})), false),
        Ok(TRACK),
        "what release took out is not counted"
    );
    assert_eq!(world.lane(mixpanel::TRACK, track(json!({"a": {"a": {"a": 1}}})), false), Ok(TRACK));
    assert_eq!(world.lane(mixpanel::TRACK, track(json!({"a": {"a": {"a": {"a": [1]}}}})), false), Err(Rule::OverLimit));
    assert_eq!(world.lane(mixpanel::TRACK, track(json!({"list": vec![1; 254]})), false), Ok(TRACK));
    assert_eq!(world.lane(mixpanel::TRACK, track(json!({"list": vec![1; 255]})), false), Err(Rule::OverLimit));
}

#[test]
fn a_request_holds_what_mixpanel_allows_and_says_how_much() {
    let world = Mixpanel::new(&["list"]);
    let events: Vec<_> = (0..500)
        .map(|i| track(json!({"$insert_id": i.to_string(), "list": vec![format!("word {i}").repeat(2); 250]})))
        .collect();
    let mut encoder = world.encoder(false);
    let limits = encoder.limits(TRACK);
    world.released(mixpanel::TRACK, &Value::from(events), |events| {
        let mut rest = events;
        let mut sent = 0;
        while !rest.is_empty() {
            let encoded = encoder.encode(TRACK, rest);
            let count = encoded.count() as usize;
            assert!(encoded.bytes_uncompressed() <= limits.bytes_max && count > 0);
            let list: Value = serde_json::from_slice(&encoded.body()).expect("JSON");
            assert_eq!(list.as_array().map(Vec::len), Some(count));
            sent += count;
            assert!(count == rest.len() || encoded.bytes_uncompressed() > limits.bytes_max / 2, "cut where it is full");
            rest = &rest[count..];
        }
        assert_eq!(sent, 500);
        assert!(encoder.encode(TRACK, events).count() < 500, "the test fills more than one request");
    });
}

#[test]
fn d5_the_same_events_give_the_same_bytes_and_digest() {
    let world = Mixpanel::new(&["plan"]);
    let request = json!([track(json!({"plan": "pro"})), track(json!({"plan": "free", "$insert_id": "def"}))]);
    let encode = |gzip_from_bytes| {
        let setup = DestinationSetup { gzip_from_bytes, ..world.setup(false) };
        let mut encoder = encoder("mixpanel", setup).expect("a setup");
        world.released(mixpanel::TRACK, &request, |events| encoder.encode(TRACK, events))
    };
    let (plain, again, packed) = (encode(None), encode(None), encode(Some(100)));
    assert_eq!((plain.body(), plain.digest()), (again.body(), again.digest()));
    assert_eq!(plain.digest(), packed.digest(), "the digest is of what was said, not of how it was packed");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body()[..]).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.body());
    let header = |encoded: &Encoded, name: &str| {
        encoded.headers().iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone())
    };
    assert_eq!(header(&packed, "Content-Encoding").as_deref(), Some("gzip"));
    assert_eq!(header(&plain, "Content-Encoding"), None);
    assert_eq!(plain.path_and_query(), "/track?verbose=1&ip=0");
    assert_eq!(header(&plain, "Authorization"), None);
}

#[test]
fn an_import_is_authorized_and_nothing_else_is() {
    let world = Mixpanel::new(&[]);
    let mut encoder = world.encoder(true);
    let encoded = world.released(mixpanel::TRACK, &json!([track(json!({}))]), |events| encoder.encode(IMPORT, events));
    assert_eq!(encoded.path_and_query(), "/import?strict=1&project_id=77");
    assert!(encoded.headers().contains(&("Authorization", "Basic c2E6czNjcmV0".to_owned())));
    assert!(!format!("{encoded:?}").contains("c2E6"), "an encoded request shows counts only");
    for lane in [TRACK, ENGAGE, GROUPS] {
        let encoded =
            world.released(mixpanel::TRACK, &json!([track(json!({}))]), |events| encoder.encode(lane, events));
        assert!(!encoded.headers().iter().any(|(name, _)| *name == "Authorization"));
    }
}

#[test]
fn answers_mean_what_mixpanel_documents() {
    let world = Mixpanel::new(&[]);
    let mut encoder = world.encoder(true);
    let request = Value::from((0..3).map(|i| track(json!({"$insert_id": i.to_string()}))).collect::<Vec<_>>());
    let batch = |encoder: &mut Box<dyn Encoder>, lane, count: usize| {
        world.released(mixpanel::TRACK, &request, |events| encoder.encode(lane, &events[..count]))
    };
    let (three, one) = (batch(&mut encoder, TRACK, 3), batch(&mut encoder, TRACK, 1));
    let (import, single) = (batch(&mut encoder, IMPORT, 3), batch(&mut encoder, IMPORT, 1));
    let after = Some(Duration::from_secs(7));
    let partly = r#"{"code":400,"error":"some data points in the request failed validation","status":"Bad Request","num_records_imported":2,"failed_records":[{"index":1,"insert_id":"x","field":"properties.time","message":"'properties.time' is invalid: ada@example.com"}]}"#;
    let foreign = r#"{"code":400,"failed_records":[{"index":9}]}"#;
    let invalid = "refused_as_invalid";
    let cases: Vec<(&Encoded, u16, &str, Verdict)> = vec![
        (&three, 200, r#"{"error":null,"status":1}"#, Verdict::Accepted),
        (&three, 200, "{\"status\": 1, \"error\": null}\n", Verdict::Accepted),
        (&three, 200, "1", Verdict::Accepted),
        (&three, 200, r#"{"error":"bad","status":0}"#, Verdict::Split),
        (&one, 200, r#"{"error":"bad","status":0}"#, Verdict::Reject(invalid)),
        (&one, 200, "0", Verdict::Reject(invalid)),
        (&three, 200, "<html>Welcome to the hotel</html>", Verdict::Retry { after }),
        (&three, 200, "", Verdict::Retry { after }),
        (&import, 200, r#"{"code":200,"num_records_imported":3,"status":"OK"}"#, Verdict::Accepted),
        (&import, 400, partly, Verdict::Partial { rejected: vec![(1, invalid)] }),
        (&import, 400, foreign, Verdict::Split),
        (&import, 400, "{}", Verdict::Split),
        (&single, 400, "", Verdict::Reject(invalid)),
        (&three, 400, "", Verdict::Split),
        (&one, 400, "", Verdict::Reject(invalid)),
        (&three, 401, "", Verdict::Refused("credentials_refused")),
        (&three, 403, "", Verdict::Refused("credentials_refused")),
        (&three, 404, "", Verdict::Refused("endpoint_unknown")),
        (&three, 302, "", Verdict::Refused("redirected")),
        (&three, 413, "", Verdict::Split),
        (&one, 413, "", Verdict::Reject("too_large_for_vendor")),
        (&three, 429, "", Verdict::Retry { after }),
        (&three, 500, "", Verdict::Retry { after }),
        (&three, 503, r#"{"status":1}"#, Verdict::Retry { after }),
    ];
    for (encoded, status, body, expected) in cases {
        assert_eq!(encoder.interpret(encoded, status, after, body.as_bytes()), expected, "{status} {body}");
    }
}

#[test]
fn a_wrong_setup_is_refused_without_showing_it() {
    let world = Mixpanel::new(&[]);
    let make = |token: &str, import: Option<(&str, &str, Option<&str>)>| {
        let import = import.map(|(user, password, project)| ImportCredentials {
            user: Secret::new(user),
            password: Secret::new(password),
            project_id: project.map(str::to_owned),
        });
        encoder("mixpanel", DestinationSetup { token: Secret::new(token), import, ..world.setup(false) }).err()
    };
    assert_eq!(make("t", None), None);
    assert_eq!(make("", None), Some(SetupError::BadToken));
    assert_eq!(make("a\r\nb", None), Some(SetupError::BadToken));
    assert_eq!(make("t", Some(("apisecret", "", None))), None);
    assert_eq!(make("t", Some(("sa", "s", None))), Some(SetupError::BadImportCredentials));
    assert_eq!(make("t", Some(("sa", "s", Some("1&ip=1")))), Some(SetupError::BadImportCredentials));
    assert_eq!(make("t", Some(("sa:x", "s", Some("1")))), Some(SetupError::BadImportCredentials));
    assert_eq!(encoder("nosuch", world.setup(false)).err(), Some(SetupError::UnknownKind));
    let shown = format!("{:?}", world.setup(true));
    assert!(!shown.contains("vendortoken") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn an_endpoint_of_another_region_is_refused() {
    let kind = weir_protocol::destination_kind("mixpanel").expect("it is in the list");
    assert_eq!(kind.endpoint(None), Ok("https://api.mixpanel.com"));
    assert_eq!(kind.endpoint(Some("EU")), Ok("https://api-eu.mixpanel.com"));
    assert_eq!(kind.endpoint(Some("in")), Ok("https://api-in.mixpanel.com"));
    assert_eq!(kind.endpoint(Some("mars")), Err(SetupError::UnknownRegion));
    assert_eq!(kind.check_region(Some("eu"), "api-eu.mixpanel.com"), Ok(()));
    assert_eq!(kind.check_region(Some("eu"), "127.0.0.1"), Ok(()));
    assert_eq!(kind.check_region(None, "api.mixpanel.com"), Ok(()));
    assert_eq!(kind.check_region(Some("eu"), "API.mixpanel.com"), Err(SetupError::RegionMismatch { endpoint: "us" }));
}
