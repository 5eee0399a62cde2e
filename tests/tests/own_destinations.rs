//! Destinations that are the customer's own: a signed webhook, a receiver of OpenTelemetry logs, files in a folder and in a bucket.
//! A running Weir, receivers that check what they are sent, and other people's implementations as judges.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde_json::{Value, json};
use weir_tests::bucket::Bucket;
use weir_tests::drivers;
use weir_tests::encoding;
use weir_tests::harness::{Folder, Setup, VENDOR_TOKEN, Weir};
use weir_tests::load;
use weir_tests::privacy::{Needle, assert_absent_below, assert_nowhere, planted};
use weir_tests::random::Random;
use weir_tests::standin::Standin;
use weir_tests::standin::fault::Fault;

const EVENTS: u64 = 60;

/// A Weir that delivers to one destination with these fields beside the usual ones.
fn weir_to(fields: &str) -> Weir {
    let mut setup = Setup::mixpanel("http://127.0.0.1:1");
    setup.destinations = format!("  own: {{subject: stable, release: {{allow: [n, plan, format, rows]}}, {fields}}}\n");
    Weir::start(&setup)
}

/// The same, once more from its folder.
fn configured(fields: &str) -> Arc<Folder> {
    let mut setup = Setup::mixpanel("http://127.0.0.1:1");
    setup.destinations = format!("  own: {{subject: stable, release: {{allow: [n, plan, format, rows]}}, {fields}}}\n");
    Folder::new(&setup)
}

fn events(from: u64, to: u64) -> Vec<Value> {
    let mut random = Random::new(11);
    (from..to).map(|n| load::event(n, &mut random)).collect()
}

#[test]
fn a_webhook_gets_signed_records_that_the_standards_own_library_verifies() {
    let standin = Standin::of_weir();
    // The first attempt fails, so that a second signature is made for the same content.
    standin.script([Fault::status(500)]);
    let weir = weir_to(&format!(
        "type: webhook, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], token: {{env: PRODUCT_TOKEN}}",
        standin.url()
    ));
    assert_eq!(load::send(weir.ingest(), &events(0, EVENTS)).expect("weir answers"), 200);
    let metrics = weir.settle();
    assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "own")]), EVENTS);
    assert_eq!(standin.violations(), []);
    let numbers: BTreeSet<u64> = standin.events().iter().filter_map(|event| event.number()).collect();
    assert_eq!(numbers, (0..EVENTS).collect());
    let requests = standin.requests();
    let ids: Vec<&str> = requests.iter().filter_map(|request| request.header("webhook-id")).collect();
    assert!(ids.len() > 1 && ids[0] == ids[1], "a second attempt has the id of the first: {ids:?}");
    let lines: String = requests
        .iter()
        .map(|request| {
            let headers: serde_json::Map<String, Value> =
                request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            let line = json!({"headers": headers, "body": encoding::base64(&request.body), "secret": VENDOR_TOKEN});
            format!("{line}\n")
        })
        .collect();
    let judged = drivers::judge("python/webhook_receiver.py", &[], lines.as_bytes());
    assert_eq!((&judged["verified"], &judged["refused"]), (&json!(requests.len()), &json!(requests.len())), "{judged}");
    assert_nowhere(&planted(), &standin, &weir);
    let (code, output) = weir.stop();
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn a_webhook_that_nobody_wants_any_more_keeps_its_events_and_says_so() {
    let standin = Standin::of_weir();
    standin.always(Fault::status(410));
    let weir = weir_to(&format!(
        "type: webhook, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], token: {{env: PRODUCT_TOKEN}}",
        standin.url()
    ));
    assert_eq!(load::send(weir.ingest(), &events(0, EVENTS)).expect("weir answers"), 200);
    let counted = |name: &str| weir.metrics().sum(name, &[("destination", "own")]);
    weir.wait_until("it is shown as refused", || counted("weir_destination_refused") == 1);
    weir.wait_until("every event waits", || counted("weir_events_waiting") == EVENTS);
    assert!(weir.output().contains("endpoint_gone"), "{}", weir.output());
}

