use proptest::prelude::*;
use weir_event::names::ClassOnly;
use weir_event::{LeafKind, Millis, Names, Operation, ProfileOp, Role, SubjectKind, limits};

use super::*;
use crate::answer::{FailedEvent, Situation};
use crate::body::{self, Limits};

struct Case {
    names: SourceNames,
    batch: DraftBatch,
    decoded: Result<Decoded, DecodeError>,
    opened: Opened,
}

fn decode(endpoint: Endpoint, body: &str) -> Case {
    let head = RequestHead { method: "POST", path: "/2/httpapi", ..RequestHead::default() };
    decode_request(endpoint, &head, body.as_bytes())
}

fn decode_request(endpoint: Endpoint, head: &RequestHead<'_>, body: &[u8]) -> Case {
    let names = Names::new(Box::new(ClassOnly)).source();
    let options = DecodeOptions::new(["company", "team"], names.names());
    let mut opened = body::open(head, body.to_vec(), &Limits::default()).expect("it opens");
    let mut batch = DraftBatch::default();
    let decoded = Amplitude.decode(endpoint, head, &mut opened, &names, &options, &mut batch);
    Case { names, batch, decoded, opened }
}

/// Events in an envelope.
fn events(list: &str) -> Case {
    decode(HTTP_V2, &format!(r#"{{"api_key":"k","events":{list},"options":{{}}}}"#))
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

    fn operations(&self) -> Vec<(Operation, Option<Rule>)> {
        self.batch.drafts.iter().map(|draft| (draft.operation, draft.fault)).collect()
    }
}

const PROFILE_SET: Operation = Operation::Profile(ProfileOp::Set);
const GROUP_SET: Operation = Operation::Group(ProfileOp::Set);

fn id(role: Role, kind: &str, text: &'static str) -> (Role, String, &'static str) {
    (role, kind.to_owned(), text)
}

#[test]
fn paths_are_amplitudes_own_on_the_bare_host() {
    for (path, expected) in [
        ("/2/httpapi", Call::Ingest(HTTP_V2)),
        ("/2/httpapi/", Call::Ingest(HTTP_V2)),
        ("/batch", Call::Ingest(BATCH)),
        ("/identify", Call::Ingest(IDENTIFY)),
        ("/groupidentify", Call::Ingest(GROUP_IDENTIFY)),
        ("/", Call::Ingest(LEGACY)),
        ("", Call::Ingest(LEGACY)),
        ("/httpapi", Call::Ingest(LEGACY)),
        ("/v1/capture", Call::Drop(DIAGNOSTICS, Rule::NotCarried)),
        ("/sessions/v2/track", Call::Drop(REPLAY, Rule::SessionReplay)),
        ("/config/k", Call::WrongMethod(CONFIG)),
        ("/sdk/v2/vardata", Call::Auxiliary(VARIANTS)),
        ("/collect", Call::Unknown),
        ("/amplitude/2/httpapi", Call::Unknown),
        ("/x/config/k", Call::Unknown),
        ("/config/", Call::Unknown),
    ] {
        assert_eq!(Amplitude.classify("POST", path), expected, "{path}");
    }
    for (path, expected) in [
        ("/config/k", Call::Auxiliary(CONFIG)),
        ("/config/k%00", Call::Unknown),
        ("/identify", Call::Ingest(IDENTIFY)),
        ("/2/httpapi", Call::WrongMethod(HTTP_V2)),
        ("/", Call::Unknown),
        ("/sdk/v2/flags", Call::Auxiliary(FLAGS)),
    ] {
        assert_eq!(Amplitude.classify("GET", path), expected, "{path}");
    }
}

#[test]
fn below_a_source_any_path_may_be_the_server_url() {
    for (method, path, expected) in [
        ("POST", "/2/httpapi", Call::Ingest(HTTP_V2)),
        ("POST", "/amplitude/2/httpapi", Call::Ingest(HTTP_V2)),
        ("POST", "/a/b/batch", Call::Ingest(BATCH)),
        ("POST", "/collect", Call::Ingest(LEGACY)),
        ("POST", "/", Call::Ingest(LEGACY)),
        ("GET", "/amplitude/config/k", Call::Auxiliary(CONFIG)),
        ("GET", "/collect", Call::Unknown),
        ("GET", "/", Call::Unknown),
        ("PUT", "/collect", Call::Unknown),
        ("GET", "/a/2/httpapi", Call::WrongMethod(HTTP_V2)),
    ] {
        assert_eq!(Amplitude.classify_named(method, path), expected, "{method} {path}");
    }
}

#[test]
fn the_write_key_is_found_wherever_a_call_has_it() {
    let keys = |head: RequestHead<'_>, body: &str| -> Vec<String> {
        let opened = body::open(&head, body.as_bytes().to_vec(), &Limits::default()).expect("it opens");
        Amplitude.find_write_keys(&head, &opened).iter().map(|key| key.reveal().to_owned()).collect()
    };
    let post = RequestHead { method: "POST", path: "/2/httpapi", ..RequestHead::default() };
    assert_eq!(keys(post, r#"{"api_key":"k1","events":[]}"#), ["k1"]);
    assert_eq!(keys(post, r#"{"events":[{"event_type":"a"}], "api_key" : "k1"}"#), ["k1"]);
    assert_eq!(keys(post, "checksum=0&client=k2&e=%5B%5D&upload_time=1&v=2"), ["k2"]);
    assert_eq!(keys(post, "api_key=k3&identification=%7B%7D"), ["k3"]);
    assert_eq!(keys(RequestHead { query: "api_key=k4&identification=%7B%7D", ..post }, ""), ["k4"]);
    assert_eq!(
        keys(RequestHead { method: "GET", path: "/config/k5", query: "config_group=browser", ..post }, ""),
        ["k5"]
    );
    assert_eq!(keys(RequestHead { path: "/v1/capture", api_key: Some("k6"), ..post }, r#"{"tags":{}}"#), ["k6"]);
    assert_eq!(keys(RequestHead { authorization: Some("Api-Key k7"), ..post }, ""), ["k7"]);
    assert_eq!(keys(post, r#"{"events":[{"event_type":"says \"api_key\":\"no\""}]}"#), [""; 0]);
}

#[test]
fn d4_times_come_as_milliseconds_or_as_text() {
    let case = events(
        r#"[{"event_type":"a","time":1795303041837},{"event_type":"a","timestamp":1795303041837},
            {"event_type":"a","time":"2026-11-21T23:17:21.837Z"},{"event_type":"a","time":"soon"},{"event_type":"a","time":null}]"#,
    );
    let times: Vec<_> = case.batch.drafts.iter().map(|draft| draft.client_time).collect();
    let time = Some(Millis(1_795_303_041_837));
    assert_eq!(times, [time, time, time, None, None]);
}

#[test]
fn d4_the_clients_clock_is_read_before_and_behind_the_events() {
    for body in [
        r#"{"client_upload_time":"2026-11-21T23:17:22.037Z","events":[{"event_type":"a"},{"event_type":"$identify","user_properties":{"a":1}}]}"#,
        r#"{"events":[{"event_type":"a"},{"event_type":"$identify","user_properties":{"a":1}}],"client_upload_time":"2026-11-21T23:17:22.037Z"}"#,
    ] {
        let case = decode(HTTP_V2, body);
        assert_eq!(case.batch.drafts.len(), 2);
        assert!(case.batch.drafts.iter().all(|draft| draft.sent_at == Some(Millis(1_795_303_042_037))));
    }
    let case =
        decode(LEGACY, "client=k&e=%5B%7B%22event_type%22%3A%22a%22%7D%5D&upload_time=1795303042037&v=2&checksum=x");
    assert_eq!(case.batch.drafts[0].sent_at, Some(Millis(1_795_303_042_037)));
}

#[test]
fn the_subject_is_the_user_else_the_device_and_ids_leave_the_tape() {
    let case = events(
        r#"[{"event_type":"a","user_id":"u-1234","device_id":"d-1234","api_key":"k","amplitude_id":77},
            {"event_type":"a","device_id":"d-1234"},{"event_type":"a","user_id":4711},
            {"event_type":"a","user_id":null,"device_id":""},{"event_type":"a","user_id":{"a":1},"device_id":[1]}]"#,
    );
    assert_eq!(
        case.ids(0),
        [id(Role::Subject, "User", "u-1234"), id(Role::User, "User", "u-1234"), id(Role::Device, "Device", "d-1234"),]
    );
    assert_eq!(case.ids(1), [id(Role::Subject, "Device", "d-1234")]);
    assert_eq!(case.ids(2), [id(Role::Subject, "User", "4711")]);
    assert!(case.ids(3).is_empty() && case.ids(4).is_empty());
    for draft in 0..5 {
        assert!(case.leaves(draft).is_empty(), "{:?}", case.leaves(draft));
    }
}

#[test]
fn d5_the_insert_id_is_the_events_id_under_both_names() {
    let case = events(r#"[{"event_type":"a","insert_id":"i1"},{"event_type":"a","uuid":"i2"},{"event_type":"a"}]"#);
    let ids: Vec<_> = case.batch.drafts.iter().map(|draft| draft.sdk_id.map(|id| case.batch.str(id))).collect();
    assert_eq!(ids, [Some("i1"), Some("i2"), None]);
}

#[test]
fn fields_are_context_and_properties_of_the_same_name_are_not() {
    let case = events(
        r#"[{"event_type":"a","platform":"Web","os_name":"macOS","carrier":"Telekom","language":"de-DE","app_version":"3.2.1",
             "country":"Germany","ip":"203.0.113.42","session_id":1795303186928,"library":"amplitude-ts/2.47.1","idfa":"AEBE",
             "location_lat":52.52,"price":9.99,"productId":"sku","event_id":3,"plan":{"branch":"main"},
             "event_properties":{"platform":"own","country":"own","price":1,"utm_source":"google","gclid":"abc",
                "[Amplitude] Page Location":"https://a.example/x?y=1","[Amplitude] Page URL":"https://a.example/x","nested":{"utm_source":"own"}}}]"#,
    );
    assert_eq!(
        case.leaves(0),
        [
            "context.platform=Web",
            "context.os.name=macOS",
            "context.network.carrier=Telekom",
            "context.locale=de-DE",
            "context.app.version=3.2.1",
            "context.location.country=Germany",
            "context.device.idfa=AEBE",
            "context.location.latitude=52.52",
            "context.revenue.price=9.99",
            "context.revenue.product_id=sku",
            "context.meta.event_id=3",
            "context.meta.plan.branch=main",
            "context.ip=203.0.113.42",
            "context.session_id=1795303186928",
            "context.library.name=amplitude-ts",
            "context.library.version=2.47.1",
            "platform=own",
            "country=own",
            "price=1",
            "context.campaign.source=google",
            "context.click.gclid=abc",
            "context.page.url=https://a.example/x?y=1",
            "context.page.url_without_query=https://a.example/x",
            "nested.utm_source=own",
        ]
    );
}

#[test]
fn no_session_and_no_address_leave_nothing() {
    let case = events(
        r#"[{"event_type":"a","session_id":-1,"ip":"$remote","library":"bare"},{"event_type":"a","library":7,"ip":null}]"#,
    );
    assert_eq!(case.leaves(0), ["context.library.name=bare"]);
    assert!(case.leaves(1).is_empty());
}

#[test]
fn amplitude_js_writes_the_browser_where_the_system_belongs() {
    let case = decode(
        LEGACY,
        &format!(
            "client=k&v=2&e={}",
            r#"[{"event_type":"a","os_name":"Chrome","os_version":"156","device_model":"Linux","version_name":"1.2","library":{"name":"amplitude-js","version":"8.21.10"},"api_properties":{},"sequence_number":4}]"#
        ),
    );
    assert_eq!(
        case.leaves(0),
        [
            "context.browser.name=Chrome",
            "context.browser.version=156",
            "context.device.model=Linux",
            "context.app.version=1.2",
            "context.meta.sequence_number=4",
            "context.library.name=amplitude-js",
            "context.library.version=8.21.10",
        ]
    );
}

#[test]
fn page_and_screen_views_have_their_own_operations() {
    let case = events(
        r#"[{"event_type":"[Amplitude] Page Viewed"},{"event_type":"[Amplitude] Screen Viewed"},{"event_type":"Page Viewed"},{"event_type":"session_start"}]"#,
    );
    let operations: Vec<_> = case.batch.drafts.iter().map(|draft| draft.operation).collect();
    assert_eq!(operations, [Operation::Page, Operation::Screen, Operation::Track, Operation::Track]);
    assert_eq!(case.names.names().text(case.batch.drafts[0].name), "[Amplitude] Page Viewed");
}

#[test]
fn revenue_is_one_thing_in_fields_and_in_the_properties_of_a_revenue_event() {
    // Python sorts its keys: the properties come before the name.
    let case = events(
        r#"[{"event_properties":{"$price":49.99,"$productId":"sku-1","$quantity":2,"$receipt":"r","nested":{"$price":1},"coupon":"X"},"event_type":"revenue_amount"},
            {"event_type":"revenue_amount","price":1,"event_properties":{"$price":2}},
            {"event_type":"Bought","event_properties":{"$price":49.99}}]"#,
    );
    assert_eq!(
        case.leaves(0),
        [
            "context.revenue.price=49.99",
            "context.revenue.product_id=sku-1",
            "context.revenue.quantity=2",
            "$receipt=r",
            "nested.$price=1",
            "coupon=X"
        ]
    );
    assert_eq!(case.leaves(1), ["context.revenue.price=2"]);
    assert_eq!(case.leaves(2), ["$price=49.99"]);
}

#[test]
fn d7_an_identify_is_its_link_its_groups_and_its_operations() {
    let case = events(
        r#"[{"event_type":"$identify","insert_id":"i","user_id":"user-1","device_id":"device-1","platform":"Web","groups":{"company":["org-77"]},
             "event_properties":{"ignored":1},
             "user_properties":{"$set":{"plan":"pro","company":["org-77"]},"$setOnce":{"a":1},"$add":{"b":2},"$append":{"c":[3]},"$prepend":{"d":4},
               "$preInsert":{"e":5},"$postInsert":{"f":6},"$remove":{"g":7},"$unset":{"h":"-","4711":"-"},"$clearAll":"-"}}]"#,
    );
    let expected: Vec<_> = [
        Operation::Identify,
        Operation::Join,
        PROFILE_SET,
        Operation::Profile(ProfileOp::SetOnce),
        Operation::Profile(ProfileOp::Add),
        Operation::Profile(ProfileOp::Append),
        Operation::Profile(ProfileOp::Prepend),
        Operation::Profile(ProfileOp::PreInsert),
        Operation::Profile(ProfileOp::Union),
        Operation::Profile(ProfileOp::Remove),
        Operation::Profile(ProfileOp::Unset),
        Operation::Profile(ProfileOp::Clear),
    ]
    .map(|operation| (operation, None))
    .into();
    assert_eq!(case.operations(), expected);
    assert_eq!(case.decoded.as_ref().map(|d| (d.events, d.drafts)), Ok((1, 12)));
    for draft in 0..12 {
        assert_eq!(case.batch.drafts[draft].sdk_id.map(|id| case.batch.str(id)), Some("i"));
        assert_eq!(case.ids(draft)[0], id(Role::Subject, "User", "user-1"));
        assert_eq!(case.ids(draft)[2], id(Role::Device, "Device", "device-1"));
    }
    assert_eq!(case.ids(1)[3], id(Role::Group, "company", "org-77"));
    assert_eq!(case.leaves(0), ["context.platform=Web"]);
    assert_eq!(case.leaves(2), ["profile.plan=pro", "context.platform=Web"], "the group's id is no property");
    assert_eq!(case.leaves(5), ["profile.c.*=3", "context.platform=Web"]);
    assert_eq!(case.leaves(10), ["profile.h=Null", "profile.*=Null", "context.platform=Web"]);
    assert_eq!(case.leaves(11), ["context.platform=Web"]);
}

#[test]
fn setting_a_group_is_joining_it_and_nothing_else() {
    let case = events(
        r#"[{"event_type":"$identify","user_id":"user-1","user_properties":{"$set":{"company":"org-77"}},"groups":{"company":"org-77"}},
            {"event_type":"$identify","user_id":"user-1","user_properties":{"$set":{"company":"org-77"}}},
            {"event_type":"$identify","device_id":"device-1","user_properties":{}}]"#,
    );
    assert_eq!(case.operations(), [(Operation::Join, None), (PROFILE_SET, None), (PROFILE_SET, None)]);
    assert_eq!(case.ids(0), [id(Role::Subject, "User", "user-1"), id(Role::Group, "company", "org-77")]);
    assert!(case.leaves(0).is_empty());
    assert_eq!(case.leaves(1), ["profile.company=org-77"]);
    assert!(case.leaves(2).is_empty(), "it says nothing and is counted");
}

#[test]
fn profile_properties_of_an_ordinary_event_are_drafts_beside_it() {
    let case = events(
        r#"[{"user_properties":{"plan":"pro","nested":{"a":1}},"group_properties":{"seats":5},"event_type":"Report","insert_id":"i","user_id":"user-1",
             "groups":{"company":["org-77","org-78"]},"event_properties":{"x":1},"language":"de"}]"#,
    );
    assert_eq!(
        case.operations(),
        [(Operation::Track, None), (PROFILE_SET, None), (GROUP_SET, None), (GROUP_SET, None)]
    );
    assert_eq!(case.leaves(0), ["context.locale=de", "x=1"]);
    assert_eq!(case.leaves(1), ["profile.plan=pro", "profile.nested.a=1"]);
    assert_eq!(case.leaves(2), ["group.company.seats=5"]);
    assert_eq!(case.leaves(3), ["group.company.seats=5"]);
    assert_eq!(
        case.ids(0),
        [
            id(Role::Subject, "User", "user-1"),
            id(Role::Group, "company", "org-77"),
            id(Role::Group, "company", "org-78")
        ]
    );
    assert_eq!(case.ids(2), [id(Role::Group, "company", "org-77")]);
    assert_eq!(case.ids(3), [id(Role::Group, "company", "org-78")]);
    let has_id: Vec<_> = case.batch.drafts.iter().map(|draft| draft.sdk_id.is_some()).collect();
    assert_eq!(has_id, [true, true, true, false], "one operation on two groups would be one event");
}

