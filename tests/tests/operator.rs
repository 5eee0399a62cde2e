//! What an operator does to a running Weir, or gets wrong: a bad file, a taken port, a backup, a rate, flags, a certificate, a vendor
//! that is away for too long.

use std::process::Command;

use serde_json::json;
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::wire;

/// One event; `padding` makes it large.
fn event(n: u64, padding: usize) -> serde_json::Value {
    json!({"event": "Report Exported", "properties": {
        "token": WRITE_KEY, "distinct_id": "u1", "$insert_id": format!("{n:032x}"), "n": n,
        "time": SystemClock.now().0 as f64 / 1000.0, "plan": "p".repeat(padding.max(1)),
    }})
}

fn track(weir: &Weir, events: &[serde_json::Value]) -> wire::Answer {
    let body = serde_json::to_vec(events).expect("JSON of our own");
    wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers")
}

fn run(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let path = folder.data().display().to_string();
    let mut all: Vec<&str> = arguments.to_vec();
    all.extend(["--data", &path]);
    let output = folder.run(&all, &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

#[test]
fn a_check_a_start_and_a_reload_report_the_same_problems_all_at_once_with_their_places() {
    let standin = Standin::of_weir();
    let good = Setup::mixpanel(&standin.url());
    let mut bad = good.clone();
    bad.sources = bad.sources.replace("enforce", "obsreve");
    bad.destinations = bad.destinations.replace(
        "release: {allow: [plan, format, n, profile.plan]}",
        "release: {allow: [plan, ip], rules: [{property: seats, action: pseudonymize}]}",
    );
    let weir = Weir::start(&good);
    let folder = weir.folder();
    folder.configure(&bad);
    let config = folder.config().display().to_string();
    let check = folder.run(&["config", "check", "--without-secrets", &config], &[]);
    let check = String::from_utf8_lossy(&check.stdout).into_owned();
    let problems: Vec<&str> = check.lines().filter(|line| line.starts_with(&config)).collect();
    assert_eq!(problems.len(), 3, "{check}");
    assert!(check.contains("3 problems"), "{check}");
    for (problem, what) in problems.iter().zip(["sources.web.mode", "never leaves", "`seats` is not in `allow`"]) {
        let place = problem.strip_prefix(&format!("{config}:")).unwrap_or_default();
        let mut numbers = place.split(':').map(|n| n.parse::<u32>().unwrap_or(0));
        let (line, column) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        assert!(line > 0 && column > 0 && problem.contains(what), "{problem}");
    }
    let (code, said) = run(folder, &["reload"]);
    assert_eq!(code, Some(1), "{said}");
    problems.iter().for_each(|p| assert!(said.contains(p), "the reload does not say {p}:\n{said}"));
    assert_eq!(track(&weir, &[event(1, 1)]).status, 200, "the old configuration stays");

    let folder = weir.kill();
    let said = folder.try_start().err().expect("a start with problems ends");
    problems.iter().for_each(|p| assert!(said.lines().any(|l| l == *p), "the start does not say {p}:\n{said}"));
    folder.configure(&good);
    let weir = folder.start();
    let (code, _) = run(&folder, &["reload"]);
    assert_eq!(code, Some(0));
    weir.wait_until("the reload is logged", || weir.output().contains("configuration reloaded"));
}

#[test]
fn a_start_that_fails_leaves_no_data_folder_behind() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it has an address").port();
    let setup = Setup { sources: String::new(), destinations: String::new(), more: String::new() };
    for (field, yaml) in [
        ("listen.ingest", setup.yaml().replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1)),
        ("listen.console", setup.yaml().replace("console: \"127.0.0.1:0\"", &format!("console: \"127.0.0.1:{port}\""))),
        // It fails when the folder is there already.
        ("disk.reserve", setup.yaml() + "disk: {reserve: 8000GiB}\n"),
        ("cannot be read", setup.yaml().replace("listen: {", "listen: {tls: {certificate: no.pem, key: no.pem}, ")),
    ] {
        let folder = Folder::new(&setup);
        std::fs::write(folder.config(), &yaml).expect("the configuration can be written");
        let said = folder.try_start().err().unwrap_or_else(|| panic!("{field}: it started"));
        assert!(said.contains(field), "{field}: {said}");
        assert!(!folder.data().exists(), "{field}: a data folder is left");
        // A folder that was made by hand stays, and stays empty.
        std::fs::create_dir(folder.data()).expect("a folder can be made");
        assert!(folder.try_start().is_err());
        let left = std::fs::read_dir(folder.data()).expect("it can be read").count();
        assert_eq!(left, 0, "{field}: something is left in the data folder");
    }
    // What is not fresh is left alone.
    let folder = Folder::new(&setup);
    let weir = folder.start();
    let console = weir.console().port();
    let folder = weir.kill();
    let yaml = setup.yaml().replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1);
    std::fs::write(folder.config(), yaml).expect("the configuration can be written");
    assert!(folder.try_start().is_err() && console > 0);
    assert!(folder.data().join("version").exists() && folder.data().join("journal").exists());
}

