use std::fs::File;
use std::io::BufReader;
use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Values that stand in the fixture and must not stand in any report.
const PLANTED: &[&str] = &[
    "planted",
    "ada.lovelace",
    "lovelace",
    "s3cr3t",
    "4711",
    "mptoken",
    "amp_api",
    "seg_write",
    "phc_testkey",
    "rud_write",
    "Warehouse of",
    "In-house",
    "app.example.com",
    "1234567890",
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn report_of(inputs: &[PathBuf]) -> report::Report {
    let mut study = Study::default();
    read_all(inputs, &mut study).unwrap();
    report::Report::new(study, &Address::parse("https://weir.example.com", "web").unwrap())
}

fn har(entries: &str) -> String {
    format!("{{\"log\": {{\"version\": \"1.2\", \"entries\": [{entries}]}}}}")
}

fn read_text(text: &[u8]) -> Result<Study, har::HarError> {
    let mut study = Study::default();
    har::read(&mut reading::unpacked(Box::new(Cursor::new(text.to_vec()))).unwrap(), &mut study)?;
    Ok(study)
}

fn of_vendor<'r>(json: &'r Value, name: &str) -> &'r Value {
    json["vendors"].as_array().unwrap().iter().find(|v| v["vendor"] == name).unwrap_or_else(|| panic!("no {name}"))
}

