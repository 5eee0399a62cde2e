//! What decoding costs: a `/track` batch of 50 events with 17 properties, about 650 bytes each, as JSON, gzip, form and base64,
//! beside `serde_json::Value` of the same text. Prints nanoseconds per event and megabytes per second of JSON.
//!
//! `cargo bench -p weir-protocol --bench decode`

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use weir_event::names::ClassOnly;
use weir_event::{DraftBatch, Names};
use weir_protocol::body::{self, Limits};
use weir_protocol::vendors::mixpanel::TRACK;
use weir_protocol::{DecodeOptions, RequestHead, protocol};

const EVENTS: usize = 50;
const ROUNDS: usize = 4_000;

fn main() {
    let json = batch();
    let mixpanel = protocol("mixpanel").expect("it is in the list");
    let names = Names::new(Box::new(ClassOnly)).source();
    let options = DecodeOptions::new(["company"], names.names());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::new(6));
    gzip.write_all(&json).expect("to memory");
    let gzip = gzip.finish().expect("to memory");
    let form = [b"data=".to_vec(), percent(&json), b"&verbose=1&ip=0".to_vec()].concat();
    let encoded = base64(&json);
    let base64 = [b"data=".to_vec(), percent(encoded.as_bytes())].concat();
    let (mut out, mut out_single) = (std::io::stdout(), std::io::stdout());
    let mut report = |name: &str, bytes: usize, nanos: f64| {
        let per_event = nanos / EVENTS as f64;
        let _ = writeln!(
            out,
            "{name:<22} {bytes:>6} bytes  {per_event:>7.0} ns/event  {:>6.0} MB/s",
            json.len() as f64 / nanos * 1e3
        );
    };

    let mut drafts = DraftBatch::default();
    for (name, body) in [("json", &json), ("gzip", &gzip), ("form json", &form), ("form base64", &base64)] {
        let head = RequestHead { method: "POST", path: "/track", ..RequestHead::default() };
        report(
            &format!("open {name}"),
            body.len(),
            time(|| {
                black_box(body::open(&head, body.clone(), &Limits::default()).expect("it opens"));
            }),
        );
        report(
            &format!("open+decode {name}"),
            body.len(),
            time(|| {
                let mut opened = body::open(&head, body.clone(), &Limits::default()).expect("it opens");
                mixpanel.decode(TRACK, &head, &mut opened, &names, &options, &mut drafts).expect("it decodes");
                assert_eq!(drafts.drafts.len(), EVENTS);
                black_box(&drafts);
            }),
        );
    }
    let single = json.split(|b| *b == b'\n').next().unwrap_or_default().to_vec();
    let single = [single.strip_suffix(b",").unwrap_or(&single), b"]"].concat();
    let head = RequestHead { method: "POST", path: "/track", ..RequestHead::default() };
    let nanos = time(|| {
        let mut opened = body::open(&head, single.clone(), &Limits::default()).expect("it opens");
        mixpanel.decode(TRACK, &head, &mut opened, &names, &options, &mut drafts).expect("it decodes");
        assert_eq!(drafts.drafts.len(), 1);
    });
    let _ = writeln!(out_single, "{:<22} {:>6} bytes  {nanos:>7.0} ns/event", "open+decode, one event", single.len());
    report(
        "serde_json::Value",
        json.len(),
        time(|| {
            black_box(serde_json::from_slice::<serde_json::Value>(&json).expect("it is JSON"));
        }),
    );
    report(
        "copy",
        json.len(),
        time(|| {
            black_box(black_box(&json).clone());
        }),
    );
}

/// The best of five runs, in nanoseconds per round: two cores are seldom quiet.
fn time(mut round: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..ROUNDS / 5 {
            round();
        }
        best = best.min(start.elapsed().as_nanos() as f64 / (ROUNDS / 5) as f64);
    }
    best
}

fn batch() -> Vec<u8> {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let mut events = Vec::new();
    for i in 0..EVENTS {
        events.push(format!(
            r#"{{"event":"Report Exported","properties":{{"token":"mptoken0123456789abcdef012345678","distinct_id":"user-{}","time":{}.{},"$insert_id":"{:016x}","mp_lib":"web","$lib_version":"2.83.0","$os":"Mac OS X","$browser":"Chrome","$browser_version":156,"$screen_width":2560,"$screen_height":1440,"$current_url":"https://app.example.com/projects/{}/reports?tab=summary","$device_id":"a5565614-4497-4d72-aa2f-{:012x}","plan":"enterprise","format":"csv","rows":{},"duration_ms":{}.5,"is_trial":false,"tags":["q4","finance"],"note":"quarterly numbers for region {}","company":"org-{}"}}}}"#,
            random(10_000), 1_795_300_000 + i, random(1_000), random(u64::MAX), random(1_000), random(1 << 40), random(5_000), random(10_000), random(40), random(500)
        ));
    }
    format!("[{}]", events.join(",\n")).into_bytes()
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for b in bytes {
        if b.is_ascii_alphanumeric() || b"-_.~".contains(b) {
            out.push(*b);
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            out.push(if i <= chunk.len() { DIGITS[(bits >> (18 - 6 * i) & 63) as usize] as char } else { '=' });
        }
    }
    out
}
