//! D6, D7: whoever asks for a person by an address finds what left under each id that they had; and a company finds its own users in an
//! exposure. With real requests of three vendors' SDKs, a running Weir, and one that was killed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::standin::Standin;
use weir_tests::wire;

const DEVICES: [&str; 3] = [
    "1a7c63d2-2f0d-4b62-9a53-0d8c2c2e1f01",
    "2b8d74e3-3f1e-4c73-8b64-1e9d3d3f2f02",
    "3c9e85f4-4f2f-4d84-9c75-2fae4e4f3f03",
];

fn setup(standin: &Standin) -> Setup {
    let mut setup = Setup::with_subject(&standin.url(), "stable", "{allow: [plan, profile.plan]}");
    for (source, protocol) in [("seg", "segment"), ("amp", "amplitude")] {
        setup.sources.push_str(&format!(
            "  {source}: {{protocol: {protocol}, write_keys: [key-of-{source}], environment: production, mode: enforce}}\n"
        ));
    }
    setup
}

fn post(weir: &Weir, target: &str, body: &Value) {
    let answer =
        wire::post(weir.ingest(), target, "application/json", body.to_string().as_bytes()).expect("weir answers");
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
}

/// Each of three people: first nobody knows who is on the device, then they log in and leave an address.
fn journeys(weir: &Weir) {
    let now = SystemClock.now();
    let seconds = now.0 as f64 / 1000.0;
    let properties = |more: Value| {
        let mut all = json!({"token": WRITE_KEY, "time": seconds, "plan": "pro"});
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        all
    };
    let [a, b, c] = DEVICES;
    let on_device = format!("$device:{a}");
    let mixpanel = json!([
        {"event": "Report Exported", "properties": properties(json!({"distinct_id": on_device, "$device_id": a}))},
        {"event": "$identify", "properties": properties(json!({"distinct_id": "user-a", "$user_id": "user-a", "$anon_distinct_id": on_device, "$device_id": a}))},
        {"event": "$create_alias", "properties": properties(json!({"distinct_id": "user-a", "alias": "customer-a"}))},
        {"event": "Report Exported", "properties": properties(json!({"distinct_id": "customer-a", "friend": "somebody-else@example.com"}))},
    ]);
    post(weir, "/in/web/track", &mixpanel);
    post(
        weir,
        "/in/web/engage",
        &json!([{"$token": WRITE_KEY, "$distinct_id": "user-a", "$set": {"$email": "Ada@Example.com"}}]),
    );
    let at = now.to_rfc3339();
    let segment = json!({"writeKey": "key-of-seg", "batch": [
        {"type": "track", "event": "Seat Added", "messageId": "m-1", "anonymousId": b, "properties": {"plan": "pro"}, "timestamp": at},
        {"type": "identify", "messageId": "m-2", "anonymousId": b, "userId": "user-b", "traits": {"email": "grace@example.com"}, "timestamp": at},
    ]});
    post(weir, "/in/seg/v1/batch", &segment);
    let amplitude = json!({"api_key": "key-of-amp", "events": [
        {"event_type": "Page Opened", "device_id": c, "time": now.0, "insert_id": "i-1", "event_properties": {"plan": "pro"}},
        {"event_type": "$identify", "device_id": c, "user_id": "user-c", "time": now.0, "insert_id": "i-2",
         "user_properties": {"$set": {"email": "mary@example.com"}}},
    ]});
    post(weir, "/in/amp/2/httpapi", &amplitude);
}

fn ask(folder: &Folder, arguments: &[&str]) -> (Option<i32>, Value) {
    let (code, out, err) = folder.weir(&[&["ledger", "subject", "--json"], arguments].concat());
    for text in DEVICES.into_iter().chain(["user-", "customer-", "example.com"]) {
        assert!(!out.contains(text), "an answer has no id in clear but none: {out}{err}");
    }
    (code, serde_json::from_str(&out).unwrap_or_default())
}

/// Event and kind of id of each row.
fn rows(answer: &Value) -> BTreeSet<(String, String)> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = answer["rows"].as_array().unwrap_or_else(|| panic!("no rows: {answer}"));
    rows.iter().map(|row| (text(row, "event"), text(row, "kind"))).collect()
}

fn joined(answer: &Value) -> BTreeSet<(&str, &str)> {
    let list = answer["joined"].as_array().expect("a list").iter();
    list.map(|of| (of["kind"].as_str().unwrap_or_default(), of["by"].as_str().unwrap_or_default())).collect()
}

