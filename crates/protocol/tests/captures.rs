//! Every captured request of Mixpanel's SDKs decodes to its reviewed snapshot (`fixtures/mixpanel/README.md`).

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use weir_event::names::ClassOnly;
use weir_event::{DraftBatch, LeafKind, Names, SourceNames, SubjectKind};
use weir_protocol::answer::cors;
use weir_protocol::body::{self, Limits};
use weir_protocol::{Answering, Call, DecodeOptions, Opened, Protocol, RequestHead, Situation, protocol};

#[test]
fn every_mixpanel_capture_decodes_to_its_snapshot() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/mixpanel");
    let mixpanel = protocol("mixpanel").expect("it is in the list");
    let names = Names::new(Box::new(ClassOnly)).source();
    let options = DecodeOptions::new(["company"], names.names());
    let is_update = std::env::var_os("UPDATE").is_some();
    let (mut seen, mut wrong) = (0, Vec::new());
    for path in requests(&folder) {
        seen += 1;
        let snapshot = snapshot(mixpanel, &fs::read(&path).expect("a fixture is readable"), &names, &options);
        let beside = path.with_extension("drafts.txt");
        if is_update {
            fs::write(&beside, snapshot).expect("a fixture is writable");
        } else if fs::read_to_string(&beside).unwrap_or_default() != snapshot {
            wrong.push(beside);
        }
    }
    assert_eq!(seen, 23 + 4 + 28 + 8);
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
        Call::Replay(_) => Opened::default(),
        _ => body::open(&head, body, &Limits::default()).expect("an SDK's body opens"),
    };
    let keys: Vec<_> = protocol.find_write_keys(&head, &opened).iter().map(|key| key.reveal().to_owned()).collect();
    let _ = writeln!(out, "write keys: {keys:?}");
    let accepted = |endpoint, opened: Option<&Opened>, events| {
        protocol.answer(&Answering { endpoint, head: &head, opened, situation: Situation::Accepted { events } })
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
        Call::Replay(endpoint) => {
            let _ = writeln!(out, "answer: {:?}", accepted(endpoint, None, 0));
        }
        Call::Auxiliary(endpoint) => {
            let _ = writeln!(out, "answer: {:?}", protocol.auxiliary(endpoint, &head));
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
