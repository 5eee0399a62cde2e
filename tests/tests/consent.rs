//! Consent from outside: what requests say of it, what leaves, what is dropped under which rule, and what a refusal does to events
//! that wait, a crash in between included.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::metrics::Metrics;
use weir_tests::privacy::{Needle, assert_absent_below};
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::wire;

/// A TC string that agrees to all purposes, and the specification's example, which agrees to 1, 2 and 3.
const TC_ALL: &str = "COxR03kOxR1CqBcABCENAgCMAP_AAH_AAAqIF3EXySoGY2thI2YVFxBEIYwfJxyigMgChgQIsSwNQIeFLBoGLiAAHBGYJAQAGBAEEACBAQIkHGBMCQAAgAgBiRCMQEGMCzNIBIBAggEbY0FACCVmHkHSmZCY7064O__QLuIJEFQMAkSBAIACLECIQwAQDiAAAYAlAAABAhIaAAgIWBQEeAAAACAwAAgAAABBAAACAAQAAICIAAABAAAgAiAQAAAAGgIQAACBABACRIAAAEANCAAgiCEAQg4EAo4AAA";
const TC_SOME: &str = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA";

/// A source and a destination that asks for consent.
fn setup(standin: &Standin, consent: &str, rules: &str) -> Setup {
    let release = format!("{{allow: [n], rules: [{rules}]}}");
    let mut setup = Setup::with_subject(&standin.url(), "stable", &release);
    setup.sources = setup.sources.replace("mode: enforce", &format!("mode: enforce, consent: {consent}"));
    setup
}

fn event(n: u64, person: &str, properties: Value) -> Value {
    let mut event = json!({"event": "Seat Added", "properties": {
        "token": WRITE_KEY, "distinct_id": person, "$insert_id": format!("{n:032x}"),
        "time": SystemClock.now().0 as f64 / 1000.0, "n": n,
    }});
    if let (Some(all), Some(more)) = (event["properties"].as_object_mut(), properties.as_object()) {
        all.extend(more.clone());
    }
    event
}

fn send(weir: &Weir, headers: &[(&str, &str)], events: &[Value]) {
    let mut all = vec![("Content-Type", "application/json")];
    all.extend(headers);
    let body = Value::from(events.to_vec()).to_string();
    let request = wire::request("POST", "/in/web/track?verbose=1&ip=1", &all, body.as_bytes());
    let answer = wire::exchange(weir.ingest(), &request).expect("Weir answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn left(standin: &Standin) -> Vec<u64> {
    let mut numbers: Vec<u64> = standin.events().iter().filter_map(|e| e.number()).collect();
    numbers.sort_unstable();
    numbers
}

fn dropped(metrics: &Metrics) -> BTreeMap<String, u64> {
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    metrics.by("weir_events_dropped_total", "rule")
}

fn rules(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
    of.iter().map(|(rule, n)| ((*rule).to_owned(), *n)).collect()
}

#[test]
fn d9_properties_cookies_and_tc_strings_decide_what_leaves() {
    let standin = Standin::of_weir();
    let consent =
        "{properties: {consent_state: analytics, tc: tcf}, cookies: {OptanonConsent: onetrust, ok: analytics}}";
    let weir = Weir::start(&setup(&standin, consent, "{consent: analytics}"));
    send(
        &weir,
        &[],
        &[
            event(1, "u1", json!({"consent_state": "granted"})),
            event(2, "u2", json!({"consent_state": "denied"})),
            event(3, "u3", json!({})),
            event(4, "u4", json!({"consent_state": "who knows"})),
            event(5, "u5", json!({"tc": TC_ALL})),
            event(6, "u6", json!({"tc": TC_SOME})),
            event(7, "u7", json!({"analytics_storage": "granted", "ad_storage": "denied"})),
            event(8, "u8", json!({"analytics_storage": "granted", "consent_state": false})),
        ],
    );
    let one_trust =
        "session=s3cr3t-of-the-site; OptanonConsent=isGpcEnabled=0&groups=C0001%3A1%2CC0002%3A1%2CC0004%3A0";
    send(
        &weir,
        &[("Cookie", one_trust)],
        &[event(11, "u11", json!({})), event(12, "u12", json!({"consent_state": "no"}))],
    );
    send(
        &weir,
        &[("Cookie", "ok=0")],
        &[event(13, "u13", json!({})), event(14, "u14", json!({"consent_state": "yes"}))],
    );
    send(&weir, &[("Cookie", "analytics=1; okay=1")], &[event(15, "u15", json!({}))]);
    let metrics = weir.settle();
    assert_eq!(left(&standin), [1, 5, 7, 11, 14]);
    assert_eq!(dropped(&metrics), rules(&[("consent_refused", 5), ("consent_unknown", 3)]));
    // D18: no cookie is kept or forwarded, named or not.
    let needles = [Needle::new("s3cr3t-of-the-site"), Needle::new("isGpcEnabled")];
    assert!(standin.requests().iter().all(|r| r.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("cookie"))));
    let folder = weir.kill();
    assert_absent_below(&needles, folder.data());
}

