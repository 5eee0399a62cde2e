//! `weir audit` and `weir detect` as a person runs them: exports of every vendor in every form and packing, planted values that no output
//! may show, damage that is said, memory that does not grow.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use weir_tests::captures::fixtures;
use weir_tests::harness::binary;
use weir_tests::privacy::{Needle, assert_absent};
use weir_tests::random::Random;

/// What stands in the exports and must stand in no output.
const PLANTED: [(&str, &str); 8] = [
    ("email", "augusta.planted@example.com"),
    ("phone", "+1 415 555 0132"),
    ("card", "4111 1111 1111 1111"),
    ("name", "Augusta Planted"),
    ("secret", "ghp_planted0planted0planted0planted01"),
    ("note", "please call me back at the summer house because the planted invoice is wrong again"),
    ("iban", "DE89 3704 0044 0532 0130 00"),
    ("ip", "198.51.100.77"),
];

fn planted(name: &str) -> &'static str {
    PLANTED.iter().find(|(key, _)| *key == name).map(|(_, value)| *value).expect("it is planted")
}

/// What product code attaches to an event.
fn properties() -> Value {
    json!({
        "plan": "pro",
        "seats": 12,
        "email": planted("email"),
        "contact": {"mobile": planted("phone"), "all": [planted("email")]},
        "card": planted("card"),
        "note": planted("note"),
        "iban": planted("iban"),
        "url": format!("https://app.example.com/reset?email={}&token={}", planted("email").replace('@', "%40"), planted("secret")),
        planted("email"): "a key is data, too",
    })
}

struct Run {
    code: Option<i32>,
    said: String,
    json: Value,
}

fn weir(arguments: &[&str]) -> Run {
    let output = Command::new(binary()).args(arguments).stdin(Stdio::null()).output().expect("weir runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Run { code: output.status.code(), said, json }
}

fn audit(file: &Path) -> Run {
    weir(&["audit", "--json", &file.display().to_string()])
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("there is a folder"))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("it can be written");
        path
    }
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).expect("memory takes it");
    out.finish().expect("memory takes it")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn mixpanel() -> Vec<Value> {
    let mut properties = properties();
    properties["time"] = json!(1_761_106_053);
    properties["distinct_id"] = json!(planted("email"));
    properties["$insert_id"] = json!("a1b2c3d4e5f6");
    properties["$browser"] = json!("Chrome");
    let clean = json!({"time": 1_761_206_053, "distinct_id": "user-7", "$insert_id": "z", "plan": "free"});
    vec![
        json!({"event": "Report Exported", "properties": properties}),
        json!({"event": "Page Closed", "properties": clean}),
    ]
}

fn amplitude() -> Vec<Value> {
    vec![json!({
        "$insert_id": "5f0adeff", "app": 123_456, "amplitude_id": 47_110_815, "device_id": "C8F9E604-F01A-4BD9-95C6-8E5357DF265D",
        "user_id": planted("email"), "event_type": "Report Exported", "event_time": "2026-10-01 00:00:01.123000",
        "ip_address": planted("ip"), "city": "Berlin", "event_properties": properties(),
        "user_properties": {"full_name": planted("name"), "email": planted("email")}, "groups": {}, "data": {}, "dma": null,
    })]
}

fn segment() -> Vec<Value> {
    vec![
        json!({
            "type": "track", "event": "Report Exported", "messageId": "m-1", "userId": planted("email"), "anonymousId": "a-1",
            "timestamp": "2026-10-01T00:00:01.123Z", "properties": properties(), "context": {"ip": planted("ip")},
        }),
        json!({
            "type": "identify", "messageId": "m-2", "userId": "user-7", "timestamp": "2026-10-02T00:00:01.123Z",
            "traits": {"email": planted("email"), "name": planted("name"), "phone": planted("phone")},
        }),
    ]
}

fn posthog() -> Vec<Value> {
    let mut properties = properties();
    properties["$ip"] = json!(planted("ip"));
    vec![json!({
        "uuid": "01890a5d-ac96-774b-bcce-b302099a8057", "event": "Report Exported", "distinct_id": planted("email"),
        "timestamp": "2026-10-01T00:00:01.123Z", "properties": properties.to_string(),
        "person_properties": {"email": planted("email"), "name": planted("name")}, "elements_chain": "", "team_id": 7,
    })]
}

