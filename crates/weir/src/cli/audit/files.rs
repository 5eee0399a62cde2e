//! Files to events: what form a file has, and each of its events to the decoder of its vendor. What cannot be read is counted, with where
//! the first of it stood.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Seek};
use std::path::Path;

use weir_event::limits::AUDIT_EVENT_BYTES_MAX;
use weir_protocol::archive::{Archive, ArchiveError};
use weir_protocol::body::{self, Carrier, Opened};
use weir_protocol::inbound::{Call, Endpoint, Protocol, RequestHead};
use weir_protocol::vendors::{PROTOCOLS, protocol};

use crate::cli::lines::{Lines, Next};
use crate::cli::output::Progress;
use crate::cli::reading::{self, Input, ReadingError};
use crate::cli::recording::exchange::{Exchange, at, events_of, open, vendor_of};
use crate::cli::recording::{Exchanges, capture, har};
use crate::cli::scalars;
use crate::cli::table::{Row, Rows, separator};

use super::elements::{Element, Elements};
use super::examine::Examiner;
use super::export::{Form, Sniffed, convert, row, sniff};

/// Events that go to a decoder together, and their bytes.
const TOGETHER_MAX: usize = 200;
const TOGETHER_BYTES_MAX: usize = 1 << 20;
/// Places of damage that are kept of one file.
const PLACES_MAX: usize = 5;
/// Lines at the beginning of a file that are tried before it is taken for something else than lines of JSON.
const LINES_TRIED_MAX: usize = 20;

/// Said of a file of which more comes than is read.
const OVER: &str = "it goes on behind 1 TiB, or, in an archive, behind 2,000 times its size";

/// What became of one file.
#[derive(Default)]
pub(in crate::cli) struct FileReport {
    /// As it was named.
    pub(in crate::cli) name: String,
    /// `NDJSON`, `CSV`…
    pub(super) form: &'static str,
    /// What its places count.
    pub(super) unit: &'static str,
    pub(in crate::cli) events: u64,
    /// What could not be read, and where the first of it stood.
    pub(super) damaged: u64,
    pub(super) places: Vec<u64>,
    /// Requests of a recording that bring no events.
    pub(super) others: u64,
    /// Why it was not read to its end, or not at all.
    pub(super) not_read: Option<String>,
}

impl FileReport {
    /// What of it could not be read, and why.
    pub(in crate::cli) fn unread(&self) -> Option<String> {
        if let Some(why) = &self.not_read {
            return Some(format!("{}: {why}", self.name));
        }
        let first = self.places.first()?;
        Some(format!("{}: {} could not be read, the first is {} {first}", self.name, self.damaged, self.unit))
    }

    fn damaged(&mut self, place: u64) {
        self.damaged += 1;
        if self.places.len() < PLACES_MAX {
            self.places.push(place);
        }
    }
}

/// Where events go.
enum Sink<'e> {
    /// Through their vendor's decoder.
    Examiner(&'e mut Examiner),
    /// As they stand in the file, to somebody who says whether it could be read.
    Reader(&'e mut dyn FnMut(Form, &[u8]) -> bool),
}

/// The files so far.
pub(in crate::cli) struct Files<'e> {
    sink: Sink<'e>,
    pub(in crate::cli) reports: Vec<FileReport>,
    waiting: BTreeMap<Form, Waiting>,
    spare: Vec<u8>,
}

/// Events of one form that wait for more of them.
#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    /// Where each ends in the text, and where it stood in the file.
    events: Vec<(usize, u64)>,
}