#[test]
fn a_group_identify_changes_its_group_alone() {
    let case = events(
        r#"[{"group_properties":{"$set":{"name":"Acme","seats":250},"$unset":{"old":"-"}},"groups":{"company":"org-77"},"event_type":"$groupidentify","user_id":"user-1","insert_id":"i"},
            {"event_type":"$groupidentify","group_properties":{"$set":{"a":1}}},
            {"event_type":"$groupidentify","group_properties":{"$set":{"a":1}},"groups":{"a@b":"x"}},
            {"event_type":"$groupidentify","groups":{"company":"org-77"}},
            {"event_type":"$groupidentify","group_properties":{"a":1},"groups":{"company":"org-77","team":"t-1"}}]"#,
    );
    assert_eq!(
        case.operations(),
        [
            (GROUP_SET, None),
            (Operation::Group(ProfileOp::Unset), None),
            (GROUP_SET, Some(Rule::Malformed)),
            (GROUP_SET, Some(Rule::PathUnclean)),
            (GROUP_SET, Some(Rule::Malformed)),
            (GROUP_SET, None),
            (GROUP_SET, Some(Rule::Malformed)),
        ]
    );
    assert_eq!(case.ids(0), [id(Role::Group, "company", "org-77")]);
    assert_eq!(case.leaves(0), ["group.company.name=Acme", "group.company.seats=250"]);
    assert_eq!(case.leaves(1), ["group.company.old=Null"]);
}

