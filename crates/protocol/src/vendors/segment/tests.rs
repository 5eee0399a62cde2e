use proptest::prelude::*;
use weir_event::names::ClassOnly;
use weir_event::{LeafKind, Millis, Names, Operation, ProfileOp, Rule, SubjectKind, limits};

use super::*;
use crate::answer::{PIXEL_GIF, Situation};
use crate::body::{self, Limits};
use crate::vendors::rudderstack::RudderStack;

pub(in crate::vendors) struct Case {
    names: SourceNames,
    pub(in crate::vendors) batch: DraftBatch,
    pub(in crate::vendors) decoded: Result<Decoded, DecodeError>,
}

pub(in crate::vendors) fn request(protocol: &dyn Protocol, head: &RequestHead<'_>, body: &[u8]) -> Case {
    let Call::Ingest(endpoint) = protocol.classify(head.method, head.path) else {
        panic!("{} takes events", head.path)
    };
    let names = Names::new(Box::new(ClassOnly)).source();
    let options = DecodeOptions::new(["company"], names.names());
    let mut opened = protocol.open(endpoint, head, body.to_vec(), &Limits::default()).expect("it opens");
    let mut batch = DraftBatch::default();
    let decoded = protocol.decode(endpoint, head, &mut opened, &names, &options, &mut batch);
    Case { names, batch, decoded }
}

fn decode(path: &str, json: &str) -> Case {
    request(&Segment, &RequestHead { method: "POST", path, ..RequestHead::default() }, json.as_bytes())
}

impl Case {
    /// `path=value` of each scalar of a draft.
    pub(in crate::vendors) fn leaves(&self, draft: usize) -> Vec<String> {
        let scalar = |leaf: &&weir_event::Leaf| leaf.kind.is_scalar();
        let show = |leaf: &weir_event::Leaf| {
            let value =
                if leaf.kind.has_text() { self.batch.str(leaf.text).to_owned() } else { format!("{:?}", leaf.kind) };
            format!("{}={value}", self.names.names().text(leaf.path))
        };
        self.batch.tape(&self.batch.drafts[draft]).iter().filter(scalar).map(show).collect()
    }

    /// `Role Kind text` of each id of a draft.
    pub(in crate::vendors) fn ids(&self, draft: usize) -> Vec<String> {
        let kind = |kind| match kind {
            SubjectKind::Group(kind) => self.names.names().text(kind).to_owned(),
            other => format!("{other:?}"),
        };
        let ids = &self.batch.drafts[draft].identities;
        ids.iter().map(|id| format!("{:?} {} {}", id.role, kind(id.kind), self.batch.str(id.text))).collect()
    }

    pub(in crate::vendors) fn operations(&self) -> Vec<(Operation, Option<Rule>)> {
        self.batch.drafts.iter().map(|draft| (draft.operation, draft.fault)).collect()
    }
}

const SET: Operation = Operation::Profile(ProfileOp::Set);
const GROUP_SET: Operation = Operation::Group(ProfileOp::Set);

