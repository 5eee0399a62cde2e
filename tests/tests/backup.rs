//! Backup and restore as an operator does them: beside a gateway that takes events, after its end, into a folder that is not fit,
//! onto a disk that is full, and after an anchor has seen more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use weir_tests::disk::SmallDisk;
use weir_tests::harness::{Folder, Setup, Weir, binary};
use weir_tests::load::{self, Load};
use weir_tests::random::Random;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;

/// `weir COMMAND WHERE --json` with the folder's own places.
fn run(folder: &Folder, command: &str, place: &Path, more: &[&str]) -> (Option<i32>, Value, String) {
    let (data, keys) = (folder.data().display().to_string(), folder.keys().display().to_string());
    let (config, place) = (folder.config().display().to_string(), place.display().to_string());
    let mut all = vec![command, &place, "--json", "--data", &data, "--keys", &keys, "--config", &config];
    all.extend(more);
    let output = folder.run(&all, &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let json = serde_json::from_str(&said).unwrap_or_default();
    (output.status.code(), json, said + &String::from_utf8_lossy(&output.stderr))
}

fn backed_up(folder: &Folder, to: &Path) -> Value {
    let (code, json, said) = run(folder, "backup", to, &[]);
    assert_eq!(code, Some(0), "{said}");
    json
}

fn restored(folder: &Folder, from: &Path, more: &[&str]) -> Value {
    let (code, json, said) = run(folder, "restore", from, more);
    assert_eq!(code, Some(0), "{said}");
    json
}

fn refused(folder: &Folder, from: &Path, more: &[&str], because: &str) {
    let (code, _, said) = run(folder, "restore", from, more);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(because), "{said}");
}

/// The disk of the data folder is lost.
fn lose(folder: &Folder) {
    std::fs::remove_dir_all(folder.data()).expect("the data folder can go");
}

fn arrived(standin: &Standin) -> BTreeSet<u64> {
    let mut arrived = BTreeSet::new();
    for event in standin.events() {
        let n = event.number().expect("`n` is allowed to leave");
        assert!(arrived.insert(n), "event {n} stands at the vendor under two insert ids");
    }
    arrived
}

fn holds(weir: &Weir, folder: &Folder) {
    let metrics = weir.settle();
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "the ledger does not verify:\n{said}");
}

fn send(weir: &Weir, numbers: std::ops::Range<u64>) {
    let events: Vec<_> = numbers.map(|n| load::event(n, &mut Random::new(n))).collect();
    for part in events.chunks(50) {
        assert_eq!(load::send(weir.ingest(), part).expect("weir answers"), 200);
    }
}

