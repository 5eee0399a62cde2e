//! Every kind of destination against every kind of bad day: each cell of the matrix keeps the sums of D11, loses nothing, and sends
//! nothing to where it was not told to.
//!
//! One Weir for each fault, with a destination of every kind, each at a stand-in of its own. A fault that passes is followed by good
//! weather, and then every event is at every vendor once by its insert id, unless the kind keeps unknown outcomes (D3); a fault that
//! stays leaves the events waiting or in quarantine.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use weir_protocol::vendors::{DESTINATIONS, DestinationKind};
use weir_tests::harness::{Setup, Weir};
use weir_tests::load;
use weir_tests::metrics::Metrics;
use weir_tests::random::Random;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;

/// Events of each run: more than [`Fault::TooLargeAbove`] lets through, few enough to be halved down to one quickly.
const EVENTS: u64 = 40;

/// Where the stand-ins are.
const LOOPBACK: &str = "127.0.0.0/8";

/// One Weir and a vendor of every kind.
struct Matrix {
    vendors: BTreeMap<&'static str, Standin>,
    weir: Weir,
}

impl Matrix {
    /// Starts all of it with each vendor in this state; `address` makes the endpoint of one,
    /// `range` is what may be connected to.
    fn start(fault: impl Fn(&Standin), address: impl Fn(&Standin) -> String, range: &str) -> Matrix {
        Matrix::of(|_| true, fault, address, range)
    }

    /// The same with some of the kinds.
    fn of(
        kinds: impl Fn(&str) -> bool,
        fault: impl Fn(&Standin),
        address: impl Fn(&Standin) -> String,
        range: &str,
    ) -> Matrix {
        let mut vendors = BTreeMap::new();
        let mut setup = Setup::mixpanel("http://127.0.0.1:1");
        setup.destinations.clear();
        for kind in DESTINATIONS.iter().filter(|kind| is_http(kind) && kinds(kind.name)) {
            let standin = Standin::of_weir();
            fault(&standin);
            setup.destinations.push_str(&destination(kind, &address(&standin), range));
            vendors.insert(kind.name, standin);
        }
        let weir = Weir::start(&setup);
        let mut random = Random::new(7);
        let events: Vec<Value> = (0..EVENTS).map(|n| load::event(n, &mut random)).collect();
        assert_eq!(load::send(weir.ingest(), &events).expect("weir answers"), 200);
        Matrix { vendors, weir }
    }

    /// A passing fault: the first requests meet it, then all is well.
    fn passing(fault: &Fault, times: usize) -> Matrix {
        Matrix::start(|standin| standin.script(vec![fault.clone(); times]), Standin::url, LOOPBACK)
    }

    /// A fault that stays.
    fn staying(fault: &Fault) -> Matrix {
        Matrix::start(|standin| standin.always(fault.clone()), Standin::url, LOOPBACK)
    }

    /// Every event is at every vendor, once by its insert id.
    fn arrives(&self) -> Metrics {
        let metrics = self.weir.settle();
        for (kind, standin) in &self.vendors {
            let numbers: Vec<u64> = standin.events().iter().filter_map(|event| event.number()).collect();
            let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
            assert_eq!(numbers.len(), distinct.len(), "{kind}: an event stands there under two insert ids");
            assert_eq!(distinct, (0..EVENTS).collect(), "{kind}: what arrived");
            assert_eq!(standin.violations(), [], "{kind}");
            assert_eq!(standin.faults_left(), 0, "{kind}: the vendor met its bad day");
            assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", kind)]), EVENTS, "{kind}");
        }
        self.is_whole();
        metrics
    }

    /// Waits until `name` counts every event at every destination.
    fn all_are(&self, name: &str) {
        for kind in self.vendors.keys() {
            let what = format!("{kind}: every event is in {name}");
            self.weir.wait_until(&what, || self.weir.metrics().sum(name, &[("destination", kind)]) == EVENTS);
        }
        self.weir.wait_until("the sums hold", || self.weir.metrics().sums_broken().is_empty());
        self.is_whole();
    }

    /// Every vendor saw some request.
    fn were_asked(&self) {
        for (kind, standin) in &self.vendors {
            self.weir.wait_until(&format!("{kind} is asked"), || !standin.requests().is_empty());
        }
    }

    fn nothing_arrived(&self) {
        for (kind, standin) in &self.vendors {
            assert!(standin.events().is_empty(), "{kind} holds events");
        }
    }

    fn is_whole(&self) {
        let (code, said) = self.weir.folder().verify_ledger(true);
        assert_eq!(code, Some(0), "{said}");
    }
}

/// Whether it is sent to over HTTP; the others have suites of their own.
fn is_http(kind: &DestinationKind) -> bool {
    kind.name != "files"
}

