//! What holds for every protocol, whichever vendor's: [`conforms`] takes a protocol and requests that its SDKs have sent.
//!
//! - Damaged bodies (cut off, bits flipped, values of other types in every place) never panic, and leave no draft behind an error.
//! - Every text is in range and UTF-8; tapes follow each other and their structure is balanced.
//! - No identity, insert id or write key of a request stands on the tape of its event.
//! - A list of n times as many events is n times as many events and drafts.
//! - No answer, in whatever situation and to whatever call, holds eight bytes of what was sent, but UUIDs and the write key.
//! - The status of each situation is the vendor's; overload is 503 with `Retry-After`.
//! - Limits land where they are said to; of keys that come twice the last counts; BOM, CESU-8 and lone surrogates are repaired;
//!   decoding the same twice gives the same.

#[path = "conformance/json.rs"]
mod json;
#[path = "conformance/sample.rs"]
mod sample;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weir_event::names::ClassOnly;
use weir_event::{Draft, DraftBatch, LeafKind, Millis, Names, Rule, SubjectKind, limits};
use weir_protocol::answer::FailedEvent;
use weir_protocol::body::Limits;
use weir_protocol::vendors::PROTOCOLS;
use weir_protocol::{
    Answer, Answering, Auxiliary, Call, DecodeError, DecodeOptions, Decoded, Endpoint, Opened, Protocol, RequestHead,
    Situation, protocol,
};

use json::{Step, Way};
use sample::{Sample, samples};

const NOW: Millis = Millis(1_795_305_600_000);

#[test]
fn every_protocol_conforms() {
    std::thread::scope(|scope| {
        let each = |protocol: &&'static dyn Protocol| {
            let name = protocol.name();
            (name, scope.spawn(move || conforms(self::protocol(name).expect("it is in the list"), &samples(name))))
        };
        let running: Vec<_> = PROTOCOLS.iter().map(each).collect();
        let failed: Vec<_> =
            running.into_iter().filter_map(|(name, run)| run.join().is_err().then_some(name)).collect();
        assert!(failed.is_empty(), "these do not conform: {failed:?}");
    });
}

