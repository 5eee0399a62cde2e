//! Amplitude's SDKs, unmodified, with only their server's address changed: through Weir to two stand-in vendors at once, Amplitude
//! itself and Mixpanel.

use std::collections::BTreeSet;

use weir_tests::drivers::{Sdk, drive};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::privacy::{Needle, assert_nowhere, planted};
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::through::{arrived, end, no_raw_id, nothing_refused, numbers, once_each};

const NODE: Sdk = Sdk::Script("node/amplitude.mjs");
const BROWSER: Sdk = Sdk::Script("browser/amplitude.mjs");
const PYTHON: Sdk = Sdk::Script("python/amplitude_driver.py");

/// The two vendors.
struct Vendors {
    amplitude: Standin,
    mixpanel: Standin,
}

impl Vendors {
    fn start() -> Vendors {
        Vendors { amplitude: Standin::of_weir(), mixpanel: Standin::of_weir() }
    }

    fn each(&self) -> [&Standin; 2] {
        [&self.amplitude, &self.mixpanel]
    }

    /// A source of Amplitude's SDKs in front of both.
    fn setup(&self) -> Setup {
        let mut setup = Setup::mixpanel(&self.mixpanel.url());
        setup.sources = setup.sources.replace("protocol: mixpanel", "protocol: amplitude");
        setup.destinations.push_str(&format!(
            "  second: {{type: amplitude, subject: stable, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], \
             token: {{env: PRODUCT_TOKEN}}, release: {{allow: [plan, format, n, profile.plan, profile.logins, \
             context.session_id, context.platform, context.revenue.price, context.revenue.quantity]}}}}\n",
            self.amplitude.url()
        ));
        setup
    }
}

/// What the drivers plant, and the ids that only Amplitude's know.
fn needles() -> Vec<Needle> {
    let own = ["device-9f2c-planted", "AEBE52E7-03EE-455A-B3C4-E57283966239", "9774d56d682e549c", "13.405"];
    planted().into_iter().chain(own.map(Needle::new)).collect()
}

/// Every call of an SDK goes through: nothing is lost, nothing planted gets out, nothing else than Weir is spoken to.
fn plain(sdk: Sdk, calls_min: usize) {
    let vendors = Vendors::start();
    let weir = Weir::start(&vendors.setup());
    let driven = drive(sdk, "plain", &weir.source_url("web"), WRITE_KEY);
    driven.expect_calls(calls_min);
    driven.expect_nobody_else();
    driven.expect_no_failure();
    arrived(&weir, &vendors.each(), &driven);
    for standin in vendors.each() {
        nothing_refused(standin);
        once_each(standin, &driven);
        assert_nowhere(&needles(), standin, &weir);
    }
    let is_pseudonym = |id: &serde_json::Value| id.as_str().is_some_and(|id| id.len() == 36);
    no_raw_id(&vendors.mixpanel);
    for event in vendors.amplitude.events() {
        let ids: Vec<_> = ["user_id", "device_id"].iter().filter_map(|key| event.event.get(key)).collect();
        assert!(!ids.is_empty() && ids.into_iter().all(is_pseudonym), "{}", event.event);
        assert!(event.event.get("ip").is_none(), "nobody is placed by an address");
    }
    let profiles = vendors.mixpanel.profiles();
    assert!(profiles.iter().any(|p| p.endpoint == "engage" && p.operation == "$set"), "no profile reached Mixpanel");
    let profiles = vendors.amplitude.profiles();
    let has = |name: &str, operation: &str| {
        profiles.iter().any(|p| p.update["event_type"] == name && p.operation == operation)
    };
    assert!(has("$identify", "$set") && has("$identify", "$add"), "no profile reached Amplitude");
    let joins = |p: &weir_tests::standin::record::StoredProfile| is_pseudonym(&p.update["groups"]["company"]);
    assert!(profiles.iter().any(joins), "nobody joined a group");
    end(weir);
}

/// Both vendors on a bad day behind Weir: the SDK notices nothing and nothing is lost.
fn faults(sdk: Sdk) {
    let vendors = Vendors::start();
    let weir = Weir::start(&vendors.setup());
    for standin in vendors.each() {
        standin.script([
            Fault::status(500),
            Fault::status_after(429, 1),
            Fault::CloseBeforeRead,
            Fault::TooLargeAbove(2),
            Fault::CloseAfterStore,
            Fault::Garbage,
            Fault::status_after(503, 1),
        ]);
    }
    let driven = drive(sdk, "faults", &weir.source_url("web"), WRITE_KEY);
    driven.expect_no_failure();
    let metrics = arrived(&weir, &vendors.each(), &driven);
    for (standin, destination) in vendors.each().into_iter().zip(["second", "product"]) {
        // What the browser says of how somebody came is a profile of which nothing is allowed.
        let dropped = |of: &[(&str, &str)]| metrics.sum("weir_events_dropped_total", of);
        let empty = dropped(&[("destination", destination), ("rule", "empty_profile")]);
        assert_eq!(dropped(&[("destination", destination)]), empty);
        once_each(standin, &driven);
    }
}

/// Weir itself takes less than the SDK sends: the SDK keeps the rest and comes back with it.
fn overload(sdk: Sdk) {
    let vendors = Vendors::start();
    let mut setup = vendors.setup();
    setup.sources = setup.sources.replace("mode: enforce", "mode: enforce, rate_limit: 5");
    let weir = Weir::start(&setup);
    let driven = drive(sdk, "faults", &weir.source_url("web"), WRITE_KEY);
    driven.expect_no_failure();
    let sent: BTreeSet<u64> = driven.sent().into_iter().collect();
    for standin in vendors.each() {
        weir.wait_until("every number has arrived", || numbers(standin).is_superset(&sent));
        once_each(standin, &driven);
    }
    let refused = weir.metrics().sum("weir_source_over_rate_requests_total", &[("source", "web")]);
    assert!(refused > 0, "nothing was refused");
}

#[test]
fn npm_amplitude_node_loses_nothing_and_shows_nothing() {
    plain(NODE, 400);
}

#[test]
fn npm_amplitude_node_loses_nothing_when_the_vendor_fails() {
    faults(NODE);
}

#[test]
fn npm_amplitude_node_keeps_what_weir_does_not_take_yet() {
    overload(NODE);
}

#[test]
fn npm_amplitude_node_stops_at_once_with_a_key_that_is_unknown() {
    let vendors = Vendors::start();
    let weir = Weir::start(&vendors.setup());
    let driven = drive(NODE, "refused", &weir.source_url("web"), "a-key-of-somebody-else");
    assert_eq!(driven.failed(), [1]);
    assert_eq!(weir.metrics().sum("weir_events_received_total", &[]), 0);
}

#[test]
fn amplitude_browser_and_amplitude_js_lose_nothing_and_show_nothing() {
    plain(BROWSER, 30);
}

#[test]
fn amplitude_browser_loses_nothing_when_the_vendor_fails() {
    faults(BROWSER);
}

#[test]
fn pypi_amplitude_analytics_loses_nothing_and_shows_nothing() {
    plain(PYTHON, 200);
}

#[test]
fn pypi_amplitude_analytics_loses_nothing_when_the_vendor_fails() {
    faults(PYTHON);
}

#[test]
fn pypi_amplitude_analytics_keeps_what_weir_does_not_take_yet() {
    overload(PYTHON);
}