#[test]
fn d3_d11_a_backup_under_load_restores_to_a_gateway_that_has_lost_nothing_and_repeats_nothing_under_another_id() {
    let standin = Standin::of_weir();
    standin.seeded(3, 400, vec![Fault::Slow(40), Fault::status(500), Fault::CloseAfterStore]);
    let folder = Folder::new(&Setup::mixpanel(&standin.url()));
    let weir = folder.start();
    let numbers = Arc::new(AtomicU64::new(0));
    let target = tempfile::tempdir().expect("a folder can be made");
    let to = target.path().join("backup");

    let before = Load::start(weir.ingest(), 3, 12, &numbers, 1);
    weir.wait_until("something is acknowledged", || before.acknowledged() > 1_500);
    let before = before.stop();
    // An event that is data: it waits in the raw hold when the moment comes.
    let mut unclean = load::event(numbers.fetch_add(1, Ordering::Relaxed), &mut Random::new(1));
    unclean["event"] = "ada@example.com".into();
    assert_eq!(load::send(weir.ingest(), &[unclean]).expect("weir answers"), 200);

    let during = Load::start(weir.ingest(), 3, 12, &numbers, 2);
    let first = backed_up(&folder, &to);
    assert!(first["files"].as_u64() > Some(5), "{first}");
    let second = backed_up(&folder, &to);
    let (copied, bytes) = (second["copied_bytes"].as_u64(), second["bytes"].as_u64());
    assert!(copied < bytes, "what was there is not copied again: {second}");
    weir.wait_until("events come in after the backup", || during.acknowledged() > 1_000);
    drop(weir.kill());
    let during = during.stop();

    lose(&folder);
    let (code, _, said) = run(&folder, "restore", &to, &["--check"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!folder.data().exists(), "a check restores nothing");
    let keys_before = std::fs::read(folder.keys().join("ring")).expect("the ring is there");
    restored(&folder, &to, &[]);
    assert_eq!(std::fs::read(folder.keys().join("ring")).ok(), Some(keys_before), "keys are looked at only");
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "before a start: {said}");

    standin.heal();
    let weir = folder.start();
    holds(&weir, &folder);
    let stored = arrived(&standin);
    let lost: Vec<&u64> = before.acknowledged.difference(&stored).take(10).collect();
    assert!(lost.is_empty(), "acknowledged before the backup and lost: {lost:?}");
    let sent: BTreeSet<u64> = before.sent.union(&during.sent).copied().collect();
    assert!(stored.is_subset(&sent));
    let metrics = weir.metrics();
    assert_eq!(metrics.sum("weir_intake_quarantined", &[("source", "web")]), 1, "{}", metrics.text());
    // It goes on as any other: events, a backup, a stop.
    let more = numbers.load(Ordering::Relaxed);
    send(&weir, more..more + 100);
    holds(&weir, &folder);
    assert!((more..more + 100).all(|n| arrived(&standin).contains(&n)));
    backed_up(&folder, &to);
    assert_eq!(standin.violations(), []);
    let audit = std::fs::read(folder.data().join("audit/log").join(first_file(&folder.data().join("audit/log"))));
    let audit = String::from_utf8_lossy(&audit.expect("the audit log is there")).into_owned();
    assert!(audit.contains("backup"), "D19: the backup is in the audit ledger");
    assert_eq!(weir.stop().0, Some(0));
}

fn first_file(folder: &Path) -> PathBuf {
    let mut names: Vec<_> = std::fs::read_dir(folder).expect("a folder").flatten().map(|e| e.file_name()).collect();
    names.sort();
    names.into_iter().next().expect("a file").into()
}

