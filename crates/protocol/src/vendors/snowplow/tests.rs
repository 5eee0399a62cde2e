use proptest::prelude::*;
use weir_event::names::ClassOnly;
use weir_event::{LeafKind, Millis, Names, Operation, Role, Rule, SubjectKind, limits};

use super::*;

struct Case {
    names: SourceNames,
    batch: DraftBatch,
    decoded: Result<Decoded, DecodeError>,
}

fn request(method: &str, path: &str, query: &str, body: &[u8]) -> Case {
    let names = Names::new(Box::new(ClassOnly)).source();
    let options = DecodeOptions::new(["company"], names.names());
    let head = RequestHead { method, path, query, ..RequestHead::default() };
    let Call::Ingest(endpoint) = Snowplow.classify(method, path) else { panic!("{method} {path} takes events") };
    let mut opened = Snowplow.open(endpoint, &head, body.to_vec(), &Limits::default()).expect("it opens");
    let mut batch = DraftBatch::default();
    let decoded = Snowplow.decode(endpoint, &head, &mut opened, &names, &options, &mut batch);
    Case { names, batch, decoded }
}

fn post(body: &str) -> Case {
    request("POST", "/com.snowplowanalytics.snowplow/tp2", "", body.as_bytes())
}

/// One event, by the inside of its object.
fn event(inside: &str) -> Case {
    let case = post(&format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{{{inside}}}]}}"#
    ));
    assert!(case.decoded.is_ok(), "{inside}");
    case
}

/// JSON as the text that stands in JSON.
fn quoted(json: &str) -> String {
    serde_json::to_string(json).expect("a text is JSON")
}

fn entities(list: &str) -> String {
    format!(r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0","data":[{list}]}}"#)
}

fn unstructured(schema: &str, data: &str) -> String {
    format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{{"schema":"{schema}","data":{data}}}}}"#
    )
}

fn base64url(text: &str) -> String {
    body::base64::encode(text.as_bytes()).replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned()
}

impl Case {
    /// `path=value` of each leaf of the only draft; structure as `path{`, `}`, `path[`, `]`.
    fn tape(&self) -> Vec<String> {
        self.tape_of(0)
    }

    fn tape_of(&self, draft: usize) -> Vec<String> {
        let show = |leaf: &weir_event::Leaf| {
            let path = self.names.names().text(leaf.path);
            match leaf.kind {
                LeafKind::ObjectBegin => format!("{path}{{"),
                LeafKind::ArrayBegin => format!("{path}["),
                LeafKind::ObjectEnd => "}".to_owned(),
                LeafKind::ArrayEnd => "]".to_owned(),
                LeafKind::String => format!("{path}={:?}", self.batch.str(leaf.text)),
                LeafKind::Number | LeafKind::MapKey => format!("{path}={}", self.batch.str(leaf.text)),
                other => format!("{path}={other:?}"),
            }
        };
        self.batch.tape(&self.batch.drafts[draft]).iter().map(show).collect()
    }

    fn ids(&self) -> Vec<(Role, SubjectKind, &str)> {
        self.batch.drafts[0].identities.iter().map(|id| (id.role, id.kind, self.batch.str(id.text))).collect()
    }

    fn name(&self) -> &str {
        self.names.names().text(self.batch.drafts[0].name)
    }

    fn fault(&self) -> Option<Rule> {
        self.batch.drafts[0].fault
    }
}

#[test]
fn endpoints_are_told_apart_by_path_and_method() {
    for (method, path, call) in [
        ("POST", "/com.snowplowanalytics.snowplow/tp2", Call::Ingest(POST)),
        ("POST", "/com.snowplowanalytics.snowplow/tp2/", Call::Ingest(POST)),
        ("POST", "/com.acme.own/track", Call::Ingest(POST)),
        ("GET", "/com.snowplowanalytics.snowplow/tp2", Call::Ingest(PIXEL)),
        ("GET", "/i", Call::Ingest(PIXEL)),
        ("GET", "/i/", Call::Ingest(PIXEL)),
        ("GET", "/ice.png", Call::Ingest(PIXEL)),
        ("POST", "/i", Call::WrongMethod(PIXEL)),
        ("PUT", "/com.acme/v1", Call::WrongMethod(POST)),
        ("GET", "/r/tp2", Call::Unknown),
        ("POST", "/a/b/c", Call::Unknown),
        ("POST", "/a b/c", Call::Unknown),
        ("GET", "/I", Call::Unknown),
        ("GET", "/", Call::Unknown),
        ("POST", "//tp2", Call::Unknown),
    ] {
        assert_eq!(Snowplow.classify(method, path), call, "{method} {path}");
    }
}

