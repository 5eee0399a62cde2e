//! Real SDKs, unmodified, with only their host changed: through Weir to the stand-in vendor, and straight to it to learn what
//! an SDK loses by itself.

use std::collections::BTreeSet;

use weir_tests::drivers::{Sdk, drive};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::privacy::{assert_nowhere, planted};
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::through::{arrived, bad_day, end, no_raw_id, nothing_refused, numbers, once_each};

/// A vendor on a bad day that is slow as well.
fn slow_bad_day() -> Vec<Fault> {
    let mut faults = bad_day();
    faults.insert(3, Fault::Slow(300));
    faults
}

/// Every call of an SDK goes through: nothing is lost, nothing planted gets out, nothing else than Weir is spoken to.
fn plain(sdk: Sdk, calls_min: usize) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    let driven = drive(sdk, "plain", &weir.source_url("web"), WRITE_KEY);
    driven.expect_calls(calls_min);
    driven.expect_nobody_else();
    driven.expect_no_failure();
    arrived(&weir, &[&standin], &driven);
    nothing_refused(&standin);
    once_each(&standin, &driven);
    no_raw_id(&standin);
    for event in standin.events() {
        assert_ne!(event.text("plan").as_deref(), Some("pro ada.lovelace@example.com"));
    }
    assert_nowhere(&planted(), &standin, &weir);
    assert_eq!(weir.folder().verify_ledger(false).0, Some(0));
    end(weir);
}

/// A vendor on a bad day behind Weir: the SDK notices nothing and nothing is lost.
fn faults(sdk: Sdk) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    standin.script(slow_bad_day());
    let driven = drive(sdk, "faults", &weir.source_url("web"), WRITE_KEY);
    driven.expect_no_failure();
    let metrics = arrived(&weir, &[&standin], &driven);
    assert_eq!(metrics.sum("weir_events_received_total", &[("source", "web")]), driven.sent().len() as u64);
    assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "product")]), driven.sent().len() as u64);
    once_each(&standin, &driven);
}

/// The same bad day without Weir, to know what the SDK loses by itself.
fn lost_without_weir(sdk: Sdk) -> BTreeSet<u64> {
    let standin = Standin::start();
    // Chromium itself repeats a request once whose kept-alive socket was closed.
    standin.script([Fault::CloseAfterRead, Fault::CloseAfterRead, Fault::CloseAfterRead]);
    standin.script(slow_bad_day());
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