#[test]
fn d14_a_restore_never_rewinds_what_an_anchor_has_seen_unless_it_is_told_to() {
    let standin = Standin::of_weir();
    let outside = tempfile::tempdir().expect("a folder can be made");
    let anchor = outside.path().join("egress.checkpoint");
    let setup = Setup::mixpanel(&standin.url()).and(&format!("ledger: {{anchors: [\"{}\"]}}\n", anchor.display()));
    let folder = Folder::new(&setup);
    let to = outside.path().join("backup");
    let weir = folder.start();
    send(&weir, 0..200);
    weir.settle();
    // As the first start writes it; it is in the backup.
    std::fs::copy(folder.config(), folder.data().join("weir.yaml")).expect("it can be copied");
    backed_up(&folder, &to);
    send(&weir, 200..400);
    weir.settle();
    assert_eq!(weir.stop().0, Some(0));

    lose(&folder);
    refused(&folder, &to, &[], "--rewind-to-backup");
    // Without --config the anchors are those of the configuration that the restored folder would be started with.
    let places = [to.clone(), folder.data().to_owned(), folder.keys()].map(|path| path.display().to_string());
    let output = folder.run(&["restore", &places[0], "--data", &places[1], "--keys", &places[2]], &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("--rewind-to-backup"), "{said}");
    assert!(!folder.data().exists(), "a refusal leaves nothing behind");
    let done = restored(&folder, &to, &["--rewind-to-backup"]);
    assert_eq!(done["rewound"].as_array().map(Vec::len), Some(2), "{done}");
    let weir = folder.start();
    send(&weir, 400..450);
    holds(&weir, &folder);
    assert_eq!(arrived(&standin).len(), 450, "what was delivered after the backup stands there once");
    let config = folder.config().display().to_string();
    let data = folder.data().display().to_string();
    let verified = folder.run(&["ledger", "verify", "--data", &data, "--config", &config], &[]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
    // A backup of the new origin is not behind its anchors.
    assert_eq!(weir.stop().0, Some(0));
    backed_up(&folder, &to);
    lose(&folder);
    refused(&folder, &to, &["--anchor", &folder.config().display().to_string()], "");
    restored(&folder, &to, &[]);
    assert_eq!(folder.start().stop().0, Some(0));
}

#[test]
fn d15_a_backup_that_is_not_whole_or_not_of_these_keys_is_refused_and_nothing_is_written() {
    let standin = Standin::of_weir();
    let folder = Folder::new(&Setup::mixpanel(&standin.url()));
    let outside = tempfile::tempdir().expect("a folder can be made");
    let (to, keys) = (outside.path().join("backup"), outside.path().join("keys"));
    let weir = folder.start();
    send(&weir, 0..100);
    weir.settle();
    assert_eq!(weir.stop().0, Some(0));
    // No process runs: the same backup, under the lock of the folder.
    let made = backed_up(&folder, &to);
    let own = folder.keys().display().to_string();
    let data = folder.data().display().to_string();
    let copied = folder.run(&["keys", "backup", &keys.display().to_string(), "--keys", &own, "--data", &data], &[]);
    assert_eq!(copied.status.code(), Some(0));
    let key_bytes = std::fs::read(folder.keys().join("master.key")).expect("the master key is there");
    for file in files(&to) {
        let bytes = std::fs::read(&file).expect("a file of the backup");
        let found = bytes.windows(32).any(|window| window == &key_bytes[10..42]);
        assert!(!found, "{} holds a key", file.display());
    }

    refused(&folder, &to, &[], "not empty");
    lose(&folder);
    let manifest = std::fs::read_to_string(to.join("manifest")).expect("a manifest");
    let write = |text: &str| std::fs::write(to.join("manifest"), text).expect("it can be written");
    write(&manifest.replacen("journal 0", "journal 1", 1));
    refused(&folder, &to, &[], "checksum");
    std::fs::remove_file(to.join("manifest")).expect("it can go");
    refused(&folder, &to, &[], "manifest is missing");
    write(&manifest);
    let largest = files(&to.join("objects")).into_iter().max_by_key(|f| std::fs::metadata(f).map_or(0, |m| m.len()));
    let object = largest.expect("an object");
    let whole = std::fs::read(&object).expect("it can be read");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    std::fs::write(&object, &changed).expect("it can be written");
    refused(&folder, &to, &["--check"], "not what the manifest says");
    refused(&folder, &to, &[], "not what the manifest says");
    // What was cut short is not started on, and is done again from the beginning.
    let config = folder.config().display().to_string();
    let started = folder.run(&["serve", "--data", &data, "--keys", &own, "--config", &config], VARIABLES);
    assert_eq!(started.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&started.stderr).contains("restored in part"));
    std::fs::remove_file(&object).expect("it can go");
    refused(&folder, &to, &[], "it is not there");
    std::fs::write(&object, &whole).expect("it can be written");

    let other = Folder::new(&Setup::mixpanel(&standin.url()));
    assert_eq!(other.start().stop().0, Some(0));
    lose(&other);
    let (code, _, said) = run(&other, "restore", &to, &[]);
    assert_eq!((code, said.contains("with the key folder")), (Some(1), true), "{said}");
    let fingerprint = made["keys"]["fingerprint"].as_str().unwrap_or_default();
    assert!(!fingerprint.is_empty() && said.contains(fingerprint), "the folder that it needs is named: {said}");

    // The keys come from their own backup.
    std::fs::remove_dir_all(folder.keys()).expect("the key folder can go");
    let (from, at) = (keys.display().to_string(), to.display().to_string());
    let made = folder.run(&["keys", "restore", &from, "--keys", &own, "--data-backup", &at], &[]);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    restored(&folder, &to, &[]);
    let weir = folder.start();
    send(&weir, 100..150);
    holds(&weir, &folder);
    assert_eq!(arrived(&standin).len(), 150);
}

