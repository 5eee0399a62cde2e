//! What an operator sees of a running Weir without asking the right question: alerts, that apps send past it, what it
//! connects to; and that dashboards, rules and pages name what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use weir_event::Millis;
use weir_protocol::signing::SigningKeys;
use weir_tests::harness::{Folder, Setup, VENDOR_TOKEN, WRITE_KEY, Weir};
use weir_tests::load::event;
use weir_tests::privacy::files_below;
use weir_tests::random::Random;
use weir_tests::receiver::Receiver;
use weir_tests::standin::fault::Fault;
use weir_tests::standin::{Account, Standin};
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
    let said = || weir.output().contains("an alert is over alert=bypass_open severity=warning");
    weir.wait_until("it is over", || on(&weir, "bypass_open") == 0 && said());
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

/// The families of a running Weir by name: type, labels of its samples, help.
fn families(page: &str) -> BTreeMap<String, (String, BTreeSet<String>, String)> {
    let mut families = BTreeMap::new();
    for line in page.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words.as_slice() {
            ["#", "HELP", name, help] => {
                families.insert((*name).to_owned(), (String::new(), BTreeSet::new(), (*help).to_owned()));
            }
            ["#", "TYPE", name, kind] => families.get_mut(*name).expect("HELP comes first").0 = (*kind).to_owned(),
            _ => {
                let name = line.split(['{', ' ']).next().unwrap_or_default();
                let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
                let known = base.filter(|base| families.contains_key(*base)).unwrap_or(name).to_owned();
                let family = families.get_mut(&known).unwrap_or_else(|| panic!("no family for {line}"));
                let labels = line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(l, _)| l);
                let keys = labels.split("=\"").filter_map(|part| part.rsplit([',', '"']).next());
                family.1.extend(keys.filter(|key| !key.is_empty()).map(str::to_owned));
            }
        }
    }
    families
}

/// A Weir that shows every metric: traffic, a quarantine, a rejection, an app version, a rate.
fn busy(standin: &Standin) -> Weir {
    let rules = "rules: [{event: Never Leaves, action: drop}]";
    let release = format!("{{allow: [plan, format, n, profile.plan], {rules}}}");
    let mut setup = Setup::with_subject(&standin.url(), "stable", &release);
    setup.sources = setup.sources.replace("mode: enforce", "mode: enforce, rate_limit: 100000");
    let weir = Weir::start(&setup);
    // Alone, so that there is nothing to split.
    standin.always(Fault::status(400));
    assert_eq!(track(&weir, 200).status, 200);
    let has = |name: &str| weir.metrics().sum(name, &[]) > 0;
    weir.wait_until("something was rejected", || has("weir_events_quarantined"));
    standin.heal();
    for n in 1..30 {
        assert_eq!(track(&weir, n).status, 200);
    }
    let mut random = Random::new(99);
    let [mut unclean, mut versioned, mut dropped] = [100, 101, 102].map(|n| event(n, &mut random));
    unclean["event"] = "ada@example.com".into();
    dropped["event"] = "Never Leaves".into();
    versioned["properties"]["$app_version_string"] = "4.2.0".into();
    for one in [unclean, versioned, dropped] {
        let body = serde_json::to_vec(&[one]).expect("JSON of our own");
        let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body);
        assert_eq!(answer.expect("weir answers").status, 200);
    }
    // The same once more is a duplicate, dropped at the gate.
    assert_eq!(track(&weir, 1).status, 200);
    weir.settle();
    weir
}

#[test]
fn the_page_of_metrics_is_what_a_running_weir_exposes() {
    let weir = busy(&Standin::of_weir());
    let mut page = String::from(
        "# Every metric\n\nWhat `/metrics` on the console address serves, in Prometheus' text format. Labels are ids that you chose, clean names and words of\n\
         ours; no value of an event is in any. `weir_stage_cpu_seconds_total{stage}` is there with `WEIR_STAGE_TIMES=1` only. A label in this list is not on every\n\
         sample of its metric where it does not apply. Names and labels are kept from release to release.\n\n| metric | type | labels | what it is |\n|---|---|---|---|\n",
    );
    for (name, (kind, labels, help)) in families(weir.metrics().text()) {
        let labels: Vec<String> = labels.into_iter().filter(|label| label != "le").collect();
        page.push_str(&format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(", ")));
    }
    let file = captures::fixtures().with_file_name("docs").join("metrics.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &page).expect("the page can be written");
    }
    assert_eq!(std::fs::read_to_string(&file).expect("the page is there"), page, "UPDATE=1 writes it");
}