#[test]
fn the_identify_apis_take_an_object_or_a_list_without_names() {
    let get = |query: &str| {
        let head = RequestHead { method: "GET", path: "/identify", query, ..RequestHead::default() };
        decode_request(IDENTIFY, &head, b"")
    };
    let one = get(
        "api_key=k&identification=%7B%22user_id%22%3A%22user-1%22%2C%22user_properties%22%3A%7B%22plan%22%3A%22pro%22%7D%7D",
    );
    assert_eq!(one.operations(), [(PROFILE_SET, None)]);
    assert_eq!(one.leaves(0), ["profile.plan=pro"]);
    let two = decode(
        IDENTIFY,
        r#"api_key=k&identification=[{"user_id":"user-1","user_properties":{"$add":{"n":1}}},{"device_id":"d-1","user_properties":{"a":1},"paying":"true"}]"#,
    );
    assert_eq!(two.operations(), [(Operation::Profile(ProfileOp::Add), None), (PROFILE_SET, None)]);
    assert_eq!(two.leaves(1), ["profile.a=1", "context.meta.paying=true"]);
    let group = decode(
        GROUP_IDENTIFY,
        r#"api_key=k&identification=[{"group_type":"company","group_value":"org-77","group_properties":{"$set":{"a":1}}},{"group_value":"x"}]"#,
    );
    assert_eq!(group.operations(), [(GROUP_SET, None), (GROUP_SET, Some(Rule::Malformed))]);
    assert_eq!(
        (group.ids(0), group.leaves(0)),
        (vec![id(Role::Group, "company", "org-77")], vec!["group.company.a=1".to_owned()])
    );
}