#[test]
fn a_backup_of_the_keys_is_in_the_audit_ledger_whether_weir_runs_or_not() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    let entries = |weir: &Weir| weir.metrics().sum("weir_audit_entries_total", &[]);
    let folder = std::sync::Arc::clone(weir.folder());
    let (config, keys) = (folder.config().display().to_string(), folder.keys().display().to_string());
    let backup = |name: &str| {
        let to = folder.config().with_file_name(name).display().to_string();
        run(&folder, &["keys", "backup", &to, "--keys", &keys, "--config", &config])
    };
    let before = entries(&weir);
    let (code, said) = backup("one");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(entries(&weir), before + 1, "the running one recorded it");
    let before = entries(&weir);
    assert_eq!(weir.stop().0, Some(0));
    let (code, said) = backup("two");
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = folder.verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
    let weir = folder.start();
    // Between the two: stop, backup, start.
    assert_eq!(entries(&weir), before + 3, "the backup beside no weir is recorded too");
    let holds = |what: &[u8]| {
        let log = folder.data().join("audit/log");
        std::fs::read_dir(log)
            .expect("the audit log is there")
            .flatten()
            .any(|file| std::fs::read(file.path()).unwrap_or_default().windows(what.len()).any(|w| w == what))
    };
    assert!(holds(b"keys_backup"), "the entries say what was done");
}

#[test]
fn a_damaged_file_of_the_ledger_is_found_and_not_a_check_that_could_not_run() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    assert_eq!(track(&weir, &[event(1, 1)]).status, 200);
    weir.settle();
    let folder = std::sync::Arc::clone(weir.folder());
    assert_eq!(weir.stop().0, Some(0));
    assert_eq!(folder.verify_ledger(false).0, Some(0));
    let origin = folder.data().join("ledger/origin");
    let good = std::fs::read(&origin).expect("there is an origin");
    std::fs::write(&origin, "nothing of the kind\n").expect("it can be written");
    let (code, said) = folder.verify_ledger(false);
    assert!(code == Some(1) && said.contains("BAD") && said.contains("ledger/origin"), "{code:?} {said}");
    std::fs::write(&origin, good).expect("it can be written");
    std::fs::rename(folder.data().join("audit"), folder.data().join("gone")).expect("it can be moved");
    let (code, said) = folder.verify_ledger(false);
    assert!(code == Some(1) && said.contains("audit") && said.contains("missing"), "{code:?} {said}");
}

#[test]
fn a_source_over_its_rate_is_asked_to_come_back_and_loses_nothing() {
    let standin = Standin::of_weir();
    let mut setup = Setup::mixpanel(&standin.url());
    setup.sources = setup.sources.replace("mode: enforce", "mode: enforce, rate_limit: 3");
    let weir = Weir::start(&setup);
    let batch: Vec<_> = (0..40).map(|n| event(n, 1)).collect();
    assert_eq!(track(&weir, &batch).status, 200, "a burst may come in");
    let refused = track(&weir, &[event(100, 1)]);
    assert_eq!(refused.status, 503, "{}", refused.text());
    let wait: u64 = refused.header("retry-after").and_then(|s| s.parse().ok()).unwrap_or(0);
    assert!(
        (1..=4).contains(&wait),
        "ten events too many at three a second are made up for in four seconds, not {wait}"
    );
    assert_eq!(weir.metrics().sum("weir_source_over_rate_requests_total", &[("source", "web")]), 1);
    weir.wait_until("the source may send again", || track(&weir, &[event(100, 1)]).status == 200);
    let metrics = weir.settle();
    assert_eq!(metrics.sum("weir_events_received_total", &[("source", "web")]), 41, "a refused request counts nothing");
}

