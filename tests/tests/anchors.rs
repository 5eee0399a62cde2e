//! Anchors that are not files (D14): two Weirs that witness each other, a bucket of a server that verifies signatures, a webhook. Each
//! shows a ledger that was put back to an earlier day, and none of them holds up delivery by being away.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::bucket::Bucket;
use weir_tests::encoding;
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::receiver::Receiver;
use weir_tests::standin::Standin;
use weir_tests::wire;

fn send(weir: &Weir, numbers: std::ops::Range<u64>) {
    let event = |n: u64| {
        json!({"event": "Page Viewed", "properties": {
            "token": WRITE_KEY, "distinct_id": format!("user-{}", n % 7), "$insert_id": format!("{n:032x}"), "plan": "pro",
            "time": SystemClock.now().0 as f64 / 1000.0,
        }})
    };
    let body = serde_json::to_vec(&numbers.map(event).collect::<Value>()).expect("JSON of our own");
    let answer = wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers");
    assert_eq!(answer.status, 200);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for item in std::fs::read_dir(from).expect("it can be listed") {
        let item = item.expect("it can be listed");
        let target = to.join(item.file_name());
        match item.file_type().expect("it has a type") {
            kind if kind.is_dir() => copy(&item.path(), &target),
            kind if kind.is_file() => drop(std::fs::copy(item.path(), target).expect("it can be copied")),
            _ => {}
        }
    }
}

/// Puts a data folder back to what it was.
fn put_back(folder: &Folder, earlier: &Path) {
    std::fs::remove_dir_all(folder.data()).expect("it can be removed");
    copy(earlier, folder.data());
}

