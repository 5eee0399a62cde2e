//! Routing from outside: people of which countries reach which vendor, what is held and comes back, who is in a sample, and that no
//! other host is tried while a region is down.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::metrics::Metrics;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::wire;

/// Addresses whose countries the table knows: of a university in Berlin and of one in Berkeley.
const BERLIN: &str = "130.149.7.1";
const BERKELEY: &str = "128.32.0.1";
/// One that has no country.
const PRIVATE: &str = "10.0.0.1";

/// A destination of Mixpanel's type at a stand-in.
fn destination(id: &str, standin: &Standin, more: &str) -> String {
    format!(
        "  {id}: {{type: mixpanel, subject: stable, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], token: {{env: PRODUCT_TOKEN}}, {more}}}\n",
        standin.url()
    )
}

fn setup(sources: &str, destinations: &[String], more: &str) -> Setup {
    let mut setup = Setup::mixpanel("http://127.0.0.1:1").and("trusted_proxies: [127.0.0.0/8]\n").and(more);
    setup.sources.push_str(sources);
    setup.destinations = destinations.concat();
    setup
}

const RESIDENCY: &str =
    "residency: {classes: {eu: {countries: [eea, uk], only: [europe]}, us: {countries: [US], only: [america]}}";

fn event(n: u64, person: &str) -> Value {
    json!({"event": "Seat Added", "properties": {
        "token": WRITE_KEY, "distinct_id": person, "$insert_id": format!("{n:032x}"),
        "time": SystemClock.now().0 as f64 / 1000.0, "n": n,
    }})
}

fn named(name: &str, n: u64, person: &str) -> Value {
    let mut event = event(n, person);
    event["event"] = json!(name);
    event
}

/// Sends events of a source as a client at this address.
fn send(weir: &Weir, source: &str, address: &str, events: &[Value]) {
    let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", address)];
    let body = Value::from(events.to_vec()).to_string();
    let target = format!("/in/{source}/track?verbose=1&ip=1");
    let answer = wire::exchange(weir.ingest(), &wire::request("POST", &target, &headers, body.as_bytes()));
    let answer = answer.expect("Weir answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn left(standin: &Standin) -> Vec<u64> {
    let mut numbers: Vec<u64> = standin.events().iter().filter_map(|e| e.number()).collect();
    numbers.sort_unstable();
    numbers
}

/// What a destination dropped, by rule; the sums of D11 hold for all.
fn dropped(metrics: &Metrics, destination: &str) -> BTreeMap<&'static str, u64> {
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    let of = |rule: &&'static str| {
        (*rule, metrics.sum("weir_events_dropped_total", &[("destination", destination), ("rule", rule)]))
    };
    let rules = ["residency", "region_unknown", "routed_elsewhere", "sampled_out", "no_destination"];
    rules.iter().map(of).filter(|(_, n)| *n > 0).collect()
}

fn offered(metrics: &Metrics, destination: &str) -> u64 {
    metrics.sum("weir_events_offered_total", &[("destination", destination)])
}

/// Writes the configuration anew and has the running process take it.
fn reload(weir: &Weir, setup: &Setup) {
    weir.folder().configure(setup);
    let (code, said, wrong) = weir.folder().weir(&["reload"]);
    assert_eq!(code, Some(0), "{said}{wrong}");
}