#[test]
fn d17_a_source_that_uses_flags_does_not_change_to_enforce_without_a_second_fact() {
    let standin = Standin::of_weir();
    let enforce = Setup::mixpanel(&standin.url());
    let mut observe = enforce.clone();
    observe.sources = observe.sources.replace("enforce", "observe");
    let weir = Weir::start(&observe);
    let folder = weir.folder();
    folder.configure(&enforce);
    assert_eq!(run(folder, &["reload"]).0, Some(0), "nobody has asked for flags");
    folder.configure(&observe);
    assert_eq!(run(folder, &["reload"]).0, Some(0));

    let asked = wire::get(weir.ingest(), &format!("/in/web/flags/?token={WRITE_KEY}&context=%7B%7D"));
    assert_eq!(asked.expect("weir answers").status, 200);
    let seen = |weir: &Weir| weir.metrics().sum("weir_source_flags_answered_constant", &[("source", "web")]);
    assert_eq!(seen(&weir), 1);
    folder.configure(&enforce);
    let (code, said) = run(folder, &["reload"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("accept_flag_loss") && said.contains("weir.yaml:"), "{said}");
    let (_, status) = run(folder, &["status"]);
    assert!(status.contains("observe") && !status.contains("enforce"), "the old mode stays:\n{status}");
    let mut accepted = enforce.clone();
    accepted.sources = accepted.sources.replace("mode: enforce", "mode: enforce, accept_flag_loss: true");
    folder.configure(&accepted);
    assert_eq!(run(folder, &["reload"]).0, Some(0));
    // One that runs in enforce goes on, restarts included.
    folder.configure(&enforce);
    assert_eq!(run(folder, &["reload"]).0, Some(0));
    let weir = weir.kill().start();
    assert_eq!(track(&weir, &[event(1, 1)]).status, 200);
}

#[test]
fn nothing_is_offered_to_a_destination_that_has_ended_though_it_is_still_configured() {
    let standin = Standin::of_weir();
    let weir = Weir::start(&Setup::mixpanel(&standin.url()));
    assert_eq!(track(&weir, &[event(1, 1)]).status, 200);
    weir.settle();
    let (code, said) = run(weir.folder(), &["destination", "end", "product", "--confirm", "product"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(track(&weir, &[event(2, 1)]).status, 200);
    let offered = |weir: &Weir| weir.metrics().sum("weir_events_offered_total", &[("destination", "product")]);
    assert_eq!(offered(&weir), 1);
    let weir = weir.kill().start();
    assert_eq!(track(&weir, &[event(9, 1)]).status, 200);
    assert_eq!(offered(&weir), 1, "after a restart, too");
    assert_eq!(weir.metrics().sum("weir_events_dropped_total", &[("rule", "no_destination")]), 2);
}

/// A journal of 8 MiB whose half is the lag limit, and a vendor that is away.
fn away(on_lag: &str) -> (Standin, Weir) {
    let standin = Standin::of_weir();
    standin.always(Fault::CloseBeforeRead);
    let mut setup = Setup::mixpanel(&standin.url());
    setup.destinations =
        setup.destinations.replace("type: mixpanel,", &format!("type: mixpanel, lag: {{on_lag: {on_lag}}},"));
    setup.more = "journal: {segment: 1MiB, budget: 8MiB, replay_window: 0ms}\ndisk: {reserve: 8MiB}\n".to_owned();
    (standin, Weir::start(&setup))
}

/// Sends until `n` batches of about 300 kB were tried; how many events were taken.
fn fill(weir: &Weir, batches: u64) -> (u64, u64) {
    let (mut taken, mut refused) = (0, 0);
    for batch in 0..batches {
        let events: Vec<_> = (0..30).map(|i| event(batch * 30 + i, 10_000)).collect();
        match track(weir, &events).status {
            200 => taken += 30,
            503 => refused += 1,
            other => panic!("{other}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    (taken, refused)
}

#[test]
fn d12_a_vendor_away_for_too_long_costs_the_oldest_events_by_name_and_the_rest_arrives() {
    let (standin, weir) = away("expire");
    let (taken, _) = fill(&weir, 40);
    let product = ("destination", "product");
    let expired = || weir.metrics().sum("weir_events_dropped_total", &[product, ("rule", "expired")]);
    weir.wait_until("the oldest expire", || expired() > 0);
    standin.heal();
    let metrics = weir.settle();
    let (expired, delivered) = (expired(), metrics.sum("weir_events_delivered_total", &[product]));
    assert_eq!(expired + delivered, taken, "each event is in one state");
    assert!(delivered > 0 && standin.event_count() as u64 == delivered);
    assert_eq!(weir.folder().verify_ledger(true).0, Some(0));
}

#[test]
fn d12_with_hold_nothing_expires_intake_stops_instead_and_everything_arrives() {
    let (standin, weir) = away("hold");
    let (taken, refused) = fill(&weir, 40);
    assert!(refused > 0, "12 MB do not fit into a journal of 8 MiB");
    let product = ("destination", "product");
    assert_eq!(weir.metrics().sum("weir_events_dropped_total", &[product]), 0);
    standin.heal();
    let metrics = weir.settle();
    assert_eq!(metrics.sum("weir_events_delivered_total", &[product]), taken);
    assert_eq!(metrics.sum("weir_events_dropped_total", &[product]), 0);
    weir.wait_until("intake is open again", || track(&weir, &[event(1 << 40, 1)]).status == 200);
}

#[test]
fn a_new_certificate_is_taken_without_a_restart_and_a_bad_one_keeps_the_old() {
    let standin = Standin::of_weir();
    let folder = Folder::new(&Setup::mixpanel(&standin.url()));
    let place = |name: &str| folder.config().with_file_name(name);
    let make = |name: &str| {
        let (key, cert) = (place(&format!("{name}.key")), place(&format!("{name}.pem")));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=weir", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
            .arg(key)
            .arg("-out")
            .arg(cert)
            .output();
        assert!(made.is_ok_and(|o| o.status.success()), "openssl makes a certificate");
    };
    let put = |from: &str, to: &str| {
        std::fs::copy(place(from), place(to)).expect("it can be copied");
    };
    make("one");
    make("two");
    put("one.pem", "used.pem");
    put("one.key", "used.key");
    let setup = Setup::mixpanel(&standin.url());
    let yaml = setup.yaml().replace("listen: {", "listen: {tls: {certificate: used.pem, key: used.key}, ");
    std::fs::write(folder.config(), yaml).expect("the configuration can be written");
    let weir = folder.start();
    let trusts = |name: &str, n: u64| {
        let body = serde_json::to_string(&[event(n, 1)]).expect("JSON of our own");
        let answer = Command::new("curl")
            .args(["-sS", "--max-time", "20", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", "--cacert"])
            .arg(place(name))
            .args(["-H", "Content-Type: application/json", "-d", &body])
            .arg(format!("https://{}/in/web/track", weir.ingest()))
            .output()
            .expect("curl runs");
        String::from_utf8_lossy(&answer.stdout) == "200"
    };
    let hang_up = || {
        let pid = weir.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().is_ok_and(|s| s.success()));
    };
    assert!(trusts("one.pem", 1) && !trusts("two.pem", 2), "the first certificate is shown");
    // Half of a renewal.
    put("two.pem", "used.pem");
    hang_up();
    weir.wait_until("the bad pair is reported", || weir.output().contains("cannot be used"));
    assert!(trusts("one.pem", 3), "the old one stays");
    put("two.key", "used.key");
    hang_up();
    weir.wait_until("the new one is taken", || weir.output().contains("certificate reloaded"));
    assert!(trusts("two.pem", 4) && !trusts("one.pem", 5), "the second certificate is shown");
    weir.wait_until("all three arrived", || standin.event_count() == 3);
}
