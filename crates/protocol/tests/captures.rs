//! Every captured request of a vendor's SDKs decodes to its reviewed snapshot (`fixtures/<vendor>/README.md`).

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use weir_event::names::ClassOnly;
use weir_event::{DraftBatch, LeafKind, Millis, Names, SourceNames, SubjectKind};
use weir_protocol::answer::cors;
use weir_protocol::body::Limits;
use weir_protocol::{Answering, Auxiliary, Call, DecodeOptions, Opened, Protocol, RequestHead, Situation, protocol};

/// 2026-11-22T00:00:00Z: for answers that tell the time.
const NOW: Millis = Millis(1_795_305_600_000);

#[test]
fn every_amplitude_capture_decodes_to_its_snapshot() {
    check("amplitude", 15 + 4 + 5 + 8 + 3);
}

#[test]
fn every_mixpanel_capture_decodes_to_its_snapshot() {
    check("mixpanel", 23 + 4 + 28 + 8 + 4);
}

#[test]
fn every_segment_capture_decodes_to_its_snapshot() {
    check("segment", 65 + 9 + 5 + 12 + 4);
}

#[test]
fn every_rudderstack_capture_decodes_to_its_snapshot() {
    check("rudderstack", 36 + 5 + 6 + 4);
}

#[test]
fn every_snowplow_capture_decodes_to_its_snapshot() {
    check("snowplow", 3 + 3);
}

#[test]
fn every_posthog_capture_decodes_to_its_snapshot() {
    check("posthog", 13 + 8 + 3 + 7 + 6 + 8 + 6);
}

/// Reads `fixtures/<vendor>`, which holds `count` requests.
fn check(vendor: &str, count: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(vendor);
    let protocol = protocol(vendor).expect("it is in the list");
    let names = Names::new(Box::new(ClassOnly)).source();
    let options = DecodeOptions::new(["company"], names.names());
    let is_update = std::env::var_os("UPDATE").is_some();
    let (mut seen, mut wrong) = (0, Vec::new());
    for path in requests(&folder) {
        seen += 1;
        let snapshot = snapshot(protocol, &fs::read(&path).expect("a fixture is readable"), &names, &options);
        let beside = path.with_extension("drafts.txt");
        if is_update {
            fs::write(&beside, snapshot).expect("a fixture is writable");
        } else if fs::read_to_string(&beside).unwrap_or_default() != snapshot {
            wrong.push(beside);
        }
    }
    assert_eq!(seen, count);
    assert!(wrong.is_empty(), "differs from its snapshot: {wrong:#?}; UPDATE=1 writes them anew");
}

