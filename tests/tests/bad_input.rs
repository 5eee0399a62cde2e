//! What nobody should send: each gets the vendor's own form of a refusal, nothing of it is repeated, and Weir goes on.

use std::io::Write;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};
use weir_tests::harness::{Setup, WRITE_KEY, Weir};
use weir_tests::privacy::{Needle, assert_absent};
use weir_tests::standin::Standin;
use weir_tests::wire::{self, Answer};

const PLANTED: &str = "planted.person@example.com";

struct Case {
    standin: Standin,
    weir: Weir,
}

impl Case {
    fn start() -> Case {
        let standin = Standin::of_weir();
        let weir = Weir::start(&Setup::mixpanel(&standin.url()));
        Case { standin, weir }
    }

    /// Sends it, checks that no answer repeats what was sent.
    fn send(&self, request: &[u8]) -> Answer {
        let answer = wire::exchange(self.weir.ingest(), request).expect("a refusal is an answer, not a closed socket");
        assert_absent(&[Needle::new(PLANTED)], &answer.body, "an answer");
        answer
    }

    fn post(&self, target: &str, kind: &str, body: &[u8]) -> Answer {
        self.send(&wire::request("POST", target, &[("Content-Type", kind)], body))
    }

    /// Weir still works, has panicked nowhere, and kept the value out of its output.
    fn still_well(self) {
        let body = event(WRITE_KEY).to_string();
        let answer = self.post("/in/web/track?verbose=1", "application/json", body.as_bytes());
        assert_eq!((answer.status, answer.json()["status"].as_u64()), (200, Some(1)), "{}", answer.text());
        let metrics = self.weir.settle();
        assert_eq!(metrics.sums_broken(), Vec::<String>::new());
        assert!(self.standin.event_count() > 0, "the good event arrives");
        let output = self.weir.output();
        assert!(!output.contains("panicked"), "{output}");
        assert_absent(&[Needle::new(PLANTED)], output.as_bytes(), "Weir's own output");
        assert_absent(&[Needle::new(PLANTED)], metrics.text().as_bytes(), "the metrics");
    }
}

fn event(token: &str) -> Value {
    json!({"event": "Report Exported", "properties": {
        "token": token, "distinct_id": PLANTED, "time": SystemClock.now().seconds(), "plan": "pro", "email": PLANTED,
    }})
}

fn is_verbose_refusal(answer: &Answer) -> bool {
    let json = answer.json();
    json["status"] == 0 && json["error"].as_str().is_some_and(|e| !e.is_empty())
}

#[test]
fn an_unknown_write_key_is_refused_with_401() {
    let case = Case::start();
    let body = event("nobodys-token").to_string();
    for target in ["/track?verbose=1", "/track", "/engage?verbose=1"] {
        let answer = case.post(target, "application/json", body.as_bytes());
        assert_eq!(answer.status, 401, "{target}: {}", answer.text());
        assert!(is_verbose_refusal(&answer), "{target}: {}", answer.text());
    }
    assert_eq!(case.post("/import?strict=1", "application/json", b"[]").status, 401);
    assert_eq!(case.standin.event_count(), 0);
    case.still_well();
}

#[test]
fn malformed_json_is_refused_in_the_form_that_was_asked_for() {
    let case = Case::start();
    let planted = format!("{{\"event\": \"x\", \"properties\": {{\"token\": \"{WRITE_KEY}\", \"email\": \"{PLANTED}\"");
    for body in [planted.as_str(), "", "[1, 2, 3", "nonsense", "\u{0}\u{1}", "{\"event\": }", "[[[[[[[[[[["] {
        let verbose = case.post("/in/web/track?verbose=1", "application/json", body.as_bytes());
        // Where no key can be read either, that may be said first.
        assert!(
            matches!(verbose.status, 200 | 400 | 401) && is_verbose_refusal(&verbose),
            "{body}: {}",
            verbose.text()
        );
        let plain = case.post("/in/web/track", "application/json", body.as_bytes());
        assert_eq!(plain.status, verbose.status, "{body}");
        assert!(plain.status == 401 && is_verbose_refusal(&plain) || plain.text() == "0", "{body}: {}", plain.text());
        let strict = case.post("/in/web/import?strict=1", "application/json", body.as_bytes());
        assert!(matches!(strict.status, 400 | 401), "{body}: {}", strict.status);
        assert!(strict.json()["error"].is_string(), "{body}: {}", strict.text());
    }
    let with_key = case.post("/in/web/track", "application/json", planted.as_bytes());
    assert_eq!((with_key.status, with_key.text().as_str()), (400, "0"), "the key can be read, the body cannot");
    let form = case.post("/in/web/track", "application/x-www-form-urlencoded", b"data=%%%&verbose=1");
    assert!(is_verbose_refusal(&form), "{}", form.text());
    assert_eq!(case.standin.event_count(), 0);
    case.still_well();
}

#[test]
fn deep_nesting_and_odd_shapes_do_no_harm() {
    let case = Case::start();
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let objects = "{\"a\":".repeat(50_000) + "1" + &"}".repeat(50_000);
    for body in [deep, objects, format!("{{\"event\": \"x\", \"properties\": {{\"a\": {}}}}}", "[".repeat(10_000))] {
        let answer = case.post("/in/web/track?verbose=1", "application/json", body.as_bytes());
        assert!(matches!(answer.status, 200 | 400 | 401 | 413), "{}", answer.status);
    }
    let wide: serde_json::Map<String, Value> = (0..20_000).map(|i| (format!("key{i}"), json!(i))).collect();
    let mut wide_event = event(WRITE_KEY);
    wide_event["properties"]["wide"] = Value::Object(wide);
    let answer = case.post("/in/web/track?verbose=1", "application/json", wide_event.to_string().as_bytes());
    assert!(matches!(answer.status, 200 | 400 | 413), "{}", answer.status);
    case.still_well();
}