#[test]
fn operations_and_plain_keys_mix_only_where_no_value_is_in_doubt() {
    let case = events(
        r#"[{"event_type":"$identify","user_id":"user-1","user_properties":{"plan":"a","$set":{"plan":"b"},"$add":{"n":1}}},
            {"event_type":"$identify","user_id":"user-1","user_properties":{"plan":"a","$add":{"n":1},"$add":{"n":2}}},
            {"event_type":"$identify","user_id":"user-1","user_properties":{"$set":"x","$unset":["a"],"$clearAll":{"a":[1]}}},
            {"event_type":"a","user_id":"user-1","user_properties":"text"}]"#,
    );
    let add = Operation::Profile(ProfileOp::Add);
    assert_eq!(
        case.operations(),
        [
            (PROFILE_SET, Some(Rule::Malformed)),
            (add, None),
            (PROFILE_SET, None),
            (add, None),
            (PROFILE_SET, Some(Rule::Malformed)),
            (Operation::Profile(ProfileOp::Unset), Some(Rule::Malformed)),
            (Operation::Profile(ProfileOp::Clear), None),
            (Operation::Track, None),
            (PROFILE_SET, Some(Rule::Malformed)),
        ]
    );
    assert_eq!(case.leaves(0), ["profile.plan=a", "profile.plan=b"], "all of it is held");
    assert_eq!(case.leaves(3), ["profile.n=2"]);
}

