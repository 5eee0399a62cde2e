//! HAR 1.2, one entry at a time: memory is that of one entry, whatever the file's size.
//!
//! Two things stand before the parser. A string longer than [`STRING_BYTES_MAX`] is cut as it streams by, so that one answer with a film
//! in it costs no memory; and half of a surrogate pair, which browsers write where a page cut a string, reads as U+FFFD instead of
//! ending the file.

use std::fmt;
use std::io::{self, BufRead, Read};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use weir_protocol::body::base64;

use super::Exchanges;
use super::exchange::Exchange;

/// Bytes of one string that are kept, as they stand in the file.
const STRING_BYTES_MAX: usize = 8 << 20;
/// Headers and parameters of one request that are kept.
const PAIRS_MAX: usize = 200;
/// Bytes of a header that are kept.
const HEADER_BYTES_MAX: usize = 8 << 10;

/// Why a file is not one. No part of it stands in the text: positions only.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum HarError {
    /// Not JSON.
    #[error("it is not JSON at line {line}, column {column}")]
    Json {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// JSON, but no `log.entries`.
    #[error("it has no log.entries")]
    NoEntries,
    /// It cannot be read on.
    #[error("it ends too early or is damaged")]
    Damaged,
}

/// How far a file was read.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct HowFar {
    /// Whether the file went on behind what was read.
    pub(in crate::cli) is_cut: bool,
}

/// Reads a file and adds each of its exchanges.
pub(in crate::cli) fn read(
    input: &mut io::BufReader<io::Take<Box<dyn Read + '_>>>,
    study: &mut dyn Exchanges,
) -> Result<HowFar, HarError> {
    let mut seen = Found { has_entries: false };
    let outcome = {
        let mut tamed = Tamed::new(&mut *input);
        let mut parser = serde_json::Deserializer::from_reader(&mut tamed);
        let seed = Level { depth: 0, study, found: &mut seen };
        // What stands behind the object does not matter.
        seed.deserialize(&mut parser)
    };
    let is_cut = input.get_ref().limit() == 0 && input.buffer().is_empty();
    match outcome {
        // The cap ends a file in the middle; what was read before counts.
        Err(_) if is_cut && seen.has_entries => Ok(HowFar { is_cut: true }),
        Err(error) if error.is_eof() || error.is_io() => Err(HarError::Damaged),
        Err(error) => Err(HarError::Json { line: error.line(), column: error.column() }),
        Ok(()) if !seen.has_entries => Err(HarError::NoEntries),
        Ok(()) => Ok(HowFar { is_cut: false }),
    }
}

struct Found {
    has_entries: bool,
}

/// Goes down `log`, then `entries`; everything beside them is passed over without being kept.
struct Level<'s> {
    depth: u8,
    study: &'s mut dyn Exchanges,
    found: &'s mut Found,
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth == 2 { deserializer.deserialize_seq(self) } else { deserializer.deserialize_map(self) }
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a HAR file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let wanted = if self.depth == 0 { "log" } else { "entries" };
        while let Some(key) = map.next_key::<String>()? {
            if key == wanted {
                map.next_value_seed(Level { depth: self.depth + 1, study: &mut *self.study, found: &mut *self.found })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.found.has_entries = true;
        while let Some(entry) = entries.next_element::<Lenient<Entry>>()? {
            match entry.0.and_then(Entry::exchange) {
                Some(exchange) => self.study.exchange(&exchange),
                None => self.study.unreadable(),
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    #[serde(default)]
    response: Option<Lenient<Response>>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Pairs,
    #[serde(default, rename = "postData")]
    post_data: Option<Lenient<PostData>>,
}

#[derive(Deserialize)]
struct PostData {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    params: Pairs,
    /// Not of HAR 1.2, but some tools write `base64` here.
    #[serde(default)]
    encoding: Option<String>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    content: Option<Lenient<Content>>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default, rename = "mimeType")]
    mime_type: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
}

impl Entry {
    fn exchange(self) -> Option<Exchange> {
        let (scheme, rest) = self.request.url.split_once("://")?;
        if !matches!(scheme, "http" | "https") {
            return None;
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, target) = rest.split_at(end);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut body = Vec::new();
        if let Some(post) = self.request.post_data.and_then(|p| p.0) {
            body = match (post.text.filter(|t| !t.is_empty()), post.encoding.as_deref()) {
                (Some(text), Some("base64")) => base64::decode(text.as_bytes()).unwrap_or_default(),
                (Some(text), _) => bytes_of(text),
                (None, _) => form(&post.params.0),
            };
        }
        let content = self.response.and_then(|r| r.0).and_then(|r| r.content).and_then(|c| c.0);
        let answer = content.and_then(|content| {
            // Answers matter where they configure an SDK: JSON. A script, a page, a picture is not looked at.
            let is_json = content.mime_type.as_deref().is_some_and(|mime| mime.contains("json"));
            let text = content.text.filter(|text| is_json || text.trim_start().starts_with('{'))?;
            match content.encoding.as_deref() {
                Some("base64") => base64::decode(text.as_bytes()),
                _ => Some(text.into_bytes()),
            }
        });
        Some(Exchange {
            method: self.request.method.to_ascii_uppercase(),
            host: host.rsplit('@').next().unwrap_or_default().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: self.request.headers.0,
            body,
            answer,
        })
    }
}

/// A body that is not text stands in a HAR with one character for each byte, where the tool kept it at all.
fn bytes_of(text: String) -> Vec<u8> {
    let is_gzip = text.starts_with("\u{1f}\u{8b}");
    let as_bytes = || text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>();
    if is_gzip && let Some(bytes) = as_bytes() { bytes } else { text.into_bytes() }
}

fn form(params: &[(String, String)]) -> Vec<u8> {
    let mut out = String::new();
    for (name, value) in params {
        if !out.is_empty() {
            out.push('&');
        }
        let escaped = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('=', "%3D").replace('+', "%2B");
        // Some tools keep the values percent-encoded; opening a body undoes either once, which is enough to recognise it.
        out.push_str(&format!("{}={}", escaped(name), escaped(value)));
    }
    out.into_bytes()
}

/// A value of this type, or nothing where the file has something else in its place.
struct Lenient<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either<T> {
            This(T),
            Other(IgnoredAny),
        }
        Ok(Lenient(match Either::deserialize(deserializer)? {
            Either::This(value) => Some(value),
            Either::Other(_) => None,
        }))
    }
}

