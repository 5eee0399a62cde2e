//! The asks of users that this release answers for Mixpanel, each as a test by its number in the list of asks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::privacy::{self, Needle, assert_absent, assert_nowhere};
use weir_tests::random::Random;
use weir_tests::standin::fault::Fault;
use weir_tests::standin::{Standin, check};
use weir_tests::{captures, encoding, load, wire};

/// What may stand in an event at the vendor: the baseline, and what the test's policy allows.
const BASELINE: [&str; 16] = [
    "token",
    "distinct_id",
    "$device_id",
    "$user_id",
    "$anon_distinct_id",
    "alias",
    "$distinct_ids",
    "time",
    "$insert_id",
    "mp_lib",
    "$lib_version",
    "$os",
    "$browser",
    "screen_class",
    "mp_country_code",
    "$country_code",
];
const ALLOWED: [&str; 3] = ["plan", "format", "n"];

/// Headers that Weir builds itself; any other one at the vendor was copied from somewhere.
const OWN_HEADERS: [&str; 7] =
    ["host", "content-type", "content-encoding", "content-length", "authorization", "accept", "user-agent"];

fn properties(n: u64) -> Value {
    json!({
        "token": WRITE_KEY, "distinct_id": "user-4711", "$device_id": "93bc0e7f-3901-4b07-aee3-87fe5437f575",
        "time": SystemClock.now().0 as f64 / 1000.0, "$insert_id": format!("{n:032x}"), "mp_lib": "web",
        "$lib_version": "2.83.0", "$os": "Linux", "$browser": "Chrome", "$screen_width": 1280,
        "$current_url": "https://app.example.com/u/4711?email=ada.lovelace@example.com&token=secret&gclid=abc123",
        "email": "ada.lovelace@example.com", "ip": "203.0.113.42", "note": "Größe ÄÖÜ 🚀", "plan": "pro", "format": "csv", "n": n,
        "nested": {"phone": "+49 151 23456789", "list": ["Ada Lovelace"]}, "company": ["org-77"],
    })
}

fn event(n: u64) -> Value {
    json!({"event": "Report Exported", "properties": properties(n)})
}

fn ok(weir: &Weir, request: &[u8]) -> wire::Answer {
    let answer = wire::exchange(weir.ingest(), request).expect("weir answers");
    let line = String::from_utf8_lossy(request).lines().next().unwrap_or_default().chars().take(60).collect::<String>();
    assert!(matches!(answer.status, 200 | 204), "{} to {line}: {}", answer.status, answer.text());
    answer
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).expect("gzip into memory");
    out.finish().expect("gzip into memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).expect("zlib into memory");
    out.finish().expect("zlib into memory")
}