#[test]
fn a_page_view_is_a_page_and_says_its_surroundings_by_canonical_paths() {
    let case = event(
        r#""e":"pv","url":"https://a.example/x?y=1","page":"Größe","refr":"https://b.example/","eid":"e-1","tv":"js-4.10.1",
        "tna":"sp","aid":"web","p":"web","cookie":"1","cs":"UTF-8","lang":"de-DE","res":"1280x720","cd":"24","tz":"UTC",
        "dtm":"1795303230415","vp":"1280x600","vid":"3","sid":"s-1","duid":"d-1","uid":"u-1","stm":"1795303230431","f_pdf":"0""#,
    );
    let draft = &case.batch.drafts[0];
    assert_eq!((draft.operation, case.name()), (Operation::Page, "$page"));
    assert_eq!(draft.client_time, Some(Millis(1_795_303_230_415)));
    assert_eq!(draft.sent_at, Some(Millis(1_795_303_230_431)));
    assert_eq!(draft.sdk_id.map(|id| case.batch.str(id)), Some("e-1"));
    assert_eq!(
        case.ids(),
        [
            (Role::Subject, SubjectKind::User, "u-1"),
            (Role::User, SubjectKind::User, "u-1"),
            (Role::Device, SubjectKind::Device, "d-1")
        ]
    );
    assert_eq!(
        case.tape(),
        [
            r#"context.page.url="https://a.example/x?y=1""#,
            r#"context.page.title="Größe""#,
            r#"context.page.referrer="https://b.example/""#,
            r#"context.meta.tna="sp""#,
            r#"context.meta.p="web""#,
            "context.meta.cookie=True",
            r#"context.meta.cs="UTF-8""#,
            r#"context.locale="de-DE""#,
            "context.screen.width=1280",
            "context.screen.height=720",
            "context.meta.cd=24",
            r#"context.timezone="UTC""#,
            r#"context.meta.vp="1280x600""#,
            "context.meta.vid=3",
            r#"context.session_id="s-1""#,
            "context.meta.f_pdf=False",
            r#"context.library.name="js""#,
            r#"context.library.version="4.10.1""#,
        ]
    );
}

