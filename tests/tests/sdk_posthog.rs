//! PostHog's SDKs, unmodified, with only their host changed: through Weir to the stand-in vendor.

use std::collections::BTreeSet;

use weir_tests::drivers::{Sdk, drive};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::privacy::{Needle, assert_nowhere, planted};
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::through::{arrived, bad_day, end, no_raw_id, nothing_refused, once_each};

const NODE: Sdk = Sdk::Script("node/posthog.mjs");
const BROWSER: Sdk = Sdk::Script("browser/posthog.mjs");
const LITE: Sdk = Sdk::Script("browser/posthog_lite.mjs");
const PYTHON: Sdk = Sdk::Script("python/posthog_driver.py");

/// A source of PostHog's SDKs in front of Mixpanel. What exceptions and AI events carry may leave here as far as Mixpanel takes it, so
/// that only the detectors stand between it and the vendor.
fn setup(standin: &Standin) -> Setup {
    of_posthog(standin, "")
}

/// What lies deeper than Mixpanel takes.
const DEEP: &str = ", $exception_list.*.stacktrace.frames.*.filename, $exception_list.*.stacktrace.frames.*.abs_path, \
    $exception_list.*.stacktrace.frames.*.function, $exception_list.*.stacktrace.frames.*.lineno, \
    $exception_list.*.stacktrace.frames.*.pre_context, $exception_list.*.stacktrace.frames.*.context_line, \
    $exception_list.*.stacktrace.frames.*.post_context, $exception_list.*.stacktrace.frames.*.code_variables.local_variable, \
    $ai_output_choices.*.message.content.*.text";

fn of_posthog(standin: &Standin, more: &str) -> Setup {
    let allowed = format!(
        "{{allow: [plan, format, n, profile.plan, profile.first_seen, group.company.plan, $exception_values, $exception_list.*.type, $exception_list.*.value, \
         $ai_input.*.role, $ai_input.*.content, $ai_output_choices.*.content, $ai_model, $feature_flag{more}]}}"
    );
    let mut setup = Setup::with_subject(&standin.url(), "{rotating: 7d}", &allowed);
    setup.sources = setup.sources.replace("protocol: mixpanel", "protocol: posthog");
    setup
}

/// The same in front of PostHog.
fn to_posthog(standin: &Standin) -> Setup {
    let mut setup = of_posthog(standin, DEEP);
    setup.destinations = setup.destinations.replace("type: mixpanel", "type: posthog");
    let (before, rest) = setup.destinations.split_once("import: ").expect("Mixpanel's has an import");
    let (_, after) = rest.split_once("release: ").expect("a release follows");
    setup.destinations = format!("{before}release: {after}");
    setup
}

/// What the drivers plant, and what only PostHog's SDKs send: prompts, code and paths of exceptions, a secret key.
fn needles() -> Vec<Needle> {
    let own = [
        "device-9f2c-planted",
        "abc123planted",
        "Planted prompt",
        "planted-answer",
        "no card for",
        "phx_planted_personal_key",
        "posthog.captureException(error",
        "local_variable",
        "posthog_driver.py",
        "node/posthog.mjs",
    ];
    planted().into_iter().chain(own.map(Needle::new)).collect()
}

/// Every call of an SDK goes through: nothing is lost, nothing planted gets out, nothing else than Weir is spoken to.
fn plain(sdk: Sdk, calls_min: usize) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin));
    let driven = drive(sdk, "plain", &weir.source_url("web"), WRITE_KEY);
    driven.expect_calls(calls_min);
    driven.expect_nobody_else();
    driven.expect_no_failure();
    arrived(&weir, &[&standin], &driven);
    nothing_refused(&standin);
    once_each(&standin, &driven);
    no_raw_id(&standin);
    // The small SDK has none.
    assert!(sdk == LITE || standin.events().iter().any(|e| e.name() == "$exception"), "no exception arrived");
    assert!(standin.profiles().iter().any(|p| p.endpoint == "engage" && p.operation == "$set"), "no profile arrived");
    assert!(standin.profiles().iter().any(|p| p.endpoint == "groups"), "no group arrived");
    assert_nowhere(&needles(), &standin, &weir);
    end(weir);
}

