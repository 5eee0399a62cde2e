//! Segment's and RudderStack's SDKs, unmodified, with only their host changed: through Weir to the stand-in vendor.

use std::collections::{BTreeMap, BTreeSet};

use weir_tests::drivers::{Driven, Sdk, drive};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::privacy::{Needle, assert_nowhere, planted};
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;

const SEGMENT_NODE: Sdk = Sdk::Script("node/segment.mjs");
const RUDDERSTACK_NODE: Sdk = Sdk::Script("node/rudderstack.mjs");
const BROWSER: Sdk = Sdk::Script("browser/segment.mjs");
const PYTHON: Sdk = Sdk::Script("python/segment_driver.py");

/// A source of these SDKs in front of Mixpanel.
fn setup(protocol: &str, standin: &Standin) -> Setup {
    let mut setup = Setup::mixpanel(&standin.url());
    setup.sources = setup
        .sources
        .replace("protocol: mixpanel", &format!("protocol: {protocol}"))
        .replace("mode: enforce", "mode: enforce, group_keys: [company]");
    setup
}

/// What the drivers plant, and the ids that only these know.
fn needles() -> Vec<Needle> {
    let own = ["device-9f2c-planted", "AEBE52E7-03EE-455A-B3C4-E57283966239"];
    planted().into_iter().chain(own.map(Needle::new)).collect()
}

fn numbers(standin: &Standin) -> BTreeSet<u64> {
    standin.events().iter().filter_map(|e| e.number()).collect()
}

/// Each number stands at the vendor under one insert id.
fn once_each(standin: &Standin, driven: &Driven) {
    let mut ids: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for event in standin.events() {
        if let Some(n) = event.number() {
            ids.entry(n).or_default().insert(event.text("$insert_id").unwrap_or_default());
        }
    }
    for n in driven.sent() {
        assert_eq!(ids.get(&n).map(BTreeSet::len), Some(1), "number {n}: {:?}", ids.get(&n));
    }
}

/// Every call of an SDK goes through: nothing is lost, nothing planted gets out, nothing else than Weir is spoken to.
fn plain(protocol: &str, sdk: Sdk, what: &str, calls_min: usize) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(protocol, &standin));
    let driven = drive(sdk, what, &weir.source_url("web"), WRITE_KEY);
    let calls = driven.report["calls"].as_array().map_or(0, Vec::len);
    assert!(calls >= calls_min, "the driver made {calls} calls only");
    assert_eq!(driven.report["elsewhere"].as_array().map(Vec::len), Some(0), "{}", driven.report["elsewhere"]);
    assert_eq!(driven.failed(), Vec::<u64>::new(), "the SDK was told of a failure");
    let sent: BTreeSet<u64> = driven.sent().into_iter().collect();
    weir.wait_until("every number has arrived", || numbers(&standin).is_superset(&sent));
    let metrics = weir.settle();
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    assert_eq!(standin.violations(), [], "the vendor had something to refuse");
    assert_eq!(standin.silently_lost(), 0);
    once_each(&standin, &driven);
    for event in standin.events() {
        let id = event.text("distinct_id").unwrap_or_default();
        assert!(!id.is_empty() && !id.starts_with("user-"), "a raw id left: {id}");
    }
    assert!(standin.profiles().iter().any(|p| p.endpoint == "engage" && p.operation == "$set"), "no profile arrived");
    assert!(standin.events().iter().any(|event| event.name() == "$mp_web_page_view"), "no page arrived as one");
    assert_nowhere(&needles(), &standin, &weir);
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
}

/// A vendor on a bad day behind Weir: the SDK notices nothing and nothing is lost.
fn faults(protocol: &str, sdk: Sdk, what: &str) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(protocol, &standin));
    standin.script([
        Fault::status(500),
        Fault::status_after(429, 1),
        Fault::CloseBeforeRead,
        Fault::TooLargeAbove(2),
        Fault::CloseAfterStore,
        Fault::status_after(503, 1),
    ]);
    let driven = drive(sdk, what, &weir.source_url("web"), WRITE_KEY);
    assert_eq!(driven.failed(), Vec::<u64>::new(), "the SDK was told of a failure");
    let sent: BTreeSet<u64> = driven.sent().into_iter().collect();
    weir.wait_until("every number has arrived", || numbers(&standin).is_superset(&sent));
    let metrics = weir.settle();
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    assert_eq!(metrics.sum("weir_events_dropped_total", &[("destination", "product")]), 0);
    once_each(&standin, &driven);
}

#[test]
fn npm_segment_node_and_analytics_node_lose_nothing_and_show_nothing() {
    plain("segment", SEGMENT_NODE, "plain", 200);
}

#[test]
fn npm_segment_node_loses_nothing_when_the_vendor_fails() {
    faults("segment", SEGMENT_NODE, "faults");
}

