//! `weir ledger reconcile`: what really left against what a vendor's export interface says, with things missing, added, repeated, cut short.

use serde_json::{Value, json};
use weir_event::{Clock, Millis, SystemClock};
use weir_tests::exports::{self, Exports, Shown, Trouble};
use weir_tests::harness::{Folder, Setup, WRITE_KEY, Weir};
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;
use weir_tests::wire;

const PLANTED: [&str; 3] = ["ada@example.com", "planted-person-17", "Secret Project Falcon"];

/// A destination of a type that is asked at an address.
fn setup(kind: &str, vendor: &Standin, exports: &Exports, more: &str) -> Setup {
    let mut setup = Setup::mixpanel(&vendor.url());
    let import = "import: {username: {env: IMPORT_USER}, secret: {env: IMPORT_SECRET}, project_id: 1234567}";
    let user = if kind == "posthog" { "" } else { "username: {file: export-user}, " };
    let project = if kind == "amplitude" { String::new() } else { format!("project_id: {}, ", exports::PROJECT) };
    let export = format!(
        "export: {{{user}secret: {{file: export-secret}}, {project}endpoint: \"http://{}\"{more}}}",
        exports.address
    );
    assert!(setup.destinations.contains(import));
    let with_import = if kind == "mixpanel" { format!("{import}, {export}") } else { export };
    setup.destinations =
        setup.destinations.replace(import, &with_import).replace("type: mixpanel", &format!("type: {kind}"));
    setup
}

fn start(setup: &Setup) -> Weir {
    let folder = Folder::new(setup);
    let beside = folder.config().parent().expect("a folder").to_owned();
    std::fs::write(beside.join("export-user"), exports::USER).expect("a file");
    std::fs::write(beside.join("export-secret"), format!("{}\n", exports::SECRET)).expect("a file");
    folder.start()
}

fn send(weir: &Weir, name: &str, numbers: std::ops::Range<u64>) {
    let event = |n: u64| {
        json!({"event": name, "properties": {
            "token": WRITE_KEY, "distinct_id": format!("user-{}", n % 7), "$insert_id": format!("{n:032x}"), "plan": "pro", "n": n,
            "time": SystemClock.now().0 as f64 / 1000.0, "email": PLANTED[0],
        }})
    };
    let body = serde_json::to_vec(&numbers.map(event).collect::<Value>()).expect("JSON of our own");
    assert_eq!(
        wire::post(weir.ingest(), "/in/web/track", "application/json", &body).expect("weir answers").status,
        200
    );
}

/// What a vendor's interface shows where it has what it took.
fn shown(vendor: &Standin) -> Vec<Shown> {
    let now = SystemClock.now();
    let at = |event: &Value| {
        let time = event.pointer("/properties/time").or_else(|| event.get("time")).and_then(Value::as_i64);
        time.map(Millis).or_else(|| Millis::from_rfc3339(event.get("timestamp")?.as_str()?)).unwrap_or(now)
    };
    let shown = |stored: &weir_tests::standin::record::StoredEvent| Shown {
        name: stored.name().to_owned(),
        id: stored.insert_id().expect("Weir gives each event an id"),
        at: at(&stored.event),
        uploaded: now,
    };
    vendor.events().iter().map(shown).collect()
}

/// Yesterday and today, in a zone so many hours ahead of UTC.
fn window(ahead: i64) -> [String; 2] {
    let now = SystemClock.now().plus(ahead * Millis::HOUR);
    [-1, 0].map(|days| now.plus(days * Millis::DAY).to_rfc3339()[..10].to_owned())
}

fn ask(folder: &Folder, more: &[&str]) -> (Option<i32>, Value, String) {
    ask_in(0, folder, more)
}

fn ask_in(ahead: i64, folder: &Folder, more: &[&str]) -> (Option<i32>, Value, String) {
    let [from, to] = window(ahead);
    let all = ["ledger", "reconcile", "--json", "--destination", "product", "--from", &from, "--to", &to];
    let (code, out, err) = folder.weir(&[&all[..], more].concat());
    for planted in PLANTED.iter().chain(&[exports::SECRET]) {
        assert!(!out.contains(planted) && !err.contains(planted), "{planted} is in {out}{err}");
    }
    let value = serde_json::from_str(&out).unwrap_or_default();
    (code, value, format!("{out}{err}"))
}

fn total<'a>(answer: &'a Value, words: &[&'a str]) -> Vec<(&'a str, u64)> {
    let of = |word: &&'a str| (*word, answer["total"][*word].as_u64().unwrap_or(u64::MAX));
    words.iter().map(of).collect()
}

