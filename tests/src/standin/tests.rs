use std::io::Write;

use serde_json::{Value, json};
use weir_event::{Clock, SystemClock};

use super::*;
use crate::encoding;
use crate::wire::{self, Answer, is_closed};

fn now_seconds() -> i64 {
    SystemClock.now().seconds()
}

fn event(insert_id: &str) -> Value {
    json!({"event": "Report Exported", "properties": {
        "token": "t", "distinct_id": "ada", "time": now_seconds(), "$insert_id": insert_id, "format": "csv",
    }})
}

fn post_json(standin: &Standin, target: &str, body: &Value) -> Answer {
    let basic = format!("Basic {}", encoding::base64(b"user:secret"));
    let headers = [("Content-Type", "application/json"), ("Authorization", basic.as_str())];
    let request = wire::request("POST", target, &headers, body.to_string().as_bytes());
    wire::exchange(standin.address(), &request).expect("the stand-in answers")
}

#[test]
fn every_encoding_of_an_sdk_is_read() {
    let standin = Standin::start();
    let base64 = |id: &str| encoding::base64(event(id).to_string().as_bytes());
    let get = wire::get(standin.address(), &format!("/track/?data={}&ip=0", encoding::percent(base64("a").as_bytes())));
    assert_eq!(get.expect("an answer").text(), "1");
    let form = "application/x-www-form-urlencoded";
    // mixpanel-node does not escape `+` in a form.
    let bare = wire::post(standin.address(), "/track", form, format!("data={}", base64("b")).as_bytes());
    assert_eq!(bare.expect("an answer").text(), "1");
    let text = format!("data={}&verbose=1", encoding::percent(json!([event("c"), event("d")]).to_string().as_bytes()));
    let verbose = wire::post(standin.address(), "/track", form, text.as_bytes()).expect("an answer");
    assert_eq!(verbose.json(), json!({"error": null, "status": 1}));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(json!([event("e")]).to_string().as_bytes()).expect("gzip into memory");
    let packed = gzip.finish().expect("gzip into memory");
    let headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")];
    let gzipped = wire::exchange(standin.address(), &wire::request("POST", "/track?verbose=1", &headers, &packed));
    assert_eq!(gzipped.expect("an answer").json()["status"], 1);
    assert_eq!(standin.event_count(), 5);
    assert_eq!(standin.violations(), []);
}

#[test]
fn a_repeat_is_kept_once_and_counted() {
    let standin = Standin::start();
    let one = event("same");
    post_json(&standin, "/track", &json!([one]));
    post_json(&standin, "/track", &json!([one, event("other")]));
    let copies: Vec<u32> = standin.events().iter().map(|e| e.copies).collect();
    assert_eq!(copies, [2, 1]);
}

#[test]
fn limits_and_required_fields_are_checked() {
    let standin = Standin::start();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut event = event("x");
        change(&mut event);
        event
    };
    let bad = [
        with(&|e| e["event"] = json!("")),
        with(&|e| e["properties"]["token"] = json!("")),
        with(&|e| e["properties"]["distinct_id"] = json!("anonymous")),
        with(&|e| e["properties"]["$insert_id"] = json!("has_underscore")),
        with(&|e| e["properties"]["$insert_id"] = json!("a".repeat(37))),
        with(&|e| e["properties"]["list"] = json!(vec![1; 255])),
        with(&|e| e["properties"]["deep"] = json!({"a": {"b": {"c": {"d": 1}}}})),
        with(&|e| e["properties"]["big"] = json!("a".repeat(1_000_000))),
        with(&|e| (0..255).for_each(|i| e["properties"][format!("p{i}")] = json!(i))),
        json!("not an object"),
    ];
    for (index, event) in bad.iter().enumerate() {
        let answer = post_json(&standin, "/track?verbose=1", &json!([event]));
        assert_eq!(answer.json()["status"], 0, "case {index}");
    }
    assert_eq!(standin.violations().len(), bad.len());
    assert_eq!(standin.event_count(), 0);
    assert_eq!(post_json(&standin, "/track", &json!(vec![event("x"); 2_001])).status, 413);
    assert_eq!(post_json(&standin, "/track", &json!([with(&|e| e["pad"] = json!("a".repeat(2_200_000)))])).status, 413);
}

#[test]
fn an_import_takes_what_is_good_and_names_what_is_not() {
    let standin = Standin::start();
    let mut bad = event("bad");
    bad["properties"]["distinct_id"] = json!("null");
    let answer = post_json(&standin, "/import?strict=1", &json!([event("good"), bad]));
    assert_eq!((answer.status, answer.json()["num_records_imported"].as_u64()), (400, Some(1)));
    assert_eq!(answer.json()["failed_records"][0]["index"], 1);
    assert_eq!(answer.json()["failed_records"][0]["insert_id"], "bad");
    assert_eq!(standin.event_count(), 1);
    let without_auth = wire::post(standin.address(), "/import", "application/json", b"[]").expect("an answer");
    assert_eq!(without_auth.status, 401);
}

