//! What holds over the captures of all vendors, sent to a running Weir: nothing of them is where it must not be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use weir_event::names::ClassOnly;
use weir_event::{DraftBatch, Names};
use weir_protocol::body::Limits;
use weir_protocol::vendors::PROTOCOLS;
use weir_protocol::{Call, DecodeOptions, Protocol, RequestHead};
use weir_tests::captures::{self, Capture};
use weir_tests::encoding;
use weir_tests::harness::{Setup, Weir};
use weir_tests::privacy::{self, Needle, assert_absent, assert_nowhere};
use weir_tests::standin::Standin;
use weir_tests::wire;

/// What a capture says of somebody, as the vendor's own decoder reads it.
#[derive(Default)]
struct Said {
    keys: BTreeSet<String>,
    ids: BTreeSet<String>,
    events: u64,
}

fn read(protocol: &'static dyn Protocol, capture: &Capture, said: &mut Said) {
    let split = capture.bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head ends in an empty line");
    let head = String::from_utf8_lossy(&capture.bytes[..split]).into_owned();
    let header = |name: &str| {
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    };
    let (method, target) = capture.line();
    let (path, query) = (path(capture), target.split_once('?').map_or("", |(_, query)| query));
    let head = RequestHead {
        method: &method,
        path: &path,
        query,
        authorization: header("authorization"),
        content_encoding: header("content-encoding"),
        content_type: header("content-type"),
        anonymous_id: header("anonymousid"),
        api_key: header("x-apikey"),
        ..RequestHead::default()
    };
    let call = protocol.classify(&method, &path);
    let (Call::Ingest(endpoint) | Call::Auxiliary(endpoint) | Call::Drop(endpoint, _)) = call else { return };
    let body = capture.bytes[split + 4..].to_vec();
    let mut opened = protocol.open(endpoint, &head, body, &Limits::default()).expect("an SDK's body opens");
    said.keys.extend(protocol.find_write_keys(&head, &opened).first().map(|key| key.reveal().to_owned()));
    match call {
        Call::Ingest(_) => {}
        Call::Drop(..) => {
            said.events += 1;
            return;
        }
        _ => return,
    }
    let names = Names::new(Box::new(ClassOnly));
    let options = DecodeOptions::new([], &names);
    let mut batch = DraftBatch::default();
    let decoded = protocol.decode(endpoint, &head, &mut opened, &names.source(), &options, &mut batch);
    said.events += u64::from(decoded.expect("an SDK's body decodes").drafts);
    for draft in &batch.drafts {
        let texts = draft.identities.iter().map(|id| id.text).chain(draft.sdk_id);
        // What is shorter stands somewhere by chance.
        said.ids.extend(texts.map(|text| batch.str(text).to_owned()).filter(|id| id.len() >= 8));
    }
}

/// The path that the vendor knows; two captures come from an SDK that was set to routes of the customer's own.
fn path(capture: &Capture) -> String {
    match capture.path().as_str() {
        "/mp/t/" => "/track/".to_owned(),
        "/mp/e/" => "/engage/".to_owned(),
        path => path.to_owned(),
    }
}

#[test]
fn acceptance_04_no_capture_of_any_vendor_leaves_a_trace_of_a_person() {
    let mut said: BTreeMap<&str, Said> = BTreeMap::new();
    for protocol in PROTOCOLS {
        let of_vendor = said.entry(protocol.name()).or_default();
        captures::all(protocol.name()).iter().for_each(|capture| read(*protocol, capture, of_vendor));
        assert!(!of_vendor.keys.is_empty() && of_vendor.events > 0 && !of_vendor.ids.is_empty(), "{}", protocol.name());
    }
    let standin = Standin::of_weir();
    let mut setup = Setup::mixpanel(&standin.url());
    setup.sources.clear();
    for (vendor, said) in &said {
        let keys: Vec<&str> = said.keys.iter().map(String::as_str).collect();
        setup.sources.push_str(&format!(
            "  {vendor}: {{protocol: {vendor}, write_keys: [{}], environment: production, mode: enforce, group_keys: [company]}}\n",
            keys.join(", ")
        ));
    }
    let weir = Weir::start(&setup);
    let mut needles = privacy::captured();
    needles.extend(said.values().flat_map(|said| &said.ids).map(|id| Needle::new(id)));
    for vendor in said.keys() {
        for capture in captures::all(vendor) {
            let request = capture.at_path(&format!("/in/{vendor}{}", path(&capture)));
            let answer = wire::exchange(weir.ingest(), &request).expect("weir answers");
            // A script of the vendor's own is asked for in vain (D17).
            let is_script = capture.line().0 == "GET" && capture.path().ends_with(".js");
            let is_right = matches!(answer.status, 200 | 204) || is_script && answer.status == 404;
            assert!(is_right, "{}: {} {}", capture.name, answer.status, answer.text());
            // PostHog's V1 answers by the ids of events, which are UUIDs.
            assert_absent(&privacy::captured(), &answer.body, &format!("the answer to {}", capture.name));
        }
    }
    let metrics = weir.settle();
    for (vendor, said) in &said {
        let received = metrics.sum("weir_events_received_total", &[("source", vendor)]);
        assert_eq!(received, said.events, "every event of {vendor} counts as received");
    }
    assert!(!standin.events().is_empty(), "the test sees something");
    assert_eq!(standin.violations(), [], "the vendor had something to refuse");
    assert_nowhere(&needles, &standin, &weir);
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
}

