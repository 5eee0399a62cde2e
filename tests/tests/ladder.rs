//! The ladder: a mirrored copy, then delivery, then enforcement, each step one command and each with its way back.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::drivers::{Sdk, drive};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::nginx::Nginx;
use weir_tests::privacy::{files_below, planted};
use weir_tests::standin::Standin;
use weir_tests::wire;

/// A configuration as people write one: with comments, which a command must not touch.
fn setup(vendor: &str, mode: &str) -> Setup {
    let mut setup = Setup::mixpanel(vendor);
    setup.sources = format!(
        "  # the site\n  web:\n    protocol: mixpanel\n    write_keys: [{WRITE_KEY}] # public\n    mode: {mode} # since May\n    environment: production\n"
    );
    setup
}

fn file(weir: &Weir) -> String {
    std::fs::read_to_string(weir.folder().config()).expect("the configuration can be read")
}

fn track(weir: &Weir, event: &str, id: &str) {
    let body = json!([{"event": event, "properties": {"token": WRITE_KEY, "distinct_id": "u1", "$insert_id": id, "plan": "team"}}]);
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", body.to_string().as_bytes());
    assert_eq!(answer.expect("weir answers").status, 200);
}

fn audit_entries(weir: &Weir) -> u64 {
    weir.metrics().sum("weir_audit_entries_total", &[])
}

#[test]
fn one_command_moves_an_event_or_a_source_and_one_takes_it_back() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin.url(), "tap"));
    let folder = Arc::clone(weir.folder());
    let before = file(&weir);
    track(&weir, "Signup", "a1");
    weir.settle();
    assert_eq!(standin.event_count(), 0, "nothing is delivered on tap");

    let recorded = audit_entries(&weir);
    let (code, out, err) = folder.weir(&["ladder", "up", "web", "Signup"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("Signup of source web: tap -> observe") && out.contains("is in force"), "{out}");
    assert_eq!(audit_entries(&weir), recorded + 2, "the change, and since when it is in force");
    let after = file(&weir);
    let added = "    events:\n      Signup: {mode: observe}\n";
    assert_eq!(after.replacen(added, "", 1), before, "one thing was added:\n{after}");
    track(&weir, "Signup", "a2");
    track(&weir, "Other", "a3");
    weir.settle();
    let names: Vec<String> = standin.events().iter().map(|e| e.name().to_owned()).collect();
    assert_eq!(names, ["Signup"], "only the event that was moved");

    let (code, listed, _) = folder.weir(&["ladder", "--json"]);
    let steps: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(
        (code, &steps["steps"][0]["step"], &steps["steps"][1]["step"]),
        (Some(0), &json!("tap"), &json!("observe"))
    );
    assert!(steps["steps"][0]["since"].is_null() && steps["steps"][1]["since"].is_string(), "{listed}");

    assert_eq!(folder.weir(&["ladder", "up", "web"]).0, Some(0));
    assert!(file(&weir).contains("    mode: observe # since May\n"), "{}", file(&weir));
    track(&weir, "Other", "a4");
    weir.settle();
    assert_eq!(standin.event_count(), 2);
    assert_eq!(folder.weir(&["ladder", "back", "web"]).0, Some(0));
    assert_eq!(file(&weir), after);
    let (code, _, err) = folder.weir(&["ladder", "back", "web"]);
    assert_eq!(code, Some(1), "there is nothing below tap: {err}");
    assert_eq!(folder.weir(&["ladder", "up", "nowhere"]).0, Some(1));
    let (_, out, _) = folder.weir(&["ladder", "up", "web", "--dry-run"]);
    assert!(
        out.contains("-    mode: tap # since May\n+    mode: observe # since May\n") && file(&weir) == after,
        "{out}"
    );
    assert_eq!(folder.verify_ledger(true).0, Some(0));
}

