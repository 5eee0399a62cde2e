//! What an event costs by the language it comes in: the same 50 events, each with one user, device, group, time and insert id, seven
//! facts of the SDK's surroundings and eight properties, as each vendor's server or browser SDK writes a batch of them. From the body
//! to the record: open, decode, event ids, minimise. Prints nanoseconds of this thread's CPU time per event, beside Mixpanel's.
//!
//! `cargo bench -p weir-protocol --bench vendors`

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;

use serde_json::{Value, json};
use weir_detect::{Engine, Judge};
use weir_event::{
    DraftBatch, Environment, EventId, GenerationId, ManualClock, Millis, Names, Region, SourceId, SourceNames,
};
use weir_journal::Record;
use weir_keys::Keys;
use weir_policy::{Consent, Gate, MinimisedBatch, Minimiser, RegionSource, SourcePolicy};
use weir_protocol::body::Limits;
use weir_protocol::vendors::PROTOCOLS;
use weir_protocol::{Call, DecodeOptions, Protocol, RequestHead};

#[path = "../../../benches/src/thread_time.rs"]
mod thread_time;

use thread_time::thread_time;

const EVENTS: usize = 50;
const REQUESTS: usize = 40;
const REPEATS: usize = 20;
const ROUNDS: usize = 20;
const NOW: Millis = Millis(1_795_303_178_843);

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::open(&folder.path().join("keys"), Arc::new(ManualClock::at(NOW))).unwrap();
    let keys = keys.snapshot();
    let engine = Arc::new(Engine::new());
    let names = Names::new(Box::new(Judge::new(Arc::clone(&engine))));
    let minimiser = Minimiser::new(engine, Arc::clone(&names));
    let offered = [names.label("product")];
    // One row alone, for a profile of it.
    let only = std::env::var("WEIR_BENCH_ROW").ok();
    let mut vendors: Vec<Vendor> = PROTOCOLS
        .iter()
        .filter(|protocol| only.as_deref().is_none_or(|only| protocol.name() == only))
        .map(|protocol| Vendor::new(*protocol, &names))
        .collect();
    let mut drafts = DraftBatch::default();
    // Round by round over all vendors: what else the machine does meets them alike.
    for _ in 0..ROUNDS {
        for vendor in &mut vendors {
            let gate = Gate {
                source: &vendor.policy,
                received_at: NOW,
                region: Region::parse("DE").unwrap(),
                region_source: RegionSource::ClientAddress,
                generation: GenerationId([9; 8]),
                consent: Consent::UNKNOWN,
                keys: &keys,
                offered: &offered,
                raw_day: 20_000,
                replay_of: None,
            };
            let whole = |body: &[u8], drafts: &mut DraftBatch| {
                vendor.decode(body, drafts);
                let mut out = MinimisedBatch::new(NOW);
                out.reserve(drafts.text.len() / 2);
                for draft in &drafts.drafts {
                    let id: EventId = minimiser.event_id(&gate, drafts, draft);
                    assert!(minimiser.minimise(&gate, drafts, draft, id, &mut out).is_ok());
                }
                black_box(out.names());
            };
            let decode = |body: &[u8], drafts: &mut DraftBatch| vendor.decode(body, drafts);
            let mut nanos = [0.0; 2];
            for (place, work) in [&decode as &dyn Fn(&[u8], &mut DraftBatch), &whole].into_iter().enumerate() {
                let start = thread_time();
                (0..REPEATS).for_each(|_| vendor.bodies.iter().for_each(|body| work(body, &mut drafts)));
                nanos[place] = (thread_time() - start).as_nanos() as f64 / (REPEATS * REQUESTS * EVENTS) as f64;
            }
            for (best, nanos) in vendor.best.iter_mut().zip(nanos) {
                *best = best.min(nanos);
            }
        }
    }
    let row = |vendor: &Vendor| {
        let bytes = vendor.bodies.iter().map(Vec::len).sum::<usize>() / REQUESTS / EVENTS;
        (vendor.protocol.name(), bytes, vendor.best)
    };
    let rows: Vec<_> = vendors.iter().map(row).collect();
    let base = rows[0].2;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "| protocol | bytes per event | decode, ns | × Mixpanel | to the record, ns | × Mixpanel |");
    let _ = writeln!(out, "|---|---|---|---|---|---|");
    for (name, bytes, [decode, whole]) in rows {
        let (of_decode, of_whole) = (decode / base[0], whole / base[1]);
        let _ = writeln!(out, "| {name} | {bytes} | {decode:.0} | {of_decode:.2} | {whole:.0} | {of_whole:.2} |");
    }
}

