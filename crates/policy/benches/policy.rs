//! What minimise and release cost for one event of 17 properties and about 650 bytes, 3 % of them with an e-mail address, a phone
//! number, a card or an address in a value. Prints nanoseconds per event; the budget is 1.7 µs (detect included) and 0.5 µs.
//!
//! `cargo bench -p weir-policy --bench policy`

#![allow(clippy::unwrap_used, dead_code, reason = "shared with the tests; a benchmark that cannot run may stop")]

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use weir_event::{ConsentStates, DraftBatch, NameId, Role, SubjectKind};
use weir_journal::Record;
use weir_policy::{Consent, ConsentSignals, ConsentSpec, Gate, MinimisedBatch, RecordView, SubjectMode};

#[path = "../tests/policy/support.rs"]
mod support;

use support::{Event, NOW, WEEK, World, number, text};

const EVENTS: usize = 1_000;
const ROUNDS: usize = 200;

fn main() {
    let world = World::new();
    let ids: Vec<(String, String, String)> = (0..EVENTS)
        .map(|i| (format!("user-{:06}", i % 400), format!("{:032x}", i * 7_919), format!("7d3c1b52-{i:04}")))
        .collect();
    let batches: Vec<DraftBatch> = ids.iter().enumerate().map(|(i, ids)| event(i, ids).draft(&world)).collect();
    let bytes: usize = batches.iter().map(|b| b.text.len()).sum();
    let keys = world.keys.snapshot();
    let gate = world.gate(&keys);
    let mut out = std::io::stdout().lock();
    let mut report = |name: &str, nanos: f64| {
        let _ = writeln!(out, "{name:<28} {:>7.0} ns/event", nanos / EVENTS as f64);
    };

    let signals = ConsentSignals::resolve(&ConsentSpec::default(), &world.names).unwrap();
    let asked = Gate { consent: Consent::new(&signals, ConsentStates::UNKNOWN), ..gate };
    let minimise = |gate: &Gate<'_>, with_id: bool| {
        let mut out = MinimisedBatch::new(NOW);
        out.reserve(EVENTS * 900);
        let fixed = world.minimiser.event_id(gate, &batches[0], &batches[0].drafts[0]);
        for batch in &batches {
            let id = if with_id { world.minimiser.event_id(gate, batch, &batch.drafts[0]) } else { fixed };
            assert!(world.minimiser.minimise(gate, batch, &batch.drafts[0], id, &mut out).is_ok());
        }
        out
    };
    report("minimise", time(|| drop(black_box(minimise(&gate, false)))));
    report("  and consent", time(|| drop(black_box(minimise(&asked, false)))));
    report("minimise and event id", time(|| drop(black_box(minimise(&gate, true)))));
    let engine = weir_detect::Engine::new();
    let mut found = Vec::new();
    report(
        "  of which detect",
        time(|| {
            for batch in &batches {
                for leaf in batch.tape(&batch.drafts[0]) {
                    found.clear();
                    engine.scan(weir_detect::PathFacts::NONE, leaf.kind, batch.bytes(leaf.text), &mut found);
                    black_box(&found);
                }
            }
        }),
    );

    let minimised = minimise(&gate, true);
    let mut records = Vec::new();
    let mut at = weir_event::wire::Cursor::new(minimised.bytes());
    while !at.is_done() {
        records.push(at.bytes().unwrap());
    }
    let remap = |n: u32| NameId(n);
    let mut releaser = world.releaser(SubjectMode::Rotating { period_millis: WEEK }, &["plan", "format"], &[]);
    let epoch = releaser.epoch_of(&RecordView::parse_bytes(records[0], &remap).unwrap()).unwrap();
    world.keys.ensure_epochs(releaser.policy().destination(), &[epoch]).unwrap();
    releaser.set_keys(world.keys.snapshot());
    report(
        "parse and release",
        time(|| {
            for record in &records {
                let view = RecordView::parse_bytes(record, &remap).unwrap();
                black_box(releaser.release(&view).unwrap());
            }
        }),
    );
    report(
        "  of which parse",
        time(|| {
            for record in &records {
                let _ = black_box(RecordView::parse_bytes(record, &remap));
            }
        }),
    );
    let mean = |n: usize| n / EVENTS;
    let _ = writeln!(out, "{} bytes of values, {} bytes of record for each event", mean(bytes), mean(minimised.size()));
}

fn event(i: usize, (user, sdk_id, device): &'_ (String, String, String)) -> Event<'_> {
    let dirty = match i % 33 {
        7 => ["ada.lovelace@example.com", "+49 151 12345678", "4111 1111 1111 1111", "198.51.100.77"][i / 33 % 4],
        _ => "dashboard",
    };
    let mut event = Event::new("report_opened")
        .by(Role::Subject, SubjectKind::User, user)
        .by(Role::Device, SubjectKind::Device, device)
        .with("plan", text(["free", "pro", "team"][i % 3]))
        .with("format", text("csv"))
        .with("place", text(dirty))
        .with("rows", number(i * 31))
        .with("seats", number(i % 50))
        .with("ratio", number("0.125"))
        .with("workspace", text(format!("workspace {}", i % 90)))
        .with("feature", text("export-dialog"))
        .with("variant", text("treatment-b"))
        .with("duration_ms", number(i * 7))
        .context("context.library.name", text("web"))
        .context("context.library.version", text("2.83.0"))
        .context("context.os.name", text("Mac OS X"))
        .context("context.browser.name", text("Chrome"))
        .context("context.screen.width", number(1_440))
        .context("context.screen.height", number(900))
        .context(
            "context.page.url",
            text(format!("https://app.example.com/reports/{}?tab={}", ["daily", "weekly", "all"][i % 3], i % 7)),
        );
    event.sdk_id = Some(sdk_id);
    event
}

fn time(mut f: impl FnMut()) -> f64 {
    f();
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        f();
        best = best.min(start.elapsed().as_nanos() as f64);
    }
    best
}