fn assert_only_released(standin: &Standin) {
    let may: BTreeSet<&str> = BASELINE.into_iter().chain(ALLOWED).collect();
    for event in standin.events() {
        let keys = event.properties().keys();
        let strange: Vec<&String> = keys.filter(|k| !may.contains(k.as_str())).collect();
        assert!(strange.is_empty(), "properties that no rule allows left with {}: {strange:?}", event.name());
        let top: Vec<&String> = event
            .event
            .as_object()
            .into_iter()
            .flat_map(|o| o.keys())
            .filter(|k| *k != "event" && *k != "properties")
            .collect();
        assert!(top.is_empty(), "keys beside the properties left: {top:?}");
    }
    for profile in standin.profiles() {
        let values = &profile.update[&profile.operation];
        let names: Vec<&str> = match values {
            Value::Object(fields) => fields.keys().map(String::as_str).collect(),
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let strange: Vec<&&str> = names.iter().filter(|n| !may.contains(**n)).collect();
        assert!(
            strange.is_empty(),
            "profile properties that no rule allows left with {}: {strange:?}",
            profile.operation
        );
    }
    assert_eq!(standin.violations(), [], "the vendor had something to refuse");
    assert_eq!(standin.silently_lost(), 0, "the vendor threw events away that were too old for it");
}

#[test]
fn acceptance_04_privacy_switch_holds_on_every_path() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    let (mut items, mut ingested) = (0, 0);
    // What was written from the source of the mobile SDKs has keys of its own: `vendors.rs` sends it.
    let recorded = captures::all("mixpanel").into_iter().filter(|c| !c.name.starts_with("mobile-from-source"));
    for capture in recorded {
        // Two captures come from an SDK that was set to routes of the customer's own.
        let path = capture.path();
        let bytes = match captures::endpoint(&path) {
            Some(endpoint) if path.starts_with("/mp/") => capture.at_path(&format!("/{endpoint}/")),
            _ => capture.bytes.clone(),
        };
        let answer = ok(&weir, &bytes);
        assert_absent(&privacy::captured(), &answer.body, &format!("the answer to {}", capture.name));
        if capture.is_ingest() {
            items += items_of(&bytes);
            ingested += 1;
        }
    }
    assert!(ingested > 30 && items > 200, "the captures were not read: {ingested} requests, {items} items");
    let metrics = weir.settle();
    let web = ("source", "web");
    let recordings = metrics.sum("weir_intake_dropped_total", &[web, ("rule", "session_replay")]);
    assert_eq!(recordings, 1, "a session recording is dropped by a rule of its own");
    let received = metrics.sum("weir_events_received_total", &[web]);
    assert_eq!(received, items + recordings, "every item counts as received");
    assert_only_released(&standin);
    // The test sees something: these came by base64 form, JSON form, GET, beacon and import.
    let names: BTreeSet<String> = standin.events().iter().map(|e| e.name().to_owned()).collect();
    for name in ["Report Exported", "Page Viewed", "JSON payload", "GET payload", "Queued at unload", "Legacy Login"] {
        assert!(names.contains(name), "{name} did not arrive; these did: {names:?}");
    }
    assert_nowhere(&privacy::captured(), &standin, &weir);
}

/// How many events or updates a kept request holds, read by the stand-in's own decoder.
fn items_of(request: &[u8]) -> u64 {
    let cut = request.windows(4).position(|w| w == b"\r\n\r\n").expect("a request has a head");
    let head = String::from_utf8_lossy(&request[..cut]).into_owned();
    let mut lines = head.lines();
    let mut line = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let kind = lines.find_map(|l| l.strip_prefix("Content-Type: "));
    let query = target.split_once('?').map_or("", |(_, q)| q);
    check::parse(method, kind, query, &request[cut + 4..]).expect("a capture can be read").items.len() as u64
}