#[test]
fn segment_analytics_next_loses_nothing_and_shows_nothing() {
    plain("segment", BROWSER, "plain", 15);
}

#[test]
fn segment_analytics_next_loses_nothing_when_the_vendor_fails() {
    faults("segment", BROWSER, "faults");
}

#[test]
fn pypi_segment_loses_nothing_and_shows_nothing() {
    plain("segment", PYTHON, "plain", 200);
}

#[test]
fn pypi_segment_loses_nothing_when_the_vendor_fails() {
    faults("segment", PYTHON, "faults");
}

#[test]
fn npm_rudderstack_node_loses_nothing_and_shows_nothing() {
    plain("rudderstack", RUDDERSTACK_NODE, "plain", 200);
}

#[test]
fn npm_rudderstack_node_loses_nothing_when_the_vendor_fails() {
    faults("rudderstack", RUDDERSTACK_NODE, "faults");
}

#[test]
fn rudderstack_analytics_js_loses_nothing_and_shows_nothing() {
    plain("rudderstack", BROWSER, "rudder", 20);
}

#[test]
fn rudderstack_analytics_js_loses_nothing_when_the_vendor_fails() {
    faults("rudderstack", BROWSER, "rudder-faults");
}

#[test]
fn pypi_rudderstack_loses_nothing_and_shows_nothing() {
    plain("rudderstack", PYTHON, "rudder", 200);
}

#[test]
fn pypi_rudderstack_loses_nothing_when_the_vendor_fails() {
    faults("rudderstack", PYTHON, "rudder-faults");
}

/// From an SDK of either to both: what it said is there under Segment's names, each number with one id, and nothing planted.
fn out(protocol: &str, sdk: Sdk, what: &str, kinds: &[&str]) {
    let (segment, rudderstack) = (Standin::of_weir(), Standin::of_weir());
    let mut setup = setup(protocol, &segment);
    let destination = |id: &str, kind: &str, standin: &Standin| {
        format!(
            "  {id}: {{type: {kind}, subject: {{rotating: 7d}}, links: true, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], \
             token: {{env: PRODUCT_TOKEN}}, release: {{allow: [plan, format, n, category, profile.plan, group.company.plan]}}}}\n",
            standin.url()
        )
    };
    setup.destinations =
        destination("product", "segment", &segment) + &destination("warehouse", "rudderstack", &rudderstack);
    let weir = Weir::start(&setup);
    let bad_day = [
        Fault::status(500),
        Fault::status_after(429, 1),
        Fault::CloseAfterStore,
        Fault::Garbage,
        Fault::TooLargeAbove(40),
    ];
    segment.script(bad_day);
    let driven = drive(sdk, what, &weir.source_url("web"), WRITE_KEY);
    assert_eq!(driven.failed(), Vec::<u64>::new(), "the SDK was told of a failure");
    let sent: BTreeSet<u64> = driven.sent().into_iter().collect();
    for standin in [&segment, &rudderstack] {
        weir.wait_until("every number has arrived", || numbers(standin).is_superset(&sent));
    }
    let metrics = weir.settle();
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    for standin in [&segment, &rudderstack] {
        assert_eq!(standin.violations(), [], "the vendor had something to refuse");
        let mut ids: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        for event in standin.events() {
            assert_eq!(event.endpoint, "segment");
            if let Some(n) = event.number() {
                ids.entry(n).or_default().insert(event.event["messageId"].as_str().unwrap_or_default().to_owned());
            }
        }
        assert!(sent.iter().all(|n| ids.get(n).is_some_and(|ids| ids.len() == 1)), "each number under one id");
        let said = |kind: &str| {
            let is_event = standin.events().iter().any(|event| event.event["type"] == kind);
            is_event || standin.profiles().iter().any(|profile| profile.operation == kind)
        };
        for kind in kinds {
            assert!(said(kind), "no {kind} arrived");
        }
        assert!(standin.profiles().iter().any(|profile| profile.update["traits"]["plan"] == "pro"), "no trait arrived");
        assert_nowhere(&needles(), standin, &weir);
    }
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
}

const KINDS: &[&str] = &["track", "page", "identify", "group", "alias"];

#[test]
fn segment_node_to_segment_and_rudderstack_arrives_once_and_shows_nothing() {
    out("segment", SEGMENT_NODE, "plain", KINDS);
}

#[test]
fn segment_analytics_next_to_segment_and_rudderstack_arrives_once_and_shows_nothing() {
    out("segment", BROWSER, "plain", KINDS);
}

#[test]
fn pypi_rudderstack_to_segment_and_rudderstack_arrives_once_and_shows_nothing() {
    out("rudderstack", PYTHON, "rudder", KINDS);
}