#[test]
fn every_path_of_segment_is_known_with_and_without_its_version() {
    for (method, path, call) in [
        ("POST", "/v1/track", Call::Ingest(EVENT)),
        ("POST", "/v1/t", Call::Ingest(EVENT)),
        ("POST", "/t", Call::Ingest(EVENT)),
        ("POST", "/v1/identify/", Call::Ingest(EVENT)),
        ("POST", "/v1/i", Call::Ingest(EVENT)),
        ("POST", "/v1/page", Call::Ingest(EVENT)),
        ("POST", "/v1/p", Call::Ingest(EVENT)),
        ("POST", "/v1/screen", Call::Ingest(EVENT)),
        ("POST", "/v1/s", Call::Ingest(EVENT)),
        ("POST", "/v1/group", Call::Ingest(EVENT)),
        ("POST", "/v1/g", Call::Ingest(EVENT)),
        ("POST", "/v1/alias", Call::Ingest(EVENT)),
        ("POST", "/v1/a", Call::Ingest(EVENT)),
        ("POST", "/v1/batch", Call::Ingest(BATCH)),
        ("POST", "/v1/b", Call::Ingest(BATCH)),
        ("POST", "/batch", Call::Ingest(BATCH)),
        ("POST", "/v1/import", Call::Ingest(IMPORT)),
        ("GET", "/v1/pixel/track", Call::Ingest(PIXEL)),
        ("GET", "/v1/pixel/page", Call::Ingest(PIXEL)),
        ("POST", "/v1/m", Call::Auxiliary(METRICS)),
        ("GET", "/v1/projects/wk/settings", Call::Auxiliary(SETTINGS)),
        ("GET", "/projects/wk/settings", Call::Auxiliary(SETTINGS)),
        ("GET", "/v1/track", Call::WrongMethod(EVENT)),
        ("POST", "/v1/pixel/track", Call::WrongMethod(PIXEL)),
        ("POST", "/v1/projects/wk/settings", Call::WrongMethod(SETTINGS)),
        ("POST", "/v1/merge", Call::Unknown),
        ("GET", "/analytics.js/v1/wk/analytics.min.js", Call::Unknown),
        ("POST", "/v1/pixel/other", Call::Unknown),
        ("POST", "/", Call::Unknown),
    ] {
        assert_eq!(Segment.classify(method, path), call, "{method} {path}");
    }
}