#[test]
fn acceptance_04_one_event_in_every_form_leaves_the_same_fields() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    let form = "application/x-www-form-urlencoded";
    let mut n = 0;
    let mut sent: BTreeMap<u64, &str> = BTreeMap::new();
    let mut send = |name: &'static str, make: &dyn Fn(&Value) -> Vec<u8>| {
        n += 1;
        sent.insert(n, name);
        ok(&weir, &make(&event(n)));
    };
    let post = |target: &str, kind: &str, body: &[u8]| wire::request("POST", target, &[("Content-Type", kind)], body);
    let b64 = |value: &Value| encoding::base64(value.to_string().as_bytes());
    let encoded = |bytes: &str| encoding::percent(bytes.as_bytes());
    for prefix in ["", "/in/web"] {
        let track = format!("{prefix}/track/?verbose=1&ip=1");
        send("GET, base64", &|e| {
            wire::request("GET", &format!("{prefix}/track?ip=1&data={}", encoded(&b64(e))), &[], b"")
        });
        send("pixel", &|e| wire::request("GET", &format!("{prefix}/track?img=1&data={}", encoded(&b64(e))), &[], b""));
        send("form, bare base64", &|e| post(&track, form, format!("data={}", b64(e)).as_bytes()));
        send("form, base64", &|e| post(&track, form, format!("data={}", encoded(&b64(e))).as_bytes()));
        send("form, JSON", &|e| post(&track, form, format!("data={}&verbose=1", encoded(&e.to_string())).as_bytes()));
        send("beacon", &|e| {
            post(&track, "text/plain;charset=UTF-8", format!("data={}", encoded(&b64(&json!([e])))).as_bytes())
        });
        send("JSON", &|e| post(&track, "application/json", e.to_string().as_bytes()));
        send("JSON array", &|e| post(&track, "application/json", json!([e]).to_string().as_bytes()));
        for (name, coding, pack) in
            [("gzip", "gzip", gzip as fn(&[u8]) -> Vec<u8>), ("zlib", "deflate", zlib as fn(&[u8]) -> Vec<u8>)]
        {
            send(name, &|e| {
                let headers = [("Content-Type", "application/json"), ("Content-Encoding", coding)];
                wire::request("POST", &track, &headers, &pack(e.to_string().as_bytes()))
            });
        }
        send("gzip without saying so", &|e| {
            post(&track, "application/octet-stream", &gzip(json!([e]).to_string().as_bytes()))
        });
        send("import, NDJSON", &|e| {
            let basic = format!("Basic {}", encoding::base64(format!("{WRITE_KEY}:").as_bytes()));
            let headers = [("Content-Type", "application/x-ndjson"), ("Authorization", basic.as_str())];
            wire::request("POST", &format!("{prefix}/import?strict=1"), &headers, format!("{e}\n").as_bytes())
        });
    }
    weir.settle();
    assert_only_released(&standin);
    let shape = |keys: &mut dyn Iterator<Item = &String>| keys.cloned().collect::<BTreeSet<String>>();
    let mut shapes: BTreeMap<BTreeSet<String>, Vec<&str>> = BTreeMap::new();
    for stored in standin.events() {
        let number = stored.number().expect("`n` is allowed to leave");
        let form = sent.remove(&number).expect("an event arrives once");
        assert_eq!(
            (stored.text("plan").as_deref(), stored.text("format").as_deref()),
            (Some("pro"), Some("csv")),
            "{form}"
        );
        shapes.entry(shape(&mut stored.properties().keys())).or_default().push(form);
    }
    assert!(sent.is_empty(), "these forms never arrived: {sent:?}");
    assert_eq!(shapes.len(), 1, "the forms left different fields: {shapes:#?}");
    assert_nowhere(&privacy::captured(), &standin, &weir);
}