fn features(json: &Value, vendor: &str) -> Vec<String> {
    let list = of_vendor(json, vendor)["features"].as_array().unwrap();
    list.iter().map(|f| f["feature"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_recording_of_every_vendor_says_what_is_in_use_and_what_goes_past_weir() {
    let report = report_of(&[fixtures().join("preflight/shop.har")]);
    let json = report.json();
    assert!(report.needs_action());
    assert_eq!(json["requests"], 25);
    let sdks: Vec<(String, Value)> = json["vendors"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|v| v["sdks"].as_array().unwrap())
        .map(|sdk| (sdk["package"].as_str().unwrap().to_owned(), sdk["versions"][0]["version"].clone()))
        .collect();
    for (package, version) in [
        ("posthog-js", "1.449.2"),
        ("@amplitude/analytics-browser", "2.11.1"),
        ("@snowplow/browser-tracker", "3.24.2"),
        ("@rudderstack/analytics-js", "3.34.1"),
        ("@segment/analytics-next", "1.84.3"),
        ("mixpanel-browser", "2.83.0"),
    ] {
        assert!(sdks.contains(&(package.to_owned(), version.into())), "{package} {version}: {sdks:?}");
    }
    let has = |vendor: &str, wanted: &[&str]| {
        let found = features(&json, vendor);
        for feature in wanted {
            assert!(found.iter().any(|f| f == feature), "{vendor}: {feature} not in {found:?}");
        }
    };
    has(
        "posthog",
        &[
            "feature flags",
            "session replay",
            "surveys",
            "autocapture",
            "heatmaps",
            "remote configuration",
            "vendor scripts",
        ],
    );
    has("amplitude", &["session replay", "autocapture", "remote configuration", "SDK diagnostics", "vendor scripts"]);
    has("segment", &["device-mode destinations", "remote configuration", "vendor scripts", "consent"]);
    has("rudderstack", &["device-mode destinations", "remote configuration", "vendor scripts", "SDK diagnostics"]);
    has(
        "mixpanel",
        &["feature flags", "experiments", "session replay", "autocapture", "profiles and groups", "vendor scripts"],
    );
    has("snowplow", &["vendor scripts"]);
    let device_mode = |vendor: &str| {
        let features = of_vendor(&json, vendor)["features"].as_array().unwrap();
        let row = features.iter().find(|f| f["feature"] == "device-mode destinations").unwrap().clone();
        (row["destinations"].clone(), row["further_destinations"].clone())
    };
    assert_eq!(device_mode("segment"), (serde_json::json!(["Facebook Pixel", "Google Analytics 4 Web"]), 1.into()));
    assert_eq!(device_mode("rudderstack"), (serde_json::json!(["Hotjar"]), 1.into()));
    let past: Vec<&str> = json["vendors"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|v| v["hosts"].as_array().unwrap())
        .filter(|h| h["after"] != "weir")
        .filter_map(|h| h["host"].as_str())
        .collect();
    for host in [
        "sr-client-cfg.amplitude.com",
        "diagnostics.prod.us-west-2.amplitude.com",
        "api-sr.amplitude.com",
        "cdn.amplitude.com",
        "cdn.mxpnl.com",
        "cdn.segment.com",
        "cdn.rudderlabs.com",
        "api.rudderstack.com",
        "us-assets.i.posthog.com",
        "cdn.jsdelivr.net",
    ] {
        assert!(past.contains(&host), "{host} is not in {past:?}");
    }
    let personal = of_vendor(&json, "mixpanel")["personal_data_outside_of_bodies"].to_string();
    assert!(personal.contains("ids of persons or devices") && personal.contains("user.contact.email"), "{personal}");
    let key = &of_vendor(&json, "mixpanel")["write_keys"][0];
    assert_eq!((key["starts"].as_str(), key["length"].as_u64()), (Some("mpto"), Some(32)));
}

#[test]
fn no_report_shows_a_value_a_token_or_an_id() {
    let report = report_of(&[fixtures().join("preflight/shop.har")]);
    for (form, text) in [
        ("text", report.text(100)),
        ("narrow text", report.text(40)),
        ("JSON", report.json().to_string()),
        ("page", page::render(&report)),
    ] {
        for value in PLANTED {
            assert!(!text.contains(value), "the {form} shows {value}");
        }
    }
}

#[test]
fn every_capture_is_known_by_vendor_package_and_version() {
    let mut checked = 0;
    for vendor in weir_protocol::preflight::VENDORS {
        let Ok(folders) = std::fs::read_dir(fixtures().join(vendor.name)) else { continue };
        for folder in folders.flatten().filter(|f| f.path().is_dir()) {
            let name = folder.file_name().to_string_lossy().into_owned();
            // Bodies written from an SDK's source are not captures and carry no version in their folder's name.
            let Some(version) = name.split('-').find(|part| part.matches('.').count() == 2) else { continue };
            let json = report_of(&[folder.path()]).json();
            let vendors: Vec<&str> =
                json["vendors"].as_array().unwrap().iter().filter_map(|v| v["vendor"].as_str()).collect();
            assert_eq!(vendors, [vendor.name], "{name}");
            let found = of_vendor(&json, vendor.name);
            let versions = found["sdks"].to_string();
            assert!(versions.contains(&format!("\"version\":\"{version}\"")), "{name}: {versions}");
            assert_eq!(found["sdks"].as_array().unwrap().len(), 1, "{name}: {versions}");
            assert_eq!(found["events_of_unknown_sdks"], 0, "{name}");
            checked += 1;
        }
    }
    assert!(checked > 10, "captures are there: {checked}");
}

#[test]
fn a_server_sdk_without_calls_beside_its_host_has_nothing_to_do() {
    let folder = fixtures().join("amplitude/amplitude-python-1.3.0");
    let report = report_of(&[folder]);
    assert!(!report.needs_action(), "{}", report.text(100));
    assert!(report.text(100).contains("Nothing to do but switch the host."));
    let nothing = read_text(har("").as_bytes()).unwrap();
    let nothing = report::Report::new(nothing, &Address::parse("https://weir.example.com", "web").unwrap());
    assert!(!nothing.needs_action() && nothing.text(100).contains("no analytics SDK"));
}

#[test]
fn a_compressed_recording_says_the_same() {
    let plain = fixtures().join("preflight/shop.har");
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("shop.har.gz");
    let mut out = flate2::write::GzEncoder::new(File::create(&packed).unwrap(), flate2::Compression::fast());
    out.write_all(&std::fs::read(&plain).unwrap()).unwrap();
    out.finish().unwrap();
    assert_eq!(report_of(&[packed]).json(), report_of(&[plain]).json());
    assert_eq!(report_of(&[folder.path().to_owned()]).json()["requests"], 25, "a folder of them, too");
}

#[test]
fn what_is_no_recording_is_refused_without_a_word_of_it() {
    for (text, says) in [
        ("{\"log\": {\"version\": \"1.2\"}}", "it has no log.entries"),
        ("{\"secret\": 1", "it ends too early or is damaged"),
        ("{\"log\": secret}", "it is not JSON at line 1, column 9"),
        ("{\"log\": {\"entries\": 7}}", "it is not JSON at line 1"),
    ] {
        let error = read_text(text.as_bytes()).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with(says), "{text}: {error}");
        assert!(!error.contains("secret"));
    }
    assert!(capture::parse(b"hello\r\n\r\n").is_none());
    assert!(capture::parse(b"").is_none());
    assert!(capture::parse(b"GET / HTTP/1.1").is_none());
}

#[test]
fn odd_entries_are_counted_and_the_others_are_read() {
    let good = r#"{"request": {"method": "POST", "url": "https://api.segment.io/v1/t", "postData": {"text": "{\"messageId\": \"\ud83d\", \"traits\": {\"a\": 1}}"}}, "response": 7}"#;
    let text = har(&format!("7, null, {{}}, {{\"request\": {{\"method\": 1, \"url\": \"x\"}}}}, {good}"));
    let study = read_text(text.as_bytes()).unwrap();
    assert_eq!((study.exchanges, study.unreadable), (1, 4));
    let seen = &study.vendors["segment"];
    assert_eq!(seen.events, 1, "half of a surrogate pair ends neither the file nor the event");
    assert!(seen.features.contains_key(&weir_protocol::preflight::Feature::Profiles));
}

#[test]
fn an_answer_with_a_film_in_it_costs_no_memory_and_hides_nothing_behind_it() {
    let film = "\\u00e9a\\\"é".repeat(1 << 20);
    let first = format!(
        r#"{{"request": {{"method": "GET", "url": "https://example.com/film"}}, "response": {{"content": {{"mimeType": "application/json", "text": "{film}"}}}}}}"#
    );
    let second = r#"{"request": {"method": "POST", "url": "https://api.mixpanel.com/engage"}}"#;
    let study = read_text(har(&format!("{first}, {second}")).as_bytes()).unwrap();
    assert_eq!((study.exchanges, study.unreadable), (2, 0));
    assert_eq!(study.vendors["mixpanel"].calls, 1);
}

#[test]
fn json_of_others_is_nobodys_event() {
    let post = |url: &str, body: &str| {
        let body = serde_json::to_string(body).unwrap();
        format!(r#"{{"request": {{"method": "POST", "url": "{url}", "postData": {{"text": {body}}}}}}}"#)
    };
    let chat = post("https://chat.example.com/send", r#"{"messageId": "1", "channel": "general", "text": "hello"}"#);
    let events = post("https://api.example.com/events", r#"{"events": [{"event_type": "order", "distinct_id": "1"}]}"#);
    let flags = r#"{"request": {"method": "GET", "url": "https://api.example.com/flags?tv=on"}}"#;
    let study = read_text(har(&format!("{chat}, {events}, {flags}")).as_bytes()).unwrap();
    assert_eq!(study.vendors.len(), 0, "{:?}", study.vendors.keys());
}

#[test]
fn an_sdk_behind_a_host_of_ones_own_is_found_and_the_host_shown_only_where_it_names_nobody() {
    let call = |host: &str| {
        let body = r#"{\"event\": \"a\", \"properties\": {\"mp_lib\": \"web\", \"$lib_version\": \"2.83.0\"}}"#;
        format!(r#"{{"request": {{"method": "POST", "url": "https://{host}/t/", "postData": {{"text": "{body}"}}}}}}"#)
    };
    for (host, shown) in [
        ("events.example.com", "events.example.com"),
        ("tenant-8471103.example.com", "a host of your own"),
        ("127.0.0.1:8400", "this machine"),
        ("203.0.113.9", "an address without a name"),
    ] {
        let study = read_text(har(&call(host)).as_bytes()).unwrap();
        let seen = &study.vendors["mixpanel"];
        assert_eq!(seen.hosts.keys().collect::<Vec<_>>(), [shown]);
        assert_eq!(seen.sdks.keys().collect::<Vec<_>>(), [&"mixpanel-browser"]);
    }
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = page::render(&report_of(&[fixtures().join("preflight/shop.har")]));
    assert!(page.contains("default-src 'none'"));
    for forbidden in ["<script", "src=", "@import", "url(", "<iframe", "<link", "javascript:", " on"] {
        let found = page.match_indices(forbidden).any(|(at, _)| {
            // An attribute of an event, not the word.
            forbidden != " on"
                || page[at + 3..].find(['=', ' ', '<', '>']).is_some_and(|end| page.as_bytes()[at + 3 + end] == b'=')
        });
        assert!(!found, "the page has {forbidden}");
    }
    let links = page.match_indices("href=\"").map(|(at, _)| page[at + 6..].chars().next());
    assert!(links.into_iter().all(|first| first == Some('#')), "links stay on the page");
    for (open, close) in
        [("<table", "</table>"), ("<section", "</section>"), ("<svg", "</svg>"), ("<tr>", "</tr>"), ("<td", "</td>")]
    {
        assert_eq!(page.matches(open).count(), page.matches(close).count(), "{open}");
    }
}

#[test]
fn text_fits_the_width_except_for_snippets() {
    let report = report_of(&[fixtures().join("preflight/shop.har")]);
    for width in [60, 80, 120] {
        let text = report.text(width);
        let long = text.lines().filter(|l| !l.starts_with("      ")).find(|l| l.chars().count() > width.max(72));
        assert_eq!(long, None, "{width}");
    }
}

#[test]
fn exit_codes_say_whether_there_is_something_to_do() {
    let exit = |inputs: &[PathBuf], weir: &str| {
        let options = Options {
            inputs: inputs.to_vec(),
            weir: weir.to_owned(),
            source: "web".to_owned(),
            html: None,
            data: None,
        };
        run(&Output::new(true), &options)
    };
    let weir = "https://weir.example.com";
    assert_eq!(exit(&[fixtures().join("mixpanel/mixpanel-browser-2.83.0-record")], weir), Exit::Found);
    assert_eq!(exit(&[fixtures().join("amplitude/amplitude-python-1.3.0")], weir), Exit::Fine);
    assert_eq!(exit(&[fixtures().join("none.har")], weir), Exit::CouldNotRun);
    assert_eq!(exit(&[fixtures().join("corpus")], weir), Exit::CouldNotRun, "a folder with nothing to read");
    assert_eq!(exit(&[fixtures().join("preflight/shop.har")], "weir"), Exit::CouldNotRun);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What is tamed reads as what it was, as long as no string is too long.
    #[test]
    fn taming_changes_no_json(text in "\\PC{0,40}", more in "[\\x00-\\u{ffff}]{0,20}", chunk in 1usize..9) {
        let value = serde_json::json!({ "a": [text, {more: 1}], "b": "\u{1f680}\\\"" });
        let ascii = value.to_string().chars().map(|c| {
            let mut units = [0; 2];
            let escapes = c.encode_utf16(&mut units).iter().map(|u| format!("\\u{u:04x}")).collect::<String>();
            if c.is_ascii() { c.to_string() } else { escapes }
        }).collect::<String>();
        for json in [value.to_string(), ascii] {
            let input = BufReader::with_capacity(chunk, json.as_bytes());
            let read: Value = serde_json::from_reader(har::Tamed::new(input)).unwrap();
            prop_assert_eq!(&read, &value);
        }
    }

    /// Whatever bytes come, nothing panics.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz::fuzz_preflight(&bytes);
        let mut entry = har("").into_bytes();
        entry.splice(entry.len() - 3..entry.len() - 3, bytes);
        fuzz::fuzz_preflight(&entry);
    }
}