/// Category keys by path, over all events.
fn found(report: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for event in report["events"].as_array().into_iter().flatten() {
        for property in event["properties"].as_array().into_iter().flatten() {
            for finding in property["findings"].as_array().into_iter().flatten() {
                out.push((
                    property["path"].as_str().unwrap_or("?").into(),
                    finding["category"].as_str().unwrap_or("?").into(),
                ));
            }
        }
    }
    out
}

fn assert_found(report: &Run, wanted: &[(&str, &str)]) {
    let found = found(&report.json);
    for (path, category) in wanted {
        assert!(found.iter().any(|(p, c)| p == path && c == category), "{path} {category} is not in {found:?}");
    }
}

const OF_PROPERTIES: [(&str, &str); 7] = [
    ("email", "user.contact.email"),
    ("contact.mobile", "user.contact.phone_number"),
    ("contact.all.*", "user.contact.email"),
    ("card", "user.financial.credit_card"),
    ("note", "free_text"),
    ("iban", "user.financial.bank_account"),
    ("context.identity.user", "user.contact.email"),
];

#[test]
fn an_export_of_each_vendor_says_what_stands_where_and_what_policy_would_do() {
    let folder = Folder::new();
    let profile = ("profile.email", "user.contact.email");
    for (vendor, title, events, of_person) in [
        ("mixpanel", "Mixpanel", mixpanel(), None),
        ("amplitude", "Amplitude", amplitude(), Some(profile)),
        ("segment", "Segment", segment(), Some(profile)),
        ("posthog", "PostHog", posthog(), Some(profile)),
    ] {
        let run = audit(&folder.write(&format!("{vendor}.ndjson"), lines(&events)));
        assert_eq!(run.code, Some(1), "{vendor}: {}", run.said);
        assert_eq!(run.json["title"], format!("What {title} knows about your users"));
        assert_eq!(run.json["scope"]["events"].as_u64().map(|n| n >= events.len() as u64), Some(true), "{vendor}");
        assert_eq!(run.json["scope"]["files"][0]["damaged"], 0, "{vendor}: {}", run.json["scope"]);
        assert_found(&run, &OF_PROPERTIES);
        assert_found(&run, of_person.as_slice());
        let event = run.json["events"].as_array().and_then(|all| all.iter().find(|e| e["event"] == "Report Exported"));
        let event = event.unwrap_or_else(|| panic!("{vendor}: no event"));
        let property =
            |path: &str| event["properties"].as_array().and_then(|all| all.iter().find(|p| p["path"] == path)).cloned();
        let email = property("email").expect("it is there");
        assert_eq!((&email["rate"], &email["types"]), (&json!(1.0), &json!(["string"])));
        assert_eq!(email["policy"]["gate"]["drop"], 1, "{vendor}: {email}");
        assert_eq!(email["example"], "xxxx.xxxx@xxxx.xxx");
        assert!(!email["findings"][0]["evidence"].as_array().expect("a list").is_empty());
        let plan = property("plan").expect("it is there");
        assert_eq!((&plan["findings"], &plan["policy"]["gate"]["keep"]), (&json!([]), &json!(1)), "{vendor}: {plan}");
        assert_eq!(plan["policy"]["leaves"], json!({}), "{vendor}: nothing leaves without a rule");
        if vendor != "mixpanel" {
            let address = property("context.ip").unwrap_or_else(|| panic!("{vendor}: no address"));
            assert_eq!(address["policy"]["gate"], json!({"truncate": 1}), "{vendor}: {address}");
        }
    }
}

#[test]
fn no_output_shows_a_planted_value_in_any_form() {
    let folder = Folder::new();
    let all = [mixpanel(), amplitude(), segment(), posthog()].concat();
    let file = folder.write("all.ndjson", lines(&all) + "{\"secret\": ghp_planted0planted0planted0planted01}\n");
    let html = folder.0.path().join("audit.html");
    let (file, html_name) = (file.display().to_string(), html.display().to_string());
    let outputs = [
        ("text", weir(&["audit", &file, "--html", &html_name]).said),
        ("JSON", weir(&["audit", "--json", &file]).said),
        ("SARIF", weir(&["audit", "--sarif", &file]).said),
        ("page", std::fs::read_to_string(&html).expect("the page is there")),
    ];
    for (_, value) in PLANTED {
        for (form, text) in &outputs {
            assert!(text.len() > 500, "{form}: {text}");
            assert_absent(&[Needle::new(value)], text.as_bytes(), form);
        }
    }
    for part in ["augusta", "planted", "4111", "example.com", "user-7", "47110815", "C8F9E604"] {
        for (form, text) in &outputs {
            assert!(!text.contains(part), "{form} shows {part}");
        }
    }
}

