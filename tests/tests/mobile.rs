//! Apps: batches that a phone kept while it was offline, and the share of their versions in the metrics. The bodies are those of
//! `fixtures/<vendor>/mobile-from-source` in form: written from the SDKs' source, not captured.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use weir_event::{Clock, Millis, SystemClock};
use weir_tests::encoding;
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::standin::Standin;
use weir_tests::wire;

const SEGMENT_KEY: &str = "seg_write_key_ios";
const HOUR: i64 = 3_600_000;

/// An Android source of Mixpanel and an iOS source of Segment, in front of Mixpanel without its import and of Amplitude.
fn setup(mixpanel: &Standin, amplitude: &Standin) -> Setup {
    let sources = format!(
        "  android: {{protocol: mixpanel, write_keys: [{WRITE_KEY}], environment: production, mode: enforce}}\n  \
         ios: {{protocol: segment, write_keys: [{SEGMENT_KEY}], environment: production, mode: enforce}}\n"
    );
    let destination = |id: &str, vendor: &str, standin: &Standin| {
        format!(
            "  {id}: {{type: {vendor}, subject: stable, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], \
             token: {{env: PRODUCT_TOKEN}}, release: {{allow: [n]}}}}\n",
            standin.url()
        )
    };
    let destinations = destination("product", "mixpanel", mixpanel) + &destination("second", "amplitude", amplitude);
    Setup { sources, destinations, ..Setup::mixpanel(&mixpanel.url()) }
}

