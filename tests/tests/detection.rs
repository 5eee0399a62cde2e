//! What is found in values, end to end, as users ask for it: detectors of one's own, explained findings, marks, nothing called clean.

use std::process::Command;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir, binary};
use weir_tests::privacy::{Needle, assert_nowhere};
use weir_tests::standin::Standin;
use weir_tests::wire;

fn send(weir: &Weir, event: &str, mut properties: Value) {
    properties["token"] = json!(WRITE_KEY);
    properties["distinct_id"] = json!("u1");
    properties["time"] = json!(SystemClock.now().0 as f64 / 1000.0);
    let body = json!([{"event": event, "properties": properties}]).to_string();
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", body.as_bytes()).expect("weir answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// What the vendor has of a property, in all events that it got.
fn arrived(standin: &Standin, key: &str) -> Vec<String> {
    let events = standin.events();
    let values = events.iter().filter_map(|e| e.properties().get(key).cloned());
    values.map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect()
}

fn audit_entries(weir: &Weir) -> u64 {
    weir.metrics().sum("weir_audit_entries_total", &[])
}

fn run(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let (code, said, error) = folder.weir(arguments);
    (code, said + &error)
}

/// A command that needs no folder.
fn offline(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let output = folder.run(arguments, &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

fn json_of(folder: &Folder, arguments: &[&str]) -> (Option<i32>, Value) {
    let (code, said) = run(folder, &[arguments, &["--json"]].concat());
    (code, serde_json::from_str(&said).unwrap_or_else(|_| panic!("not JSON: {said}")))
}

fn explained(folder: &Folder, event: &str, property: &str) -> Value {
    // By being asked for it takes in what the journal holds.
    run(folder, &["catalog", "list"]);
    let (code, said) = json_of(folder, &["detect", "explain", event, property]);
    assert_eq!(code, Some(0), "{said}");
    said["properties"][0].clone()
}

const OWN: &str = r#"detectors:
  - name: staff_number
    regex: '\bEMP-\d{6}\b'
    category: user.account.username
    matches: ['EMP-004711', 'asked by EMP-004711 today']
    not: ['TEMP-004711', 'EMP-47']
  - name: club_card
    regex: '\b\d{9}\b'
    category: user.government_id.national_identification_number
    validator: luhn
    keys: [club_card]
    matches: ['123456782']
    not: ['123456789']
"#;

#[test]
fn acceptance_14_a_detector_of_ones_own_for_a_local_id_works_from_the_configuration_to_the_vendor() {
    let standin = Standin::of_weir();
    let release = "{allow: [note, seen, club_card], rules: [{category: user.account.username, action: drop}, {property: seen, action: pseudonymize}]}";
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "stable", release).and(OWN));
    let folder = weir.folder();
    let (code, said) = offline(folder, &["detect", "--test", "--config", &folder.config().display().to_string()]);
    assert!(code == Some(0) && said.contains("staff_number") && said.contains("2 detectors, 0 problems"), "{said}");

    // The same ones on standard input.
    let leaf = r#"{"k":"note","t":"s","v":"EMP-004711"}"#;
    let file = folder.config().with_file_name("leaf.ndjson");
    std::fs::write(&file, leaf).expect("it can be written");
    let input = std::fs::File::open(&file).expect("it is there");
    let output = Command::new(binary()).args(["detect", "--config"]).arg(folder.config()).stdin(input).output();
    let said = String::from_utf8_lossy(&output.expect("weir runs").stdout).into_owned();
    assert!(said.contains("detector:staff_number"), "{said}");
    send(&weir, "asked", json!({"note": "EMP-004711"}));
    send(&weir, "asked", json!({"note": "by%20EMP-004711"}));
    send(&weir, "asked", json!({"note": "EMP 47"}));
    send(&weir, "asked", json!({"club_card": "123456782", "seen": "EMP-100200"}));
    send(&weir, "asked", json!({"club_card": "123456789"}));
    weir.settle();
    assert_eq!(arrived(&standin, "note"), ["EMP 47"], "a rule by the category takes away what was found");
    assert_eq!(arrived(&standin, "club_card"), ["123456789"], "an id of a state never gets past the gate");
    assert_eq!(arrived(&standin, "seen"), Vec::<String>::new());
    assert_nowhere(&["EMP-004711", "EMP-100200", "123456782"].map(Needle::new), &standin, &weir);
    let why = explained(folder, "asked", "note");
    let found = &why["findings"][0];
    let evidence = found["evidence"].as_str();
    assert!(found["detector"] == "staff_number" && matches!(evidence, Some("shape" | "decoded")), "{why}");
    assert!(found["actor"].as_str().is_some_and(|actor| actor.starts_with("weir.yaml, generation ")), "{why}");

    // The same category under another policy: it leaves as a pseudonym.
    let mut other = Setup::with_subject(
        &standin.url(),
        "stable",
        "{allow: [note], rules: [{property: note, action: pseudonymize}]}",
    );
    other.more.push_str(OWN);
    folder.configure(&other);
    assert_eq!(run(folder, &["reload", "--force"]).0, Some(0));
    send(&weir, "asked", json!({"note": "EMP-004711"}));
    weir.settle();
    let notes = arrived(&standin, "note");
    assert!(notes.len() == 2 && notes[1].len() == 36 && !notes[1].contains("4711"), "{notes:?}");
}

#[test]
fn acceptance_14_a_detector_that_fails_its_own_cases_never_comes_into_force() {
    let standin = Standin::of_weir();
    let setup = Setup::with_subject(&standin.url(), "stable", "{allow: [note]}");
    let weir = Weir::start(&setup);
    let folder = weir.folder();
    folder.configure(&setup.and(&OWN.replace("EMP-47'", "EMP-004711'")));
    let config = folder.config().display().to_string();
    let (code, said) = offline(folder, &["config", "check", "--without-secrets", &config]);
    assert!(code == Some(1) && said.contains("detectors[0]") && said.contains("case 2 of `not` is found"), "{said}");
    let (code, said) = offline(folder, &["detect", "--test", "--config", &config]);
    assert!(code == Some(1) && said.contains("staff_number: case 2 of `not` is found"), "{said}");
    assert_ne!(run(folder, &["reload"]).0, Some(0), "the old configuration stays");
}

#[test]
fn d16_what_waits_is_looked_at_again_by_detectors_that_are_newer_than_its_record() {
    let standin = Standin::of_weir();
    let setup = Setup::with_subject(&standin.url(), "stable", "{allow: [club_card, plan]}");
    let weir = Weir::start(&setup);
    let folder = weir.folder();
    assert_eq!(run(folder, &["destination", "suspend", "product"]).0, Some(0));
    send(&weir, "joined", json!({"club_card": "123456782", "plan": "gold"}));
    folder.configure(&setup.and(OWN));
    assert_eq!(run(folder, &["reload", "--force"]).0, Some(0));
    assert_eq!(run(folder, &["destination", "resume", "product"]).0, Some(0));
    weir.settle();
    assert_eq!((arrived(&standin, "plan"), arrived(&standin, "club_card")), (vec!["gold".to_owned()], vec![]));
}

const NOTE: &str = "please call me back tomorrow about the invoice that I have sent you last week";

#[test]
fn acceptance_12_what_is_marked_as_found_in_error_stays_away_and_is_on_record() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "stable", "{allow: [note, email_verified, contact]}"));
    let folder = weir.folder();
    send(&weir, "exported", json!({"note": NOTE, "email_verified": true, "contact": "ada@example.com"}));
    weir.settle();
    assert_eq!(arrived(&standin, "email_verified"), ["true"], "a flag is no e-mail address");
    assert_eq!((arrived(&standin, "note"), arrived(&standin, "contact")), (vec![], vec![]));

    let mark = |category: &str, property: &str, more: &[&str]| {
        let fixed = ["detect", "mark", "--false-positive", "--event", "exported", "--property", property];
        run(folder, &[&fixed[..], &["--category", category, "--reason", "titles that we generate"], more].concat())
    };
    // First it is shown; a change is staged.
    let before = std::fs::read_to_string(folder.config()).expect("the configuration");
    let recorded = audit_entries(&weir);
    let (code, said) = mark("free_text", "note", &["--dry-run"]);
    assert!(code == Some(0) && said.contains("nothing was changed") && said.contains("+false_positives:"), "{said}");
    assert_eq!(std::fs::read_to_string(folder.config()).ok(), Some(before.clone()));
    for category in ["user.contact.email", "user.financial.credit_card", "secret.token"] {
        let (code, said) = mark(category, "contact", &[]);
        assert!(code == Some(1) && said.contains("cannot be marked"), "{said}");
    }
    assert_eq!((audit_entries(&weir), mark("no.such", "note", &[]).0), (recorded, Some(1)));

    let (code, said) = mark("free_text", "note", &["--until", "2199-12-31"]);
    assert!(code == Some(0) && said.contains("is in force"), "{said}");
    assert_eq!(audit_entries(&weir), recorded + 2, "the mark, and since when it is in force");
    assert_eq!(mark("free_text", "note", &[]).0, Some(1), "it is marked already");
    send(&weir, "exported", json!({"note": NOTE}));
    send(&weir, "sent", json!({"note": NOTE}));
    send(&weir, "exported", json!({"note": format!("{NOTE}: ada@example.com")}));
    weir.settle();
    assert_eq!(arrived(&standin, "note"), [NOTE], "not at another event, and not with an address in it");
    let (_, why) = json_of(folder, &["why", "exported", "note"]);
    let marked = &why["answers"][0]["marks"][0];
    assert_eq!(
        (&marked["category"], &marked["reason"]),
        (&json!("free_text"), &json!("titles that we generate")),
        "{why}"
    );
    assert!(
        marked["actor"].as_str().is_some_and(|actor| actor.starts_with("user ")) && marked["at"].is_string(),
        "{why}"
    );
    assert!(run(folder, &["why", "exported", "note"]).1.contains("free_text is marked as found in error, by user "));

    // A mark that is over does not hold, nor does the file's word suffice for what may not be marked.
    let over = std::fs::read_to_string(folder.config()).expect("the configuration").replace("2199-12-31", "2020-12-31");
    std::fs::write(folder.config(), over).expect("it can be written");
    assert_eq!(run(folder, &["reload"]).0, Some(0));
    send(&weir, "exported", json!({"note": NOTE}));
    weir.settle();
    assert_eq!(arrived(&standin, "note").len(), 1);
    let card = "false_positives: [{event: a, property: b, category: user.financial.credit_card, reason: c}]\n";
    std::fs::write(folder.config(), before + card).expect("it can be written");
    let (code, said) = run(folder, &["reload"]);
    assert!(code != Some(0) && said.contains("cannot be marked"), "{said}");
}

