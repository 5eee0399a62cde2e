//! `weir holdings`: an export of a vendor beside a running Weir and beside none. Who is in it is who is in the ledger; no value stays.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::privacy::files_below;
use weir_tests::standin::Standin;
use weir_tests::wire;

const PLANTED: [&str; 4] = ["augusta.planted", "4111 1111 1111 1111", "summer house", "4111111111111111"];

/// A raw export of Mixpanel: seven people, three of them with a card, all with an e-mail address; in its last days a phone number, too.
fn export(folder: &Folder) -> PathBuf {
    let event = |n: u64| {
        let mut properties = json!({
            "distinct_id": format!("user-{}", n % 7), "$insert_id": format!("{n:032x}"), "time": 1_761_106_053 + n * 86_400,
            "plan": "pro", "email": format!("{}.{n}@example.com", PLANTED[0]), "mp_processing_time_ms": 1,
        });
        if n % 7 < 3 {
            properties["card"] = json!(PLANTED[1]);
        }
        if n >= 20 {
            properties["mobile"] = json!("+1 415 555 0132");
        }
        json!({"event": if n.is_multiple_of(2) { "Signed Up" } else { "Report Exported" }, "properties": properties})
    };
    let text: String = (0..28).map(|n| format!("{}\n", event(n))).collect();
    let path = folder.data().join("../export.ndjson");
    std::fs::write(&path, text).expect("it can be written");
    path
}

fn run(folder: &Folder, args: &[&str]) -> (Option<i32>, Value) {
    let (code, out, err) = folder.weir(&[args, &["--json"]].concat());
    for planted in PLANTED {
        assert!(!out.contains(planted) && !err.contains(planted), "no value is said: {out}{err}");
    }
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}")))
}

fn field<'a>(answer: &'a Value, path: &str) -> &'a Value {
    let fields = answer["fields"].as_array().expect("fields");
    fields.iter().find(|field| field["path"] == path).unwrap_or_else(|| panic!("{path}: {answer}"))
}

fn is_listed(answer: &Value, list: &str, path: &str) -> bool {
    answer[list].as_array().is_some_and(|list| list.iter().any(|line| line["path"] == path))
}

#[test]
fn what_an_exported_event_says_of_the_person_is_held_and_is_no_event_more() {
    let vendor = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&vendor.url(), "stable", "{allow: [plan]}"));
    let folder = weir.folder();
    let line = |n: u64| {
        let event = json!({
            "event_type": "Report Exported", "user_id": format!("user-{}", n % 4), "device_id": format!("device-{}", n % 4),
            "event_time": "2026-10-01 12:00:00.000000", "$insert_id": format!("{n:032x}"), "event_properties": {"plan": "pro"},
            "user_properties": {"email": format!("{}.{n}@example.com", PLANTED[0])},
        });
        format!("{event}\n")
    };
    let path = folder.data().join("../amplitude.ndjson");
    std::fs::write(&path, (0..20).map(line).collect::<String>()).expect("it can be written");
    let file = path.display().to_string();
    let (code, answer) =
        run(folder, &["holdings", "import", "--vendor", "amplitude", "--destination", "product", &file]);
    assert_eq!(code, Some(0), "{answer}");
    assert_eq!((answer["events"].as_u64(), answer["subjects"].as_u64()), (Some(20), Some(4)), "{answer}");
    let fields = answer["fields"].as_array().expect("fields");
    let email = fields.iter().find(|field| field["found"].to_string().contains("user.contact.email"));
    assert_eq!(email.map(|field| field["events"].as_u64()), Some(Some(20)), "{answer}");
}