#[test]
fn acceptance_05_outgoing_requests_are_built_from_scratch() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()).and("trusted_proxies: [127.0.0.0/8]\n"));
    let headers = [
        ("Content-Type", "application/json"),
        ("Cookie", "session=sk_live_51HkPlantedSecret0123456789abcd"),
        ("Authorization", "Basic cGxhbnRlZC1hcGktc2VjcmV0LTA4MTU6"),
        ("User-Agent", "PlantedBrowser/1.0 (ada.lovelace@example.com)"),
        ("Referer", "https://app.example.com/reset?email=ada.lovelace@example.com"),
        ("Origin", "https://planted-origin.example.com"),
        ("X-Forwarded-For", "203.0.113.42"),
        ("X-Real-IP", "203.0.113.42"),
        ("Forwarded", "for=203.0.113.42"),
        ("Accept-Language", "de-planted"),
        ("X-Planted", "planted-header"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    let body = json!([event(1), event(2)]).to_string();
    let target = "/in/web/track?verbose=1&ip=1&planted_query=planted-query&distinct_id=user-4711&_=1795304217266";
    ok(&weir, &wire::request("POST", target, &headers, body.as_bytes()));
    let profile = json!([{"$token": WRITE_KEY, "$distinct_id": "user-4711", "$ip": "203.0.113.42", "$set": {"plan": "pro", "$email": "ada.lovelace@example.com"}}]);
    ok(&weir, &wire::request("POST", "/in/web/engage?verbose=1", &headers, profile.to_string().as_bytes()));
    weir.settle();
    assert_eq!((standin.event_count(), standin.profiles().len()), (2, 1));
    assert_only_released(&standin);
    for request in standin.requests() {
        let strange: Vec<&str> =
            request.headers.iter().map(|(name, _)| name.as_str()).filter(|n| !OWN_HEADERS.contains(n)).collect();
        assert!(strange.is_empty(), "headers at the vendor that Weir does not build: {strange:?}");
        let query = request.target.split_once('?').map_or("", |(_, q)| q);
        for (name, _) in encoding::form(query.as_bytes()) {
            assert!(["ip", "verbose", "strict", "project_id"].contains(&name.as_str()), "`{name}` left in a query");
        }
    }
    let mut needles: Vec<Needle> =
        ["PlantedBrowser", "planted-origin", "de-planted", "planted-header", "planted-query"]
            .into_iter()
            .chain([
                "4bf92f3577b34da6a3ce929d0e0e4736",
                "planted-api-secret-0815",
                "sk_live_51HkPlantedSecret0123456789abcd",
            ])
            .map(Needle::new)
            .collect();
    needles.extend(privacy::captured());
    assert_nowhere(&needles, &standin, &weir);
    for request in standin.requests().iter().filter(|r| r.path() != "/import") {
        assert!(request.target.contains("ip=0"), "the vendor must not place people by our address: {}", request.target);
    }
}

/// A Weir before a vendor on a bad day, and what it has acknowledged.
struct BadDay {
    standin: Standin,
    weir: Weir,
    random: Random,
    acknowledged: BTreeSet<u64>,
}

impl BadDay {
    fn start() -> BadDay {
        let standin = Standin::of_weir();
        let weir = Weir::start(&Setup::mixpanel(&standin.url()));
        BadDay { standin, weir, random: Random::new(8), acknowledged: BTreeSet::new() }
    }

    fn send(&mut self, count: u64) {
        let next = self.acknowledged.len() as u64;
        let events: Vec<Value> = (next..next + count).map(|n| load::event(n, &mut self.random)).collect();
        let status = load::send(self.weir.ingest(), &events).expect("weir answers");
        assert_eq!(status, 200, "a bad vendor is no reason to refuse");
        self.acknowledged.extend(next..next + count);
    }

    /// Acknowledged is delivered, held or dropped by a named rule, exactly.
    fn account(&self) -> weir_tests::metrics::Metrics {
        let metrics = self.weir.settle();
        assert_eq!(metrics.sum("weir_events_received_total", &[("source", "web")]), self.acknowledged.len() as u64);
        let mut stored = BTreeSet::new();
        for event in self.standin.events() {
            assert!(stored.insert(event.number().expect("`n` may leave")), "one event under two insert ids");
        }
        let product = [("destination", "product")];
        assert_eq!(metrics.sum("weir_events_delivered_total", &product), stored.len() as u64);
        let missing = self.acknowledged.difference(&stored).count() as u64;
        let held = metrics.sum("weir_events_quarantined", &product);
        let dropped = metrics.sum("weir_events_dropped_total", &product);
        assert_eq!(missing, held + dropped, "what is not at the vendor is held or dropped by a named rule");
        assert!(metrics.by("weir_events_dropped_total", "rule").keys().all(|rule| !rule.is_empty()));
        let (code, said) = self.weir.folder().verify_ledger(true);
        assert_eq!(code, Some(0), "{said}");
        metrics
    }
}

#[test]
fn acceptance_08_a_vendor_that_asks_to_come_back_loses_nothing() {
    let mut day = BadDay::start();
    day.standin.script([500, 502, 504, 408].map(Fault::status));
    day.standin.script([Fault::status_after(503, 1), Fault::status_after(429, 1)]);
    while day.standin.faults_left() > 0 {
        day.send(10);
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let metrics = day.account();
    assert_eq!(metrics.sum("weir_events_delivered_total", &[]), day.acknowledged.len() as u64);
}

#[test]
fn acceptance_08_a_vendor_that_hangs_up_or_is_somebody_else_loses_nothing() {
    let mut day = BadDay::start();
    let faults = [
        Fault::TooLargeAbove(3),
        Fault::CloseBeforeRead,
        Fault::CloseAfterRead,
        Fault::CloseAfterStore,
        Fault::Garbage,
    ];
    day.standin.script(faults);
    while day.standin.faults_left() > 0 {
        day.send(10);
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let metrics = day.account();
    assert_eq!(metrics.sum("weir_events_delivered_total", &[]), day.acknowledged.len() as u64);
    let repeated = day.standin.events().iter().filter(|e| e.copies > 1).count();
    assert!(repeated > 0, "what was stored before the socket closed came again, under the same insert id");
}

#[test]
fn acceptance_08_what_the_vendor_calls_invalid_is_held() {
    let mut day = BadDay::start();
    day.standin.always(Fault::status(400));
    day.send(3);
    day.weir.wait_until("the events are held", || {
        day.weir.metrics().sum("weir_events_quarantined", &[("destination", "product")]) == 3
    });
    day.standin.heal();
    day.send(4);
    let metrics = day.account();
    assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "product")]), 4);
    let folder = day.weir.kill();
    day.weir = folder.start();
    assert_eq!(day.account().sum("weir_events_quarantined", &[("destination", "product")]), 3, "held over a restart");
}