#[test]
fn a_structured_event_is_named_by_its_action() {
    let case = event(r#""e":"se","se_ca":"reports","se_ac":"export","se_la":"csv","se_pr":"p","se_va":"18.50""#);
    assert_eq!((case.batch.drafts[0].operation, case.name()), (Operation::Track, "export"));
    assert_eq!(case.batch.str(case.batch.drafts[0].name_text), "export");
    assert_eq!(
        case.tape(),
        [r#"category="reports""#, r#"label="csv""#, r#"property="p""#, "value=18.50"],
        "numbers stay as they are written"
    );
    let unclean = event(r#""e":"se","se_ca":"c","se_ac":"ada@example.com""#);
    assert_eq!(unclean.batch.drafts[0].name, weir_event::NameId::UNNAMED);
    assert_eq!(event(r#""e":"se","se_ca":"c""#).fault(), Some(Rule::Malformed), "without an action it has no name");
    let odd = event(r#""e":"se","se_ac":"a","se_va":"about 3""#);
    assert_eq!(odd.tape(), [r#"value="about 3""#], "what is no number stays a text");
}

#[test]
fn a_self_describing_event_is_named_by_its_schema() {
    let inside = unstructured("iglu:com.acme/button_press/jsonschema/1-0-0", r#"{"a":1.50,"b":{"c":["x"]},"aid":"t"}"#);
    for (key, value) in [("ue_pr", quoted(&inside)), ("ue_px", quoted(&base64url(&inside))), ("ue_pr", inside)] {
        let case = event(&format!(r#""e":"ue","{key}":{value},"eid":"x""#));
        assert_eq!(
            (case.batch.drafts[0].operation, case.name(), case.fault()),
            (Operation::Track, "button_press", None)
        );
        assert_eq!(case.batch.str(case.batch.drafts[0].name_text), "button_press");
        assert_eq!(
            case.tape(),
            [
                "a=1.50",
                "b{",
                "b.c[",
                r#"b.c.*="x""#,
                "]",
                "}",
                r#"aid="t""#,
                r#"context.meta.schema="iglu:com.acme/button_press/jsonschema/1-0-0""#
            ]
        );
    }
}

#[test]
fn a_declared_group_key_is_an_identity() {
    let inside = unstructured("iglu:com.acme/press/jsonschema/1-0-0", r#"{"company":["a",7,null],"team":"t"}"#);
    let case = event(&format!(r#""e":"ue","ue_pr":{}"#, quoted(&inside)));
    let company = SubjectKind::Group(case.names.names().label("company"));
    assert_eq!(case.ids(), [(Role::Group, company, "a"), (Role::Group, company, "7")]);
    assert_eq!(case.tape()[0], r#"team="t""#);
}

#[test]
fn a_screen_view_is_a_screen() {
    for vendor in ["com.snowplowanalytics.mobile", "com.snowplowanalytics.snowplow"] {
        let inside = unstructured(&format!("iglu:{vendor}/screen_view/jsonschema/1-0-0"), r#"{"name":"Home"}"#);
        let case = event(&format!(r#""e":"ue","ue_pr":{}"#, quoted(&inside)));
        assert_eq!((case.batch.drafts[0].operation, case.name()), (Operation::Screen, "screen_view"));
    }
    let own = unstructured("iglu:com.acme/screen_view/jsonschema/1-0-0", "{}");
    assert_eq!(event(&format!(r#""e":"ue","ue_pr":{}"#, quoted(&own))).batch.drafts[0].operation, Operation::Track);
}

#[test]
fn pings_and_transactions_have_the_names_of_the_warehouse() {
    let ping = event(r#""e":"pp","pp_mix":"0","pp_max":"1","pp_miy":"20","pp_may":"-300""#);
    assert_eq!((ping.batch.drafts[0].operation, ping.name()), (Operation::Track, "page_ping"));
    assert_eq!(ping.tape(), ["pp_xoffset_min=0", "pp_xoffset_max=1", "pp_yoffset_min=20", "pp_yoffset_max=-300"]);
    let order = event(
        r#""e":"tr","tr_id":"o-1","tr_af":"web","tr_tt":"18.54","tr_tx":"1.53","tr_sh":"3","tr_ci":"Stuttgart","tr_st":"BW","tr_co":"Germany","tr_cu":"EUR""#,
    );
    assert_eq!(order.name(), "transaction");
    assert_eq!(
        order.tape(),
        [
            r#"order_id="o-1""#,
            r#"affiliation="web""#,
            "context.revenue.amount=18.54",
            "tax=1.53",
            "shipping=3",
            r#"city="Stuttgart""#,
            r#"state="BW""#,
            r#"country="Germany""#,
            r#"context.revenue.currency="EUR""#
        ]
    );
    let item =
        event(r#""e":"ti","ti_id":"o-1","ti_sk":"s","ti_nm":"n","ti_ca":"c","ti_pr":"9.27","ti_qu":"2","ti_cu":"EUR""#);
    assert_eq!(item.name(), "transaction_item");
    assert_eq!(
        item.tape(),
        [
            r#"order_id="o-1""#,
            r#"sku="s""#,
            r#"name="n""#,
            r#"category="c""#,
            "price=9.27",
            "quantity=2",
            r#"currency="EUR""#
        ],
        "an item adds nothing to the revenue"
    );
}

#[test]
fn entities_of_snowplow_have_canonical_paths_and_their_ids_leave_the_tape() {
    let own = "iglu:com.snowplowanalytics.snowplow";
    let list = [
        format!(r#"{{"schema":"{own}/web_page/jsonschema/1-0-0","data":{{"id":"page-1"}}}}"#),
        format!(
            r#"{{"data":{{"userId":"d-2","sessionId":"s-2","eventIndex":2,"previousSessionId":"s-1","firstEventId":"e-0"}},"schema":"{own}/client_session/jsonschema/1-0-2"}}"#
        ),
        format!(
            r#"{{"schema":"{own}/mobile_context/jsonschema/1-0-3","data":{{"osType":"ios","osVersion":"18.1","deviceManufacturer":"Apple","deviceModel":"iPhone17,1","carrier":"o2","appleIdfv":"idfv","appleIdfa":"idfa","networkType":"wifi","resolution":"1179x2556","language":"de"}}}}"#
        ),
        format!(
            r#"{{"schema":"{own}/browser_context/jsonschema/2-0-0","data":{{"tabId":"tab","browserLanguage":"en","devicePixelRatio":2.5,"resolution":"1x1"}}}}"#
        ),
        r#"{"schema":"iglu:com.snowplowanalytics.mobile/application/jsonschema/1-0-0","data":{"version":"1.2","build":"7"}}"#
            .to_owned(),
        format!(r#"{{"schema":"{own}/geolocation_context/jsonschema/1-1-0","data":{{"latitude":48.1,"longitude":11.5,"speed":null}}}}"#),
        r#"{"schema":"iglu:com.google.analytics/cookies/jsonschema/1-0-0","data":{"_ga":"GA1.2.3"}}"#.to_owned(),
    ]
    .join(",");
    let case = event(&format!(r#""co":{},"e":"pv","lang":"de-DE""#, quoted(&entities(&list))));
    assert_eq!(
        case.ids(),
        [(Role::Subject, SubjectKind::Device, "d-2"), (Role::Device, SubjectKind::Device, "d-2")],
        "the session's user is the browser"
    );
    assert_eq!(
        case.tape(),
        [
            r#"context.locale="de-DE""#,
            "context.meta.web_page{",
            r#"context.meta.web_page.id="page-1""#,
            "}",
            "context.meta.client_session{",
            "context.meta.client_session.eventIndex=2",
            "}",
            r#"context.session_id="s-2""#,
            "context.meta.mobile_context{",
            r#"context.meta.mobile_context.networkType="wifi""#,
            "}",
            r#"context.os.name="ios""#,
            r#"context.os.version="18.1""#,
            r#"context.device.manufacturer="Apple""#,
            r#"context.device.model="iPhone17,1""#,
            r#"context.network.carrier="o2""#,
            "context.screen.width=1179",
            "context.screen.height=2556",
            "context.screen.density=2.5",
            r#"context.app.version="1.2""#,
            r#"context.app.build="7""#,
            "context.meta.geolocation_context{",
            "context.meta.geolocation_context.speed=Null",
            "}",
            "context.location.latitude=48.1",
            "context.location.longitude=11.5",
        ],
        "each path stands there once, and the event's own word counts"
    );
}

#[test]
fn entities_of_anybody_are_lists_by_their_name() {
    let list = r#"{"schema":"iglu:com.acme/product/jsonschema/1-0-0","data":{"sku":"a"}},
        {"schema":"iglu:com.acme/cart/jsonschema/1-0-0","data":{"total":3}},
        {"schema":"iglu:com.acme/product/jsonschema/1-0-1","data":{"sku":"b","x":[1]}},
        {"schema":"iglu:com.acme/cart/jsonschema/1-0-0","data":"odd"},
        {"schema":"iglu:com.acme/product/jsonschema/1-0-0","data":{"sku":"c"}},
        {"schema":"iglu:com.acme/a=b/jsonschema/1-0-0","data":{"gone":1}}"#;
    let expected = [
        "context.meta.product[",
        "context.meta.product.*{",
        r#"context.meta.product.*.sku="a""#,
        "}",
        "context.meta.product.*{",
        r#"context.meta.product.*.sku="b""#,
        "context.meta.product.*.x[",
        "context.meta.product.*.x.*=1",
        "]",
        "}",
        "context.meta.product.*{",
        r#"context.meta.product.*.sku="c""#,
        "}",
        "]",
        "context.meta.cart[",
        "context.meta.cart.*{",
        "context.meta.cart.*.total=3",
        "}",
        r#"context.meta.cart.*="odd""#,
        "]",
    ];
    for value in [format!(r#""co":{}"#, quoted(&entities(list))), format!(r#""cx":"{}""#, base64url(&entities(list)))] {
        let case = event(&format!(r#""e":"pv",{value}"#));
        assert_eq!(case.tape(), expected);
        assert_eq!((case.batch.drafts[0].unnamed, case.fault()), (1, None), "an unclean name is counted");
    }
}

#[test]
fn a_revenue_of_an_e_commerce_transaction_is_revenue() {
    let list = r#"{"schema":"iglu:com.snowplowanalytics.snowplow.ecommerce/transaction/jsonschema/1-0-0","data":{"transaction_id":"t","revenue":20,"currency":"GBP"}}"#;
    let case = event(&format!(r#""e":"pv","co":{}"#, quoted(&entities(list))));
    assert!(case.tape().contains(&"context.revenue.amount=20".to_owned()), "{:?}", case.tape());
    assert!(case.tape().contains(&r#"context.revenue.currency="GBP""#.to_owned()));
}

#[test]
fn a_get_is_the_event_in_its_query() {
    let inside = unstructured("iglu:com.acme/press/jsonschema/1-0-0", r#"{"note":"ü \"q\" \u0000"}"#);
    let query = format!(
        "e=ue&aid=web&duid=d%201&url=https%3A%2F%2Fa.example%2F%3Fq%3D1%262&page=a+b%22%5C%0A&eid=x&ue_px={}",
        base64url(&inside)
    );
    let case = request("GET", "/i", &query, b"");
    assert_eq!(case.decoded, Ok(Decoded { events: 1, drafts: 1, faults: 0 }));
    assert_eq!(case.name(), "press");
    assert_eq!(case.ids()[0], (Role::Subject, SubjectKind::Device, "d 1"));
    assert_eq!(
        case.tape(),
        [
            r#"context.page.url="https://a.example/?q=1&2""#,
            r#"context.page.title="a b\"\\\n""#,
            "note=\"ü \\\"q\\\" \\0\"",
            r#"context.meta.schema="iglu:com.acme/press/jsonschema/1-0-0""#
        ]
    );
    for query in ["", "&&&", "=", "e", "e=pv&e=se&se_ac=a", "%ff=%ff", "e=pv&co=%00"] {
        assert!(request("GET", "/i", query, b"").decoded.is_ok_and(|decoded| decoded.events == 1), "{query:?}");
    }
    assert_eq!(request("GET", "/i", "e=pv&e=se&se_ac=a", b"").name(), "a", "the last one wins");
}

#[test]
fn d4_a_true_time_is_not_corrected() {
    let case = event(r#""e":"pv","dtm":"1795303230415","ttm":"1795303230000","stm":"1795303239999""#);
    assert_eq!(case.batch.drafts[0].client_time, Some(Millis(1_795_303_230_000)));
    assert_eq!(case.batch.drafts[0].sent_at, None);
}

#[test]
fn app_ids_are_write_keys_wherever_they_stand() {
    let keys = |query: &str, body: &str| -> Vec<String> {
        let head = RequestHead { method: "POST", query, ..RequestHead::default() };
        let opened = body::open(&head, body.as_bytes().to_vec(), &Limits::default()).expect("it opens");
        Snowplow.find_write_keys(&head, &opened).iter().map(|key| key.reveal().to_owned()).collect()
    };
    assert_eq!(keys("", r#"{"data":[{"aid":"web"},{ "aid" : "ios"}]}"#), ["web", "ios"]);
    assert_eq!(keys("aid=a%2Db", r#"{"data":[{"e":"pv"}]}"#), ["a-b"]);
    assert!(keys("", r#"{"data":[{"co":"{\"aid\":\"inner\"}","x":"\"aid\":\"no\""}]}"#).is_empty());
}

#[test]
fn one_bad_event_does_not_fail_its_batch() {
    let case = post(
        r#"{"data":[{"e":"pv"},7,null,[],{},{"e":"xx"},{"e":{"a":1}},{"e":"ue"},{"e":"ue","ue_pr":"{"},{"e":"ue","ue_px":"!"},
        {"e":"ue","ue_pr":"{\"data\":{\"schema\":\"iglu:a/b/c/d\",\"data\":7}}"},{"e":"ue","ue_pr":"{\"data\":{\"schema\":\"b\",\"data\":{}}}"},
        {"e":"pv","co":"{\"data\":[{\"schema\":\"iglu:a/b/c/d\",\"data\":{}} "},{"e":"pv","co":"{\"data\":[7]}"},{"e":"pv","co":"{} {}"},
        {"e":"pv","uid":{"a":1},"duid":[2],"eid":false,"dtm":"soon","res":"big","vid":[1],"co":[7],"cx":7,"url":{"x":1}}]}"#,
    );
    let decoded = case.decoded.expect("the batch is readable");
    assert_eq!((decoded.events, decoded.drafts), (16, 16));
    let faults: Vec<_> = case.batch.drafts.iter().map(|draft| draft.fault.is_some()).collect();
    assert_eq!(faults.iter().filter(|is_fault| !**is_fault).count(), 2, "{faults:?}");
    assert!(!faults[0] && !faults[15]);
    assert_eq!(case.tape_of(15), ["context.screen.width=\"big\"", "context.page.url{", "context.page.url.x=1", "}"]);
}

#[test]
fn a_body_that_holds_no_events_is_refused_as_a_whole() {
    for body in ["", "[]", "{}", r#"{"schema":"x"}"#, r#"{"data":7}"#, r#"{"data":null}"#] {
        assert_eq!(post(body).decoded, Err(DecodeError::NotEvents), "{body}");
    }
    for body in ["pv", r#"{"data":["#, r#"{"data":[{}]}x"#, r#"{"data":[{},]}"#] {
        let case = post(body);
        assert!(matches!(case.decoded, Err(DecodeError::Malformed { .. })), "{body}");
        assert!(case.batch.drafts.is_empty() && case.batch.text.is_empty());
    }
    assert_eq!(post(r#"{"data":[]}"#).decoded, Ok(Decoded::default()));
    assert_eq!(post(r#"{"data":{"e":"pv"}}"#).decoded, Ok(Decoded { events: 1, drafts: 1, faults: 0 }));
}

#[test]
fn of_keys_that_come_twice_the_last_wins() {
    let case = post(
        r#"{"data":[{"e":"pv"},{"e":"pv"}],"data":[{"e":"se","se_ac":"x","se_ac":"last","se_va":"1","se_va":"2","res":"1x2","res":"3x4"}]}"#,
    );
    assert_eq!(case.decoded, Ok(Decoded { events: 1, drafts: 1, faults: 0 }));
    assert_eq!(
        (case.name(), case.tape()),
        ("last", vec!["value=2".into(), "context.screen.width=3".into(), "context.screen.height=4".into()])
    );
    let inner = r#"{"data":{"schema":"iglu:a/first/c/d","data":{"a":1}},"data":{"schema":"iglu:a/b/c/d","data":{"a":2},"data":{"b":3}}}"#;
    let case = event(&format!(r#""e":"ue","ue_pr":{}"#, quoted(inner)));
    assert_eq!((case.name(), case.tape()), ("b", vec!["b=3".into(), r#"context.meta.schema="iglu:a/b/c/d""#.into()]));
}

#[test]
fn entities_that_are_said_again_leave_what_another_text_said() {
    let entity = |name: &str, value: &str| {
        let vendor = if name == "client_session" { "com.snowplowanalytics.snowplow" } else { "com.acme" };
        format!(r#"{{"schema":"iglu:{vendor}/{name}/jsonschema/1-0-0","data":{value}}}"#)
    };
    let tags =
        |names: &[(&str, &str)]| names.iter().map(|(name, value)| entity(name, value)).collect::<Vec<_>>().join(",");
    let session = |user: &str| entity("client_session", &format!(r#"{{"userId":"{user}"}}"#));
    let first = entities(&tags(&[("tag", "1"), ("cart", "10")]));
    let twice = format!(
        r#"{{"data":[{},{}],"data":[{}]}}"#,
        tags(&[("cart", "20"), ("tag", "2"), ("tag", "3"), ("gone", "1")]),
        session("of-what-is-gone"),
        tags(&[("tag", "4"), ("new", "5")]),
    );
    let case = event(&format!(r#""e":"pv","co":{},"cx":"{}""#, quoted(&first), base64url(&twice)));
    let list = |name: &str, values: &[u8]| {
        let path = format!("context.meta.{name}");
        let values = values.iter().map(|value| format!("{path}.*={value}"));
        [vec![format!("{path}[")], values.collect(), vec!["]".to_owned()]].concat()
    };
    assert_eq!(case.tape(), [list("tag", &[1, 4]), list("cart", &[10]), list("new", &[5])].concat());
    assert_eq!((case.ids(), case.fault()), (vec![], None), "an id that is said no more is nobody's");
}

#[test]
fn limits_hold_inside_texts_too() {
    let deep =
        format!(r#"{{"a":{}1{}}}"#, "[".repeat(limits::JSON_DEPTH_MAX + 1), "]".repeat(limits::JSON_DEPTH_MAX + 1));
    let wide: Vec<String> = (0..limits::EVENT_LEAVES_MAX).map(|i| format!(r#""k{i}":1"#)).collect();
    let long = format!(r#""eid":"{}""#, "x".repeat(limits::ID_BYTES_MAX + 1));
    for (inside, rule) in [
        (format!(r#""ue_pr":{}"#, quoted(&unstructured("iglu:a/b/c/1", &deep))), Rule::OverLimit),
        (
            format!(r#""ue_pr":{}"#, quoted(&unstructured("iglu:a/b/c/1", &format!("{{{}}}", wide.join(","))))),
            Rule::OverLimit,
        ),
        (format!(r#"{long},"ue_pr":{}"#, quoted(&unstructured("iglu:a/b/c/1", "{}"))), Rule::OverLimit),
        (
            format!(
                r#""page":"{}","ue_pr":{}"#,
                "x".repeat(limits::EVENT_BYTES_MAX),
                quoted(&unstructured("iglu:a/b/c/1", "{}"))
            ),
            Rule::TooLarge,
        ),
    ] {
        assert_eq!(event(&format!(r#""e":"ue",{inside}"#)).fault(), Some(rule));
    }
    let many = vec![r#"{"e":"pv"}"#; limits::BATCH_EVENTS_MAX + 1].join(",");
    let case = post(&format!(r#"{{"data":[{many}]}}"#));
    assert_eq!(case.decoded, Err(DecodeError::TooManyEvents { max: limits::BATCH_EVENTS_MAX }));
}

#[test]
fn answers_are_what_trackers_and_the_collector_say() {
    let answer = |endpoint, situation| {
        let head = RequestHead::default();
        Snowplow.answer(&Answering { endpoint, head: &head, opened: None, situation, now: Millis(0) })
    };
    let accepted = Situation::Accepted { events: 3 };
    assert_eq!(answer(POST, accepted), Answer::new(200, "text/plain", &b"ok"[..]));
    assert_eq!(answer(PIXEL, accepted), Answer::new(200, "image/gif", PIXEL_GIF));
    for (situation, status) in [
        (Situation::BadKey, 401),
        (Situation::BadBody, 400),
        (Situation::Refused("no"), 400),
        (Situation::TooLarge, 413),
        (Situation::WrongMethod, 405),
        (Situation::Overloaded { retry_after_seconds: 7 }, 503),
    ] {
        let answer = answer(PIXEL, situation);
        assert_eq!((answer.status, answer.content_type), (status, "text/plain"));
        assert!(!answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("set-cookie")));
        assert_eq!(answer.headers.iter().any(|(name, _)| *name == "Retry-After"), status == 503);
    }
}

proptest! {
    /// JSON inside texts is bounded by its text: whatever stands in one event, the next one is read as if it were alone.
    #[test]
    fn what_stands_in_one_event_never_reaches_another(inside in "[\\[\\]{}\",:0-9a\\\\ ü\u{0}]{0,60}", is_base64: bool) {
        let value = if is_base64 { quoted(&base64url(&inside)) } else { quoted(&inside) };
        for key in if is_base64 { ["ue_px", "cx"] } else { ["ue_pr", "co"] } {
            let case = post(&format!(r#"{{"data":[{{"e":"ue","{key}":{value}}},{{"e":"se","se_ac":"next","se_la":"whole"}}]}}"#));
            prop_assert_eq!(case.decoded.as_ref().map(|decoded| decoded.events).ok(), Some(2));
            prop_assert_eq!(case.tape_of(1), vec![r#"label="whole""#.to_owned()]);
        }
    }
}
