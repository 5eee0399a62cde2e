use proptest::prelude::*;
use weir_event::names::ClassOnly;
use weir_event::{LeafKind, Millis, Names, Operation, ProfileOp, Role, Rule, SubjectKind, limits};

use super::*;
use crate::answer::{FailedEvent, PIXEL_GIF, Situation};
use crate::body::{self, Limits};

struct Case {
    names: SourceNames,
    batch: DraftBatch,
    decoded: Result<Decoded, DecodeError>,
}

fn decode(endpoint: Endpoint, json: &str) -> Case {
    let names = Names::new(Box::new(ClassOnly)).source();
    let options = DecodeOptions::new(["company", "team"], names.names());
    let head = RequestHead { method: "POST", path: "/track", ..RequestHead::default() };
    let mut opened = body::open(&head, json.as_bytes().to_vec(), &Limits::default()).expect("it opens");
    let mut batch = DraftBatch::default();
    let decoded = Mixpanel.decode(endpoint, &head, &mut opened, &names, &options, &mut batch);
    Case { names, batch, decoded }
}

impl Case {
    /// `path=value` of each scalar of a draft.
    fn leaves(&self, draft: usize) -> Vec<String> {
        let scalar = |leaf: &&weir_event::Leaf| leaf.kind.is_scalar();
        let show = |leaf: &weir_event::Leaf| {
            let value =
                if leaf.kind.has_text() { self.batch.str(leaf.text).to_owned() } else { format!("{:?}", leaf.kind) };
            format!("{}={value}", self.names.names().text(leaf.path))
        };
        self.batch.tape(&self.batch.drafts[draft]).iter().filter(scalar).map(show).collect()
    }

    fn ids(&self, draft: usize) -> Vec<(Role, String, &str)> {
        let kind = |kind| match kind {
            SubjectKind::Group(kind) => self.names.names().text(kind).to_owned(),
            other => format!("{other:?}"),
        };
        self.batch.drafts[draft].identities.iter().map(|id| (id.role, kind(id.kind), self.batch.str(id.text))).collect()
    }
}

