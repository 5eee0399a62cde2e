//! The interfaces by which vendors say what they have: Mixpanel's raw export, Amplitude's export, PostHog's queries. A real server on a
//! port of its own, which checks what it is asked as the vendors document it and answers in their form.
//!
//! What it holds is told by the test: mostly what the other stand-ins took ([`crate::standin`]), with something missing or added.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use weir_event::Millis;

use crate::encoding::base64;

/// User and secret that it knows.
pub const USER: &str = "weir-export.acme.mp-service-account";
/// See [`USER`].
pub const SECRET: &str = "export-secret-of-the-vendor";
/// The project that it knows.
pub const PROJECT: u64 = 7_654_321;

/// An event that the vendor shows.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// What it bears as insert id.
    pub id: String,
    /// When it happened.
    pub at: Millis,
    /// When it came in.
    pub uploaded: Millis,
}

/// What goes wrong with the next request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Nothing.
    None,
    /// 429, and to wait so many seconds.
    Quota(u32),
    /// The connection breaks off within the answer.
    Cut,
    /// The answer ends with the connection, as HTTP/1.0 had it.
    Unframed,
    /// Mixpanel's last line where it gave up.
    TerminatedEarly,
    /// The last line is half there, though the answer is whole.
    HalfLine,
    /// The last row of a page is left out.
    ShortPage,
}

#[derive(Default)]
struct State {
    shown: Vec<Shown>,
    troubles: VecDeque<Trouble>,
    always: Option<Trouble>,
    asked: Vec<String>,
    /// Hours that Amplitude gives at once.
    hours_max: Option<usize>,
}

/// A running one; its thread ends with the process.
pub struct Exports {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Exports {
    /// Starts one whose project counts days so many seconds ahead of UTC.
    pub fn start(ahead: i64) -> Exports {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // One after the other: a vendor counts requests, too.
                let _ = serve(&stream, &shared, ahead);
            }
        });
        Exports { address, state }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it has these.
    pub fn show(&self, shown: Vec<Shown>) {
        self.lock().shown = shown;
    }

    /// Puts these in front of the next requests.
    pub fn trouble(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.lock().troubles.extend(troubles);
    }

    /// Answers every request so.
    pub fn always(&self, trouble: Trouble) {
        self.lock().always = Some(trouble);
    }

    /// Gives at most so many hours at once.
    pub fn hours_max(&self, hours: usize) {
        self.lock().hours_max = Some(hours);
    }

    /// Method and target of every request so far.
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }
}

/// An answer: status and body.
struct Said(u16, Vec<u8>);

fn serve(stream: &TcpStream, shared: &Mutex<State>, ahead: i64) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length, mut authorization) = (String::new(), 0, String::new());
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => authorization = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
    state.asked.push(format!("{method} {target}"));
    let next = state.troubles.pop_front();
    let trouble = next.or(state.always).unwrap_or(Trouble::None);
    if let Trouble::Quota(seconds) = trouble {
        let head = format!(
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: {seconds}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        return (&*stream).write_all(head.as_bytes());
    }
    let Said(status, mut body) = answer(&state, method, target, &authorization, &body, ahead, trouble);
    drop(state);
    match trouble {
        Trouble::TerminatedEarly => body.extend_from_slice(b"terminated early\n"),
        Trouble::HalfLine => body.truncate(body.len().saturating_sub(20)),
        _ => {}
    }
    let mut out = format!("HTTP/1.1 {status} Said\r\nconnection: close\r\n").into_bytes();
    if trouble == Trouble::Unframed {
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&body);
        return (&*stream).write_all(&out);
    }
    out.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
    for piece in body.chunks(700) {
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    if trouble != Trouble::Cut {
        out.extend_from_slice(b"0\r\n\r\n");
    }
    (&*stream).write_all(&out)
}

fn answer(
    state: &State,
    method: &str,
    target: &str,
    authorization: &str,
    body: &[u8],
    ahead: i64,
    trouble: Trouble,
) -> Said {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let is_bearer = path.starts_with("/api/projects/");
    let expected = if is_bearer {
        format!("Bearer {SECRET}")
    } else {
        format!("Basic {}", base64(format!("{USER}:{SECRET}").as_bytes()))
    };
    if authorization != expected {
        return Said(401, b"{\"error\":\"Invalid credentials\"}".to_vec());
    }
    match (method, path) {
        ("GET", "/api/2.0/export") => {
            if parameter("project_id") != Some(PROJECT.to_string().as_str()) {
                return Said(400, b"project_id is needed with a service account".to_vec());
            }
            let (Some(from), Some(to)) = (parameter("from_date"), parameter("to_date")) else {
                return Said(400, b"from_date and to_date are needed".to_vec());
            };
            let mut out = Vec::new();
            for event in &state.shown {
                let local = event.at.plus(ahead * 1_000);
                let day = &local.to_rfc3339()[..10];
                if from <= day && day <= to {
                    let line = json!({"event": event.name, "properties": {
                        "time": local.0 / 1_000, "distinct_id": "planted-person-17", "$insert_id": event.id, "plan": "pro",
                        "mp_processing_time_ms": event.uploaded.0,
                    }});
                    out.extend_from_slice(format!("{line}\n").as_bytes());
                }
            }
            Said(200, out)
        }
        ("GET", "/api/2/export") => {
            let (Some(start), Some(end)) = (parameter("start"), parameter("end")) else {
                return Said(400, b"start and end are needed".to_vec());
            };
            amplitude(state, start, end)
        }
        ("POST", path) if path == format!("/api/projects/{PROJECT}/query/") => posthog(state, body, ahead, trouble),
        _ => Said(404, b"{\"detail\":\"Not found.\"}".to_vec()),
    }
}

