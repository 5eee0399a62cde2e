//! What was observed, and what follows from it: the catalog of a running Weir, rules proposed from it, and what a development source
//! is told about its own events.

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::standin::Standin;
use weir_tests::wire;

fn event(n: usize) -> Value {
    json!({"event": "signed_up", "properties": {
        "token": WRITE_KEY, "distinct_id": format!("u{}", n % 7), "$insert_id": format!("{n:032x}"),
        "time": SystemClock.now().0 as f64 / 1000.0,
        "plan": (["free", "pro", "team"][n % 3]), "seats": n % 10, "is_trial": n.is_multiple_of(2),
        "ticket": format!("case-{:07}", 4_000_000 + n * 37), "workspace_id": "main",
        "contact": format!("ada{n}@example.com"),
    }})
}

fn send(weir: &Weir, numbers: std::ops::Range<usize>) {
    let body = serde_json::to_vec(&numbers.map(event).collect::<Vec<_>>()).expect("JSON of our own");
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers");
    assert_eq!((answer.status, answer.header("weir-omitted")), (200, None));
}

/// Runs a command on the folders of a Weir: exit code and what it said.
fn run(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let (data, config, keys) = (folder.data().display().to_string(), folder.config(), folder.keys());
    let (config, keys) = (config.display().to_string(), keys.display().to_string());
    let all = [arguments, &["--data", &data, "--config", &config, "--keys", &keys]].concat();
    let output = folder.run(&all, &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("ada") && !said.contains("case-4"), "no value of an event is shown:\n{said}");
    (output.status.code(), said)
}

fn json_of(folder: &Folder, arguments: &[&str]) -> (Option<i32>, Value) {
    let (code, said) = run(folder, &[arguments, &["--json"]].concat());
    (code, serde_json::from_str(&said).unwrap_or_else(|_| panic!("not JSON: {said}")))
}

fn paths(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|c| c["path"].as_str())
        .filter(|p| !p.starts_with("context."))
        .collect()
}