/// The lines of one destination, named after its kind.
fn destination(kind: &DestinationKind, url: &str, range: &str) -> String {
    let name = kind.name;
    // What the stand-in reads of OpenTelemetry is JSON.
    let own = match name {
        _ if kind.forwards => "onward: [], ",
        "ga4" => "ga4: {measurement_id: G-TEST}, ",
        "otlp" => "otlp: {encoding: json}, ",
        _ => "",
    };
    format!(
        "  {name}: {{type: {name}, subject: stable, endpoint: \"{url}\", allow_addresses: [{range}], {own}\
         token: {{env: PRODUCT_TOKEN}}, timeouts: {{request: 1s}}, release: {{allow: [n, plan]}}}}\n"
    )
}

#[test]
fn a_500_is_waited_out() {
    let fault = |standin: &Standin| standin.script(vec![Fault::status(500); 2]);
    Matrix::of(|kind| kind != "otlp", fault, Standin::url, LOOPBACK).arrives();
}

#[test]
fn a_500_is_final_where_the_protocol_says_so_and_its_events_wait_in_quarantine() {
    // OTLP specification 1.9.0: what is not 429, 502, 503 or 504 is not sent again.
    let fault = |standin: &Standin| standin.always(Fault::status(500));
    let matrix = Matrix::of(|kind| kind == "otlp", fault, Standin::url, LOOPBACK);
    matrix.all_are("weir_events_quarantined");
    matrix.nothing_arrived();
    for (kind, standin) in &matrix.vendors {
        let bodies: BTreeSet<Vec<u8>> = standin.requests().into_iter().map(|request| request.opened).collect();
        assert_eq!(bodies.len(), standin.requests().len(), "{kind}: a request went out twice");
    }
}

#[test]
fn a_503_with_retry_after_is_waited_out() {
    Matrix::passing(&Fault::status_after(503, 1), 1).arrives();
}

#[test]
fn a_429_without_retry_after_is_waited_out() {
    // Once: a vendor may ask by itself for half a minute (Amplitude does).
    Matrix::passing(&Fault::status(429), 1).arrives();
}

#[test]
fn a_429_with_retry_after_is_waited_out() {
    Matrix::passing(&Fault::status_after(429, 2), 1).arrives();
}

#[test]
fn what_is_too_large_is_halved() {
    let matrix = Matrix::start(|standin| standin.always(Fault::TooLargeAbove(15)), Standin::url, LOOPBACK);
    matrix.arrives();
}

#[test]
fn what_is_too_large_by_itself_ends_in_quarantine() {
    let matrix = Matrix::staying(&Fault::status(413));
    matrix.all_are("weir_events_quarantined");
    matrix.nothing_arrived();
}

#[test]
fn what_is_invalid_ends_in_quarantine() {
    let matrix = Matrix::staying(&Fault::status(422));
    matrix.all_are("weir_events_quarantined");
    matrix.nothing_arrived();
}

#[test]
fn refused_credentials_keep_everything() {
    let matrix = Matrix::staying(&Fault::status(401));
    matrix.were_asked();
    matrix.all_are("weir_events_waiting");
    for kind in matrix.vendors.keys() {
        let refused = || matrix.weir.metrics().sum("weir_destination_refused", &[("destination", kind)]) == 1;
        matrix.weir.wait_until(&format!("{kind} is shown as refused"), refused);
    }
    matrix.nothing_arrived();
}

#[test]
fn a_redirect_is_not_followed() {
    let matrix = Matrix::staying(&Fault::Redirect);
    matrix.were_asked();
    matrix.all_are("weir_events_waiting");
    for (kind, standin) in &matrix.vendors {
        assert!(standin.requests().iter().all(|request| request.path() != "/elsewhere"), "{kind} was followed");
    }
    matrix.nothing_arrived();
}

#[test]
fn a_socket_that_closes_before_the_request_was_read_loses_nothing() {
    closed(&Fault::CloseBeforeRead);
}

#[test]
fn a_socket_that_closes_after_the_request_was_read_loses_nothing() {
    closed(&Fault::CloseAfterRead);
}

#[test]
fn a_vendor_that_takes_everything_and_hangs_up_has_it_once() {
    closed(&Fault::CloseAfterStore);
}

#[test]
fn an_answer_that_comes_too_late_is_unknown_and_sent_again() {
    closed(&Fault::Slow(3_000));
}

