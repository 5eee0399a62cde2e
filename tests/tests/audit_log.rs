//! The audit log of a running Weir: questions about people are on record before they are answered; what was done can be read, checked,
//! proven to somebody else and handed on.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::drivers;
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
    let (code, _, err) = folder.weir(&["audit-log", "receipt", &entry, "--to", &to.display().to_string()]);
    assert_eq!(code, Some(0), "{err}");
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

/// A receiver that checks what it gets, by programs of other people.
struct Receiver {
    child: Child,
    port: u16,
    said: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    fn start(mode: &str, port: u16, more: &[&str], said: &Arc<Mutex<Vec<Value>>>) -> Receiver {
        let mut command = drivers::python("python/audit_receiver.py");
        let child = command.arg(mode).arg(port.to_string()).args(more).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the receiver starts");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
        let first: Value = serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON");
        let port = u16::try_from(first["port"].as_u64().expect("a port")).expect("a port");
        let kept = Arc::clone(said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let value = serde_json::from_str(&line).expect("JSON");
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(value);
            }
        });
        Receiver { child, port, said: Arc::clone(said) }
    }

    fn got(&self) -> Vec<Value> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The numbers of entries in the order in which a receiver first had each.
fn order(got: &[Value]) -> Vec<u64> {
    let number = |value: &Value| {
        let act = value.get("act").unwrap_or(value);
        act["metadata"]["sequence"].as_u64().or(act["entry"].as_u64()).expect("an act has a number")
    };
    let mut seen = BTreeSet::new();
    got.iter().map(number).filter(|n| seen.insert(*n)).collect()
}

#[test]
fn every_receiver_has_every_act_in_order_over_kills_and_though_it_was_down() {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = |name: &str| folder.path().join(name);
    let text = |name: &str| path(name).display().to_string();
    std::fs::write(path("secret"), SECRET).expect("a file can be written");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate can be made");
    std::fs::write(path("cert.pem"), made.cert.pem()).expect("a file can be written");
    std::fs::write(path("key.pem"), made.signing_key.serialize_pem()).expect("a file can be written");
    let said = || Arc::<Mutex<Vec<Value>>>::default();
    let plain = Receiver::start("syslog", 0, &[], &said());
    let tls = Receiver::start("tls", 0, &[&text("cert.pem"), &text("key.pem")], &said());
    let hook = Receiver::start("webhook", 0, &[SECRET], &said());
    let local = UnixDatagram::bind(path("log.sock")).expect("a socket can be bound");
    local.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket waits");

    let standin = Standin::of_weir();
    let setup = Setup::mixpanel(&standin.url()).and(&format!(
        "audit_log:\n  ship:\n    plain: {{type: syslog, to: \"tcp://127.0.0.1:{}\", allow_addresses: [127.0.0.0/8]}}\n    \
         tls: {{type: syslog, to: \"tls://localhost:{}\", allow_addresses: [127.0.0.0/8, \"::1\"], form: weir, root_certificates: {}}}\n    \
         hook: {{type: webhook, to: \"http://127.0.0.1:{}/acts\", secret: {{file: {}}}, allow_addresses: [127.0.0.0/8]}}\n    \
         lines: {{type: file, to: {}}}\n    socket: {{type: syslog, to: \"unix:{}\", form: weir}}\n",
        plain.port,
        tls.port,
        text("cert.pem"),
        hook.port,
        text("secret"),
        text("acts.ndjson"),
        text("log.sock"),
    ));
    let mut weir = Weir::start(&setup);
    let act = |folder: &Folder, what: &str| assert_eq!(folder.weir(&["destination", what, "product"]).0, Some(0));
    // One receiver is down for a while, and Weir is killed meanwhile: nobody else waits for it.
    act(weir.folder(), "suspend");
    weir.wait_until("the first acts are there", || hook.got().len() >= 2);
    let (port, kept) = (hook.port, Arc::clone(&hook.said));
    drop(hook);
    for round in 0..3 {
        act(weir.folder(), if round % 2 == 0 { "resume" } else { "suspend" });
        let folder = weir.kill();
        weir = folder.start();
    }
    act(weir.folder(), "suspend");
    let hook = Receiver::start("webhook", port, &[SECRET], &kept);
    let all: Vec<u64> = acts(weir.folder(), &[]).iter().filter_map(|act| act["entry"].as_u64()).collect();
    let last = *all.last().expect("acts");
    assert!(all.len() > 10, "{all:?}");
    let lines = || {
        let text = std::fs::read_to_string(path("acts.ndjson")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("NDJSON")).collect::<Vec<Value>>()
    };
    for (name, got) in [
        ("plain", &(|| plain.got()) as &dyn Fn() -> Vec<Value>),
        ("tls", &|| tls.got()),
        ("hook", &|| hook.got()),
        ("lines", &lines),
    ] {
        weir.wait_until(name, || order(&got()).contains(&last));
        assert_eq!(order(&got()), all, "{name}: everything, in order");
    }
    let mut from_socket = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    while !order(&from_socket).contains(&last) {
        let length = local.recv(&mut buffer).expect("a message");
        let message = String::from_utf8(buffer[..length].to_vec()).expect("ASCII");
        let json = &message[message.find("] {").expect("a message") + 2..];
        from_socket.push(serde_json::from_str(json).expect("JSON"));
    }
    assert_eq!(order(&from_socket), all);

    // As each says it: facility 13, the act's word, the user's number; nobody's note.
    let shown = plain.got().into_iter().find(|got| got["msgid"] == "destination_suspend").expect("the act");
    assert_eq!((&shown["facility"], &shown["severity"]), (&json!(13), &json!(5)));
    assert_eq!(
        (&shown["act"]["class_uid"], &shown["act"]["actor"]["user"]["uid"]),
        (&json!(6003), &json!(own_uid().to_string()))
    );
    let shown = tls.got().into_iter().find(|got| got["msgid"] == "destination_suspend").expect("the act");
    assert_eq!(shown["act"]["targets"], json!([{"kind": "destination", "id": "product"}]));
    weir.wait_until("every place is written down", || weir.metrics().sum("weir_audit_ship_waiting", &[]) == 0);
    let (_, listed, _) = weir.folder().weir(&["outbound", "list", "--json"]);
    assert!(listed.contains("audit_log.ship.tls.to") && listed.contains("audit_log.ship.hook.to"), "{listed}");
    assert_eq!(weir.stop().0, Some(0));
}