#[test]
fn what_a_vendor_had_before_weir_is_declared_answered_from_day_one_and_never_added_to_what_weir_sent() {
    let vendor = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&vendor.url(), "stable", "{allow: [plan]}"));
    let folder = weir.folder();
    let file = export(folder).display().to_string();

    let (code, answer) =
        run(folder, &["holdings", "import", "--vendor", "mixpanel", "--destination", "product", &file]);
    assert_eq!(code, Some(0), "{answer}");
    assert_eq!(
        (answer["events"].as_u64(), answer["subjects"].as_u64(), answer["import"].as_u64()),
        (Some(28), Some(7), Some(1))
    );
    assert_eq!(
        (answer["first"].as_str(), answer["last"].as_str().map(|t| &t[..10])),
        (Some("2025-10-22T04:07:33.000Z"), Some("2025-11-18"))
    );
    let email = field(&answer, "email");
    assert_eq!((email["events"].as_u64(), email["subjects"].as_u64()), (Some(28), Some(7)));
    assert!(email["found"].to_string().contains("user.contact.email"), "{email}");
    let card = field(&answer, "card");
    assert_eq!((card["events"].as_u64(), card["subjects"].as_u64()), (Some(12), Some(3)));
    // The card before the address, with Mixpanel's own tool.
    let delete: Vec<&str> =
        answer["delete"].as_array().expect("a list").iter().filter_map(|l| l["name"].as_str()).collect();
    assert_eq!(delete.first_chunk(), Some(&["card", "email"]));
    assert!(answer["delete_with"].to_string().contains("data-deletions"), "{answer}");

    // The same files again are the same evidence only where they are read at the same instant: it is a second import, beside the first.
    let (code, twice) = run(folder, &["holdings", "import", "--vendor", "mixpanel", "--to", "2025-10-31", &file]);
    assert_eq!((code, twice["events"].as_u64(), twice["outside"].as_u64()), (Some(0), Some(10), Some(18)), "{twice}");
    // What only the days that were left out had is in neither list.
    assert!(is_listed(&answer, "fields", "mobile") && is_listed(&answer, "delete", "mobile"), "{answer}");
    assert!(!is_listed(&twice, "fields", "mobile") && !is_listed(&twice, "delete", "mobile"), "{twice}");
    for line in ["fields", "delete"].iter().flat_map(|list| twice[list].as_array().expect("a list")) {
        assert!(line["events"].as_u64() > Some(0), "{line}");
    }
    let elsewhere = folder.run(&["holdings", "list", "--data", "no-such-folder"], &[]);
    assert_eq!(elsewhere.status.code(), Some(2), "another folder has no import either, and that is no answer");
    let (_, list) = run(folder, &["holdings", "list"]);
    assert_eq!(list["holdings"].as_array().map(Vec::len), Some(2));
    let (code, _) = run(folder, &["holdings", "remove", "2", "--confirm", "2"]);
    assert_eq!(code, Some(0));

    // Day one: Weir has sent nothing, and the answer is there.
    let (code, answer) = run(folder, &["ledger", "exposure", "--vendor", "mixpanel"]);
    assert_eq!((code, answer["events"].as_u64(), answer["subjects"].as_u64()), (Some(0), Some(0), Some(0)));
    assert_eq!(
        (answer["holdings"][0]["subjects"].as_u64(), answer["holdings"][0]["evidence"].as_str()),
        (Some(7), Some("declared"))
    );

    // The same people through Weir: counted beside it, and the id finds both.
    let events = (0..14_u64).map(|n| {
        json!({"event": "Signed Up", "properties": {"token": WRITE_KEY, "distinct_id": format!("user-{}", n % 7), "plan": "pro"}})
    });
    let body = serde_json::to_vec(&events.collect::<Value>()).expect("JSON of our own");
    assert_eq!(wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("an answer").status, 200);
    weir.settle();
    let (_, answer) = run(folder, &["ledger", "exposure", "--destination", "product"]);
    assert_eq!((answer["events"].as_u64(), answer["subjects"].as_u64()), (Some(14), Some(7)), "no import is in it");
    assert_eq!(answer["holdings"][0]["events"].as_u64(), Some(28));
    let (_, answer) = run(folder, &["ledger", "exposure", "--destination", "product", "--from", "2026-01-01"]);
    assert_eq!(answer["holdings"], json!([]), "it is of another time");
    let subject = |id: &str| {
        let (code, out, _) = folder.weir(&["ledger", "subject", id, "--json"]);
        let answer: Value = serde_json::from_str(&out).expect("JSON");
        let items = answer["holdings"][0]["items"].as_array().cloned().unwrap_or_default();
        let items: BTreeSet<String> =
            items.iter().filter_map(|item| item["path"].as_str().map(str::to_owned)).collect();
        (code, answer["rows"].as_array().map_or(0, Vec::len), items)
    };
    let (code, rows, items) = subject("user-1");
    assert!(code == Some(1) && rows == 2 && items.contains("card") && items.contains("email"), "{items:?}");
    let (_, rows, items) = subject("user-5");
    assert!(rows == 2 && !items.contains("card") && items.contains("email"), "{items:?}");
    assert_eq!(subject("user-8"), (Some(0), 0, BTreeSet::new()));

    // Page, table, and no value in any file of the data folder.
    let page = folder.data().join("../exposure.html");
    let csv = folder.data().join("../exposure.csv");
    let args = [
        "ledger",
        "exposure",
        "--vendor",
        "mixpanel",
        "--html",
        &page.display().to_string(),
        "--csv",
        &csv.display().to_string(),
    ];
    assert_eq!(run(folder, &args).0, Some(0));
    let (page, csv) =
        (std::fs::read_to_string(page).expect("the page"), std::fs::read_to_string(csv).expect("the table"));
    assert!(page.contains("Before Weir, as declared: import 1") && csv.contains("declared by import 1"));
    assert!(PLANTED.iter().all(|planted| !page.contains(planted) && !csv.contains(planted)));
    for file in files_below(&folder.data().join("holdings")) {
        let bytes = std::fs::read(&file).expect("a file");
        let held = PLANTED.iter().find(|planted| bytes.windows(planted.len()).any(|w| w == planted.as_bytes()));
        assert_eq!(held, None, "{}", file.display());
    }
    assert!(folder.verify_ledger(true).0.is_some_and(|code| code == 0));

    // Without a running Weir: the same commands, under the lock of the folder; and a changed file is not believed.
    let folder = weir.kill();
    let (code, third) = run(&folder, &["holdings", "import", "--vendor", "elsewhere", &file]);
    assert_eq!((code, third["import"].as_u64()), (Some(0), Some(3)), "{third}");
    let changed = folder.data().join("holdings").join(third["digest"].as_str().expect("a digest"));
    let mut bytes = std::fs::read(&changed).expect("the file");
    bytes[40] ^= 1;
    std::fs::write(&changed, bytes).expect("it can be written");
    let (code, out) = run(&folder, &["ledger", "exposure", "--vendor", "mixpanel"]);
    assert!(
        code == Some(0) && out["scope"].to_string().contains("the file of import 3 is gone or was changed"),
        "{out}"
    );
    for ask in [&["destination", "view", "product"][..], &["ledger", "postcard", "user-1", "--destination", "product"]]
    {
        let (_, out) = run(&folder, ask);
        assert!(out["scope"].to_string().contains("the file of import 3 is gone or was changed"), "{out}");
    }
    let (code, list) = run(&folder, &["holdings", "remove", "3", "--confirm", "3"]);
    assert_eq!((code, list["holdings"].as_array().map(Vec::len)), (Some(0), Some(1)), "{list}");
    assert!(!changed.exists());
    assert!(folder.verify_ledger(true).0.is_some_and(|code| code == 0));
}
