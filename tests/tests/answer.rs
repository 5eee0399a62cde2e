//! The page that a customer gets, in a browser: it checks itself offline, and what is tampered with in it turns red. And the letters and
//! proofs that hold a running Weir to what it signed.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::pages::{self, SCREENS};
use weir_tests::standin::Standin;
use weir_tests::wire;

fn events(weir: &Weir, numbers: std::ops::Range<u64>) {
    let event = |n: u64| {
        json!({"event": if n.is_multiple_of(2) { "Report Exported" } else { "Page Viewed" }, "properties": {
            "token": WRITE_KEY, "distinct_id": format!("user-{}", n % 7), "$insert_id": format!("{n:032x}"), "plan": "pro", "seats": 4,
            "time": SystemClock.now().0 as f64 / 1000.0, "email": "ada@example.com", "card": "4111 1111 1111 1111",
        }})
    };
    let body = serde_json::to_vec(&numbers.map(event).collect::<Value>()).expect("JSON of our own");
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers");
    assert_eq!(answer.status, 200);
}

/// A command that needs the data folder and nothing else.
fn told(folder: &Folder, words: &[&str]) -> (Option<i32>, String) {
    let data = folder.data().display().to_string();
    let output = folder.run(&[words, &["--data", &data]].concat(), &[]);
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn json(folder: &Folder, words: &[&str]) -> (Option<i32>, Value) {
    let (code, out) = told(folder, &[words, &["--json"]].concat());
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}")))
}

#[test]
fn a_page_for_one_person_is_not_made_where_a_device_was_used_under_other_user_ids() {
    let product = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&product.url(), "{rotating: 7d}", "{allow: [plan]}"));
    let folder = weir.folder();
    let event = |n: u64, user: &str| {
        json!({"event": "Report Exported", "properties": {
            "token": WRITE_KEY, "distinct_id": user, "$user_id": user, "$device_id": "tablet-in-the-hall", "$insert_id": format!("{n:032x}"),
            "time": SystemClock.now().0 as f64 / 1000.0,
        }})
    };
    let body = serde_json::to_vec(&json!([event(1, "user-ann"), event(2, "user-ben")])).expect("JSON of our own");
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers");
    assert_eq!(answer.status, 200);
    weir.settle();
    let page = folder.data().join("../answer.html");
    let html = page.to_str().expect("a path of ours");
    let (code, out, err) = folder.weir(&["ledger", "answer", "user-ann", "--html", html]);
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(format!("{out}{err}").contains("ask with --only") && !page.exists(), "{out}{err}");
    let (code, out, err) = folder.weir(&["ledger", "answer", "user-ann", "--only", "--html", html, "--json"]);
    let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!((code, answer["rows"].as_array().map(Vec::len)), (Some(1), Some(1)), "{answer}");
}

