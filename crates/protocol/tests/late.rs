//! Late offline batches of the mobile SDKs (`fixtures/<vendor>/mobile-from-source`: from source, not captured) keep the time of each
//! event for the vendor, and have an epoch time of 48 hours ago and the flag `late` (D4).

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "world/gate.rs"]
mod gate;

use std::path::Path;

use weir_event::wire::Cursor;
use weir_event::{Millis, NameId};
use weir_journal::Record;
use weir_policy::RecordView;
use weir_protocol::RequestHead;

use gate::MemoryGate;

/// The phones were online again at 10:00 on 2026-11-21; by the clocks of those that say so, requests were sent two seconds later.
const ONLINE: Millis = Millis(1_795_255_200_000);
const SENT: Millis = Millis(ONLINE.0 + 2_000);
const RECEIVED: Millis = Millis(ONLINE.0 + 2_500);
/// A late batch: (vendor, request, whether its protocol says when it was sent, days and minutes before [`ONLINE`] of each event).
type Late = (&'static str, &'static str, bool, &'static [(i64, i64)]);
const BATCHES: &[Late] = &[
    ("mixpanel", "004", false, &[(3, 0), (3, 1), (3, 2), (12, 0)]),
    ("amplitude", "003", true, &[(3, 0), (3, 1), (3, 2), (0, 0)]),
    ("segment", "003", true, &[(3, 0), (3, 1), (3, 2)]),
    ("rudderstack", "003", true, &[(3, 0), (3, 1), (3, 2)]),
    ("posthog", "003", true, &[(3, 0), (3, 1), (3, 2)]),
    ("snowplow", "003", true, &[(3, 0), (3, 1), (3, 2)]),
];

#[test]
fn d4_events_of_a_late_offline_batch_keep_their_time_and_are_late() {
    for (vendor, request, says_sent, events) in BATCHES {
        let seen = times(vendor, request);
        let expected: Vec<_> = events
            .iter()
            .map(|(days, minutes)| {
                let client = ONLINE.plus(-days * Millis::DAY + minutes * 60_000);
                // Amplitude's last event happened after the phone was online again.
                let client = if *days == 0 { client.plus(1) } else { client };
                let event = if *says_sent { client.plus(RECEIVED.since(SENT)) } else { client };
                let oldest = RECEIVED.plus(-48 * Millis::HOUR);
                (event, if client < oldest { oldest } else { client }, client < oldest)
            })
            .collect();
        assert_eq!(seen, expected, "{vendor}");
    }
}

/// Event time, epoch time and `late` of each event of a request, as they are stored.
fn times(vendor: &str, request: &str) -> Vec<(Millis, Millis, bool)> {
    let file = format!("../../fixtures/{vendor}/mobile-from-source/{request}.http");
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a fixture");
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head ends in an empty line");
    let text = std::str::from_utf8(&bytes[..split]).expect("heads are ASCII");
    let target = text.split(' ').nth(1).expect("a target");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| {
        let lines = text.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    };
    let head = RequestHead {
        method: "POST",
        path,
        query,
        content_encoding: header("content-encoding"),
        content_type: header("content-type"),
        ..RequestHead::default()
    };
    let gate = MemoryGate::new(RECEIVED);
    let batch = gate.decode_request(vendor, &head, bytes[split + 4..].to_vec());
    let out = gate.minimise("app", vendor, RECEIVED, &batch);
    let remap = |number: u32| NameId(number);
    let mut records = Cursor::new(out.bytes());
    let mut times = Vec::new();
    while !records.is_done() {
        let view = RecordView::parse_bytes(records.bytes().expect("a record"), &remap).expect("it reads");
        times.push((view.event_time(), view.epoch_time(), view.late()));
    }
    times
}
