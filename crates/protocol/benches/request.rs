//! What a request costs from its body to its records, on the workload of the whole benchmark: open, decode, event ids, minimise.
//! Prints nanoseconds of this thread's CPU time per event, beside a sum over the bytes of the same bodies.
//!
//! `cargo bench -p weir-protocol --bench request`

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a benchmark that cannot run may stop; the workload has more than it uses"
)]

use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;

use weir_detect::{Engine, Judge};
use weir_event::{
    Draft, DraftBatch, Environment, EventId, GenerationId, LeafKind, ManualClock, Millis, NameId, Names, Region,
    SourceId,
};
use weir_journal::Record;
use weir_keys::Keys;
use weir_policy::{Consent, Gate, MinimisedBatch, Minimiser, RegionSource, SourcePolicy};
use weir_protocol::body::{self, Limits};
use weir_protocol::vendors::mixpanel::TRACK;
use weir_protocol::{DecodeOptions, RequestHead, protocol};

#[path = "../../../benches/src/thread_time.rs"]
mod thread_time;
#[path = "../../../benches/src/workload.rs"]
mod workload;

use thread_time::thread_time;

const REQUESTS: usize = 600;
/// So many of the clock's ticks that one does not show.
const REPEATS: usize = 6;
const ROUNDS: usize = 4;
const NOW: Millis = Millis(1_795_303_178_843);

fn main() {
    let head = RequestHead { method: "POST", path: "/track", ..RequestHead::default() };
    let bodies: Vec<Vec<u8>> = workload::requests("h", REQUESTS, 1, false, NOW.seconds() as u64)
        .into_iter()
        .map(|request| {
            let head = request.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
            request[head..].to_vec()
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::open(&folder.path().join("keys"), Arc::new(ManualClock::at(NOW))).unwrap();
    let keys = keys.snapshot();
    let engine = Arc::new(Engine::new());
    let names = Names::new(Box::new(Judge::new(Arc::clone(&engine))));
    let source_names = names.source();
    let minimiser = Minimiser::new(engine, Arc::clone(&names));
    let policy = SourcePolicy {
        id: SourceId::parse("bench").unwrap(),
        label: names.label("bench"),
        environment: Environment::Production,
        identity_space: "default".into(),
        protocol: 1,
        keeps_raw: false,
        tap: false,
        slices: weir_policy::Slices::default(),
    };
    let offered = [names.label("product")];
    let gate = Gate {
        source: &policy,
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
    let mixpanel = protocol("mixpanel").unwrap();
    let options = DecodeOptions::new([], &names);
    let decode = |body: &[u8], drafts: &mut DraftBatch| {
        let mut opened = body::open(&head, body.to_vec(), &Limits::default()).unwrap();
        mixpanel.decode(TRACK, &head, &mut opened, &source_names, &options, drafts).unwrap();
    };
    let decoded: Vec<DraftBatch> = bodies
        .iter()
        .map(|body| {
            let mut drafts = DraftBatch::default();
            decode(body, &mut drafts);
            drafts
        })
        .collect();
    let ids: Vec<Vec<EventId>> = decoded
        .iter()
        .map(|batch| batch.drafts.iter().map(|d| minimiser.event_id(&gate, batch, d)).collect())
        .collect();

    // One row alone, for a profile of it.
    let only = std::env::var("WEIR_BENCH_ROW").ok();
    let (mut drafts, mut stored) = (DraftBatch::default(), 0);
    let mut kept = Vec::new();
    let mut found = Vec::new();
    let scanner = Engine::new();
    let facts: Vec<_> = (0..names.count() as u32).map(|id| scanner.path_facts(names.entry(NameId(id)))).collect();
    let mut rows: Vec<(&str, f64)> =
        ["byte sum", "open", "open and decode", "event ids", "minimise", "  of which detect", "all"]
            .map(|name| (name, f64::MAX))
            .to_vec();
    for _ in 0..ROUNDS {
        let mut row = 0;
        let mut measure = |work: &mut dyn FnMut(usize)| {
            if only.as_deref().is_none_or(|only| rows[row].0 == only) {
                let start = thread_time();
                (0..REPEATS).for_each(|_| (0..REQUESTS).for_each(&mut *work));
                let nanos = (thread_time() - start).as_nanos() as f64 / (REPEATS * REQUESTS * workload::BATCH) as f64;
                rows[row].1 = rows[row].1.min(nanos);
            }
            row += 1;
        };
        measure(&mut |i| {
            black_box(black_box(&bodies[i]).iter().map(|b| u64::from(*b)).sum::<u64>());
        });
        measure(&mut |i| drop(black_box(body::open(&head, bodies[i].clone(), &Limits::default()).unwrap())));
        measure(&mut |i| decode(&bodies[i], &mut drafts));
        measure(&mut |i| {
            for draft in &decoded[i].drafts {
                black_box(minimiser.event_id(&gate, &decoded[i], draft));
            }
        });
        measure(&mut |i| {
            let out = minimise(&minimiser, &gate, &decoded[i], &ids[i]);
            stored = out.size();
            // As in the gateway, whose batches go to another thread and are freed later.
            kept.push(out);
            if kept.len() == 16 {
                kept.clear();
            }
        });
        measure(&mut |i| {
            for leaf in &decoded[i].leaves {
                if matches!(leaf.kind, LeafKind::String | LeafKind::Number) {
                    found.clear();
                    scanner.scan(facts[leaf.path.0 as usize], leaf.kind, decoded[i].bytes(leaf.text), &mut found);
                    black_box(&found);
                }
            }
        });
        measure(&mut |i| {
            decode(&bodies[i], &mut drafts);
            let ids: Vec<EventId> = drafts.drafts.iter().map(|d| minimiser.event_id(&gate, &drafts, d)).collect();
            kept.push(minimise(&minimiser, &gate, &drafts, &ids));
            if kept.len() == 16 {
                kept.clear();
            }
        });
    }
    let mut out = std::io::stdout().lock();
    for (name, nanos) in &rows {
        let _ = writeln!(out, "{name:<20} {nanos:>7.0} ns/event");
    }
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    let _ = writeln!(
        out,
        "{} bytes of body, {} bytes of record for each event",
        bytes / REQUESTS / workload::BATCH,
        stored / workload::BATCH
    );
}

fn minimise(minimiser: &Minimiser, gate: &Gate<'_>, batch: &DraftBatch, ids: &[EventId]) -> MinimisedBatch {
    let mut out = MinimisedBatch::new(NOW);
    out.reserve(batch.text.len() / 2);
    let each = |(draft, id): (&Draft, &EventId)| assert!(minimiser.minimise(gate, batch, draft, *id, &mut out).is_ok());
    batch.drafts.iter().zip(ids).for_each(each);
    black_box(out.names());
    out
}