#[test]
fn packed_files_lists_tables_and_recordings_say_the_same_as_lines() {
    let folder = Folder::new();
    let plain = lines(&mixpanel());
    let all = mixpanel();
    let wanted = found(&audit(&folder.write("plain.ndjson", &plain)).json);
    let log = json!({"log": {"version": "1.2", "entries": [
        {"request": {"method": "GET", "url": "https://example.com/logo.png"}},
        {"request": {"method": "POST", "url": "https://api.mixpanel.com/track", "postData": {"text": json!(all).to_string()}}},
    ]}});
    let body = json!(all).to_string();
    let capture =
        format!("POST /track HTTP/1.1\r\nHost: api.mixpanel.com\r\nContent-Type: application/json\r\n\r\n{body}");
    for (name, bytes) in [
        ("gz.ndjson.gz", gzip(plain.as_bytes())),
        ("zst.ndjson.zst", zstd(plain.as_bytes())),
        ("two.zst", [zstd(lines(&all[..1]).as_bytes()), zstd(lines(&all[1..]).as_bytes())].concat()),
        ("list.json", json!(all).to_string().into_bytes()),
        ("pretty.json", serde_json::to_string_pretty(&all).expect("it is JSON").into_bytes()),
        (
            "around.json",
            serde_json::to_string_pretty(&json!({"next": null, "results": all})).expect("it is JSON").into_bytes(),
        ),
        ("har.har", log.to_string().into_bytes()),
        ("har.har.gz", gzip(log.to_string().as_bytes())),
        ("capture.http", capture.into_bytes()),
    ] {
        let run = audit(&folder.write(name, bytes));
        assert_eq!(run.code, Some(1), "{name}: {}", run.said);
        assert_eq!(found(&run.json), wanted, "{name}");
        assert_eq!(run.json["scope"]["files"][0]["events"], 2, "{name}");
    }
}

#[test]
fn an_archive_says_the_same_as_the_files_in_it_and_what_of_it_was_not_read() {
    let folder = Folder::new();
    let archive = |name: &str| audit(&fixtures().join("archives").join(name));
    let wanted = archive("stored.zip");
    assert_eq!((wanted.code, &wanted.json["whole"]), (Some(1), &json!(true)), "{}", wanted.said);
    assert_eq!(wanted.json["title"], "What Amplitude knows about your users");
    assert_found(&wanted, &[("note_to", "user.contact.email")]);
    let files = wanted.json["scope"]["files"].as_array().expect("there are files");
    assert_eq!(files.len(), 2, "each file has a line of its own, a folder and a readme have none");
    assert!(files.iter().all(|file| file["events"] == 3), "{files:?}");
    let first = files[0]["name"].as_str().unwrap_or_default();
    assert!(first.ends_with("stored.zip/123456/123456_2026-11-01_0#0.json.gz"), "{first}");
    // Written in each other way: by a pipe (data descriptors), as ZIP64, with a ZIP64 directory.
    for name in ["deflated.zip", "zip64.zip", "descriptors.zip", "descriptors64.zip", "directory64.zip"] {
        let run = archive(name);
        assert_eq!((run.code, found(&run.json)), (Some(1), found(&wanted.json)), "{name}: {}", run.said);
    }
    for (name, why) in [
        ("encrypted.zip", "it is encrypted: unpack it first"),
        ("bzip2.zip", "it is packed by method 12, which is not read: unpack it first"),
        ("overlap.zip", "entries of the archive overlap: it was made to unpack to more than it can hold"),
        ("empty.zip", "it holds no file that is read"),
    ] {
        let run = archive(name);
        assert_eq!(run.code, Some(2), "{name}: {}", run.said);
        let files = run.json["scope"]["files"].as_array().expect("there are files");
        assert!(files.iter().any(|file| file["not_read"] == why), "{name}: {files:?}");
    }
    let whole = std::fs::read(fixtures().join("archives/stored.zip")).expect("it is there");
    let cut = audit(&folder.write("cut.zip", &whole[..whole.len() - 40]));
    assert_eq!(cut.code, Some(2), "{}", cut.said);
    // In a folder an archive counts.
    folder.write("whole.zip", &whole);
    std::fs::remove_file(folder.0.path().join("cut.zip")).expect("it is there");
    assert_eq!(found(&audit(folder.0.path()).json), found(&wanted.json));
}