#[test]
fn d17_a_step_that_weir_refuses_leaves_the_file_as_it_was() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin.url(), "observe"));
    let folder = Arc::clone(weir.folder());
    let before = file(&weir);
    let asked = wire::get(weir.ingest(), &format!("/in/web/flags/?token={WRITE_KEY}&context=%7B%7D"));
    assert_eq!(asked.expect("weir answers").status, 200);
    let (code, out, err) = folder.weir(&["ladder", "up", "web"]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(err.contains("accept_flag_loss") && err.contains("put back"), "{err}");
    assert_eq!(file(&weir), before);
    let left = std::fs::read_dir(folder.config().parent().expect("it lies in a folder")).expect("it can be read");
    let left: Vec<_> =
        left.flatten().map(|f| f.file_name()).filter(|n| n.to_string_lossy().ends_with(".new")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(folder.weir(&["reload"]).0, Some(0));
}

#[test]
fn an_edit_of_another_file_than_the_one_that_weir_reads_is_put_back() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin.url(), "tap"));
    let folder = Arc::clone(weir.folder());
    let other = folder.config().with_file_name("other.yaml");
    std::fs::copy(folder.config(), &other).expect("it can be copied");
    let (data, path) = (folder.data().display().to_string(), other.display().to_string());
    let output = folder.run(&["ladder", "up", "web", "--data", &data, "--config", &path], &[]);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains(&folder.config().display().to_string()), "it names the file that counts: {err}");
    assert_eq!(std::fs::read_to_string(&other).ok(), Some(file(&weir)));
}

#[test]
fn without_a_running_weir_the_file_is_edited_and_the_move_is_recorded() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin.url(), "tap"));
    assert_eq!(weir.folder().weir(&["status"]).0, Some(0));
    let folder = weir.kill();
    let (code, out, err) = folder.weir(&["ladder", "up", "web"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("the next start goes by it"), "{out}");
    let (_, listed, _) = folder.weir(&["ladder", "list"]);
    assert!(listed.contains("observe") && !listed.contains("written by hand"), "{listed}");
    let weir = folder.start();
    track(&weir, "Signup", "b1");
    weir.settle();
    assert_eq!(standin.event_count(), 1);
}

/// Stops or continues a process, so that it is there and answers nothing.
fn signal(weir: &Weir, signal: &str) {
    let status = Command::new("kill").args([signal, &weir.id().to_string()]).status().expect("kill runs");
    assert!(status.success());
}

fn mirror(vendor: &Standin, weir: &Weir) -> Nginx {
    let (vendor, weir) = (vendor.url(), weir.ingest().to_string());
    Nginx::start("mirror.conf", &[("https://api.mixpanel.com", &vendor), ("127.0.0.1:8400", &weir)])
}

#[test]
fn a_mirrored_tap_gives_the_vendor_every_request_as_before_and_weir_a_copy_of_its_body() {
    let (direct, vendor, destination) = (Standin::start(), Standin::start(), Standin::of_weir());
    let before = drive(Sdk::Node, "plain", &direct.url(), WRITE_KEY);
    let weir = Weir::start(&setup(&destination.url(), "tap").and("trusted_proxies: [127.0.0.1/32]\n"));
    let nginx = mirror(&vendor, &weir);
    let through = drive(Sdk::Node, "plain", &nginx.url(), WRITE_KEY);

    assert_eq!((through.sent(), through.failed()), (before.sent(), before.failed()), "the SDK sees no difference");
    assert_eq!(through.report["elsewhere"], before.report["elsewhere"]);
    assert_eq!((vendor.event_count(), vendor.profiles().len()), (direct.event_count(), direct.profiles().len()));
    let lengths = |standin: &Standin| {
        let mut all: Vec<(String, usize)> =
            standin.requests().iter().map(|r| (r.path().to_owned(), r.body.len())).collect();
        all.sort();
        all
    };
    assert_eq!(lengths(&vendor), lengths(&direct), "each request, each body whole");

    let journaled = || weir.metrics().sum("weir_events_journaled_total", &[("source", "web")]);
    weir.wait_until("every copy arrived", || journaled() >= through.sent().len() as u64);
    let metrics = weir.settle();
    assert_eq!((destination.requests().len(), metrics.sums_broken()), (0, Vec::new()), "a tap delivers nothing");
    // Nothing of a body or a query lies with the proxy.
    let needles = planted();
    for file in files_below(nginx.folder()) {
        weir_tests::privacy::assert_absent(
            &needles,
            &std::fs::read(&file).unwrap_or_default(),
            &file.display().to_string(),
        );
    }
}

