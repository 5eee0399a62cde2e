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

/// A number of the Netherlands' citizens: nine digits whose weighted sum eleven divides.
fn bsn(random: &mut Random) -> String {
    loop {
        let digits = format!("{:09}", 100_000_000 + random.below(900_000_000));
        let weighted =
            digits.bytes().zip([9, 8, 7, 6, 5, 4, 3, 2, -1]).map(|(d, w)| i64::from(d - b'0') * w).sum::<i64>();
        if weighted % 11 == 0 {
            return digits;
        }
    }
}

#[test]
fn bare_national_ids_under_a_key_that_says_nothing_stay_once_enough_were_seen_and_other_numbers_leave() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "stable", "{allow: [dimension, other, ticket]}"));
    let mut random = Random::new(6);
    let arrived = |key: &str, value: &str| {
        weir.settle();
        standin.events().iter().any(|e| e.properties().get(key).is_some_and(|v| v == value))
    };
    let event =
        |random: &mut Random| json!({"dimension": bsn(random), "other": format!("{:09}", random.below(1_000_000_000))});
    send(&weir, "joined", (0..29).map(|_| event(&mut random)));
    assert_eq!(property(&weir, "joined", "dimension")["verdict"], json!([]), "too few");
    send(&weir, "joined", (0..35).map(|_| event(&mut random)));
    let learned = property(&weir, "joined", "dimension");
    let kind = learned["verdict"][0].as_str().unwrap_or_default();
    assert!(kind.starts_with("numbers:"), "{learned}");
    assert_eq!(property(&weir, "joined", "other")["verdict"], json!([]), "one in some passes the sum of some country");

    let (id, other) = (bsn(&mut random), "123456780");
    send(&weir, "joined", [json!({"dimension": id, "other": other})].into_iter());
    assert!(arrived("other", other) && !arrived("dimension", &id), "by what was learned it is an id");
    let known = json_of(weir.folder(), &["detect", "explain", "joined", "dimension"]);
    let found = &known["properties"][0]["findings"][0];
    assert_eq!(found["category"], "user.government_id.national_identification_number", "{known}");
    assert_eq!(found["likelihood"], "likely", "{known}");

    // The other way round: tickets whose numbers are written as an id is, and pass a sum by chance.
    let ticket = |random: &mut Random| {
        let n = random.below(1_000_000_000);
        format!("{:03}-{:03}-{:03}", n / 1_000_000, n / 1_000 % 1_000, n % 1_000)
    };
    // Passes the sum of Canada's number.
    let like_an_id = "130-692-544";
    send(&weir, "printed", [json!({"ticket": like_an_id})].into_iter());
    assert!(!arrived("ticket", like_an_id), "cold: the strict side");
    // Of a name only the first of an hour are all looked at.
    for n in 0..10 {
        send(
            &weir,
            &format!("printed {}", ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][n]),
            (0..40).map(|_| json!({"ticket": ticket(&mut random)})),
        );
    }
    assert_eq!(property(&weir, "printed a", "ticket")["verdict"], json!(["numbers_by_chance"]));
    send(&weir, "printed", [json!({"ticket": like_an_id})].into_iter());
    assert!(arrived("ticket", like_an_id));

    // What was learned survives a restart.
    let folder = weir.kill();
    let weir = folder.start();
    let again = bsn(&mut random);
    send(&weir, "joined", [json!({"dimension": again, "other": "123456781"})].into_iter());
    weir.settle();
    let events = standin.events();
    let arrived = |key: &str, value: &str| events.iter().any(|e| e.properties().get(key).is_some_and(|v| v == value));
    assert!(arrived("other", "123456781") && !arrived("dimension", &again));
}

#[test]
fn a_property_of_words_that_holds_text_now_is_named_and_is_an_alert() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "stable", "{allow: [plan]}"));
    // All of the first 64 of a name in an hour are looked at, then one in 16.
    send(&weir, "chosen", (0..64 + 16 * 64 * 5).map(|_| json!({"plan": "pro"})));
    send(&weir, "chosen", (0..16 * 64).map(|_| json!({"plan": "Add to cart"})));
    let changed = property(&weir, "chosen", "plan")["changed"].clone();
    assert_eq!((&changed["from"], &changed["to"]), (&json!("words"), &json!("phrases")), "{changed}");
    let status = json_of(weir.folder(), &["status", "--events"]);
    assert_eq!(status["events"][0]["changed_forms"], json!([["plan", "words", "phrases"]]), "{status}");
    weir.wait_until("there is an alert", || json_of(weir.folder(), &["alerts"]).to_string().contains("changed_form"));
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
