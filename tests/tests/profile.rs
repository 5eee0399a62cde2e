//! What detection learns from many values of a property, end to end: from requests by way of the catalog to what leaves.

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::random::Random;
use weir_tests::standin::Standin;
use weir_tests::wire;

fn json_of(folder: &Folder, arguments: &[&str]) -> Value {
    let (data, config, keys) = (folder.data().display().to_string(), folder.config(), folder.keys());
    let (config, keys) = (config.display().to_string(), keys.display().to_string());
    let all = [arguments, &["--json", "--data", &data, "--config", &config, "--keys", &keys]].concat();
    let output = folder.run(&all, &[]);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&output.stderr)))
}

fn send(weir: &Weir, event: &str, properties: impl Iterator<Item = Value>) {
    let events: Vec<Value> = properties
        .map(|mut properties| {
            properties["token"] = json!(WRITE_KEY);
            properties["distinct_id"] = json!("u1");
            properties["time"] = json!(SystemClock.now().0 as f64 / 1000.0);
            json!({"event": event, "properties": properties})
        })
        .collect();
    for batch in events.chunks(50) {
        let body = serde_json::to_vec(batch).expect("JSON of our own");
        let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers");
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn luhn(digits: &str) -> u32 {
    let doubled = |(i, d): (usize, u32)| if i % 2 == 1 { 2 * d / 10 + 2 * d % 10 } else { d };
    digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().map(doubled).sum::<u32>() % 10
}

/// 16 digits that begin like a card's: any, or such that the sum is right.
fn number(random: &mut Random, passes: Option<bool>) -> String {
    loop {
        let digits = format!("4{:015}", random.below(1_000_000_000_000_000));
        if passes.is_none_or(|passes| passes == (luhn(&digits) == 0)) {
            return digits;
        }
    }
}

/// The catalog of a running Weir, which by being asked for has everything that was sent and has learned from it.
fn property(weir: &Weir, event: &str, path: &str) -> Value {
    weir.settle();
    let shown = json_of(weir.folder(), &["catalog", "show", event]);
    let all = shown["events"][0]["properties"].as_array().unwrap_or_else(|| panic!("{shown}")).clone();
    all.into_iter().find(|p| p["path"] == path).unwrap_or_else(|| panic!("{path} is listed in {shown}"))
}

#[test]
fn numbers_that_pass_a_cards_sum_by_chance_leave_once_enough_were_seen_and_cards_never_do() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "stable", "{allow: [reference_no, order_id]}"));
    let mut random = Random::new(5);
    let passing = number(&mut random, Some(true));
    let arrived = |key: &str, value: &str| {
        weir.settle();
        standin.events().iter().any(|e| e.properties().get(key).is_some_and(|v| v == value))
    };
    // Cold: on the strict side.
    send(&weir, "ordered", [json!({"reference_no": passing})].into_iter());
    assert!(!arrived("reference_no", &passing), "one number says nothing of a property");

    // Order numbers under one key, cards under a key that promises order numbers.
    let order_numbers: Vec<String> = (0..400).map(|_| number(&mut random, None)).collect();
    send(&weir, "ordered", order_numbers.iter().map(|n| json!({"reference_no": n})));
    send(&weir, "paid", (0..60).map(|_| json!({"order_id": number(&mut random, Some(true))})));
    let learned = property(&weir, "ordered", "reference_no");
    let (tested, passed) = (learned["findings"][0]["tested"].as_u64(), learned["findings"][0]["passed"].as_u64());
    assert!(tested == Some(401) && passed.is_some_and(|n| (15..=75).contains(&n)), "{learned}");
    assert_eq!(learned["verdict"], json!(["cards_by_chance"]), "{learned}");
    assert_eq!(property(&weir, "paid", "order_id")["verdict"], json!(["cards"]));

    let fresh = number(&mut random, Some(true));
    send(&weir, "ordered", [json!({"reference_no": fresh})].into_iter());
    assert!(arrived("reference_no", &fresh), "by what was learned it is no card");
    let grouped: String = format!("{} {} {} {}", &passing[..4], &passing[4..8], &passing[8..12], &passing[12..]);
    send(&weir, "ordered", [json!({"reference_no": grouped})].into_iter());
    assert!(!arrived("reference_no", &grouped), "what is grouped as a card is one, whatever was learned");
    let card = number(&mut random, Some(true));
    send(&weir, "paid", [json!({"order_id": card})].into_iter());
    assert!(!arrived("order_id", &card));

    // A restart learns it again from what is stored, and goes on.
    let folder = weir.kill();
    let weir = folder.start();
    let again = number(&mut random, Some(true));
    send(&weir, "ordered", [json!({"reference_no": again})].into_iter());
    weir.settle();
    assert!(standin.events().iter().any(|e| e.properties().get("reference_no").is_some_and(|v| v == again.as_str())));

    // The property takes cards now: the strict side is back before long.
    send(&weir, "ordered", (0..80).map(|_| json!({"reference_no": number(&mut random, Some(true))})));
    assert_eq!(property(&weir, "ordered", "reference_no")["verdict"], json!([]), "a mixture is decided by nobody");
    let card = number(&mut random, Some(true));
    send(&weir, "ordered", [json!({"reference_no": card})].into_iter());
    weir.settle();
    assert!(!standin.events().iter().any(|e| e.properties().get("reference_no").is_some_and(|v| v == card.as_str())));
}

#[test]
fn four_numbers_of_a_property_of_versions_are_no_addresses() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "stable", "{allow: [installed]}"));
    let version =
        |n: usize| if n.is_multiple_of(3) { format!("12.40.{n}.7") } else { format!("120.0.{}.{n}", 6_000 + n) };
    send(&weir, "started", (1..90).map(|n| json!({"installed": version(n)})));
    assert_eq!(property(&weir, "started", "installed")["verdict"], json!(["versions"]));
    send(&weir, "started", [json!({"installed": "12.40.91.8"})].into_iter());
    weir.settle();
    assert!(
        standin.events().iter().any(|e| e.properties().get("installed").is_some_and(|v| v == "12.40.91.8")),
        "not cut to a network"
    );
}
