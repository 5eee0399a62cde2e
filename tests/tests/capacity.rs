//! `weir doctor --capacity` against what then happens: small budgets, a vendor that is away, events at a steady rate until the
//! journal takes no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use weir_tests::harness::{Folder, PATIENCE, Setup};
use weir_tests::load;
use weir_tests::random::Random;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;

fn capacity(folder: &Folder) -> (Option<i32>, Value, String) {
    let (data, keys) = (folder.data().display().to_string(), folder.keys().display().to_string());
    let config = folder.config().display().to_string();
    let all = ["doctor", "--capacity", "--json", "--data", &data, "--keys", &keys, "--config", &config];
    let output = folder.run(&all, &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let json = serde_json::from_str(&said).unwrap_or_default();
    (output.status.code(), json, said + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_predicted_time_until_intake_stops_is_what_happens() {
    let standin = Standin::of_weir();
    standin.always(Fault::CloseBeforeRead);
    let mut setup = Setup::mixpanel(&standin.url());
    setup.destinations = setup.destinations.replace("product: {", "product: {lag: {max: 72h, on_lag: hold}, ");
    setup.more = "journal: {segment: 1MiB, budget: 12MiB}\ndisk: {reserve: 8MiB}\n".to_owned();
    let folder = Folder::new(&setup);
    let weir = folder.start();
    let numbers = Arc::new(AtomicU64::new(0));
    // At a steady pace, whatever the machine does meanwhile: what is due is sent, no more.
    let begun = Instant::now();
    let per_second = 260.0;
    let mut stopped = None;
    let mut said = None;
    while stopped.is_none() {
        assert!(begun.elapsed() < 3 * PATIENCE, "it never filled up:\n{}", weir.output());
        let due = (begun.elapsed().as_secs_f64() * per_second) as u64;
        let from = numbers.load(Ordering::Relaxed);
        if due >= from + 20 {
            let events: Vec<_> = (from..from + 20).map(large).collect();
            match load::send(weir.ingest(), &events).expect("weir answers") {
                200 => drop(numbers.fetch_add(20, Ordering::Relaxed)),
                503 => stopped = Some(begun.elapsed().as_secs_f64()),
                other => panic!("answered {other}"),
            }
        } else {
            std::thread::sleep(Duration::from_millis(5));
        }
        // After a third of it, beside the running gateway.
        if said.is_none() && weir.metrics().sum("weir_journal_bytes", &[]) > 6 << 20 {
            let (code, json, text) = capacity(&folder);
            assert_eq!(code, Some(1), "it is full within a day: {text}");
            said = Some((begun.elapsed().as_secs_f64(), json));
        }
    }
    let (at, json) = said.expect("it was asked");
    let is = stopped.expect("intake stopped");
    let destination = &json["destinations"][0];
    let left = destination["intake_stops"]["seconds"].as_f64().unwrap_or_else(|| panic!("{json}"));
    println!("asked after {at:.1} s: said full in {left:.1} s; was full in {:.1} s\n{json}", is - at);
    assert_eq!(destination["expire"], Value::Null, "on_lag: hold");
    let off = (left - (is - at)).abs() / is;
    assert!(off < 0.2, "off by {off:.2}: {json}");
    assert!(destination["alert"]["seconds"].as_f64().is_some_and(|alert| alert <= at + left), "{json}");
    let binds = destination["intake_stops"]["by"].as_str();
    assert!(matches!(binds, Some("journal.replay_window" | "journal.budget")), "{json}");

    // The same where no process runs, and as text.
    drop(weir.kill());
    let (_, json, _) = capacity(&folder);
    assert!(json["measured"]["events_per_second"].as_f64().is_some_and(|n| n > 10.0), "{json}");
    let (data, keys) = (folder.data().display().to_string(), folder.keys().display().to_string());
    let config = folder.config().display().to_string();
    let text = folder.run(&["doctor", "--capacity", "--data", &data, "--keys", &keys, "--config", &config], &[]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("product: an outage of") && text.contains("intake stops"), "{text}");
}

/// An event of about a kilobyte.
fn large(n: u64) -> Value {
    let mut event = load::event(n, &mut Random::new(n));
    event["properties"]["plan"] = "p".repeat(600).into();
    event
}
