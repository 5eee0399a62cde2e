//! Snowplow's trackers, unmodified, with only their collector changed: through Weir to the stand-in vendor.

use std::collections::{BTreeMap, BTreeSet};

use weir_tests::drivers::{Driven, Sdk, drive};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::privacy::{Needle, assert_nowhere, planted};
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;

const NODE: Sdk = Sdk::Script("node/snowplow.mjs");
const BROWSER: Sdk = Sdk::Script("browser/snowplow.mjs");
const PYTHON: Sdk = Sdk::Script("python/snowplow_driver.py");

/// A source of trackers in front of Mixpanel.
fn setup(standin: &Standin) -> Setup {
    let mut setup = Setup::mixpanel(&standin.url());
    setup.sources = setup
        .sources
        .replace("protocol: mixpanel", "protocol: snowplow")
        .replace("mode: enforce", "mode: enforce, group_keys: [company]");
    setup
}

/// What the drivers plant, and the ids that only these know.
fn needles() -> Vec<Needle> {
    let own = [
        "93bc0e7f-3901-4b07-aee3-87fe5437f575",
        "d2b1a3f0-3c34-4f2a-8e6f-7d1f6c3a2b11",
        "AEBE52E7-03EE-455A-B3C4-E57283966239",
    ];
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

/// Every call of a tracker goes through: nothing is lost, nothing planted gets out, nothing else than Weir is spoken to.
fn plain(sdk: Sdk, calls_min: usize) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin));
    let driven = drive(sdk, "plain", &weir.source_url("web"), WRITE_KEY);
    let calls = driven.report["calls"].as_array().map_or(0, Vec::len);
    assert!(calls >= calls_min, "the driver made {calls} calls only");
    assert_eq!(driven.report["elsewhere"].as_array().map(Vec::len), Some(0), "{}", driven.report["elsewhere"]);
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
    let names: BTreeSet<String> = standin.events().iter().map(|event| event.name().to_owned()).collect();
    for name in ["$mp_web_page_view", "export", "report_exported"] {
        assert!(names.contains(name), "{name} did not arrive; these did: {names:?}");
    }
    assert_nowhere(&needles(), &standin, &weir);
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
}

/// A vendor on a bad day behind Weir: the tracker notices nothing and nothing is lost.
fn faults(sdk: Sdk) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin));
    standin.script([
        Fault::status(500),
        Fault::status_after(429, 1),
        Fault::CloseBeforeRead,
        Fault::TooLargeAbove(2),
        Fault::CloseAfterStore,
        Fault::status_after(503, 1),
    ]);
    let driven = drive(sdk, "faults", &weir.source_url("web"), WRITE_KEY);
    assert_eq!(driven.report["elsewhere"].as_array().map(Vec::len), Some(0), "{}", driven.report["elsewhere"]);
    let sent: BTreeSet<u64> = driven.sent().into_iter().collect();
    weir.wait_until("every number has arrived", || numbers(&standin).is_superset(&sent));
    let metrics = weir.settle();
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    assert_eq!(metrics.sum("weir_events_dropped_total", &[("destination", "product")]), 0);
    once_each(&standin, &driven);
}

#[test]
fn npm_snowplow_node_tracker_loses_nothing_and_shows_nothing() {
    plain(NODE, 90);
}

#[test]
fn npm_snowplow_node_tracker_loses_nothing_when_the_vendor_fails() {
    faults(NODE);
}

#[test]
fn snowplow_browser_tracker_loses_nothing_and_shows_nothing() {
    plain(BROWSER, 20);
}

#[test]
fn snowplow_browser_tracker_loses_nothing_when_the_vendor_fails() {
    faults(BROWSER);
}

#[test]
fn pypi_snowplow_tracker_loses_nothing_and_shows_nothing() {
    plain(PYTHON, 100);
}

#[test]
fn pypi_snowplow_tracker_loses_nothing_when_the_vendor_fails() {
    faults(PYTHON);
}