#[test]
fn d6_an_address_finds_what_left_under_the_device_before_anybody_was_known_and_under_each_later_id() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin));
    journeys(&weir);
    weir.settle();
    let folder = weir.folder();

    // Mixpanel: identify, alias and a profile.
    let (code, answer) = ask(folder, &["ADA@example.com "]);
    assert_eq!(code, Some(1), "{answer}");
    let of_a = BTreeSet::from([("user", "e-mail address"), ("user", "alias"), ("device", "device and user")]);
    assert_eq!(joined(&answer), of_a, "{answer}");
    let row = |event: &str, kind: &str| (event.to_owned(), kind.to_owned());
    assert!(rows(&answer).is_superset(&[row("Report Exported", "device"), row("Report Exported", "user")].into()));
    // What the vendor has of this person is what it has of their three ids, and of nobody else's.
    let appears: BTreeSet<&str> =
        answer["rows"].as_array().expect("rows").iter().filter_map(|row| row["as"].as_str()).collect();
    let events = standin.events();
    let arrived: BTreeSet<String> = events
        .iter()
        .filter(|event| event.name() == "Report Exported")
        .filter_map(|event| event.text("distinct_id"))
        .map(|id| id.trim_start_matches("$device:").to_owned())
        .collect();
    assert_eq!(arrived.len(), 2, "the device and the second id");
    assert!(arrived.iter().all(|id| appears.contains(id.as_str())), "{arrived:?} {appears:?}");

    // The same person from each side, and one who was only mentioned.
    for (id, kind) in [("user-a", "user"), ("customer-a", "user"), (DEVICES[0], "device")] {
        let (_, from_here) = ask(folder, &[id]);
        assert_eq!(rows(&from_here), rows(&answer), "{id}");
        let (_, alone) = ask(folder, &[id, "--only"]);
        assert!(rows(&alone).iter().all(|row| row.1 == kind), "{id}: {alone}");
        assert!(rows(&alone).len() < rows(&answer).len() || id == "user-a", "{id}: {alone}");
        assert!(alone["joined"].is_null() && alone["scope"].to_string().contains("this id only, as asked"));
    }
    let (code, friend) = ask(folder, &["somebody-else@example.com"]);
    assert_eq!((code, rows(&friend).len()), (Some(0), 0));
    assert_eq!(friend["not_joined"]["mentioned"], 1);
    assert!(friend["scope"].to_string().contains("may be other people's"), "{friend}");

    // Segment's identify and Amplitude's $identify.
    for (address, event) in [("grace@example.com", "Seat Added"), ("mary@example.com", "Page Opened")] {
        let (_, answer) = ask(folder, &[address]);
        assert!(rows(&answer).contains(&row(event, "device")), "{address}: {answer}");
        assert!(joined(&answer).is_superset(&[("user", "e-mail address"), ("device", "device and user")].into()));
    }
    let (code, out, err) = folder.weir(&["ledger", "subject", "grace@example.com"]);
    assert!(code == Some(1) && out.contains("joined to this one: ") && out.contains("device and user"), "{out}{err}");

    // The index outlives a kill, and a look-up needs no running Weir.
    let folder = weir.kill();
    assert_eq!(rows(&ask(&folder, &["ada@example.com"]).1), rows(&answer));
    // Without the index an answer says that it is of this id only; with a damaged one there is none, but for --only.
    let index = folder.data().join("identity");
    for entry in std::fs::read_dir(&index).expect("the index").map(|entry| entry.expect("an entry").path()) {
        let mut bytes = std::fs::read(&entry).expect("a file");
        let at = bytes.len() - 30;
        bytes[at] ^= 1;
        std::fs::write(&entry, bytes).expect("a file");
    }
    let (code, answer) = ask(&folder, &["user-a"]);
    assert!(code == Some(2) && answer["error"].to_string().contains("--only answers for this id"), "{answer}");
    assert!(matches!(ask(&folder, &["user-a", "--only"]).0, Some(0 | 1)));
    std::fs::remove_dir_all(&index).expect("a folder");
    let (code, answer) = ask(&folder, &["user-b"]);
    assert!(code.is_some_and(|code| code < 2) && answer["scope"].to_string().contains("no identity index"), "{answer}");
}

/// Whether one of these stands in any file below a folder: as hexadecimal or decimal digits, or as the bytes of either order.
fn names_anywhere(dir: &std::path::Path, shorts: &BTreeSet<u64>) -> Option<std::path::PathBuf> {
    for path in std::fs::read_dir(dir).expect("a folder").map(|item| item.expect("an entry").path()) {
        if path.is_dir() {
            if let Some(found) = names_anywhere(&path, shorts) {
                return Some(found);
            }
            continue;
        }
        // The socket, and what is removed meanwhile.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for short in shorts {
            let (hex, text) = (format!("{short:016x}"), short.to_string());
            let forms = [&short.to_be_bytes()[..], &short.to_le_bytes(), hex.as_bytes(), text.as_bytes()];
            if forms.iter().any(|form| bytes.windows(form.len()).any(|window| window == *form)) {
                return Some(path);
            }
        }
    }
    None
}