#[test]
fn the_last_of_a_repeated_key_wins() {
    let case = decode(
        HTTP_V2,
        r#"{"events":[{"event_type":"old"}],"events":[{"event_type":"a","event_type":"b","platform":"x","event_properties":{"p":1,"p":2},"platform":"y",
            "event_properties":{"q":1},"user_properties":{"a":1},"user_properties":{"b":1},"groups":{"company":"c1"},"groups":{"team":"t1","team":"t2"},
            "ip":"1.2.3.4","ip":"5.6.7.8","app_version":"1","version_name":"2"}]}"#,
    );
    assert_eq!(case.operations(), [(Operation::Track, None), (PROFILE_SET, None)]);
    assert_eq!(case.decoded.as_ref().map(|d| d.events), Ok(1));
    assert_eq!(case.leaves(0), ["context.platform=y", "context.app.version=2", "context.ip=5.6.7.8", "q=1"]);
    assert_eq!(case.leaves(1), ["profile.b=1"]);
    assert_eq!(case.ids(0), [id(Role::Group, "team", "t2")]);
    // A field that is repeated behind the properties of an identify takes nothing else with it.
    let case = events(
        r#"[{"event_type":"$identify","platform":"x","event_properties":{"p":1},"platform":"y","user_id":"user-1"}]"#,
    );
    assert_eq!(case.leaves(0), ["context.platform=y"]);
}