#[test]
fn d4_times_come_in_seconds_or_milliseconds() {
    for (text, expected) in [
        ("1795303174.219", 1_795_303_174_219),
        ("1795303174", 1_795_303_174_000),
        ("1795303174219", 1_795_303_174_219),
        ("1795303174219.9", 1_795_303_174_219),
        ("1795302942.4323335", 1_795_302_942_432),
        ("1.795303174e9", 1_795_303_174_000),
        ("99999999999", 99_999_999_999_000),
        ("100000000000", 100_000_000_000),
        ("0", 0),
        ("-1.5", -1_500),
    ] {
        assert_eq!(drafting::unix_time(text.as_bytes()), Some(Millis(expected)), "{text}");
    }
    for bad in ["", "now", "1e400", "NaN", "inf", "2026-11-21T10:00:00", "1.2.3"] {
        assert_eq!(drafting::unix_time(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn d6_the_device_prefix_says_the_kind_and_is_taken_off() {
    let case = decode(
        TRACK,
        r#"{"event":"a","properties":{"distinct_id":"$device:d1","$device_id":"d1","$user_id":4711,"token":"t"}}"#,
    );
    assert_eq!(
        case.ids(0),
        [
            (Role::Subject, "Device".into(), "d1"),
            (Role::User, "User".into(), "4711"),
            (Role::Device, "Device".into(), "d1"),
        ]
    );
    assert!(case.leaves(0).is_empty(), "identifiers and tokens never stay on the tape");
}

#[test]
fn ids_that_are_no_ids_are_none() {
    let case = decode(
        TRACK,
        r#"{"event":"a","properties":{"distinct_id":null,"$user_id":"","$device_id":{"a":1},"$insert_id":false,"time":"soon"}}"#,
    );
    assert!(case.ids(0).is_empty());
    let draft = &case.batch.drafts[0];
    assert_eq!((draft.sdk_id.is_none(), draft.client_time, draft.fault), (true, None, None));
    assert!(case.leaves(0).is_empty());
}

#[test]
fn d7_identify_alias_and_merge_name_both_ids() {
    let case = decode(
        TRACK,
        r#"[
        {"event":"$identify","properties":{"distinct_id":"u","$user_id":"u","$anon_distinct_id":"$device:d","$device_id":"d"}},
        {"event":"$identify","properties":{"$identified_id":"u","$anon_id":"d"}},
        {"event":"$create_alias","properties":{"alias":"new","distinct_id":"old","x":1}},
        {"event":"$merge","properties":{"$distinct_ids":["a","b"]}},
        {"event":"$merge","properties":{"$distinct_ids":["a"]}},
        {"event":"$create_alias","properties":{"distinct_id":"old"}},
        {"event":"Renamed","properties":{"alias":"just a property"}}]"#,
    );
    let id = |role, kind: &str, text| (role, kind.to_owned(), text);
    assert_eq!(
        case.ids(0),
        [
            id(Role::Subject, "User", "u"),
            id(Role::User, "User", "u"),
            id(Role::Device, "Device", "d"),
            id(Role::Previous, "Device", "d")
        ]
    );
    assert_eq!(
        case.ids(1),
        [id(Role::Subject, "User", "u"), id(Role::User, "User", "u"), id(Role::Previous, "User", "d")]
    );
    assert_eq!(
        case.ids(2),
        [id(Role::Subject, "User", "old"), id(Role::Previous, "User", "old"), id(Role::Next, "User", "new")]
    );
    assert_eq!(case.leaves(2), ["x=1"]);
    assert_eq!(
        case.ids(3),
        [id(Role::Subject, "User", "a"), id(Role::Previous, "User", "a"), id(Role::Next, "User", "b")]
    );
    let operations: Vec<_> = case.batch.drafts.iter().map(|draft| (draft.operation, draft.fault)).collect();
    assert_eq!(
        operations,
        [
            (Operation::Identify, None),
            (Operation::Identify, None),
            (Operation::Alias, None),
            (Operation::Merge, None),
            (Operation::Merge, Some(Rule::Malformed)),
            (Operation::Alias, Some(Rule::Malformed)),
            (Operation::Track, None),
        ]
    );
    assert_eq!(case.leaves(6), ["alias=just a property"]);
}

#[test]
fn declared_group_keys_become_identities_and_others_stay_properties() {
    let case =
        decode(TRACK, r#"{"event":"a","properties":{"company":["o1",2],"team":"t1","club":["c1"],"company":["o3"]}}"#);
    assert_eq!(case.ids(0), [(Role::Group, "team".into(), "t1"), (Role::Group, "company".into(), "o3")]);
    assert_eq!(case.leaves(0), ["club.*=c1"]);
}

#[test]
fn several_operations_in_one_update_are_several_drafts() {
    let case = decode(
        ENGAGE,
        r#"{"$add":{"n":1},"$set":{"plan":"pro","company":["o1"]},"<top>":1,"$ip":"203.0.113.42","$unset":["a","4711","<b>"],"$delete":"","$distinct_id":"u","$token":"t","$time":1795303174,"$ignore_time":true}"#,
    );
    assert_eq!(case.decoded, Ok(Decoded { events: 1, drafts: 4, faults: 0 }));
    let operations: Vec<_> = case.batch.drafts.iter().map(|draft| draft.operation).collect();
    assert_eq!(
        operations,
        [ProfileOp::Add, ProfileOp::Set, ProfileOp::Unset, ProfileOp::Delete].map(Operation::Profile)
    );
    assert_eq!(case.leaves(0), ["profile.n=1", "context.ip=203.0.113.42"]);
    assert_eq!(case.leaves(1), ["profile.plan=pro", "context.ip=203.0.113.42"]);
    assert_eq!(case.leaves(2), ["profile.a=Null", "profile.*=Null", "context.ip=203.0.113.42"]);
    assert_eq!(case.leaves(3), ["context.ip=203.0.113.42"]);
    assert_eq!(case.ids(1), [(Role::Subject, "User".into(), "u"), (Role::Group, "company".into(), "o1")]);
    assert_eq!(case.ids(0), [(Role::Subject, "User".into(), "u")], "a group belongs to the operation that names it");
    assert!(case.batch.drafts.iter().all(|draft| draft.client_time == Some(Millis(1_795_303_174_000))));
    assert!(case.batch.drafts.iter().all(|draft| case.names.names().text(draft.name) == "$profile"));
    let unnamed: Vec<_> = case.batch.drafts.iter().map(|draft| draft.unnamed).collect();
    assert_eq!(unnamed, [1, 0, 1, 0], "each dropped property counts once: the one at the top with the first operation");
}

#[test]
fn ids_inside_an_operation_leave_the_tape_too() {
    let case = decode(
        ENGAGE,
        r#"{"$set":{"$distinct_id":"x","$user_id":"u2","$device_id":"d2","token":"t","a":1},"$distinct_id":"u"}"#,
    );
    assert_eq!(case.leaves(0), ["profile.a=1"]);
    assert_eq!(
        case.ids(0),
        [(Role::Subject, "User".into(), "u"), (Role::User, "User".into(), "u2"), (Role::Device, "Device".into(), "d2")]
    );
}

#[test]
fn a_group_update_says_whose_it_is_in_any_order() {
    let case = decode(
        GROUPS,
        r#"[{"$set":{"name":"Acme"},"$group_key":"company","$group_id":"o1","$token":"t"},
        {"$group_key":"ada@example.com","$group_id":"o1","$set":{"name":"Acme"}},
        {"$group_id":"o1","$set":{"name":"Acme"}}]"#,
    );
    assert_eq!(case.leaves(0), ["group.company.name=Acme"]);
    assert_eq!(case.ids(0), [(Role::Group, "company".into(), "o1")]);
    assert_eq!(case.batch.drafts[1].fault, Some(Rule::PathUnclean), "a group key is a name");
    assert_eq!(case.batch.drafts[2].fault, Some(Rule::Malformed));
    assert!(case.leaves(1).is_empty() && case.leaves(2).is_empty());
}

#[test]
fn d10_one_bad_event_does_not_fail_its_batch() {
    let long = "x".repeat(limits::ID_BYTES_MAX + 1);
    let deep = "[".repeat(40) + &"]".repeat(40);
    let big = "y".repeat(limits::EVENT_BYTES_MAX);
    let case = decode(
        TRACK,
        &format!(
            r#"[{{"event":"a"}}, 7, "s", [{{}}], {{"properties":{{"b":1}}}}, {{"event":"","properties":{{}}}}, {{"event":"c","properties":[1]}},
        {{"event":"d","properties":{{"distinct_id":"{long}"}}}}, {{"event":"e","properties":{{"x":{deep}}}}}, {{"event":"f","properties":{{"x":"{big}"}}}}, {{"event":"ada@example.com"}}, {{"event":"g","properties":{{"ok":true}}}}]"#
        ),
    );
    let faults: Vec<_> = case.batch.drafts.iter().map(|draft| draft.fault).collect();
    use Rule::{Malformed, OverLimit, TooLarge};
    assert_eq!(
        faults,
        [
            None,
            Some(Malformed),
            Some(Malformed),
            Some(Malformed),
            Some(Malformed),
            Some(Malformed),
            Some(Malformed),
            Some(OverLimit),
            Some(OverLimit),
            Some(TooLarge),
            None,
            None
        ]
    );
    assert_eq!(case.batch.drafts[10].name, weir_event::NameId::UNNAMED, "policy withholds an unclean name");
    assert_eq!(case.leaves(11), ["ok=True"]);
}

#[test]
fn a_body_that_is_no_list_of_events_is_refused_whole() {
    for (body, expected) in [
        ("[{\"event\":\"a\"}", DecodeError::Malformed { at: 14 }),
        ("[{\"event\":\"a\"}]x", DecodeError::Malformed { at: 15 }),
        ("[{\"event\":\"a\",}]", DecodeError::Malformed { at: 14 }),
        ("7", DecodeError::Malformed { at: 0 }),
        ("", DecodeError::NotEvents),
    ] {
        let case = decode(TRACK, body);
        assert_eq!(case.decoded, Err(expected), "{body}");
        assert!(case.batch.drafts.is_empty() && case.batch.text.is_empty());
    }
    let many = format!("[{}]", vec!["{}"; limits::BATCH_EVENTS_MAX + 1].join(","));
    assert_eq!(decode(TRACK, &many).decoded, Err(DecodeError::TooManyEvents { max: limits::BATCH_EVENTS_MAX }));
}

#[test]
fn newline_delimited_events_are_a_list() {
    let case = decode(IMPORT, "{\"event\":\"a\"}\n{\"event\":\"b\"}\r\n\n");
    assert_eq!(case.decoded, Ok(Decoded { events: 2, drafts: 2, faults: 0 }));
    assert!(case.batch.drafts.iter().all(|draft| draft.historical));
}

#[test]
fn the_last_properties_win_with_all_that_they_say() {
    let case = decode(
        TRACK,
        r#"{"event":"a","properties":{"distinct_id":"x","secret":"s","company":"o"},"ip":"203.0.113.42","properties":{"b":1}}"#,
    );
    assert_eq!(case.leaves(0), ["context.ip=203.0.113.42", "b=1"]);
    assert!(case.ids(0).is_empty());
}

#[test]
fn what_stands_at_the_top_of_an_event_is_context() {
    let case = decode(
        TRACK,
        r#"{"event":"a","ip":"203.0.113.42","library":{"name":"posing"},"properties":{"profile":{"email":"e"},"$browser":"Chrome"}}"#,
    );
    assert_eq!(
        case.leaves(0),
        [
            "context.ip=203.0.113.42",
            "context.meta.library.name=posing",
            "\\profile.email=e",
            "context.browser.name=Chrome"
        ]
    );
}

#[test]
fn both_slash_forms_and_no_other_path_are_mixpanels() {
    for (method, path, call) in [
        ("POST", "/track", Call::Ingest(TRACK)),
        ("POST", "/track/", Call::Ingest(TRACK)),
        ("GET", "/engage", Call::Ingest(ENGAGE)),
        ("POST", "/groups/", Call::Ingest(GROUPS)),
        ("POST", "/import", Call::Ingest(IMPORT)),
        ("POST", "/record/", Call::Drop(RECORD, Rule::SessionReplay)),
        ("GET", "/flags/", Call::Auxiliary(FLAGS)),
        ("GET", "/settings", Call::Auxiliary(SETTINGS)),
        ("GET", "/decide", Call::Auxiliary(DECIDE)),
        ("DELETE", "/track", Call::WrongMethod(TRACK)),
        ("GET", "/record", Call::WrongMethod(RECORD)),
        ("POST", "/track//", Call::Unknown),
        ("POST", "/tracker", Call::Unknown),
        ("POST", "/", Call::Unknown),
    ] {
        assert_eq!(Mixpanel.classify(method, path), call, "{method} {path}");
    }
}

fn answer(endpoint: Endpoint, query: &str, body: &str, situation: Situation<'_>) -> (u16, &'static str, String) {
    let head = RequestHead { method: "POST", query, ..RequestHead::default() };
    let opened = body::open(&head, body.as_bytes().to_vec(), &Limits::default()).expect("it opens");
    let answer =
        Mixpanel.answer(&Answering { endpoint, head: &head, opened: Some(&opened), situation, now: Millis(0) });
    (answer.status, answer.content_type, String::from_utf8_lossy(&answer.body).into_owned())
}

#[test]
fn answers_are_what_the_sdks_compare_with() {
    let good = Situation::Accepted { events: 3 };
    let json = "application/json";
    assert_eq!(answer(TRACK, "", "{}", good), (200, "text/plain", "1".into()), "mixpanel-node compares with 1");
    assert_eq!(answer(TRACK, "verbose=1&ip=1", "{}", good), (200, json, r#"{"error":null,"status":1}"#.into()));
    assert_eq!(
        answer(IMPORT, "", "data=%7B%7D&verbose=1", good),
        (200, json, r#"{"error":null,"status":1}"#.into()),
        "mixpanel-python on import"
    );
    assert_eq!(answer(IMPORT, "", "data=%7B%7D", good), (200, "text/plain", "1".into()), "mixpanel-node on import");
    assert_eq!(
        answer(IMPORT, "strict=1", "[]", good),
        (200, json, r#"{"code":200,"num_records_imported":3,"status":"OK"}"#.into())
    );
    assert_eq!(answer(TRACK, "callback=f", "{}", good), (200, "text/javascript", "f(1)".into()));
    assert_eq!(
        answer(TRACK, "callback=alert(1)", "{}", good),
        (200, "text/plain", "1".into()),
        "no script of the caller's"
    );
    assert_eq!(answer(RECORD, "format=gzip", "", good), (200, json, r#"{"code":200,"status":"OK"}"#.into()));
    let pixel = RequestHead { method: "GET", query: "img=1", ..RequestHead::default() };
    let pixel =
        Mixpanel.answer(&Answering { endpoint: TRACK, head: &pixel, opened: None, situation: good, now: Millis(0) });
    assert_eq!((pixel.content_type, &*pixel.body), ("image/gif", PIXEL_GIF));
}

#[test]
fn refusals_have_the_vendors_form() {
    let json = "application/json";
    assert_eq!(answer(TRACK, "", "{}", Situation::BadBody), (400, "text/plain", "0".into()));
    assert_eq!(answer(TRACK, "", "{}", Situation::TimedOut), (408, "text/plain", "0".into()));
    assert_eq!(
        answer(TRACK, "verbose=1", "{}", Situation::BadBody).2,
        r#"{"error":"the body cannot be read as events","status":0}"#
    );
    assert_eq!(
        answer(TRACK, "verbose=1", "{}", Situation::Refused("not in the plan")),
        (200, json, r#"{"error":"not in the plan","status":0}"#.into())
    );
    assert_eq!(
        answer(TRACK, "", "{}", Situation::BadKey),
        (401, json, r#"{"error":"invalid or missing write key","status":0}"#.into())
    );
    assert_eq!(
        answer(IMPORT, "strict=1", "[]", Situation::BadKey),
        (401, json, r#"{"code":401,"error":"invalid or missing write key","status":"Unauthorized"}"#.into())
    );
    assert_eq!(answer(IMPORT, "strict=1", "[]", Situation::TooLarge).0, 413);
    let failed = [FailedEvent { index: 1, message: "malformed" }, FailedEvent { index: 4, message: "over a limit" }];
    let partly = answer(IMPORT, "strict=1", "[]", Situation::AcceptedPartly { events: 3, failed: &failed });
    assert_eq!(partly.0, 400);
    let partly: serde_json::Value = serde_json::from_str(&partly.2).expect("JSON");
    assert_eq!((&partly["num_records_imported"], &partly["failed_records"][1]["index"]), (&3.into(), &4.into()));
    let head = RequestHead::default();
    let overloaded = Situation::Overloaded { retry_after_seconds: 30 };
    let overloaded = Mixpanel.answer(&Answering {
        endpoint: TRACK,
        head: &head,
        opened: None,
        situation: overloaded,
        now: Millis(0),
    });
    assert_eq!((overloaded.status, overloaded.headers), (503, vec![("Retry-After", "30".into())]));
}

#[test]
fn write_keys_are_found_wherever_sdks_put_them() {
    let find = |query: &str, authorization: Option<&str>, body: &str| {
        let head = RequestHead { method: "POST", query, authorization, ..RequestHead::default() };
        let opened = body::open(&head, body.as_bytes().to_vec(), &Limits::default()).expect("it opens");
        Mixpanel.find_write_keys(&head, &opened).iter().map(|key| key.reveal().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        find(
            "",
            None,
            r#"[{"event":"token\"","properties":{"a":"\"token\":\"no\"","token" : "t1"}},{"properties":{"token":"t1"}}]"#
        ),
        ["t1"]
    );
    assert_eq!(find("", None, r#"{"$token":"t2","$set":{"x\"token":"no"}}"#), ["t2"]);
    assert_eq!(find("token=q&api_key=k", Some("Basic dXNlcjpwYXNz"), "{}"), ["q", "user", "pass", "k"]);
    assert_eq!(find("", None, r#"{"token":7}"#), Vec::<String>::new());
    assert_eq!(
        format!("{:?}", {
            let mut keys = Vec::new();
            WriteKey::add(&mut keys, "secret");
            keys
        }),
        "[WriteKey(…)]"
    );
}

proptest! {
    #[test]
    fn any_bytes_decode_without_a_panic(data in proptest::collection::vec(any::<u8>(), 0..200), json in "[\\[\\]{}\",:a-z0-9$_ \\\\]{0,120}") {
        crate::fuzz::fuzz_mixpanel(&data);
        crate::fuzz::fuzz_mixpanel(json.as_bytes());
    }

    #[test]
    fn pieces_of_real_updates_decode_without_a_panic(pieces in proptest::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"event\"", "\"properties\"", "\"$set\"", "\"$unset\"", "\"$group_key\"", "\"company\"", "\"$distinct_ids\"", "\"distinct_id\"",
        "\"$device:\"", "\"$create_alias\"", "\"alias\"", "\"time\"", "1e999", "null", "\"\\ud800\"", "\"4711\"", "\"a\":1", "{\"event\":\"a\",\"properties\":{", "}}"]), 0..40), choice in 0_u8..4) {
        crate::fuzz::fuzz_mixpanel(&[&[choice], pieces.concat().as_bytes()].concat());
    }
}

#[test]
fn a_tape_is_balanced_after_every_rule() {
    let case = decode(
        TRACK,
        r#"{"event":"a","properties":{"x":{"y":[1,{"z":2}]},"x":{"y":[3]},"company":{"a":[1]},"$distinct_ids":{"a":[1]}}}"#,
    );
    let depth = case.batch.tape(&case.batch.drafts[0]).iter().fold(0_i32, |depth, leaf| match leaf.kind {
        LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth + 1,
        LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth - 1,
        _ => depth,
    });
    assert_eq!(depth, 0);
    assert_eq!(case.leaves(0), ["x.y.*=3"]);
}
