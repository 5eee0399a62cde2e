use weir_event::{Millis, Operation, Rule};

use super::*;
use crate::answer::{PIXEL_GIF, Situation};
use crate::vendors::segment::tests::request;

fn post<'a>(path: &'a str) -> RequestHead<'a> {
    RequestHead { method: "POST", path, ..RequestHead::default() }
}

#[test]
fn every_route_of_the_server_is_known() {
    for (method, path, call) in [
        ("POST", "/v1/track", Call::Ingest(EVENT)),
        ("POST", "/v1/identify", Call::Ingest(EVENT)),
        ("POST", "/v1/page", Call::Ingest(EVENT)),
        ("POST", "/v1/screen", Call::Ingest(EVENT)),
        ("POST", "/v1/group", Call::Ingest(EVENT)),
        ("POST", "/v1/alias", Call::Ingest(EVENT)),
        ("POST", "/v1/merge", Call::Ingest(EVENT)),
        ("POST", "/v1/batch", Call::Ingest(BATCH)),
        ("POST", "/v1/import", Call::Ingest(IMPORT)),
        ("POST", "/beacon/v1/batch", Call::Ingest(BATCH)),
        ("GET", "/pixel/v1/track", Call::Ingest(PIXEL)),
        ("GET", "/pixel/v1/page", Call::Ingest(PIXEL)),
        ("POST", "/v1/audiencelist", Call::Drop(AUDIENCE_LIST, Rule::NotCarried)),
        ("GET", "/sourceConfig/", Call::Auxiliary(SOURCE_CONFIG)),
        ("GET", "/sourceConfig", Call::Auxiliary(SOURCE_CONFIG)),
        ("POST", "/rsaMetrics", Call::Auxiliary(METRICS)),
        ("GET", "/health", Call::Auxiliary(HEALTH)),
        ("GET", "/version", Call::Auxiliary(VERSION)),
        ("GET", "/robots.txt", Call::Auxiliary(ROBOTS)),
        ("POST", "/v1/t", Call::Unknown),
        ("POST", "/v1/webhook", Call::Unknown),
        ("POST", "/internal/v1/batch", Call::Unknown),
        ("GET", "/v1/track", Call::WrongMethod(EVENT)),
    ] {
        assert_eq!(RudderStack.classify(method, path), call, "{method} {path}");
    }
}