#[test]
fn a_weir_that_is_slow_or_gone_changes_nothing_for_the_vendors_copy() {
    let (vendor, destination) = (Standin::start(), Standin::of_weir());
    let weir = Weir::start(&setup(&destination.url(), "tap"));
    let nginx = mirror(&vendor, &weir);
    let send = |id: &str| {
        let body = json!([{"event": "E", "properties": {"token": WRITE_KEY, "distinct_id": "u", "$insert_id": id}}]);
        let asked = Instant::now();
        let answer = wire::post(nginx.address(), "/track?verbose=1", "application/json", body.to_string().as_bytes());
        (answer.expect("nginx answers").status, asked.elapsed())
    };
    assert_eq!(send("1").0, 200);
    signal(&weir, "-STOP");
    let slow: Vec<(u16, Duration)> = ["2", "3", "4"].map(send).to_vec();
    signal(&weir, "-CONT");
    assert!(slow.iter().all(|(status, took)| *status == 200 && *took < Duration::from_secs(1)), "{slow:?}");
    weir.kill();
    let gone: Vec<(u16, Duration)> = ["5", "6"].map(send).to_vec();
    assert!(gone.iter().all(|(status, took)| *status == 200 && *took < Duration::from_secs(1)), "{gone:?}");
    assert_eq!(vendor.event_count(), 6);
}

/// Events of some people on some days, as a mirrored tap would bring them.
fn traffic(weir: &Weir, people: u32, days: i64) {
    let now = SystemClock.now();
    for day in 0..days {
        let events: Vec<Value> = (0..people)
            .map(|person| {
                json!({"event": "Report Exported", "properties": {
                    "token": WRITE_KEY, "distinct_id": format!("person-{person}"), "$insert_id": format!("{day}-{person}"),
                    "time": now.plus(-day * 86_400_000 + 1_000 * i64::from(person)).0, "plan": "team", "seats": 40,
                    "email": "ada@example.com", "$os": "Mac OS X",
                }})
            })
            .collect();
        let body = serde_json::to_vec(&events).expect("JSON of our own");
        let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers");
        assert_eq!(answer.status, 200);
    }
}

fn property<'a>(preview: &'a Value, path: &str) -> &'a Value {
    let list = preview["list"][0]["properties"].as_array().expect("the event has properties");
    list.iter().find(|p| p["path"] == path).unwrap_or_else(|| panic!("{path} is not in {preview}"))
}