/// Metrics that a query names, each with the labels that it selects by; and the labels that it groups by.
fn named(query: &str) -> (Vec<(String, Vec<String>)>, Vec<String>) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let (mut metrics, mut groups) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < query.len() {
        let rest = &query[at..];
        let word: &str = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
        if word.is_empty() {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        at += word.len();
        let after = query[at..].trim_start();
        if word == "by" {
            let inner = after.strip_prefix('(').and_then(|r| r.split_once(')')).map_or("", |(inner, _)| inner);
            groups.extend(inner.split(',').map(|label| label.trim().to_owned()));
            at += query[at..].find(')').map_or(0, |end| end + 1);
        } else if word.starts_with("weir") || word.starts_with("process_") || word == "up" {
            let selector = query[at..].strip_prefix('{').and_then(|r| r.split_once('}')).map_or("", |(inner, _)| inner);
            let labels = selector.split(',').filter_map(|one| one.split(['=', '!']).next());
            let labels = labels.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
            metrics.push((word.to_owned(), labels.collect()));
            at += if selector.is_empty() { 0 } else { selector.len() + 2 };
        }
    }
    (metrics, groups)
}

#[test]
fn every_query_of_the_dashboard_and_of_the_rules_names_metrics_and_labels_that_there_are() {
    let weir = busy(&Standin::of_weir());
    let families = families(weir.metrics().text());
    // Prometheus' own: of each target, and of each scrape.
    let added = ["job", "instance"];
    let labels_of = |name: &str| {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let family = families.get(name).or_else(|| families.get(base?))?;
        Some(family.1.clone())
    };
    let root = captures::fixtures().with_file_name("deploy");
    let dashboard = std::fs::read_to_string(root.join("grafana/weir.json")).expect("the dashboard is there");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("the dashboard is JSON");
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().expect("it has panels") {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let text = |key: &str| target[key].as_str().unwrap_or_default().to_owned();
            queries.push((text("expr"), text("legendFormat")));
        }
    }
    let rules = std::fs::read_to_string(root.join("prometheus/weir.rules.yml")).expect("the rules are there");
    queries.extend(rules.lines().filter_map(|l| Some((l.trim().strip_prefix("expr: ")?.to_owned(), String::new()))));
    assert!(queries.len() > 40, "{} queries were found", queries.len());
    let mut shown = BTreeSet::new();
    for (query, legend) in &queries {
        let (metrics, groups) = named(query);
        assert!(!metrics.is_empty(), "{query} names no metric");
        let mut all: BTreeSet<String> = added.map(str::to_owned).into();
        for (name, selected) in metrics {
            if name == "up" {
                continue;
            }
            let labels = labels_of(&name).unwrap_or_else(|| panic!("{query}: there is no {name}"));
            for label in selected {
                assert!(labels.contains(&label) || added.contains(&label.as_str()), "{query}: {name} has no {label}");
            }
            all.extend(labels);
            shown.insert(name);
        }
        let legends = legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next().map(str::trim));
        for label in groups.iter().map(String::as_str).chain(legends) {
            assert!(all.contains(label), "{query} ({legend}): no metric of it has {label}");
        }
    }
    // The flow is on the dashboard as a whole.
    for name in [
        "received_total",
        "journaled_total",
        "offered_total",
        "delivered_total",
        "dropped_total",
        "waiting",
        "unknown",
        "quarantined",
    ] {
        assert!(shown.contains(&format!("weir_events_{name}")), "weir_events_{name} is not shown");
    }
}

/// The secret of the webhook, as a receiver and Weir have it.
const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Everything that connects is switched on.
fn with_everything(standin: &Standin, hook: &Receiver, collector: &Receiver) -> (Setup, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, WEBHOOK_SECRET).expect("a secret can be written");
    let mut setup = Setup::mixpanel(&standin.url());
    setup.sources = setup.sources.replace("mode: enforce", "mode: enforce, auxiliary: proxy");
    let setup = setup.and(&format!(
        "alerts: {{webhook: {{url: \"http://{}/hooks/weir\", secret: {{file: {}}}, allow_addresses: [127.0.0.0/8]}}}}\n\
         telemetry: {{otlp: {{endpoint: \"http://{}\", sample: 1, headers: {{x-key: {{file: {}}}}}, allow_addresses: [127.0.0.0/8]}}}}\n",
        hook.address,
        secret.display(),
        collector.address,
        secret.display()
    ));
    (setup, folder)
}