/// What mixpanel-android sends: a form with base64, no insert ids, no time of sending.
fn android(weir: &Weir, version: &str, events: &[(u64, Millis)]) {
    let event = |(n, time): &(u64, Millis)| {
        json!({"event": "Cart Opened", "properties": {
            "mp_lib": "android", "$lib_version": "8.3.0", "$os": "Android", "$app_version": version,
            "$app_version_string": version, "token": WRITE_KEY, "time": time.0, "distinct_id": "user-4711",
            "$device_id": "0b9c8d7e-6f5a-4b3c-9d2e-1f0a9b8c7d6e", "$user_id": "user-4711", "n": n,
        }})
    };
    let list = Value::from(events.iter().map(event).collect::<Vec<_>>()).to_string();
    let body = format!("data={}", encoding::percent(encoding::base64(list.as_bytes()).as_bytes()));
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let answer = wire::post(weir.ingest(), "/in/android/track/?ip=1", form, body.as_bytes()).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// What analytics-swift sends, by a clock that is wrong by `off`: the key in the body alone, one `sentAt` behind the messages.
fn ios(weir: &Weir, version: &str, off: i64, events: &[(u64, Millis)]) {
    let event = |(n, time): &(u64, Millis)| {
        json!({"type": "track", "event": "Cart Opened", "messageId": format!("3F2E0A5C-0000-4000-8000-{n:012X}"),
            "anonymousId": "5A1E2C34-7B8D-4F90-A123-4567890ABCDE", "userId": "user-4711",
            "timestamp": time.plus(off).to_rfc3339(), "properties": {"n": n}, "integrations": {},
            "context": {"app": {"name": "Shop", "version": version, "build": "412"}, "os": {"name": "iOS", "version": "17.4.1"}},
        })
    };
    let list: Vec<String> = events.iter().map(|e| event(e).to_string()).collect();
    let sent = SystemClock.now().plus(off).to_rfc3339();
    let body =
        format!("{{ \"batch\": [\n{}\n],\"sentAt\":\"{sent}\",\"writeKey\":\"{SEGMENT_KEY}\"}}\n", list.join("\n,"));
    let answer = wire::post(weir.ingest(), "/in/ios/v1/b", "application/json; charset=utf-8", body.as_bytes())
        .expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Number and time in milliseconds of what a vendor has.
fn times(standin: &Standin) -> BTreeMap<u64, i64> {
    let of = |event: &weir_tests::standin::record::StoredEvent| {
        let time = event
            .properties()
            .get("time")
            .or_else(|| event.event.get("time"))
            .expect("a time")
            .as_f64()
            .expect("a number");
        // Mixpanel's API takes seconds and milliseconds.
        let millis = if time < 1e11 { time * 1e3 } else { time };
        Some((event.number()?, millis.round() as i64))
    };
    standin.events().iter().filter_map(of).collect()
}

#[test]
fn d4_a_late_offline_batch_keeps_its_times_and_what_a_vendor_does_not_take_is_dropped_as_too_old() {
    let (mixpanel, amplitude) = (Standin::of_weir(), Standin::of_weir());
    let weir = Weir::start(&setup(&mixpanel, &amplitude));
    let before = SystemClock.now();
    let ago = |days: i64| before.plus(-days * Millis::DAY);
    let said = [(1, ago(3)), (2, ago(3).plus(60_000)), (3, ago(12)), (4, ago(0))];
    android(&weir, "4.11.2", &said);
    // Before 1971 is no time of an event: a clock that began at zero.
    let of_ios = [(11, ago(3)), (12, ago(3).plus(60_000)), (13, ago(12)), (14, Millis(40 * Millis::DAY))];
    ios(&weir, "4.12.0", HOUR, &of_ios);
    let after = SystemClock.now();
    let metrics = weir.settle();
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    let keys = |standin: &Standin| times(standin).into_keys().collect::<BTreeSet<u64>>();
    assert_eq!(
        keys(&mixpanel),
        BTreeSet::from([1, 2, 4, 11, 12]),
        "five days is what Mixpanel takes without its import"
    );
    assert_eq!(keys(&amplitude), BTreeSet::from([1, 2, 3, 4, 11, 12, 13]));
    let too_old =
        |destination| metrics.sum("weir_events_dropped_total", &[("destination", destination), ("rule", "too_old")]);
    assert_eq!((too_old("product"), too_old("second")), (3, 1));
    for destination in ["product", "second"] {
        assert_eq!(metrics.sum("weir_events_offered_total", &[("destination", destination)]), 8);
        assert_eq!(metrics.sum("weir_events_waiting", &[("destination", destination)]), 0);
    }
    for standin in [&mixpanel, &amplitude] {
        assert_eq!(standin.violations(), [], "the vendor had something to refuse");
        assert_eq!(standin.silently_lost(), 0);
        let at = times(standin);
        for (n, time) in said.iter().filter(|(n, _)| at.contains_key(n)) {
            // Mixpanel's time is in seconds.
            assert!((at[n] - time.0).abs() <= 1_000, "{n}: {} for {}", at[n], time.0);
        }
        for (n, time) in of_ios.iter().filter(|(n, _)| at.contains_key(n)) {
            // By our clock: the phone's was an hour ahead, as it said itself.
            let late = at[n] - time.0;
            assert!((-1_000..=after.since(before) + 1_000).contains(&late), "{n} is {late} ms off");
        }
    }
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn the_versions_of_an_app_are_a_share_in_the_metrics_and_no_value_is_a_label() {
    let (mixpanel, amplitude) = (Standin::of_weir(), Standin::of_weir());
    let weir = Weir::start(&setup(&mixpanel, &amplitude));
    let now = SystemClock.now();
    for (n, version) in ["4.11.2", "4.11.2", "4.12.0-2", "ada.lovelace@example.com", "203.0.113.42"].iter().enumerate()
    {
        android(&weir, version, &[(n as u64, now)]);
    }
    ios(&weir, "4.12.0", 0, &[(11, now), (12, now)]);
    let metrics = weir.settle();
    let name = "weir_source_app_version_requests_total";
    let lines: Vec<&str> = metrics.text().lines().filter(|line| line.starts_with(name)).collect();
    assert_eq!(
        lines,
        [
            format!("{name}{{source=\"android\",version=\"4.11.2\"}} 2"),
            format!("{name}{{source=\"android\",version=\"4.12.0-2\"}} 1"),
            format!("{name}{{source=\"android\",version=\"other\"}} 2"),
            format!("{name}{{source=\"ios\",version=\"4.12.0\"}} 1"),
        ]
    );
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
}
