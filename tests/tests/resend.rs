//! `weir resend` on a running Weir: events of a time once more from the journal, as the vendor sees it and as the books have it.

use std::collections::BTreeMap;
use std::process::Output;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::standin::Standin;
use weir_tests::wire;

fn send(weir: &Weir, path: &str, items: &Value) {
    let body = serde_json::to_vec(items).expect("JSON of our own");
    let answer = wire::post(weir.ingest(), path, "application/json", &body).expect("weir answers");
    assert_eq!(answer.status, 200);
}

fn events(weir: &Weir, name: &str, numbers: std::ops::Range<u64>) {
    let event = |n: u64| {
        json!({"event": name, "properties": {
            "token": WRITE_KEY, "distinct_id": format!("user-{}", n % 7), "$insert_id": format!("{n:032x}"), "n": n,
            "time": SystemClock.now().0 as f64 / 1000.0, "plan": "pro", "format": "csv",
        }})
    };
    send(weir, "/in/web/track", &numbers.map(event).collect());
}

fn resend(folder: &Folder, more: &[&str]) -> (Option<i32>, Value) {
    let data = folder.data().display().to_string();
    let fixed = ["resend", "--json", "--data", &data, "--event", "Report Exported", "--window", "1h..now"];
    let Output { status, stdout, .. } = folder.run(&[&fixed[..], more].concat(), &[]);
    (status.code(), serde_json::from_slice(&stdout).expect("an answer as JSON"))
}

fn count(report: &Value, list: &str, what: &str) -> u64 {
    let pairs = report["destinations"][0][list].as_array().expect("counts");
    pairs.iter().find(|pair| pair[0] == what).map_or(0, |pair| pair[1].as_u64().expect("a count"))
}

/// What the vendor tells copies by: of each event its insert id, time and person.
fn keys(standin: &Standin) -> BTreeMap<u64, String> {
    let key = |e: &weir_tests::standin::record::StoredEvent| {
        let told = ["$insert_id", "time", "distinct_id"].map(|p| e.text(p).unwrap_or_default());
        (e.number().unwrap_or_default(), told.join(" "))
    };
    standin.events().iter().map(key).collect()
}

#[test]
fn d5_a_resend_repairs_at_the_vendor_under_the_same_ids_and_a_dry_run_changes_nothing() {
    let standin = Standin::of_weir();
    let full = Setup::mixpanel(&standin.url());
    let weir = Weir::start(&full);
    let folder = weir.folder();
    events(&weir, "Report Exported", 0..40);
    events(&weir, "Page Viewed", 40..50);
    weir.settle();
    let (first, metrics) = (keys(&standin), weir.metrics());
    let entries = metrics.sum("weir_ledger_entries_total", &[]);

    let (code, report) = resend(folder, &[]);
    assert_eq!((code, report["go"].as_bool()), (Some(0), Some(false)), "{report}");
    assert_eq!((count(&report, "before", "delivered"), count(&report, "sends", "replaces")), (40, 40));
    assert_eq!(weir.metrics().sum("weir_ledger_entries_total", &[]), entries, "a dry run leaves no entry");
    assert_eq!(standin.events().iter().map(|e| e.copies).sum::<u32>(), 50);

    // A policy that was too wide: today's lets less leave.
    folder.configure(&Setup::with_subject(&standin.url(), "{rotating: 7d}", "{allow: [format, n]}"));
    let data = folder.data().display().to_string();
    assert!(folder.run(&["reload", "--data", &data], &[]).status.success());
    let requests = standin.requests().len();
    let (code, report) = resend(folder, &["--go", "--destination", "product"]);
    assert_eq!((code, count(&report, "results", "delivered")), (Some(0), 40), "{report}");
    assert_eq!(keys(&standin), first, "the same insert ids, times and people");
    let copies: BTreeMap<&str, u32> = BTreeMap::from([("Report Exported", 2), ("Page Viewed", 1)]);
    assert!(standin.events().iter().all(|e| e.copies == copies[e.name()]));
    let sent: Vec<Value> = standin.requests()[requests..]
        .iter()
        .flat_map(|r| serde_json::from_slice::<Vec<Value>>(&r.opened).expect("a list of events"))
        .collect();
    assert!(sent.len() == 40 && sent.iter().all(|e| e["properties"].get("plan").is_none()));
    assert_eq!(standin.violations().len(), 0);

    // D11: in no sum; on record; known to the next one, also after a restart.
    let after = weir.settle();
    assert_eq!(after.sum("weir_events_delivered_total", &[]), 50);
    assert!(after.sum("weir_ledger_entries_total", &[]) > entries);
    let folder = weir.kill();
    let weir = folder.start();
    assert_eq!(weir.settle().sum("weir_events_delivered_total", &[]), 50);
    let (_, report) = resend(&folder, &["--skip-resent"]);
    assert_eq!(
        (count(&report, "before", "sent once more"), count(&report, "stays", "sent once more before")),
        (40, 40)
    );
    drop(weir);
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn what_would_count_twice_is_not_sent_and_one_resend_runs_at_a_time() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    let folder = weir.folder();
    let data = folder.data().display().to_string();
    let run = |arguments: &[&str]| {
        let output = folder.run(&[arguments, &["--data", &data]].concat(), &[]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    };
    let update = |operation: &str, value: Value| json!({"$token": WRITE_KEY, "$distinct_id": "u1", operation: value});
    let updates = json!([update("$add", json!({"seats": 1})), update("$set", json!({"plan": "pro"}))]);
    folder.configure(&Setup::with_subject(&standin.url(), "stable", "{allow: [plan, profile.plan, profile.seats, n]}"));
    assert_eq!(run(&["reload"]).0, Some(0));
    send(&weir, "/in/web/engage", &updates);
    events(&weir, "Report Exported", 0..300);
    weir.settle();
    let profiles = standin.profiles().len();

    let (_, said) = run(&["resend", "--event", "$profile", "--window", "1h..now", "--go"]);
    assert!(said.contains("not repairable 1"), "{said}");
    let sets = standin.profiles()[profiles..].iter().filter(|p| p.operation == "$set").count();
    assert_eq!(standin.profiles().len() - profiles, sets, "an `$add` is never sent twice");

    // Slow enough to be seen: one runs, the next is refused, and it can be ended.
    let slow = ["resend", "--event", "Report Exported", "--window", "1h..now", "--go", "--rate", "1"];
    std::thread::scope(|scope| {
        let running = scope.spawn(|| run(&slow));
        weir.wait_until("it is under way", || run(&["resend", "--status"]).1.contains("under way"));
        let (code, said) = run(&slow);
        assert!(code == Some(1) && said.contains("another resend"), "{said}");
        assert_eq!(run(&["resend", "--cancel"]).0, Some(0));
        let (_, said) = running.join().expect("the command ends");
        assert!(!said.contains("under way"), "{said}");
    });
    assert_eq!(run(&["resend", "--event", "x", "--window", "now..1h"]).0, Some(2));
    assert_eq!(run(&["resend", "--event", "x", "--window", "1h..now", "--destination", "other"]).0, Some(1));
    assert_eq!(weir.settle().sum("weir_events_delivered_total", &[]), 302);
}
