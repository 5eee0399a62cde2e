//! Changes of what a destination may have, on their way into force: to the end, taken back by a guard, across a restart, by hand.
//! After each the sums of D11 hold and the ledger verifies.

use std::sync::Arc;

use serde_json::{Value, json};
use weir::rollout::file;
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::standin::Standin;
use weir_tests::standin::record::StoredEvent;
use weir_tests::wire;

const ALL: &str = "{allow: [plan, format, n]}";
const NO_PLAN: &str = "{allow: [format, n]}";
const NO_SEATS: &str = "{allow: [plan, format, n], rules: [{event: Seat Added, action: drop}]}";
/// Two steps of two seconds; guards as they are by default.
const QUICK: &str = "rollout: {steps: [50%, 100%], step_time: 2s}\n";
/// Steps that outlast any test, and guards that never mind.
const SLOW: &str = "rollout: {steps: [50%, 100%], step_time: 1h, guards: {volume: 100%, fill: 100%, dropped: 100%, quarantined: 100%}}\n";

fn setup(standin: &Standin, release: &str, rollout: &str) -> Setup {
    Setup::with_subject(&standin.url(), "{rotating: 7d}", release).and(rollout)
}

/// Events of a name with these numbers, from forty people.
fn send(weir: &Weir, name: &str, numbers: std::ops::Range<u64>) {
    let event = |n: u64| {
        json!({"event": name, "properties": {
            "token": WRITE_KEY, "distinct_id": format!("user-{}", n % 40), "$insert_id": format!("{n:032x}"), "n": n,
            "time": SystemClock.now().0 as f64 / 1000.0, "plan": "pro", "format": "csv",
        }})
    };
    let body = serde_json::to_vec(&numbers.map(event).collect::<Vec<_>>()).expect("JSON of our own");
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers");
    assert_eq!(answer.status, 200);
}

fn run(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let data = folder.data().display().to_string();
    let output = folder.run(&[arguments, &["--data", &data]].concat(), &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

fn status(folder: &Folder) -> Value {
    let (_, said) = run(folder, &["rollout", "status", "--json"]);
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("an answer as JSON: {said}"))
}

fn wait_for(weir: &Weir, state: &str) -> Value {
    weir.wait_until(state, || status(weir.folder())["state"] == state);
    status(weir.folder())
}

/// Nothing waits, is unknown or is kept for a rollout; the sums hold.
fn settle(weir: &Weir) -> weir_tests::metrics::Metrics {
    weir.wait_until("nothing is kept", || weir.metrics().sum("weir_events_quarantined", &[]) == 0);
    weir.settle()
}

fn end(weir: Weir) {
    let (code, said) = weir.folder().clone().verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
    drop(weir);
}

/// Another release has other detectors, and so another generation of the same configuration.
fn as_another_release_wrote_it(folder: &Folder) {
    let data = folder.data();
    let kept = file::read(data).expect("it can be read").expect("there is one");
    file::write(data, &file::Kept { new: "00ff00ff00ff00ff".to_owned(), ..kept }).expect("it can be written");
}

fn with_plan(events: &[StoredEvent]) -> usize {
    events.iter().filter(|e| e.properties().contains_key("plan")).count()
}

#[test]
fn a_change_that_hurts_nobody_comes_into_force_step_by_step() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin, NO_PLAN, QUICK));
    let folder = Arc::clone(weir.folder());
    send(&weir, "Report Exported", 0..200);
    settle(&weir);
    assert_eq!(with_plan(&standin.events()), 0);

    // What leaves more takes nothing back, and is shown before it leaves.
    folder.configure(&setup(&standin, ALL, QUICK));
    let entries = weir.metrics().sum("weir_ledger_entries_total", &[]);
    let (code, said) = run(&folder, &["rollout", "preview"]);
    assert!(code == Some(0) && said.contains("plan leaves now") && said.contains("200"), "{said}");
    assert_eq!(weir.metrics().sum("weir_ledger_entries_total", &[]), entries);
    assert_eq!(status(&folder)["state"], "none");
    let (code, said) = run(&folder, &["reload"]);
    assert!(code == Some(0) && said.contains("in steps"), "{said}");
    assert_eq!(status(&folder)["state"], "running");
    send(&weir, "Report Exported", 200..400);
    weir.settle();
    let now = with_plan(&standin.events());
    assert!(now > 50 && now < 200 || status(&folder)["step"] != 0, "{now} of 200");
    // Another change has to wait for this one.
    folder.configure(&setup(&standin, NO_SEATS, QUICK));
    let (code, said) = run(&folder, &["reload"]);
    assert!(code == Some(1) && said.contains("rollout is under way"), "{said}");
    folder.configure(&setup(&standin, ALL, QUICK));

    wait_for(&weir, "finished");
    send(&weir, "Report Exported", 400..500);
    let metrics = settle(&weir);
    assert_eq!(with_plan(&standin.events()) - now, 100, "everybody has it");
    assert_eq!(metrics.sum("weir_events_delivered_total", &[]), 500);
    let weir = weir.kill().start();
    assert_eq!(status(&folder)["state"], "none");
    end(weir);
}