#[test]
fn acceptance_11_each_finding_names_detector_evidence_time_and_actor_and_shows_a_shape_at_most() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "stable", "{allow: [plan]}"));
    let folder = weir.folder();
    send(&weir, "signed_up", json!({"referrer": "grace.hopper@example.org", "paid_with": "4242 4242 4242 4242"}));
    weir.settle();
    let of = explained(folder, "signed_up", "referrer");
    let found = &of["findings"][0];
    assert_eq!((&found["category"], &found["detector"]), (&json!("user.contact.email"), &json!("email")), "{of}");
    assert_eq!((&found["evidence"], &found["shape"]), (&json!("shape"), &json!("a+.a+@a+.a+")), "{of}");
    for key in ["first", "last", "likelihood", "actor"] {
        assert!(found[key].is_string(), "{key} in {of}");
    }
    let (code, said) = run(folder, &["detect", "explain", "signed_up", "paid_with"]);
    assert!(
        code == Some(0) && said.contains("by detector payment_card of weir ") && said.contains("0+ 0+ 0+ 0+"),
        "{said}"
    );
    assert!(!said.contains("4242") && !of.to_string().contains("hopper"));
    assert_ne!(run(folder, &["detect", "explain", "signed_up", "never_sent"]).0, Some(0));
}

