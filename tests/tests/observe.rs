//! What an operator sees of a running Weir without asking the right question: alerts, that apps send past it.

use std::sync::Arc;

use serde_json::Value;
use weir_tests::harness::{Folder, Setup, Weir};
use weir_tests::load::event;
use weir_tests::privacy::files_below;
use weir_tests::random::Random;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::{captures, wire};

fn run(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String, String) {
    folder.weir(arguments)
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let (_, out, err) = run(folder, &[arguments, &["--json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?} gives no JSON: {out}{err}"))
}

fn track(weir: &Weir, n: u64) -> wire::Answer {
    let mut random = Random::new(n);
    let body = serde_json::to_vec(&[event(n, &mut random)]).expect("JSON of our own");
    wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers")
}

const REASON: &str = "launch of the checkout, ticket 4711, asked for by Ada";

#[test]
fn a_bypass_is_recorded_and_every_answer_about_that_time_says_not_covered() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    let folder = Arc::clone(weir.folder());
    assert_eq!(weir.metrics().sum("weir_bypass_open", &[]), 0);
    let before = weir.metrics().sum("weir_audit_entries_total", &[]);
    let (code, _, err) = run(&folder, &["bypass", "open", "--source", "web", "--reason", REASON, "--since", "2h"]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(weir.metrics().sum("weir_audit_entries_total", &[]), before + 1);
    assert_eq!(weir.metrics().sum("weir_bypass_open", &[]), 1);
    let (code, status, _) = run(&folder, &["status"]);
    assert!(code == Some(0) && status.starts_with("NOT COVERED: source web from "), "{status}");
    assert_eq!(json(&folder, &["status"])["bypass"][0]["source"], "web");
    let listed = json(&folder, &["bypass", "list"]);
    let window = &listed["windows"][0];
    assert_eq!((&window["backdated"], &window["reason"]), (&Value::Bool(true), &Value::from(REASON)));
    let (_, doctor, _) = run(&folder, &["doctor"]);
    assert!(doctor.contains("warn  bypass       NOT COVERED: source web"), "{doctor}");
    // The same again is refused, and so is a time to come; neither is recorded.
    let (code, _, _) = run(&folder, &["bypass", "open", "--source", "web", "--reason", "again"]);
    assert_eq!(code, Some(1));
    let (code, _, _) = run(&folder, &["bypass", "open", "--all", "--reason", "r", "--since", "2099-01-01T00:00:00Z"]);
    assert_eq!(code, Some(2));
    assert_eq!(json(&folder, &["bypass", "list"])["windows"].as_array().map(Vec::len), Some(1));

    // It outlives the process, and one that does not run takes acts all the same.
    let output = weir.output();
    let folder = weir.kill();
    let (code, out, err) = run(&folder, &["bypass", "open", "--all", "--reason", "moves to another host"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, _, _) = run(&folder, &["bypass", "close"]);
    assert_eq!(code, Some(2), "two are open");
    let (code, _, err) = run(&folder, &["bypass", "close", "1"]);
    assert_eq!(code, Some(0), "{err}");
    let weir = folder.start();
    assert_eq!(weir.metrics().sum("weir_bypass_open", &[]), 1);
    let (code, _, err) = run(&folder, &["bypass", "close"]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(weir.metrics().sum("weir_bypass_open", &[]), 0);
    assert_eq!(run(&folder, &["bypass", "close"]).0, Some(1), "none is open");
    let (_, status, _) = run(&folder, &["status"]);
    assert!(!status.contains("NOT COVERED"), "{status}");

    // Closed windows stay in what is said of the record, which is whole.
    let (code, verified) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "{verified}");
    assert!(verified.contains("NOT COVERED: source web from ") && verified.contains("(bypass 2)"), "{verified}");
    // The reason is in its own file, and nowhere else: not in the tree, which cannot forget, and in no log line.
    let output = output + &weir.output();
    assert!(output.contains("a bypass is open") && !output.contains("ticket 4711"), "{output}");
    let holds = |file: &std::path::PathBuf| {
        let bytes = std::fs::read(file).unwrap_or_default();
        bytes.windows(11).any(|window| window == b"ticket 4711")
    };
    let found: Vec<_> = files_below(folder.data()).into_iter().filter(holds).collect();
    assert!(found.len() == 1 && found[0].starts_with(folder.data().join("audit/reasons")), "{found:?}");
    std::fs::remove_file(&found[0]).expect("a reason may be deleted");
    let listed = json(&folder, &["bypass", "list"]);
    assert_eq!((&listed["windows"][0]["reason"], &listed["windows"][0]["window"]), (&Value::Null, &1.into()));
    assert_eq!(folder.verify_ledger(true).0, Some(0), "the record is whole without it");
}

#[test]
fn a_bypass_that_is_taken_out_of_the_record_is_found() {
    let weir = Weir::start(&Setup {
        sources: String::new(),
        destinations: String::new(),
        more: "disk: {reserve: 8MiB}\n".to_owned(),
    });
    let folder = Arc::clone(weir.folder());
    let (code, _, err) = run(&folder, &["bypass", "open", "--all", "--reason", "an hour nobody should know of"]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(weir.stop().0, Some(0));
    let mut changed = 0;
    for file in files_below(&folder.data().join("audit/log")) {
        let mut bytes = std::fs::read(&file).expect("a log file can be read");
        let Some(at) = bytes.windows(11).position(|window| window == b"bypass_open") else { continue };
        bytes[at + 7] = b'x';
        std::fs::write(&file, bytes).expect("a log file can be written");
        changed += 1;
    }
    assert!(changed > 0, "the act is in the log");
    let (code, verified) = folder.verify_ledger(false);
    assert_eq!(code, Some(1), "{verified}");
    assert_eq!(run(&folder, &["bypass", "list"]).0, Some(2), "what cannot be read is not called empty");
}

#[test]
fn alerts_are_in_status_metrics_log_and_their_own_command_and_end() {
    let standin = Standin::of_weir();
    standin.always(Fault::status(401));
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    let folder = Arc::clone(weir.folder());
    let on = |weir: &Weir, name: &str| weir.metrics().sum("weir_alert", &[("name", name)]);
    assert_eq!(run(&folder, &["alerts"]).0, Some(0));
    assert_eq!(weir.metrics().sum("weir_alert", &[]), 0, "nothing is the matter");
    assert_eq!(track(&weir, 1).status, 200);
    weir.wait_until("the refusal is an alert", || on(&weir, "destination_refused") == 1);
    let (code, said, _) = run(&folder, &["alerts"]);
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with("CRITICAL  destination_refused") && said.contains("product: the vendor refuses it"),
        "{said}"
    );
    let alert = &json(&folder, &["alerts"])["alerts"][0];
    assert_eq!(
        (&alert["name"], &alert["severity"], &alert["of"]),
        (&"destination_refused".into(), &"critical".into(), &"product".into())
    );
    let (_, status, _) = run(&folder, &["status"]);
    assert!(status.starts_with("CRITICAL  destination_refused"), "{status}");
    assert!(
        weir.output().contains(
            "an alert is on: see `weir alerts` alert=destination_refused severity=critical destination=product"
        )
    );
    // One that ends: the other waits for the vendor to be asked again.
    assert_eq!(run(&folder, &["bypass", "open", "--all", "--reason", "a test"]).0, Some(0));
    weir.wait_until("the bypass is an alert", || on(&weir, "bypass_open") == 1);
    assert_eq!(run(&folder, &["bypass", "close"]).0, Some(0));
    weir.wait_until("it is over", || on(&weir, "bypass_open") == 0);
    assert!(weir.output().contains("an alert is over alert=bypass_open severity=warning"), "{}", weir.output());
    assert_eq!(on(&weir, "destination_refused"), 1);
}

#[test]
fn the_page_lists_every_rule_of_the_alerts() {
    let page = std::fs::read_to_string(captures::fixtures().with_file_name("docs").join("operations.md"));
    let page = page.expect("the page is there");
    let (_, section) = page.split_once("\n## Alerts\n").expect("it has a section about alerts");
    let section = section.split("\n## ").next().unwrap_or_default();
    let listed: Vec<(&str, &str)> =
        section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).collect();
    let rules: Vec<(&str, String)> =
        weir_watch::RULES.iter().map(|rule| (rule.name, format!("{} |", rule.about))).collect();
    let rules: Vec<(&str, &str)> = rules.iter().map(|(name, about)| (*name, about.as_str())).collect();
    assert_eq!(listed, rules);
}
