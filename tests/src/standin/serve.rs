//! The HTTP side of the stand-in: routes, faults, answers in the vendor's words.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use super::amplitude;
use super::check::{self, Judged, Operation, Violation};
use super::datadog;
use super::fault::{Fault, Faults};
use super::ga4;
use super::otlp;
use super::posthog;
use super::record::{Received, Recorded};
use super::segment;
use super::webhook;
use super::{Account, Shared};
use crate::encoding;

type Response = http::Response<Full<Bytes>>;

/// Closes the socket instead of answering.
#[derive(Debug)]
struct Hangup;

impl std::fmt::Display for Hangup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the stand-in closes this socket")
    }
}

impl std::error::Error for Hangup {}

/// Serves until told to stop.
pub(super) async fn run(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut stopped: tokio::sync::oneshot::Receiver<()>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes the listener");
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&shared), request));
            // An error here is a fault that was asked for, or a client that went away.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(shared: Arc<Shared>, request: http::Request<Incoming>) -> Result<Response, Hangup> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok());
    let endpoint = endpoint(&path);
    let fault = match endpoint {
        Some(_) if parts.method != http::Method::OPTIONS => shared.lock().faults.draw(),
        _ => Fault::None,
    };
    let mut received = Received {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: Vec::new(),
        opened: Vec::new(),
        status: 0,
    };
    if fault == Fault::CloseBeforeRead {
        shared.lock().recorded.request(received);
        return Err(Hangup);
    }
    let Ok(body) = body.collect().await else { return Err(Hangup) };
    received.body = body.to_bytes().to_vec();
    if path.starts_with("/_control/") {
        return Ok(control(&shared, &received));
    }
    let opened = check::open(header("content-encoding"), &received.body);
    received.opened = opened.clone().unwrap_or_default();
    if let Fault::Slow(milliseconds) = fault {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }

    let response = match (endpoint, &parts.method) {
        (_, &http::Method::OPTIONS) => Ok(text(204, "")),
        (Some(endpoint), _) => {
            let ask = Ask {
                endpoint,
                method: parts.method.as_str(),
                content_type: header("content-type"),
                authorization: header("authorization"),
                headers: &parts.headers,
                channel: header("x-splunk-request-channel"),
                api_key: header("dd-api-key"),
                query: &query,
                opened,
            };
            ingest(&shared, &ask, &fault)
        }
        // A question about what was taken: no fault of the script meets it.
        (None, &http::Method::POST) if path == "/services/collector/ack" => {
            let state = &mut *shared.lock();
            let (authorization, body) = (header("authorization"), &received.opened);
            let judged = state.channels.answer(authorization, &query, body, &shared.account);
            Ok(json_answer(judged.0, &judged.1))
        }
        (None, _) => Ok(auxiliary(&shared.account, &path, &received)),
    };
    let response = response.map(|response| cors(response, header("origin"), header("access-control-request-headers")));
    received.status = response.as_ref().map_or(0, |r| r.status().as_u16());
    shared.lock().recorded.request(received);
    response
}

/// The ingestion endpoints, with and without a slash at the end.
fn endpoint(path: &str) -> Option<&'static str> {
    // With its last slash it is PostHog's, without it somebody else's.
    if path == "/batch/" {
        return Some("posthog");
    }
    match path.trim_end_matches('/') {
        "" => Some("webhook"),
        "/track" => Some("track"),
        "/engage" => Some("engage"),
        "/groups" => Some("groups"),
        "/import" => Some("import"),
        "/2/httpapi" => Some("httpapi"),
        "/batch" => Some("batch"),
        "/v1/batch" => Some("segment"),
        "/api/v2/logs" => Some("datadog"),
        "/mp/collect" => Some("ga4"),
        "/services/collector/event" => Some("splunk"),
        "/v1/logs" => Some("otlp"),
        _ => None,
    }
}