const VARIABLES: &[(&str, &str)] = &[("PRODUCT_TOKEN", "t"), ("IMPORT_USER", "u"), ("IMPORT_SECRET", "s")];

#[test]
fn files_that_are_not_of_weir_neither_spoil_a_backup_nor_a_restore() {
    let standin = Standin::of_weir();
    let folder = Folder::new(&Setup::mixpanel(&standin.url()));
    let weir = folder.start();
    send(&weir, 0..50);
    holds(&weir, &folder);
    let target = tempfile::tempdir().expect("a folder can be made");
    let to = target.path().join("backup");
    backed_up(&folder, &to);
    // An editor's copies, and the data folder is the root of a file system.
    for name in ["weir.yaml~", "#weir.yaml#", "a copy of weir.yaml"] {
        std::fs::write(folder.data().join(name), "sources: {}\n").expect("a file can be written");
    }
    std::fs::create_dir(folder.data().join("lost+found")).expect("a folder can be made");
    backed_up(&folder, &to);
    let (code, _, said) = run(&folder, "restore", &to, &["--check"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(weir.stop().0, Some(0));
    backed_up(&folder, &to);

    lose(&folder);
    std::fs::create_dir_all(folder.data().join("lost+found")).expect("a folder can be made");
    restored(&folder, &to, &[]);
    let weir = folder.start();
    send(&weir, 50..100);
    holds(&weir, &folder);
    assert_eq!(arrived(&standin).len(), 100);
    assert_eq!(weir.stop().0, Some(0));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

#[test]
fn a_full_target_or_a_killed_backup_leaves_the_backup_that_was_there() {
    let Some(disk) = SmallDisk::mount(48) else {
        println!("SKIPPED: a full disk needs the right to mount a file system; run as root");
        return;
    };
    let standin = Standin::of_weir();
    let folder = Folder::new(&Setup::mixpanel(&standin.url()));
    let to = disk.path().join("backup");
    let weir = folder.start();
    send(&weir, 0..500);
    let first = backed_up(&folder, &to);
    let whole = || {
        let (code, json, said) = run(&folder, "restore", &to, &["--check"]);
        assert_eq!(code, Some(0), "{said}");
        json
    };
    assert_eq!(whole()["made"], first["made"]);

    // Known before anything is copied.
    let ballast = disk.path().join("ballast");
    disk.fill(&ballast);
    send(&weir, 500..1_000);
    let (code, _, said) = run(&folder, "backup", &to, &[]);
    assert_eq!((code, said.contains("free")), (Some(2), true), "{said}");
    assert_eq!(whole()["made"], first["made"]);
    std::fs::remove_file(&ballast).expect("the ballast can go");

    // Killed anywhere on its way.
    let load = Load::start(weir.ingest(), 2, 12, &Arc::new(AtomicU64::new(1_000)), 5);
    for wait in [0, 5, 15, 30, 60, 120] {
        let mut child = Command::new(binary())
            .args(["backup"])
            .arg(&to)
            .arg("--data")
            .arg(folder.data())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the weir binary runs");
        std::thread::sleep(Duration::from_millis(wait));
        // SIGKILL; an error means that it has ended already.
        let _ = child.kill();
        let _ = child.wait();
        whole();
    }
    let last = backed_up(&folder, &to);
    assert_eq!(whole()["made"], last["made"]);
    assert_ne!(last["made"], first["made"]);
    load.stop();

    // The gateway dies while it is copied, and its files are what they were.
    drop(weir.kill());
    let weir = folder.start();
    holds(&weir, &folder);
    lose_and_restore(folder, weir, &to);
}

fn lose_and_restore(folder: Arc<Folder>, weir: Weir, to: &Path) {
    drop(weir.kill());
    lose(&folder);
    restored(&folder, to, &[]);
    holds(&folder.start(), &folder);
}
