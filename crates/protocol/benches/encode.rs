//! What encoding costs: baseline events with an allowed property, as delivery has them, to a `/track` request with and without
//! compression, digest included. Prints nanoseconds per event and bytes per event.
//!
//! `cargo bench -p weir-protocol --bench encode`

use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use weir_detect::{Engine, Judge};
use weir_event::wire::Cursor;
use weir_event::{
    DestinationId, DraftBatch, Environment, GenerationId, Millis, NameId, Names, Region, SourceId, SystemClock,
};
use weir_journal::Record;
use weir_keys::Keys;
use weir_policy::{
    Consent, Gate, MinimisedBatch, Minimiser, RecordView, RegionSource, ReleasePolicy, ReleaseSpec, Releaser,
    SourcePolicy, SubjectMode,
};
use weir_protocol::body::{self, Limits};
use weir_protocol::vendors::mixpanel;
use weir_protocol::{DecodeOptions, DestinationSetup, RequestHead, encoder, protocol};

const EVENTS: usize = 500;
const NOW: Millis = Millis(1_795_303_178_843);

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = Keys::open(&folder.path().join("keys"), Arc::new(SystemClock)).expect("keys");
    let destination = DestinationId::parse("product").expect("an id");
    keys.ensure_destination(&destination).expect("keys");
    let engine = Arc::new(Engine::new());
    let names = Names::new(Box::new(Judge::new(Arc::clone(&engine))));
    let snapshot = keys.snapshot();
    let source = SourcePolicy {
        id: SourceId::parse("web").expect("an id"),
        label: names.label("web"),
        environment: Environment::Production,
        identity_space: "default".into(),
        protocol: 1,
        keeps_raw: false,
        tap: false,
        slices: weir_policy::Slices::default(),
    };
    let offered = [names.label("product")];
    let gate = Gate {
        source: &source,
        received_at: NOW,
        region: Region::parse("DE").expect("a country"),
        region_source: RegionSource::ClientAddress,
        generation: GenerationId([9; 8]),
        consent: Consent::UNKNOWN,
        keys: &snapshot,
        offered: &offered,
        raw_day: 0,
        replay_of: None,
    };
    let events: Vec<_> = (0..EVENTS).map(event).collect();
    let head = RequestHead { method: "POST", path: "/track", ..RequestHead::default() };
    let mut opened =
        body::open(&head, format!("[{}]", events.join(",")).into_bytes(), &Limits::default()).expect("it opens");
    let mut batch = DraftBatch::default();
    let options = DecodeOptions::new(["company"], &names);
    let mixpanel = protocol("mixpanel").expect("it is in the list");
    mixpanel.decode(mixpanel::TRACK, &head, &mut opened, &names.source(), &options, &mut batch).expect("it decodes");
    let minimiser = Minimiser::new(Arc::clone(&engine), Arc::clone(&names));
    let mut minimised = MinimisedBatch::new(NOW);
    for draft in &batch.drafts {
        let id = minimiser.event_id(&gate, &batch, draft);
        minimiser.minimise(&gate, &batch, draft, id, &mut minimised).unwrap_or_else(|_| panic!("it is minimised"));
    }
    let spec = ReleaseSpec {
        destination,
        subject: SubjectMode::Stable,
        allow: vec!["plan".to_owned(), "format".to_owned()],
        rules: Vec::new(),
        links: false,
        routing: weir_policy::Routing::default(),
    };
    let policy = ReleasePolicy::resolve(&spec, &names).expect("a policy");
    let mut releaser = Releaser::new(Arc::new(policy), keys.snapshot(), Arc::clone(&names));
    let remap = |number: u32| NameId(number);
    let mut records = Cursor::new(minimised.bytes());
    let mut released = Vec::new();
    while !records.is_done() {
        let view = RecordView::parse_bytes(records.bytes().expect("a record"), &remap).expect("it reads");
        released.push(releaser.release(&view).expect("it is released"));
    }

    let mut out = std::io::stdout().lock();
    for (name, gzip_from_bytes) in [("plain", None), ("gzip", Some(1_024))] {
        let setup = DestinationSetup { gzip_from_bytes, ..DestinationSetup::new("vendortoken", &names) };
        let mut encoder = encoder("mixpanel", setup).expect("a setup");
        let mut best = f64::MAX;
        let (mut bytes, mut sent) = (0, 0);
        for _ in 0..100 {
            let start = Instant::now();
            for event in &released {
                black_box(encoder.lane_of(event, NOW).expect("a lane"));
            }
            let encoded = encoder.encode(mixpanel::encode::TRACK, &released);
            best = best.min(start.elapsed().as_nanos() as f64 / EVENTS as f64);
            (bytes, sent) = (encoded.bytes_uncompressed() / EVENTS, encoded.body().len() / EVENTS);
        }
        let _ = writeln!(out, "encode {name:<6} {best:>6.0} ns/event  {bytes} bytes/event, {sent} as sent");
    }
}

fn event(i: usize) -> String {
    format!(
        r#"{{"event":"Report Exported","properties":{{"token":"t","distinct_id":"user-{i}","time":1795303174.219,"$insert_id":"{i:016x}","mp_lib":"web","$lib_version":"2.83.0","$os":"Mac OS X","$browser":"Chrome","$screen_width":2560,"$device_id":"d-{i}","plan":"enterprise","format":"csv","rows":{i}}}}}"#
    )
}