#[test]
fn alerts_are_pushed_signed_and_a_trace_of_each_batch_tells_its_steps_and_no_content() {
    let (standin, hook, collector) = (Standin::of_weir(), Receiver::start(), Receiver::start());
    let (setup, _secret) = with_everything(&standin, &hook, &collector);
    standin.script([Fault::status(503)]);
    let weir = Weir::start(&setup);
    let folder = Arc::clone(weir.folder());
    let mut random = Random::new(30);
    let body = serde_json::to_vec(&[event(30, &mut random)]).expect("JSON of our own");
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body);
    assert_eq!(answer.expect("weir answers").status, 200);
    assert_eq!(run(&folder, &["bypass", "open", "--all", "--reason", REASON]).0, Some(0));
    weir.wait_until("the alert is pushed and the batch is traced", || {
        !hook.got().is_empty() && !collector.got().is_empty()
    });

    let (path, head, body) = hook.got().remove(0);
    assert_eq!(path, "/hooks/weir");
    let message: Value = serde_json::from_slice(&body).expect("the message is JSON");
    assert_eq!((&message["type"], &message["data"]["name"]), (&"weir.alert.on".into(), &"bypass_open".into()));
    assert!(!String::from_utf8_lossy(&body).contains("4711"), "the operator's reason stays");
    let header = |name: &str| head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default();
    let keys = SigningKeys::parse(WEBHOOK_SECRET).expect("it is a secret");
    // Lower-cased on arrival; the signature has case, so that it is compared without.
    let at = Millis(header("webhook-timestamp").parse::<i64>().unwrap_or(0) * 1_000);
    let [.., (_, signed)] = keys.headers(header("webhook-id"), at, &body);
    let signed = signed.to_ascii_lowercase();
    assert_eq!(header("webhook-signature"), signed);

    let (path, head, body) = collector.got().remove(0);
    assert!(path == "/v1/traces" && head.contains("x-key: whsec_"), "{head}");
    let text = String::from_utf8_lossy(&body).into_owned();
    let message: Value = serde_json::from_slice(&body).expect("the traces are JSON");
    let spans = message["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("there are spans").clone();
    let names: Vec<&str> = spans.iter().filter_map(|span| span["name"].as_str()).collect();
    assert_eq!(names, ["deliver", "cut", "wait", "intend", "send", "send", "outcome"], "{text}");
    let attribute = |span: &Value, key: &str| {
        let found = span["attributes"].as_array().into_iter().flatten().find(|a| a["key"] == key);
        found.map(|a| {
            a["value"]["stringValue"].as_str().or(a["value"]["intValue"].as_str()).unwrap_or_default().to_owned()
        })
    };
    assert_eq!(attribute(&spans[0], "weir.destination").as_deref(), Some("product"));
    assert_eq!(attribute(&spans[0], "weir.events").as_deref(), Some("1"));
    assert_eq!(attribute(&spans[4], "http.response.status_code").as_deref(), Some("503"));
    assert_eq!(attribute(&spans[5], "weir.status_class").as_deref(), Some("2xx"));
    assert!(spans[1..].iter().all(|s| s["parentSpanId"] == spans[0]["spanId"] && s["traceId"] == spans[0]["traceId"]));
    // Nothing of the event: no name, no id, no property.
    for secret in [
        "Report Exported",
        "Page Viewed",
        "Seat Added",
        "Plan Changed",
        "user-",
        "example.com",
        "planted",
        "Chrome",
        "$",
    ] {
        assert!(!text.contains(secret), "{secret} is in a trace: {text}");
    }
    // A collector that is away is no matter to delivery.
    drop(collector);
    assert_eq!(track(&weir, 31).status, 200);
    weir.settle();
}

