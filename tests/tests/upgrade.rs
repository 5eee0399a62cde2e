//! Another process takes over while clients send: no request is refused, no acknowledged event is lost, whichever of the two dies
//! on the way. And which release may open a folder.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use weir_tests::harness::{Folder, PATIENCE, Setup, Weir, binary};
use weir_tests::load::{self, Fate, Load};
use weir_tests::random::Random;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::wire;

/// Ends every process that works on a folder, by its id.
struct Ends(Arc<Folder>);

impl Drop for Ends {
    fn drop(&mut self) {
        for pid in processes_on(self.0.data()) {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
    }
}

/// The processes whose command line names this folder and `serve`.
fn processes_on(data: &Path) -> Vec<u32> {
    let name = data.to_string_lossy().into_owned();
    let entries = std::fs::read_dir("/proc").expect("/proc can be read").flatten();
    let serves = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<String> = line.split(|b| *b == 0).map(|w| String::from_utf8_lossy(w).into_owned()).collect();
        words.contains(&name) && words.iter().any(|w| w == "serve")
    };
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(serves).collect()
}

fn upgrade(folder: &Folder, binary: Option<&Path>) -> (Option<i32>, Value, String) {
    let data = folder.data().display().to_string();
    let mut all = vec!["upgrade", "--json", "--data", &data];
    let binary = binary.map(|path| path.display().to_string());
    if let Some(binary) = &binary {
        all.extend(["--binary", binary]);
    }
    let output = folder.run(&all, &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let json = serde_json::from_str(&said).unwrap_or_default();
    (output.status.code(), json, said + &String::from_utf8_lossy(&output.stderr))
}

/// Clients that open a connection for each request.
struct Fresh {
    stop: Arc<AtomicBool>,
    fate: Arc<Mutex<(Fate, Duration)>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Fresh {
    fn start(ingest: SocketAddr, clients: u64, numbers: &Arc<AtomicU64>) -> Fresh {
        let stop = Arc::new(AtomicBool::new(false));
        let fate = Arc::new(Mutex::new((Fate::default(), Duration::ZERO)));
        let threads = (0..clients).map(|client| {
            let (stop, fate, numbers) = (Arc::clone(&stop), Arc::clone(&fate), Arc::clone(numbers));
            std::thread::spawn(move || {
                let mut random = Random::new(client + 77);
                while !stop.load(Ordering::Relaxed) {
                    let n = numbers.fetch_add(1, Ordering::Relaxed);
                    let begun = Instant::now();
                    let status = load::send(ingest, &[load::event(n, &mut random)]).unwrap_or(0);
                    let mut fate = fate.lock().expect("no thread panics");
                    fate.1 = fate.1.max(begun.elapsed());
                    fate.0.sent.insert(n);
                    *fate.0.answers.entry(status).or_insert(0) += 1;
                    if status == 200 {
                        fate.0.acknowledged.insert(n);
                    }
                }
            })
        });
        let threads = threads.collect();
        Fresh { stop, fate, threads }
    }

    fn stop(mut self) -> (Fate, Duration) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|t| t.join().expect("a client ends without a panic"));
        std::mem::take(&mut *self.fate.lock().expect("no thread panics"))
    }
}

fn only_200(fate: &Fate, who: &str) {
    let statuses: Vec<_> = fate.answers.keys().copied().collect();
    assert_eq!(statuses, [200], "{who}: every request is answered with 200: {:?}", fate.answers);
}

/// At rest: sums, ledger, and every acknowledged event at the vendor once.
fn nothing_is_lost(weir: &Weir, standin: &Standin, fates: &[&Fate]) {
    let metrics = weir.settle();
    assert_eq!(metrics.sums_broken(), Vec::<String>::new());
    let mut arrived = BTreeSet::new();
    for event in standin.events() {
        let n = event.number().expect("`n` is allowed to leave");
        assert!(arrived.insert(n), "event {n} stands at the vendor under two insert ids");
    }
    for fate in fates {
        let lost: Vec<&u64> = fate.acknowledged.difference(&arrived).take(10).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}\n{}", metrics.text());
    }
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "the ledger does not verify:\n{said}");
}

#[test]
fn three_upgrades_under_load_refuse_no_request_and_lose_no_event() {
    let standin = Standin::of_weir();
    standin.seeded(5, 200, vec![Fault::Slow(30), Fault::status(500)]);
    let folder = Folder::new(&Setup::mixpanel(&standin.url()));
    let weir = folder.start();
    let _ends = Ends(Arc::clone(&folder));
    let numbers = Arc::new(AtomicU64::new(0));
    let kept = Load::start(weir.ingest(), 4, 8, &numbers, 1);
    let fresh = Fresh::start(weir.ingest(), 2, &numbers);
    let mut pids = BTreeSet::from([weir.id()]);
    for _ in 0..3 {
        let before = kept.acknowledged();
        weir.wait_until("events come in", || kept.acknowledged() > before + 300);
        let (code, json, said) = upgrade(&folder, None);
        assert_eq!(code, Some(0), "{said}\n{}", weir.output());
        let pid = json["pid"].as_u64().expect("the new process is named") as u32;
        assert!(pids.insert(pid), "another process");
        weir.wait_until("the old one ends", || processes_on(folder.data()) == [pid]);
    }
    let before = kept.acknowledged();
    weir.wait_until("events come in", || kept.acknowledged() > before + 300);
    let kept = kept.stop();
    let (fresh, longest) = fresh.stop();
    println!("the longest a new connection waited for its answer: {longest:?}");
    only_200(&kept, "clients that keep their connection");
    only_200(&fresh, "clients with a new connection for each request");
    nothing_is_lost(&weir, &standin, &[&kept, &fresh]);
    assert_eq!(standin.violations(), []);
}