struct Ask<'a> {
    endpoint: &'static str,
    method: &'a str,
    content_type: Option<&'a str>,
    authorization: Option<&'a str>,
    headers: &'a http::HeaderMap,
    /// The channel of a request to Splunk.
    channel: Option<&'a str>,
    /// A key in a header of its own.
    api_key: Option<&'a str>,
    query: &'a str,
    opened: Result<Vec<u8>, String>,
}

fn ingest(shared: &Shared, ask: &Ask<'_>, fault: &Fault) -> Result<Response, Hangup> {
    match fault {
        Fault::CloseAfterRead => return Err(Hangup),
        Fault::Status { status, retry_after } => {
            let mut response = status_answer(*status);
            if let Some(value) = retry_after.as_deref().and_then(|v| v.parse().ok()) {
                response.headers_mut().insert(RETRY_AFTER, value);
            }
            return Ok(response);
        }
        Fault::Redirect => {
            let mut response = text(307, "");
            response.headers_mut().insert(LOCATION, http::HeaderValue::from_static("/elsewhere"));
            return Ok(response);
        }
        Fault::Garbage => return Ok(typed(200, "text/html", "<html><body>sign in to this network</body></html>")),
        _ => {}
    }
    let opened = match &ask.opened {
        Ok(opened) => opened,
        Err(message) => return Ok(refusal(shared, ask, false, message)),
    };
    let tokens = shared.account.tokens.as_slice();
    let now = shared.clock.now();
    let judged = match ask.endpoint {
        "httpapi" | "batch" => Some(amplitude::judge(ask.endpoint, ask.content_type, opened, tokens, now.0)),
        "posthog" => Some(posthog::judge(ask.endpoint, ask.content_type, opened, tokens)),
        "segment" => Some(segment::judge(ask.endpoint, ask.authorization, opened, tokens)),
        "datadog" => Some(datadog::judge(ask.endpoint, ask.api_key, opened, tokens, now)),
        "webhook" => {
            let header = |name: &str| Some(ask.headers.get(name)?.to_str().ok()?.to_owned());
            Some(webhook::judge(ask.endpoint, header, opened, tokens, now))
        }
        "ga4" => Some(ga4::judge(ask.endpoint, ask.query, opened, tokens, now)),
        "otlp" => {
            let mut judged = otlp::judge(ask.endpoint, ask.content_type, ask.authorization, opened, tokens);
            if judged.status == 200 && ask.content_type == Some("application/x-protobuf") {
                // An answer is in the encoding of its request; this one says nothing more.
                return Ok(typed(200, "application/x-protobuf", ""));
            }
            if let Fault::Partial(every) = fault {
                let rejected = judged.accepted.len() / every.max(&1);
                judged.accepted.truncate(judged.accepted.len() - rejected);
                let said = json!({"rejectedLogRecords": rejected.to_string(), "errorMessage": "no room"});
                judged.answer = json!({"partialSuccess": said});
            }
            Some(judged)
        }
        "splunk" => {
            let channels = &mut shared.lock().channels;
            let planted = if let Fault::Event(n) = fault { Some(*n) } else { None };
            Some(channels.judge(ask.endpoint, ask.authorization, ask.channel, opened, &shared.account, planted))
        }
        _ => None,
    };
    if let Some(judged) = judged {
        return settled(shared, ask.endpoint, judged, fault);
    }
    if opened.len() > check::REQUEST_BYTES_MAX {
        return Ok(status_answer(413));
    }
    let body = match check::parse(ask.method, ask.content_type, ask.query, opened) {
        Ok(body) => body,
        Err(message) => return Ok(refusal(shared, ask, false, &message)),
    };
    if body.items.len() > check::EVENTS_MAX || matches!(fault, Fault::TooLargeAbove(n) if body.items.len() > *n) {
        return Ok(status_answer(413));
    }
    if ask.endpoint == "import" && !may_import(&shared.account, ask.authorization, body.api_key.as_deref()) {
        return Ok(status_answer(401));
    }
    let against = check::Against { endpoint: ask.endpoint, strict: body.json, tokens, now };
    let mut accepted: Vec<(usize, Operation)> = Vec::new();
    let mut refused: Vec<Violation> = Vec::new();
    for (index, value) in body.items.iter().enumerate() {
        let planted = matches!(fault, Fault::Partial(every) if *every > 0 && index % every == 0);
        match check::item(against, index, value) {
            Ok(operation) if !planted => accepted.push((index, operation)),
            Ok(_) => refused.push(Violation {
                endpoint: ask.endpoint,
                index,
                field: "properties.time".to_owned(),
                message: "refused by the fault script".to_owned(),
                insert_id: value
                    .pointer("/properties/$insert_id")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            }),
            Err(violation) => refused.push(violation),
        }
    }
    // Only `/import` takes what is good of a request; the other endpoints take all or nothing.
    let stored = if refused.is_empty() || ask.endpoint == "import" { accepted.len() } else { 0 };
    {
        let recorded = &mut shared.lock().recorded;
        if stored > 0 {
            accepted.iter().for_each(|(_, operation)| recorded.store(ask.endpoint, operation));
        }
        refused.iter().for_each(|violation| recorded.violation(violation.clone()));
    }
    if *fault == Fault::CloseAfterStore {
        return Err(Hangup);
    }
    if ask.endpoint == "import" && body.json {
        return Ok(import_answer(stored, &refused));
    }
    Ok(plain_answer(ask, body.verbose, refused.first().map(|v| format!("{}: {}", v.field, v.message)).as_deref()))
}