impl<'e> Files<'e> {
    pub(super) fn new(examiner: &'e mut Examiner) -> Files<'e> {
        Files::to(Sink::Examiner(examiner))
    }

    /// Shows each event of exports as it stands, with its form; requests are no exports.
    pub(in crate::cli) fn showing(read: &'e mut dyn FnMut(Form, &[u8]) -> bool) -> Files<'e> {
        Files::to(Sink::Reader(read))
    }

    fn to(sink: Sink<'e>) -> Files<'e> {
        Files { sink, reports: Vec::new(), waiting: BTreeMap::new(), spare: Vec::new() }
    }

    /// Reads a file. What goes wrong is in its report.
    pub(in crate::cli) fn read(&mut self, file: &Path, progress: &mut Progress) {
        let name = file.display().to_string();
        match reading::archive(file, progress) {
            Ok(Some(input)) => return self.archive(&name, input),
            Ok(None) => {}
            Err(error) => return self.read_as(name, |_| Err(said(&error))),
        }
        self.read_as(name, |files| {
            reading::open(file, progress).map_err(|error| said(&error)).and_then(|input| files.read_open(file, input))
        });
    }

    /// Reads the files in an archive, each with a report of its own.
    pub(in crate::cli) fn archive(&mut self, name: &str, input: impl Read + Seek) {
        let before = self.reports.len();
        let walked = Archive::open(input).and_then(|mut archive| {
            while let Some(entry) = archive.next_entry() {
                let entry = entry?;
                let path = Path::new(&entry.name);
                let lower = entry.name.to_ascii_lowercase();
                // What macOS adds to archives is a file of its own beside each.
                if !super::ENDS.iter().any(|end| lower.ends_with(end)) || lower.starts_with("__macosx/") {
                    continue;
                }
                self.read_as(format!("{name}/{}", entry.name), |files| {
                    if lower.ends_with(".zip") {
                        return Err("it is an archive in an archive: unpack it first".to_owned());
                    }
                    let unpacked = archive.read(&entry).map_err(|error| refused(&error))?;
                    let input = reading::unpacked_entry(unpacked, entry.packed).map_err(|error| failed(&error))?;
                    files.read_open(path, input)
                });
            }
            Ok(())
        });
        match walked {
            Err(error) => self.read_as(name.to_owned(), |_| Err(refused(&error))),
            Ok(()) if self.reports.len() == before => {
                self.read_as(name.to_owned(), |_| Err("it holds no file that is read".to_owned()));
            }
            Ok(()) => {}
        }
    }

    fn read_as(&mut self, name: String, read: impl FnOnce(&mut Self) -> Result<(), String>) {
        self.reports.push(FileReport { name, ..FileReport::default() });
        let read = read(self);
        self.flush_all();
        if let Err(why) = read {
            self.report().not_read = Some(why);
        }
    }

    fn report(&mut self) -> &mut FileReport {
        if self.reports.is_empty() {
            self.reports.push(FileReport::default());
        }
        let last = self.reports.len() - 1;
        &mut self.reports[last]
    }

    pub(in crate::cli) fn read_open(&mut self, file: &Path, mut input: Input<'_>) -> Result<(), String> {
        let head = input.fill_buf().map_err(|error| failed(&error))?;
        let Some(kind) = Kind::of(file, head) else {
            return Err("it is none of NDJSON, JSON, CSV, HAR or a request as bytes".to_owned());
        };
        if matches!(self.sink, Sink::Reader(_)) && matches!(kind, Kind::Har | Kind::Capture) {
            return Err("it is a recording of requests, and no export".to_owned());
        }
        let report = self.report();
        (report.form, report.unit) = match kind {
            Kind::Lines => ("NDJSON", "line"),
            Kind::List => ("JSON", "element"),
            Kind::Table(_) => ("CSV", "row"),
            Kind::Har => ("HAR", "entry"),
            Kind::Capture => ("HTTP", "request"),
        };
        let read = match kind {
            Kind::Lines => self.lines(&mut input),
            Kind::List => self.list(&mut input),
            Kind::Table(separator) => self.table(&mut input, separator),
            Kind::Har => {
                let read = har::read(&mut input, self);
                return read.map(drop).map_err(|error| error.to_string());
            }
            Kind::Capture => {
                let mut bytes = Vec::new();
                input.by_ref().take(capture::BYTES_MAX).read_to_end(&mut bytes).map(|_| match capture::parse(&bytes) {
                    Some(exchange) => self.exchange(&exchange),
                    None => self.report().damaged(1),
                })
            }
        };
        read.map_err(|error| failed(&error))?;
        if input.get_ref().limit() == 0 { Err(OVER.to_owned()) } else { Ok(()) }
    }

    fn lines(&mut self, input: &mut Input<'_>) -> io::Result<()> {
        let mut lines = Lines::new(input, AUDIT_EVENT_BYTES_MAX);
        loop {
            match lines.read()? {
                Next::End => return Ok(()),
                Next::TooLong => self.report().damaged(lines.number()),
                Next::Line => {
                    let number = lines.number();
                    let line = lines.line();
                    if !line.iter().all(u8::is_ascii_whitespace) {
                        self.object(line, number);
                    }
                }
            }
        }
    }

    fn list(&mut self, input: &mut Input<'_>) -> io::Result<()> {
        let mut elements = Elements::new(input, AUDIT_EVENT_BYTES_MAX);
        let (mut element, mut number) = (Vec::new(), 0);
        loop {
            number += 1;
            match elements.read(&mut element)? {
                Element::Here => self.object(&element, number),
                Element::TooLong | Element::Other => self.report().damaged(number),
                Element::End => return Ok(()),
                Element::Cut => {
                    self.report().damaged(number);
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }

    fn table(&mut self, input: &mut Input<'_>, separator: u8) -> io::Result<()> {
        let mut rows = Rows::new(input, separator, AUDIT_EVENT_BYTES_MAX);
        let mut columns = Vec::new();
        if rows.read(&mut columns)? != Row::Here {
            return Ok(());
        }
        let (mut cells, mut number) = (Vec::new(), 1);
        loop {
            number += 1;
            match rows.read(&mut cells)? {
                Row::End => return Ok(()),
                Row::Here if cells.len() == columns.len() => {
                    let object = row(&columns, &cells).to_string();
                    self.object(object.as_bytes(), number);
                }
                Row::Here | Row::Broken => self.report().damaged(number),
            }
        }
    }

    /// One object: an event, or a list of them.
    fn object(&mut self, object: &[u8], place: u64) {
        if scalars::check(object).is_err() {
            return self.report().damaged(place);
        }
        match sniff(object) {
            Sniffed::Event(form) => self.event(form, object, place),
            Sniffed::List(list) => {
                let mut elements = Elements::new(list, AUDIT_EVENT_BYTES_MAX);
                let mut element = std::mem::take(&mut self.spare);
                // Reading from memory does not fail.
                while let Ok(found @ (Element::Here | Element::Other)) = elements.read(&mut element) {
                    match sniff(&element) {
                        Sniffed::Event(form) if found == Element::Here => self.event(form, &element, place),
                        _ => self.report().damaged(place),
                    }
                }
                self.spare = element;
            }
        }
    }

    fn event(&mut self, form: Form, event: &[u8], place: u64) {
        if let Sink::Reader(read) = &mut self.sink {
            let is_read = read(form, event);
            let report = self.report();
            return if is_read { report.events += 1 } else { report.damaged(place) };
        }
        let Some(event) = convert(form, event) else { return self.report().damaged(place) };
        let waiting = self.waiting.entry(form).or_default();
        waiting.text.extend_from_slice(&event);
        waiting.events.push((waiting.text.len(), place));
        if waiting.events.len() >= TOGETHER_MAX || waiting.text.len() >= TOGETHER_BYTES_MAX {
            self.flush(form);
        }
    }

    pub(super) fn flush_all(&mut self) {
        let forms: Vec<Form> = self.waiting.keys().copied().collect();
        forms.into_iter().for_each(|form| self.flush(form));
    }

    /// Hands over what waits: all at once, and one by one where that does not decode, to know which it is.
    fn flush(&mut self, form: Form) {
        let Some(waiting) = self.waiting.remove(&form).filter(|waiting| !waiting.events.is_empty()) else { return };
        let events: Vec<(&[u8], u64)> = waiting
            .events
            .iter()
            .scan(0, |from, (end, place)| Some((&waiting.text[std::mem::replace(from, *end)..*end], *place)))
            .collect();
        if let Ok(read) = self.decode(form, &events) {
            self.report().events += read;
            return;
        }
        for event in events {
            match self.decode(form, &[event]) {
                Ok(read) => self.report().events += read,
                Err(()) => self.report().damaged(event.1),
            }
        }
    }

    fn decode(&mut self, form: Form, events: &[(&[u8], u64)]) -> Result<u64, ()> {
        let way = form.way();
        let protocol = protocol(way.protocol).ok_or(())?;
        let Call::Ingest(endpoint) = protocol.classify("POST", way.path) else { return Err(()) };
        let mut text = way.around.0.as_bytes().to_vec();
        for (i, (event, _)) in events.iter().enumerate() {
            if i > 0 {
                text.push(b',');
            }
            text.extend_from_slice(event);
        }
        text.extend_from_slice(way.around.1.as_bytes());
        let head = RequestHead { method: "POST", path: way.path, ..RequestHead::default() };
        let file = self.reports.len().saturating_sub(1);
        let opened = Opened::new(text, Carrier::Body);
        let Sink::Examiner(examiner) = &mut self.sink else { return Err(()) };
        let decoded = examiner.body(way.vendor, protocol, endpoint, &head, opened, file).map_err(drop)?;
        // An object that is no event is read as nothing.
        if decoded.events < events.len() as u32 && events.len() == 1 { Err(()) } else { Ok(u64::from(decoded.events)) }
    }
}

impl Exchanges for Files<'_> {
    /// A request: by its vendor's host, by what its events carry, or by whoever knows its path.
    fn exchange(&mut self, exchange: &Exchange) {
        let Some((protocol, endpoint)) = protocol_of(exchange) else {
            self.report().others += 1;
            return;
        };
        let head = RequestHead {
            method: &exchange.method,
            path: &exchange.path,
            query: &exchange.query,
            content_encoding: exchange.header("content-encoding"),
            content_type: exchange.header("content-type"),
            sdk_info: exchange.header("posthog-sdk-info"),
            anonymous_id: exchange.header("anonymousid"),
            ..RequestHead::default()
        };
        let limits = body::Limits::default();
        let file = self.reports.len().saturating_sub(1);
        // A browser's recording may hold the body already decompressed beside the header that says otherwise.
        let plain = RequestHead { content_encoding: None, ..head };
        let Sink::Examiner(examiner) = &mut self.sink else { return };
        let read = [head, plain].iter().find_map(|head| {
            let opened = protocol.open(endpoint, head, exchange.body.clone(), &limits).ok()?;
            examiner.body(protocol.name(), protocol, endpoint, head, opened, file).ok()
        });
        let report = self.report();
        let place = report.events + report.others + report.damaged + 1;
        match read {
            Some(decoded) => report.events += u64::from(decoded.events),
            None => report.damaged(place),
        }
    }

    fn unreadable(&mut self) {
        let report = self.report();
        let place = report.events + report.others + report.damaged + 1;
        report.damaged(place);
    }
}

/// Whose events a request brings, if it brings any.
fn protocol_of(exchange: &Exchange) -> Option<(&'static dyn Protocol, Endpoint)> {
    if exchange.method == "OPTIONS" {
        return None;
    }
    let known = weir_protocol::preflight::vendor_of_host(exchange.host_name()).map(|(vendor, _)| vendor);
    let body = open(exchange).and_then(|text| serde_json::from_slice(&text).ok());
    let events = body.as_ref().map(events_of).unwrap_or_default();
    let vendor = vendor_of(exchange, known, &events);
    let ingest = |protocol: &'static dyn Protocol| {
        // A source's prefix, or a proxy's, stands before the path.
        let paths = std::iter::once(exchange.path.as_str())
            .chain(exchange.path.match_indices('/').map(|(at, _)| &exchange.path[at..]));
        let call = paths.map(|path| protocol.classify(&exchange.method, path)).find(|call| *call != Call::Unknown)?;
        match call {
            Call::Ingest(endpoint) => Some((protocol, endpoint)),
            _ => None,
        }
    };
    match vendor {
        Some(vendor) => ingest(protocol(vendor.name)?),
        // A host of one's own and an event without a word of its SDK: where the path says enough, and the body is of events.
        None => {
            let looks_like = events.first().is_some_and(|event| {
                ["/event", "/event_type", "/messageId"].iter().any(|mark| at(event, mark).is_string())
            });
            PROTOCOLS.iter().copied().filter(|_| looks_like).find_map(ingest)
        }
    }
}

/// The form of a file.
enum Kind {
    Lines,
    List,
    Table(u8),
    Har,
    Capture,
}

impl Kind {
    fn of(file: &Path, head: &[u8]) -> Option<Kind> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let name = file.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let name = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let is_lines = name.ends_with(".ndjson") || name.ends_with(".jsonl");
        match head.first()? {
            b'[' => Some(Kind::List),
            b'{' => {
                let first_key = head[1..].trim_ascii_start();
                if first_key.starts_with(b"\"log\"") && !is_lines {
                    return Some(Kind::Har);
                }
                let mut lines = head.split_inclusive(|b| *b == b'\n').take(LINES_TRIED_MAX);
                let is_whole = |line: &[u8]| scalars::check(line.trim_ascii()).is_ok();
                // A first line that is longer than what is at hand is one of many, unless it is an object around a list.
                let is_long = !head.contains(&b'\n');
                let holds_list =
                    [&b"\"batch\":["[..], b"\"events\":[", b"\"results\":[", b"\"data\":[", b"\"messages\":["]
                        .iter()
                        .any(|start| {
                            first_key.starts_with(start) || head.windows(start.len()).take(4_096).any(|w| w == *start)
                        });
                if is_lines || lines.any(is_whole) || (is_long && !holds_list) {
                    Some(Kind::Lines)
                } else {
                    Some(Kind::List)
                }
            }
            _ if capture::parse(head).is_some() => Some(Kind::Capture),
            _ => {
                const COLUMNS: [&str; 7] =
                    ["event", "event_type", "distinct_id", "properties", "uuid", "user_id", "messageId"];
                let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
                let line = String::from_utf8_lossy(line);
                let separator = separator(&line)?;
                let mut columns = line.split(char::from(separator)).map(|column| column.trim().trim_matches('"'));
                let is_table =
                    name.ends_with(".csv") || name.ends_with(".tsv") || columns.any(|column| COLUMNS.contains(&column));
                is_table.then_some(Kind::Table(separator))
            }
        }
    }
}

fn failed(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => "it is damaged from there on".to_owned(),
        _ => error.to_string(),
    }
}

fn refused(error: &ArchiveError) -> String {
    match error {
        ArchiveError::Read(error) => failed(error),
        other => other.to_string(),
    }
}

fn said(error: &ReadingError) -> String {
    match error {
        ReadingError::Read(_, error) => error.to_string(),
        other => other.to_string(),
    }
}
