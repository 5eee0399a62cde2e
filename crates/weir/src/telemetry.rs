//! Traces of batches as OTLP over HTTP, in its JSON form. One trace for each batch that is drawn: a root span `deliver` and one for
//! each step. No content: ids that the operator chose, counts, statuses, words of ours.
//!
//! Written here rather than with the OpenTelemetry SDK: what is sent is one message of six fixed shapes, the SDK brings a second HTTP
//! client or none of ours, and some thirty crates (D20). Source: opentelemetry-proto 1.x `trace.proto`, "OTLP/JSON" of the OTLP
//! specification: ids in hex, 64-bit numbers as texts.
//!
//! Limits: 1,024 traces wait and 64 go in one request; a full queue drops the new one; three tries, then they are dropped. Both count.
//! Delivery never waits for any of this.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use tokio::sync::Notify;
use weir_deliver::trace::{BatchTrace, Traces};
use weir_event::Millis;
use weir_event::ids::hex;
use weir_outbound::{Client, Endpoint, Request, SendError};

const WAITING_MAX: usize = 1_024;
const REQUEST_TRACES_MAX: usize = 64;
const TRIES: u32 = 3;
/// How long traces gather before a request is made.
const LINGER: Duration = Duration::from_secs(1);
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Where traces go.
#[derive(Clone, Debug)]
pub struct Target {
    /// The collector.
    pub endpoint: Endpoint,
    /// Sends to it.
    pub client: Client,
    /// Sent with each request; may hold a token.
    pub headers: HeaderMap,
    /// Which share of the batches is traced, 0 to 1.
    pub share: f64,
}

/// The queue to the collector. Without a target nothing is traced.
#[derive(Default)]
pub struct Telemetry {
    target: RwLock<Option<Arc<Target>>>,
    waiting: Mutex<Vec<Value>>,
    woken: Notify,
    drawn: AtomicU64,
    /// Traces that the collector took.
    pub sent: AtomicU64,
    /// Traces given up.
    pub dropped: AtomicU64,
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telemetry")
    }
}

impl Telemetry {
    /// From now on traces go there, or nowhere.
    pub fn set(&self, target: Option<Target>) {
        *self.target.write().unwrap_or_else(PoisonError::into_inner) = target.map(Arc::new);
    }

    fn target(&self) -> Option<Arc<Target>> {
        self.target.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends what is queued, until it is aborted.
    pub async fn run(&self) {
        loop {
            self.woken.notified().await;
            tokio::time::sleep(LINGER).await;
            loop {
                let traces: Vec<Value> = {
                    let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    let count = waiting.len().min(REQUEST_TRACES_MAX);
                    waiting.drain(..count).collect()
                };
                if traces.is_empty() {
                    break;
                }
                let count = traces.len() as u64;
                let taken = match self.target() {
                    Some(target) => export(&target, traces).await,
                    None => false,
                };
                (if taken { &self.sent } else { &self.dropped }).fetch_add(count, Relaxed);
            }
        }
    }
}

impl Traces for Telemetry {
    fn draw(&self) -> bool {
        let Some(target) = self.target() else { return false };
        // Every n-th, exactly: a share of a count, not of luck.
        let before = self.drawn.fetch_add(1, Relaxed);
        let of = |count: u64| (count as f64 * target.share) as u64;
        of(before + 1) > of(before)
    }

    fn batch(&self, trace: BatchTrace) {
        let spans = spans(&trace);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX {
            self.dropped.fetch_add(1, Relaxed);
            return;
        }
        waiting.push(spans);
        self.woken.notify_one();
    }
}

async fn export(target: &Target, traces: Vec<Value>) -> bool {
    let body = Bytes::from(message(traces).to_string());
    let mut headers = target.headers.clone();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut wait = FIRST_WAIT;
    for try_number in 1..=TRIES {
        let (endpoint, headers, body) = (&target.endpoint, headers.clone(), body.clone());
        let request = Request { endpoint, method: Method::POST, path_and_query: "/v1/traces", headers, body };
        match target.client.send(request).await {
            Ok(answer) if (200..300).contains(&answer.status) => return true,
            // What the specification calls retryable.
            Ok(answer) if !matches!(answer.status, 429 | 502 | 503 | 504) => return false,
            // A collector that may have taken them gets them once more: spans with the same ids are one.
            Ok(_) | Err(SendError::NotSent(_) | SendError::Unknown(_)) => {}
        }
        if try_number < TRIES {
            tokio::time::sleep(wait).await;
            wait *= 4;
        }
    }
    false
}

/// `ExportTraceServiceRequest`.
fn message(traces: Vec<Value>) -> Value {
    let spans: Vec<Value> =
        traces.into_iter().flat_map(|spans| spans.as_array().cloned().unwrap_or_default()).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", "weir"), text("service.version", env!("CARGO_PKG_VERSION"))]},
        "scopeSpans": [{"scope": {"name": "weir.deliver", "version": env!("CARGO_PKG_VERSION")}, "spans": spans}],
    }]})
}