/// Stores what a vendor takes of a request, and answers as it does.
fn settled(shared: &Shared, endpoint: &'static str, judged: Judged, fault: &Fault) -> Result<Response, Hangup> {
    if matches!(fault, Fault::TooLargeAbove(n) if judged.accepted.len() > *n) {
        return Ok(status_answer(413));
    }
    {
        let recorded = &mut shared.lock().recorded;
        judged.accepted.iter().for_each(|operation| recorded.store(endpoint, operation));
        judged.refused.iter().for_each(|violation| recorded.violation(violation.clone()));
    }
    if *fault == Fault::CloseAfterStore {
        return Err(Hangup);
    }
    if judged.answer.is_null() {
        return Ok(text(judged.status, ""));
    }
    Ok(json_answer(judged.status, &judged.answer))
}

/// The answer of `/import` with a JSON body; strict is the vendor's default.
fn import_answer(stored: usize, refused: &[Violation]) -> Response {
    if refused.is_empty() {
        return json_answer(200, &json!({"code": 200, "num_records_imported": stored, "status": "OK"}));
    }
    let failed: Vec<Value> = refused
        .iter()
        .map(|v| json!({"index": v.index, "insert_id": v.insert_id, "field": v.field, "message": v.message}))
        .collect();
    json_answer(
        400,
        &json!({
            "code": 400,
            "error": "some data points in the request failed validation",
            "failed_records": failed,
            "num_records_imported": stored,
            "status": "Bad Request",
        }),
    )
}

/// The answer of the other forms: `1`, `0`, or the verbose JSON; an image or a script where the query asks for one.
fn plain_answer(ask: &Ask<'_>, verbose: bool, error: Option<&str>) -> Response {
    let status = u8::from(error.is_none());
    let query = encoding::form(ask.query.as_bytes());
    let asked =
        |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, v)| String::from_utf8_lossy(v).into_owned());
    if asked("img").as_deref() == Some("1") {
        return typed(200, "image/gif", "GIF89a\u{1}\0\u{1}\0");
    }
    if let Some(callback) = asked("callback") {
        return typed(200, "text/javascript", &format!("{callback}({status})"));
    }
    if verbose {
        return json_answer(200, &json!({"error": error, "status": status}));
    }
    text(200, if error.is_none() { "1" } else { "0" })
}