fn key(folder: &Folder, tree: &str) -> String {
    let data = folder.data().display().to_string();
    let output = folder.run(&["ledger", "checkpoint", "--key", "--tree", tree, "--data", &data], &[]);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn witness(folder: &Folder) -> Value {
    let (code, out, err) = folder.weir(&["ledger", "witness", "--json"]);
    assert_eq!(code, Some(0), "{out}{err}");
    serde_json::from_str(&out).expect("JSON")
}

/// The size that a witness cosigned last of each tree.
fn cosigned(folder: &Folder) -> Vec<u64> {
    let logs = witness(folder)["logs"].as_array().expect("a list").clone();
    logs.iter().map(|log| log["last"]["size"].as_u64().unwrap_or(0)).collect()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

/// A Weir that has run once, so that its ledgers have their names.
fn begun(vendor: &Standin) -> (Setup, Arc<Folder>) {
    let setup = Setup::with_subject(&vendor.url(), "stable", "{allow: [plan]}");
    let weir = Weir::start(&setup);
    send(&weir, 0..3);
    weir.settle();
    let folder = Arc::clone(weir.folder());
    assert_eq!(weir.stop().0, Some(0));
    (setup, folder)
}

fn tree_size(folder: &Folder) -> u64 {
    let note = std::fs::read_to_string(folder.data().join("ledger/tree/checkpoint")).unwrap_or_default();
    note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
}

#[test]
fn d14_two_weirs_witness_each_other_and_a_rewound_one_does_not_start() {
    let vendors = [Standin::of_weir(), Standin::of_weir()];
    let begun = [begun(&vendors[0]), begun(&vendors[1])];
    let ports = [free_port(), free_port()];
    let section = |own: usize, witnesses: &str| {
        let other = &begun[1 - own].1;
        format!(
            "ledger:\n  publish: 1s\n  witness: {{listen: \"127.0.0.1:{}\", name: weir-{own}/witness, logs: [\"{}\", \"{}\"]}}\n{witnesses}",
            ports[own],
            key(other, "egress"),
            key(other, "audit")
        )
    };
    let setups = [0, 1].map(|own| {
        let Setup { sources, destinations, more } = &begun[own].0;
        Setup { sources: sources.clone(), destinations: destinations.clone(), more: more.clone() }
    });
    let [one, two] = setups;
    let with = |own: usize, setup: &Setup, witnesses: &str| {
        let more = format!("{}{}", setup.more, section(own, witnesses));
        begun[own].1.configure(&Setup {
            sources: setup.sources.clone(),
            destinations: setup.destinations.clone(),
            more,
        });
    };
    with(0, &one, "");
    with(1, &two, "");
    let keys = [0, 1].map(|own| witness(&begun[own].1)["key"].as_str().expect("a key").to_owned());
    for (own, setup) in [(0, &one), (1, &two)] {
        let url = format!("http://127.0.0.1:{}", ports[1 - own]);
        let of =
            format!("  witnesses: [{{url: \"{url}\", key: \"{}\", allow_addresses: [127.0.0.0/8]}}]\n", keys[1 - own]);
        with(own, setup, &of);
    }
    let [(_, first), (_, second)] = &begun;
    let b = second.start();
    let a = first.start();
    send(&a, 10..40);
    send(&b, 10..20);
    a.settle();
    b.settle();
    a.wait_until("b cosigned both trees of a", || cosigned(second).first().copied() >= Some(tree_size(first)));
    b.wait_until("a cosigned both trees of b", || cosigned(first).iter().all(|size| *size > 0));
    a.wait_until("it kept the cosignature", || first.data().join("ledger/cosigned").exists());
    assert!(a.metrics().sum("weir_anchor_taken_total", &[("kind", "witness")]) >= 2);
    assert!(b.metrics().sum("weir_witness_cosigned_total", &[]) >= 2);

    // A receipt bears the cosignature, and a stranger checks it.
    let receipts = first.config().with_file_name("receipts");
    let asked = ["ledger", "subject", "user-3", "--receipts", &receipts.display().to_string()];
    // The tree is up to a second behind the log, and the cosignature up to a second behind the tree.
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verifiers/receipt.py");
    a.wait_until("the receipts are written and cosigned", || {
        if first.weir(&asked).0 != Some(1) {
            return false;
        }
        let oldest = std::fs::read_dir(&receipts).expect("it was made").flatten().map(|item| item.path());
        let oldest = oldest.filter(|path| path.extension().is_some_and(|e| e == "leaf")).min().expect("a receipt");
        let checked = Command::new("python3")
            .arg(&script)
            .args([oldest.with_extension("tlog-proof"), oldest.clone(), receipts.join("verifier-key")])
            .arg(&keys[1])
            .output()
            .expect("python runs");
        checked.status.success()
    });

    // A witness that is away holds nothing up; it is counted and told.
    b.stop();
    send(&a, 40..60);
    a.settle();
    a.wait_until("the failure is counted", || a.metrics().sum("weir_anchor_failed_total", &[("kind", "witness")]) > 0);
    a.wait_until("it is an alert", || first.weir(&["alerts"]).1.contains("anchors do not have the newest checkpoint"));
    assert!(a.output().contains("a checkpoint could not be anchored elsewhere; delivery goes on"), "{}", a.output());
    let b = second.start();
    a.wait_until("it is cosigned again", || cosigned(second).first().copied() >= Some(tree_size(first)));
    a.stop();

    // A goes on, is put back to this day, and does not start: b has cosigned more than it holds.
    let earlier = tempfile::tempdir().expect("a folder");
    copy(first.data(), earlier.path());
    let a = first.start();
    send(&a, 60..90);
    a.settle();
    let before = cosigned(second)[0];
    a.wait_until("b cosigned more", || cosigned(second)[0] > before);
    a.stop();
    let witnessed = cosigned(second);
    put_back(first, earlier.path());
    let said = first.try_start().err().expect("it does not start");
    assert!(said.contains("does not extend the checkpoint of") && said.contains("witness weir-1/witness"), "{said}");
    assert_eq!(cosigned(second), witnessed, "nothing of it was cosigned");
    assert!(b.metrics().sum("weir_witness_refused_total", &[]) > 0);

    // What the witness keeps is the anchor that recovery needs: a new origin begins, which the witness does not know yet.
    let kept: Vec<String> = witness(second)["logs"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|log| log["last"]["file"].as_str().map(str::to_owned))
        .collect();
    let files: Vec<&str> = kept.iter().flat_map(|file| ["--from-anchor", file.as_str()]).collect();
    let (code, out, err) = first.weir(&[&["ledger", "recover"], files.as_slice()].concat());
    assert!(code == Some(0) && out.contains("ledger: new origin") && out.contains("audit: new origin"), "{out}{err}");
    let a = first.start();
    let taken = vendors[0].event_count();
    send(&a, 100..110);
    a.settle();
    assert!(vendors[0].event_count() > taken, "it delivers again");
    a.wait_until("it says why", || a.output().contains("it does not know this log"));
    assert_eq!(first.verify_ledger(true).0, Some(0));
}

fn secret(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.config().with_file_name(name);
    std::fs::write(&path, text).expect("it is written");
    format!("{{file: \"{}\"}}", path.display())
}

/// The section for checkpoints in a bucket.
fn in_bucket(folder: &Folder, bucket: &Bucket) -> String {
    format!(
        "ledger:\n  publish: 1s\n  bucket: {{path: \"s3://anchors/weir one\", endpoint: \"{}\", allow_addresses: [127.0.0.0/8], \
         s3: {{region: eu-central-1, access_key: {}, secret_key: {}}}}}\n",
        bucket.about("endpoint"),
        secret(folder, "access", &bucket.about("access_key")),
        secret(folder, "secret", &bucket.about("secret_key"))
    )
}

/// The section for checkpoints at a webhook.
fn at_webhook(folder: &Folder, hook: &Receiver) -> String {
    format!(
        "ledger:\n  publish: 1s\n  webhook: {{url: \"http://{}/keep\", secret: {}, allow_addresses: [127.0.0.0/8]}}\n",
        hook.address,
        secret(folder, "secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    )
}

/// The entry for a witness at this address; the key is one that this Weir itself would have.
fn witness_at(folder: &Folder, setup: &Setup, address: SocketAddr) -> String {
    let log = key(folder, "egress");
    let of = format!("ledger:\n  witness: {{listen: \"127.0.0.1:0\", name: weir-x/witness, logs: [\"{log}\"]}}\n");
    folder.configure(&setup.clone().and(&of));
    let key = witness(folder)["key"].as_str().expect("a key").to_owned();
    format!("  witnesses: [{{url: \"http://{address}\", key: \"{key}\", allow_addresses: [127.0.0.0/8]}}]\n")
}

/// The checkpoints of the egress ledger that a webhook was told of, oldest first.
fn told(hook: &Receiver) -> Vec<String> {
    let bodies = hook.got().into_iter().filter_map(|(_, _, body)| serde_json::from_slice::<Value>(&body).ok());
    let egress = bodies.filter(|body| body["data"]["tree"] == "egress");
    egress.filter_map(|body| body["data"]["note"].as_str().map(str::to_owned)).collect()
}

#[test]
fn d14_a_bucket_holds_the_checkpoints_and_shows_a_rewind() {
    let mut bucket = Bucket::start("anchors", true);
    let vendor = Standin::of_weir();
    let (setup, folder) = begun(&vendor);
    folder.configure(&setup.and(&in_bucket(&folder, &bucket)));
    let weir = folder.start();
    send(&weir, 10..20);
    weir.settle();
    weir.wait_until("both are there", || weir.metrics().sum("weir_anchor_taken_total", &[("kind", "bucket")]) >= 2);
    weir.stop();
    let earlier = tempfile::tempdir().expect("a folder");
    copy(folder.data(), earlier.path());
    let weir = folder.start();
    send(&weir, 20..40);
    weir.settle();
    weir.stop();
    let objects = bucket.objects();
    let names: Vec<&String> = objects.keys().collect();
    assert_eq!(names, ["weir one/audit.checkpoint", "weir one/egress.checkpoint"]);
    let last = encoding::from_base64(objects["weir one/egress.checkpoint"].as_str().unwrap_or_default().as_bytes())
        .expect("base64");
    let on_disk = std::fs::read(folder.data().join("ledger/tree/checkpoint")).expect("it is there");
    assert_eq!(last, on_disk, "the last head of a clean end is there");
    put_back(&folder, earlier.path());
    let said = folder.try_start().err().expect("it does not start");
    assert!(said.contains("does not extend the checkpoint of") && said.contains("s3://anchors/weir one"), "{said}");
    assert_eq!(bucket.objects(), objects, "nothing was written over");
}

#[test]
fn d14_a_webhook_that_holds_a_newer_checkpoint_stops_delivery_also_while_it_runs() {
    let (hook, vendor) = (Receiver::start(), Standin::of_weir());
    let (setup, folder) = begun(&vendor);
    folder.configure(&setup.and(&at_webhook(&folder, &hook)));
    let earlier = tempfile::tempdir().expect("a folder");
    copy(folder.data(), earlier.path());
    let weir = folder.start();
    send(&weir, 10..30);
    weir.settle();
    weir.wait_until("it got the newest head", || {
        let note = std::fs::read_to_string(folder.data().join("ledger/tree/checkpoint")).unwrap_or_default();
        told(&hook).contains(&note)
    });
    weir.stop();
    let mut notes = told(&hook);
    let heads: BTreeSet<&String> = notes.iter().collect();
    assert_eq!(heads.len(), notes.len(), "each head once, the one that it is compared by too");
    let newest = notes.pop().expect("it was told");
    put_back(&folder, earlier.path());

    // Away at the start, it is asked again while Weir runs: what was sent meanwhile was sent, and then nothing is.
    hook.answers(503, b"");
    let weir = folder.start();
    hook.answers(409, newest.as_bytes());
    weir.wait_until("it stops", || {
        weir.output().contains("the ledger does not extend a checkpoint that an anchor holds")
    });
    let taken = vendor.event_count();
    send(&weir, 50..60);
    weir.wait_until("it is an alert", || folder.weir(&["alerts"]).1.contains("ledger_rewound"));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(vendor.event_count(), taken, "nothing is sent");
    weir.stop();
    let said = folder.try_start().err().expect("it does not start");
    assert!(said.contains("does not extend the checkpoint of") && said.contains("webhook http://127.0.0.1"), "{said}");
}

#[test]
fn d14_a_place_that_says_nothing_keeps_no_other_from_being_compared_at_start() {
    let mut bucket = Bucket::start("anchors", true);
    let vendor = Standin::of_weir();
    let (setup, folder) = begun(&vendor);
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let witness = witness_at(&folder, &setup, silent.local_addr().expect("it has an address"));
    folder.configure(&setup.and(&format!("{}{witness}", in_bucket(&folder, &bucket))));
    let earlier = tempfile::tempdir().expect("a folder");
    copy(folder.data(), earlier.path());
    let weir = folder.start();
    weir.wait_until("both are there", || weir.metrics().sum("weir_anchor_taken_total", &[("kind", "bucket")]) >= 2);
    weir.stop();
    let objects = bucket.objects();
    // The audit ledger alone: the egress ledger, which is asked for first, is the one that the bucket knows.
    std::fs::remove_dir_all(folder.data().join("audit")).expect("it can be removed");
    copy(&earlier.path().join("audit"), &folder.data().join("audit"));
    let said = folder.try_start().err().expect("it does not start");
    assert!(said.contains("does not extend the checkpoint of") && said.contains("s3://anchors/weir one"), "{said}");
    assert_eq!(bucket.objects(), objects, "nothing was written over");
}

#[test]
fn d14_the_first_start_on_a_restored_backup_asks_webhooks_and_witnesses_before_it_signs() {
    let (hook, vendor) = (Receiver::start(), Standin::of_weir());
    let (setup, folder) = begun(&vendor);
    let hooked = setup.clone().and(&at_webhook(&folder, &hook));
    let outside = tempfile::tempdir().expect("a folder");
    let to = outside.path().join("backup").display().to_string();
    folder.configure(&hooked);
    let weir = folder.start();
    let (code, out, err) = folder.weir(&["backup", &to]);
    assert_eq!(code, Some(0), "{out}{err}");
    send(&weir, 10..40);
    weir.settle();
    weir.stop();
    let newest = told(&hook).pop().expect("it was told");
    let witness = witness_at(&folder, &setup, hook.address);
    let witnessed = setup.and(&format!("ledger:\n  publish: 1s\n{witness}"));
    for (setup, answer, name) in [
        (&hooked, newest.as_bytes(), "webhook http://127.0.0.1"),
        (&witnessed, b"100000\n".as_slice(), "witness weir-x/witness"),
    ] {
        hook.answers(409, answer);
        folder.configure(setup);
        std::fs::remove_dir_all(folder.data()).expect("it can be removed");
        let (code, out, err) = folder.weir(&["restore", &to]);
        assert_eq!(code, Some(0), "{out}{err}");
        let taken = vendor.event_count();
        let said = folder.try_start().err().expect("it does not start");
        assert!(said.contains("does not extend the checkpoint of") && said.contains(name), "{said}");
        assert_eq!(vendor.event_count(), taken, "nothing was sent");
        assert!(!folder.data().join("ledger/tree/checkpoint").exists(), "nothing was signed");
    }
}