/// The spans of one trace.
fn spans(trace: &BatchTrace) -> Value {
    let drawn = weir_keys::SecretKey::generate();
    let (trace_id, root) = (hex(&drawn.bytes()[..16]), hex(&drawn.bytes()[16..24]));
    let began = trace.steps.iter().map(|step| step.began).min().unwrap_or_default();
    let ended = trace.steps.iter().map(|step| step.ended).max().unwrap_or_default();
    let mut attributes = vec![
        text("weir.destination", trace.destination.as_str()),
        text("weir.vendor", trace.vendor),
        text("weir.generation", &trace.generation.to_hex()),
        text("weir.result", trace.result),
        number("weir.lane", u64::from(trace.lane)),
        number("weir.events", trace.events),
        number("weir.bytes", trace.bytes),
    ];
    attributes.extend(trace.batch.map(|batch| number("weir.batch", batch)));
    attributes.extend(trace.retry_of.map(|batch| number("weir.retry_of", batch)));
    let is_failed = !matches!(trace.result, "finished");
    let mut all = vec![span(&trace_id, &root, None, ("deliver", INTERNAL), (began, ended), attributes, is_failed)];
    for (place, step) in trace.steps.iter().enumerate() {
        let mut attributes = vec![text("weir.result", step.result)];
        if let Some(status) = step.status {
            attributes.push(number("http.response.status_code", u64::from(status)));
            attributes.push(text("weir.status_class", status_class(status)));
        }
        // Unlike the root's, and unlike each other.
        let id =
            hex(&(u64::from_be_bytes(std::array::from_fn(|i| drawn.bytes()[24 + i])) ^ (place as u64 + 1))
                .to_be_bytes());
        let kind = if step.name == "send" { CLIENT } else { INTERNAL };
        let failed = matches!(step.result, "refused" | "unknown" | "not_sent" | "failed");
        all.push(span(&trace_id, &id, Some(&root), (step.name, kind), (step.began, step.ended), attributes, failed));
    }
    Value::Array(all)
}

const INTERNAL: u32 = 1;
const CLIENT: u32 = 3;
/// `STATUS_CODE_UNSET` and `STATUS_CODE_ERROR`.
const STATUS: [u32; 2] = [0, 2];

fn span(
    trace: &str,
    id: &str,
    parent: Option<&str>,
    (name, kind): (&str, u32),
    (began, ended): (Millis, Millis),
    attributes: Vec<Value>,
    is_failed: bool,
) -> Value {
    let nanos = |at: Millis| (i128::from(at.0) * 1_000_000).max(0).to_string();
    let mut span = json!({
        "traceId": trace, "spanId": id, "name": name, "kind": kind, "startTimeUnixNano": nanos(began),
        "endTimeUnixNano": nanos(ended), "attributes": attributes, "status": {"code": STATUS[usize::from(is_failed)]},
    });
    if let Some(parent) = parent {
        span["parentSpanId"] = json!(parent);
    }
    span
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn number(key: &str, value: u64) -> Value {
    json!({"key": key, "value": {"intValue": value.to_string()}})
}

fn status_class(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use weir_deliver::trace::Step;
    use weir_event::{DestinationId, GenerationId};

    use super::*;

    fn trace() -> BatchTrace {
        let step = |name, began, ended, result, status| Step {
            name,
            began: Millis(began),
            ended: Millis(ended),
            result,
            status,
        };
        BatchTrace {
            destination: DestinationId::parse("product").unwrap(),
            vendor: "mixpanel",
            lane: 1,
            events: 20,
            bytes: 4_096,
            generation: GenerationId([7; 8]),
            batch: Some(9),
            retry_of: None,
            result: "finished",
            steps: vec![step("cut", 1_000, 1_002, "released", None), step("send", 1_003, 1_020, "accepted", Some(200))],
        }
    }

    #[test]
    fn spans_of_a_batch_have_one_trace_one_parent_and_ids_of_their_own() {
        let spans = spans(&trace());
        let spans = spans.as_array().unwrap();
        assert_eq!(spans.len(), 3);
        let ids: std::collections::BTreeSet<&str> = spans.iter().filter_map(|s| s["spanId"].as_str()).collect();
        assert!(ids.len() == 3 && ids.iter().all(|id| id.len() == 16));
        assert!(spans.iter().all(|s| s["traceId"] == spans[0]["traceId"]));
        assert!(spans[1..].iter().all(|s| s["parentSpanId"] == spans[0]["spanId"]));
        assert_eq!(
            (&spans[0]["startTimeUnixNano"], &spans[0]["endTimeUnixNano"]),
            (&json!("1000000000"), &json!("1020000000"))
        );
    }

    #[test]
    fn the_share_that_is_traced_is_exact() {
        let telemetry = Telemetry::default();
        assert!(!telemetry.draw(), "without a collector nothing is traced");
        for (share, expected) in [(0.0, 0), (0.1, 100), (0.25, 250), (1.0, 1_000)] {
            let client = Client::new(weir_outbound::ClientOptions::default()).unwrap();
            let endpoint = Endpoint::parse("http://127.0.0.1:1").unwrap();
            telemetry.set(Some(Target { endpoint, client, headers: HeaderMap::new(), share }));
            telemetry.drawn.store(0, Relaxed);
            assert_eq!((0..1_000).filter(|_| telemetry.draw()).count(), expected, "{share}");
        }
    }

    #[test]
    fn a_full_queue_drops_and_counts_and_never_waits() {
        let telemetry = Telemetry::default();
        (0..WAITING_MAX + 5).for_each(|_| telemetry.batch(trace()));
        assert_eq!(telemetry.waiting.lock().unwrap().len(), WAITING_MAX);
        assert_eq!(telemetry.dropped.load(Relaxed), 5);
    }
}