#[test]
fn what_is_missing_added_or_repeated_at_mixpanel_is_told_apart_and_kept_and_an_exposure_says_so() {
    let (vendor, exports) = (Standin::of_weir(), Exports::start(0));
    // The first try is stored and its answer lost: the same events are sent again.
    vendor.script([Fault::CloseAfterStore]);
    let weir = start(&setup("mixpanel", &vendor, &exports, ""));
    let folder = weir.folder();
    send(&weir, "Report Exported", 0..40);
    weir.settle();
    send(&weir, "Page Viewed", 40..45);
    weir.settle();
    let whole = shown(&vendor);
    assert_eq!(whole.len(), 45);

    // As it should be; the vendor wants to be asked slower, and breaks off once.
    exports.show(whole.clone());
    exports.trouble([Trouble::Quota(1), Trouble::None, Trouble::Cut]);
    let (code, answer, said) = ask(folder, &["--delay", "0m"]);
    assert_eq!(code, Some(0), "{said}");
    let words = ["accepted", "exact", "theirs", "found", "missing", "unexplained"];
    assert_eq!(
        total(&answer, &words),
        [("accepted", 45), ("exact", 45), ("theirs", 45), ("found", 45), ("missing", 0), ("unexplained", 0)]
    );
    assert!(said.contains("exact: every event is compared by its insert id"), "{said}");
    let asked = exports.asked();
    assert!(asked.len() >= 5, "the days and the two that were asked for again: {asked:?}");
    assert!(asked.iter().all(|target| target.starts_with("GET /api/2.0/export?project_id=7654321&from_date=")));

    // Three are gone, one is there three times, two are by somebody else and one under a form of ours that never left.
    let mut changed = whole[3..].to_vec();
    changed.extend([changed[0].clone(), changed[0].clone()]);
    let now = SystemClock.now();
    let stranger = |name: &str, id: &str| Shown { name: name.to_owned(), id: id.to_owned(), at: now, uploaded: now };
    changed.push(stranger(PLANTED[2], "hpuDqcvpltpCjBsebtxwadtEBDnFAdycabFb"));
    changed.push(stranger("Report Exported", "0123456789abcdef"));
    changed.push(stranger("Report Exported", "01234567-89ab-4def-8123-456789abcdef"));
    exports.show(changed);
    let (code, answer, said) = ask(folder, &["--delay", "0m"]);
    assert_eq!(code, Some(1), "{said}");
    let words = ["found", "missing", "others", "extra", "unexplained", "settling"];
    assert_eq!(
        total(&answer, &words),
        [("found", 42), ("missing", 3), ("others", 2), ("extra", 1), ("unexplained", 6), ("settling", 0)]
    );
    let repeated = total(&answer, &["repeated_by_us", "repeated_there"]).iter().map(|(_, count)| count).sum::<u64>();
    assert_eq!(repeated, 2);
    let lines = answer["lines"].as_array().expect("lines");
    assert!(
        lines.iter().any(|line| line["event"].is_null() && line["others"] == 1),
        "a name of the vendor's is not said"
    );
    // What left just now may not have come in yet.
    let (_, answer, _) = ask(folder, &[]);
    assert_eq!(total(&answer, &["missing", "settling"]), [("missing", 0), ("settling", 3)]);

    // It is kept, the newest of each window, and an exposure says it.
    let kept = || std::fs::read_dir(folder.data().join("reconciled")).expect("a folder").count();
    assert_eq!(kept(), 1);
    let (_, exposure, _) = folder.weir(&["ledger", "exposure", "--destination", "product"]);
    assert!(
        exposure.contains("the vendor's own count for product, asked") && exposure.contains("3 are unexplained"),
        "{exposure}"
    );
    let (_, log, _) = folder.weir(&["audit-log", "read", "--json"]);
    for act in ["ledger_reconcile", "reconciliation_keep", "reconciliation_remove"] {
        assert!(log.contains(act), "{act} is not in {log}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.data()).expect("a folder").flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("reconcile-")), "{left:?}");
    let page = folder.data().join("../reconciled.html");
    ask(folder, &["--html", &page.display().to_string()]);
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.contains("default-src 'none'") && PLANTED.iter().all(|planted| !page.contains(planted)));
}

#[test]
fn an_answer_that_may_not_be_whole_is_no_answer() {
    let (vendor, exports) = (Standin::of_weir(), Exports::start(0));
    let weir = start(&setup("mixpanel", &vendor, &exports, ""));
    let folder = weir.folder();
    send(&weir, "Report Exported", 0..10);
    weir.settle();
    exports.show(shown(&vendor));
    for (trouble, says) in [
        (Trouble::Cut, "cut short"),
        (Trouble::Unframed, "does not say where it ends"),
        (Trouble::TerminatedEarly, "could not be read whole"),
        (Trouble::HalfLine, "could not be read whole"),
    ] {
        exports.always(trouble);
        let (code, answer, said) = ask(folder, &["--delay", "0m"]);
        assert!(
            code == Some(2) && said.contains(says) && answer.get("total").is_none(),
            "{trouble:?}: {code:?} {said}"
        );
    }
    exports.always(Trouble::None);
    let other = folder.config().parent().expect("a folder").join("export-secret");
    std::fs::write(&other, "of-another-project").expect("a file");
    let (code, _, said) = ask(folder, &[]);
    assert!(code == Some(2) && said.contains("401") && said.contains("credentials"), "{said}");
    assert!(!folder.data().join("reconciled").exists(), "nothing is kept of what is no answer");
    // Without the secret nobody is asked, and without the keys neither.
    let before = exports.asked().len();
    std::fs::remove_file(&other).expect("a file");
    let (code, _, said) = ask(folder, &[]);
    assert!(code == Some(2) && said.contains("destinations.product.export.secret"), "{said}");
    std::fs::write(&other, exports::SECRET).expect("a file");
    let [from, to] = window(0);
    let nowhere = folder.data().join("../nowhere").display().to_string();
    let (data, config) = (folder.data().display().to_string(), folder.config().display().to_string());
    let all = ["ledger", "reconcile", "--destination", "product", "--from", &from, "--to", &to];
    let output = folder.run(&[&all[..], &["--data", &data, "--config", &config, "--keys", &nowhere]].concat(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(exports.asked().len(), before);
    for (wrong, says) in [
        (["--destination", "nobody", "--from", &from, "--to", &to], "names no destination"),
        (["--destination", "product", "--from", &to, "--to", &from], "exchange them"),
        (["--destination", "product", "--from", "2020-01-01", "--to", &to], "at most 31 days"),
    ] {
        let (code, _, err) = folder.weir(&[&["ledger", "reconcile"], &wrong[..]].concat());
        assert!(code == Some(2) && err.contains(says), "{err}");
    }
}

#[test]
fn without_the_journal_events_are_counted_in_the_vendors_time_zone_and_the_answer_says_that_it_only_counts() {
    // Fourteen hours ahead of UTC: another day for most of it.
    let (vendor, exports) = (Standin::of_weir(), Exports::start(14 * 3_600));
    let weir = start(&setup("mixpanel", &vendor, &exports, ", time_zone: Pacific/Kiritimati"));
    send(&weir, "Report Exported", 0..30);
    send(&weir, "Page Viewed", 30..34);
    weir.settle();
    let whole = shown(&vendor);
    exports.show(whole.clone());
    let local =
        |days: i64| SystemClock.now().plus(14 * Millis::HOUR + days * Millis::DAY).to_rfc3339()[..10].to_owned();
    let (from, to) = (local(-1), local(0));
    let days = ["--from", from.as_str(), "--to", to.as_str(), "--delay", "0m"];
    let ask = |folder: &Folder| {
        let (code, out, err) =
            folder.weir(&[&["ledger", "reconcile", "--json", "--destination", "product"], &days[..]].concat());
        (code, serde_json::from_str::<Value>(&out).unwrap_or_default(), format!("{out}{err}"))
    };
    let (code, answer, said) = ask(weir.folder());
    assert_eq!((code, total(&answer, &["found"])), (Some(0), vec![("found", 34)]), "{said}");
    assert_eq!(answer["time_zone"], "Pacific/Kiritimati");

    let folder = weir.kill();
    for file in std::fs::read_dir(folder.data().join("journal")).expect("the journal").flatten() {
        std::fs::remove_file(file.path()).expect("a segment");
    }
    exports.show(whole[..32].to_vec());
    let (code, answer, said) = ask(&folder);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(
        total(&answer, &["exact", "found", "found_by_count", "missing", "extra"]),
        [("exact", 0), ("found", 0), ("found_by_count", 32), ("missing", 2), ("extra", 0)]
    );
    assert!(said.contains("counts only: the journal holds none of these events any more"), "{said}");
    let missing: Vec<_> =
        answer["lines"].as_array().expect("lines").iter().filter(|line| line["missing"] != 0).collect();
    assert!(missing.iter().all(|line| line["event"] == whole[32].name.as_str()), "{missing:?}");
}

#[test]
fn amplitude_and_posthog_are_asked_in_their_own_forms() {
    let (vendor, exports) = (Standin::of_weir(), Exports::start(0));
    exports.hours_max(6);
    let weir = start(&setup("amplitude", &vendor, &exports, ""));
    send(&weir, "Report Exported", 0..25);
    weir.settle();
    let whole = shown(&vendor);
    exports.show(whole[1..].to_vec());
    let (code, answer, said) = ask(weir.folder(), &["--delay", "0m"]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(total(&answer, &["found", "missing", "extra"]), [("found", 24), ("missing", 1), ("extra", 0)]);
    assert!(exports.asked().iter().all(|target| target.starts_with("GET /api/2/export?start=20")));
    drop(weir);

    let (vendor, exports) = (Standin::of_weir(), Exports::start(3_600));
    let weir = start(&setup("posthog", &vendor, &exports, ", time_zone: Etc/GMT-1"));
    let folder = weir.folder();
    send(&weir, "Report Exported", 0..25);
    weir.settle();
    let mut whole = shown(&vendor);
    assert_eq!(whole.len(), 25);
    whole.push(Shown { id: "01890000-0000-7000-8000-000000000000".to_owned(), ..whole[0].clone() });
    exports.show(whole[2..].to_vec());
    let (code, answer, said) = ask_in(1, folder, &["--delay", "0m"]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(
        total(&answer, &["found", "missing", "others", "extra"]),
        [("found", 23), ("missing", 2), ("others", 1), ("extra", 0)]
    );
    // A page that lacks a row is found out by the count.
    exports.show(whole[..25].to_vec());
    let [first, last] = window(1);
    let days = (Millis::from_rfc3339(&format!("{last}T00:00:00Z")).expect("a day").0
        - Millis::from_rfc3339(&format!("{first}T00:00:00Z")).expect("a day").0)
        / Millis::DAY
        + 3;
    // First every day is counted, then each is counted and shown.
    let counted = std::iter::repeat_n(Trouble::None, days as usize);
    let pages = std::iter::repeat_n([Trouble::None, Trouble::ShortPage], days as usize).flatten();
    exports.trouble(counted.chain(pages));
    let (code, _, said) = ask_in(1, folder, &["--delay", "0m"]);
    assert!(code == Some(2) && said.contains("PostHog counts"), "{said}");
}

#[test]
fn files_of_an_export_are_read_as_the_interface_is_and_a_day_that_they_lack_is_not_missing() {
    let (vendor, exports) = (Standin::of_weir(), Exports::start(0));
    let weir = start(&setup("mixpanel", &vendor, &exports, ""));
    let folder = weir.folder();
    send(&weir, "Report Exported", 0..20);
    weir.settle();
    let whole = shown(&vendor);
    let line = |event: &Shown| {
        let properties = json!({"time": event.at.0 / 1_000, "$insert_id": event.id, "distinct_id": PLANTED[1]});
        format!("{}\n", json!({"event": event.name, "properties": properties}))
    };
    let file = folder.data().join("../export.ndjson");
    let path = file.display().to_string();
    std::fs::write(&file, whole[..18].iter().map(line).collect::<String>()).expect("a file");
    let (code, answer, said) = ask(folder, &["--delay", "0m", "--export", &path]);
    assert_eq!((code, total(&answer, &["found", "missing"])), (Some(1), vec![("found", 18), ("missing", 2)]), "{said}");
    assert_eq!(answer["from_files"], true);
    // Of another day only: that it lacks this one says nothing about what the vendor has.
    let old = Shown { at: whole[0].at.plus(-40 * Millis::DAY), ..whole[0].clone() };
    std::fs::write(&file, line(&old)).expect("a file");
    let (code, _, said) = ask(folder, &["--delay", "0m", "--export", &path]);
    assert!(code == Some(2) && said.contains("the files hold no event of"), "{said}");
    let (code, answer, said) = ask(folder, &["--delay", "0m", "--whole", "--export", &path]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(total(&answer, &["found"])[0].1 + total(&answer, &["missing"])[0].1, 20);
    // Cut in the middle, plain or packed.
    let text = whole.iter().map(line).collect::<String>();
    std::fs::write(&file, &text[..text.len() - 30]).expect("a file");
    let (code, _, said) = ask(folder, &["--export", &path]);
    assert!(code == Some(2) && said.contains("could not be read whole"), "{said}");
    let zip = exports::zip(&[("a/b.ndjson".to_owned(), text.into_bytes())]);
    let file = folder.data().join("../export.zip");
    let path = file.display().to_string();
    std::fs::write(&file, &zip).expect("a file");
    let (code, answer, said) = ask(folder, &["--delay", "0m", "--export", &path]);
    assert_eq!((code, total(&answer, &["found"])), (Some(0), vec![("found", 20)]), "{said}");
    std::fs::write(&file, &zip[..zip.len() - 40]).expect("a file");
    let (code, _, said) = ask(folder, &["--export", &path]);
    assert!(code == Some(2) && said.contains("could not be read whole"), "{said}");
    assert!(exports.asked().is_empty(), "nobody is asked");
}
