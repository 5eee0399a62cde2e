//! Fuzz targets: plain functions, replayed on stable and driven by libFuzzer. None may ever panic.

use std::io::{Cursor, Read};
use std::sync::{Arc, OnceLock};

use weir_event::names::ClassOnly;
use weir_event::{DraftBatch, Millis, Names, limits};

use crate::answer::{Answering, Situation};
use crate::archive::{self, Archive};
use crate::body::{self, Limits};
use crate::inbound::{Call, DecodeOptions, Protocol, RequestHead};
use crate::json::{Parser, Plan, Vocabulary};
use crate::outbound::{DestinationSetup, Encoded, Verdict};
use crate::vendors::DESTINATIONS;
use crate::vendors::amplitude::Amplitude;
use crate::vendors::mixpanel::Mixpanel;
use crate::vendors::otlp::Encoding;
use crate::vendors::posthog::PostHog;
use crate::vendors::rudderstack::RudderStack;
use crate::vendors::segment::Segment;
use crate::vendors::snowplow::Snowplow;

/// One table for all runs: names are never freed, and a table for each run would fill the memory. The limits are the source's,
/// which is new in each run.
fn names() -> &'static Arc<Names> {
    static NAMES: OnceLock<Arc<Names>> = OnceLock::new();
    NAMES.get_or_init(|| Names::new(Box::new(ClassOnly)))
}

/// Opens bytes as a body; the first byte chooses the content encoding, a zero byte ends the query.
pub fn fuzz_body(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let content_encoding =
        [None, Some("gzip"), Some("deflate"), Some("gzip, gzip"), Some("br"), Some("zstd")][usize::from(*choice) % 6];
    let (query, body) = rest.iter().position(|b| *b == 0).map_or((&b""[..], rest), |at| (&rest[..at], &rest[at + 1..]));
    let query = String::from_utf8_lossy(query);
    let head = RequestHead { query: &query, content_encoding, authorization: Some(&query), ..RequestHead::default() };
    let limits = Limits { decoded_bytes_max: 1 << 20 };
    let _ = head.basic();
    if let Ok(opened) = body::open(&head, body.to_vec(), &limits) {
        assert!(std::str::from_utf8(opened.text_bytes()).is_ok(), "an opened body is UTF-8");
        assert!(opened.text_bytes().len() <= 3 * limits.decoded_bytes_max);
        let _ = opened.field("verbose");
    }
}

/// Any bytes as an archive: never panics, and of no entry more comes out than its directory says.
pub fn fuzz_archive(data: &[u8]) {
    let Ok(mut archive) = Archive::open(Cursor::new(data)) else { return };
    let mut packed = 0;
    while let Some(Ok(entry)) = archive.next_entry() {
        assert!(entry.name.len() <= 3 * archive::NAME_BYTES_MAX && !entry.name.contains(char::is_control));
        packed += entry.packed;
        assert!(packed <= data.len() as u64, "entries have bytes of their own");
        let Ok(unpacked) = archive.read(&entry) else { continue };
        let (mut count, mut buffer) = (0, [0; 4_096]);
        // As far as it goes: an error ends it, and so does what a run of the fuzzer has time for.
        let mut unpacked = unpacked.take(1 << 20);
        while let Ok(read @ 1..) = unpacked.read(&mut buffer) {
            count += read as u64;
        }
        assert!(count <= entry.size);
    }
}

/// Undoes lz-string.
pub fn fuzz_lz_string(data: &[u8]) {
    const MAX: usize = 100_000;
    if let Ok(text) = body::lz_string::decompress_base64(data, MAX) {
        assert!(text.len() <= MAX && std::str::from_utf8(&text).is_ok());
    }
}