#[test]
fn acceptance_08_a_vendor_that_refuses_the_credentials_or_the_place_loses_nothing() {
    for fault in [Fault::status(401), Fault::status(403), Fault::status(404), Fault::Redirect] {
        let mut day = BadDay::start();
        day.standin.always(fault.clone());
        day.send(5);
        day.weir.wait_until("the vendor has refused", || !day.standin.requests().is_empty());
        let metrics = day.weir.metrics();
        let delivered = metrics.sum("weir_events_delivered_total", &[("destination", "product")]);
        assert_eq!(delivered, 0, "{fault:?} counts as delivered");
        day.standin.heal();
        // A restart tries at once; without one it may take its time.
        let folder = day.weir.kill();
        day.weir = folder.start();
        assert_eq!(day.account().sum("weir_events_delivered_total", &[("destination", "product")]), 5, "{fault:?}");
    }
}

#[test]
fn acceptance_08_a_refused_connection_loses_nothing() {
    let standin = Standin::of_weir();
    let port = standin.address().port();
    let url = standin.url();
    drop(standin);
    let weir = Weir::start(&Setup::mixpanel(&url));
    let mut random = Random::new(81);
    let events: Vec<Value> = (0..50).map(|n| load::event(n, &mut random)).collect();
    assert_eq!(load::send(weir.ingest(), &events).expect("weir answers"), 200);
    weir.wait_until("the events wait", || weir.metrics().sum("weir_events_waiting", &[]) == 50);
    let folder = weir.kill();
    let back = Standin::of_weir_at(port);
    let weir = folder.start();
    let metrics = weir.settle();
    assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "product")]), 50);
    assert_eq!(back.event_count(), 50);
}

#[test]
fn acceptance_09_what_was_dropped_is_shown_by_destination_rule_and_adds_up() {
    let standin = Standin::of_weir();
    let release = "{allow: [plan, n], rules: [{event: Seat Added, action: drop}]}";
    let mut setup = Setup::with_subject(&standin.url(), "stable", release);
    setup.sources.push_str("  lab: {protocol: mixpanel, write_keys: [labkey], environment: staging, mode: enforce}\n");
    setup.sources.push_str("  copy: {protocol: mixpanel, write_keys: [copykey], environment: production, mode: tap}\n");
    let weir = Weir::start(&setup);
    let named = |name: &str, n: u64, key: &str| {
        let mut event = event(n);
        event["event"] = json!(name);
        event["properties"]["token"] = json!(key);
        event
    };
    let send = |source: &str, events: Vec<Value>| {
        let request = wire::request(
            "POST",
            &format!("/in/{source}/track?verbose=1"),
            &[("Content-Type", "application/json")],
            Value::from(events).to_string().as_bytes(),
        );
        ok(&weir, &request)
    };
    send("web", (0..7).map(|n| named("Report Exported", n, WRITE_KEY)).collect());
    send("web", (7..10).map(|n| named("Seat Added", n, WRITE_KEY)).collect());
    // A repeat within the window, an unclean name, a profile with nothing that may leave.
    send("web", vec![named("Report Exported", 0, WRITE_KEY)]);
    send("web", vec![named("Invited ada.lovelace@example.com", 11, WRITE_KEY)]);
    let empty =
        json!([{"$token": WRITE_KEY, "$distinct_id": "user-4711", "$set": {"$email": "ada.lovelace@example.com"}}]);
    let headers = [("Content-Type", "application/json")];
    ok(&weir, &wire::request("POST", "/in/web/engage?verbose=1", &headers, empty.to_string().as_bytes()));
    send("lab", (20..24).map(|n| named("Report Exported", n, "labkey")).collect());
    send("copy", (30..32).map(|n| named("Report Exported", n, "copykey")).collect());
    let metrics = weir.settle();
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    let product = [("destination", "product")];
    assert_eq!(metrics.sum("weir_events_delivered_total", &product), 7);
    assert_eq!(standin.event_count(), 7);
    let dropped = |labels: &[(&str, &str)]| metrics.sum("weir_events_dropped_total", labels);
    assert_eq!(dropped(&[("destination", "product"), ("rule", "event")]), 3);
    assert_eq!(dropped(&[("destination", "product"), ("rule", "empty_profile")]), 1);
    assert_eq!(metrics.sum("weir_intake_dropped_total", &[("source", "web"), ("rule", "duplicate")]), 1);
    assert_eq!(metrics.sum("weir_intake_quarantined", &[("source", "web"), ("reason", "event_name_unclean")]), 1);
    assert_eq!(dropped(&[("destination", ""), ("rule", "no_destination")]), 4, "staging has nowhere to go");
    let text = metrics.text();
    assert_absent(&privacy::captured(), text.as_bytes(), "the metrics");
}