/// The ids of an answer, as rows bear them.
fn shorts(answer: &Value) -> BTreeSet<u64> {
    let ids = ["rows", "joined"].into_iter().flat_map(|list| answer[list].as_array().into_iter().flatten());
    let both = ids.flat_map(|of| [&of["id"], &of["to"]]);
    both.filter_map(|id| u64::from_str_radix(id.as_str()?, 16).ok()).collect()
}

#[test]
fn d15_an_erased_person_is_in_no_file_of_the_data_folder_and_everybody_else_is_found_as_before() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin));
    journeys(&weir);
    weir.settle();
    // Rows of two files of the log, one of which is read by a start.
    let weir = weir.kill().start();
    journeys(&weir);
    weir.settle();
    let folder = weir.folder();
    let exposure = || {
        let (_, out, err) = folder.weir(&["ledger", "exposure", "--destination", "product", "--json"]);
        serde_json::from_str::<Value>(&out).unwrap_or_else(|_| panic!("{out}{err}"))
    };
    let (ada, grace) = (ask(folder, &["ada@example.com"]).1, ask(folder, &["grace@example.com"]).1);
    let (erased, rows_before) = (shorts(&ada), ada["rows"].as_array().expect("rows").len() as u64);
    let before = exposure();
    assert!(rows_before > 3 && erased.len() == 4, "{ada}");
    assert!(names_anywhere(folder.data(), &erased).is_some());

    let erase = |more: &[&str]| {
        let (code, out, err) = folder.weir(&[&["ledger", "erase", "--json", "ada@example.com"], more].concat());
        (code, serde_json::from_str::<Value>(&out).unwrap_or_default(), err)
    };
    let (code, answer, err) = erase(&[]);
    assert!(code == Some(2) && answer["error"].to_string().contains("--yes"), "{answer}{err}");
    let (code, answer, err) = erase(&["--yes"]);
    assert_eq!((code, &answer["rows"], &answer["joined"]), (Some(0), &json!(rows_before), &json!(3)), "{answer}{err}");
    assert_eq!((&answer["links_gone"], &answer["under_way"]), (&json!(true), &json!(0)), "{answer}");
    assert_eq!(names_anywhere(folder.data(), &erased), None, "no file has them any more");

    // The events are counted on, of nobody; what is proved is proved.
    let after = exposure();
    assert_eq!(after["events"], before["events"]);
    assert_eq!(after["erased"], json!(rows_before), "{after}");
    assert!(after["scope"].to_string().contains("erased: "), "{after}");
    assert_eq!(ask(folder, &["grace@example.com"]).1["rows"], grace["rows"]);
    for with_keys in [false, true] {
        let (code, said) = folder.verify_ledger(with_keys);
        assert_eq!(code, Some(0), "{said}");
        assert!(!with_keys || said.contains(&format!("{rows_before} erased")), "{said}");
    }
    let (_, acts, _) = folder.weir(&["audit-log", "read", "--json"]);
    let place = |word: &str| acts.find(word).unwrap_or_else(|| panic!("{word}: {acts}"));
    assert!(place("ledger_erase") < place("ledger_rows_erase"), "first what was asked, then how many rows go");
    // There is nothing left to erase, and nothing to find.
    assert_eq!(erase(&["--yes"]).1["rows"], json!(0));
    for id in ["ada@example.com", "user-a", "customer-a", DEVICES[0]] {
        let (code, answer) = ask(folder, &[id]);
        assert_eq!((code, rows(&answer).len(), joined(&answer).len()), (Some(0), 0, 0), "{id}: {answer}");
    }

    // After a kill it is as it was; what comes later is recorded anew.
    let weir = weir.kill().start();
    journeys(&weir);
    weir.settle();
    let (_, again) = ask(weir.folder(), &["ada@example.com"]);
    assert_eq!(again["rows"].as_array().expect("rows").len() as u64 * 2, rows_before, "{again}");
}

