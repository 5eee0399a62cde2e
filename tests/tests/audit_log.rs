//! The audit log of a running Weir: questions about people are on record before they are answered; what was done can be read, checked,
//! proven to somebody else and handed on.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir, binary};
use weir_tests::standin::Standin;
use weir_tests::wire;

const PERSON: &str = "user-3@people.example";

fn event(weir: &Weir, person: &str) {
    let event = json!([{"event": "Report Exported", "properties": {
        "token": WRITE_KEY, "distinct_id": person, "$insert_id": "0123456789abcdef0123456789abcdef", "plan": "pro",
        "time": SystemClock.now().0 as f64 / 1000.0,
    }}]);
    let body = serde_json::to_vec(&event).expect("JSON of our own");
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers");
    assert_eq!(answer.status, 200);
    weir.settle();
}

fn ask(folder: &Folder, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let (code, out, err) = folder.weir(&[arguments, &["--json"]].concat());
    let value = serde_json::from_str(&out).unwrap_or_default();
    (code, value, out + &err)
}

fn acts(folder: &Folder, more: &[&str]) -> Vec<Value> {
    let (code, value, said) = ask(folder, &[&["audit-log", "read"], more].concat());
    assert_eq!(code, Some(0), "{said}");
    value["acts"].as_array().cloned().unwrap_or_default()
}

fn own_uid() -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").expect("a process has a folder").uid().into()
}

