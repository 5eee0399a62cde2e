use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use weir_event::names::ClassOnly;
use weir_event::{LeafKind, Millis, Names, Operation, ProfileOp, SubjectKind, limits};

use super::*;
use crate::answer::Situation;
use crate::body::Limits;

const EVENT: &str = r#"{"event":"Signed Up","distinct_id":"u","properties":{"plan":"pro"},"api_key":"phc_1"}"#;

struct Case {
    names: SourceNames,
    opened: Opened,
    batch: DraftBatch,
    decoded: Result<Decoded, DecodeError>,
}

fn decode_as(endpoint: Endpoint, head: &RequestHead<'_>, body: &[u8]) -> Case {
    let names = Names::new(Box::new(ClassOnly)).source();
    let options = DecodeOptions::new([], names.names());
    let mut opened = PostHog.open(endpoint, head, body.to_vec(), &Limits::default()).expect("it opens");
    let mut batch = DraftBatch::default();
    let decoded = PostHog.decode(endpoint, head, &mut opened, &names, &options, &mut batch);
    Case { names, opened, batch, decoded }
}

fn decode(endpoint: Endpoint, json: &str) -> Case {
    decode_as(endpoint, &RequestHead { method: "POST", ..RequestHead::default() }, json.as_bytes())
}

impl Case {
    /// `path=value` of each scalar of a draft.
    fn leaves(&self, draft: usize) -> Vec<String> {
        let show = |leaf: &weir_event::Leaf| {
            let value =
                if leaf.kind.has_text() { self.batch.str(leaf.text).to_owned() } else { format!("{:?}", leaf.kind) };
            format!("{}={value}", self.names.names().text(leaf.path))
        };
        let tape = self.batch.tape(&self.batch.drafts[draft]);
        tape.iter().filter(|leaf| leaf.kind.is_scalar() || leaf.kind == LeafKind::MapKey).map(show).collect()
    }

    /// Role, kind and text of each id of a draft.
    fn ids(&self, draft: usize) -> Vec<String> {
        let kind = |kind| match kind {
            SubjectKind::Group(kind) => self.names.names().text(kind).to_owned(),
            other => format!("{other:?}"),
        };
        let ids = &self.batch.drafts[draft].identities;
        ids.iter().map(|id| format!("{:?} {} {}", id.role, kind(id.kind), self.batch.str(id.text))).collect()
    }

    fn operations(&self) -> Vec<Operation> {
        self.batch.drafts.iter().map(|draft| draft.operation).collect()
    }