#[test]
fn the_type_is_that_of_the_path_else_that_of_the_message() {
    let case = decode("/v1/p", r#"{"type":"track","event":"no","userId":"u"}"#);
    assert_eq!(case.operations(), [(Operation::Page, None)]);
    let case = decode(
        "/v1/batch",
        r#"{"batch":[{"type":"track","event":"a"},{"type":"screen"},{"event":"b"},{"type":"t","event":"c"},{"type":7},{"type":"merge"}, 5, null]}"#,
    );
    let bad = (Operation::Track, Some(Rule::Malformed));
    assert_eq!(case.operations(), [(Operation::Track, None), (Operation::Screen, None), bad, bad, bad, bad, bad, bad]);
    assert_eq!(case.decoded.map(|d| (d.events, d.drafts, d.faults)), Ok((8, 8, 6)));
}

#[test]
fn d6_a_user_is_the_subject_and_the_device_stands_beside_it() {
    let both = decode("/v1/t", r#"{"event":"a","userId":4711,"anonymousId":"d"}"#);
    assert_eq!(both.ids(0), ["Subject User 4711", "User User 4711", "Device Device d"]);
    let device = decode("/v1/t", r#"{"event":"a","userId":"","anonymousId":"d","context":{"device":{"id":"idfv"}}}"#);
    assert_eq!(device.ids(0), ["Subject Device d"]);
    assert!(device.leaves(0).is_empty(), "a device's id is no property");
    let only =
        decode("/v1/t", r#"{"event":"a","userId":null,"context":{"device":{"id":"idfv","model":"x","token":"push"}}}"#);
    assert_eq!(only.ids(0), ["Subject Device idfv"]);
    assert_eq!(only.leaves(0), ["context.device.model=x"]);
    let nobody = decode("/v1/t", r#"{"event":"a","userId":{"a":1},"anonymousId":[1]}"#);
    assert_eq!((nobody.ids(0).len(), nobody.operations()), (0, vec![(Operation::Track, None)]));
}

#[test]
fn d7_identify_links_where_it_names_both_ids() {
    let both = decode(
        "/v1/i",
        r#"{"traits":{"plan":"pro"},"userId":"u","anonymousId":"d","context":{"locale":"de"},"messageId":"m"}"#,
    );
    assert_eq!(both.operations(), [(Operation::Identify, None), (SET, None)]);
    assert_eq!(both.ids(0), ["Subject User u", "User User u", "Device Device d", "Previous Device d"]);
    assert_eq!(
        (both.leaves(0), both.leaves(1)),
        (vec!["context.locale=de".to_owned()], vec!["profile.plan=pro".into()])
    );
    let ids: Vec<_> = both.batch.drafts.iter().map(|draft| draft.sdk_id.map(|id| both.batch.str(id))).collect();
    assert_eq!(ids, [Some("m"), Some("m")], "two drafts of one message bear its id and are of different kinds (D5)");
    let bare = decode("/v1/i", r#"{"userId":"u","anonymousId":"d","traits":{}}"#);
    assert_eq!(bare.operations(), [(Operation::Identify, None)]);
    let user = decode("/v1/i", r#"{"userId":"u","context":{"locale":"de"},"traits":{"plan":"pro"}}"#);
    assert_eq!(user.operations(), [(SET, None)]);
    assert_eq!(user.leaves(0), ["profile.plan=pro", "context.locale=de"]);
}

#[test]
fn traits_of_an_identify_come_from_both_places_and_its_own_win() {
    for json in [
        r#"{"traits":{"a":2,"b":2},"context":{"traits":{"a":1,"c":1}},"userId":"u"}"#,
        r#"{"context":{"traits":{"a":1,"c":1}},"userId":"u","traits":{"a":2,"b":2}}"#,
    ] {
        let mut leaves = decode("/v1/identify", json).leaves(0);
        leaves.sort();
        assert_eq!(leaves, ["profile.a=2", "profile.b=2", "profile.c=1"]);
    }
    let rudder = decode("/v1/i", r#"{"userId":"u","context":{"traits":{"email":"e","anonymousId":"d"}}}"#);
    assert_eq!(rudder.leaves(0), ["profile.email=e"]);
}

#[test]
fn traits_beside_an_event_stay_with_it() {
    let case =
        decode("/v1/t", r#"{"event":"a","context":{"traits":{"plan":"pro"}},"properties":{"plan":"x"},"userId":"u"}"#);
    assert_eq!(case.operations(), [(Operation::Track, None)]);
    assert_eq!(case.leaves(0), ["plan=x", "profile.plan=pro"]);
}

#[test]
fn a_group_is_joined_and_described() {
    let case = decode("/v1/g", r#"{"traits":{"name":"Acme"},"groupId":"o","userId":"u","context":{"traits":{"x":1}}}"#);
    assert_eq!(case.operations(), [(Operation::Join, None), (GROUP_SET, None)]);
    assert_eq!(case.ids(1), ["Subject User u", "Group company o"]);
    assert_eq!(
        (case.leaves(0), case.leaves(1)),
        (vec!["profile.x=1".to_owned()], vec!["group.company.name=Acme".into()])
    );
    assert_eq!(decode("/v1/g", r#"{"groupId":7,"anonymousId":"d"}"#).operations(), [(Operation::Join, None)]);
    assert_eq!(decode("/v1/g", r#"{"groupId":"o","traits":{"a":1}}"#).operations(), [(GROUP_SET, None)]);
    assert_eq!(
        decode("/v1/g", r#"{"userId":"u","traits":{"a":1}}"#).operations(),
        [(Operation::Join, Some(Rule::Malformed))]
    );
}

#[test]
fn without_a_group_key_groups_are_of_the_type_group() {
    let names = Names::new(Box::new(ClassOnly)).source();
    let options = DecodeOptions::new([], names.names());
    let head = RequestHead { method: "POST", path: "/v1/g", ..RequestHead::default() };
    let mut batch = DraftBatch::default();
    let mut opened =
        body::open(&head, br#"{"groupId":"o","traits":{"a":1}}"#.to_vec(), &Limits::default()).expect("opens");
    Segment.decode(EVENT, &head, &mut opened, &names, &options, &mut batch).expect("decodes");
    let case = Case { names, batch, decoded: Ok(Decoded::default()) };
    assert_eq!((case.ids(0), case.leaves(0)), (vec!["Group group o".to_owned()], vec!["group.group.a=1".to_owned()]));
}

#[test]
fn the_group_of_an_event_is_an_id() {
    let case = decode("/v1/t", r#"{"event":"a","userId":"u","context":{"groupId":"o"}}"#);
    assert_eq!(case.ids(0), ["Subject User u", "Group company o"]);
    assert!(case.leaves(0).is_empty());
}

#[test]
fn d7_an_alias_names_the_id_before_and_the_id_after() {
    let case = decode(
        "/v1/b",
        r#"{"batch":[{"type":"alias","userId":"u","previousId":"old"},
        {"type":"alias","userId":"u","previousId":"d","anonymousId":"d"},
        {"type":"alias","userId":"u","anonymousId":"d"},
        {"type":"alias","userId":"u"},{"type":"alias","previousId":"old"}]}"#,
    );
    assert_eq!(case.ids(0), ["Subject User u", "Previous User old", "Next User u"]);
    assert_eq!(case.ids(1), ["Subject User u", "User User u", "Device Device d", "Previous Device d", "Next User u"]);
    assert_eq!(case.ids(2), case.ids(1));
    let bad = (Operation::Alias, Some(Rule::Malformed));
    assert_eq!(case.operations()[3..], [bad, bad]);
}

#[test]
fn a_page_has_its_name_once_and_its_url_as_context() {
    let browser = decode(
        "/v1/p",
        r#"{"properties":{"name":"N","url":"u2","x":1},"name":"N","category":"C","context":{"page":{"url":"u1","title":"t"}}}"#,
    );
    assert_eq!(
        browser.leaves(0),
        ["name=N", "context.page.url=u2", "x=1", "context.page.title=t", "category=C"],
        "the page's own word wins"
    );
    let track = decode("/v1/t", r#"{"event":"e","properties":{"url":"u2"},"name":"N"}"#);
    assert_eq!(track.leaves(0), ["url=u2"]);
}

#[test]
fn d4_times_are_the_clients_own() {
    let case = decode(
        "/v1/batch",
        r#"{"batch":[{"type":"track","event":"a","timestamp":"2026-11-21T10:00:00.000+00:00"},
        {"type":"track","event":"a","originalTimestamp":"2026-11-21T11:00:00Z","sentAt":"2026-11-21T12:00:01Z"},
        {"type":"track","event":"a","timestamp":"2026-11-21T09:00:00Z","originalTimestamp":"2026-11-21T11:00:00Z"},
        {"type":"track","event":"a","timestamp":{"a":1}}],"timestamp":"2026-11-21T12:00:00Z","sentAt":"2026-11-21T12:00:00Z"}"#,
    );
    let hour = |h: i64| Millis(1_795_219_200_000 + h * 3_600_000);
    let times: Vec<_> = case.batch.drafts.iter().map(|draft| (draft.client_time, draft.sent_at)).collect();
    assert_eq!(
        times,
        [
            (Some(hour(10)), Some(hour(12))),
            (Some(hour(11)), Some(hour(12).plus(1_000))),
            (Some(hour(9)), Some(hour(12))),
            (None, Some(hour(12)))
        ]
    );
    assert!(!case.batch.drafts[0].historical);
    let import = decode("/v1/import", r#"{"batch":[{"type":"track","event":"a"}]}"#);
    assert!(import.batch.drafts[0].historical);
}

#[test]
fn what_stands_beside_a_batch_holds_for_each_message_that_says_nothing_else() {
    for (before, after) in [
        (
            r#""context":{"locale":"de","app":{"name":"A","version":"1"},"traits":{"p":1}},"integrations":{"All":false},"#,
            "",
        ),
        (
            "",
            r#","context":{"locale":"de","app":{"name":"A","version":"1"},"traits":{"p":1}},"integrations":{"All":false}"#,
        ),
    ] {
        let json = format!(
            r#"{{{before}"batch":[{{"type":"track","event":"a","properties":{{"x":[1]}},"context":{{"locale":"fr"}}}},{{"type":"identify","userId":"u","traits":{{"p":2}},"integrations":{{"S":true}}}}]{after}}}"#
        );
        let case = decode("/v1/batch", &json);
        assert_eq!(
            case.leaves(0),
            [
                "x.*=1",
                "context.locale=fr",
                "context.app.name=A",
                "context.app.version=1",
                "profile.p=1",
                "context.meta.integrations.All=False"
            ]
        );
        assert_eq!(
            case.leaves(1),
            [
                "profile.p=2",
                "context.meta.integrations.S=True",
                "context.locale=de",
                "context.app.name=A",
                "context.app.version=1"
            ]
        );
        assert_eq!(case.decoded.map(|d| (d.events, d.drafts)), Ok((2, 2)));
    }
}

#[test]
fn what_stands_beside_a_batch_is_small_or_left_out() {
    let many: String = (0..200).map(|i| format!("\"k{i}\":1,")).collect();
    let json =
        format!(r#"{{"context":{{{many}"z":1}},"batch":[{{"type":"track","event":"a","properties":{{"x":1}}}}]}}"#);
    let case = decode("/v1/batch", &json);
    assert_eq!((case.leaves(0), case.batch.drafts[0].unnamed), (vec!["x=1".to_owned()], 1));
}

#[test]
fn keys_come_in_any_order_and_twice() {
    let case = decode(
        "/v1/batch",
        r#"{"batch":[{"messageId":"m1","properties":{"a":1},"context":{"page":{"title":"1"},"locale":"x"},"properties":{"b":2},
        "context":{"page":{"path":"/1"},"page":{"title":"2"}},"event":"e","event":"f","type":"track","userId":"u","userId":"v","messageId":"m2"}]}"#,
    );
    assert_eq!(case.leaves(0), ["b=2", "context.page.title=2"]);
    assert_eq!(case.ids(0), ["Subject User v"]);
    let draft = &case.batch.drafts[0];
    assert_eq!((case.batch.str(draft.name_text), draft.sdk_id.map(|id| case.batch.str(id))), ("f", Some("m2")));
}

#[test]
fn any_json_may_stand_anywhere() {
    for value in ["null", "true", "7", "\"x\"", "[]", "{}", "[{\"a\":[1]}]", "{\"a\":{\"b\":null}}"] {
        for key in [
            "type",
            "event",
            "userId",
            "anonymousId",
            "previousId",
            "groupId",
            "messageId",
            "timestamp",
            "sentAt",
            "properties",
            "context",
            "traits",
            "integrations",
            "name",
            "category",
            "mergeProperties",
            "_metadata",
            "writeKey",
        ] {
            for kind in ["track", "identify", "group", "page", "alias", "merge"] {
                for protocol in [&Segment as &dyn Protocol, &RudderStack] {
                    let json = format!(
                        r#"{{"batch":[{{"type":"{kind}","{key}":{value}}},{{"type":"track","event":"next"}}]}}"#
                    );
                    let head = RequestHead { method: "POST", path: "/v1/batch", ..RequestHead::default() };
                    let case = request(protocol, &head, json.as_bytes());
                    let decoded = case.decoded.unwrap_or_else(|error| panic!("{json}: {error}"));
                    assert_eq!(decoded.events, 2, "{json}");
                    let last = case.batch.drafts.last().expect("a draft");
                    assert_eq!((case.batch.str(last.name_text), last.fault), ("next", None), "{json}");
                }
            }
        }
        for key in names::CONTEXT.iter().map(|(key, _)| *key).chain(["traits", "groupId", "consent", "x"]) {
            let case = decode("/v1/t", &format!(r#"{{"event":"e","context":{{"{key}":{value}}},"userId":"u"}}"#));
            assert_eq!(case.operations(), [(Operation::Track, None)], "{key} {value}");
        }
    }
}

#[test]
fn a_body_that_is_no_batch_is_refused() {
    for (path, json) in [
        ("/v1/batch", "{}"),
        ("/v1/batch", r#"{"batch":{}}"#),
        ("/v1/batch", r#"{"batch":[],"batch":[]}"#),
        ("/v1/batch", ""),
        ("/v1/batch", r#"{"batch":[{"type":"track"}"#),
        ("/v1/batch", r#"{"batch":[]}x"#),
        ("/v1/t", ""),
        ("/v1/t", "x"),
        ("/v1/t", r#"{"event":"a"} ["#),
    ] {
        let case = decode(path, json);
        assert!(case.decoded.is_err(), "{path} {json}");
        assert!(case.batch.drafts.is_empty() && case.batch.text.is_empty());
    }
    assert_eq!(decode("/v1/batch", r#"{"batch":[]}"#).decoded.map(|d| d.events), Ok(0));
    assert_eq!(decode("/v1/batch", r#"[{"type":"track","event":"a"}]"#).operations(), [(Operation::Track, None)]);
    let many = format!(r#"{{"batch":[{}1]}}"#, "1,".repeat(limits::BATCH_EVENTS_MAX));
    assert_eq!(
        decode("/v1/batch", &many).decoded.map(|d| d.events),
        Err(DecodeError::TooManyEvents { max: limits::BATCH_EVENTS_MAX })
    );
}

#[test]
fn an_event_over_a_limit_is_held_and_its_neighbours_go_on() {
    let long = "x".repeat(limits::ID_BYTES_MAX + 1);
    let wide: String = (0..=limits::EVENT_LEAVES_MAX).map(|i| format!("\"k{i}\":1,")).collect();
    let json = format!(
        r#"{{"batch":[{{"type":"track","event":"a","userId":"{long}"}},{{"type":"identify","userId":"u","anonymousId":"d","traits":{{{wide}"z":1}}}},{{"type":"track","event":"b"}}]}}"#
    );
    let case = decode("/v1/batch", &json);
    let over = Some(Rule::OverLimit);
    assert_eq!(
        case.operations(),
        [(Operation::Track, over), (Operation::Identify, None), (SET, over), (Operation::Track, None)]
    );
    assert!(case.leaves(2).is_empty());
}

#[test]
fn a_write_key_is_found_in_every_place() {
    let opened =
        |json: &str| body::open(&RequestHead::default(), json.as_bytes().to_vec(), &Limits::default()).expect("opens");
    let keys = |head: &RequestHead<'_>, json: &str| -> Vec<String> {
        Segment.find_write_keys(head, &opened(json)).iter().map(|key| key.reveal().to_owned()).collect()
    };
    let basic = RequestHead { authorization: Some("Basic d2tfdGVzdDo="), ..RequestHead::default() };
    assert_eq!(keys(&basic, r#"{"writeKey": "other"}"#), ["wk_test", "other"]);
    let bearer = RequestHead { authorization: Some("Bearer abc"), ..RequestHead::default() };
    assert_eq!(keys(&bearer, r#"{"batch":[{"properties":{"a\"writeKey":"no"}}],"writeKey":"wk"}"#), ["wk"]);
    let settings = RequestHead { path: "/v1/projects/wk/settings", ..RequestHead::default() };
    assert_eq!(keys(&settings, ""), ["wk"]);
    assert!(keys(&RequestHead::default(), r#"{"writeKey":7}"#).is_empty());
}

fn answer(path: &str, endpoint: Endpoint, situation: Situation<'_>) -> Answer {
    let head = RequestHead { path, ..RequestHead::default() };
    Segment.answer(&Answering { endpoint, head: &head, opened: None, situation, now: Millis(0) })
}

#[test]
fn answers_are_those_that_the_sdks_act_upon() {
    let text = |answer: &Answer| String::from_utf8_lossy(&answer.body).into_owned();
    let good = answer("/v1/batch", BATCH, Situation::Accepted { events: 3 });
    assert_eq!((good.status, text(&good).as_str()), (200, r#"{"success":true}"#));
    let pixel = answer("/v1/pixel/track", PIXEL, Situation::Accepted { events: 1 });
    assert_eq!((pixel.status, pixel.content_type, pixel.body.as_ref()), (200, "image/gif", PIXEL_GIF));
    for (situation, status) in [
        (Situation::BadBody, 400),
        (Situation::BadKey, 401),
        (Situation::TooLarge, 413),
        (Situation::UnsupportedEncoding, 415),
        (Situation::TimedOut, 408),
        (Situation::TooManyRequests { retry_after_seconds: 7 }, 429),
        (Situation::Overloaded { retry_after_seconds: 7 }, 503),
    ] {
        let answer = answer("/v1/batch", BATCH, situation);
        assert_eq!(answer.status, status);
        assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).expect("JSON")["success"] == false);
        let retry = answer.headers.iter().find(|(name, _)| *name == "Retry-After").map(|(_, value)| value.as_ref());
        assert_eq!(retry, matches!(status, 429 | 503).then_some("7"));
    }
}

#[test]
fn d17_the_settings_switch_everything_off() {
    let head = RequestHead::default();
    let opened = Opened::default();
    let call = |endpoint, write_key| {
        Segment.auxiliary(&Auxiliary {
            endpoint,
            head: &head,
            opened: &opened,
            write_key,
            blocked: &[],
            now: Millis(0),
        })
    };
    let settings = call(SETTINGS, Some("k\"</script>"));
    let json: serde_json::Value = serde_json::from_slice(&settings.body).expect("JSON");
    assert_eq!(json["integrations"].as_object().map(serde_json::Map::len), Some(1), "no destination in the browser");
    assert_eq!(json["integrations"]["Segment.io"]["apiKey"], "k\"</script>");
    assert!(!String::from_utf8_lossy(&settings.body).contains('<'));
    assert_eq!(
        (&json["remotePlugins"], &json["metrics"]["sampleRate"]),
        (&serde_json::json!([]), &serde_json::json!(0))
    );
    assert_eq!(call(SETTINGS, None).status, 404);
    assert_eq!(call(METRICS, None).status, 200);
}

#[test]
fn the_settings_tell_the_browser_what_no_destination_takes() {
    let head = RequestHead::default();
    let blocked = ["Order \"Completed\"".to_owned(), "__default".to_owned()];
    let (opened, write_key) = (Opened::default(), Some("k"));
    let call =
        Auxiliary { endpoint: SETTINGS, head: &head, opened: &opened, write_key, blocked: &blocked, now: Millis(0) };
    let json: serde_json::Value = serde_json::from_slice(&Segment.auxiliary(&call).body).expect("JSON");
    let track = &json["plan"]["track"];
    assert_eq!(track["Order \"Completed\""]["enabled"], false);
    assert_eq!(track["__default"]["enabled"], true, "a rule cannot switch everything off by this");
    assert_eq!(track.as_object().map(serde_json::Map::len), Some(2));
}

proptest! {
    #[test]
    fn any_bytes_decode_or_are_refused(data in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,a-z0-9 _$.-]{0,160}") {
        crate::fuzz::fuzz_segment(&data);
        crate::fuzz::fuzz_rudderstack(&data);
        for choice in 0..16_u8 {
            crate::fuzz::fuzz_segment(&[&[choice], text.as_bytes()].concat());
            crate::fuzz::fuzz_rudderstack(&[&[choice], text.as_bytes()].concat());
        }
    }

    /// A message is what its keys say, in whatever order.
    #[test]
    fn the_order_of_keys_means_nothing(seed in any::<prop::sample::Index>(), order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let kinds = ["track", "identify", "group", "page", "alias"];
        let kind = kinds[seed.index(kinds.len())];
        let keys = [
            format!(r#""type":"{kind}""#), r#""event":"e""#.into(), r#""userId":"u""#.into(), r#""anonymousId":"d""#.into(),
            r#""properties":{"url":"x"}"#.into(), r#""traits":{"a":1}"#.into(),
            r#""context":{"traits":{"b":2},"page":{"url":"y"}}"#.into(), r#""groupId":"g""#.into(),
        ];
        let json = |order: &[usize]| {
            let fields: Vec<_> = order.iter().map(|i| keys[*i].as_str()).collect();
            format!(r#"{{"batch":[{{{}}}]}}"#, fields.join(","))
        };
        let show = |case: &Case| -> Vec<_> {
            (0..case.batch.drafts.len()).map(|i| {
                let (mut leaves, ids) = (case.leaves(i), case.ids(i));
                leaves.sort();
                (case.operations()[i], leaves, ids)
            }).collect()
        };
        let (one, other) = (decode("/v1/b", &json(&(0..8).collect::<Vec<_>>())), decode("/v1/b", &json(&order)));
        prop_assert_eq!(show(&one), show(&other));
    }
}

#[test]
fn a_nested_value_that_is_empty_is_kept_as_it_is() {
    let case = decode("/v1/t", r#"{"event":"e","properties":{"a":{},"b":[]}}"#);
    let kinds: Vec<_> = case.batch.tape(&case.batch.drafts[0]).iter().map(|leaf| leaf.kind).collect();
    assert_eq!(kinds, [LeafKind::ObjectBegin, LeafKind::ObjectEnd, LeafKind::ArrayBegin, LeafKind::ArrayEnd]);
}