/// `[{"name": …, "value": …}]`, bounded.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Pair {
            #[serde(default)]
            name: String,
            #[serde(default)]
            value: String,
        }
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of pairs")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while pairs.len() < PAIRS_MAX {
                    let Some(pair) = list.next_element::<Pair>()? else { return Ok(Pairs(pairs)) };
                    let mut value = pair.value;
                    if value.len() > HEADER_BYTES_MAX {
                        let mut end = HEADER_BYTES_MAX;
                        while !value.is_char_boundary(end) {
                            end -= 1;
                        }
                        value.truncate(end);
                    }
                    pairs.push((pair.name.to_ascii_lowercase(), value));
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}

/// JSON text with long strings cut and halves of surrogate pairs replaced.
pub(in crate::cli) struct Tamed<R> {
    input: R,
    /// What is ready to be handed out.
    ready: Vec<u8>,
    at: usize,
    in_string: bool,
    string_bytes: usize,
    /// The first half of a pair, waiting for the second.
    high: Option<[u8; 6]>,
}

impl<R: BufRead> Tamed<R> {
    pub(in crate::cli) fn new(input: R) -> Tamed<R> {
        Tamed { input, ready: Vec::with_capacity(1 << 16), at: 0, in_string: false, string_bytes: 0, high: None }
    }

    fn next_byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.input.fill_buf()?.first().copied();
        self.input.consume(usize::from(byte.is_some()));
        Ok(byte)
    }

    /// Takes what is in the buffer of the input, up to an escape, which is taken one by one.
    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        let chunk = self.input.fill_buf()?;
        let mut used = 0;
        for byte in chunk {
            if self.in_string && *byte == b'\\' {
                break;
            }
            used += 1;
            if *byte == b'"' {
                self.in_string = !self.in_string;
                self.string_bytes = 0;
            } else if self.in_string {
                self.string_bytes += 1;
                // Only ever before the first byte of a character, so that what is kept is whole.
                let is_start = byte & 0xc0 != 0x80;
                if self.string_bytes > STRING_BYTES_MAX && (is_start || self.string_bytes > STRING_BYTES_MAX + 4) {
                    self.string_bytes = STRING_BYTES_MAX + 5;
                    continue;
                }
            }
            if self.high.take().is_some() {
                self.ready.extend_from_slice(b"\\ufffd");
            }
            self.ready.push(*byte);
        }
        let is_end = chunk.is_empty();
        self.input.consume(used);
        if used == 0 && !is_end {
            self.escape()?;
        }
        Ok(())
    }

    fn escape(&mut self) -> io::Result<()> {
        let mut escape = [0; 6];
        let mut length = 0;
        while length < 2 || (escape[1] == b'u' && length < 6) {
            let Some(byte) = self.next_byte()? else { break };
            escape[length] = byte;
            length += 1;
        }
        self.string_bytes += length;
        if self.string_bytes > STRING_BYTES_MAX {
            self.string_bytes = STRING_BYTES_MAX + 5;
            if self.high.take().is_some() {
                self.ready.extend_from_slice(b"\\ufffd");
            }
            return Ok(());
        }
        let code =
            std::str::from_utf8(&escape[2..length.max(2)]).ok().and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let (is_high, is_low) = match code {
            Some(code) if length == 6 => ((0xd800..0xdc00).contains(&code), (0xdc00..0xe000).contains(&code)),
            _ => (false, false),
        };
        match (self.high.take(), is_high, is_low) {
            (Some(high), _, true) => {
                self.ready.extend_from_slice(&high);
                self.ready.extend_from_slice(&escape);
            }
            (alone, true, _) => {
                if alone.is_some() {
                    self.ready.extend_from_slice(b"\\ufffd");
                }
                self.high = Some(escape);
            }
            (alone, _, is_low) => {
                if alone.is_some() {
                    self.ready.extend_from_slice(b"\\ufffd");
                }
                self.ready.extend_from_slice(if is_low { b"\\ufffd" } else { &escape[..length] });
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Tamed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            if self.input.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.fill()?;
        }
        let taken = buffer.len().min(self.ready.len() - self.at);
        buffer[..taken].copy_from_slice(&self.ready[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}