fn requests(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> =
        list(folder).filter(|path| path.is_dir()).flat_map(|path| list(&path).collect::<Vec<_>>()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
    paths.sort();
    paths
}

fn snapshot(protocol: &dyn Protocol, request: &[u8], names: &SourceNames, options: &DecodeOptions) -> String {
    let split = request.windows(4).position(|four| four == b"\r\n\r\n").expect("a head ends in an empty line");
    let head = std::str::from_utf8(&request[..split]).expect("heads are ASCII");
    let body = request[split + 4..].to_vec();
    let mut lines = head.lines();
    let mut first = lines.next().expect("a request line").split(' ');
    let (method, target) = (first.next().expect("a method"), first.next().expect("a target"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // What `api_routes` of the SDK renamed; the gateway does this by the source's configuration.
    let path = match path {
        "/mp/t/" => "/track/",
        "/mp/e/" => "/engage/",
        other => other,
    };
    let header = |name: &str| {
        head.lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    };
    let head = RequestHead {
        method,
        path,
        query,
        authorization: header("authorization"),
        content_encoding: header("content-encoding"),
        content_type: header("content-type"),
        sdk_info: header("posthog-sdk-info"),
        anonymous_id: header("anonymousid"),
        api_key: header("x-apikey"),
        gpc: header("sec-gpc") == Some("1"),
        dnt: header("dnt") == Some("1"),
    };
    let mut out = String::new();
    if method == "OPTIONS" {
        let answer = cors::preflight(header("origin"), header("access-control-request-headers"));
        let _ = writeln!(out, "preflight\nanswer: {answer:?}");
        return out;
    }
    let call = protocol.classify(method, path);
    let _ = writeln!(out, "{call:?}");
    let mut opened = match call {
        Call::Ingest(endpoint) | Call::Auxiliary(endpoint) | Call::Drop(endpoint, _) => {
            protocol.open(endpoint, &head, body, &Limits::default()).expect("an SDK's body opens")
        }
        Call::WrongMethod(_) | Call::Unknown => Opened::default(),
    };
    let keys: Vec<_> = protocol.find_write_keys(&head, &opened).iter().map(|key| key.reveal().to_owned()).collect();
    let _ = writeln!(out, "write keys: {keys:?}");
    let accepted = |endpoint, opened: Option<&Opened>, events| {
        let situation = Situation::Accepted { events };
        protocol.answer(&Answering { endpoint, head: &head, opened, situation, now: NOW })
    };
    match call {
        Call::Ingest(endpoint) => {
            let mut batch = DraftBatch::default();
            let decoded = protocol
                .decode(endpoint, &head, &mut opened, names, options, &mut batch)
                .expect("an SDK's body decodes");
            let _ = writeln!(out, "answer: {:?}", accepted(endpoint, Some(&opened), decoded.events));
            let _ = writeln!(out, "{decoded:?}");
            dump(&batch, names, &mut out);
        }
        Call::Drop(endpoint, _) => {
            let _ = writeln!(out, "answer: {:?}", accepted(endpoint, None, 0));
        }
        Call::Auxiliary(endpoint) => {
            let write_key = keys.first().map(String::as_str);
            let call = Auxiliary { endpoint, head: &head, opened: &opened, write_key, blocked: &[], now: NOW };
            let _ = writeln!(out, "answer: {:?}", protocol.auxiliary(&call));
        }
        Call::WrongMethod(_) | Call::Unknown => {}
    }
    out
}

fn dump(batch: &DraftBatch, names: &SourceNames, out: &mut String) {
    let names = names.names();
    for draft in &batch.drafts {
        let _ = writeln!(
            out,
            "\n{:?} {:?} (sent as {:?})",
            draft.operation,
            names.text(draft.name),
            batch.str(draft.name_text)
        );
        let time = draft.client_time.map(|time| time.to_rfc3339());
        if let Some(sent_at) = draft.sent_at {
            let _ = writeln!(out, "  sent at {}", sent_at.to_rfc3339());
        }
        let sdk_id = draft.sdk_id.map(|id| batch.str(id));
        let _ = writeln!(
            out,
            "  time {time:?}, sdk id {sdk_id:?}, historical {}, unnamed {}, fault {:?}",
            draft.historical, draft.unnamed, draft.fault
        );
        for id in &draft.identities {
            let kind = match id.kind {
                SubjectKind::Group(kind) => format!("Group({})", names.text(kind)),
                other => format!("{other:?}"),
            };
            let _ = writeln!(out, "  {:?} = {kind} {:?}", id.role, batch.str(id.text));
        }
        let mut depth = 2;
        for leaf in batch.tape(draft) {
            if matches!(leaf.kind, LeafKind::ObjectEnd | LeafKind::ArrayEnd) {
                depth -= 1;
            }
            let text = if leaf.kind.has_text() { format!(" {:?}", batch.str(leaf.text)) } else { String::new() };
            let _ = writeln!(out, "{:indent$}{} {:?}{text}", "", names.text(leaf.path), leaf.kind, indent = 2 * depth);
            if matches!(leaf.kind, LeafKind::ObjectBegin | LeafKind::ArrayBegin) {
                depth += 1;
            }
        }
    }
}