#[test]
fn a_preview_says_of_each_property_what_the_vendor_then_gets() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin.url(), "tap"));
    let folder = Arc::clone(weir.folder());
    traffic(&weir, 20, 2);
    let html = folder.config().with_file_name("preview.html");
    let (code, out, err) =
        folder.weir(&["destination", "preview", "product", "--html", &html.display().to_string(), "--json"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let preview: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&preview["events"], &preview["list"][0]["leaves"]), (&json!(40), &json!(40)), "{preview}");
    assert_eq!(property(&preview, "plan")["leaves"], json!([["keep", 40]]));
    assert_eq!(property(&preview, "context.os.name")["leaves"], json!([["coarsen", 40]]));
    assert_eq!(property(&preview, "context.identity.user")["leaves"], json!([["pseudonymize", 40]]));
    assert_eq!(
        (&property(&preview, "seats")["leaves"], &property(&preview, "seats")["seen"]),
        (&json!([]), &json!(40))
    );
    assert!(!property(&preview, "seats")["withheld"].as_array().expect("a list").is_empty());
    // A file that is not in force: another destination, another list.
    let other = folder.config().with_file_name("new.yaml");
    let text = file(&weir).replace(
        "destinations:\n",
        "destinations:\n  growth: {type: amplitude, token: {env: NOT_SET}, subject: raw, release: {allow: [seats]}}\n",
    );
    std::fs::write(&other, text).expect("it can be written");
    let (code, out, err) =
        folder.weir(&["destination", "preview", "growth", "--file", &other.display().to_string(), "--json"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let growth: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(property(&growth, "seats")["leaves"], json!([["keep", 40]]));
    assert_eq!(
        property(&growth, "context.identity.user")["leaves"],
        json!([["keep", 40]]),
        "raw ids leave as they are"
    );
    assert_eq!(property(&growth, "plan")["leaves"], json!([]));
    // No value is shown, and looking leaves no trace at the vendor or in the keys.
    let page = std::fs::read_to_string(&html).expect("the page was written");
    for shown in [&preview.to_string(), &growth.to_string(), &page] {
        assert!(!shown.contains("person-") && !shown.contains("ada@") && !shown.contains("team"), "{shown}");
    }
    assert_eq!(standin.requests().len(), 0);
    let (_, keys, _) = folder.weir(&["keys", "list"]);
    assert!(!keys.contains("growth"), "{keys}");

    // What was said is what then happens.
    assert_eq!(folder.weir(&["ladder", "up", "web"]).0, Some(0));
    traffic(&weir, 1, 3);
    weir.settle();
    let events = standin.events();
    assert!(!events.is_empty());
    for event in &events {
        let got: Vec<&str> = event.properties().keys().map(String::as_str).collect();
        assert!(
            got.contains(&"plan") && got.contains(&"$os") && !got.contains(&"seats") && !got.contains(&"email"),
            "{got:?}"
        );
    }
}

#[test]
fn a_destination_is_added_by_flags_with_its_price_and_goes_into_force() {
    let (standin, growth) = (Standin::of_weir(), Standin::of_weir());
    let weir = Weir::start(&setup(&standin.url(), "observe"));
    let folder = Arc::clone(weir.folder());
    traffic(&weir, 150, 3);
    weir.settle();
    let before = file(&weir);
    let url = growth.url();
    let flags = |subject: &'static str| {
        vec![
            "destination",
            "add",
            "--id",
            "growth",
            "--type",
            "mixpanel",
            "--endpoint",
            url.as_str(),
            "--allow-address",
            "127.0.0.0/8",
            "--token-env",
            "PRODUCT_TOKEN",
            "--subject",
            subject,
            "--allow",
            "seats",
        ]
    };
    let (code, out, err) = folder.weir(&flags("rotating:1d"));
    assert_eq!((code, file(&weir) == before), (Some(2), true), "without a terminal it wants --yes: {out}{err}");
    let (code, out, err) = folder.weir(&[flags("rotating:1d"), vec!["--dry-run"]].concat());
    assert_eq!((code, file(&weir) == before), (Some(0), true), "{out}{err}");
    assert!(out.contains("+  growth:\n+    type: mixpanel\n") && out.contains("Report Exported"), "{out}");
    // Everybody was there on each of three days, and an event's own time counts for 48 hours back (D4).
    let said = out.lines().find(|line| line.contains("rotating:1d")).unwrap_or_default();
    assert!(said.contains("billed users ×") && said.contains("100 % came back") && !said.contains("× 1.00"), "{out}");
    assert!(out.contains("by 150 users and devices") && out.contains("rotating:7d   too little traffic"), "{out}");
    let (code, _, err) = folder.weir(&[flags("hashed"), vec!["--yes"]].concat());
    assert_eq!((code, file(&weir) == before), (Some(2), true), "{err}");

    let recorded = audit_entries(&weir);
    let (code, out, err) = folder.weir(&[flags("rotating:1d"), vec!["--yes"]].concat());
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("is in force"), "{out}");
    assert_eq!(audit_entries(&weir), recorded + 3, "the look, the change, and since when it is in force");
    let after = file(&weir);
    let block = "  growth:\n    type: mixpanel\n    endpoint: ";
    assert!(after.contains(block), "{after}");
    let rest: Vec<&str> = before.lines().filter(|line| !after.contains(line)).collect();
    assert!(rest.is_empty(), "every line of before is there: {rest:?}");
    traffic(&weir, 1, 1);
    // The same event again is a duplicate of before; another is delivered to both.
    track(&weir, "Signup", "c1");
    weir.settle();
    assert!(growth.events().iter().any(|e| e.name() == "Signup"));

    // A type and a secret that weir cannot have: refused, and the file is as it was.
    let (code, _, err) = folder.weir(&[
        "destination",
        "add",
        "--id",
        "later",
        "--type",
        "mixpanel",
        "--token-env",
        "NOT_SET_ANYWHERE",
        "--subject",
        "stable",
        "--yes",
    ]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("NOT_SET_ANYWHERE") && err.contains("put back"), "{err}");
    assert_eq!(file(&weir), after);
}