fn script(folder: &Path, name: &str, lines: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{lines}\n")).expect("a script can be written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it can be run");
    path
}

#[test]
fn a_new_process_that_cannot_or_dies_leaves_the_old_one_serving_without_a_refused_request() {
    let standin = Standin::of_weir();
    let setup = Setup::mixpanel(&standin.url());
    let folder = Folder::new(&setup);
    let weir = folder.start();
    let _ends = Ends(Arc::clone(&folder));
    let scripts = tempfile::tempdir().expect("a folder can be made");
    let numbers = Arc::new(AtomicU64::new(0));
    let kept = Load::start(weir.ingest(), 2, 8, &numbers, 1);
    let fresh = Fresh::start(weir.ingest(), 1, &numbers);
    let refused = |binary: &Path, because: &str| {
        let (code, _, said) = upgrade(&folder, Some(binary));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("goes on") && said.contains(because), "{said}");
        assert_eq!(processes_on(folder.data()), [weir.id()], "the same process serves");
        let before = kept.acknowledged();
        weir.wait_until("events come in", || kept.acknowledged() > before + 50);
    };
    refused(&script(scripts.path(), "ends", "exit 3"), "ended");
    refused(&script(scripts.path(), "other", "echo hello >&0"), "cannot be understood");
    // It looks before it takes: a configuration with a problem, an address that is another one.
    folder.configure(&Setup { sources: setup.sources.replace("enforce", "obsreve"), ..setup.clone() });
    refused(&binary(), "sources.web.mode");
    folder.configure(&setup);
    let config = std::fs::read_to_string(folder.config()).expect("the configuration");
    std::fs::write(folder.config(), config.replacen("127.0.0.1:0", "127.0.0.2:0", 1)).expect("it can be written");
    refused(&binary(), "listen.ingest");
    folder.configure(&setup);
    let formats = folder.data().join("formats");
    let now = std::fs::read_to_string(&formats).expect("formats");
    std::fs::write(&formats, now.replace("ledger.log 2", "ledger.log 9")).expect("it can be written");
    refused(&binary(), "ledger.log");
    std::fs::write(&formats, now).expect("it can be written");
    // It takes, and dies before it serves: the old one opens the folders again.
    let dies = "echo '{\"say\":\"ready\",\"hand_over\":1,\"version\":\"9\"}' >&0; read a <&0; echo '{\"say\":\"take\"}' >&0; read a <&0; exit 1";
    refused(&script(scripts.path(), "dies", dies), "ended");
    weir.wait_until("ready again", || wire::get(weir.console(), "/readyz").is_ok_and(|a| a.status == 200));
    // And can still hand over.
    let (code, json, said) = upgrade(&folder, None);
    assert_eq!(code, Some(0), "{said}\n{}", weir.output());
    assert_ne!(json["pid"].as_u64(), Some(u64::from(weir.id())));
    let kept = kept.stop();
    let (fresh, _) = fresh.stop();
    only_200(&kept, "clients that keep their connection");
    only_200(&fresh, "clients with a new connection for each request");
    nothing_is_lost(&weir, &standin, &[&kept, &fresh]);
}