#[test]
fn gpc_stops_a_destination_that_shares_and_no_other() {
    let standin = Standin::of_weir();
    let mut setup = setup(&standin, "{dnt: []}", "");
    setup.destinations = setup.destinations.replace("subject: stable", "subject: stable, shares: true");
    let plain = setup.destinations.replace("product:", "measures:").replace(", shares: true", "");
    setup.destinations.push_str(&plain);
    let weir = Weir::start(&setup);
    send(&weir, &[("Sec-GPC", "1")], &[event(1, "u1", json!({}))]);
    send(&weir, &[("Sec-GPC", "0")], &[event(2, "u2", json!({}))]);
    send(&weir, &[("DNT", "1")], &[event(3, "u3", json!({}))]);
    send(&weir, &[], &[event(4, "u4", json!({}))]);
    let metrics = weir.settle();
    let of = |destination, name| metrics.sum(name, &[("destination", destination)]);
    assert_eq!(of("product", "weir_events_delivered_total"), 3);
    assert_eq!(of("measures", "weir_events_delivered_total"), 4);
    let refused = [("destination", "product"), ("rule", "consent_refused")];
    assert_eq!(metrics.sum("weir_events_dropped_total", &refused), 1);
    assert_eq!(dropped(&metrics), rules(&[("consent_refused", 1)]));
}

#[test]
fn a_rule_holds_in_its_regions_and_an_unknown_country_is_inside() {
    let standin = Standin::of_weir();
    let setup =
        setup(&standin, "{}", "{consent: analytics, regions: [eea, uk]}").and("trusted_proxies: [127.0.0.0/8]\n");
    let weir = Weir::start(&setup);
    // Addresses of public resolvers and of a university, whose countries the table knows.
    for (n, address) in [(1, "130.149.7.1"), (2, "128.32.0.1"), (3, "10.0.0.1")] {
        send(&weir, &[("X-Forwarded-For", address)], &[event(n, &format!("u{n}"), json!({}))]);
    }
    let metrics = weir.settle();
    assert_eq!(left(&standin), [2], "Berlin is inside, Berkeley is not, a private address has no country");
    assert_eq!(dropped(&metrics), rules(&[("consent_unknown", 2)]));
}