/// A request that cannot be read at all.
fn refusal(shared: &Shared, ask: &Ask<'_>, verbose: bool, message: &str) -> Response {
    shared.lock().recorded.violation(Violation {
        endpoint: ask.endpoint,
        index: 0,
        field: "request".to_owned(),
        message: message.to_owned(),
        insert_id: String::new(),
    });
    if ask.content_type.is_some_and(|t| t.starts_with("application/json")) {
        return json_answer(400, &json!({"code": 400, "error": message, "status": "Bad Request"}));
    }
    plain_answer(ask, verbose, Some(message))
}

fn may_import(account: &Account, authorization: Option<&str>, api_key: Option<&str>) -> bool {
    let basic = authorization.and_then(|a| a.strip_prefix("Basic "));
    let pair =
        basic.and_then(|b| encoding::from_base64(b.as_bytes())).map(|b| String::from_utf8_lossy(&b).into_owned());
    match (pair, api_key) {
        (Some(pair), _) if account.import_credentials.is_empty() => !pair.trim_end_matches(':').is_empty(),
        (Some(pair), _) => account.import_credentials.contains(&pair),
        (None, Some(key)) => account.import_credentials.is_empty() && !key.is_empty(),
        (None, None) => false,
    }
}

fn auxiliary(account: &Account, path: &str, received: &Received) -> Response {
    match path.trim_end_matches('/') {
        "/flags" => match flags(received).or_else(|| flags_of_posthog(received)) {
            Some(decided) if account.decides_flags => json_answer(200, &decided),
            _ => json_answer(200, &account.flags),
        },
        "/settings" => json_answer(200, &json!({})),
        "/record" => json_answer(200, &json!({"code": 200, "status": "OK"})),
        "/decide" => json_answer(200, &json!({"notifications": [], "config": {}})),
        _ => json_answer(404, &json!({"error": format!("no such path for {}", received.method), "status": 0})),
    }
}

/// Two flags, decided as a vendor does: `exports` by a property, `bucket` by a hash of the id.
fn flags(received: &Received) -> Option<Value> {
    let (_, query) = received.target.split_once('?')?;
    let (_, context) = encoding::form(query.as_bytes()).into_iter().find(|(name, _)| name == "context")?;
    let context: Value = serde_json::from_slice(&context).ok()?;
    let is_pro = context["custom_properties"]["plan"] == "pro";
    let bucket = bucket(context["distinct_id"].as_str()?);
    Some(json!({"flags": {
        "exports": {"variant_key": if is_pro { "on" } else { "off" }, "variant_value": is_pro},
        "bucket": {"variant_key": bucket, "variant_value": bucket},
    }}))
}

/// The same in PostHog's form, with settings beside them that an SDK would act on.
fn flags_of_posthog(received: &Received) -> Option<Value> {
    let asked: Value = serde_json::from_slice(&received.opened).ok()?;
    let is_pro = asked["person_properties"]["plan"] == "pro";
    let bucket = bucket(asked["distinct_id"].as_str()?);
    let flag = |key: &str, enabled: bool, variant: Option<&str>| {
        json!({"key": key, "enabled": enabled, "variant": variant, "reason": {"code": "condition_match", "condition_index": 0},
            "metadata": {"id": 1, "version": 1, "description": null, "payload": null}})
    };
    Some(json!({
        "flags": {"exports": flag("exports", is_pro, None), "bucket": flag("bucket", true, Some(&bucket))},
        "errorsWhileComputingFlags": false, "requestId": "7f3c1d6e-0000-4000-8000-000000000001",
        "sessionRecording": {"endpoint": "/s/"}, "siteApps": [{"id": 1, "url": "/site_app/1"}],
    }))
}

fn bucket(id: &str) -> String {
    let hash =
        id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    format!("b{}", hash >> 32)
}

fn status_answer(status: u16) -> Response {
    let (error, words) = match status {
        401 => ("Invalid credentials", "Unauthorized"),
        413 => ("request exceeds max limit of 2097152 bytes", "Request Entity Too Large"),
        429 => {
            ("Project exceeded rate limits. Please retry the request with exponential backoff.", "Too Many Requests")
        }
        400 => ("the request is malformed", "Bad Request"),
        _ => ("something went wrong", "Error"),
    };
    json_answer(status, &json!({"code": status, "error": error, "status": words}))
}

