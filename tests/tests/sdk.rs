//! Real SDKs, unmodified, with only their host changed: through Weir to the stand-in vendor, and straight to it to learn what
//! an SDK loses by itself.

use std::collections::{BTreeMap, BTreeSet};

use weir_tests::drivers::{Driven, Sdk, drive};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::privacy::{assert_nowhere, planted};
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;

/// A vendor on a bad day, then well again.
fn bad_day() -> Vec<Fault> {
    vec![
        Fault::status(500),
        Fault::status_after(429, 1),
        Fault::CloseBeforeRead,
        Fault::Slow(300),
        Fault::TooLargeAbove(2),
        Fault::CloseAfterStore,
        Fault::status_after(503, 1),
    ]
}

fn numbers(standin: &Standin) -> BTreeSet<u64> {
    standin.events().iter().filter_map(|e| e.number()).collect()
}

/// Every call of an SDK goes through: nothing is lost, nothing planted gets out, nothing else than Weir is spoken to.
fn plain(sdk: Sdk, calls_min: usize) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    let driven = drive(sdk, "plain", &weir.source_url("web"), WRITE_KEY);
    let calls = driven.report["calls"].as_array().map_or(0, Vec::len);
    assert!(calls >= calls_min, "the driver made {calls} calls only");
    assert_eq!(driven.report["elsewhere"].as_array().map(Vec::len), Some(0), "{}", driven.report["elsewhere"]);
    assert_eq!(driven.failed(), Vec::<u64>::new(), "the SDK was told of a failure");
    // A beacon may still be on its way when the driver has ended.
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
        assert_ne!(event.text("plan").as_deref(), Some("pro ada.lovelace@example.com"));
    }
    assert_nowhere(&planted(), &standin, &weir);
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(weir.folder().verify_ledger(false).0, Some(0));
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
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

/// A vendor on a bad day behind Weir: the SDK notices nothing and nothing is lost.
fn faults(sdk: Sdk) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    standin.script(bad_day());
    let driven = drive(sdk, "faults", &weir.source_url("web"), WRITE_KEY);
    assert_eq!(driven.failed(), Vec::<u64>::new(), "the SDK was told of a failure");
    let sent: BTreeSet<u64> = driven.sent().into_iter().collect();
    weir.wait_until("every number has arrived", || numbers(&standin).is_superset(&sent));
    let metrics = weir.settle();
    assert_eq!(metrics.sum("weir_events_received_total", &[("source", "web")]), sent.len() as u64);
    assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "product")]), sent.len() as u64);
    once_each(&standin, &driven);
}

/// The same bad day without Weir, to know what the SDK loses by itself.
fn lost_without_weir(sdk: Sdk) -> BTreeSet<u64> {
    let standin = Standin::start();
    // Chromium itself repeats a request once whose kept-alive socket was closed.
    standin.script([Fault::CloseAfterRead, Fault::CloseAfterRead, Fault::CloseAfterRead]);
    standin.script(bad_day());
    let driven = drive(sdk, "faults", &standin.url(), WRITE_KEY);
    driven.sent().into_iter().filter(|n| !numbers(&standin).contains(n)).collect()
}

#[test]
fn npm_mixpanel_loses_nothing_and_shows_nothing() {
    plain(Sdk::Node, 40);
}

#[test]
fn npm_mixpanel_loses_nothing_when_the_vendor_fails() {
    faults(Sdk::Node);
}

#[test]
fn npm_mixpanel_by_itself_loses_what_a_failing_vendor_refuses() {
    assert!(!lost_without_weir(Sdk::Node).is_empty(), "it never retries");
}

#[test]
fn mixpanel_browser_loses_nothing_and_shows_nothing() {
    plain(Sdk::Browser, 40);
}

#[test]
fn mixpanel_browser_loses_nothing_when_the_vendor_fails() {
    faults(Sdk::Browser);
}

#[test]
fn mixpanel_browser_by_itself_loses_what_a_closed_socket_took() {
    assert!(!lost_without_weir(Sdk::Browser).is_empty(), "a closed socket counts as sent while the browser is online");
}

#[test]
fn pypi_mixpanel_loses_nothing_and_shows_nothing() {
    plain(Sdk::Python, 20);
}

#[test]
fn pypi_mixpanel_loses_nothing_when_the_vendor_fails() {
    faults(Sdk::Python);
}

#[test]
fn pypi_mixpanel_by_itself_loses_what_a_failing_vendor_refuses() {
    assert!(!lost_without_weir(Sdk::Python).is_empty(), "it does not retry over http");
}