#[test]
fn numbers_and_names_of_protocols_are_their_own() {
    let numbers: Vec<u8> = PROTOCOLS.iter().map(|protocol| protocol.number()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let names: BTreeSet<_> = PROTOCOLS.iter().map(|protocol| protocol.name()).collect();
    assert_eq!(names.len(), PROTOCOLS.len());
}

/// Statuses that are not those of most vendors: (protocol, endpoint or `*`, situation, those that it may have); the first line
/// that fits counts. Each has its reason in the vendor's `answers`.
const STATUSES: &[(&str, &str, &str, &[u16])] = &[
    ("mixpanel", "import", "Refused", &[200, 400]),
    ("mixpanel", "*", "Refused", &[200]),
    ("mixpanel", "import", "AcceptedPartly", &[200, 400]),
    ("amplitude", "*", "BadKey", &[400]),
    ("posthog", "*", "TimedOut", &[503]),
    ("posthog", "*", "TooManyRequests", &[503]),
];

/// Properties that repeat an id of their event: (protocol, path). They leave only where they are allowed, and the stage behind
/// takes out what repeats an id.
const REPEATS: &[(&str, &str)] = &[
    // The SDK gives a page view the id of its event.
    ("posthog", "context.meta.$pageview_id"),
    // On iOS the SDK may take the vendor's id of the device for its device id, on Android the advertising id.
    ("amplitude", "context.device.idfv"),
    ("amplitude", "context.device.adid"),
];

/// Holds a protocol against everything above. Each request of `samples` is one that an SDK has sent.
fn conforms(protocol: &'static dyn Protocol, samples: &[Sample]) {
    let bench = Bench::new(protocol);
    assert!(!samples.is_empty(), "{} has no captures", protocol.name());
    for sample in samples {
        bench.classify(sample);
        bench.answers(sample);
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut reached = Reached::default();
    for sample in samples {
        let Call::Ingest(endpoint) = protocol.classify(&sample.method, &sample.path) else { continue };
        bench.leaves_no_id(sample);
        // A few of each sort are damaged: SDKs repeat themselves.
        let sort = format!("{} {} {:?}", endpoint.0, sample.method, sample.header("content-encoding"));
        let seen = kinds.entry(sort).or_default();
        *seen += 1;
        if *seen > 3 {
            continue;
        }
        bench.damaged(sample);
        if let Some(text) = bench.text(sample) {
            bench.repaired(sample, &text);
            bench.swapped(sample, &text);
            bench.twins(sample, &text);
            bench.limits(sample, &text, &mut reached);
            bench.repeated(sample, &text, &mut reached);
        }
    }
    reached.check(&bench);
    let problems = bench.problems.into_inner().expect("no panic");
    let shown: Vec<_> = problems.iter().take(60).map(String::as_str).collect();
    assert!(problems.is_empty(), "{} does not conform:\n{}", protocol.name(), shown.join("\n"));
}

/// What some request of a vendor must have shown.
#[derive(Default)]
struct Reached {
    deep: bool,
    large: bool,
    long: bool,
    many: bool,
    repeated: bool,
}

impl Reached {
    fn check(&self, bench: &Bench) {
        for (is_reached, problem) in [
            (self.deep, "nesting over the limit withholds no event"),
            (self.large, "an event over the limit of bytes is not withheld"),
            (self.long, "an id over the limit withholds no event"),
            (self.many, "too many events are not refused"),
            (self.repeated, "no request was a list of events"),
        ] {
            bench.hold(is_reached, || problem.to_owned());
        }
    }
}

struct Bench {
    protocol: &'static dyn Protocol,
    names: Arc<Names>,
    options: DecodeOptions,
    problems: Mutex<BTreeSet<String>>,
}

/// What decoding gave, in a form that can be compared.
#[derive(PartialEq, Eq, Debug)]
struct Outcome {
    decoded: Result<Decoded, DecodeError>,
    drafts: String,
}

impl Bench {
    fn new(protocol: &'static dyn Protocol) -> Bench {
        let names = Names::new(Box::new(ClassOnly));
        let options = DecodeOptions::new(["company"], &names);
        Bench { protocol, names, options, problems: Mutex::default() }
    }

    /// Notes a problem where something does not hold.
    fn hold(&self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.problems.lock().expect("no panic").insert(problem());
        }
    }

    fn opened(&self, sample: &Sample) -> Option<(Endpoint, Opened)> {
        let Call::Ingest(endpoint) = self.protocol.classify(&sample.method, &sample.path) else { return None };
        let limits = Limits { decoded_bytes_max: 8 << 20 };
        let opened = self.protocol.open(endpoint, &sample.head(), sample.body.clone(), &limits).ok()?;
        Some((endpoint, opened))
    }

    /// Decodes and checks what holds for whatever was sent.
    fn decode(&self, sample: &Sample, batch: &mut DraftBatch) -> Option<Result<Decoded, DecodeError>> {
        let (endpoint, mut opened) = self.opened(sample)?;
        let head = sample.head();
        assert!(self.protocol.find_write_keys(&head, &opened).len() <= 8);
        // A source of its own: what a request adds to the names of a source would change how the next one is read.
        let source = self.names.source();
        let decoded = self.protocol.decode(endpoint, &head, &mut opened, &source, &self.options, batch);
        match decoded {
            Ok(decoded) => {
                assert_eq!(decoded.drafts as usize, batch.drafts.len());
                let faults = batch.drafts.iter().filter(|draft| draft.fault.is_some()).count();
                assert_eq!(decoded.faults as usize, faults);
                assert!(decoded.events as usize <= limits::BATCH_EVENTS_MAX);
                let mut end = 0;
                for draft in &batch.drafts {
                    assert!(
                        draft.leaves.start >= end && draft.leaves.start <= draft.leaves.end,
                        "tapes follow each other"
                    );
                    end = draft.leaves.end;
                    check_draft(batch, draft);
                }
                assert!(end as usize <= batch.leaves.len());
            }
            Err(_) => assert!(
                batch.drafts.is_empty() && batch.leaves.is_empty() && batch.text.is_empty(),
                "an error leaves nothing behind"
            ),
        }
        Some(decoded)
    }

    fn outcome(&self, sample: &Sample, label: &dyn Fn() -> String) -> Option<Outcome> {
        let run = || {
            let mut batch = DraftBatch::default();
            let decoded = self.decode(sample, &mut batch)?;
            Some(Outcome { decoded, drafts: self.dump(&batch) })
        };
        let outcome = catch_unwind(AssertUnwindSafe(run));
        outcome.unwrap_or_else(|_| {
            self.hold(false, || format!("{}: a panic, {}", sample.name, label()));
            None
        })
    }

    /// All that drafts say, but how many unclean keys there were.
    fn dump(&self, batch: &DraftBatch) -> String {
        let mut out = String::new();
        for draft in &batch.drafts {
            let _ = writeln!(
                out,
                "{:?} {} {:?} {:?} {:?} {:?} {} {:?}",
                draft.operation,
                self.names.text(draft.name),
                batch.str(draft.name_text),
                draft.sdk_id.map(|id| batch.str(id)),
                draft.client_time,
                draft.sent_at,
                draft.historical,
                draft.fault,
            );
            for id in &draft.identities {
                let kind = match id.kind {
                    SubjectKind::Group(kind) => self.names.text(kind).to_owned(),
                    other => format!("{other:?}"),
                };
                let _ = writeln!(out, "  {:?} {kind} {:?}", id.role, batch.str(id.text));
            }
            for leaf in batch.tape(draft) {
                let _ = writeln!(out, "    {} {:?} {:?}", self.names.text(leaf.path), leaf.kind, batch.str(leaf.text));
            }
        }
        out
    }

    /// The JSON that the request bears, where it is JSON.
    fn text(&self, sample: &Sample) -> Option<Value> {
        let (_, opened) = self.opened(sample)?;
        let text: Value = serde_json::from_str(opened.text()).ok()?;
        // A body of plain JSON instead of a form, base64 or gzip is the same request.
        let plain = sample.with_text(text.to_string().into_bytes());
        let (one, other) = (self.outcome(sample, &|| "as it is".into())?, self.outcome(&plain, &|| "plain".into())?);
        (sample.method != "GET" && one.decoded == other.decoded).then_some(text)
    }

    fn classify(&self, sample: &Sample) {
        let name = self.protocol.name();
        let call = |method: &str, path: &str| self.protocol.classify(method, path);
        let own = call(&sample.method, &sample.path);
        self.hold(!matches!(own, Call::Unknown | Call::WrongMethod(_)), || format!("{}: {own:?}", sample.name));
        let bare = sample.path.strip_suffix('/').unwrap_or(&sample.path);
        if !bare.is_empty() {
            let with = format!("{bare}/");
            self.hold(own == call(&sample.method, bare), || format!("{}: {bare} is another endpoint", sample.name));
            self.hold(own == call(&sample.method, &with), || format!("{}: {with} is another endpoint", sample.name));
        }
        for method in ["DELETE", "PATCH", "TRACE", "CONNECT", "", "get", "POST "] {
            let call = call(method, &sample.path);
            let takes = matches!(call, Call::Ingest(_) | Call::Auxiliary(_) | Call::Drop(..));
            self.hold(!takes, || format!("{}: {method:?} is {call:?}", sample.name));
        }
        // Case counts or does not; it never makes another endpoint of one.
        let endpoint = |call: Call| match call {
            Call::Ingest(e) | Call::Auxiliary(e) | Call::Drop(e, _) | Call::WrongMethod(e) => Some(e),
            Call::Unknown => None,
        };
        let upper = endpoint(call(&sample.method, &sample.path.to_ascii_uppercase()));
        let is_own = upper.is_none() || takes_any_path(name) || upper == endpoint(own);
        self.hold(is_own, || format!("{}: in capitals it is {upper:?}", sample.name));
        let _ = call(&sample.method, &format!("{}/%00/../..//x", sample.path));
    }

    /// No answer holds what was sent, and each has the vendor's status.
    fn answers(&self, sample: &Sample) {
        let call = self.protocol.classify(&sample.method, &sample.path);
        let key = self.write_key(sample);
        let head = sample.head();
        let limits = Limits::default();
        let opened = match call {
            Call::Ingest(e) | Call::Auxiliary(e) | Call::Drop(e, _) => {
                self.protocol.open(e, &head, sample.body.clone(), &limits).unwrap_or_default()
            }
            _ => Opened::default(),
        };
        let mut answers: Vec<(String, Answer)> = Vec::new();
        match call {
            Call::Auxiliary(endpoint) => {
                for write_key in [key.as_deref(), None] {
                    let auxiliary =
                        Auxiliary { endpoint, head: &head, opened: &opened, write_key, blocked: &[], now: NOW };
                    answers.push((format!("{endpoint:?}"), self.protocol.auxiliary(&auxiliary)));
                }
            }
            Call::Ingest(endpoint) | Call::Drop(endpoint, _) => {
                let mut opened = opened;
                let mut batch = DraftBatch::default();
                if matches!(call, Call::Ingest(_)) {
                    // The answer may hold what the decoder left for it, as PostHog's results do.
                    let source = self.names.source();
                    let _ = self.protocol.decode(endpoint, &head, &mut opened, &source, &self.options, &mut batch);
                }
                for (kind, situation) in situations() {
                    for opened in [Some(&opened), None] {
                        let answering = Answering { endpoint, head: &head, opened, situation, now: NOW };
                        let answer = self.protocol.answer(&answering);
                        self.check_status(endpoint, kind, &situation, &answer);
                        answers.push((format!("{endpoint:?} {kind}"), answer));
                    }
                }
            }
            _ => {}
        }
        let sent = sent_windows(sample, opened_text(self.opened(sample)), key.as_deref());
        let ours = self.own_windows(call);
        for (label, answer) in answers {
            let mut said = answer.body.to_vec();
            answer.headers.iter().for_each(|(_, value)| said.extend_from_slice(value.as_bytes()));
            for window in without_uuids(&said).windows(WINDOW) {
                let is_echo = sent.contains(window) && !ours.contains(window);
                let shown = String::from_utf8_lossy(window);
                self.hold(!is_echo, || format!("{}: the answer to {label} repeats {shown:?}", sample.name));
            }
        }
    }

    fn check_status(&self, endpoint: Endpoint, kind: &str, situation: &Situation<'_>, answer: &Answer) {
        let name = self.protocol.name();
        let label = || format!("{endpoint:?} {kind}: {}", answer.status);
        let has_retry_after = answer.headers.iter().any(|(name, _)| *name == "Retry-After");
        match situation {
            Situation::Overloaded { .. } => self.hold(answer.status == 503 && has_retry_after, label),
            Situation::TooManyRequests { .. } => self.hold(has_retry_after, label),
            _ => self.hold(!has_retry_after, || format!("Retry-After, {}", label())),
        }
        let sets_cookie = answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        self.hold(!sets_cookie, || format!("a cookie, {}", label()));
        let is = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        let own = STATUSES
            .iter()
            .find(|(protocol, at, situation, _)| *protocol == name && is(at, endpoint.0) && *situation == kind);
        let is_right = own.map_or(answer.status == situation.status(), |(.., all)| all.contains(&answer.status));
        self.hold(is_right, || format!("the status, {}", label()));
    }

    /// What the answers to an empty request say: the protocol's own words.
    fn own_windows(&self, call: Call) -> HashSet<[u8; WINDOW]> {
        let opened = Opened::default();
        let mut out = HashSet::new();
        for query in ["", "verbose=1", "img=1", "v=2", "v=3", "v=4"] {
            let head = RequestHead { method: "POST", query, ..RequestHead::default() };
            let mut add = |answer: Answer| {
                let mut said = answer.body.to_vec();
                answer.headers.iter().for_each(|(_, value)| said.extend_from_slice(value.as_bytes()));
                out.extend(said.windows(WINDOW).filter_map(|w| <[u8; WINDOW]>::try_from(w).ok()));
            };
            match call {
                Call::Auxiliary(endpoint) => {
                    for write_key in [None, Some("k")] {
                        let auxiliary =
                            Auxiliary { endpoint, head: &head, opened: &opened, write_key, blocked: &[], now: NOW };
                        add(self.protocol.auxiliary(&auxiliary));
                    }
                }
                Call::Ingest(endpoint) | Call::Drop(endpoint, _) => {
                    for (_, situation) in situations() {
                        for opened in [Some(&opened), None] {
                            let answering = Answering { endpoint, head: &head, opened, situation, now: NOW };
                            add(self.protocol.answer(&answering));
                        }
                    }
                }
                _ => {}
            }
        }
        out
    }

    /// The key that would be configured for the sender of a request.
    fn write_key(&self, sample: &Sample) -> Option<String> {
        let call = self.protocol.classify(&sample.method, &sample.path);
        let (Call::Ingest(endpoint) | Call::Auxiliary(endpoint) | Call::Drop(endpoint, _)) = call else { return None };
        let opened = self.protocol.open(endpoint, &sample.head(), sample.body.clone(), &Limits::default()).ok()?;
        self.protocol.find_write_keys(&sample.head(), &opened).first().map(|key| key.reveal().to_owned())
    }

    /// Ids of an event are on no tape of it.
    fn leaves_no_id(&self, sample: &Sample) {
        let mut batch = DraftBatch::default();
        let decoded = self.decode(sample, &mut batch);
        self.hold(matches!(decoded, Some(Ok(_))), || format!("{}: {decoded:?}", sample.name));
        let Some((_, opened)) = self.opened(sample) else { return };
        let keys = self.protocol.find_write_keys(&sample.head(), &opened);
        for draft in &batch.drafts {
            let mut ids: BTreeSet<&str> = draft.identities.iter().map(|id| batch.str(id.text)).collect();
            ids.extend(draft.sdk_id.map(|id| batch.str(id)));
            ids.extend(keys.iter().map(|key| key.reveal()).filter(|key| key.len() >= 8));
            for leaf in batch.tape(draft).iter().filter(|leaf| leaf.kind.has_text()) {
                let (path, text) = (self.names.text(leaf.path), batch.str(leaf.text));
                let is_on_tape =
                    text.len() >= 4 && ids.contains(text) && !REPEATS.contains(&(self.protocol.name(), path));
                self.hold(!is_on_tape, || format!("{}: an id stands at {path}", sample.name));
            }
        }
    }

    /// Cut off, and with bits flipped.
    fn damaged(&self, sample: &Sample) {
        let mut random = Random(0x2545_f491_4f6c_dd1d ^ sample.body.len() as u64);
        let is_in_body = !sample.body.is_empty();
        let bytes = if is_in_body { &sample.body } else { sample.query.as_bytes() };
        let send = |bytes: Vec<u8>, label: &dyn Fn() -> String| {
            let mut changed = sample.clone();
            if is_in_body {
                changed.body = bytes;
            } else {
                changed.query = String::from_utf8_lossy(&bytes).into_owned();
            }
            self.outcome(&changed, label);
        };
        let step = (bytes.len() / rounds(bytes.len(), 120)).max(1);
        for end in (0..bytes.len()).step_by(step) {
            send(bytes[..end].to_vec(), &|| format!("cut off at {end}"));
        }
        for round in 0..rounds(bytes.len(), 150) {
            let mut changed = bytes.to_vec();
            for _ in 0..=random.below(3) {
                let place = random.below(changed.len().max(1));
                if let Some(byte) = changed.get_mut(place) {
                    *byte ^= 1 << random.below(8);
                }
            }
            send(changed, &|| format!("bits flipped, round {round}"));
        }
    }

    /// Every place of the JSON with a value of another type.
    fn swapped(&self, sample: &Sample, text: &Value) {
        let others = [
            json!(null),
            json!(true),
            json!(-7.5e300),
            json!(""),
            json!("x"),
            json!([]),
            json!({}),
            json!([[{ "a": [null] }], 1, "x"]),
            json!({ "a": { "b": [] }, "$set": 1, "type": [], "": "" }),
        ];
        let ways = json::ways(text);
        for (place, way) in ways.iter().enumerate().step_by((ways.len() / rounds(10 * ways.len(), 90)).max(1)) {
            // Each place gets three of them, in turn.
            for i in 0..3 {
                let other = &others[(place * 3 + i) % others.len()];
                let changed = sample.with_text(json::with(text, way, other.clone()).to_string().into_bytes());
                self.outcome(&changed, &|| format!("{other} at {way:?}"));
            }
        }
    }

    /// BOM, CESU-8, lone surrogates, and twice the same.
    fn repaired(&self, sample: &Sample, text: &Value) {
        let plain = text.to_string();
        let whole = self.outcome(&sample.with_text(plain.clone().into_bytes()), &|| "whole".into());
        let again = self.outcome(&sample.with_text(plain.clone().into_bytes()), &|| "again".into());
        self.hold(whole == again, || format!("{}: the same twice", sample.name));
        let bom = self.outcome(&sample.with_text([b"\xef\xbb\xbf", plain.as_bytes()].concat()), &|| "BOM".into());
        self.hold(whole == bom, || format!("{}: a BOM", sample.name));
        let strings: Vec<Way> = json::ways(text).into_iter().filter(|way| json::at(text, way).is_string()).collect();
        for way in strings.iter().step_by((strings.len() / 12).max(1)) {
            let send = |value: &str, raw: &[u8]| {
                let text = json::with(text, way, json!("MARK")).to_string().into_bytes();
                let at = memmem(&text, b"MARK");
                let body = [&text[..at], raw, &text[at + 4..]].concat();
                self.outcome(&sample.with_text(body), &|| format!("{value} at {way:?}"))
            };
            let utf8 = send("UTF-8", "a🚀b".as_bytes());
            let cesu8 = send("CESU-8", b"a\xed\xa0\xbd\xed\xba\x80b");
            let escaped = send("escapes", br"a\ud83d\ude80b");
            self.hold(utf8 == cesu8 && utf8 == escaped, || format!("{}: CESU-8 or escapes at {way:?}", sample.name));
            let replaced = send("U+FFFD", "a\u{fffd}b".as_bytes());
            let lone = send("a lone surrogate", br"a\ud83db");
            self.hold(replaced == lone, || format!("{}: a lone surrogate at {way:?}", sample.name));
        }
    }

    /// Of a key that stands twice, the last counts.
    fn twins(&self, sample: &Sample, text: &Value) {
        let whole = self.outcome(&sample.with_text(text.to_string().into_bytes()), &|| "whole".into());
        let is_key = |way: &&Way| matches!(way.last(), Some(Step::Key(_)));
        let all = json::ways(text);
        let ways: Vec<&Way> = all.iter().filter(is_key).collect();
        for way in ways.iter().step_by((ways.len() / rounds(10 * ways.len(), 80)).max(1)) {
            let first = match json::at(text, way) {
                Value::Object(_) => json!({ "first": [1] }),
                Value::Array(_) => json!([]),
                Value::Bool(value) => json!(!value),
                Value::Number(_) => json!(7),
                Value::String(_) => json!("first"),
                Value::Null => json!(null),
            };
            let body = json::text_with_twin(text, way, &first.to_string()).into_bytes();
            let twin = self.outcome(&sample.with_text(body), &|| format!("{first} before {}", shown(way)));
            // What has no path of its own and stood beside an object that came again may be lost with it.
            // A list of events that comes twice may also be refused: no SDK sends one.
            let is_refused = way.len() == 1 && twin.as_ref().is_some_and(|twin| twin.decoded.is_err());
            let is_same = whole == twin || without_meta(&whole) == without_meta(&twin) || is_refused;
            self.hold(is_same, || format!("{}: {first} stands before {}", sample.name, shown(way)));
        }
    }

    fn limits(&self, sample: &Sample, text: &Value, reached: &mut Reached) {
        let ways = json::ways(text);
        let faults = |changed: Value| -> Vec<Rule> {
            let mut batch = DraftBatch::default();
            let sample = sample.with_text(changed.to_string().into_bytes());
            let _ = self.decode(&sample, &mut batch);
            batch.drafts.iter().filter_map(|draft| draft.fault).collect()
        };
        let nest = limits::JSON_DEPTH_MAX + 2;
        let deep: Value = (0..nest).fold(json!(1), |value, _| json!([value]));
        for way in ways.iter().filter(|way| json::at(text, way).is_object()).take(12) {
            let mut changed = text.clone();
            json::at_mut(&mut changed, way)["deep"] = deep.clone();
            reached.deep |= faults(changed).contains(&Rule::OverLimit);
        }
        if !reached.large {
            for way in ways.iter().filter(|way| json::at(text, way).is_object()).take(6) {
                let mut changed = text.clone();
                json::at_mut(&mut changed, way)["large"] = json!("x".repeat(limits::EVENT_BYTES_MAX + 1));
                reached.large |= faults(changed).contains(&Rule::TooLarge);
            }
        }
        for way in ways.iter().filter(|way| json::at(text, way).is_string()).take(60) {
            let long = json!("x".repeat(limits::ID_BYTES_MAX + 1));
            reached.long |= faults(json::with(text, way, long)).contains(&Rule::OverLimit);
        }
    }

    /// A list of events, several times over.
    fn repeated(&self, sample: &Sample, text: &Value, reached: &mut Reached) {
        let mut batch = DraftBatch::default();
        let Some(Ok(once)) = self.decode(&sample.with_text(text.to_string().into_bytes()), &mut batch) else { return };
        let is_list = |way: &&Way| {
            way.len() <= 1
                && json::at(text, way).as_array().is_some_and(|l| !l.is_empty() && l.len() == once.events as usize)
        };
        let ways = json::ways(text);
        let Some(way) = ways.iter().find(is_list) else { return };
        let list = json::at(text, way).as_array().cloned().unwrap_or_default();
        let times = |times: usize| {
            let repeated: Vec<Value> = std::iter::repeat_n(list.clone(), times).flatten().collect();
            sample.with_text(json::with(text, way, Value::Array(repeated)).to_string().into_bytes())
        };
        let thrice = self.decode(&times(3), &mut batch);
        let expected = Decoded { events: 3 * once.events, drafts: 3 * once.drafts, faults: 3 * once.faults };
        self.hold(thrice == Some(Ok(expected)), || format!("{}: three times as many are {thrice:?}", sample.name));
        reached.repeated = true;
        if !reached.many {
            let too_many = self.decode(&times(limits::BATCH_EVENTS_MAX / list.len() + 1), &mut batch);
            let max = limits::BATCH_EVENTS_MAX;
            self.hold(too_many == Some(Err(DecodeError::TooManyEvents { max })), || {
                format!("too many are {too_many:?}")
            });
            reached.many = true;
        }
    }
}

/// How often something is tried on a request of so many bytes: a large one says in one go what small ones say in many.
fn rounds(bytes: usize, usual: usize) -> usize {
    (usual * 10_000 / bytes.max(10_000)).max(8)
}

/// Protocols that take a path of anybody's.
fn takes_any_path(name: &str) -> bool {
    matches!(name, "amplitude" | "snowplow")
}

fn check_draft(batch: &DraftBatch, draft: &Draft) {
    let is_text = |text: weir_event::Text| {
        let end = text.start as usize + text.len as usize;
        end <= batch.text.len() && std::str::from_utf8(batch.bytes(text)).is_ok()
    };
    assert!(is_text(draft.name_text), "the name is a text");
    assert!(draft.sdk_id.is_none_or(is_text), "the insert id is a text");
    assert!(draft.identities.iter().all(|id| is_text(id.text) && id.text.len > 0), "identities are texts");
    let tape = batch.tape(draft);
    assert_eq!(tape.len(), draft.leaves.len(), "a tape is a range of the batch");
    let (mut open, mut is_key) = (Vec::new(), false);
    for leaf in tape {
        assert!(!leaf.kind.has_text() || is_text(leaf.text), "a leaf's text is a text");
        assert!(!is_key || leaf.kind.is_scalar() || matches!(leaf.kind, LeafKind::ObjectBegin | LeafKind::ArrayBegin));
        is_key = leaf.kind == LeafKind::MapKey;
        match leaf.kind {
            LeafKind::ObjectBegin => open.push((LeafKind::ObjectEnd, leaf.path)),
            LeafKind::ArrayBegin => open.push((LeafKind::ArrayEnd, leaf.path)),
            LeafKind::ObjectEnd | LeafKind::ArrayEnd => {
                assert_eq!(open.pop(), Some((leaf.kind, leaf.path)), "structure is balanced");
            }
            _ => {}
        }
    }
    assert!(open.is_empty() && !is_key, "structure is balanced");
}

fn situations() -> Vec<(&'static str, Situation<'static>)> {
    const FAILED: &[FailedEvent] = &[FailedEvent { index: 0, message: "malformed" }];
    vec![
        ("Accepted", Situation::Accepted { events: 1 }),
        ("AcceptedPartly", Situation::AcceptedPartly { events: 1, failed: FAILED }),
        ("Refused", Situation::Refused("the source is not in production")),
        ("BadBody", Situation::BadBody),
        ("TimedOut", Situation::TimedOut),
        ("UnsupportedEncoding", Situation::UnsupportedEncoding),
        ("BadKey", Situation::BadKey),
        ("TooLarge", Situation::TooLarge),
        ("TooManyRequests", Situation::TooManyRequests { retry_after_seconds: 3 }),
        ("Overloaded", Situation::Overloaded { retry_after_seconds: 3 }),
        ("WrongMethod", Situation::WrongMethod),
        ("Unknown", Situation::Unknown),
    ]
}

const WINDOW: usize = 8;

/// Every eight bytes of what a request holds, opened and as it came, but the write key and UUIDs.
fn sent_windows(sample: &Sample, text: Option<String>, key: Option<&str>) -> HashSet<[u8; WINDOW]> {
    let mut all: Vec<Vec<u8>> = vec![sample.body.clone(), sample.query.clone().into_bytes()];
    all.extend(text.map(String::into_bytes));
    all.extend(sample.headers.iter().map(|(_, value)| value.clone().into_bytes()));
    let mut out = HashSet::new();
    for bytes in all {
        let bytes = match key {
            Some(key) => replaced(&bytes, key.as_bytes()),
            None => bytes,
        };
        out.extend(without_uuids(&bytes).windows(WINDOW).filter_map(|w| <[u8; WINDOW]>::try_from(w).ok()));
    }
    out
}

fn opened_text(opened: Option<(Endpoint, Opened)>) -> Option<String> {
    opened.map(|(_, opened)| opened.text().to_owned())
}

fn replaced(bytes: &[u8], key: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if !key.is_empty() && bytes[at..].starts_with(key) {
            out.push(0);
            at += key.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

fn without_uuids(bytes: &[u8]) -> Vec<u8> {
    let is_uuid = |text: &[u8]| {
        text.iter()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() })
    };
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes.get(at..at + 36).is_some_and(is_uuid) {
            out.push(0);
            at += 36;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

fn without_meta(outcome: &Option<Outcome>) -> Option<String> {
    let lines = outcome.as_ref()?.drafts.lines().filter(|line| !line.trim_start().starts_with("context.meta"));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// A way as reports show it.
fn shown(way: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(i) => i.to_string(),
    };
    way.iter().map(step).collect::<Vec<_>>().join("/")
}

fn memmem(text: &[u8], needle: &[u8]) -> usize {
    text.windows(needle.len()).position(|window| window == needle).expect("it was put there")
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