#[test]
fn a_kill_of_either_process_at_any_point_of_a_hand_over_loses_nothing_acknowledged() {
    let seed = std::env::var("WEIR_CRASH_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(42);
    println!("WEIR_CRASH_SEED={seed}");
    let mut random = Random::new(seed);
    let standin = Standin::of_weir();
    let folder = Folder::new(&Setup::mixpanel(&standin.url()));
    let numbers = Arc::new(AtomicU64::new(0));
    let mut fates = Vec::new();
    for round in 0..6 {
        let weir = folder.start();
        let ends = Ends(Arc::clone(&folder));
        let load = Load::start(weir.ingest(), 3, 8, &numbers, random.draw());
        weir.wait_until("events come in", || load.acknowledged() > 50);
        let upgrading = {
            let folder = Arc::clone(&folder);
            std::thread::spawn(move || upgrade(&folder, None))
        };
        std::thread::sleep(Duration::from_millis(random.below(2_200)));
        let old = round % 2 == 0;
        let victims: Vec<u32> =
            processes_on(folder.data()).into_iter().filter(|pid| (*pid == weir.id()) == old).collect();
        for pid in &victims {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
        let (code, _, _) = upgrading.join().expect("the command ends");
        let until = Instant::now() + PATIENCE;
        let serves = || wire::get(weir.console(), "/readyz").is_ok_and(|a| a.status == 200);
        let goes_on = loop {
            let there = !processes_on(folder.data()).is_empty();
            if !there || serves() {
                break there;
            }
            assert!(Instant::now() < until, "round {round}: a process that does not serve\n{}", weir.output());
            std::thread::sleep(Duration::from_millis(20));
        };
        println!(
            "round {round}: killed {} {victims:?}, upgrade ended with {code:?}, one goes on: {goes_on}",
            if old { "the old" } else { "the new" }
        );
        assert!(
            old || goes_on,
            "a new process that is killed before it serves leaves the old one, or was alone already"
        );
        let fate = load.stop();
        assert!(fate.answers.keys().all(|s| matches!(s, 0 | 200)), "{:?}", fate.answers);
        fates.push(fate);
        // The one that has taken over writes to the same output, so it goes first.
        drop(ends);
        drop(weir.kill());
    }
    let weir = folder.start();
    nothing_is_lost(&weir, &standin, &fates.iter().collect::<Vec<_>>());
}

#[test]
fn a_socket_of_the_service_manager_keeps_connections_while_no_process_runs() {
    let standin = Standin::of_weir();
    let folder = Folder::new(&Setup::mixpanel(&standin.url()));
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let address = listener.local_addr().expect("an address");
    let start = || {
        let socket = OwnedFd::from(listener.try_clone().expect("a second descriptor"));
        let child = Command::new(binary())
            .args(["serve", "--ingest-from-stdin", "--config"])
            .arg(folder.config())
            .arg("--data")
            .arg(folder.data())
            .arg("--keys")
            .arg(folder.keys())
            .envs([("PRODUCT_TOKEN", "t"), ("IMPORT_USER", "u"), ("IMPORT_SECRET", "s")])
            .stdin(Stdio::from(socket))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        child.expect("the weir binary runs")
    };
    let _ends = Ends(Arc::clone(&folder));
    let mut first = start();
    assert_eq!(load::send(address, &[load::event(1, &mut Random::new(1))]).expect("it is answered"), 200);
    let asked = Command::new("kill").args(["-TERM", &first.id().to_string()]).status();
    assert!(asked.is_ok_and(|s| s.success()));
    assert_eq!(first.wait().ok().and_then(|s| s.code()), Some(0));
    let between = std::thread::spawn(move || load::send(address, &[load::event(2, &mut Random::new(2))]));
    std::thread::sleep(Duration::from_millis(100));
    let mut second = start();
    assert_eq!(between.join().expect("no panic").expect("who connected in between is answered"), 200);
    let _ = second.kill();
    let _ = second.wait();
}

#[test]
fn a_folder_of_newer_formats_is_refused_untouched_and_finish_says_what_it_raises() {
    let standin = Standin::of_weir();
    let folder = Folder::new(&Setup::mixpanel(&standin.url()));
    let weir = folder.start();
    let data = folder.data().display().to_string();
    let keys = folder.keys().display().to_string();
    let run = |arguments: &[&str], with_keys: bool| {
        let mut all = arguments.to_vec();
        all.extend(["--json", "--data", &data]);
        if with_keys {
            all.extend(["--keys", &keys]);
        }
        let output = folder.run(&all, &[]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), json)
    };
    assert_eq!(run(&["upgrade", "status"], false).0, Some(0), "a new folder is at the newest of everything");
    // As a release before this one would have left it.
    let file = folder.data().join("formats");
    let all = std::fs::read_to_string(&file).expect("formats");
    let older: String = all.lines().filter(|l| !l.starts_with("ledger.rows")).map(|l| format!("{l}\n")).collect();
    std::fs::write(&file, &older).expect("it can be written");
    let (code, json) = run(&["upgrade", "status"], false);
    assert_eq!((code, json["finish_raises"][0]["format"].as_str()), (Some(1), Some("ledger.rows")), "{json}");
    let (code, json) = run(&["upgrade", "finish"], false);
    assert_eq!((code, json["formats"][0][0].as_str()), (Some(0), Some("ledger.rows")), "{json}");
    assert_eq!(weir.stop().0, Some(0));
    std::fs::write(&file, &older).expect("it can be written");
    assert_eq!(run(&["upgrade", "finish"], true).0, Some(0), "where none runs, under the lock");
    assert_eq!(std::fs::read_to_string(&file).expect("formats"), all);

    std::fs::write(&file, all.replace("journal.segment 1", "journal.segment 2")).expect("it can be written");
    let before = listing(folder.data());
    let said = folder.try_start().err().expect("it does not start");
    assert!(said.contains("journal.segment") && said.contains("newer"), "{said}");
    assert_eq!(listing(folder.data()), before, "nothing was touched");
}

/// Every file below a folder with its length and time.
fn listing(folder: &Path) -> BTreeSet<(PathBuf, u64, std::time::SystemTime)> {
    let mut found = BTreeSet::new();
    for path in weir_tests::privacy::files_below(folder) {
        let meta = std::fs::metadata(&path).expect("it is there");
        found.insert((path, meta.len(), meta.modified().expect("a time")));
    }
    found
}
