//! Destinations that are no product analytics: a running Weir delivers to a stand-in that checks every documented limit.

use serde_json::{Value, json};
use weir_tests::harness::{PATIENCE, Setup, VENDOR_TOKEN, Weir};
use weir_tests::privacy::{Needle, assert_nowhere};
use weir_tests::standin::fault::Fault;
use weir_tests::standin::splunk::Acks;
use weir_tests::standin::{Account, Standin};
use weir_tests::{harness, wire};

/// A configuration with one destination of this type, and what only this type reads.
fn setup(kind: &str, standin: &Standin, more: &str) -> Setup {
    let mut setup = Setup::mixpanel(&standin.url());
    setup.destinations = format!(
        "  product: {{type: {kind}, subject: stable, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], token: {{env: PRODUCT_TOKEN}}, \
         {more}release: {{allow: [n, plan, note]}}}}\n",
        standin.url()
    );
    setup
}

fn event(n: u64, more: &Value) -> Value {
    let mut properties = json!({"token": harness::WRITE_KEY, "distinct_id": format!("user-{}", n % 5), "$insert_id": format!("i-{n}"), "n": n, "plan": "pro"});
    properties.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    json!({"event": "Report Exported", "properties": properties})
}

fn send(weir: &Weir, events: &[Value]) {
    let body = Value::from(events.to_vec()).to_string();
    let request =
        wire::request("POST", "/in/web/track?verbose=1", &[("Content-Type", "application/json")], body.as_bytes());
    let answer = wire::exchange(weir.ingest(), &request).expect("weir answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn many(from: u64, count: u64) -> Vec<Value> {
    (from..from + count).map(|n| event(n, &json!({}))).collect()
}

/// The numbers of the events that the vendor has, each once, and whether one came twice.
fn numbers(standin: &Standin) -> Vec<u64> {
    let mut numbers: Vec<u64> = standin.events().iter().filter_map(|event| event.number()).collect();
    numbers.sort_unstable();
    numbers
}

fn copies(standin: &Standin) -> u32 {
    standin.events().iter().map(|event| event.copies).sum()
}

/// What each kind needs beside a token.
const KINDS: &[(&str, &str)] = &[
    ("ga4", "ga4: {measurement_id: G-TEST}, "),
    ("datadog", "datadog: {service: shop, tags: ['env:production']}, "),
    ("splunk_hec", "splunk_hec: {index: analytics, sourcetype: _json}, "),
];

#[test]
fn nothing_planted_arrives_and_everything_else_does() {
    let planted = ["grace.hopper@example.org", "4242 4242 4242 4242", "+44 20 7946 0958"];
    for (kind, more) in KINDS {
        let standin = Standin::of_weir();
        let weir = Weir::start(&setup(kind, &standin, more));
        let mut events = many(0, 30);
        events.push(event(
            30,
            &json!({"note": planted[0], "card": planted[1], "$email": planted[0], "phone": planted[2]}),
        ));
        send(&weir, &events);
        weir.settle();
        assert_eq!(numbers(&standin), (0..31).collect::<Vec<_>>(), "{kind}");
        assert_eq!(standin.violations(), [], "{kind}");
        assert_eq!(usize::try_from(copies(&standin)).expect("few"), 31, "{kind}: each once");
        let mut needles: Vec<Needle> = planted.iter().map(|value| Needle::new(value)).collect();
        needles.extend((0..5).map(|n| Needle::new(&format!("user-{n}"))));
        assert_nowhere(&needles, &standin, &weir);
        assert!(!weir.output().contains(VENDOR_TOKEN), "{kind}: the token is in the log");
    }
}

#[test]
fn a_token_that_the_vendor_does_not_know_keeps_everything_and_says_so() {
    // Google says nothing of it: it answers 2xx whatever the secret is.
    for (kind, more) in KINDS.iter().filter(|(kind, _)| *kind != "ga4") {
        let account = Account { tokens: vec!["another".to_owned()], ..Account::default() };
        let standin = Standin::start_with(account, 0);
        let weir = Weir::start(&setup(kind, &standin, more));
        send(&weir, &many(0, 5));
        weir.wait_until("the refusal shows", || weir.metrics().sum("weir_destination_refused", &[]) == 1);
        let metrics = weir.metrics();
        assert_eq!(metrics.sum("weir_events_waiting", &[("destination", "product")]), 5, "{kind}");
        assert!(standin.events().is_empty(), "{kind}");
        assert!(!weir.output().contains(VENDOR_TOKEN), "{kind}: the token is in the log");
    }
}

fn acknowledging(acks: Acks) -> Standin {
    Standin::start_with(Account { tokens: vec![VENDOR_TOKEN.to_owned()], acks, ..Account::default() }, 0)
}

const ACKNOWLEDGE: &str = "splunk_hec: {acknowledge: true, acknowledge_within: 4s}, ";

#[test]
fn splunk_has_a_batch_when_it_says_so_at_once_or_later() {
    for times in [1, 3] {
        let standin = acknowledging(Acks::After(times));
        let weir = Weir::start(&setup("splunk_hec", &standin, ACKNOWLEDGE));
        send(&weir, &many(0, 40));
        weir.wait_until("it arrives", || standin.event_count() == 40);
        let metrics = weir.settle();
        assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "product")]), 40);
        assert!(standin.asked_about_acks() >= u64::from(times), "delivered before it was acknowledged");
        assert_eq!(copies(&standin), 40, "each once");
        assert_eq!(standin.violations(), []);
    }
}