/// Parses text as one JSON value and holds the tape against its invariants.
pub fn fuzz_json(data: &[u8]) {
    struct NoWords;
    impl Vocabulary for NoWords {
        fn meaning(&self, _: Plan, _: &str) -> Option<crate::json::Meaning> {
            None
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let names = names().source();
    let (mut text, mut leaves) = (text.as_bytes().to_vec(), Vec::new());
    let mut parser = Parser::new(&mut text, &mut leaves, &names, NoWords);
    parser.begin_event();
    let Ok(mut object) = parser.begin_object(Plan(1), weir_event::NameId::EVENT_ROOT) else { return };
    while let Ok(Some(key)) = parser.next_key(&mut object) {
        if parser.property(&key).is_err() {
            break;
        }
    }
    let (range, is_over) = (parser.end_tape(), parser.is_over_limit());
    assert!(range.len() <= 4 * limits::EVENT_LEAVES_MAX && (!is_over || range.is_empty()));
    for leaf in leaves {
        let end = (leaf.text.start + leaf.text.len) as usize;
        assert!(std::str::from_utf8(&text[leaf.text.start as usize..end]).is_ok(), "every text is UTF-8");
    }
}

/// Decodes bytes as an Amplitude request; the first byte chooses the endpoint.
pub fn fuzz_amplitude(data: &[u8]) {
    let targets =
        ["POST /2/httpapi", "POST /batch", "POST /", "POST /identify", "GET /identify", "POST /groupidentify"];
    fuzz_ingest(&Amplitude, &targets, data);
}

/// Decodes bytes as a Mixpanel request; the first byte chooses the endpoint.
pub fn fuzz_mixpanel(data: &[u8]) {
    fuzz_ingest(&Mixpanel, &["POST /track", "POST /engage", "POST /groups", "POST /import", "GET /track"], data);
}

/// Decodes bytes as a PostHog request; the first byte chooses the endpoint.
pub fn fuzz_posthog(data: &[u8]) {
    let targets = [
        "POST /batch",
        "POST /e",
        "POST /engage",
        "POST /i/v1/analytics/events",
        "POST /i/v0/ai",
        "GET /e",
        "POST /i/v0/ai/batch",
    ];
    fuzz_ingest(&PostHog, &targets, data);
}

/// Decodes bytes as a Segment request; the first byte chooses the endpoint.
pub fn fuzz_segment(data: &[u8]) {
    let targets = [
        "POST /v1/batch",
        "POST /v1/t",
        "POST /v1/i",
        "POST /v1/p",
        "POST /v1/g",
        "POST /v1/a",
        "POST /v1/import",
        "GET /v1/pixel/track",
    ];
    fuzz_ingest(&Segment, &targets, data);
}

/// Decodes bytes as a RudderStack request; the first byte chooses the endpoint.
pub fn fuzz_rudderstack(data: &[u8]) {
    let targets = [
        "POST /v1/batch",
        "POST /v1/track",
        "POST /v1/identify",
        "POST /v1/merge",
        "POST /beacon/v1/batch",
        "GET /pixel/v1/page",
    ];
    fuzz_ingest(&RudderStack, &targets, data);
}

/// Decodes bytes as a request of a Snowplow tracker; the first byte chooses the endpoint.
pub fn fuzz_snowplow(data: &[u8]) {
    fuzz_ingest(&Snowplow, &["POST /com.snowplowanalytics.snowplow/tp2", "GET /i"], data);
}

/// Decodes bytes as a request of a protocol; the first byte chooses one of `targets` (method, blank, path). For a GET the bytes
/// are the query.
fn fuzz_ingest(protocol: &dyn Protocol, targets: &[&str], data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let (method, path) = targets[usize::from(*choice) % targets.len()].split_once(' ').unwrap_or_default();
    let Call::Ingest(endpoint) = protocol.classify(method, path) else { panic!("{method} {path} takes events") };
    static OPTIONS: OnceLock<[DecodeOptions; 8]> = OnceLock::new();
    let options = OPTIONS.get_or_init(|| std::array::from_fn(|_| DecodeOptions::new(["company"], names())));
    let options = &options[usize::from(protocol.number()) % 8];
    let names = names().source();
    let query = if method == "GET" { String::from_utf8_lossy(rest) } else { "".into() };
    let head = RequestHead { method, path, query: &query, sdk_info: Some("sdk/1.0"), ..RequestHead::default() };
    let body = if method == "GET" { Vec::new() } else { rest.to_vec() };
    let limits = Limits { decoded_bytes_max: 1 << 20 };
    let Ok(mut opened) = protocol.open(endpoint, &head, body, &limits) else { return };
    let keys = protocol.find_write_keys(&head, &opened);
    assert!(keys.len() <= 8);
    let mut batch = DraftBatch::default();
    let situation = match protocol.decode(endpoint, &head, &mut opened, &names, options, &mut batch) {
        Ok(decoded) => {
            assert_eq!(decoded.drafts as usize, batch.drafts.len());
            for draft in &batch.drafts {
                assert_eq!(batch.tape(draft).len(), draft.leaves.len(), "a tape is a range of the batch");
                assert!(draft.identities.iter().all(|id| std::str::from_utf8(batch.bytes(id.text)).is_ok()));
            }
            Situation::Accepted { events: decoded.events }
        }
        Err(_) => {
            assert!(batch.drafts.is_empty() && batch.text.is_empty(), "nothing of a refused body stays");
            Situation::BadBody
        }
    };
    let _ = protocol.answer(&Answering { endpoint, head: &head, opened: Some(&opened), situation, now: Millis(0) });
}

/// A token that every kind takes.
const TOKEN: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Interprets bytes as the answer of every vendor to a batch.
pub fn fuzz_interpret(data: &[u8]) {
    let Some(([choice, status, count], body)) = data.split_first_chunk::<3>() else { return };
    let names = Names::new(Box::new(ClassOnly));
    let status = [200, 202, 204, 400, 401, 413, 429, 500, 302][usize::from(*status) % 9];
    let mut setup = DestinationSetup::new(TOKEN, &names);
    setup.settings.ga4.measurement_id = Some("G-1".to_owned());
    // OpenTelemetry's answers are in the encoding of the request.
    setup.settings.otlp.encoding = if choice % 2 == 0 { Encoding::Json } else { Encoding::Protobuf };
    for kind in DESTINATIONS {
        let Ok(encoder) = (kind.encoder)(setup.clone()) else { continue };
        let lane = encoder.lanes()[usize::from(*choice) % encoder.lanes().len()];
        let encoded = Encoded::json(lane, u32::from(*count), "/".into(), Vec::new(), None);
        match encoder.interpret(&encoded, status, None, body) {
            Verdict::Accepted => assert!((200..300).contains(&status), "an error is never taken for a delivery"),
            Verdict::Partial { rejected } => {
                assert!(rejected.iter().all(|(i, _)| *i < u32::from(*count)), "a rejected event is one that was sent");
            }
            _ => {}
        }
    }
}