#[test]
fn acceptance_19_the_same_value_is_treated_alike_wherever_it_is_planted() {
    let standin = Standin::of_weir();
    let allow = "[n, plain, 'nested.deep.value', list, number, 'by.*', link, encoded, escaped]";
    let mut setup = Setup::with_subject(&standin.url(), "stable", &format!("{{allow: {allow}}}"));
    setup
        .sources
        .push_str("  app: {protocol: mixpanel, write_keys: [appkey], environment: production, mode: observe}\n");
    let weir = Weir::start(&setup);
    let planted = ["grace.hopper@example.org", "+44 20 7946 0958", "4242 4242 4242 4242"];
    let at_every_place = |value: &str, n: u64, key: &str| {
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        let mut event = event(n);
        event["properties"]["token"] = json!(key);
        for (name, planted) in [
            ("plain", json!(value)),
            ("nested", json!({"deep": {"value": value}})),
            ("list", json!([value, "second"])),
            ("by", json!({value: 1})),
            ("link", json!(format!("https://app.example.com/a?x={}", encoding::percent(value.as_bytes())))),
            ("encoded", json!(encoding::base64(value.as_bytes()))),
            ("escaped", json!(encoding::percent(value.as_bytes()))),
            (value, json!("as a key")),
        ] {
            event["properties"][name] = planted;
        }
        if let (16, Ok(number)) = (digits.len(), digits.parse::<u64>()) {
            event["properties"]["number"] = json!(number);
        }
        event
    };
    let mut n = 100;
    for (source, key) in [("web", WRITE_KEY), ("app", "appkey")] {
        for value in planted.iter().chain(&["harmless"]) {
            n += 1;
            let body = at_every_place(value, n, key).to_string();
            let headers = [("Content-Type", "application/json")];
            ok(&weir, &wire::request("POST", &format!("/in/{source}/track?verbose=1"), &headers, body.as_bytes()));
        }
    }
    weir.settle();
    let arrived: BTreeMap<u64, BTreeSet<String>> = standin
        .events()
        .iter()
        .filter_map(|e| Some((e.number()?, e.properties().keys().cloned().collect::<BTreeSet<_>>())))
        .collect();
    assert_eq!(arrived.len(), 8, "an event with something planted still leaves, without it");
    // The test sees something: the harmless value passes at the same places.
    for control in [104, 108] {
        for place in ["plain", "nested", "list", "encoded"] {
            assert!(
                arrived[&control].contains(place),
                "{place} of the harmless event was withheld: {:?}",
                arrived[&control]
            );
        }
    }
    let mut needles: Vec<Needle> = planted.into_iter().map(Needle::new).collect();
    needles.extend(["4242424242424242", "442079460958", "2079460958"].map(Needle::new));
    assert_nowhere(&needles, &standin, &weir);
}