#[test]
fn a_table_is_read_as_its_vendor_exports_it() {
    let folder = Folder::new();
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let posthog = format!(
        "uuid,event,distinct_id,timestamp,properties,person.properties.email\r\n01890a5d-ac96-774b-bcce-b302099a8057,Report Exported,{},2026-10-01T00:00:01Z,{},{}\r\n",
        cell(planted("email")),
        cell(&properties().to_string()),
        planted("email"),
    );
    let run = audit(&folder.write("posthog.csv", posthog));
    assert_eq!(
        (run.code, &run.json["title"]),
        (Some(1), &json!("What PostHog knows about your users")),
        "{}",
        run.said
    );
    assert_found(&run, &OF_PROPERTIES);
    assert_found(&run, &[("profile.email", "user.contact.email")]);
    let flat = format!(
        "event;plan;note;email\nReport Exported;pro;{};{}\nbroken;row\n",
        cell("two\nlines; quoted \"so\""),
        planted("email")
    );
    let run = audit(&folder.write("flat.csv", flat));
    assert_eq!(run.code, Some(1), "{}", run.said);
    assert_found(&run, &[("email", "user.contact.email")]);
    let file = &run.json["scope"]["files"][0];
    assert_eq!((&file["events"], &file["damaged"], &file["damaged_at"]), (&json!(1), &json!(1), &json!([3])), "{file}");
}

#[test]
fn what_is_damaged_is_counted_named_and_never_passed_over_in_silence() {
    let folder = Folder::new();
    let good = lines(&mixpanel());
    let torn = format!(
        "{good}{{\"event\": \"half\n\n[1,2]\n\"text\"\n{{\"event\": \"Half Surrogate\", \"properties\": {{\"distinct_id\": \"a\", \"t\": \"\\ud83d\"}}}}\n"
    );
    let run = audit(&folder.write("torn.ndjson", torn));
    let file = &run.json["scope"]["files"][0];
    assert_eq!(
        (&file["events"], &file["damaged"], &file["damaged_at"]),
        (&json!(3), &json!(3), &json!([3, 5, 6])),
        "{}",
        run.said
    );
    assert_eq!(run.code, Some(1), "it was read to its end");
    let said = weir(&["audit", &folder.0.path().join("torn.ndjson").display().to_string()]).said;
    assert!(said.contains("3 damaged lines passed over (number 3, 5, 6)"), "{said}");

    let many: String = std::iter::repeat_n(good.as_str(), 200).collect();
    let packed = gzip(many.as_bytes());
    for (name, bytes) in [
        ("cut.ndjson.gz", packed[..packed.len() / 2].to_vec()),
        ("cut.ndjson.zst", {
            let packed = zstd(many.as_bytes());
            packed[..packed.len() / 2].to_vec()
        }),
        ("cut.json", json!(mixpanel()).to_string().into_bytes().into_iter().rev().skip(9).rev().collect()),
    ] {
        let run = audit(&folder.write(name, bytes));
        assert_eq!(run.code, Some(2), "{name}: {}", run.said);
        assert_eq!(run.json["whole"], false, "{name}");
        assert!(run.json["scope"]["files"][0]["not_read"].is_string(), "{name}: {}", run.json["scope"]);
    }
    for (name, bytes) in
        [("picture.png", &b"\x89PNG\r\n\x1a\n"[..]), ("empty.ndjson", b""), ("text.txt", b"hello there\n")]
    {
        assert_eq!(audit(&folder.write(name, bytes)).code, Some(2), "{name}");
    }
    assert_eq!(weir(&["audit", "/no/such/file.ndjson"]).code, Some(2));
    let clean =
        json!({"event": "Page Closed", "properties": {"distinct_id": "user-7", "plan": "free", "time": 1_761_106_053}});
    assert_eq!(
        audit(&folder.write("clean.ndjson", lines(&[clean]))).code,
        Some(0),
        "ids alone are what analytics is made of"
    );
}