/// One row of the table.
struct Vendor {
    protocol: &'static dyn Protocol,
    path: &'static str,
    bodies: Vec<Vec<u8>>,
    policy: SourcePolicy,
    source: SourceNames,
    options: DecodeOptions,
    best: [f64; 2],
}

impl Vendor {
    fn new(protocol: &'static dyn Protocol, names: &Arc<Names>) -> Vendor {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        let mut path = "";
        let mut body = || {
            let facts: Vec<Facts> = (0..EVENTS).map(|_| Facts::new(&mut random)).collect();
            let (to, body) = batch(protocol.name(), &facts);
            path = to;
            body.to_string().into_bytes()
        };
        let bodies = (0..REQUESTS).map(|_| body()).collect();
        let policy = SourcePolicy {
            id: SourceId::parse("bench").unwrap(),
            label: names.label("bench"),
            environment: Environment::Production,
            identity_space: "default".into(),
            protocol: protocol.number(),
            keeps_raw: false,
            tap: false,
            slices: weir_policy::Slices::default(),
        };
        let options = DecodeOptions::new(["company"], names);
        Vendor { protocol, path, bodies, policy, source: names.source(), options, best: [f64::MAX; 2] }
    }

    fn decode(&self, body: &[u8], drafts: &mut DraftBatch) {
        let protocol = self.protocol;
        let Call::Ingest(endpoint) = protocol.classify("POST", self.path) else { panic!("{} takes events", self.path) };
        let head = RequestHead { method: "POST", path: self.path, ..RequestHead::default() };
        let mut opened = protocol.open(endpoint, &head, body.to_vec(), &Limits::default()).unwrap();
        let decoded = protocol.decode(endpoint, &head, &mut opened, &self.source, &self.options, drafts).unwrap();
        assert_eq!((decoded.events as usize, decoded.faults), (EVENTS, 0), "{}", protocol.name());
    }
}

/// What one event says, in no language.
struct Facts {
    user: String,
    device: String,
    group: String,
    insert: String,
    millis: u64,
    url: String,
    properties: Value,
}

impl Facts {
    fn new(random: &mut Random) -> Facts {
        let uuid = |random: &mut Random| {
            let hex = format!("{:016x}{:016x}", random.next(), random.next());
            format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
        };
        Facts {
            user: format!("user-{}", random.next() % 100_000),
            device: uuid(random),
            group: format!("org-{}", random.next() % 500),
            insert: uuid(random),
            millis: 1_795_300_000_000 + random.next() % 3_000_000,
            url: format!("https://app.example.com/projects/{}/reports?tab=summary", random.next() % 1_000),
            properties: json!({
                "plan": "enterprise", "format": "csv", "rows": random.next() % 5_000, "duration_ms": 187.5,
                "is_trial": false, "tags": ["q4", "finance"], "note": "quarterly numbers", "step": random.next() % 9,
            }),
        }
    }
}

const KEY: &str = "benchtoken0123456789abcdef012345";