#[test]
fn d19_a_question_about_people_is_on_record_before_it_is_answered_and_is_not_answered_where_it_cannot_be() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "{rotating: 7d}", "{allow: [plan]}"));
    let folder = weir.folder();
    event(&weir, PERSON);

    // Beside a running Weir, through its socket.
    let (code, answer, said) = ask(folder, &["ledger", "subject", PERSON, "--reason", "ticket 4711"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(answer["scope"].to_string().contains("this question is in the audit log"), "{answer}");
    let (code, _, said) = ask(folder, &["ledger", "exposure", "--destination", "product"]);
    assert_eq!(code, Some(0), "{said}");
    let found = acts(folder, &["--action", "reidentify", "--action", "ledger_exposure"]);
    let [subject, exposure] = &found[..] else { panic!("{found:?}") };
    assert_eq!(
        (subject["action"].as_str(), subject["actor"]["uid"].as_u64()),
        (Some("ledger_subject"), Some(own_uid()))
    );
    assert_eq!(subject["targets"][0], json!({"kind": "count", "count": 1}));
    let note = subject["note"].as_str().expect("a note");
    assert!(note.starts_with("tags ") && note.ends_with("; ticket 4711"), "{note}");
    assert_eq!(exposure["targets"], json!([{"kind": "destination", "id": "product"}]));

    // D13: the tree has no id and no tag of the person; who has no key learns nothing from the note, and it can be deleted.
    let tag = note.split(' ').nth(1).expect("a tag").trim_end_matches(';');
    let bytes = u64::from_str_radix(tag, 16).expect("a tag is hex").to_be_bytes();
    for file in weir_tests::privacy::files_below(&folder.data().join("audit")) {
        let content = std::fs::read(&file).expect("a file of the ledger");
        let holds = |what: &[u8]| content.windows(what.len()).any(|window| window == what);
        assert!(!holds(PERSON.as_bytes()), "{} has the id", file.display());
        let is_note = file.parent().is_some_and(|parent| parent.ends_with("reasons"));
        assert!(is_note || !(holds(tag.as_bytes()) || holds(&bytes)), "{} has the tag", file.display());
    }
    std::fs::remove_dir_all(folder.data().join("audit/reasons")).expect("notes can be deleted");
    assert_eq!(acts(folder, &["--action", "ledger_subject"])[0]["note"], Value::Null);
    assert_eq!(ask(folder, &["audit-log", "verify"]).0, Some(0));

    // Where no Weir runs it is entered under the folder's lock.
    let folder = weir.kill();
    let before = acts(&folder, &["--action", "ledger_subject"]).len();
    assert_eq!(ask(&folder, &["ledger", "subject", PERSON]).0, Some(1));
    assert_eq!(acts(&folder, &["--action", "ledger_subject"]).len(), before + 1);

    // Without the key folder it cannot be, and nothing is shown.
    let (data, none) = (folder.data().display().to_string(), folder.data().join("../none").display().to_string());
    let exposure = ["ledger", "exposure", "--json", "--data", &data, "--keys", &none];
    let output = folder.run(&exposure, &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--unrecorded") && !said.contains("Report Exported"), "{said}");
    assert!(!Path::new(&none).exists(), "no key folder was made");
    let output = folder.run(&[&exposure[..], &["--unrecorded"]].concat(), &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("NOT RECORDED") && said.contains("Report Exported"), "{said}");

    // An investigator's copy of the ledger alone is no data folder: there is nothing to enter it into, and the answer says that.
    let inside = folder.data().join("../copied");
    std::fs::create_dir_all(&inside).expect("a folder");
    let copied = Command::new("cp").arg("-r").arg(folder.data().join("ledger")).arg(inside.join("ledger")).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let output = folder.run(&["ledger", "exposure", "--json", "--data", &inside.display().to_string()], &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("NOT RECORDED") && said.contains("is no data folder"), "{said}");
}

#[test]
fn the_audit_log_is_read_by_filters_followed_proven_and_handed_on() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::with_subject(&standin.url(), "{rotating: 7d}", "{allow: [plan]}"));
    let folder = weir.folder();
    let followed = Command::new(binary())
        .args(["audit-log", "read", "--follow", "--json", "--action", "change", "--data"])
        .arg(folder.data())
        .stdout(Stdio::piped())
        .spawn();
    let mut followed = followed.expect("the weir binary runs");
    for act in [["destination", "suspend", "product"], ["destination", "resume", "product"]] {
        assert_eq!(folder.weir(&act).0, Some(0));
    }
    let mut lines = BufReader::new(followed.stdout.take().expect("standard output is piped")).lines();
    for expected in ["destination_suspend", "destination_resume"] {
        let line: Value = serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON");
        assert_eq!(line["action"], expected);
    }
    followed.kill().expect("it can be ended");
    let _ = followed.wait();

    let words = |more: &[&str]| {
        acts(folder, more).iter().map(|act| act["action"].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(words(&["--action", "change"]), ["destination_suspend", "destination_resume"], "newest last");
    assert!(words(&["--actor", "weir"]).iter().all(|word| !word.starts_with("destination")));
    assert_eq!(words(&["--actor", &own_uid().to_string()]), ["destination_suspend", "destination_resume"]);
    assert_eq!(words(&["--since", "2000-01-01", "--until", "2000-01-02"]), Vec::<String>::new());
    let (code, _, said) = ask(folder, &["audit-log", "read", "--action", "reads"]);
    assert!(code == Some(2) && said.contains("docs/audit-log.md"), "{said}");
    let (_, csv, _) = folder.weir(&["audit-log", "read", "--csv"]);
    assert!(
        csv.starts_with("time,entry,who,action,class,about,note\r\n") && csv.contains(",destination product,"),
        "{csv}"
    );

    // A stranger's program accepts the proof of one act, and refuses it for another.
    let entry = acts(folder, &["--action", "destination_suspend"])[0]["entry"].to_string();
    let to = folder.data().join("../proofs");
    weir.wait_until("the act is in the signed tree", || {
        folder.weir(&["audit-log", "receipt", &entry, "--to", &to.display().to_string()]).0 == Some(0)
    });
    let verifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("verifiers/receipt.py");
    let receipt = to.join(format!("entry-{entry}.tlog-proof"));
    let check = |leaf: &Path| {
        let mut command = Command::new("python3");
        let output = command.arg(&verifier).arg(&receipt).arg(leaf).arg(to.join("verifier-key")).output();
        output.expect("python3 is needed").status.success()
    };
    let leaf = receipt.with_extension("leaf");
    assert!(check(&leaf));
    let forged = to.join("forged");
    let bytes = std::fs::read(&leaf).expect("the leaf");
    let bytes = String::from_utf8_lossy(&bytes).replace("suspend", "susqend");
    std::fs::write(&forged, bytes).expect("a file");
    assert!(!check(&forged));

    // Handed on: recorded itself, before.
    let (code, out, err) = folder.weir(&["audit-log", "ship", "--once", "--to", "-", "--action", "change"]);
    assert_eq!(code, Some(0), "{err}");
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("NDJSON")).collect();
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event["class_uid"] == 6003 && event["metadata"]["version"] == "1.3.0"));
    assert_eq!(words(&["--action", "export"]), ["audit_log_ship"]);
    let (_, out, _) = folder.weir(&["audit-log", "ship", "--once", "--to", "-", "--form", "syslog"]);
    assert!(out.lines().all(|line| line.starts_with('<') && line.contains("Z ")), "{out}");
}