#[test]
fn the_page_of_an_answer_checks_itself_offline_and_whatever_is_tampered_with_in_it_turns_red() {
    let product = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&product.url(), "{rotating: 7d}", "{allow: [plan]}"));
    let folder = weir.folder();
    (0..4).for_each(|round| {
        events(&weir, 30 * round..30 * round + 30);
        weir.settle();
    });
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("answer-page");
    std::fs::create_dir_all(&pictures).expect("there is a folder");
    let page = pictures.join("answer.html");
    let html = page.to_str().expect("a path of ours");
    let (code, out, err) =
        folder.weir(&["ledger", "answer", "user-3", "--html", html, "--by", "Example <Ltd>", "--json"]);
    let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!(code, Some(1), "{answer}{err}");
    let of_user = product.events().iter().filter(|event| event.text("plan").is_some()).count();
    let rows = answer["rows"].as_array().expect("a list").len();
    assert!(rows >= 16 && rows < of_user, "{rows} of {of_user}");
    assert!(
        answer["withheld"].as_array().is_some_and(|list| list.iter().any(|line| line["field"] == "email")),
        "{answer}"
    );

    let report = pages::look("browser/answer.mjs", &page, &pictures);
    for name in SCREENS {
        let view = &report["views"][name];
        assert_eq!(view["kind"], "banner good", "{name}: {view}");
        assert_eq!((view["bad"].as_u64(), view["rows"].as_u64()), (Some(0), Some(rows as u64)), "{name}: {view}");
        assert_eq!(view["good"], view["rows"], "{name}");
        assert_eq!(view["states"], json!(["checked"]), "{name}");
        assert_eq!(view["title"], "What left about you", "{name}");
    }
    let tampered = report["tampered"].as_object().expect("a list");
    assert_eq!(tampered.len(), 17);
    for (what, view) in tampered {
        assert_eq!(view["changed"], true, "{what}: the test changed nothing");
        assert_eq!(view["kind"], "banner bad", "{what}: {view}");
        assert_eq!(view["color"], "rgb(163, 22, 27)", "{what} is red");
        let of_rows =
            !["an event that is left out", "a field that is left out", "the fingerprint"].contains(&what.as_str());
        let is_named = view["bad"].as_u64() > Some(0) || what == "the head of the list" || !of_rows;
        assert!(is_named, "{what}: {view}");
        if view["bad"].as_u64() > Some(0) {
            assert_eq!(view["badColors"], json!(["rgb(163, 22, 27)"]), "{what}");
        }
    }
    assert_eq!(report["added"], json!({"title": "What left about you", "complained": true}), "no other script runs");
    let view = &report["withoutSignatures"];
    assert_eq!(
        (&view["kind"], &view["states"]),
        (&json!("banner"), &json!(["in the list; signature not checked"])),
        "{view}"
    );
    assert!(view["banner"].as_str().is_some_and(|text| text.contains("this browser cannot check Ed25519")), "{view}");
    let plain = report["withoutScripts"].as_str().unwrap_or_default();
    for words in
        ["Report Exported", "Nothing was checked yet", "personal data, a secret or free text", "Example <Ltd> answers"]
    {
        assert!(plain.contains(words), "{words}: {plain}");
    }
    let written = std::fs::read_to_string(&page).expect("it was written");
    assert!(!written.contains("http://") && !written.contains("https://"), "it names no place elsewhere");
    assert!(!written.contains("ada@example.com") && !written.contains("4111"), "no value is in it");
}

#[test]
fn a_letter_is_held_against_the_ledger_of_a_later_day_and_a_proof_is_checked_without_it() {
    let product = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&product.url(), "{rotating: 7d}", "{allow: [plan]}"));
    let folder = weir.folder();
    let at = |name: &str| folder.config().with_file_name(name).display().to_string();
    let letter = |name: &str| {
        let (code, out) = told(folder, &["ledger", "checkpoint"]);
        assert_eq!(code, Some(0), "{out}");
        std::fs::write(at(name), out.lines().map(|line| format!("> {line}\r\n")).collect::<String>())
            .expect("it is written");
    };
    events(&weir, 0..10);
    weir.settle();
    letter("monday");
    events(&weir, 10..40);
    weir.settle();
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    letter("friday");
    let (code, said) = json(folder, &["ledger", "check-checkpoint", &at("monday")]);
    assert_eq!((code, &said["checkpoints"][0]["extended"]), (Some(0), &json!(true)), "{said}");
    assert!(said["checkpoints"][0]["now"].as_u64() > said["checkpoints"][0]["size"].as_u64(), "{said}");

    let (code, said) =
        json(folder, &["ledger", "consistency", &at("friday"), &at("monday"), "--out", &at("week.proof")]);
    assert_eq!((code, said["signed"].as_u64()), (Some(0), Some(2)), "{said}");
    let key = json(folder, &["ledger", "checkpoint", "--key"]).1["verifier_key"].as_str().expect("a key").to_owned();
    let alone = |proof: &str| {
        let words = ["ledger", "consistency", "--json", "--key", &key, "--proof", proof];
        let output =
            Command::new(weir_tests::harness::binary()).args(words).current_dir("/").output().expect("weir runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = alone(&at("week.proof"));
    assert_eq!(code, Some(0), "{said}");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verifiers/consistency.py");
    let stranger = Command::new("python3").arg(script).args([&at("week.proof"), &key]).output().expect("python runs");
    assert!(stranger.status.success(), "{}", String::from_utf8_lossy(&stranger.stdout));
    let text = std::fs::read_to_string(at("week.proof")).expect("it was written");
    let first = text.lines().nth(4).expect("a hash").to_owned();
    let changed = format!("{}{}", if first.starts_with('A') { 'B' } else { 'A' }, &first[1..]);
    std::fs::write(at("bad.proof"), text.replace(&first, &changed)).expect("it is written");
    let (code, said) = alone(&at("bad.proof"));
    assert!(code == Some(1) && said.contains("not_shown"), "{said}");
    let (code, said) = told(folder, &["ledger", "check-checkpoint", &folder.config().display().to_string()]);
    assert_eq!(code, Some(2), "{said}");
}
