//! A ledger that is older than a week: its log has given its rows up, and the files of rows alone have them. Whatever a user asks of it
//! goes on as before, and a backup has all of it.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use weir_event::names::ClassOnly;
use weir_event::{Clock, Millis, Names, SystemClock};
use weir_keys::Keys;
use weir_ledger::{Kind, Ledger, Options};
use weir_rows::Store;
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::standin::Standin;
use weir_tests::wire;

fn send(weir: &Weir, numbers: std::ops::Range<u64>) {
    let event = |n: u64| {
        json!({"event": "Report Exported", "properties": {
            "token": WRITE_KEY, "distinct_id": format!("user-{}", n % 7), "$insert_id": format!("{n:032x}"), "plan": "pro",
            "time": SystemClock.now().0 as f64 / 1000.0, "email": "ada@example.com",
        }})
    };
    let body = serde_json::to_vec(&numbers.map(event).collect::<Value>()).expect("JSON of our own");
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers");
    assert_eq!(answer.status, 200);
    weir.settle();
}

/// What happens by itself in a week, to a ledger at rest.
fn a_week_later(folder: &Folder) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keys = Keys::open(&folder.keys(), Arc::clone(&clock)).expect("the keys are there");
    let (names, dir) = (Names::new(Box::new(ClassOnly)), folder.data().join("ledger"));
    let (ledger, _) =
        Ledger::open(&dir, Kind::Egress, keys, names, Options::default(), clock).expect("the ledger is there");
    ledger.end_file().expect("its file can be ended");
    let mut store = Store::open(&dir).expect("the files of rows are there, or are made");
    while store.take(ledger.entries()).expect("rows are taken over").more {}
    store.thin(&ledger, Millis(0), &|| true).expect("it is noted how far they go");
    while store.thin(&ledger, Millis(i64::MAX), &|| true).expect("the log gives them up") {}
    ledger.close().expect("it closes");
}

fn told(folder: &Folder, words: &[&str]) -> (Option<i32>, Value, String) {
    let (code, out, err) = folder.weir(&[words, &["--json"]].concat());
    (code, serde_json::from_str(&out).unwrap_or_default(), format!("{out}{err}"))
}

fn rows_of(folder: &Folder, user: &str) -> usize {
    let (_, value, said) = told(folder, &["ledger", "subject", user]);
    value["rows"].as_array().unwrap_or_else(|| panic!("{said}")).len()
}

/// Every row of a person in a page that proves them.
fn proved(folder: &Folder, user: &str, page: &Path) -> usize {
    let _ = std::fs::remove_file(page);
    let html = page.to_str().expect("a path of ours");
    let (code, value, said) = told(folder, &["ledger", "answer", user, "--html", html]);
    assert_eq!(code, Some(1), "{said}");
    assert!(!said.contains("cannot be checked any more"), "{said}");
    value["rows"].as_array().map_or(0, Vec::len)
}