#[test]
fn an_exposure_names_the_rows_of_the_companys_own_table_that_are_in_it_and_counts_the_ids_that_none_explains() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&setup(&standin));
    journeys(&weir);
    let stranger = json!([{"event": "Report Exported", "properties": {"token": WRITE_KEY, "distinct_id": "user-z", "plan": "free"}}]);
    post(&weir, "/in/web/track", &stranger);
    weir.settle();
    let folder = weir.folder();
    let place = folder.data().join("..");
    let (table, out) = (place.join("users.csv"), place.join("affected.csv"));
    let text = "nr;mail;who;note\r\n1;ada@example.com;user-a;\"first; \"\"one\"\"\"\r\n2;Grace@example.com;;by address\r\n\
                3;;user-c;by id\r\n4;nobody@example.com;user-y;not there\r\n5;;;empty\r\n6;x\r\n7;somebody-else@example.com;;mentioned\r\n";
    std::fs::write(&table, text).expect("a file");
    let (table, out) = (table.display().to_string(), out.display().to_string());
    let columns = ["--id-column", "who", "--email-column", "mail"];
    let exposure = |more: &[&str]| {
        let (code, out, err) = folder.weir(&[&["ledger", "exposure", "--json"], more].concat());
        (code, serde_json::from_str::<Value>(&out).unwrap_or_default(), err)
    };
    let (code, answer, err) =
        exposure(&[&["--destination", "product", "--resolve", &table, "--out", &out], &columns[..]].concat());
    assert_eq!(code, Some(0), "{answer}{err}");
    let resolved = &answer["resolved"];
    let count = |key: &str| resolved[key].as_u64().unwrap_or_else(|| panic!("{key}: {resolved}"));
    assert_eq!(
        [count("affected"), count("not_affected"), count("without_id"), count("unreadable")],
        [3, 2, 1, 1],
        "{resolved}"
    );
    // The table has no user-z, and explains every other id that left.
    assert_eq!((count("subjects"), count("unexplained")), (answer["subjects"].as_u64().unwrap_or(0), 1), "{resolved}");
    let written = std::fs::read_to_string(&out).expect("the list");
    let expected: String = text.split_inclusive('\n').take(4).collect();
    assert_eq!(written, expected, "rows as they stand in the table");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&out).expect("the list").permissions());
    assert_eq!(mode & 0o777, 0o600);

    // The same with a mark before the first row and everything in quotes, as spreadsheets write it.
    let quoted = place.join("quoted.csv");
    std::fs::write(&quoted, "\u{feff}\"id\";\"email\"\r\n\"user-a\";\"\"\r\n\"user-y\";\"Grace@example.com\"\r\n")
        .expect("a file");
    let (_, answer, err) = exposure(&["--destination", "product", "--resolve", &quoted.display().to_string()]);
    assert_eq!(
        (&answer["resolved"]["affected"], &answer["resolved"]["without_id"]),
        (&json!(2), &json!(0)),
        "{answer}{err}"
    );
    assert!(answer["resolved"]["scope"].to_string().contains("its `id` and `email` was read"), "{answer}");
    for (bytes, says) in
        [(&b"id,email\ruser-a,\r"[..], "line feed"), (&b"\xff\xfei\0d\0,\0e\0m\0a\0i\0l\0\n\0"[..], "UTF-8")]
    {
        std::fs::write(&quoted, bytes).expect("a file");
        let (code, answer, _) = exposure(&["--resolve", &quoted.display().to_string()]);
        assert!(code == Some(2) && answer["error"].to_string().contains(says), "{answer}");
    }

    // By id alone fewer ids are explained where nothing joins them; the index joins them all the same.
    let (_, answer, _) = exposure(&["--resolve", &table, "--id-column", "who"]);
    assert_eq!(answer["resolved"]["affected"], 2, "{answer}");
    // Before anything left nobody is affected.
    let (_, answer, _) = exposure(&[&["--to", "2020-01-01", "--resolve", &table], &columns[..]].concat());
    assert_eq!((&answer["resolved"]["affected"], &answer["resolved"]["not_affected"]), (&json!(0), &json!(5)));
    for (more, says) in [
        (vec!["--resolve", &table], "its columns are nr, mail, who, note"),
        (vec!["--resolve", &table, "--id-column", "id"], "has no column `id`"),
        (vec!["--resolve", "/nowhere.csv"], "cannot be read"),
        (vec!["--out", &out], "--resolve"),
    ] {
        let (code, answer, err) = exposure(&more);
        assert!(code == Some(2) && format!("{answer}{err}").contains(says), "{says}: {answer}{err}");
    }
    let inside = folder.data().join("affected.csv").display().to_string();
    for wrong in [inside.as_str(), &table] {
        let (code, answer, _) = exposure(&[&["--resolve", &table, "--out", wrong], &columns[..]].concat());
        assert!(code == Some(2) && answer["error"].is_string(), "{wrong}: {answer}");
    }
    assert_eq!(std::fs::read_to_string(&table).expect("the table"), text);
    // Nothing of the table is in a folder of Weir's.
    let needle = weir_tests::privacy::Needle::new("nobody@example.com");
    let folder = weir.kill();
    weir_tests::privacy::assert_absent_below(&[needle], folder.data());
}