/// The vendor's answer is lost: the kinds that remove duplicates are sent to again, the others keep the outcome unknown (D3).
fn closed(fault: &Fault) {
    let matrix = Matrix::start(|standin| standin.script([fault.clone()]), Standin::url, LOOPBACK);
    for (name, standin) in &matrix.vendors {
        let kind = weir_protocol::destination_kind(name).expect("a kind of the list");
        let counted = |of: &str| matrix.weir.metrics().sum(of, &[("destination", name)]);
        let done = || counted("weir_events_delivered_total") + counted("weir_events_unknown") == EVENTS;
        matrix.weir.wait_until(&format!("{name}: nothing waits"), done);
        let unknown = counted("weir_events_unknown");
        assert!(!kind.resends_unknown || unknown == 0, "{name}: {unknown} unknown");
        assert!(kind.resends_unknown || unknown > 0, "{name}: nothing is unknown");
        let numbers: Vec<u64> = standin.events().iter().filter_map(|event| event.number()).collect();
        let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
        assert!(numbers.len() == distinct.len() || !kind.resends_unknown, "{name}: two insert ids for an event");
        assert!(distinct.len() as u64 >= EVENTS - unknown, "{name}: delivered and not there");
        assert_eq!(standin.violations(), [], "{name}");
    }
    matrix.weir.wait_until("the sums hold", || matrix.weir.metrics().sums_broken().is_empty());
    matrix.is_whole();
}

#[test]
fn a_200_that_is_not_the_vendors_is_no_delivery() {
    // A webhook's receiver has no words of its own: any 2xx is its answer.
    let fault = |standin: &Standin| standin.script([Fault::Garbage]);
    Matrix::of(|kind| kind != "webhook", fault, Standin::url, LOOPBACK).arrives();
}

#[test]
fn bad_tls_sends_not_a_byte() {
    // The stand-in speaks no TLS; a certificate of nobody is in the tests of `outbound`.
    let matrix = Matrix::start(|_| {}, |standin| standin.url().replace("http:", "https:"), LOOPBACK);
    matrix.weir.wait_until("every vendor was tried", || tried(&matrix));
    matrix.all_are("weir_events_waiting");
    for (kind, standin) in &matrix.vendors {
        assert!(standin.requests().is_empty(), "{kind} was sent something in the clear");
    }
}

#[test]
fn a_name_that_leads_to_an_address_that_was_not_allowed_is_not_connected_to() {
    // As a rebound name does: it resolves, and to this machine.
    let matrix =
        Matrix::start(|_| {}, |standin| format!("http://localhost:{}", standin.address().port()), "10.0.0.0/8");
    matrix.weir.wait_until("every vendor was tried", || tried(&matrix));
    matrix.all_are("weir_events_waiting");
    for (kind, standin) in &matrix.vendors {
        assert!(standin.requests().is_empty(), "{kind} was reached at an address that is not allowed");
    }
}

fn tried(matrix: &Matrix) -> bool {
    let metrics = matrix.weir.metrics();
    matrix.vendors.keys().all(|kind| metrics.sum("weir_destination_failures_total", &[("destination", kind)]) > 0)
}

/// Asks of users, test 7: a dead-letter queue whose replay validates again, removes duplicates and has a dry run.
#[test]
fn acceptance_07_a_replay_runs_todays_policy_changes_nothing_in_preview_and_delivers_once() {
    let matrix = Matrix::staying(&Fault::status(422));
    matrix.all_are("weir_events_quarantined");
    matrix.vendors.values().for_each(|standin| {
        standin.heal();
        standin.forget_requests();
    });
    let folder = matrix.weir.folder();
    let data = folder.data().to_str().expect("a path is text");
    let replay = |more: &[&str]| {
        let all = ["quarantine", "replay", "--all", "--json", "--data", data];
        let output = folder.run(&[&all[..], more].concat(), &[]);
        let said: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        (output.status.code(), said)
    };
    let kinds = matrix.vendors.len() as u64;

    let (code, said) = replay(&["--preview"]);
    assert_eq!((code, said["of"].as_u64(), said["done"].as_u64()), (Some(0), Some(EVENTS * kinds), Some(0)), "{said}");
    matrix.all_are("weir_events_quarantined");
    for (kind, standin) in &matrix.vendors {
        assert!(standin.requests().is_empty(), "{kind}: a preview sent something");
    }

    // Since they were rejected, `plan` is no longer allowed.
    let text = std::fs::read_to_string(folder.config()).expect("the configuration can be read");
    std::fs::write(folder.config(), text.replace("allow: [n, plan]", "allow: [n]")).expect("it can be written");
    assert_eq!(folder.run(&["reload", "--data", data], &[]).status.code(), Some(0));
    let (code, said) = replay(&[]);
    assert_eq!((code, said["done"].as_u64()), (Some(0), Some(EVENTS * kinds)), "{said}");
    let metrics = matrix.arrives();
    assert_eq!(metrics.sum("weir_events_quarantined", &[]), 0);
    for (kind, standin) in &matrix.vendors {
        assert!(standin.events().iter().all(|event| event.text("plan").is_none()), "{kind}: yesterday's policy");
        assert!(standin.events().iter().all(|event| event.copies == 1), "{kind}: an event came twice");
    }

    let (code, said) = replay(&[]);
    assert_eq!((code, said["of"].as_u64()), (Some(0), Some(0)), "nothing is left to be replayed: {said}");
}