#[test]
fn opentelemetrys_own_classes_read_the_same_records_in_both_encodings() {
    let mut seen = Vec::new();
    for encoding in ["json", "protobuf"] {
        let standin = Standin::of_weir();
        let weir = weir_to(&format!(
            "type: otlp, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], token: {{env: PRODUCT_TOKEN}}, \
             otlp: {{encoding: {encoding}, resource: {{service.name: shop}}}}",
            standin.url()
        ));
        assert_eq!(load::send(weir.ingest(), &events(0, EVENTS)).expect("weir answers"), 200);
        let metrics = weir.settle();
        assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "own")]), EVENTS);
        assert_eq!(standin.violations(), []);
        let requests: String = standin
            .requests()
            .iter()
            .map(|request| {
                format!("{}\n", json!({"json": encoding == "json", "body": encoding::base64(&request.opened)}))
            })
            .collect();
        let said = drivers::judge("python/otlp_receiver.py", &[], requests.as_bytes());
        assert_eq!(said["unknown_bytes"], 0, "every field is one that they know");
        assert_eq!(
            said["resources"][0]["attributes"],
            json!([{"key": "service.name", "value": {"stringValue": "shop"}}])
        );
        let records = said["records"].as_array().cloned().unwrap_or_default();
        assert_eq!(records.len() as u64, EVENTS);
        // Ids and times differ between two Weirs; what an event says does not.
        let mut numbers: Vec<String> = records
            .iter()
            .map(|record| {
                let own = record["attributes"].as_array().into_iter().flatten();
                let own = own.filter(|a| a["key"].as_str().is_some_and(|key| key.starts_with("properties.")));
                format!("{} {} {:?}", record["eventName"], record["severityNumber"], own.collect::<Vec<_>>())
            })
            .collect();
        numbers.sort();
        seen.push(numbers);
        assert_nowhere(&planted(), &standin, &weir);
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0][0].contains("intValue"), "{}", seen[0][0]);
}

#[test]
fn records_of_which_a_receiver_says_only_how_many_it_rejected_are_unknown_and_not_sent_again() {
    let standin = Standin::of_weir();
    standin.script([Fault::Partial(3)]);
    let weir = weir_to(&format!(
        "type: otlp, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], token: {{env: PRODUCT_TOKEN}}, otlp: {{encoding: json}}",
        standin.url()
    ));
    assert_eq!(load::send(weir.ingest(), &events(0, EVENTS)).expect("weir answers"), 200);
    let counted = |name: &str| weir.metrics().sum(name, &[("destination", "own")]);
    weir.wait_until("nothing waits", || {
        counted("weir_events_delivered_total") + counted("weir_events_unknown") == EVENTS
    });
    assert!(counted("weir_events_unknown") > 0);
    weir.wait_until("the sums hold", || weir.metrics().sums_broken().is_empty());
    let requests = standin.requests();
    let bodies: BTreeSet<&[u8]> = requests.iter().map(|request| request.opened.as_slice()).collect();
    assert_eq!(bodies.len(), requests.len(), "a request went out twice");
}

/// The numbers of the events in a folder of files.
fn read_files(kind: &str, folder: &Path) -> (Value, Vec<u64>) {
    let said = drivers::judge("python/files_reader.py", &[kind, folder.to_str().expect("UTF-8")], b"");
    let numbers =
        said["records"].as_array().into_iter().flatten().filter_map(|r| r["properties"]["n"].as_u64()).collect();
    (said, numbers)
}