/// One event of each vendor, number `n`, with these properties.
fn event_of(vendor: &str, n: u64, properties: &Value) -> (&'static str, Value) {
    let mut properties = properties.clone();
    properties["n"] = json!(n);
    let id = format!("0190a0a0-0000-4000-8000-{n:012}");
    match vendor {
        "mixpanel" => {
            properties["token"] = json!("k-mixpanel");
            ("/track?verbose=1", json!([{"event": "Seen", "properties": properties}]))
        }
        "amplitude" => (
            "/2/httpapi",
            json!({"api_key": "k-amplitude", "events": [{"event_type": "Seen", "user_id": "user-1", "insert_id": id, "event_properties": properties}]}),
        ),
        "posthog" => (
            "/batch/",
            json!({"api_key": "k-posthog", "batch": [{"event": "Seen", "distinct_id": "user-1", "uuid": id, "properties": properties}]}),
        ),
        "snowplow" => {
            let inner = json!({"schema": "iglu:com.acme/seen/jsonschema/1-0-0", "data": properties});
            let outer =
                json!({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": inner});
            (
                "/com.snowplowanalytics.snowplow/tp2",
                json!({"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
                    "data": [{"e": "ue", "aid": "k-snowplow", "p": "web", "eid": id, "uid": "user-1", "ue_pr": outer.to_string()}]}),
            )
        }
        other => (
            "/v1/batch",
            json!({"writeKey": format!("k-{other}"), "batch": [{"type": "track", "event": "Seen", "userId": "user-1", "messageId": id, "properties": properties}]}),
        ),
    }
}

#[test]
fn acceptance_19_the_same_value_is_treated_alike_whichever_vendors_sdk_sends_it() {
    let standin = Standin::of_weir();
    let allow = "{allow: [n, plain, 'nested.deep.value', list, link, encoded, escaped]}";
    let mut setup = Setup::with_subject(&standin.url(), "stable", allow);
    setup.sources.clear();
    for protocol in PROTOCOLS {
        let vendor = protocol.name();
        setup.sources.push_str(&format!("  {vendor}: {{protocol: {vendor}, write_keys: [k-{vendor}]}}\n"));
    }
    let weir = Weir::start(&setup);
    let planted = ["grace.hopper@example.org", "+44 20 7946 0958", "4242 4242 4242 4242"];
    let mut n = 0;
    let mut of_value: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for value in planted.iter().chain(&["harmless"]) {
        let properties = json!({
            "plain": value, "nested": {"deep": {"value": value}}, "list": [value, "second"],
            "link": format!("https://app.example.com/a?x={}", encoding::percent(value.as_bytes())),
            "encoded": encoding::base64(value.as_bytes()), "escaped": encoding::percent(value.as_bytes()),
        });
        for protocol in PROTOCOLS {
            n += 1;
            of_value.entry(value).or_default().push(n);
            let (path, body) = event_of(protocol.name(), n, &properties);
            let target = format!("/in/{}{path}", protocol.name());
            let head = [("Content-Type", "application/json"), ("Authorization", "Basic ay1ydWRkZXJzdGFjazo=")];
            let head = if protocol.name() == "rudderstack" { &head[..] } else { &head[..1] };
            let request = wire::request("POST", &target, head, body.to_string().as_bytes());
            let answer = wire::exchange(weir.ingest(), &request).expect("weir answers");
            assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        }
    }
    weir.settle();
    let arrived: BTreeMap<u64, BTreeSet<String>> = standin
        .events()
        .iter()
        .filter_map(|event| {
            let kept = ["plain", "nested", "list", "link", "encoded", "escaped"];
            let keys = event.properties().iter().filter(|(key, _)| kept.contains(&key.as_str()));
            Some((event.number()?, keys.map(|(key, value)| format!("{key}={value}")).collect()))
        })
        .collect();
    assert_eq!(arrived.len() as u64, n, "an event with something planted still leaves, without it");
    for (value, numbers) in of_value {
        for number in &numbers {
            assert_eq!(arrived[number], arrived[&numbers[0]], "{value} from {number} and {}", numbers[0]);
        }
        let everything = format!("{:?}", arrived[&numbers[0]]);
        assert_eq!(everything.contains("plain="), value == "harmless", "{value}: {everything}");
    }
    let needles: Vec<Needle> = planted.into_iter().map(Needle::new).collect();
    assert_nowhere(&needles, &standin, &weir);
}