#[test]
fn what_is_too_old_for_track_is_lost_in_silence() {
    let standin = Standin::start();
    let mut old = event("old");
    old["properties"]["time"] = json!(now_seconds() - 6 * 86_400);
    assert_eq!(post_json(&standin, "/track", &json!([old])).text(), "1");
    assert_eq!((standin.event_count(), standin.silently_lost()), (0, 1));
    assert_eq!(post_json(&standin, "/import?strict=1", &json!([old])).status, 200);
    assert_eq!(standin.event_count(), 1);
}

#[test]
fn profile_operations_are_checked() {
    let standin = Standin::start();
    let good = json!([
        {"$token": "t", "$distinct_id": "ada", "$set": {"plan": "pro"}},
        {"$token": "t", "$distinct_id": "ada", "$add": {"n": 1}},
        {"$token": "t", "$distinct_id": "ada", "$unset": ["a"]},
        {"$token": "t", "$distinct_id": "ada", "$delete": ""},
    ]);
    assert_eq!(post_json(&standin, "/engage?verbose=1", &good).json()["status"], 1);
    for bad in [
        json!({"$token": "t", "$distinct_id": "ada"}),
        json!({"$token": "t", "$distinct_id": "ada", "$set": {}, "$add": {}}),
        json!({"$token": "t", "$distinct_id": "ada", "$add": {"n": "1"}}),
        json!({"$token": "t", "$set": {}}),
    ] {
        assert_eq!(post_json(&standin, "/engage?verbose=1", &json!([bad])).json()["status"], 0, "{bad}");
    }
    let group = json!([{"$token": "t", "$group_key": "company", "$group_id": "org", "$set": {"seats": 1}}]);
    assert_eq!(post_json(&standin, "/groups?verbose=1", &group).json()["status"], 1);
    assert_eq!(standin.profiles().len(), 5);
}

#[test]
fn faults_come_in_order_and_leave_what_they_say() {
    let standin = Standin::start();
    standin.script([
        Fault::status_after(503, 7),
        Fault::status(500),
        Fault::TooLargeAbove(0),
        Fault::CloseBeforeRead,
        Fault::CloseAfterRead,
        Fault::CloseAfterStore,
        Fault::Garbage,
        Fault::Redirect,
        Fault::Partial(2),
    ]);
    let send = |endpoint: &str, id: &str| {
        let body = json!([event(id), event(&format!("{id}2"))]).to_string();
        let basic = format!("Basic {}", encoding::base64(b"user:secret"));
        let headers = [("Content-Type", "application/json"), ("Authorization", basic.as_str())];
        wire::exchange(standin.address(), &wire::request("POST", endpoint, &headers, body.as_bytes()))
    };
    let first = send("/track", "a").expect("an answer");
    assert_eq!((first.status, first.header("retry-after")), (503, Some("7")));
    assert_eq!(send("/track", "b").expect("an answer").status, 500);
    assert_eq!(send("/track", "c").expect("an answer").status, 413);
    for id in ["d", "e", "f"] {
        assert!(is_closed(&send("/track", id).expect_err("the socket is closed")));
    }
    assert_eq!(standin.event_count(), 2, "only the last of the three closed ones was stored");
    assert!(send("/track", "g").expect("an answer").text().starts_with("<html>"));
    assert_eq!(send("/track", "h").expect("an answer").status, 307);
    assert_eq!(send("/import", "i").expect("an answer").json()["num_records_imported"], 1);
    assert_eq!(send("/track", "j").expect("an answer").text(), "1");
    assert_eq!((standin.event_count(), standin.faults_left()), (5, 0));
}

#[test]
fn the_control_paths_show_and_set() {
    let standin = Standin::start();
    let script = json!({"script": [{"kind": "status", "status": 429, "retry_after": "1"}, {"kind": "slow", "ms": 1}]});
    let set = wire::post(standin.address(), "/_control/faults", "application/json", script.to_string().as_bytes());
    assert_eq!(set.expect("an answer").status, 200);
    assert_eq!(post_json(&standin, "/track", &json!([event("a")])).header("retry-after"), Some("1"));
    assert_eq!(post_json(&standin, "/track", &json!([event("a")])).text(), "1");
    let counts = wire::get(standin.address(), "/_control/counts").expect("an answer").json();
    assert_eq!((counts["requests"].as_u64(), counts["events"].as_u64()), (Some(2), Some(1)));
    let events = wire::get(standin.address(), "/_control/events").expect("an answer").json();
    assert_eq!(events[0]["event"]["properties"]["format"], "csv");
    assert_eq!(
        wire::post(standin.address(), "/_control/faults", "", b"{\"script\":[{}]}").expect("an answer").status,
        400
    );
}

#[test]
fn every_kept_capture_is_read_and_stored() {
    let standin = Standin::start();
    let mut ingested = 0;
    for capture in crate::captures::all("mixpanel").iter().filter(|c| c.is_ingest()) {
        let path = crate::captures::endpoint(&capture.path()).expect("an ingest path");
        let answer = wire::exchange(standin.address(), &capture.at_path(&format!("/{path}"))).expect("an answer");
        assert_eq!(answer.status, 200, "{}: {}", capture.name, answer.text());
        ingested += 1;
    }
    // One capture is a merge of an SDK that sends no time, which the old form of the import takes.
    assert_eq!(standin.violations(), []);
    assert!(ingested > 40 && standin.profiles().len() > 20, "{ingested} captures were read");
}