#[test]
fn d13_a_ledger_whose_log_has_given_its_rows_up_answers_proves_erases_and_is_backed_up_as_before() {
    let product = Standin::of_weir();
    let setup = Setup::with_subject(&product.url(), "{rotating: 7d}", "{allow: [plan]}");
    let folder = Folder::new(&setup);
    let weir = folder.start();
    (0..3).for_each(|round| send(&weir, 70 * round..70 * round + 70));
    let page = folder.data().join("../answer.html");
    let before = (rows_of(&folder, "user-3"), proved(&folder, "user-3", &page));
    assert_eq!(before, (30, 30));
    assert_eq!(weir.stop().0, Some(0));
    a_week_later(&folder);

    let weir = folder.start();
    send(&weir, 210..280);
    let (code, report, said) = told(&folder, &["ledger", "verify"]);
    assert_eq!(code, Some(0), "{said}");
    let egress = report["trees"].as_array().and_then(|trees| trees.iter().find(|tree| tree["tree"] == "egress"));
    let egress = egress.unwrap_or_else(|| panic!("{said}"));
    assert_eq!((&egress["rows_elsewhere"], &egress["row_files"]["rows_proved"]), (&json!(210), &json!(210)), "{said}");
    assert_eq!((rows_of(&folder, "user-3"), proved(&folder, "user-3", &page)), (40, 40), "old and new rows");

    // The rows are in the backup, and after a restore all of it is as it was.
    let target = tempfile::tempdir().expect("a folder can be made");
    let to = target.path().join("backup");
    let to = to.to_str().expect("a path of ours");
    let (code, _, said) = told(&folder, &["backup", to]);
    assert_eq!(code, Some(0), "{said}");
    // One file that is damaged, and the good copy of it stays.
    let files = std::fs::read_dir(folder.data().join("ledger/rows")).expect("the files of rows").flatten();
    for path in files.map(|file| file.path()).filter(|path| path.file_name().is_none_or(|name| name != "manifest")) {
        let good = std::fs::read(&path).expect("a file");
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 0x10;
        std::fs::write(&path, bad).expect("a file of ours");
        let (code, _, said) = told(&folder, &["backup", to]);
        assert!(code == Some(1) && said.contains(r#""has_good_copy":true"#), "{}: {code:?} {said}", path.display());
        std::fs::write(&path, good).expect("a file of ours");
    }
    // One that is missing ends it, with what to do: the good copy of it stays.
    let rows = folder.data().join("ledger/rows");
    let lost = std::fs::read_dir(&rows).expect("the files of rows").flatten().map(|file| file.path());
    let lost = lost.into_iter().find(|path| path.extension().is_some_and(|end| end == "parquet")).expect("one of rows");
    let good = std::fs::read(&lost).expect("a file");
    std::fs::remove_file(&lost).expect("a file of ours");
    let missing = |when: &str| {
        let (code, _, said) = told(&folder, &["backup", to]);
        let is_told = said.contains("it is missing") && said.contains("weir restore BACKUP --rows");
        assert!(code == Some(2) && is_told, "{when}: {code:?} {said}");
    };
    missing("beside");
    drop(weir.kill());
    missing("at rest");
    std::fs::write(&lost, good).expect("a file of ours");
    std::fs::remove_dir_all(folder.data()).expect("the disk is lost");
    let (code, _, said) = told(&folder, &["restore", to]);
    assert_eq!(code, Some(0), "{said}");
    let weir = folder.start();
    weir.settle();
    assert_eq!((rows_of(&folder, "user-3"), proved(&folder, "user-3", &page)), (40, 40), "after a restore");

    let (code, erased, said) = told(&folder, &["ledger", "erase", "user-3", "--yes"]);
    assert_eq!((code, &erased["rows"]), (Some(0), &json!(40)), "{said}");
    assert_eq!(rows_of(&folder, "user-3"), 0);
    assert_eq!((rows_of(&folder, "user-4"), proved(&folder, "user-4", &page)), (40, 40), "the others are as before");
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(weir.stop().0, Some(0));

    // Without the files there is no answer, and the error says what to do.
    let rows = folder.data().join("ledger/rows");
    std::fs::rename(&rows, rows.with_file_name("elsewhere")).expect("they can be moved");
    let (code, said) = folder.verify_ledger(true);
    assert!(
        code == Some(1) && said.contains("weir restore BACKUP --rows") && said.contains("at most 7 days old"),
        "{code:?} {said}"
    );
    let (code, _, said) = told(&folder, &["ledger", "exposure", "--destination", "product", "--from", "2026-01-01"]);
    assert!(code == Some(2) && said.contains("weir restore BACKUP --rows"), "{code:?} {said}");
    // The backup has them, and the log what came since; whoever was erased since is to be erased again.
    let (code, restored, said) = told(&folder, &["restore", to, "--rows"]);
    assert!(code == Some(0) && restored["files"].as_u64() > Some(4), "{said}");
    let (code, said) = folder.verify_ledger(true);
    assert!(code == Some(1) && said.contains("is there, and was erased"), "{code:?} {said}");
    let weir = folder.start();
    weir.settle();
    let (code, _, said) = told(&folder, &["ledger", "erase", "user-3", "--yes"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!((rows_of(&folder, "user-3"), proved(&folder, "user-4", &page)), (0, 40));
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
}