#[test]
fn people_reach_only_the_destinations_of_their_class_and_the_unknown_none_that_might_be_wrong() {
    let (europe, america, both) = (Standin::of_weir(), Standin::of_weir(), Standin::of_weir());
    let release = "release: {allow: [n]}";
    let destinations = [
        destination("europe", &europe, release),
        destination("america", &america, release),
        destination("both", &both, release),
    ];
    let classes =
        RESIDENCY.replace("only: [europe]", "only: [europe, both]").replace("only: [america]", "only: [america, both]");
    let others = "  server: {protocol: mixpanel, write_keys: [serverkey0123456789], environment: production, country: event}\n  \
                  shop: {protocol: mixpanel, write_keys: [shopkey0123456789], environment: production, country: FR}\n";
    let weir = Weir::start(&setup(others, &destinations, &format!("{classes}}}\n")));
    send(&weir, "web", BERLIN, &[event(1, "anna"), event(2, "bert")]);
    send(&weir, "web", BERKELEY, &[event(3, "carl")]);
    send(&weir, "web", PRIVATE, &[event(4, "dora")]);
    // A server in America sends events of people in Berlin, and one of somebody nobody knows where; a shop is French whoever asks.
    let mut in_berlin = event(5, "emil");
    in_berlin["properties"]["ip"] = json!(BERLIN);
    in_berlin["properties"]["token"] = json!("serverkey0123456789");
    let mut nowhere = event(6, "fred");
    nowhere["properties"]["token"] = json!("serverkey0123456789");
    send(&weir, "server", BERKELEY, &[in_berlin, nowhere]);
    let mut french = event(7, "gina");
    french["properties"]["token"] = json!("shopkey0123456789");
    send(&weir, "shop", BERKELEY, &[french]);
    let metrics = weir.settle();
    assert_eq!(left(&europe), [1, 2, 5, 7]);
    assert_eq!(left(&america), [3]);
    assert_eq!(left(&both), [1, 2, 3, 4, 5, 6, 7], "every class admits it");
    assert_eq!(dropped(&metrics, "europe"), BTreeMap::from([("residency", 1), ("region_unknown", 2)]));
    assert_eq!(dropped(&metrics, "america"), BTreeMap::from([("residency", 4), ("region_unknown", 2)]));
    let status = weir.folder().weir(&["status"]).1;
    assert!(status.contains("residency 4") && status.contains("region_unknown 2"), "{status}");
    let folder = weir.kill();
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn what_is_held_comes_back_when_the_rule_has_changed_and_a_new_rule_holds_for_what_waits() {
    let (europe, america) = (Standin::of_weir(), Standin::of_weir());
    let release = "release: {allow: [n]}";
    let destinations = [destination("europe", &europe, release), destination("america", &america, release)];
    let held = setup("", &destinations, &format!("{RESIDENCY}, unknown: hold}}\n"));
    let weir = Weir::start(&held);
    send(&weir, "web", PRIVATE, &[event(1, "anna"), event(2, "bert")]);
    send(&weir, "web", BERLIN, &[event(3, "carl")]);
    weir.settle();
    let quarantined =
        |m: &Metrics, d| m.sum("weir_events_quarantined", &[("destination", d), ("reason", "region_unknown")]);
    let metrics = weir.metrics();
    assert_eq!((quarantined(&metrics, "europe"), quarantined(&metrics, "america")), (2, 2));
    assert_eq!((left(&europe), left(&america)), (vec![3], vec![]));

    // Across a kill, under the same rule: they stay.
    let weir = weir.kill().start();
    let listed = weir.folder().weir(&["quarantine", "list"]).1;
    let entries: Vec<&str> = listed.split_whitespace().filter(|word| word.starts_with("rejected-")).collect();
    assert_eq!(entries.len(), 4, "{listed}");
    let replay = |weir: &Weir| {
        entries.iter().map(|entry| weir.folder().weir(&["quarantine", "replay", entry]).1).collect::<String>()
    };
    let said = replay(&weir);
    assert_eq!((left(&europe), left(&america)), (vec![3], vec![]), "{said}");

    // The operator decides: without a class for America, the European project takes every country.
    let decided = "residency: {classes: {eu: {countries: [eea, uk], only: [europe]}}, unknown: hold}\n";
    reload(&weir, &setup("", &destinations, decided));
    let said = replay(&weir);
    let metrics = weir.settle();
    assert_eq!((left(&europe), left(&america)), (vec![1, 2, 3], vec![]), "{said}");
    assert_eq!((quarantined(&metrics, "europe"), quarantined(&metrics, "america")), (0, 2));

    // What waits is routed when it leaves: by the rules of that time.
    europe.always(Fault::status(503));
    send(&weir, "web", BERLIN, &[event(4, "dora"), event(5, "emil")]);
    weir.wait_until("the vendor was tried", || {
        let waiting = weir.metrics().sum("weir_events_waiting", &[("destination", "europe")]);
        waiting == 2 && europe.requests().iter().any(|request| request.status == 503)
    });
    let elsewhere =
        [destination("europe", &europe, "release: {allow: [n]}, route: {countries: [US]}"), destinations[1].clone()];
    reload(&weir, &setup("", &elsewhere, ""));
    let metrics = weir.settle();
    europe.heal();
    assert_eq!(dropped(&metrics, "europe"), BTreeMap::from([("routed_elsewhere", 2)]));
    assert_eq!(left(&europe), [1, 2, 3]);
    let folder = weir.kill();
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "what is held is in the record like everything else: {said}");
}

#[test]
fn a_route_by_source_is_not_offered_and_one_by_event_is_dropped_by_a_rule() {
    let (product, orders) = (Standin::of_weir(), Standin::of_weir());
    let destinations = [
        destination("product", &product, "release: {allow: [n]}, route: {sources: [web], except_events: [Heartbeat]}"),
        destination("orders", &orders, "release: {allow: [n]}, route: {events: [Ordered]}"),
    ];
    let app = "  app: {protocol: mixpanel, write_keys: [appkey0123456789], environment: production}\n  \
               lab: {protocol: mixpanel, write_keys: [labkey0123456789], environment: staging}\n";
    let weir = Weir::start(&setup(app, &destinations, ""));
    send(&weir, "web", BERLIN, &[event(1, "anna"), named("Heartbeat", 2, "anna"), named("Ordered", 3, "anna")]);
    let mut of_app = [event(4, "bert"), named("Ordered", 5, "bert")];
    of_app.iter_mut().for_each(|event| event["properties"]["token"] = json!("appkey0123456789"));
    send(&weir, "app", BERLIN, &of_app);
    let mut of_lab = named("Ordered", 6, "carl");
    of_lab["properties"]["token"] = json!("labkey0123456789");
    send(&weir, "lab", BERLIN, &[of_lab]);
    let metrics = weir.settle();
    assert_eq!(metrics.sum("weir_events_dropped_total", &[("destination", ""), ("rule", "no_destination")]), 1);
    assert_eq!((left(&product), left(&orders)), (vec![1, 3], vec![3, 5]));
    assert_eq!((offered(&metrics, "product"), offered(&metrics, "orders")), (3, 5), "the app's are none of product's");
    assert_eq!(dropped(&metrics, "product"), BTreeMap::from([("routed_elsewhere", 1)]));
    assert_eq!(dropped(&metrics, "orders"), BTreeMap::from([("routed_elsewhere", 3)]));
}

