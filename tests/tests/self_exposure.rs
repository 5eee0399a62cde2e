//! `weir ledger exposure --self`, held against the files: what it says that a thief of the disk cannot read is not in them.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, VENDOR_TOKEN, WRITE_KEY, Weir};
use weir_tests::privacy::files_below;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::wire;

/// A value that a destination may have, an id, and a name of an event that is data.
const VALUE: &str = "plan-zanzibar-4711";
const PERSON: &str = "user-quetzal-0815";
const UNCLEAN: &str = "bought by quetzal@people.example";

fn event(weir: &Weir, name: &str, n: u64) {
    let event = json!([{"event": name, "properties": {
        "token": WRITE_KEY, "distinct_id": PERSON, "$insert_id": format!("{n:032x}"), "plan": VALUE,
        "time": SystemClock.now().0 as f64 / 1000.0,
    }}]);
    let body = serde_json::to_vec(&event).expect("JSON of our own");
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers");
    assert_eq!(answer.status, 200);
}

fn ask(folder: &Folder, more: &[&str]) -> Value {
    let (code, out, err) = folder.weir(&[&["ledger", "exposure", "--self", "--json"], more].concat());
    assert_eq!(code, Some(0), "{out}{err}");
    serde_json::from_str(&out).expect("JSON")
}

fn asset<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let assets = answer["assets"].as_array().expect("assets");
    assets.iter().find(|asset| asset["asset"] == name).unwrap_or_else(|| panic!("no {name}: {answer}"))
}

fn holds(file: &Path, what: &str) -> bool {
    std::fs::read(file).unwrap_or_default().windows(what.len()).any(|window| window == what.as_bytes())
}

#[test]
fn what_a_thief_of_the_disk_cannot_read_is_not_in_the_files_and_what_he_can_is_said() {
    let (standin, refusing) = (Standin::of_weir(), Standin::of_weir());
    refusing.always(Fault::status(400));
    let place = tempfile::tempdir().expect("a folder can be made");
    let secret = place.path().join("token");
    std::fs::write(&secret, VENDOR_TOKEN).expect("a file can be written");
    let files = place.path().join("files");
    let mut setup = Setup::with_subject(&standin.url(), "{rotating: 7d}", "{allow: [plan]}");
    setup.destinations.push_str(&format!(
        "  refused: {{type: mixpanel, subject: stable, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], token: {{file: {}}}, release: {{allow: [plan]}}}}\n  \
         copies: {{type: files, subject: stable, compression: none, files: {{path: {}, roll: {{every: 1s}}}}, release: {{allow: [plan]}}}}\n  \
         named: {{type: mixpanel, subject: raw, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], token: {{env: PRODUCT_TOKEN}}, release: {{allow: [plan]}}}}\n",
        refusing.url(),
        secret.display(),
        files.display(),
        standin.url(),
    ));
    let weir = Weir::start(&setup);
    (0..20).for_each(|n| event(&weir, "Report Exported", n));
    event(&weir, UNCLEAN, 99);
    let there = |name: &str| !files_below(&weir.folder().data().join(name)).is_empty();
    weir.wait_until("something is held", || there("hold/raw"));
    weir.wait_until("something is refused", || there("hold/rejected"));
    weir.wait_until("files are written", || files_below(&files).iter().any(|file| holds(file, VALUE)));
    let folder = weir.folder();
    let page = place.path().join("self.html");
    let answer = ask(folder, &["--html", &page.display().to_string()]);

    // The sealed and the keyed: neither a value nor an id nor the unclean name is in any file of the data folder.
    for file in files_below(folder.data()) {
        for planted in [VALUE, PERSON, UNCLEAN] {
            assert!(!holds(&file, planted), "{} holds {planted}", file.display());
        }
    }
    for (name, disk, both) in [
        ("journal", "traces", "content"),
        ("raw ids", "nothing", "content"),
        ("raw hold", "traces", "content"),
        ("quarantine", "traces", "content"),
        ("ledger", "lines", "testable"),
        ("catalog", "names", "names"),
        ("audit log", "names", "names"),
        ("key ring", "nothing", "testable"),
        ("folder of files", "content", "content"),
        ("secrets of vendors", "content", "content"),
    ] {
        let sees = &asset(&answer, name)["thief_of"];
        assert_eq!((sees["the disk"].as_str(), sees["both"].as_str()), (Some(disk), Some(both)), "{name}");
        // Who takes more learns no less.
        let words = ["nothing", "traces", "names", "lines", "testable", "content"];
        let rank = |thief: &str| words.iter().position(|word| sees[thief] == **word).expect("a word");
        assert!(
            rank("both") >= rank("the disk").max(rank("the keys")) && rank("a backup") <= rank("the disk"),
            "{name}"
        );
    }
    // What is said to be in clear is.
    assert!(files_below(&files).iter().any(|file| holds(file, VALUE)));
    assert!(holds(&secret, VENDOR_TOKEN));
    let facts = |name: &str| asset(&answer, name)["facts"].to_string();
    assert!(
        facts("journal").contains("20 events") && facts("journal").contains("of at least 1 id,"),
        "{}",
        facts("journal")
    );
    assert!(facts("raw ids").contains("kept for named"), "{}", facts("raw ids"));
    assert!(facts("raw hold").contains("hold.key lies in the key folder"));
    assert!(!answer["assets"].to_string().contains("not explained"), "{answer}");
    assert!(answer["scope"].to_string().contains("in the audit log"), "{answer}");

    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.contains("default-src 'none'") && !page.contains("<script") && page.contains("<svg"));
    for planted in [VALUE, PERSON, VENDOR_TOKEN] {
        assert!(!page.contains(planted) && !answer.to_string().contains(planted));
    }

    // With hold.key moved away neither folder opens what is held, and a file that nobody knows is told.
    let key = folder.keys().join("hold.key");
    std::fs::rename(&key, place.path().join("hold.key")).expect("it can be moved");
    std::fs::write(folder.data().join("dump.sql"), VALUE).expect("a file can be written");
    let answer = ask(folder, &[]);
    assert_eq!(asset(&answer, "raw hold")["thief_of"]["both"], "traces");
    assert_eq!(asset(&answer, "not explained")["files"], 1);

    // The journal, copied without the keys, and with them, as the answer says.
    let copy = place.path().join("stolen");
    let copied = Command::new("cp").arg("-r").arg(folder.data()).arg(&copy).status();
    assert!(copied.is_ok_and(|status| status.success()) || copy.exists());
    for file in files_below(&copy.join("journal")) {
        assert!(!holds(&file, VALUE));
    }
}
