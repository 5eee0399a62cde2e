//! Destinations that are the customer's own: a signed webhook. A running Weir, receivers that check what they are sent, and other people's implementations as judges.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use weir_tests::drivers;
use weir_tests::encoding;
use weir_tests::harness::{Setup, VENDOR_TOKEN, Weir};
use weir_tests::load;
use weir_tests::privacy::{assert_nowhere, planted};
use weir_tests::random::Random;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;

const EVENTS: u64 = 60;

/// A Weir that delivers to one destination with these fields beside the usual ones.
fn weir_to(fields: &str) -> Weir {
    let mut setup = Setup::mixpanel("http://127.0.0.1:1");
    setup.destinations = format!("  own: {{subject: stable, release: {{allow: [n, plan, format, rows]}}, {fields}}}\n");
    Weir::start(&setup)
}

fn events(from: u64, to: u64) -> Vec<Value> {
    let mut random = Random::new(11);
    (from..to).map(|n| load::event(n, &mut random)).collect()
}

#[test]
fn a_webhook_gets_signed_records_that_the_standards_own_library_verifies() {
    let standin = Standin::of_weir();
    // The first attempt fails, so that a second signature is made for the same content.
    standin.script([Fault::status(500)]);
    let weir = weir_to(&format!(
        "type: webhook, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], token: {{env: PRODUCT_TOKEN}}",
        standin.url()
    ));
    assert_eq!(load::send(weir.ingest(), &events(0, EVENTS)).expect("weir answers"), 200);
    let metrics = weir.settle();
    assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "own")]), EVENTS);
    assert_eq!(standin.violations(), []);
    let numbers: BTreeSet<u64> = standin.events().iter().filter_map(|event| event.number()).collect();
    assert_eq!(numbers, (0..EVENTS).collect());
    let requests = standin.requests();
    let ids: Vec<&str> = requests.iter().filter_map(|request| request.header("webhook-id")).collect();
    assert!(ids.len() > 1 && ids[0] == ids[1], "a second attempt has the id of the first: {ids:?}");
    let lines: String = requests
        .iter()
        .map(|request| {
            let headers: serde_json::Map<String, Value> =
                request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            let line = json!({"headers": headers, "body": encoding::base64(&request.body), "secret": VENDOR_TOKEN});
            format!("{line}\n")
        })
        .collect();
    let judged = drivers::judge("python/webhook_receiver.py", &[], lines.as_bytes());
    assert_eq!((&judged["verified"], &judged["refused"]), (&json!(requests.len()), &json!(requests.len())), "{judged}");
    assert_nowhere(&planted(), &standin, &weir);
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn a_webhook_that_nobody_wants_any_more_keeps_its_events_and_says_so() {
    let standin = Standin::of_weir();
    standin.always(Fault::status(410));
    let weir = weir_to(&format!(
        "type: webhook, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], token: {{env: PRODUCT_TOKEN}}",
        standin.url()
    ));
    assert_eq!(load::send(weir.ingest(), &events(0, EVENTS)).expect("weir answers"), 200);
    let counted = |name: &str| weir.metrics().sum(name, &[("destination", "own")]);
    weir.wait_until("it is shown as refused", || counted("weir_destination_refused") == 1);
    weir.wait_until("every event waits", || counted("weir_events_waiting") == EVENTS);
    assert!(weir.output().contains("endpoint_gone"), "{}", weir.output());
}