#[test]
fn from_a_tap_to_rules_that_keep_what_was_seen_without_a_finding() {
    let standin = Standin::of_weir();
    let mut setup = Setup::with_subject(&standin.url(), "stable", "{allow: []}");
    setup.sources = setup.sources.replace("enforce", "tap");
    let weir = Weir::start(&setup);
    send(&weir, 0..60);
    let folder = weir.folder();

    let (code, shown) = json_of(folder, &["catalog", "show", "signed_up"]);
    let of_event = &shown["events"][0];
    assert_eq!((code, &of_event["events"], &of_event["source"]), (Some(0), &json!(60), &json!("web")));
    let property = |path: &str| {
        let all = of_event["properties"].as_array().expect("properties");
        all.iter().find(|p| p["path"] == path).unwrap_or_else(|| panic!("{path} is listed")).clone()
    };
    assert_eq!(property("plan")["types"], json!({"string": 60}));
    assert_eq!((property("plan")["different"].as_u64(), property("plan")["fill"].as_f64()), (Some(3), Some(1.0)));
    assert_eq!(property("is_trial")["types"], json!({"boolean": 60}));
    assert_eq!(property("contact")["findings"][0]["category"], "user.contact.email");
    assert_eq!((&property("contact")["withheld_at_gate"], &property("contact")["types"]), (&json!(60), &json!({})));
    assert!(property("ticket")["needs_decision"].is_string());
    let (code, listed) = run(folder, &["catalog", "list"]);
    assert!(code == Some(0) && listed.contains("signed_up") && listed.contains("user.contact.email"), "{listed}");
    assert_eq!(run(folder, &["catalog", "show", "never sent"]).0, Some(1));

    let propose = ["policy", "propose", "--from-observed", "--destination", "product", "--owner", "growth"];
    let (code, proposed) = json_of(folder, &propose);
    assert_eq!(code, Some(1), "something needs a decision");
    assert_eq!(paths(&proposed["allow"]), ["is_trial", "plan", "seats"]);
    assert_eq!(paths(&proposed["needs_decision"]), ["ticket", "workspace_id"]);
    assert_eq!(paths(&proposed["found"]), ["contact"]);
    let (_, yaml) = run(folder, &propose);
    assert!(yaml.contains("- {path: plan, owner: growth, until: "), "{yaml}");
    let (code, said) = run(folder, &[&propose[..], &["--until", "2020-01-01"]].concat());
    assert!(code == Some(2) && said.contains("a day to come"), "{said}");

    let before = std::fs::read_to_string(folder.config()).expect("the configuration");
    // A file that the running Weir does not read.
    let other = folder.config().with_file_name("other.yaml");
    std::fs::write(&other, &before).expect("it can be written");
    let places = [folder.data().to_owned(), folder.keys(), other.clone()].map(|path| path.display().to_string());
    let elsewhere = ["--write", "--data", &places[0], "--keys", &places[1], "--config", &places[2]];
    let output = folder.run(&[&propose[..], &elsewhere].concat(), &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("the running weir reads another file"), "{said}");
    assert_eq!(std::fs::read_to_string(&other).ok(), Some(before.clone()), "it was put back");

    let (_, said) = run(folder, &[&propose[..], &["--write"]].concat());
    assert!(said.contains("is in force"), "{said}");
    let after = std::fs::read_to_string(folder.config()).expect("the configuration");
    assert!(after.len() > before.len() && after.contains("path: plan, owner: growth, until: "), "{after}");
    assert_eq!(standin.event_count(), 0, "nothing of a tap leaves");

    let why = |folder: &Folder, property: &str| {
        let (code, said) = json_of(folder, &["why", "signed_up", property, "--destination", "product"]);
        assert_eq!(code, Some(0), "{said}");
        let answer = said["answers"][0].clone();
        assert_eq!((said["answers"].as_array().map(Vec::len), &answer["source"]), (Some(1), &json!("web")));
        (said, answer)
    };
    let (_, tapped) = why(folder, "plan");
    assert_eq!((&tapped["leaves"], &tapped["rule"]), (&json!(false), &json!("tap")), "{tapped}");
    let step = |folder: &Folder| json_of(folder, &["status", "--events"]).1["events"][0].clone();
    assert_eq!((&step(folder)["step"], &step(folder)["destinations"]), (&json!("tap"), &json!([["product", 0, 6]])));

    // The step up, and what was proposed leaves.
    let (code, said) = run(folder, &["ladder", "up", "web"]);
    assert_eq!(code, Some(0), "{said}");
    send(&weir, 60..80);
    weir.settle();
    assert_eq!(standin.event_count(), 20);
    for (stored, n) in standin.events().iter().zip(60..) {
        let (sent, got) = (event(n), &stored.event["properties"]);
        for path in ["plan", "seats", "is_trial"] {
            assert_eq!(got[path], sent["properties"][path], "{path}");
        }
        for path in ["ticket", "workspace_id", "contact"] {
            assert_eq!(got[path], Value::Null, "{path}");
        }
    }
    let stepped = step(folder);
    assert_eq!(
        (&stepped["step"], &stepped["events"], &stepped["last_24h"]),
        (&json!("observe"), &json!(80), &json!(80))
    );
    assert_eq!(stepped["destinations"], json!([["product", 3, 3]]));
    let (said, plan) = why(folder, "plan");
    assert_eq!(
        (&plan["leaves"], &plan["how"], &plan["basis"]),
        (&json!(true), &json!("leaves"), &json!("the newest such event"))
    );
    let since = said["since"].as_str().expect("the audit ledger says since when").to_owned();
    assert!(since.as_str() < SystemClock.now().to_rfc3339().as_str() && said["generation"].is_string(), "{said}");
    for (property, rule, change) in
        [("ticket", "not_allowed", Some("- {path: ticket, owner: your-team, until: ")), ("contact", "minimised", None)]
    {
        let (_, answer) = why(folder, property);
        assert_eq!((&answer["leaves"], &answer["rule"]), (&json!(false), &json!(rule)), "{answer}");
        assert_eq!(answer["change"].as_str().map(|yaml| yaml.contains(change.unwrap_or("-"))), change.map(|_| true));
    }
    let (code, said) = run(folder, &["why", "signed_up", "contact"]);
    assert!(
        code == Some(0) && said.contains("user.contact.email") && said.contains("no destination can have it"),
        "{said}"
    );
    assert_eq!(run(folder, &["why", "never sent"]).0, Some(1));
    let (code, again) = json_of(folder, &propose);
    assert_eq!((code, paths(&again["allow"])), (Some(1), vec![]), "what leaves is not proposed again");

    // Killed: nothing that was counted is lost, and nothing counted twice.
    let folder = weir.kill();
    let weir = folder.start();
    send(&weir, 80..90);
    let (_, shown) = json_of(&folder, &["catalog", "show", "signed_up", "--source", "web"]);
    assert_eq!(shown["events"][0]["events"], 90);
    let (_, answers) = json_of(&folder, &["why", "signed_up"]);
    let event = &answers["answers"][0];
    assert_eq!((&event["property"], &event["leaves"]), (&Value::Null, &json!(true)), "{event}");
    let before = answers["since"].as_str().map(str::to_owned);
    assert!(
        before.is_some_and(|before| before <= since),
        "a start under the same configuration changes nothing about since when"
    );
    weir.stop();
    let (_, shown) = json_of(&folder, &["catalog", "list"]);
    assert_eq!(
        (&shown["events"][0]["events"], &shown["missed"]),
        (&json!(90), &json!(0)),
        "without a running weir too"
    );
}