#[test]
fn acceptance_13_a_name_is_enough_a_value_is_enough_and_what_is_not_known_is_not_called_clean() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "stable", "{allow: [plan]}"));
    let folder = weir.folder();
    send(&weir, "clicked", json!({"email": null, "button_text": "ada@example.com", "plan": "pro"}));
    weir.settle();
    let by_name = explained(folder, "clicked", "email");
    assert_eq!(by_name["by_name"][0][0], "user.contact.email", "before any value was seen: {by_name}");
    let by_value = explained(folder, "clicked", "button_text");
    assert_eq!(
        (&by_value["standing"], &by_value["findings"][0]["category"]),
        (&json!("tagged"), &json!("user.contact.email"))
    );
    assert_eq!(explained(folder, "clicked", "plan")["standing"], "undecided", "one value says nothing");
    for _ in 0..40 {
        send(&weir, "clicked", json!({"plan": "pro"}));
    }
    weir.settle();
    assert_eq!(explained(folder, "clicked", "plan")["standing"], "nothing found");
    let (_, said) = run(folder, &["catalog", "show", "clicked"]);
    assert!(
        said.contains("by its name user.contact.email") && said.contains("undecided") && !said.contains("clean"),
        "{said}"
    );
}

#[test]
fn a_class_that_was_never_seen_at_a_property_before_is_an_alert() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "stable", "{allow: [plan]}"));
    let folder = weir.folder();
    let event = |text: &str| {
        json!({"event": "clicked", "properties": {"token": WRITE_KEY, "distinct_id": "u1",
        "time": SystemClock.now().0 as f64 / 1000.0, "button_text": text}})
    };
    for _ in 0..21 {
        let body = json!((0..50).map(|_| event("Save")).collect::<Vec<_>>()).to_string();
        let answer =
            wire::post(weir.ingest(), "/in/web/track", "application/json", body.as_bytes()).expect("weir answers");
        assert_eq!(answer.status, 200);
    }
    send(&weir, "clicked", json!({"button_text": "ada@example.com"}));
    weir.settle();
    let of = explained(folder, "clicked", "button_text");
    assert_eq!((&of["standing"], &of["findings"][0]["never_seen_before"]), (&json!("found"), &json!(true)), "{of}");
    let (_, status) = json_of(folder, &["status", "--events"]);
    assert_eq!(status["events"][0]["new_classes"], json!([["button_text", "user.contact.email"]]), "{status}");
    weir.wait_until("there is an alert", || run(folder, &["alerts"]).1.contains("never seen there before"));
}