#[test]
fn an_oversized_body_is_refused_with_413() {
    let case = Case::start();
    let mut big = event(WRITE_KEY);
    big["properties"]["pad"] = json!("x".repeat(70 * 1024 * 1024));
    let answer = case.post("/in/web/track?verbose=1", "application/json", big.to_string().as_bytes());
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(is_verbose_refusal(&answer), "{}", answer.text());
    // A length that is only announced is refused before a byte of the body is read.
    let head = "POST /in/web/track HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n";
    assert_eq!(case.send(head.as_bytes()).status, 413);
    case.still_well();
}

#[test]
fn a_decompression_bomb_is_refused_with_413() {
    let case = Case::start();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..1024 {
        bomb.write_all(&zeros).expect("gzip into memory");
    }
    let bomb = bomb.finish().expect("gzip into memory");
    assert!(bomb.len() < 2 << 20, "a gigabyte in {} bytes", bomb.len());
    for (headers, name) in [
        (vec![("Content-Type", "application/json"), ("Content-Encoding", "gzip")], "declared"),
        (vec![("Content-Type", "application/octet-stream")], "sniffed"),
    ] {
        let answer = case.send(&wire::request("POST", "/in/web/track?verbose=1", &headers, &bomb));
        assert_eq!(answer.status, 413, "{name}: {}", answer.text());
    }
    let twice = {
        let mut outer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        outer.write_all(&bomb).expect("gzip into memory");
        outer.finish().expect("gzip into memory")
    };
    let headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")];
    let answer = case.send(&wire::request("POST", "/in/web/track?verbose=1", &headers, &twice));
    assert!(matches!(answer.status, 400 | 413), "{}", answer.status);
    case.still_well();
}

#[test]
fn d12_a_body_counts_against_the_bytes_in_flight_as_what_it_becomes() {
    let standin = Standin::of_weir();
    let setup = Setup::mixpanel(&standin.url());
    let weir = Weir::start(&setup.and("limits: {in_flight: 2MiB, body: 1MiB, body_decoded: 2MiB}\n"));
    let case = Case { standin, weir };
    // A sender that is under way holds what it announced.
    let mut slow = wire::Connection::open(case.weir.ingest()).expect("weir accepts");
    slow.write(b"POST /in/web/track HTTP/1.1\r\nHost: weir.test\r\nContent-Length: 1000000\r\n\r\n[")
        .expect("weir reads");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let mut small = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let padded = format!("[{}{}]", event(WRITE_KEY), " ".repeat(3 << 19));
    small.write_all(padded.as_bytes()).expect("gzip into memory");
    let small = small.finish().expect("gzip into memory");
    let headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")];
    let request = wire::request("POST", "/in/web/track?verbose=1", &headers, &small);
    let answer = case.send(&request);
    assert_eq!(answer.status, 503, "a few kilobytes that become one and a half megabytes: {}", answer.text());
    drop(slow);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(case.send(&request).status, 200, "alone it fits");
    case.still_well();
}

#[test]
fn a_wrong_method_path_or_encoding_is_refused() {
    let case = Case::start();
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = case.send(&wire::request(method, "/in/web/track", &[], b""));
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.header("allow").is_some_and(|a| a.contains("POST")), "{method}: {:?}", answer.headers);
    }
    for target in ["/in/nosuch/track", "/in/web/nosuch", "/nosuch", "/in/", "/in/../etc/passwd", "/metrics", "/readyz"]
    {
        let status = case.post(target, "application/json", event(WRITE_KEY).to_string().as_bytes()).status;
        assert!(matches!(status, 400 | 401 | 404), "{target}: {status}");
    }
    let headers = [("Content-Type", "application/json"), ("Content-Encoding", "compress")];
    let body = event(WRITE_KEY).to_string();
    assert_eq!(case.send(&wire::request("POST", "/in/web/track", &headers, body.as_bytes())).status, 415);
    case.still_well();
}

#[test]
fn malformed_http_closes_one_connection_and_no_other() {
    let case = Case::start();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"POST /track HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /track HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /track HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        match wire::exchange(case.weir.ingest(), bytes) {
            Ok(answer) => assert!((400..500).contains(&answer.status), "{}", answer.status),
            Err(error) => assert!(wire::is_closed(&error), "{error}"),
        }
    }
    let long = format!("GET /track?data={} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(2_000_000));
    match wire::exchange(case.weir.ingest(), long.as_bytes()) {
        Ok(answer) => assert!(matches!(answer.status, 400 | 413 | 414 | 431), "{}", answer.status),
        Err(error) => assert!(wire::is_closed(&error), "{error}"),
    }
    case.still_well();
}

#[test]
fn a_preflight_echoes_origin_and_headers() {
    let case = Case::start();
    for target in [
        "/in/web/track/",
        "/track/?verbose=1",
        "/in/web/engage/",
        "/in/web/flags/",
        "/in/web/record/",
        "/in/web/settings/",
    ] {
        let headers = [
            ("Origin", "https://shop.example.com"),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization,content-type,traceparent"),
        ];
        let answer = case.send(&wire::request("OPTIONS", target, &headers, b""));
        assert!(matches!(answer.status, 200 | 204), "{target}: {}", answer.status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://shop.example.com"), "{target}");
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"), "{target}");
        let allowed = answer.header("access-control-allow-headers").unwrap_or_default().to_ascii_lowercase();
        assert!(allowed.contains("traceparent") && allowed.contains("authorization"), "{target}: {allowed}");
        assert!(answer.header("vary").is_some_and(|v| v.to_ascii_lowercase().contains("origin")), "{target}");
    }
    case.still_well();
}