/// Top-level properties of events that a file's allow list names.
fn allowed(yaml: &str) -> Vec<String> {
    let (_, list) = yaml.split_once("allow:").expect("there is an allow list");
    let words = list.split(['[', ']', '{', '}', ',', '\n', '"', '-']).map(str::trim);
    let paths = words.filter_map(|word| word.strip_prefix("path: ")).map(|path| path.trim_matches('\'').to_owned());
    paths.filter(|path| !path.contains('.')).collect()
}

/// Of each event that has a number, the properties that may leave and did not, or did otherwise.
fn lost(before: &Standin, after: &Standin, properties: &[String]) -> Vec<String> {
    let mut lost = Vec::new();
    for event in before.events().iter().filter(|event| event.number().is_some()) {
        let there = after.events();
        let Some(same) = there.iter().find(|other| other.number() == event.number()) else {
            lost.push(format!("event {:?}", event.number()));
            continue;
        };
        for property in properties {
            if event.properties().get(property) != same.properties().get(property) {
                lost.push(format!("{property} of event {:?}", event.number()));
            }
        }
    }
    lost
}

#[test]
fn a_real_sdk_climbs_the_whole_ladder_and_loses_no_property_that_was_proposed_and_accepted() {
    let (vendor, destination) = (Standin::start(), Standin::of_weir());
    let mut setup = setup(&destination.url(), "tap");
    setup.destinations = setup.destinations.replace("{allow: [plan, format, n, profile.plan]}", "{allow: [n]}");
    let weir = Weir::start(&setup.and("trusted_proxies: [127.0.0.1/32]\n"));
    let folder = Arc::clone(weir.folder());
    let nginx = mirror(&vendor, &weir);
    let sent = drive(Sdk::Node, "plain", &nginx.url(), WRITE_KEY).sent();
    let journaled = || weir.metrics().sum("weir_events_journaled_total", &[("source", "web")]);
    weir.wait_until("every copy arrived", || journaled() >= sent.len() as u64);
    assert_eq!(destination.requests().len(), 0, "a tap delivers nothing");

    let propose = ["policy", "propose", "--from-observed", "--destination", "product", "--owner", "growth", "--write"];
    let (code, out, err) = folder.weir(&propose);
    assert!(matches!(code, Some(0 | 1)), "{out}{err}");
    // In this traffic a person's name stands where a company's should: found by its value.
    assert!(!file(&weir).contains("{path: group.company.name,"), "{}", file(&weir));
    let properties = allowed(&file(&weir));
    assert!(properties.len() >= 3, "{properties:?} of\n{out}\n{}", file(&weir));
    assert!(!properties.iter().any(|p| p.contains("email") || p.contains("card")), "{properties:?}");

    for step in ["observe", "enforce"] {
        let (code, out, err) = folder.weir(&["ladder", "up", "web"]);
        assert!(code == Some(0) && out.contains(&format!("-> {step}")), "{out}{err}");
        destination.forget();
        drive(Sdk::Node, "plain", &weir.source_url("web"), WRITE_KEY);
        weir.settle();
        assert_eq!(lost(&vendor, &destination, &properties), Vec::<String>::new(), "on {step}, of {properties:?}");
    }
    weir_tests::privacy::assert_nowhere(&planted(), &destination, &weir);
    assert_eq!(weir.metrics().sums_broken(), Vec::<String>::new());
    assert_eq!(folder.verify_ledger(true).0, Some(0));
}