fn control(shared: &Shared, received: &Received) -> Response {
    let state = &mut *shared.lock();
    match (received.method.as_str(), received.path()) {
        ("GET", "/_control/events") => json_answer(
            200,
            &state
                .recorded
                .events()
                .iter()
                .map(|e| json!({"endpoint": e.endpoint, "copies": e.copies, "event": e.event}))
                .collect(),
        ),
        ("GET", "/_control/profiles") => json_answer(
            200,
            &state
                .recorded
                .profiles()
                .iter()
                .map(|p| json!({"endpoint": p.endpoint, "operation": p.operation, "update": p.update}))
                .collect(),
        ),
        ("GET", "/_control/requests") => json_answer(
            200,
            &state
                .recorded
                .requests()
                .iter()
                .map(|r| {
                    json!({
                        "method": r.method, "target": r.target, "headers": r.headers, "status": r.status,
                        "body_base64": encoding::base64(&r.body), "opened": String::from_utf8_lossy(&r.opened),
                    })
                })
                .collect(),
        ),
        ("GET", "/_control/violations") => json_answer(
            200,
            &state
                .recorded
                .violations()
                .iter()
                .map(|v| json!({"endpoint": v.endpoint, "index": v.index, "field": v.field, "message": v.message}))
                .collect(),
        ),
        ("GET", "/_control/counts") => json_answer(
            200,
            &json!({
                "requests": state.recorded.requests().len(),
                "events": state.recorded.events().len(),
                "copies": state.recorded.events().iter().map(|e| u64::from(e.copies)).sum::<u64>(),
                "profiles": state.recorded.profiles().len(),
                "violations": state.recorded.violations().len(),
                "silently_lost": state.recorded.silently_lost(),
                "faults_left": state.faults.left(),
            }),
        ),
        ("POST", "/_control/faults") => match faults(&received.body) {
            Some(faults) => {
                state.faults = faults;
                json_answer(200, &json!({"status": "ok"}))
            }
            None => json_answer(400, &json!({"error": "the fault script is malformed"})),
        },
        ("POST", "/_control/reset") => {
            state.recorded = Recorded::default();
            state.faults = Faults::default();
            json_answer(200, &json!({"status": "ok"}))
        }
        _ => json_answer(404, &json!({"error": "no such control path"})),
    }
}

/// `{"script": [fault…], "always": fault, "seeded": {"seed": n, "per_mille": n, "among": [fault…]}}`, each part optional.
fn faults(body: &[u8]) -> Option<Faults> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let list = |value: &Value| value.as_array()?.iter().map(Fault::from_json).collect::<Option<Vec<_>>>();
    let mut faults = Faults::default();
    if let Some(script) = value.get("script") {
        faults.script(list(script)?);
    }
    if let Some(always) = value.get("always") {
        faults.always(Fault::from_json(always)?);
    }
    if let Some(seeded) = value.get("seeded") {
        faults.seeded(seeded.get("seed")?.as_u64()?, seeded.get("per_mille")?.as_u64()?, list(seeded.get("among")?)?);
    }
    Some(faults)
}

/// Browsers send from another origin and with credentials, so `*` does not do.
fn cors(mut response: Response, origin: Option<&str>, asked: Option<&str>) -> Response {
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    if let Some(origin) = origin {
        set("access-control-allow-origin", origin);
        set("access-control-allow-credentials", "true");
        set("access-control-allow-methods", "GET, POST, OPTIONS");
        set("vary", "Origin");
    }
    if let Some(asked) = asked {
        set("access-control-allow-headers", asked);
    }
    response
}

fn json_answer(status: u16, value: &Value) -> Response {
    typed(status, "application/json", &value.to_string())
}

fn text(status: u16, body: &str) -> Response {
    typed(status, "text/plain", body)
}

fn typed(status: u16, content_type: &'static str, body: &str) -> Response {
    let mut response = http::Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}