/// A vendor on a bad day behind Weir: the SDK notices nothing and nothing is lost.
fn faults(sdk: Sdk) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin));
    standin.script(bad_day());
    let driven = drive(sdk, "faults", &weir.source_url("web"), WRITE_KEY);
    driven.expect_no_failure();
    driven.expect_nobody_else();
    let metrics = arrived(&weir, &[&standin], &driven);
    assert_eq!(metrics.sum("weir_events_dropped_total", &[("destination", "product")]), 0);
    once_each(&standin, &driven);
}

#[test]
fn posthog_node_loses_nothing_and_shows_nothing_in_either_capture_mode() {
    plain(NODE, 400);
}

#[test]
fn posthog_node_loses_nothing_when_the_vendor_fails() {
    faults(NODE);
}

#[test]
fn posthog_node_stops_at_once_with_a_key_that_is_unknown() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin));
    let driven = drive(NODE, "refused", &weir.source_url("web"), "phc_of_somebody_else");
    let told = driven.report["elsewhere"].as_array().cloned().unwrap_or_default();
    assert!(
        told.iter().any(|t| t.to_string().contains("v0: ")) && told.iter().any(|t| t.to_string().contains("v1: ")),
        "{told:?}"
    );
    assert_eq!(weir.metrics().sum("weir_events_received_total", &[]), 0);
}

#[test]
fn posthog_js_loses_nothing_and_shows_nothing() {
    plain(BROWSER, 30);
}

#[test]
fn posthog_js_loses_nothing_when_the_vendor_fails() {
    faults(BROWSER);
}

#[test]
fn posthog_js_lite_loses_nothing_and_shows_nothing() {
    plain(LITE, 60);
}

#[test]
fn posthog_js_lite_loses_nothing_when_the_vendor_fails() {
    faults(LITE);
}

#[test]
fn pypi_posthog_loses_nothing_and_shows_nothing_in_either_capture_mode() {
    plain(PYTHON, 600);
}

#[test]
fn pypi_posthog_loses_nothing_when_the_vendor_fails() {
    faults(PYTHON);
}

/// From PostHog's SDK to PostHog: what it said is there under PostHog's names, each with one id, and nothing planted.
fn out(sdk: Sdk) {
    let standin = Standin::of_weir();
    let weir = Weir::start(&to_posthog(&standin));
    standin.script([Fault::status(500), Fault::status_after(429, 1), Fault::CloseAfterStore, Fault::TooLargeAbove(40)]);
    let driven = drive(sdk, "plain", &weir.source_url("web"), WRITE_KEY);
    driven.expect_no_failure();
    arrived(&weir, &[&standin], &driven);
    assert_eq!(standin.violations(), [], "the vendor had something to refuse");
    once_each(&standin, &driven);
    for event in standin.events() {
        assert_eq!(event.endpoint, "posthog");
    }
    let names: BTreeSet<String> = standin.events().iter().map(|event| event.name().to_owned()).collect();
    for name in ["Report Exported", "$exception", "$identify"] {
        assert!(names.contains(name) || sdk == PYTHON && name == "$identify", "{name} of {names:?}");
    }
    for operation in ["$set", "$set_once", "$group_set"] {
        assert!(standin.profiles().iter().any(|profile| profile.operation == operation), "no {operation} arrived");
    }
    assert_nowhere(&needles(), &standin, &weir);
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn posthog_node_to_posthog_arrives_once_and_shows_nothing() {
    out(NODE);
}

#[test]
fn posthog_js_to_posthog_arrives_once_and_shows_nothing() {
    out(BROWSER);
}

#[test]
fn pypi_posthog_to_posthog_arrives_once_and_shows_nothing() {
    out(PYTHON);
}