/// A ZIP of a gzip file for each hour.
fn amplitude(state: &State, start: &str, end: &str) -> Said {
    let hour = |at: Millis| {
        let text = at.to_rfc3339();
        format!("{}T{}", text[..10].replace('-', ""), &text[11..13])
    };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut hours: Vec<String> = state.shown.iter().map(|event| hour(event.uploaded)).collect();
    hours.sort();
    hours.dedup();
    hours.retain(|hour| start <= hour.as_str() && hour.as_str() <= end);
    let asked = if start == end { 1 } else { 24 };
    if !hours.is_empty() && state.hours_max.is_some_and(|max| asked > max) {
        return Said(400, b"the result is larger than 4GB".to_vec());
    }
    for of in hours {
        let mut lines = GzEncoder::new(Vec::new(), Compression::fast());
        for event in state.shown.iter().filter(|event| hour(event.uploaded) == of) {
            let time = |at: Millis| format!("{}000", at.to_rfc3339().replace('T', " ").trim_end_matches('Z'));
            let line = json!({"event_type": event.name, "$insert_id": event.id, "event_time": time(event.at),
                "server_upload_time": time(event.uploaded), "user_id": "planted-person-17", "event_properties": {"plan": "pro"},
                "uuid": "00000000-0000-1000-8000-000000000000"});
            writeln!(lines, "{line}").expect("memory takes it");
        }
        files.push((format!("{PROJECT}/{PROJECT}_{of}#0.json.gz"), lines.finish().expect("memory takes it")));
    }
    if files.is_empty() { Said(404, b"Not Found".to_vec()) } else { Said(200, zip(&files)) }
}

/// An archive of files that are stored as they are.
pub fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let at = out.len() as u32;
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        let mut head = Vec::new();
        for half in [20_u16, 0, 0, 0, 0] {
            head.extend_from_slice(&half.to_le_bytes());
        }
        for word in [sum.sum(), bytes.len() as u32, bytes.len() as u32] {
            head.extend_from_slice(&word.to_le_bytes());
        }
        head.extend_from_slice(&(name.len() as u16).to_le_bytes());
        head.extend_from_slice(&[0, 0]);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&head);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(bytes);
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&head);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let at = out.len() as u32;
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for count in [files.len() as u16; 2] {
        out.extend_from_slice(&count.to_le_bytes());
    }
    out.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    out.extend_from_slice(&at.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

/// Answers the two queries that Weir makes; any other is an error of syntax.
fn posthog(state: &State, body: &[u8], ahead: i64, trouble: Trouble) -> Said {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let query = body["query"]["query"].as_str().unwrap_or_default().to_owned();
    let quoted = |before: &str| query.rsplit_once(before)?.1.split('\'').next().map(str::to_owned);
    let Some(day) = quoted("= toDate('").filter(|_| body["query"]["kind"] == "HogQLQuery") else {
        return Said(400, b"{\"type\":\"validation_error\",\"detail\":\"syntax\"}".to_vec());
    };
    let of_day = state.shown.iter().filter(|event| event.at.plus(ahead * 1_000).to_rfc3339()[..10] == day);
    let mut rows: Vec<Value> = if query.starts_with("SELECT event, count()") {
        let mut counts = std::collections::BTreeMap::new();
        of_day.for_each(|event| *counts.entry(event.name.clone()).or_insert(0) += 1);
        counts.into_iter().map(|(name, count)| json!([name, count])).collect()
    } else {
        let after = quoted("toString(uuid) > '").unwrap_or_default();
        let mut ids: Vec<_> = of_day.filter(|event| event.id > after).map(|event| (&event.id, &event.name)).collect();
        ids.sort();
        ids.into_iter().map(|(id, name)| json!([id, name])).collect()
    };
    if trouble == Trouble::ShortPage {
        rows.pop();
    }
    Said(200, json!({"results": rows, "columns": [], "hasMore": false, "limit": 50_000}).to_string().into_bytes())
}
