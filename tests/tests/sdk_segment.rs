//! Segment's and RudderStack's SDKs, unmodified, with only their host changed: through Weir to the stand-in vendor.

use weir_tests::drivers::{Sdk, drive};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::privacy::{Needle, assert_nowhere, planted};
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::through::{arrived, bad_day, end, no_raw_id, nothing_refused, once_each};

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

/// Every call of an SDK goes through: nothing is lost, nothing planted gets out, nothing else than Weir is spoken to.
fn plain(protocol: &str, sdk: Sdk, what: &str, calls_min: usize) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(protocol, &standin));
    let driven = drive(sdk, what, &weir.source_url("web"), WRITE_KEY);
    driven.expect_calls(calls_min);
    driven.expect_nobody_else();
    driven.expect_no_failure();
    arrived(&weir, &[&standin], &driven);
    nothing_refused(&standin);
    once_each(&standin, &driven);
    no_raw_id(&standin);
    assert!(standin.profiles().iter().any(|p| p.endpoint == "engage" && p.operation == "$set"), "no profile arrived");
    assert!(standin.events().iter().any(|event| event.name() == "$mp_web_page_view"), "no page arrived as one");
    assert_nowhere(&needles(), &standin, &weir);
    end(weir);
}

/// A vendor on a bad day behind Weir: the SDK notices nothing and nothing is lost.
fn faults(protocol: &str, sdk: Sdk, what: &str) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(protocol, &standin));
    standin.script(bad_day());
    let driven = drive(sdk, what, &weir.source_url("web"), WRITE_KEY);
    driven.expect_no_failure();
    let metrics = arrived(&weir, &[&standin], &driven);
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
    driven.expect_no_failure();
    arrived(&weir, &[&segment, &rudderstack], &driven);
    for standin in [&segment, &rudderstack] {
        assert_eq!(standin.violations(), [], "the vendor had something to refuse");
        once_each(standin, &driven);
        for event in standin.events() {
            assert_eq!(event.endpoint, "segment");
        }
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
    end(weir);
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
