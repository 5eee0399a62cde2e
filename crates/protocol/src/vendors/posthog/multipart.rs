//! `/i/v0/ai`: one event in parts. `event` is the event, `event.properties` its properties if they are not in it, and each
//! `event.properties.<name>` is a large value of one of them, a prompt or a completion.
//!
//! The event and its properties become one JSON object; the large parts are dropped here, unread, and counted. The boundary is what
//! the first line says: a `Content-Type` may have been changed on the way.
//! Source: PostHog/posthog `rust/capture/src/ai_endpoint.rs`.

use crate::body::{BodyError, Carrier, Opened, inflate};

/// Parts looked at; an event with more large values than this is not one that an SDK sends.
const PARTS_MAX: usize = 256;

/// How many large parts were dropped, of the note that [`event`] left.
pub(super) fn blobs(note: &[u8]) -> u32 {
    note.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Makes the JSON of a multipart body. A body without an event gives an empty text, which the parser refuses.
pub(super) fn event(body: &[u8], max: usize) -> Result<Opened, BodyError> {
    let (mut event, mut properties, mut blobs) = (None, None, 0_u32);
    for part in parts(body).take(PARTS_MAX) {
        let Some(name) = name(part.head) else { continue };
        match name {
            b"event" => event = Some(part.content(max)?),
            b"event.properties" => properties = Some(part.content(max)?),
            _ if name.starts_with(b"event.properties.") => blobs += 1,
            _ => {}
        }
    }
    let text = match (event, properties) {
        (Some(event), Some(properties)) => joined(&event, &properties),
        (Some(event), None) => event,
        _ => Vec::new(),
    };
    if text.len() > max {
        return Err(BodyError::TooLarge { max });
    }
    let mut opened = Opened::new(text, Carrier::Body);
    opened.leave_note(blobs.to_le_bytes().to_vec());
    Ok(opened)
}

/// Puts the properties into the event as its last key.
fn joined(event: &[u8], properties: &[u8]) -> Vec<u8> {
    let Some(open) = event.trim_ascii().strip_suffix(b"}") else { return event.to_vec() };
    let comma: &[u8] = if open.trim_ascii().ends_with(b"{") { b"" } else { b"," };
    [open, comma, b"\"properties\":", properties, b"}"].concat()
}

struct Part<'a> {
    head: &'a [u8],
    body: &'a [u8],
}

impl Part<'_> {
    fn content(&self, max: usize) -> Result<Vec<u8>, BodyError> {
        if inflate::is_gzip(self.body) { inflate::gunzip(self.body, max) } else { Ok(self.body.to_vec()) }
    }
}

fn parts(body: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let line_end = memchr::memchr(b'\n', body).unwrap_or(body.len());
    let boundary = body.get(..line_end).unwrap_or_default().trim_ascii_end();
    // Two dashes and at least something: `--` alone would cut every text at its dashes.
    let (boundary, rest) = if (3..=200).contains(&boundary.len()) {
        (boundary, body.get(line_end..).unwrap_or_default())
    } else {
        (&b"--"[..], &b""[..])
    };
    let delimiter = [b"\n", boundary].concat();
    let mut rest = rest;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        // `rest` begins with the end of the line of a boundary.
        let end = memchr::memmem::find(rest.get(1..)?, &delimiter).map(|at| at + 1)?;
        let part = rest.get(1..end)?;
        let part = part.strip_suffix(b"\r").unwrap_or(part);
        rest = rest.get(end + delimiter.len()..).unwrap_or_default();
        rest = if rest.starts_with(b"--") { b"" } else { rest.strip_prefix(b"\r").unwrap_or(rest) };
        let (head, body) = match memchr::memmem::find(part, b"\r\n\r\n") {
            Some(at) => (part.get(..at)?, part.get(at + 4..)?),
            None => memchr::memmem::find(part, b"\n\n").map_or((&b""[..], part), |at| (&part[..at], &part[at + 2..])),
        };
        Some(Part { head, body })
    })
}

/// The name in `Content-Disposition: form-data; name="…"`.
fn name(head: &[u8]) -> Option<&[u8]> {
    let line = head.split(|b| *b == b'\n').find(|line| {
        line.first_chunk::<20>().is_some_and(|start| start.eq_ignore_ascii_case(b"content-disposition:"))
    })?;
    let at = memchr::memmem::find(line, b" name=").or_else(|| memchr::memmem::find(line, b";name="))? + 6;
    let value = line.get(at..)?;
    match value.strip_prefix(b"\"") {
        Some(quoted) => quoted.get(..memchr::memchr(b'"', quoted)?),
        None => Some(value.split(|b| matches!(b, b';' | b'\r' | b' ')).next().unwrap_or_default()),
    }
}