    fn faults(&self) -> Vec<Option<Rule>> {
        self.batch.drafts.iter().map(|draft| draft.fault).collect()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn base64(bytes: &[u8]) -> String {
    body::base64::encode(bytes)
}

#[test]
fn every_path_is_known_with_and_without_its_last_slash() {
    for (path, call) in [
        ("/e", Call::Ingest(CAPTURE)),
        ("/i/v0/e", Call::Ingest(CAPTURE)),
        ("/capture", Call::Ingest(CAPTURE)),
        ("/track", Call::Ingest(CAPTURE)),
        ("/batch", Call::Ingest(BATCH)),
        ("/engage", Call::Ingest(ENGAGE)),
        ("/i/v1/analytics/events", Call::Ingest(EVENTS)),
        ("/i/v0/ai", Call::Ingest(AI)),
        ("/i/v0/ai/batch", Call::Ingest(AI_BATCH)),
        ("/i/v0/ai/otel", Call::Drop(AI_OTEL, Rule::NotCarried)),
        ("/i/v1/logs", Call::Drop(LOGS, Rule::NotCarried)),
        ("/i/v1/metrics", Call::Drop(METRICS, Rule::NotCarried)),
        ("/i/v1/traces", Call::Drop(TRACES, Rule::NotCarried)),
        ("/s", Call::Drop(REPLAY, Rule::SessionReplay)),
        ("/flags", Call::Auxiliary(FLAGS)),
        ("/decide", Call::Auxiliary(DECIDE)),
        ("/flags/definitions", Call::Auxiliary(DEFINITIONS)),
        ("/api/feature_flag/local_evaluation", Call::Auxiliary(DEFINITIONS)),
        ("/array/phc_1/config", Call::Auxiliary(CONFIG)),
        ("/array/phc_1/config.js", Call::Auxiliary(CONFIG_SCRIPT)),
        ("/array/phc_1/array.js", Call::Auxiliary(SCRIPT)),
        ("/static/1.449.2/surveys.js", Call::Auxiliary(SCRIPT)),
        ("/api/surveys", Call::Auxiliary(SURVEYS)),
        ("/api/early_access_features", Call::Auxiliary(EARLY_ACCESS)),
        ("/api/web_experiments", Call::Auxiliary(WEB_EXPERIMENTS)),
        ("/api/product_tours", Call::Auxiliary(PRODUCT_TOURS)),
        ("/api/projects", Call::Unknown),
        ("/", Call::Unknown),
        ("/batch/more", Call::Unknown),
    ] {
        assert_eq!(PostHog.classify("POST", path), call, "{path}");
        assert_eq!(PostHog.classify("POST", &format!("{path}/")), call, "{path}/");
        if call != Call::Unknown {
            assert!(matches!(PostHog.classify("PUT", path), Call::WrongMethod(_)), "{path}");
        }
    }
    assert_eq!(PostHog.classify("GET", "/e/"), Call::Ingest(CAPTURE));
    assert_eq!(PostHog.classify("GET", "/i/v1/analytics/events"), Call::WrongMethod(EVENTS));
}

#[test]
fn a_body_opens_in_each_encoding_that_an_sdk_has_used() {
    let head = RequestHead { method: "POST", ..RequestHead::default() };
    let encoded = base64(EVENT.as_bytes());
    let in_form = encoded.replace('+', "%2B").replace('=', "%3D").replace('/', "%2F");
    // Made by npm lz-string 1.5.0 `compressToBase64`.
    let lz = include_str!("../../../tests/data/lz_string_event.txt").trim();
    let lz_in_form = lz.replace('+', "%2B").replace('=', "%3D").replace('/', "%2F");
    let queries: Vec<(&str, Vec<u8>)> = vec![
        ("", EVENT.into()),
        ("", gzip(EVENT.as_bytes())),
        ("compression=gzip-js&ver=1.57.2&ip=1&_=1795303204000", gzip(EVENT.as_bytes())),
        ("compression=gzip", gzip(EVENT.as_bytes())),
        ("compression=base64", format!("data={in_form}").into()),
        ("compression=b64", encoded.into()),
        ("", format!("data={in_form}&compression=base64").into()),
        ("", format!("data={EVENT}").into()),
        ("compression=lz64", lz.into()),
        ("compression=lz-string", format!("data={lz_in_form}").into()),
        ("", format!("data={lz_in_form}&compression=lz64").into()),
        ("compression=gzip-js", base64(&gzip(EVENT.as_bytes())).into()),
    ];
    for (query, body) in queries {
        let case = decode_as(CAPTURE, &RequestHead { query, ..head }, &body);
        assert_eq!(case.leaves(0), ["plan=pro"], "{query}");
        assert_eq!(case.ids(0), ["Subject User u"], "{query}");
    }
    for (encoding, body) in [
        ("gzip", gzip(EVENT.as_bytes())),
        ("deflate", zlib(EVENT.as_bytes())),
        ("zstd", zstd(EVENT.as_bytes())),
        ("zstd", EVENT.into()),
    ] {
        let case = decode_as(EVENTS, &RequestHead { content_encoding: Some(encoding), ..head }, &body);
        assert_eq!(case.leaves(0), ["plan=pro"], "{encoding}");
    }
    let query = format!("compression=lz64&data={lz_in_form}&_=1795303204000");
    let case = decode_as(CAPTURE, &RequestHead { method: "GET", query: &query, ..RequestHead::default() }, b"");
    assert_eq!(case.leaves(0), ["plan=pro"]);
    assert_eq!(case.batch.drafts[0].sent_at, Some(Millis(1_795_303_204_000)));
}

#[test]
fn a_bomb_in_lz_string_or_zstd_is_too_large() {
    let limits = Limits { decoded_bytes_max: 100_000 };
    let lz = include_str!("../../../tests/data/lz_string_bomb.txt").trim();
    let head = RequestHead { method: "POST", query: "compression=lz64", ..RequestHead::default() };
    let too_large = Err(BodyError::TooLarge { max: 100_000 });
    assert_eq!(PostHog.open(CAPTURE, &head, lz.into(), &limits).map(|_| ()), too_large);
    let head = RequestHead { method: "POST", content_encoding: Some("zstd"), ..RequestHead::default() };
    assert_eq!(PostHog.open(EVENTS, &head, zstd(&[b' '; 200_000]), &limits).map(|_| ()), too_large);
}

#[test]
fn a_request_is_an_event_a_list_or_a_batch() {
    for (json, events) in [
        (r#"{"event":"a","distinct_id":"u"}"#, 1),
        (r#"[{"event":"a"},{"event":"b"}]"#, 2),
        (r#"{"batch":[{"event":"a"},{"event":"b"}],"api_key":"k"}"#, 2),
        (r#"{"api_key":"k","historical_migration":false,"batch":[]}"#, 0),
        (r#"{"event":"outer","properties":{"x":1},"batch":[{"event":"a"}]}"#, 1),
        (r#"{"\u0062atch":[{"event":"a"}],"\u0065vent":"no"}"#, 1),
        (r#"{"event":"a","batch":"of beer"}"#, 1),
        (r#"[]"#, 0),
    ] {
        let case = decode(BATCH, json);
        assert_eq!(case.decoded.map(|decoded| (decoded.events, decoded.faults)), Ok((events, 0)), "{json}");
        assert_eq!(case.batch.drafts.len(), events as usize, "{json}");
    }
    let nested = decode(BATCH, r#"{"batch":[{"event":"a","batch":[{"event":"b"}],"sent_at":"2026-01-01T00:00:00Z"}]}"#);
    assert_eq!(nested.decoded.map(|decoded| decoded.events), Ok(1));
    assert_eq!(nested.batch.drafts[0].sent_at, None);
}

#[test]
fn only_a_body_that_does_not_read_is_refused() {
    for bad in
        ["", "   ", "7", "\"text\"", "null", "{", "[{]", r#"{"event":"a"} x"#, "\u{0}", r#"{"batch":[{"event":1 2}]}"#]
    {
        let case = decode(BATCH, bad);
        assert!(case.decoded.is_err(), "{bad}");
        assert!(case.batch.drafts.is_empty() && case.batch.text.is_empty());
    }
    let case = decode(
        BATCH,
        r#"{"batch":[7,null,"x",[1],{},{"event":""},{"event":5},{"event":"a","properties":[1]},{"event":"b","properties":null},{"event":"ok"}]}"#,
    );
    let malformed = Some(Rule::Malformed);
    assert_eq!(
        case.faults(),
        [malformed, malformed, malformed, malformed, malformed, malformed, malformed, malformed, None, None]
    );
    assert_eq!(case.decoded.map(|decoded| (decoded.events, decoded.faults)), Ok((10, 8)));
}

#[test]
fn a_batch_of_too_many_events_is_refused() {
    let json = format!("{{\"batch\":[{}]}}", vec![r#"{"event":"a"}"#; limits::BATCH_EVENTS_MAX].join(","));
    assert_eq!(decode(BATCH, &json).decoded.map(|decoded| decoded.events), Ok(2_000));
    let json = format!("[{}]", vec![r#"{"event":"a"}"#; limits::BATCH_EVENTS_MAX + 1].join(","));
    assert_eq!(decode(BATCH, &json).decoded, Err(DecodeError::TooManyEvents { max: 2_000 }));
}

#[test]
fn d4_what_the_batch_says_after_its_events_counts_for_them() {
    let case = decode(
        BATCH,
        r#"{"batch":[
        {"event":"a","timestamp":"2026-11-21T10:00:00.000Z"},
        {"event":"b","offset":1500},
        {"event":"c","properties":{"$time":1795303204.838}},
        {"event":"d","timestamp":"2026-11-21T10:00:00+02:00","properties":{"$ignore_sent_at":true}},
        {"event":"e","timestamp":"soon","offset":"x"}],
        "sent_at":"2026-11-21T10:00:10.000Z","historical_migration":true}"#,
    );
    let times: Vec<_> = case.batch.drafts.iter().map(|draft| (draft.client_time, draft.sent_at)).collect();
    let at = |text| Millis::from_rfc3339(text);
    let sent = at("2026-11-21T10:00:10.000Z");
    assert_eq!(
        times,
        [
            (at("2026-11-21T10:00:00.000Z"), sent),
            (at("2026-11-21T10:00:08.500Z"), sent),
            (Some(Millis(1_795_303_204_838)), sent),
            (at("2026-11-21T08:00:00.000Z"), None),
            (None, sent),
        ]
    );
    assert!(case.batch.drafts.iter().all(|draft| draft.historical));
}

#[test]
fn d6_a_device_is_told_from_a_user_by_what_stands_beside_it() {
    let case = decode(
        BATCH,
        r#"[{"event":"a","properties":{"distinct_id":"d","$device_id":"d","token":"t"}},
        {"event":"a","properties":{"distinct_id":"u","$device_id":"d","$user_id":"u","$is_identified":true}},
        {"event":"a","properties":{"distinct_id":"d2","$device_id":"d","$is_identified":false}},
        {"event":"a","distinct_id":"top","properties":{"distinct_id":"below"}},
        {"event":"a","distinct_id":4711},
        {"event":"a","distinct_id":{"a":1},"uuid":false}]"#,
    );
    assert_eq!(case.ids(0), ["Subject Device d", "Device Device d"]);
    assert_eq!(case.ids(1), ["Subject User u", "User User u", "Device Device d"]);
    assert_eq!(case.ids(2), ["Subject Device d2", "Device Device d"]);
    assert_eq!(case.ids(3), ["Subject User top"]);
    assert_eq!(case.ids(4), ["Subject User 4711"]);
    assert!(case.ids(5).is_empty());
    assert_eq!(case.leaves(2), ["context.meta.$is_identified=False"]);
    assert!(case.leaves(0).is_empty(), "identifiers and tokens never stay on the tape");
}

#[test]
fn d7_identify_alias_and_merge_name_both_ids() {
    let case = decode(
        BATCH,
        r#"[{"event":"$identify","properties":{"distinct_id":"u","$user_id":"u","$anon_distinct_id":"d","$device_id":"d"}},
        {"event":"$identify","distinct_id":"u","properties":{"$anon_distinct_id":"v"}},
        {"event":"$create_alias","distinct_id":"u","properties":{"distinct_id":"u","alias":"new","x":1}},
        {"event":"$merge_dangerously","distinct_id":"u","properties":{"alias":"old"}},
        {"event":"$create_alias","distinct_id":"u"},
        {"event":"Renamed","properties":{"alias":"just a property"}}]"#,
    );
    assert_eq!(case.ids(0), ["Subject User u", "User User u", "Device Device d", "Previous Device d"]);
    assert_eq!(case.ids(1), ["Subject User u", "Previous User v"]);
    assert_eq!(case.ids(2), ["Subject User u", "Previous User u", "Next User new"]);
    assert_eq!(case.leaves(2), ["x=1"]);
    assert_eq!(case.ids(3), ["Subject User u", "Previous User u", "Next User old"]);
    assert_eq!(case.faults(), [None, None, None, None, Some(Rule::Malformed), None]);
    assert_eq!(case.leaves(5), ["alias=just a property"]);
    assert_eq!(
        case.operations(),
        [
            Operation::Identify,
            Operation::Identify,
            Operation::Alias,
            Operation::Merge,
            Operation::Alias,
            Operation::Track
        ]
    );
}

#[test]
fn d7_an_identify_of_one_id_is_what_it_sets() {
    let case = decode(
        BATCH,
        r#"[{"event":"$identify","distinct_id":"u","uuid":"1","properties":{"$set":{"plan":"pro"},"$set_once":{"since":"2024"},"$lib":"node"}},
        {"event":"$identify","distinct_id":"u","uuid":"2","properties":{"$lib":"node"}}]"#,
    );
    assert_eq!(
        case.operations(),
        [
            Operation::Profile(ProfileOp::Set),
            Operation::Profile(ProfileOp::SetOnce),
            Operation::Profile(ProfileOp::Set)
        ]
    );
    assert_eq!(case.leaves(0), ["profile.plan=pro"]);
    assert_eq!(case.leaves(1), ["profile.since=2024"]);
    assert!(case.leaves(2).is_empty() && case.faults() == [None; 3]);
    assert_eq!(case.decoded.map(|decoded| decoded.events), Ok(2));
}

#[test]
fn d5_profile_operations_are_drafts_beside_the_event_with_its_id() {
    let case = decode(
        BATCH,
        r#"[{"$set_once":{"b":2},"event":"Signed Up","uuid":"01a20068-e7a8-700c-9ec0-95ab6f4de51f","distinct_id":"u",
        "properties":{"$set":{"a":1,"c":{"d":[1]}},"$set_once":{"b":0,"e":[{"f":1}]},"$unset":["g","h i"],"p":1,"$groups":{"company":"c"}},
        "$set":{"a":3}}]"#,
    );
    assert_eq!(
        case.operations(),
        [
            Operation::Track,
            Operation::Profile(ProfileOp::Set),
            Operation::Profile(ProfileOp::SetOnce),
            Operation::Profile(ProfileOp::Unset)
        ]
    );
    assert_eq!(case.leaves(0), ["p=1"]);
    assert_eq!(case.leaves(1), ["profile.c.d.*=1", "profile.a=3"], "what stands at the top wins");
    assert_eq!(case.leaves(2), ["profile.e.*.f=1", "profile.b=2"]);
    assert_eq!(case.leaves(3), ["profile.g=Null", "profile.h i=Null"]);
    let ids: Vec<_> = case.batch.drafts.iter().map(|draft| draft.sdk_id.map(|id| case.batch.str(id))).collect();
    assert_eq!(ids, [Some("01a20068-e7a8-700c-9ec0-95ab6f4de51f"); 4]);
    assert_eq!(case.ids(0), ["Subject User u", "Group company c"]);
    assert_eq!(case.ids(1), ["Subject User u"], "a person's groups are no properties of theirs");
    assert_eq!(case.decoded.map(|decoded| (decoded.events, decoded.drafts)), Ok((1, 4)));
}

#[test]
fn empty_and_odd_profile_operations_cost_the_event_nothing() {
    let case = decode(
        BATCH,
        r#"[{"event":"a","$set":{},"$set_once":null,"properties":{"$unset":[],"$set":null}},
        {"event":"b","$set":"text","properties":{"$unset":{"x":"","y":1}}},
        {"event":"$set","distinct_id":"u","properties":{"$lib":"node"}},
        {"event":"$set","$set":{"x":1},"properties":{"$set":{"y":2},"\u0001":1}}]"#,
    );
    assert_eq!(
        case.operations(),
        [
            Operation::Track,
            Operation::Track,
            Operation::Profile(ProfileOp::Set),
            Operation::Profile(ProfileOp::Unset),
            Operation::Profile(ProfileOp::Set),
            Operation::Profile(ProfileOp::Set),
        ]
    );
    assert_eq!(case.faults(), [None, None, Some(Rule::Malformed), None, None, None]);
    assert_eq!(case.leaves(3), ["profile.x=Null", "profile.y=Null"]);
    assert_eq!(case.leaves(5), ["profile.y=2", "profile.x=1"]);
    assert_eq!(case.batch.drafts[5].unnamed, 1, "an unclean key counts, though its tape is not kept");
}

#[test]
fn d7_groups_are_identities_and_their_types_are_names() {
    let case = decode(
        BATCH,
        r#"[{"event":"a","distinct_id":"u","properties":{"$groups":{"company":"c1","team":["t1",2],"ada@example.com":"x","none":null}}},
        {"event":"$groupidentify","distinct_id":"$company_c1","properties":{"$group_set":{"seats":3},"$group_type":"company","$group_key":"c1","$lib":"web"}},
        {"event":"$groupidentify","properties":{"$group_key":"c1","$group_set":{"seats":3}}},
        {"event":"$groupidentify","properties":{"$group_type":"ada@example.com","$group_key":"c1","$group_set":{"seats":3}}},
        {"event":"a","properties":{"$groups":"company"}}]"#,
    );
    assert_eq!(case.ids(0), ["Subject User u", "Group company c1", "Group team t1", "Group team 2"]);
    assert_eq!(case.batch.drafts[0].unnamed, 1);
    assert_eq!(case.batch.drafts[1].operation, Operation::Group(ProfileOp::Set));
    assert_eq!(case.ids(1), ["Subject User $company_c1", "Group company c1"]);
    assert_eq!(case.leaves(1), ["group.company.seats=3"]);
    assert_eq!(case.faults(), [None, None, Some(Rule::Malformed), Some(Rule::PathUnclean), None]);
}

#[test]
fn page_and_screen_views_are_operations_of_their_own() {
    let case = decode(
        BATCH,
        r#"[{"event":"$pageview","properties":{"title":"Prices","$current_url":"https://a.example/b"}},
        {"event":"$screen","properties":{"$screen_name":"Prices"}},
        {"event":"Read","properties":{"title":"A book","$screen_name":"x"}},
        {"event":"$pageleave","properties":{"title":"y"}}]"#,
    );
    assert_eq!(case.operations(), [Operation::Page, Operation::Screen, Operation::Track, Operation::Track]);
    assert_eq!(case.leaves(0), ["context.page.title=Prices", "context.page.url=https://a.example/b"]);
    assert_eq!(case.leaves(1), ["name=Prices"]);
    assert_eq!(case.leaves(2), ["title=A book", "$screen_name=x"]);
}

#[test]
fn what_the_sdk_says_of_itself_is_context() {
    let case = decode(
        BATCH,
        r#"[{"event":"a","ip":"203.0.113.42","library":"posthog-python","strange":1,"properties":{"$lib_version":"1","$session_id":"s","$window_id":"w",
        "$sdk_debug_retry_queue_size":0,"$session_entry_gclid":"x","gclid":"y","$geoip_disable":true,"$process_person_profile":false,
        "$feature_flag":"f","$feature/beta-ui":true}}]"#,
    );
    assert_eq!(
        case.leaves(0),
        [
            "context.ip=203.0.113.42",
            "context.library.name=posthog-python",
            "context.meta.strange=1",
            "context.library.version=1",
            "context.session_id=s",
            "context.meta.$window_id=w",
            "context.meta.$sdk_debug_retry_queue_size=0",
            "context.meta.$session_entry_gclid=x",
            "context.click.gclid=y",
            "$process_person_profile=False",
            "$feature_flag=f",
            "$feature/beta-ui=True",
        ]
    );
    let case =
        decode(BATCH, r#"{"event":"$set","$set_once":{"$initial_gclid":"x","gclid":"y","$initial_utm_source":"z"}}"#);
    assert_eq!(
        case.leaves(0),
        ["context.meta.$initial_gclid=x", "context.meta.gclid=y", "profile.$initial_utm_source=z"]
    );
}

const V1: &str = r#"{"created_at":"2026-11-21T10:00:10Z","historical_migration":true,"batch":[
    {"event":"a","uuid":"01A20068-e7a8-700c-9ec0-95ab6f4de51f","distinct_id":"u","timestamp":"2026-11-21T10:00:00Z","session_id":"s","window_id":"w",
     "options":{"process_person_profile":false,"disable_skew_correction":true,"other":1},"properties":{"p":1,"$set":{"q":2}}},
    {"event":"","uuid":"01a20068e7a8700c9ec095ab6f4de520","options":[1]},
    {"event":"b","uuid":"\"}},<script>","options":{"disable_skew_correction":"yes"}}]}"#;

#[test]
fn capture_v1_says_the_library_in_a_header_and_options_beside_the_properties() {
    let head = RequestHead { method: "POST", sdk_info: Some("posthog-node/5.70.0"), ..RequestHead::default() };
    let case = decode_as(EVENTS, &head, V1.as_bytes());
    assert_eq!(
        case.leaves(0),
        [
            "context.session_id=s",
            "context.meta.$window_id=w",
            "$process_person_profile=False",
            "context.meta.other=1",
            "p=1",
            "context.library.name=posthog-node",
            "context.library.version=5.70.0",
        ]
    );
    assert_eq!(case.leaves(1), ["profile.q=2"]);
    let sent_at: Vec<_> = case.batch.drafts.iter().map(|draft| draft.sent_at).collect();
    let created = Millis::from_rfc3339("2026-11-21T10:00:10Z");
    assert_eq!(sent_at, [None, None, created, created]);
    assert!(case.batch.drafts.iter().all(|draft| draft.historical));
    assert_eq!(case.faults(), [None, None, Some(Rule::Malformed), None]);
    for odd in ["", "posthog", "/1", "a/", "a b/1", "a/\u{e9}", &"x".repeat(200)] {
        let case = decode_as(EVENTS, &RequestHead { sdk_info: Some(odd), ..head }, V1.as_bytes());
        assert!(!case.leaves(0).iter().any(|leaf| leaf.contains("library")), "{odd}");
    }
}

#[test]
fn capture_v1_gets_a_result_for_each_id_and_no_byte_of_the_request() {
    let head = RequestHead { method: "POST", ..RequestHead::default() };
    let case = decode_as(EVENTS, &head, V1.as_bytes());
    let answer = |situation| {
        PostHog.answer(&Answering {
            endpoint: EVENTS,
            head: &head,
            opened: Some(&case.opened),
            situation,
            now: Millis(0),
        })
    };
    let ok = answer(Situation::Accepted { events: 3 });
    assert_eq!(
        String::from_utf8_lossy(&ok.body),
        r#"{"results":{"01a20068-e7a8-700c-9ec0-95ab6f4de51f":{"result":"ok"},"01a20068-e7a8-700c-9ec0-95ab6f4de520":{"result":"ok"}}}"#
    );
    let refused = answer(Situation::Refused("no such event"));
    assert!(String::from_utf8_lossy(&refused.body).contains(r#"de51f":{"result":"drop","details":"no such event"}"#));
    assert_eq!(refused.status, 200);
    serde_json::from_slice::<serde_json::Value>(&refused.body).expect("it is JSON");
}

#[test]
fn no_answer_makes_posthog_js_send_twice_or_forget() {
    let head = RequestHead { method: "POST", query: "beacon=1", ..RequestHead::default() };
    let answer = |endpoint, situation| {
        PostHog.answer(&Answering { endpoint, head: &head, opened: None, situation, now: Millis(0) })
    };
    for endpoint in [CAPTURE, BATCH, ENGAGE, AI_BATCH, REPLAY] {
        let ok = answer(endpoint, Situation::Accepted { events: 1 });
        assert_eq!((ok.status, ok.body.as_ref()), (200, br#"{"status":"Ok"}"#.as_slice()), "{endpoint:?}");
    }
    for endpoint in [CAPTURE, BATCH, ENGAGE, EVENTS, AI, AI_BATCH, AI_OTEL, LOGS, METRICS, TRACES, REPLAY] {
        let status = |situation| answer(endpoint, situation).status;
        assert_eq!(status(Situation::Accepted { events: 1 }), 200);
        assert_eq!(status(Situation::BadKey), 401);
        assert_eq!(status(Situation::BadBody), 400);
        assert_eq!(status(Situation::TooLarge), 413);
        assert_eq!(status(Situation::UnsupportedEncoding), 415);
        assert_eq!(status(Situation::TimedOut), 503);
        for situation in
            [Situation::TooManyRequests { retry_after_seconds: 7 }, Situation::Overloaded { retry_after_seconds: 7 }]
        {
            let answer = answer(endpoint, situation);
            assert_eq!(answer.status, 503);
            assert!(answer.headers.contains(&("Retry-After", "7".into())));
            let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("it is JSON");
            assert!(body["detail"].is_string() && body["error"].is_string());
        }
    }
}

#[test]
fn write_keys_are_found_in_each_of_their_places() {
    let find = |head: &RequestHead<'_>, endpoint, body: &str| -> Vec<String> {
        let opened = PostHog.open(endpoint, head, body.into(), &Limits::default()).expect("it opens");
        PostHog.find_write_keys(head, &opened).iter().map(|key| key.reveal().to_owned()).collect()
    };
    let post = RequestHead { method: "POST", path: "/batch/", ..RequestHead::default() };
    assert_eq!(find(&post, BATCH, r#"{"api_key":"k","batch":[]}"#), ["k"]);
    assert_eq!(
        find(&post, BATCH, r#"{"batch":[{"properties":{"token" : "a"}},{"$token":"b"}],"api_key":"k"}"#),
        ["k", "a", "b"]
    );
    assert_eq!(find(&post, BATCH, r#"{"a":"\"token\":\"no\"","x_token":"no","token":7}"#), Vec::<String>::new());
    assert_eq!(find(&post, CAPTURE, "data=e30&token=f&api_key=g"), ["f", "g"]);
    assert_eq!(find(&RequestHead { authorization: Some("Bearer v1"), ..post }, EVENTS, "{}"), ["v1"]);
    assert_eq!(find(&RequestHead { authorization: Some("Basic v1"), ..post }, EVENTS, "{}"), Vec::<String>::new());
    assert_eq!(find(&RequestHead { query: "token=q", ..post }, LOGS, ""), ["q"]);
    assert_eq!(find(&RequestHead { method: "GET", path: "/array/phc_1/config.js", ..post }, CONFIG, ""), ["phc_1"]);
    let many = format!("[{}]", (0..50).map(|i| format!(r#"{{"token":"t{i}"}}"#)).collect::<Vec<_>>().join(","));
    assert_eq!(find(&post, BATCH, &many), ["t0", "t1", "t2", "t3", "t49"]);
}

#[test]
fn an_ai_event_comes_in_parts_and_its_large_values_are_dropped_and_counted() {
    let parts = |properties: &[u8]| {
        [
            b"--b0und\r\nContent-Disposition: form-data; name=\"event\"\r\nContent-Type: application/json\r\n\r\n".as_slice(),
            br#"{"event":"$ai_generation","distinct_id":"u","uuid":"x","url":"https://a/?b=1&e=2&data=3"}"#,
            b"\r\n--b0und\r\nContent-Disposition: form-data; name=\"event.properties\"\r\n\r\n",
            properties,
            b"\r\n--b0und\r\nContent-Disposition: form-data; name=\"event.properties.$ai_input\"; filename=\"blob\"\r\nContent-Type: application/json\r\n\r\n",
            br#"[{"role":"user","content":"my secret --b0und"}]"#,
            b"\r\n--b0und\r\nContent-Disposition: form-data; name=event.properties.$ai_output_choices\r\n\r\nthe answer\r\n--b0und--\r\n",
        ]
        .concat()
    };
    let properties = br#"{"$ai_model":"m","$ai_input_tokens":3}"#;
    let head = RequestHead { method: "POST", authorization: Some("Bearer k"), ..RequestHead::default() };
    for body in [parts(properties), gzip(&parts(properties)), parts(&gzip(properties))] {
        let case = decode_as(AI, &head, &body);
        assert_eq!(case.decoded.map(|decoded| (decoded.events, decoded.faults)), Ok((1, 0)));
        assert_eq!(case.leaves(0), ["context.meta.url=https://a/?b=1&e=2&data=3", "$ai_model=m", "$ai_input_tokens=3"]);
        assert_eq!((case.ids(0), case.batch.drafts[0].unnamed), (vec!["Subject User u".to_owned()], 2));
        assert!(!String::from_utf8_lossy(&case.batch.text).contains("secret"));
    }
    for odd in [
        "--",
        "--b",
        "--b\r\n",
        "--b\r\n\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"event\"\r\n\r\n\r\n--b--",
    ] {
        assert_eq!(decode_as(AI, &head, odd.as_bytes()).decoded, Err(DecodeError::NotEvents), "{odd}");
    }
    assert_eq!(decode_as(AI, &head, EVENT.as_bytes()).leaves(0), ["plan=pro"], "as plain JSON too");
}

#[test]
fn d17_constant_answers_switch_nothing_on() {
    let auxiliary = |path: &str, query: &str, write_key| {
        let head = RequestHead { method: "GET", path, query, ..RequestHead::default() };
        let Call::Auxiliary(endpoint) = PostHog.classify("GET", path) else { panic!("{path}") };
        let opened = Opened::default();
        let answer = PostHog.auxiliary(&Auxiliary {
            endpoint,
            head: &head,
            opened: &opened,
            write_key,
            blocked: &[],
            now: Millis(0),
        });
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned(), PostHog.is_flags(endpoint))
    };
    for (path, query, has_flags) in [
        ("/flags/", "v=2", true),
        ("/flags/", "v=2&config=true", true),
        ("/decide/", "v=3", true),
        ("/decide", "", true),
        ("/flags/definitions", "token=k&send_cohorts", true),
        ("/array/k/config", "", false),
        ("/api/surveys/", "token=k", false),
        ("/api/early_access_features/", "", false),
        ("/api/web_experiments/", "", false),
        ("/api/product_tours/", "", false),
    ] {
        let (status, body, is_flags) = auxiliary(path, query, Some("phc_1"));
        let json: serde_json::Value = serde_json::from_str(&body).expect(path);
        assert_eq!((status, is_flags), (200, has_flags), "{path}");
        for on in [
            "sessionRecording",
            "heatmaps",
            "capturePerformance",
            "surveys",
            "autocaptureExceptions",
            "captureDeadClicks",
        ] {
            let value = &json[on];
            assert!(value.is_null() || value == false || value.as_array().is_some_and(Vec::is_empty), "{path} {on}");
        }
        assert!(json["siteApps"].as_array().is_none_or(Vec::is_empty), "{path}");
        let empty = |value: &serde_json::Value| value.as_object().is_none_or(serde_json::Map::is_empty);
        assert!(empty(&json["featureFlags"]) && empty(&json["flags"]), "{path}");
    }
    assert!(auxiliary("/array/x/config", "", Some("phc_1")).1.starts_with(r#"{"token":"phc_1","#));
    let script = auxiliary("/array/x/config.js", "", Some("phc_1")).1;
    assert!(
        script.contains(r#"_POSTHOG_REMOTE_CONFIG["phc_1"]={config:{"token":"phc_1","#)
            && script.contains("siteApps:[]")
    );
    assert_eq!(auxiliary("/array/x/config.js", "", Some("a\"]=alert(1);//")).1, "", "no key that would be code");
    assert_eq!(auxiliary("/array/x/config.js", "", None).1, "");
    assert_eq!(auxiliary("/static/1.2.3/recorder.js", "", Some("phc_1")).0, 404);
}

#[test]
fn an_event_over_a_limit_costs_nobody_else() {
    let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    let long = "x".repeat(limits::ID_BYTES_MAX + 1);
    let many = (0..limits::EVENT_LEAVES_MAX + 1).map(|i| format!("\"k{}\":1", i % 90)).collect::<Vec<_>>();
    let wide = many.chunks(80).map(|keys| format!("{{{}}}", keys.join(","))).collect::<Vec<_>>().join(",");
    let json = format!(
        r#"[{{"event":"a","properties":{{"deep":{deep}}}}},{{"event":"a","distinct_id":"{long}"}},{{"event":"a","properties":{{"w":[{wide}]}}}},
        {{"event":"a","$set":{{"deep":{deep}}}}},{{"event":"a"}}]"#
    );
    let case = decode(BATCH, &json);
    let over = Some(Rule::OverLimit);
    assert_eq!(case.faults(), [over, over, over, None, over, None]);
}

fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[0-9]{1,6}(\\.[0-9]{1,3})?"
            .prop_map(|number| number.trim_start_matches('0').to_owned())
            .prop_filter("a number", |n| serde_json::from_str::<serde_json::Value>(n).is_ok()),
        "[a-z$ \\PC]{0,12}".prop_map(|text| serde_json::Value::String(text).to_string()),
    ];
    let key = prop_oneof![
        prop::sample::select(vec![
            "event",
            "properties",
            "batch",
            "$set",
            "$set_once",
            "$unset",
            "$groups",
            "$group_set",
            "$group_type",
            "$group_key",
            "distinct_id",
            "uuid",
            "timestamp",
            "offset",
            "options",
            "sent_at",
            "api_key",
            "token",
            "$device_id",
            "$is_identified",
            "$anon_distinct_id",
            "alias",
            "title",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z$]{1,6}",
    ];
    scalar.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|pairs| {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(key, value)| format!("{}:{value}", serde_json::Value::String(key.clone())))
                    .collect();
                format!("{{{}}}", pairs.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_anywhere_loses_no_event(values in prop::collection::vec((prop::sample::select(vec!["$identify", "$set", "$pageview", "$create_alias", "$groupidentify", "x"]), json(), json()), 0..6)) {
        let events: Vec<_> = values.iter().map(|(name, properties, set)| format!(r#"{{"$set":{set},"event":"{name}","properties":{properties}}}"#)).collect();
        for endpoint in [BATCH, EVENTS, ENGAGE] {
            let case = decode(endpoint, &format!(r#"{{"batch":[{}],"sent_at":3}}"#, events.join(",")));
            let decoded = case.decoded.expect("the batch is readable");
            prop_assert_eq!(decoded.events as usize, values.len());
            prop_assert!(decoded.drafts >= decoded.events, "every event is somewhere");
        }
    }

    #[test]
    fn any_json_at_the_top_is_read_or_refused(text in json()) {
        let case = decode(CAPTURE, &text);
        if let Ok(decoded) = case.decoded {
            prop_assert!(decoded.drafts >= decoded.events);
        }
    }
}