#[test]
fn the_id_of_the_header_counts_only_where_the_body_names_none() {
    let with_header = |json: &str| {
        let head = RequestHead { anonymous_id: Some("aGVhZGVyLWlk"), ..post("/v1/track") };
        let case = request(&RudderStack, &head, json.as_bytes());
        assert!(case.leaves(0).iter().all(|leaf| leaf == "x=1"));
        case.ids(0)
    };
    assert_eq!(with_header(r#"{"event":"a","properties":{"x":1}}"#), ["Subject Device header-id"]);
    assert_eq!(with_header("\u{feff}{\"event\":\"a\"}"), ["Subject Device header-id"]);
    assert_eq!(
        with_header(r#"{"event":"a","userId":"u"}"#),
        ["Subject User u", "User User u", "Device Device header-id"]
    );
    assert_eq!(with_header(r#"{"event":"a","anonymousId":"body-id"}"#), ["Subject Device body-id"]);
    for bad in ["***", "/w==", ""] {
        let head = RequestHead { anonymous_id: Some(bad), ..post("/v1/track") };
        let case = request(&RudderStack, &head, br#"{"event":"a"}"#);
        assert!(case.ids(0).is_empty() && case.decoded.is_ok(), "{bad}");
    }
}

#[test]
fn d7_a_merge_names_two_ids() {
    let merge = |list: &str| {
        let json = format!(r#"{{"userId":"u","mergeProperties":{list}}}"#);
        request(&RudderStack, &post("/v1/merge"), json.as_bytes())
    };
    let case = merge(r#"[{"type":"email","value":"a@b.example"},{"value":"d","type":"anonymousId","more":{"a":1}}]"#);
    assert_eq!(case.operations(), [(Operation::Merge, None)]);
    assert_eq!(case.ids(0), ["Subject User u", "Previous Email a@b.example", "Next Device d"]);
    assert!(case.leaves(0).is_empty());
    for bad in
        ["[]", "{}", r#"[{"type":"email","value":"a"}]"#, "[1,2]", r#"[{"value":"a"},{"value":"b"},{"value":"c"}]"#]
    {
        assert_eq!(merge(bad).operations(), [(Operation::Merge, Some(Rule::Malformed))], "{bad}");
    }
    let nobody = request(&RudderStack, &post("/v1/merge"), br#"{"mergeProperties":[{"value":"a"},{"value":"b"}]}"#);
    assert_eq!(nobody.ids(0), ["Subject User a", "Previous User a", "Next User b"]);
}

#[test]
fn a_pixel_is_an_event_whose_dots_lead_into_objects() {
    let query = "writeKey=wk&anonymousId=d&event=Opened+it&properties.n=1&properties.deep.x=%22y%22&context.page.url=http%3A%2F%2Fa%2Fb&userId=";
    let head = RequestHead { method: "GET", path: "/pixel/v1/track", query, ..RequestHead::default() };
    let case = request(&RudderStack, &head, b"");
    assert_eq!(case.operations(), [(Operation::Track, None)]);
    assert_eq!(case.batch.str(case.batch.drafts[0].name_text), "Opened it");
    assert_eq!(case.ids(0), ["Subject Device d"]);
    assert_eq!(case.leaves(0), ["context.page.url=http://a/b", "deep.x=\"y\"", "n=1"]);
    let keys = RudderStack.find_write_keys(&head, &Opened::default());
    assert_eq!(keys.iter().map(WriteKey::reveal).collect::<Vec<_>>(), ["wk"]);
    let page = RequestHead { path: "/pixel/v1/page", query: "a.b=1&a=2&a.c=3&..=4&name=N", ..head };
    assert_eq!(request(&RudderStack, &page, b"").operations(), [(Operation::Page, None)]);
    let empty = RequestHead { query: "writeKey=wk", ..head };
    assert!(request(&RudderStack, &empty, b"").decoded.is_err());
}

#[test]
fn a_session_is_context_and_an_empty_batch_is_refused() {
    let case = request(&RudderStack, &post("/beacon/v1/batch"), br#"{"batch":[{"type":"track","event":"a","rudderId":"r","userId":"","context":{"sessionId":17,"sessionStart":true}}]}"#);
    assert_eq!(case.leaves(0), ["context.session_id=17", "context.meta.sessionStart=True"]);
    assert_eq!(request(&RudderStack, &post("/v1/batch"), br#"{"batch":[]}"#).decoded, Err(DecodeError::NotEvents));
}

#[test]
fn answers_are_the_servers_own_words() {
    for (endpoint, situation, status, text) in [
        (BATCH, Situation::Accepted { events: 1 }, 200, "ok"),
        (EVENT, Situation::BadBody, 400, "request does not contain a valid json"),
        (EVENT, Situation::BadKey, 401, "failed to read writekey from header"),
        (EVENT, Situation::TooLarge, 413, "request size exceeds max limit"),
        (EVENT, Situation::TooManyRequests { retry_after_seconds: 3 }, 429, "max requests limit reached"),
        (EVENT, Situation::Overloaded { retry_after_seconds: 3 }, 503, "temporarily unavailable, try again later"),
        (AUDIENCE_LIST, Situation::Accepted { events: 0 }, 200, "ok"),
    ] {
        let head = RequestHead::default();
        let answer = RudderStack.answer(&Answering { endpoint, head: &head, opened: None, situation, now: Millis(0) });
        assert_eq!((answer.status, String::from_utf8_lossy(&answer.body).as_ref()), (status, text));
        assert_eq!(answer.headers.iter().any(|(name, _)| *name == "Retry-After"), matches!(status, 429 | 503));
    }
    let head = RequestHead::default();
    let situation = Situation::Accepted { events: 1 };
    let pixel =
        RudderStack.answer(&Answering { endpoint: PIXEL, head: &head, opened: None, situation, now: Millis(0) });
    assert_eq!((pixel.content_type, pixel.body.as_ref()), ("image/gif", PIXEL_GIF));
}

#[test]
fn d17_the_source_has_no_destination_in_the_browser() {
    let (head, opened) = (RequestHead::default(), Opened::default());
    let call = |endpoint, write_key| {
        RudderStack.auxiliary(&Auxiliary {
            endpoint,
            head: &head,
            opened: &opened,
            write_key,
            blocked: &[],
            now: Millis(0),
        })
    };
    let config = call(SOURCE_CONFIG, Some("wk"));
    let json: serde_json::Value = serde_json::from_slice(&config.body).expect("JSON");
    assert_eq!(
        (&json["source"]["destinations"], &json["source"]["writeKey"]),
        (&serde_json::json!([]), &serde_json::json!("wk"))
    );
    assert_eq!(json["source"]["config"]["statsCollection"]["errors"]["enabled"], false);
    assert_eq!(json["updatedAt"], "1970-01-01T00:00:00.000Z");
    assert_eq!(call(SOURCE_CONFIG, None).status, 401);
    for endpoint in [HEALTH, VERSION, ROBOTS, METRICS] {
        assert_eq!(call(endpoint, None).status, 200);
    }
}