#[test]
fn escaped_keys_are_read_once() {
    let case = events(
        r#"[{"event_type":"a","user_properties":{"\u0061\"b":1,"$set\u004fnce":{"c\\d":2},"c\u0061fé":3},"groups":{"te\u0061m":["t\u002d1","t-2"]},"group_properties":{"\u0061":"x\ty","b\u0062":2}}]"#,
    );
    assert_eq!(
        case.operations(),
        [
            (Operation::Track, None),
            (PROFILE_SET, None),
            (Operation::Profile(ProfileOp::SetOnce), None),
            (GROUP_SET, None),
            (GROUP_SET, None)
        ]
    );
    assert_eq!(case.batch.drafts[1].unnamed, 1);
    assert_eq!(case.leaves(1), ["profile.café=3"]);
    assert_eq!(case.batch.drafts[2].unnamed, 1);
    assert_eq!(case.leaves(4), ["group.team.a=x\ty", "group.team.bb=2"]);
    assert_eq!(case.ids(4), [id(Role::Group, "team", "t-2")]);
}

#[test]
fn one_malformed_event_costs_no_other() {
    let case = events(
        r#"[7,null,"x",[1],{},{"event_type":""},{"event_type":5},{"event_type":"a","event_properties":[1]},{"event_type":"good"}]"#,
    );
    let malformed = (Operation::Track, Some(Rule::Malformed));
    let mut expected = vec![malformed; 6];
    // A number is a name as good as its text.
    expected.extend([(Operation::Track, None), malformed, (Operation::Track, None)]);
    assert_eq!(case.operations(), expected);
    assert_eq!(case.decoded.map(|d| (d.events, d.faults)), Ok((9, 7)));
}