#[test]
fn our_own_captures_of_every_sdk_are_read() {
    for vendor in ["mixpanel", "amplitude", "segment", "rudderstack", "posthog", "snowplow"] {
        let folders = std::fs::read_dir(fixtures().join(vendor)).expect("there are fixtures");
        for folder in folders.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
            let run = audit(&folder);
            assert!(matches!(run.code, Some(0 | 1)), "{}: {}", folder.display(), run.said);
            let damaged: u64 =
                run.json["scope"]["files"].as_array().into_iter().flatten().filter_map(|f| f["damaged"].as_u64()).sum();
            assert_eq!(damaged, 0, "{}: {}", folder.display(), run.json["scope"]["gaps"]);
            assert!(run.json["scope"]["events"].as_u64() > Some(0), "{}", folder.display());
            let vendors: Vec<&str> =
                run.json["events"].as_array().into_iter().flatten().filter_map(|e| e["vendor"].as_str()).collect();
            assert!(vendors.iter().all(|found| *found == vendor), "{}: {vendors:?}", folder.display());
        }
    }
}

#[test]
fn the_work_list_is_in_order_and_its_promise_is_the_sum_of_its_shares() {
    let folder = Folder::new();
    let event = |n: u64| {
        let mut properties = json!({"distinct_id": "u", "time": 1_761_106_053 + n, "email": planted("email")});
        if n.is_multiple_of(10) {
            properties["mobile"] = json!(planted("phone"));
        }
        if n == 0 {
            properties["card"] = json!(planted("card"));
            properties["iban"] = json!(planted("iban"));
        }
        json!({"event": format!("Event {}", ["A", "B"][n as usize % 2]), "properties": properties})
    };
    let events: Vec<Value> = (0..100).map(event).collect();
    let run = audit(&folder.write("events.ndjson", lines(&events)));
    let work = run.json["work_list"].as_array().expect("there is one");
    let paths: Vec<&str> = work.iter().filter_map(|row| row["path"].as_str()).collect();
    assert_eq!(paths, ["email", "mobile", "card", "iban"], "{}", run.said);
    assert_eq!((&work[0]["values"], &work[0]["events"]), (&json!(100), &json!(["Event A", "Event B"])));
    // 100 · 5, 10 · 5, 1 · 10, 1 · 10 of 570.
    assert_eq!(run.json["fix"], json!({"properties": 3, "share": 0.98, "for_80_percent": 1}));
}

#[test]
fn numbers_that_pass_a_cards_sum_by_chance_are_learned_to_be_none_and_cards_stay_cards() {
    let folder = Folder::new();
    let mut random = Random::new(7);
    let mut event = |n: u64| {
        let order = format!("4{:015}", random.below(1_000_000_000_000_000));
        let properties =
            json!({"distinct_id": "u", "time": 1_761_106_053 + n, "order_id": order, "payment": planted("card")});
        json!({"event": "Order Completed", "properties": properties})
    };
    let events: Vec<Value> = (0..1_000).map(&mut event).collect();
    let run = audit(&folder.write("orders.ndjson", lines(&events)));
    let cards = |path: &str| -> u64 {
        let properties = run.json["events"][0]["properties"].as_array().expect("a list");
        let property = properties.iter().find(|p| p["path"] == path).expect("it is there");
        let findings = property["findings"].as_array().expect("a list").iter();
        findings.filter(|f| f["category"] == "user.financial.credit_card").filter_map(|f| f["events"].as_u64()).sum()
    };
    assert_eq!(cards("payment"), 1_000);
    // One in ten passes; what was taken for cards is of the first hundred or so.
    assert!(cards("order_id") < 40, "{}", cards("order_id"));
    assert_eq!(run.json["work_list"][0]["path"], "payment");
}

#[test]
fn sarif_has_what_the_standard_asks_for() {
    let folder = Folder::new();
    let file = folder.write("with blank.ndjson", lines(&mixpanel()));
    let run = weir(&["audit", "--sarif", &file.display().to_string()]);
    assert_eq!((run.code, &run.json["version"]), (Some(1), &json!("2.1.0")), "{}", run.said);
    let of = &run.json["runs"][0];
    let driver = &of["tool"]["driver"];
    let rules: Vec<&str> =
        driver["rules"].as_array().expect("rules").iter().filter_map(|rule| rule["id"].as_str()).collect();
    assert!(driver["name"].is_string() && driver["version"].is_string() && rules.len() > 4);
    assert_eq!(of["invocations"][0]["executionSuccessful"], true);
    let results = of["results"].as_array().expect("results");
    assert!(results.len() > 6);
    for result in results {
        let rule = result["ruleId"].as_str().expect("a rule");
        let place = usize::try_from(result["ruleIndex"].as_u64().expect("its place")).expect("a place");
        assert_eq!(rules.get(place), Some(&rule));
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
        assert!(result["message"]["text"].as_str().is_some_and(|text| text.ends_with('.')));
        let location = &result["locations"][0];
        let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(uri.ends_with("with%20blank.ndjson"), "{uri}");
        assert!(
            location["logicalLocations"][0]["fullyQualifiedName"]
                .as_str()
                .is_some_and(|name| name.starts_with("mixpanel/"))
        );
    }
}