#[test]
fn a_development_source_is_told_which_properties_no_destination_gets_and_no_value() {
    let standin = Standin::of_weir();
    let mut setup = Setup::with_subject(&standin.url(), "stable", "{allow: [plan, tags, größe]}");
    setup
        .sources
        .push_str("  lab: {protocol: mixpanel, write_keys: [labkey0123], environment: development, mode: enforce}\n");
    setup.destinations = setup.destinations.replace("stable,", "stable, environments: [production, development],");
    let weir = Weir::start(&setup);
    let omitted = |properties: Value| {
        let mut event = json!({"event": "tried", "properties": properties});
        event["properties"]["token"] = "labkey0123".into();
        event["properties"]["distinct_id"] = "u1".into();
        let body = serde_json::to_vec(&[event]).expect("JSON of our own");
        let headers = [("Content-Type", "application/json"), ("Origin", "https://app.example.com")];
        let request = wire::request("POST", "/in/lab/track", &headers, &body);
        let answer = wire::exchange(weir.ingest(), &request).expect("weir answers");
        assert_eq!(answer.status, 200);
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_owned();
        assert!(exposed.contains("Weir-Omitted"), "{exposed}");
        answer.header("weir-omitted").map(str::to_owned)
    };
    assert_eq!(omitted(json!({"plan": "pro", "tags": ["a"], "größe": 3})), None, "all of it leaves");
    let told = omitted(json!({
        "plan": "ada@example.com", "seats": 4, "note": "call 0170 1234567 tomorrow", "höhe": 1,
        "ada@example.com": 1, "bad\r\nSet-Cookie: x=1": 1, "a\"b": 2, "cart": {"items": [{"price": 3}]}, "$browser": "Chrome",
    }));
    let told = told.expect("something is omitted");
    assert_eq!(told, r#""cart.items.*.price", %"h%c3%b6he", "note", "plan", "seats""#);
    // What the gate finds is as good as not allowed; a name that is not clean is no name.
    let many: serde_json::Map<String, Value> = (0..400)
        .map(|n| (format!("metric {}{}", ['a', 'b', 'c', 'd'][n % 4], "x".repeat(n / 4 + 1)), json!(1)))
        .collect();
    let long = omitted(Value::Object(many)).expect("something is omitted");
    assert!(long.len() <= 1_024 && long.contains("more;n="), "{long}");
    // Sources of production are told nothing.
    send(&weir, 0..1);
}