#[test]
fn a_body_that_holds_no_events_is_refused_whole() {
    for (body, expected) in [
        ("", DecodeError::NotEvents),
        ("{}", DecodeError::NotEvents),
        (r#"{"api_key":"k","events":"x"}"#, DecodeError::NotEvents),
        (r#"{"events":[{"event_type":"a"}]"#, DecodeError::Malformed { at: 30 }),
        (r#"{"events":[{"event_type":"a"}]} x"#, DecodeError::Malformed { at: 32 }),
    ] {
        let case = decode(HTTP_V2, body);
        assert_eq!(case.decoded, Err(expected), "{body}");
        assert!(case.batch.drafts.is_empty() && case.batch.text.is_empty());
    }
    assert_eq!(events("[]").decoded.map(|d| d.events), Ok(0));
    assert_eq!(events(r#"{"event_type":"one"}"#).decoded.map(|d| d.events), Ok(1));
}

#[test]
fn limits_hold() {
    let many = vec![r#"{"event_type":"a"}"#; limits::BATCH_EVENTS_MAX + 1].join(",");
    let error = DecodeError::TooManyEvents { max: limits::BATCH_EVENTS_MAX };
    assert_eq!(events(&format!("[{many}]")).decoded, Err(error));
    let long = "x".repeat(limits::ID_BYTES_MAX + 1);
    let groups = vec![r#""g""#; 65].join(",");
    let values = vec!["1"; limits::EVENT_LEAVES_MAX + 1].join(",");
    let case = events(&format!(
        r#"[{{"event_type":"a","user_id":"{long}"}},{{"event_type":"a","groups":{{"company":[{groups}]}}}},
            {{"event_type":"a","event_properties":{{"v":[{values}]}},"user_properties":{{"a":1}}}},
            {{"event_type":"$identify","user_properties":{{"$set":{{"v":[{values}]}},"$add":{{"n":1}}}}}},{{"event_type":"good"}}]"#
    ));
    let over = Some(Rule::OverLimit);
    let faults: Vec<_> = case.batch.drafts.iter().map(|draft| draft.fault).collect();
    assert_eq!(faults, [over, over, over, over, over, over, None]);
    assert!(case.batch.drafts[..6].iter().all(|draft| case.batch.tape(draft).is_empty() || draft.leaves.len() < 2));
    let large = events(&format!(
        r#"[{{"event_type":"a","event_properties":{{"v":"{}"}}}}]"#,
        "x".repeat(limits::EVENT_BYTES_MAX)
    ));
    assert_eq!(large.operations(), [(Operation::Track, Some(Rule::TooLarge))]);
}

#[test]
fn answers_are_the_vendors_own() {
    let case = events(r#"[{"event_type":"a"},{"event_type":"b"}]"#);
    let head = RequestHead::default();
    let answer = |endpoint, opened: Option<&Opened>, situation| {
        Amplitude.answer(&Answering { endpoint, head: &head, opened, situation, now: Millis(1_795_305_600_000) })
    };
    let text = |answer: &Answer| String::from_utf8_lossy(&answer.body).into_owned();
    let good = answer(HTTP_V2, Some(&case.opened), Situation::Accepted { events: 2 });
    assert_eq!(
        (good.status, text(&good).as_str()),
        (200, r#"{"code":200,"events_ingested":2,"payload_size_bytes":77,"server_upload_time":1795305600000}"#)
    );
    let failed = [FailedEvent { index: 0, message: "x" }];
    let situations = [
        Situation::Accepted { events: 1 },
        Situation::AcceptedPartly { events: 1, failed: &failed },
        Situation::Refused("the plan has no such event"),
        Situation::BadBody,
        Situation::TimedOut,
        Situation::UnsupportedEncoding,
        Situation::BadKey,
        Situation::TooLarge,
        Situation::TooManyRequests { retry_after_seconds: 3 },
        Situation::Overloaded { retry_after_seconds: 5 },
        Situation::WrongMethod,
    ];
    for situation in situations {
        for endpoint in [HTTP_V2, BATCH, DIAGNOSTICS, REPLAY] {
            let answer = answer(endpoint, None, situation);
            let json: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(json["code"], answer.status, "the code decides");
            assert_eq!(answer.content_type, "application/json");
        }
    }
    let bad = answer(HTTP_V2, None, Situation::BadKey);
    assert_eq!(bad.status, 400);
    assert!(text(&bad).contains(r#""error":"Invalid API key: "#));
    assert!(text(&answer(HTTP_V2, None, Situation::Refused("no"))).contains(r#""missing_field":"#), "the SDK drops it");
    let later = answer(BATCH, None, Situation::Overloaded { retry_after_seconds: 5 });
    assert_eq!((later.status, later.headers.as_slice()), (503, &[("Retry-After", "5".into())][..]));
    let throttled = text(&answer(BATCH, None, Situation::TooManyRequests { retry_after_seconds: 3 }));
    assert!(throttled.contains(r#""throttled_events":[]"#) && throttled.contains(r#""exceeded_daily_quota_users":{}"#));

    let form = decode(LEGACY, "client=k&e=[]&v=2");
    let legacy = answer(LEGACY, Some(&form.opened), Situation::Accepted { events: 0 });
    assert_eq!((legacy.status, legacy.content_type, text(&legacy).as_str()), (200, "text/plain", "success"));
    assert_eq!(text(&answer(IDENTIFY, Some(&form.opened), Situation::BadKey)), "invalid_api_key");
    let json = decode(LEGACY, r#"{"api_key":"k","events":[]}"#);
    assert!(text(&answer(LEGACY, Some(&json.opened), Situation::Accepted { events: 0 })).starts_with('{'));
}

#[test]
fn d17_auxiliary_answers_switch_nothing_on() {
    let head = RequestHead { method: "GET", path: "/config/k", ..RequestHead::default() };
    let opened = Opened::default();
    for endpoint in [CONFIG, FLAGS, VARIANTS] {
        let call = Auxiliary { endpoint, head: &head, opened: &opened, write_key: None, blocked: &[], now: Millis(0) };
        let answer = Amplitude.auxiliary(&call);
        assert_eq!(answer.status, 200);
        let json: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        let text = json.to_string();
        assert!(!text.contains("true") && !text.contains("http") && !text.contains("autocapture"), "{text}");
    }
    assert!(Amplitude.is_flags(VARIANTS) && Amplitude.is_flags(FLAGS) && !Amplitude.is_flags(CONFIG));
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "[a-z$\" \\\\é-]{0,6}".prop_map(Into::into),
    ];
    let key = prop_oneof![
        Just("event_type".to_owned()),
        Just("events".to_owned()),
        Just("user_properties".to_owned()),
        Just("group_properties".to_owned()),
        Just("event_properties".to_owned()),
        Just("groups".to_owned()),
        Just("library".to_owned()),
        Just("$set".to_owned()),
        Just("$unset".to_owned()),
        Just("company".to_owned()),
        "[a-z\"\\\\é]{0,4}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_where_an_event_stands_is_an_event_and_costs_no_other(
        odd in any_json(),
        name in prop_oneof![Just("a"), Just("$identify"), Just("$groupidentify"), Just("revenue_amount")],
    ) {
        let mut odd = odd;
        if let Some(object) = odd.as_object_mut() {
            object.insert("event_type".to_owned(), name.into());
        }
        let case = events(&format!(r#"[{odd},{{"event_type":"good","event_properties":{{"n":1}}}}]"#));
        prop_assert_eq!(case.decoded.as_ref().map(|d| d.events), Ok(2));
        let last = case.batch.drafts.len() - 1;
        prop_assert!(last >= 1, "every event leaves a draft");
        prop_assert_eq!(case.leaves(last), ["n=1"]);
        prop_assert_eq!(case.batch.drafts[last].fault, None);
        for draft in &case.batch.drafts {
            let mut open = 0_i32;
            for leaf in case.batch.tape(draft) {
                open += i32::from(matches!(leaf.kind, LeafKind::ObjectBegin | LeafKind::ArrayBegin));
                open -= i32::from(matches!(leaf.kind, LeafKind::ObjectEnd | LeafKind::ArrayEnd));
                prop_assert!(open >= 0);
            }
            prop_assert_eq!(open, 0, "a tape is whole");
        }
    }
}