#[test]
fn a_folder_of_ndjson_holds_every_event_once_and_nothing_else() {
    let out = tempfile::tempdir().expect("a folder");
    let path = out.path().join("weir-out");
    let weir = weir_to(&format!("type: files, files: {{path: \"{}\", roll: {{every: 1s}}}}", path.display()));
    assert_eq!(load::send(weir.ingest(), &events(0, EVENTS)).expect("weir answers"), 200);
    let metrics = weir.settle();
    assert_eq!(metrics.sum("weir_events_delivered_total", &[("destination", "own")]), EVENTS);
    let (said, mut numbers) = read_files("ndjson", &path);
    numbers.sort_unstable();
    assert_eq!(numbers, (0..EVENTS).collect::<Vec<_>>());
    let files = said["files"].as_array().cloned().unwrap_or_default();
    assert!(
        files.iter().all(|name| name.as_str().is_some_and(|name| name.starts_with("date=") && name.contains("/hour="))),
        "{files:?}"
    );
    let mut needles = planted();
    needles.extend((0..EVENTS).map(|n| Needle::new(&format!("planted{n}@example.com"))));
    assert_absent_below(&needles, &path);
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn pyarrow_reads_the_parquet_of_a_folder_with_its_partitions_and_types() {
    let out = tempfile::tempdir().expect("a folder");
    let fields = format!(
        "type: files, files: {{path: \"{}\", format: parquet, roll: {{every: 1s, events: 25}}}}",
        out.path().display()
    );
    let weir = weir_to(&fields);
    assert_eq!(load::send(weir.ingest(), &events(0, EVENTS)).expect("weir answers"), 200);
    weir.settle();
    let (said, mut numbers) = read_files("parquet", out.path());
    numbers.sort_unstable();
    assert_eq!(numbers, (0..EVENTS).collect::<Vec<_>>());
    assert!(said["files"].as_array().is_some_and(|files| files.len() >= 3), "25 events a file: {}", said["files"]);
    for (column, kind) in
        [("time", "timestamp[ms, tz=UTC]"), ("insert_id", "string"), ("properties", "string"), ("hour", "int32")]
    {
        assert_eq!(said["columns"][column], kind, "{column}");
    }
    let record = &said["records"][0];
    assert_eq!(
        (&record["type"], &record["subject_kind"], &record["op"]),
        (&json!("track"), &json!("user"), &Value::Null)
    );
}

#[test]
fn a_kill_in_the_middle_leaves_whole_files_and_loses_no_event() {
    let out = tempfile::tempdir().expect("a folder");
    let fields = format!("type: files, files: {{path: \"{}\", roll: {{every: 1s, events: 40}}}}", out.path().display());
    let folder = configured(&fields);
    let numbers = Arc::new(AtomicU64::new(0));
    let mut acknowledged = BTreeSet::new();
    for round in 0..3 {
        let weir = folder.start();
        let load = load::Load::start(weir.ingest(), 2, 20, &numbers, round);
        std::thread::sleep(Duration::from_millis(1_700));
        drop(weir.kill());
        acknowledged.extend(load.stop().acknowledged);
        // Every file that has its name is whole: the reader ends where one is not.
        read_files("ndjson", out.path());
    }
    assert!(!acknowledged.is_empty());
    let weir = folder.start();
    weir.settle();
    let (said, arrived) = read_files("ndjson", out.path());
    let distinct: BTreeSet<u64> = arrived.iter().copied().collect();
    let missing: Vec<&u64> = acknowledged.difference(&distinct).collect();
    assert!(missing.is_empty(), "acknowledged and in no file: {missing:?}");
    let ids: BTreeSet<&str> =
        said["records"].as_array().into_iter().flatten().filter_map(|r| r["insert_id"].as_str()).collect();
    assert_eq!(ids.len(), distinct.len(), "an event has one insert id");
    assert!(weir.metrics().sums_broken().is_empty());
    let (code, said) = weir.folder().verify_ledger(true);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn files_in_a_folder_of_weirs_own_are_refused() {
    let folder = configured("type: files, files: {path: data/out}");
    let said = folder.try_start().err().expect("it does not start");
    assert!(said.contains("destinations.own.files.path") && said.contains("lies in the data folder"), "{said}");
}

#[test]
fn a_bucket_of_a_server_that_verifies_signatures_takes_the_objects_and_refuses_a_wrong_key() {
    let mut bucket = Bucket::start("warehouse", false);
    let text = |key: &str| bucket.about(key);
    let secrets = tempfile::tempdir().expect("a folder");
    let file = |name: &str, secret: &str| {
        let path = secrets.path().join(name);
        std::fs::write(&path, secret).expect("a file can be written");
        format!("{{file: \"{}\"}}", path.display())
    };
    let fields = |secret_key: &str| {
        format!(
            "type: files, endpoint: \"{}\", allow_addresses: [127.0.0.0/8], files: {{path: \"s3://warehouse/raw events\", roll: {{every: 1s}}, \
             s3: {{region: eu-central-1, access_key: {}, secret_key: {}}}}}",
            text("endpoint"),
            file("access", &text("access_key")),
            file("secret", secret_key)
        )
    };
    let wrong = weir_to(&fields("not-the-secret-of-this-key"));
    assert_eq!(load::send(wrong.ingest(), &events(0, EVENTS)).expect("weir answers"), 200);
    wrong.wait_until("it is refused", || {
        wrong.metrics().sum("weir_destination_refused", &[("destination", "own")]) == 1
    });
    wrong.wait_until("every event waits", || {
        wrong.metrics().sum("weir_events_waiting", &[("destination", "own")]) == EVENTS
    });
    drop(wrong);
    let weir = weir_to(&fields(&text("secret_key")));
    assert_eq!(load::send(weir.ingest(), &events(0, EVENTS)).expect("weir answers"), 200);
    weir.settle();
    let out = tempfile::tempdir().expect("a folder");
    for (name, content) in bucket.objects() {
        assert!(name.starts_with("raw events/date="), "{name}");
        let path = out.path().join(name.trim_start_matches("raw events/"));
        std::fs::create_dir_all(path.parent().expect("it has a partition")).expect("a folder can be made");
        let content = encoding::from_base64(content.as_str().unwrap_or_default().as_bytes()).expect("base64");
        std::fs::write(path, content).expect("a file can be written");
    }
    let (_, mut numbers) = read_files("ndjson", out.path());
    numbers.sort_unstable();
    assert_eq!(numbers, (0..EVENTS).collect::<Vec<_>>());
}