/// Peak resident memory of a run, in bytes, and its exit code.
fn peak(arguments: &[&str], input: Option<&Path>) -> (u64, Option<i32>) {
    let stdin = input.map_or_else(Stdio::null, |path| std::fs::File::open(path).expect("it is there").into());
    let mut child =
        Command::new(binary()).args(arguments).stdin(stdin).stdout(Stdio::null()).spawn().expect("weir starts");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    let code = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        most = most.max(kib.unwrap_or(0) * 1_024);
        match child.try_wait().expect("it can be waited for") {
            Some(status) => break status.code(),
            None => std::thread::sleep(std::time::Duration::from_millis(2)),
        }
    };
    (most, code)
}

#[test]
fn memory_does_not_grow_with_the_input() {
    let folder = Folder::new();
    let text = "abcdefgh ".repeat(4_000);
    let event = |n: u64| json!({"event": "Page Closed", "properties": {"distinct_id": format!("user-{n}"), "time": 1_761_106_053, "log": text}});
    let write = |name: &str, events: u64| {
        let path = folder.0.path().join(name);
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("it can be written"));
        (0..events).for_each(|n| writeln!(file, "{}", event(n)).expect("it can be written"));
        file.flush().expect("it can be written");
        path
    };
    let (small, large) = (write("small.ndjson", 100), write("large.ndjson", 2_000));
    let bytes = std::fs::metadata(&large).expect("it is there").len();
    assert!(bytes > 60 << 20, "{bytes}");
    let packed = folder.write("large.ndjson.gz", gzip(&std::fs::read(&large).expect("it is there")));
    let of = |file: &Path| peak(&["audit", "--json", &file.display().to_string()], None);
    let (at_small, code) = of(&small);
    assert!(matches!(code, Some(0 | 1)));
    for file in [&large, &packed] {
        let (at_large, code) = of(file);
        assert!(matches!(code, Some(0 | 1)));
        println!("{} MiB at 3.6 MB, {} MiB at 72 MB", at_small >> 20, at_large >> 20);
        assert!(at_large < at_small + (24 << 20), "{at_small} bytes at 3.6 MB, {at_large} at 72 MB");
    }
    let (detect, code) = peak(&["detect"], Some(&large));
    assert_eq!(code, Some(0));
    assert!(detect < 48 << 20, "{detect} bytes");
}

#[test]
fn detect_answers_each_leaf_in_order_and_names_the_line_that_is_no_json() {
    let mut child = Command::new(binary())
        .arg("detect")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("weir starts");
    let input = format!(
        "{}\n{}\nno json {}\n",
        json!({"k": "properties.email", "t": "s", "v": planted("email"), "y": ["email"]}),
        format_args!(r#"{{"event": "Paid", "properties": {{"plan": "pro", "card": "{}"}}}}"#, planted("card")),
        planted("email"),
    );
    child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it takes it");
    let output = child.wait_with_output().expect("it ends");
    let said: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("it is JSON"))
        .collect();
    let places: Vec<(u64, &str)> =
        said.iter().map(|line| (line["line"].as_u64().unwrap_or(0), line["path"].as_str().unwrap_or("?"))).collect();
    assert_eq!(places, [(1, "properties.email"), (2, "event"), (2, "properties.plan"), (2, "properties.card")]);
    let categories: Vec<Vec<&str>> = said
        .iter()
        .map(|line| {
            line["findings"].as_array().expect("a list").iter().filter_map(|f| f["category"].as_str()).collect()
        })
        .collect();
    assert_eq!(categories, [vec!["user.contact.email"], vec![], vec![], vec!["user.financial.credit_card"]]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), errors.as_str()), (Some(2), "weir: line 3 is not JSON\n"));
    assert_absent(&[Needle::new(planted("email"))], &output.stdout, "weir detect");
}