#[test]
fn a_rule_that_empties_a_property_is_refused_and_where_it_is_forced_a_guard_takes_it_back_for_good() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin, ALL, QUICK));
    let folder = Arc::clone(weir.folder());
    send(&weir, "Report Exported", 0..200);
    settle(&weir);
    folder.configure(&setup(&standin, NO_PLAN, QUICK));
    let file = folder.config().display().to_string();
    let (code, said) = run(&folder, &["rollout", "preview", "--change", &file]);
    assert!(code == Some(1) && said.contains("plan is withheld now"), "{said}");
    let (code, said) = run(&folder, &["reload"]);
    assert!(code == Some(1) && said.contains("guard fill: 100% at product · Report Exported · plan"), "{said}");
    send(&weir, "Report Exported", 200..220);
    settle(&weir);
    assert_eq!(with_plan(&standin.events()), 220, "refused: nothing changed");

    assert_eq!(run(&folder, &["reload", "--force"]).0, Some(0));
    send(&weir, "Report Exported", 220..420);
    let shown = wait_for(&weir, "rolled_back");
    assert!(shown["breach"].as_str().is_some_and(|why| why.contains("guard fill")), "{shown}");
    assert!(weir.output().contains("a rollout was taken back"), "an error in the log");
    let (_, said) = run(&folder, &["status"]);
    assert!(said.contains("was taken back"), "{said}");
    settle(&weir);
    let before = with_plan(&standin.events());
    assert!(before < 420, "some have left without it");

    // weir.yaml still holds the change: neither a reload nor a restart brings it back, nor an edit of something else.
    let refuses = || {
        let (code, said) = run(&folder, &["reload"]);
        assert!(code == Some(1) && said.contains("was taken back"), "{said}");
        assert_eq!(status(&folder)["state"], "rolled_back");
    };
    refuses();
    weir.kill();
    as_another_release_wrote_it(&folder);
    let weir = folder.start();
    refuses();
    folder.configure(&setup(&standin, NO_PLAN, SLOW));
    refuses();
    folder.configure(&setup(&standin, NO_PLAN, QUICK));
    send(&weir, "Report Exported", 420..460);
    settle(&weir);
    assert_eq!(with_plan(&standin.events()) - before, 40);
    // Put right, it is over.
    folder.configure(&setup(&standin, ALL, QUICK));
    assert_eq!(run(&folder, &["reload"]).0, Some(0));
    assert_eq!(status(&folder)["state"], "none");
    assert_eq!(settle(&weir).sum("weir_events_delivered_total", &[]), 460);
    end(weir);
}

#[test]
fn d11_a_dropped_event_that_no_hour_has_shown_is_kept_and_delivered_when_a_guard_takes_the_change_back() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin, ALL, QUICK));
    let folder = Arc::clone(weir.folder());
    send(&weir, "Report Exported", 0..100);
    settle(&weir);
    folder.configure(&setup(&standin, NO_SEATS, QUICK));
    let (code, said) = run(&folder, &["reload"]);
    assert!(code == Some(0) && said.contains("in steps"), "no such event in the last hour: {said}");
    send(&weir, "Seat Added", 100..300);
    let shown = wait_for(&weir, "rolled_back");
    assert!(shown["breach"].as_str().is_some_and(|why| why.contains("Seat Added")), "{shown}");
    let metrics = settle(&weir);
    assert_eq!(standin.event_count(), 300, "nobody's event is lost");
    assert_eq!(metrics.sum("weir_events_delivered_total", &[]), 300);
    assert_eq!(metrics.sum("weir_events_dropped_total", &[("destination", "product")]), 0);
    assert!(standin.events().iter().all(|e| e.copies == 1), "and none came twice");
    end(weir);
}