#[test]
fn weir_with_everything_switched_on_connects_to_what_its_list_names_and_to_nothing_else() {
    let (hook, collector) = (Receiver::start(), Receiver::start());
    let account = Account { tokens: vec![VENDOR_TOKEN.to_owned()], decides_flags: true, ..Account::default() };
    let standin = Standin::start_with(account, 0);
    let (setup, secret) = with_everything(&standin, &hook, &collector);
    let siem = Receiver::start();
    let setup = setup.and(&format!(
        "audit_log: {{ship: {{siem: {{type: webhook, to: \"http://{}/acts\", secret: {{file: {}}}, allow_addresses: [127.0.0.0/8]}}}}}}\n",
        siem.address,
        secret.path().join("secret").display()
    ));
    let folder = Folder::new(&setup);
    let trace = secret.path().join("connects");
    let weir = folder.start_under(&["strace", "-f", "-qq", "-e", "trace=connect", "-o", &trace.display().to_string()]);
    assert_eq!(track(&weir, 1).status, 200);
    let flags = format!("/in/web/flags/?token={WRITE_KEY}&context=%7B%22distinct_id%22%3A%22u1%22%7D");
    let answer = wire::get(weir.ingest(), &flags).expect("weir answers");
    assert_eq!(answer.status, 200);
    assert_eq!(run(&folder, &["bypass", "open", "--all", "--reason", "a test"]).0, Some(0));
    weir.wait_until("everybody was called", || {
        let asked = standin.requests().iter().any(|request| request.path().starts_with("/flags"));
        asked
            && standin.event_count() > 0
            && [&hook, &collector, &siem].iter().all(|receiver| !receiver.got().is_empty())
    });
    weir.settle();
    let listed = json(&folder, &["outbound", "list"]);
    let listed = listed["calls"].as_array().expect("it is a list").iter();
    let listed: BTreeSet<(String, String)> =
        listed.map(|call| (call["host"].as_str().unwrap_or_default().to_owned(), call["port"].to_string())).collect();
    weir.end_under();
    let text = std::fs::read_to_string(&trace).expect("strace wrote its file");
    let mut connected = BTreeSet::new();
    for line in text.lines().filter(|line| line.contains("connect(") && !line.contains("resumed>")) {
        let part = |before: &str, end: char| Some(line.split_once(before)?.1.split(end).next()?.to_owned());
        let address = part("inet_addr(\"", '"').or_else(|| part("inet_pton(AF_INET6, \"", '"'));
        let (Some(address), Some(port)) = (address, part("_port=htons(", ')')) else {
            panic!("weir connected to something that is no address: {line}");
        };
        connected.insert((address, port));
    }
    assert_eq!(connected, listed, "what it connected to, and what its list names");
    assert_eq!(listed.len(), 4, "vendor, webhook, receiver of the audit log and collector");
}

/// Levels and messages of the log lines in the sources, in order.
fn log_lines() -> BTreeSet<(String, String, String)> {
    let crates = captures::fixtures().with_file_name("crates");
    let mut found = BTreeSet::new();
    for file in files_below(&crates).iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
        if !file.components().any(|part| part.as_os_str() == "src") || file.ends_with("event/src/log.rs") {
            continue;
        }
        let text = std::fs::read_to_string(file).expect("a source file can be read");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for call in code.split("emit(").skip(1) {
            let read = || {
                let level = call.split_once("Level::").filter(|(before, _)| before.len() < 40)?.1;
                let (level, rest) = level.split_once(',')?;
                let message = rest.trim_start().strip_prefix('"')?.split('"').next()?;
                Some((level.to_ascii_lowercase(), message.to_owned()))
            };
            let (level, message) =
                read().unwrap_or_else(|| panic!("{}: a log line without a literal: {:.80}", file.display(), call));
            found.insert((weir::log::event(&message), level, message));
        }
    }
    found
}

#[test]
fn the_page_of_log_lines_is_what_the_code_writes_and_each_has_a_name_of_its_own() {
    let lines = log_lines();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for (event, _, message) in &lines {
        let other = names.insert(event, message);
        assert!(other.is_none_or(|other| other == message), "{event} is the name of two messages");
        assert!(event.contains('_') || event.len() > 4, "{event} is no name");
    }
    let mut page = String::from(
        "# Every log line\n\nLines on standard error. With `log.format: json` each is an object with `time`, `level`, `event`, `message` and the fields\n\
         of the line: ids that you chose, counts, words of ours, files of ours. `event` is the name to filter by; it changes only with the message, and this page\n\
         with it. No line holds a value of an event.\n\n| event | level | message |\n|---|---|---|\n",
    );
    for (event, level, message) in &lines {
        page.push_str(&format!("| `{event}` | {level} | {message} |\n"));
    }
    let file = captures::fixtures().with_file_name("docs").join("log.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &page).expect("the page can be written");
    }
    assert_eq!(std::fs::read_to_string(&file).expect("the page is there"), page, "UPDATE=1 writes it");
}