#[test]
fn categories_of_segment_and_rudderstack_decide() {
    let standin = Standin::of_weir();
    let mut setup = setup(&standin, "{}", "{consent: analytics}");
    setup.sources = "  seg: {protocol: segment, write_keys: [segkey0123456789], environment: production, mode: enforce}\n  \
                     rud: {protocol: rudderstack, write_keys: [rudkey0123456789], environment: production, mode: enforce, consent: {categories: {c-four: analytics}}}\n"
        .to_owned();
    let weir = Weir::start(&setup);
    let track = |n: u64, context: Value| {
        json!({"type": "track", "event": "Seat Added", "messageId": format!("m-{n}"), "userId": format!("user-{n}"),
               "properties": {"n": n}, "context": context, "timestamp": "2026-11-22T06:00:00.000Z"})
    };
    let preferences = |p: Value| json!({"consent": {"categoryPreferences": p}});
    let batch = |key: &str, events: Vec<Value>| json!({"batch": events, "writeKey": key}).to_string();
    let post = |target: &str, key: &str, body: &str| {
        let basic = format!("Basic {}", weir_tests::encoding::base64(format!("{key}:").as_bytes()));
        let headers = [("Content-Type", "application/json"), ("Authorization", basic.as_str())];
        let answer = wire::exchange(weir.ingest(), &wire::request("POST", target, &headers, body.as_bytes())).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    let segment = vec![
        track(1, preferences(json!({"C0002": true, "C0004": false}))),
        track(2, preferences(json!({"Analytics": false, "Advertising": true}))),
        track(3, preferences(json!({"Advertising": true}))),
        track(4, json!({"locale": "de-DE"})),
    ];
    post("/in/seg/v1/batch", "segkey0123456789", &batch("segkey0123456789", segment));
    let management = |allowed: &[&str], denied: &[&str]| json!({"consentManagement": {"provider": "oneTrust", "allowedConsentIds": allowed, "deniedConsentIds": denied}});
    let rudderstack = vec![
        track(5, management(&["C0001", "c-four"], &["C0004"])),
        track(6, management(&["C0001"], &["c-four"])),
        track(7, management(&["C0001"], &[])),
    ];
    post("/in/rud/v1/batch", "rudkey0123456789", &batch("rudkey0123456789", rudderstack));
    let metrics = weir.settle();
    assert_eq!(left(&standin), [1, 5]);
    assert_eq!(dropped(&metrics), rules(&[("consent_refused", 2), ("consent_unknown", 3)]));
}

#[test]
fn a_withdrawal_stops_events_that_wait() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin, "{properties: {ok: analytics}}", "{consent: analytics}"));
    standin.always(Fault::status(503));
    let given = |n, person| event(n, person, json!({"ok": true}));
    send(&weir, &[], &[given(1, "anna"), given(2, "bert"), given(3, "anna")]);
    weir.wait_until("a request was tried", || !standin.requests().is_empty());
    send(&weir, &[], &[event(4, "anna", json!({"ok": false}))]);
    send(&weir, &[], &[given(5, "anna"), given(6, "bert")]);
    // Of itself, without the vendor: what is withdrawn is dropped while it waits.
    weir.wait_until("what was withdrawn is dropped", || {
        weir.metrics().sum("weir_events_dropped_total", &[("rule", "consent_refused")]) == 3
    });
    standin.heal();
    let metrics = weir.settle();
    assert_eq!(left(&standin), [2, 5, 6], "the later yes counts for later events only");
    assert_eq!(dropped(&metrics), rules(&[("consent_refused", 3)]));
    let folder = weir.kill();
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_withdrawal_stops_what_waits_across_a_kill() {
    // A port on which nobody listens: no request reaches the vendor before the crash.
    let port = Standin::of_weir().address().port();
    let mut setup = setup(&Standin::of_weir(), "{properties: {ok: analytics}}", "{consent: analytics}");
    let at = setup.destinations.find("127.0.0.1:").unwrap() + "127.0.0.1:".len();
    let end = at + setup.destinations[at..].find('"').unwrap();
    setup.destinations.replace_range(at..end, &port.to_string());
    let weir = Weir::start(&setup);
    let said = |n, person, ok: bool| event(n, person, json!({"ok": ok}));
    send(&weir, &[], &[said(1, "anna", true), said(2, "bert", true)]);
    // Acknowledged, so durable; then the power goes.
    send(&weir, &[], &[said(3, "anna", false)]);
    let folder = weir.kill();
    let standin = Standin::of_weir_at(port);
    let weir = folder.start();
    let metrics = weir.settle();
    assert_eq!(left(&standin), [2]);
    assert_eq!(dropped(&metrics), rules(&[("consent_refused", 2)]));
    assert!(weir.output().contains("refusals of consent were read from the journal"), "{}", weir.output());
    let folder = weir.kill();
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_refusal_that_came_before_the_rule_stops_what_waits_once_the_rule_is_there() {
    let standin = Standin::of_weir();
    let without = setup(&standin, "{properties: {ok: analytics}}", "");
    let weir = Weir::start(&without);
    standin.always(Fault::status(503));
    send(&weir, &[], &[event(1, "anna", json!({"ok": true})), event(2, "bert", json!({"ok": true}))]);
    send(&weir, &[], &[event(3, "anna", json!({"ok": false}))]);
    weir.folder().configure(&setup(&standin, "{properties: {ok: analytics}}", "{consent: analytics}"));
    let pid = weir.id().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    weir.wait_until("the rule holds", || {
        weir.metrics().sum("weir_events_dropped_total", &[("rule", "consent_refused")]) == 2
    });
    standin.heal();
    weir.settle();
    assert_eq!(left(&standin), [2]);
}

#[test]
fn a_withdrawal_keeps_an_event_in_quarantine_across_a_kill() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin, "{properties: {ok: analytics}}", "{consent: analytics}"));
    standin.always(Fault::status(400));
    send(&weir, &[], &[event(1, "anna", json!({"ok": true})), event(2, "bert", json!({"ok": true}))]);
    weir.wait_until("the vendor's rejections are held", || weir.metrics().sum("weir_events_quarantined", &[]) == 2);
    standin.heal();
    send(&weir, &[], &[event(3, "anna", json!({"ok": false}))]);
    weir.settle();
    let weir = weir.kill().start();
    let folder = weir.folder();
    let (data, keys) = (folder.data().display().to_string(), folder.keys().display().to_string());
    let run = |arguments: &[&str]| {
        let folders = ["--data", data.as_str(), "--keys", keys.as_str()];
        let output = folder.run(&[arguments, &folders].concat(), &[]);
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let listed = run(&["quarantine", "list"]);
    let entries: Vec<&str> = listed.split_whitespace().filter(|word| word.starts_with("rejected-")).collect();
    assert_eq!(entries.len(), 2, "{listed}");
    let said: String = entries.iter().map(|entry| run(&["quarantine", "replay", entry])).collect();
    weir.wait_until(&format!("bert's event is delivered: {said}"), || !left(&standin).is_empty());
    let metrics = weir.settle();
    assert_eq!(left(&standin), [2]);
    assert_eq!(metrics.sum("weir_events_quarantined", &[]), 1, "anna's stays where it is: {said}");
}