#[test]
fn d11_a_rollout_goes_on_across_a_kill_and_what_it_kept_is_dropped_by_the_rule_at_its_end() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin, ALL, SLOW));
    let folder = Arc::clone(weir.folder());
    folder.configure(&setup(&standin, NO_SEATS, SLOW));
    assert_eq!(run(&folder, &["reload"]).0, Some(0));
    send(&weir, "Seat Added", 0..200);
    let metrics = weir.settle();
    let kept = metrics.sum("weir_events_quarantined", &[("reason", "rollout")]);
    assert!(kept > 40 && kept < 160, "{kept}");
    assert_eq!(metrics.sum("weir_events_delivered_total", &[]), 200 - kept);
    assert_eq!(metrics.sum("weir_rollout_kept_events", &[]), kept);

    weir.kill();
    as_another_release_wrote_it(&folder);
    let weir = folder.start();
    let shown = status(&folder);
    assert_eq!(
        (shown["state"].as_str(), shown["step"].as_u64(), shown["kept"].as_u64()),
        (Some("running"), Some(0), Some(kept))
    );
    // The same people are in.
    send(&weir, "Seat Added", 200..400);
    assert_eq!(weir.settle().sum("weir_events_quarantined", &[("reason", "rollout")]), 2 * kept);
    assert_eq!(run(&folder, &["rollout", "pause"]).0, Some(0));
    assert_eq!(status(&folder)["state"], "paused");
    assert_eq!(run(&folder, &["rollout", "resume"]).0, Some(0));

    assert_eq!(run(&folder, &["rollout", "finish"]).0, Some(0));
    let metrics = settle(&weir);
    assert_eq!(metrics.sum("weir_events_dropped_total", &[("destination", "product"), ("rule", "event")]), 2 * kept);
    assert_eq!(metrics.sum("weir_events_delivered_total", &[]), 400 - 2 * kept);
    send(&weir, "Seat Added", 400..440);
    let metrics = settle(&weir);
    assert_eq!(
        metrics.sum("weir_events_dropped_total", &[("destination", "product"), ("rule", "event")]),
        2 * kept + 40
    );
    let before = metrics.sum("weir_events_delivered_total", &[]);
    let weir = weir.kill().start();
    assert_eq!(settle(&weir).sum("weir_events_delivered_total", &[]), before);
    end(weir);
}

#[test]
fn d11_an_abort_delivers_what_was_kept_and_without_a_rollout_a_change_holds_at_once() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin, ALL, SLOW));
    let folder = Arc::clone(weir.folder());
    assert_eq!(run(&folder, &["rollout", "abort"]).0, Some(1), "none is under way");
    folder.configure(&setup(&standin, NO_SEATS, SLOW));
    assert_eq!(run(&folder, &["reload"]).0, Some(0));
    send(&weir, "Seat Added", 0..200);
    assert!(weir.settle().sum("weir_events_quarantined", &[]) > 0);
    let (code, said) = run(&folder, &["rollout", "abort"]);
    assert!(code == Some(1) && said.contains("taken back by an operator"), "{said}");
    settle(&weir);
    assert_eq!(standin.event_count(), 200);

    // As a first configuration has it: no section, no steps; what the change does is said all the same.
    let folder = weir.kill();
    folder.configure(&setup(&standin, ALL, ""));
    let weir = folder.start();
    folder.configure(&setup(&standin, NO_PLAN, ""));
    let (code, said) = run(&folder, &["reload"]);
    assert!(code == Some(0) && said.contains("is in force") && said.contains("plan is withheld now"), "{said}");
    send(&weir, "Report Exported", 200..240);
    assert_eq!(settle(&weir).sum("weir_events_delivered_total", &[]), 240);
    assert_eq!(with_plan(&standin.events()), 200);
    end(weir);
}

#[test]
fn a_destination_that_is_ended_in_a_rollout_is_offered_nothing_after_it() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin, ALL, SLOW));
    let folder = Arc::clone(weir.folder());
    folder.configure(&setup(&standin, NO_SEATS, SLOW));
    assert_eq!(run(&folder, &["reload"]).0, Some(0));
    let (code, said) = run(&folder, &["destination", "end", "product", "--confirm", "product"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(run(&folder, &["rollout", "finish"]).0, Some(0));
    send(&weir, "Report Exported", 0..40);
    let metrics = weir.settle();
    let sum = |name: &str| metrics.sum(name, &[]);
    assert_eq!((sum("weir_events_journaled_total"), sum("weir_events_offered_total")), (40, 0));
    end(weir);
}
