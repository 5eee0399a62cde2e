//! Snowplow's trackers, unmodified, with only their collector changed: through Weir to the stand-in vendor.

use std::collections::BTreeSet;

use weir_tests::drivers::{Sdk, drive};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::privacy::{Needle, assert_nowhere, planted};
use weir_tests::standin::Standin;
use weir_tests::through::{arrived, bad_day, end, no_raw_id, nothing_refused, once_each};

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

/// Every call of a tracker goes through: nothing is lost, nothing planted gets out, nothing else than Weir is spoken to.
fn plain(sdk: Sdk, calls_min: usize) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin));
    let driven = drive(sdk, "plain", &weir.source_url("web"), WRITE_KEY);
    driven.expect_calls(calls_min);
    driven.expect_nobody_else();
    arrived(&weir, &[&standin], &driven);
    nothing_refused(&standin);
    once_each(&standin, &driven);
    no_raw_id(&standin);
    let names: BTreeSet<String> = standin.events().iter().map(|event| event.name().to_owned()).collect();
    for name in ["$mp_web_page_view", "export", "report_exported"] {
        assert!(names.contains(name), "{name} did not arrive; these did: {names:?}");
    }
    assert_nowhere(&needles(), &standin, &weir);
    end(weir);
}

/// A vendor on a bad day behind Weir: the tracker notices nothing and nothing is lost.
fn faults(sdk: Sdk) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin));
    standin.script(bad_day());
    let driven = drive(sdk, "faults", &weir.source_url("web"), WRITE_KEY);
    driven.expect_nobody_else();
    let metrics = arrived(&weir, &[&standin], &driven);
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