#[test]
fn what_splunk_never_acknowledges_is_unknown_and_on_unknown_decides() {
    let standin = acknowledging(Acks::Never);
    let weir = Weir::start(&setup("splunk_hec", &standin, &format!("{ACKNOWLEDGE}on_unknown: keep_unknown, ")));
    send(&weir, &many(0, 10));
    weir.wait_until("it is unknown", || weir.metrics().sum("weir_events_unknown", &[]) == 10);
    assert_eq!(weir.metrics().sum("weir_events_delivered_total", &[("destination", "product")]), 0);
    assert_eq!(copies(&standin), 10, "kept, not sent again");

    let standin = acknowledging(Acks::Never);
    let weir = Weir::start(&setup("splunk_hec", &standin, ACKNOWLEDGE));
    send(&weir, &many(0, 10));
    weir.wait_until("it is sent again", || copies(&standin) >= 20);
    assert_eq!(weir.metrics().sum("weir_events_delivered_total", &[("destination", "product")]), 0);
    assert_eq!(numbers(&standin), (0..10).collect::<Vec<_>>(), "under the same insert ids");
}

#[test]
fn a_token_without_acknowledgement_gets_nothing_where_it_is_asked_for() {
    let standin = acknowledging(Acks::Disabled);
    let weir = Weir::start(&setup("splunk_hec", &standin, ACKNOWLEDGE));
    send(&weir, &many(0, 5));
    weir.wait_until("the refusal shows", || weir.metrics().sum("weir_destination_refused", &[]) == 1);
    assert!(standin.events().is_empty(), "nothing of which nobody will know whether it was kept");
    assert!(weir.output().contains("acknowledgement_disabled"), "{}", weir.output());
    assert_eq!(weir.metrics().sum("weir_events_waiting", &[("destination", "product")]), 5);

    let standin = acknowledging(Acks::After(1));
    let weir = Weir::start(&setup("splunk_hec", &standin, ""));
    send(&weir, &many(0, 5));
    weir.wait_until("the refusal shows", || weir.metrics().sum("weir_destination_refused", &[]) == 1);
    assert!(weir.output().contains("channel_refused"), "a token with acknowledgement wants it: {}", weir.output());
}

#[test]
fn a_crash_while_an_acknowledgement_is_waited_for_sends_again_under_the_same_ids() {
    let standin = acknowledging(Acks::After(3));
    let port = standin.address().port();
    let weir = Weir::start(&setup("splunk_hec", &standin, ACKNOWLEDGE));
    send(&weir, &many(0, 20));
    weir.wait_until("splunk has taken it", || standin.event_count() == 20);
    assert_eq!(weir.metrics().sum("weir_events_delivered_total", &[("destination", "product")]), 0);
    let folder = weir.kill();
    let weir = folder.start();
    let metrics = weir.settle();
    assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "product")]), 20);
    assert_eq!(numbers(&standin), (0..20).collect::<Vec<_>>());
    assert_eq!(copies(&standin), 40, "an intent without an outcome is unknown, and sent again (D3)");
    assert_eq!(standin.address().port(), port);
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn other_batches_go_while_one_waits_for_its_acknowledgement() {
    let standin = acknowledging(Acks::Never);
    let weir =
        Weir::start(&setup("splunk_hec", &standin, "splunk_hec: {acknowledge: true, acknowledge_within: 10m}, "));
    // More than may be under way otherwise.
    for batch in 0..8 {
        send(&weir, &many(batch * 10, 10));
        weir.wait_until("it is taken", || standin.event_count() as u64 == (batch + 1) * 10);
    }
    assert_eq!(weir.metrics().sum("weir_events_delivered_total", &[("destination", "product")]), 0);
    let before = std::time::Instant::now();
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
    assert!(before.elapsed() < PATIENCE / 2, "a stop does not wait for acknowledgements");
}

#[test]
fn an_event_that_splunk_refuses_is_found_and_the_others_arrive() {
    let standin = Standin::of_weir();
    standin.always(Fault::Event(6));
    let weir = Weir::start(&setup("splunk_hec", &standin, ""));
    send(&weir, &many(0, 12));
    weir.wait_until("it ends", || weir.metrics().sum("weir_events_quarantined", &[]) == 1);
    let metrics = weir.settle();
    let quarantined = metrics.sum("weir_events_quarantined", &[("destination", "product")]);
    let delivered = metrics.sum("weir_events_delivered_total", &[("destination", "product")]);
    assert_eq!((quarantined, delivered), (1, 11));
    assert!(standin.requests().len() <= 6, "not by halves: {}", standin.requests().len());
}