#[test]
fn the_same_people_are_in_at_two_destinations_and_after_a_restart() {
    let (one, two) = (Standin::of_weir(), Standin::of_weir());
    let release =
        |more: &str| format!("release: {{allow: [n], rules: [{{sample: 0.3}}, {{event: Ordered, sample: 1}}{more}]}}");
    let destinations = [
        destination("one", &one, &release("")),
        destination("two", &two, &release(", {event: Viewed, sample: 0.6}"))
            .replace("subject: stable", "subject: {rotating: 7d}"),
    ];
    let weir = Weir::start(&setup("", &destinations, ""));
    let people: Vec<String> = (0..120).map(|n| format!("person-{n}")).collect();
    let some = |name: &str, from: u64| -> Vec<Value> {
        people.iter().enumerate().map(|(i, person)| named(name, from + i as u64, person)).collect()
    };
    send(&weir, "web", BERLIN, &some("Opened", 1_000));
    send(&weir, "web", BERLIN, &some("Ordered", 2_000));
    weir.settle();
    let weir = weir.kill().start();
    send(&weir, "web", BERLIN, &some("Closed", 3_000));
    send(&weir, "web", BERLIN, &some("Viewed", 4_000));
    let metrics = weir.settle();
    // Everybody has one event of each name: the person is the number within its thousand.
    let inside = |standin: &Standin, thousand: u64| -> BTreeSet<u64> {
        left(standin).into_iter().filter(|n| n / 1_000 == thousand).map(|n| n % 1_000).collect()
    };
    let opened = inside(&one, 1);
    // Five standard deviations of 120 draws at 0.3.
    assert!((12..=61).contains(&opened.len()), "{} of 120", opened.len());
    assert_eq!(opened, inside(&two, 1), "the same people at both");
    assert_eq!((&opened, &opened), (&inside(&one, 3), &inside(&two, 3)), "and after a restart, for another event");
    assert_eq!(
        (inside(&one, 2).len(), inside(&two, 2).len()),
        (120, 120),
        "the sample of an event stands before that of all"
    );
    assert_eq!(opened, inside(&one, 4));
    let viewed = inside(&two, 4);
    assert!(opened.is_subset(&viewed) && viewed.len() > opened.len(), "a lower share is part of a higher one");
    let out = |destination| dropped(&metrics, destination)["sampled_out"];
    assert_eq!(out("one"), 3 * (120 - opened.len() as u64));
    assert_eq!(out("two"), 2 * (120 - opened.len() as u64) + 120 - viewed.len() as u64);
}

/// The European host is down: its events wait, and not a byte goes to any other host that Weir knows.
#[test]
fn an_outage_of_a_region_sends_nothing_to_another_host() {
    let america = Standin::of_weir();
    let europe = Standin::of_weir();
    let port = europe.address().port();
    let release = "release: {allow: [n]}";
    let destinations = [
        destination("europe", &europe, &format!("region: eu, {release}")),
        destination("america", &america, &format!("region: us, {release}")),
    ];
    let weir = Weir::start(&setup("", &destinations, &format!("{RESIDENCY}}}\n")));
    drop(europe);
    send(&weir, "web", BERLIN, &(1..=20).map(|n| event(n, "anna")).collect::<Vec<_>>());
    let failures = |m: &Metrics| m.sum("weir_destination_failures_total", &[("destination", "europe")]);
    weir.wait_until("several requests failed", || failures(&weir.metrics()) >= 3);
    send(&weir, "web", BERKELEY, &[event(21, "carl")]);
    weir.wait_until("America goes on", || left(&america) == [21]);
    assert_eq!(weir.metrics().sum("weir_events_waiting", &[("destination", "europe")]), 20);
    for request in america.requests() {
        let everything = String::from_utf8_lossy(&request.everything()).into_owned();
        assert!(
            (1..=20)
                .all(|n| !everything.contains(&format!("\"n\":{n}}}")) && !everything.contains(&format!("\"n\":{n},")))
        );
    }
    let europe = Standin::of_weir_at(port);
    weir.settle();
    assert_eq!(left(&europe), (1..=20).collect::<Vec<_>>(), "all of them, at their own host");
    assert_eq!(left(&america), [21]);
}