/// A batch of events as a vendor's SDK writes it, and the path that it is sent to.
fn batch(vendor: &str, facts: &[Facts]) -> (&'static str, Value) {
    let each = |write: fn(&Facts) -> Value| facts.iter().map(write).collect::<Vec<_>>();
    match vendor {
        "mixpanel" => ("/track", Value::Array(each(mixpanel))),
        "amplitude" => ("/2/httpapi", json!({ "api_key": KEY, "events": each(amplitude), "options": {} })),
        "segment" => ("/v1/batch", json!({ "batch": each(segment), "sentAt": time(facts[0].millis), "writeKey": KEY })),
        "rudderstack" => ("/v1/batch", json!({ "batch": each(segment), "sentAt": time(facts[0].millis) })),
        "posthog" => ("/batch/", json!({ "api_key": KEY, "batch": each(posthog), "sent_at": time(facts[0].millis) })),
        "snowplow" => (
            "/com.snowplowanalytics.snowplow/tp2",
            json!({ "schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": each(snowplow) }),
        ),
        other => panic!("no batch of {other} is written here"),
    }
}

fn merged(one: &Value, other: Value) -> Value {
    let mut all = one.as_object().cloned().unwrap();
    all.extend(other.as_object().cloned().unwrap());
    Value::Object(all)
}

fn mixpanel(f: &Facts) -> Value {
    let own = json!({
        "token": KEY, "distinct_id": f.user, "$user_id": f.user, "$device_id": f.device, "$insert_id": f.insert,
        "time": f.millis, "company": f.group, "mp_lib": "web", "$lib_version": "2.83.0", "$os": "Mac OS X",
        "$browser": "Chrome", "$screen_width": 2560, "$screen_height": 1440, "$current_url": f.url,
    });
    json!({ "event": "Report Exported", "properties": merged(&f.properties, own) })
}

fn amplitude(f: &Facts) -> Value {
    json!({
        "event_type": "Report Exported", "user_id": f.user, "device_id": f.device, "insert_id": f.insert,
        "time": f.millis, "session_id": f.millis, "library": "amplitude-ts/2.47.1", "os_name": "Chrome",
        "os_version": "156", "device_model": "Mac OS X", "language": "en-US", "groups": { "company": f.group },
        "event_properties": merged(&f.properties, json!({ "[Amplitude] Page URL": f.url })),
    })
}

fn segment(f: &Facts) -> Value {
    json!({
        "type": "track", "event": "Report Exported", "userId": f.user, "anonymousId": f.device, "messageId": f.insert,
        "timestamp": time(f.millis), "properties": f.properties, "context": {
            "groupId": f.group, "library": { "name": "analytics.js", "version": "1.84.3" }, "os": { "name": "Mac OS X" },
            "screen": { "width": 2560, "height": 1440 }, "page": { "url": f.url }, "locale": "en-US",
        },
    })
}

fn posthog(f: &Facts) -> Value {
    let own = json!({
        "distinct_id": f.user, "$user_id": f.user, "$device_id": f.device, "$groups": { "company": f.group },
        "$lib": "web", "$lib_version": "1.449.2", "$os": "Mac OS X", "$browser": "Chrome", "$screen_width": 2560,
        "$screen_height": 1440, "$current_url": f.url, "$is_identified": true,
    });
    json!({
        "event": "Report Exported", "uuid": f.insert, "distinct_id": f.user, "timestamp": time(f.millis),
        "properties": merged(&f.properties, own),
    })
}

fn snowplow(f: &Facts) -> Value {
    let data = merged(&f.properties, json!({ "company": f.group }));
    let event = json!({
        "schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
        "data": { "schema": "iglu:com.acme/report_exported/jsonschema/1-0-0", "data": data },
    });
    let entities = json!({
        "schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0",
        "data": [{ "schema": "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0", "data": { "id": f.device } }],
    });
    let millis = f.millis.to_string();
    json!({
        "e": "ue", "eid": f.insert, "uid": f.user, "duid": f.device, "dtm": millis, "stm": millis, "aid": KEY, "p": "web",
        "tv": "js-4.10.1", "tna": "sp", "res": "2560x1440", "url": f.url, "lang": "en-US", "cs": "UTF-8",
        "ue_pr": event.to_string(), "co": entities.to_string(),
    })
}

fn time(millis: u64) -> String {
    Millis(millis as i64).to_rfc3339()
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
