//! From the bytes of a body to JSON text, by looking at the bytes: content types and even content encodings lie
//! (`wire-protocols.md` §1 trap 3), so each step asks what the bytes are and not what the headers say.
//!
//! ```text
//! Content-Encoding (gzip, deflate = zlib or raw, zstd; up to 3 layers; a cap on every result)
//!  → gzip magic? gunzip again
//!  → empty? the payload is in the query (GET ?data=)
//!  → a form with a payload field? take the field, keep the other fields as parameters
//!  → not { or [ ? percent-encoded? base64?
//!  → gzip magic? gunzip again
//!  → UTF-8, repaired where it is CESU-8 or broken
//! ```
//! Whatever is left that is no JSON is for the parser to refuse. Nothing here depends on a vendor.

pub mod base64;
pub mod form;
pub mod inflate;
pub mod lz_string;
pub mod utf8;

use std::borrow::Cow;
use std::fmt;

use weir_event::limits;

use crate::inbound::RequestHead;

/// Fields that carry events: Mixpanel's and PostHog's `data`, Amplitude's legacy `e` and its `identification`.
const PAYLOAD_FIELDS: [&str; 3] = ["data", "e", "identification"];
/// Layers of compression that are undone; an SDK behind a compressing proxy makes two.
const LAYERS_MAX: usize = 3;
/// Form fields beside the payload that are kept, together.
const PARAMETER_BYTES_MAX: usize = 16 * 1024;

/// Why a body cannot be opened. No variant holds any of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BodyError {
    /// A content encoding that we do not speak: answer 415.
    #[error("the content encoding is not supported, use gzip, deflate, zstd or none")]
    UnsupportedEncoding,
    /// Over the cap after decoding: answer 413. Reading stopped at the cap.
    #[error("the body is larger than {max} bytes after decoding, send fewer events at once")]
    TooLarge {
        /// The cap.
        max: usize,
    },
    /// Compressed data that does not decompress: answer 400.
    #[error("the compressed body is damaged")]
    Damaged,
}

/// Caps on what opening may produce.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes after each decoding step.
    pub decoded_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { decoded_bytes_max: limits::BODY_DECODED_BYTES_MAX }
    }
}

/// Where the payload was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carrier {
    /// The body itself.
    Body,
    /// A form field of the body.
    Field,
    /// A parameter of the query.
    Query,
}

/// An opened body: text that is UTF-8, and the parameters that came beside it.
#[derive(Default)]
pub struct Opened {
    text: Vec<u8>,
    carrier: Option<Carrier>,
    fields: Vec<u8>,
    note: Vec<u8>,
}

impl Opened {
    /// A body that a protocol opened itself: UTF-8 text.
    pub fn new(text: Vec<u8>, carrier: Carrier) -> Opened {
        Opened { text: utf8::repair(text), carrier: Some(carrier), ..Opened::default() }
    }

    /// Leaves something that the answer needs of the decoded events, such as their own ids, in a form of the protocol's own.
    pub fn leave_note(&mut self, note: Vec<u8>) {
        self.note = note;
    }

    /// What [`Opened::leave_note`] left.
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// The text, UTF-8; JSON if the request is in order. Empty after [`Opened::take_text`].
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The same as bytes, without the check.
    pub fn text_bytes(&self) -> &[u8] {
        &self.text
    }

    /// Takes the text out, to be parsed in place.
    pub fn take_text(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }

    /// Where the payload was; `None` where there was none.
    pub fn carrier(&self) -> Option<Carrier> {
        self.carrier
    }

    /// A form field beside the payload, percent-decoded.
    pub fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        form::param(&self.fields, name)
    }
}

/// Shows sizes only.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({} bytes, {:?}, {} bytes of fields)", self.text.len(), self.carrier, self.fields.len())
    }
}

/// Opens a body. `body` must already be under [`limits::BODY_BYTES_MAX`].
pub fn open(head: &RequestHead<'_>, body: Vec<u8>, limits: &Limits) -> Result<Opened, BodyError> {
    open_by(head, body, limits, |_, mut bytes| {
        decode_value(&mut bytes);
        Ok(bytes)
    })
}

/// The same, with what is done to a payload that does not begin as JSON: percent-encoding and base64 for all, for one vendor more.
/// The parameters of a form are there already.
pub(crate) fn open_by(
    head: &RequestHead<'_>,
    body: Vec<u8>,
    limits: &Limits,
    unpack: impl FnOnce(&Opened, Vec<u8>) -> Result<Vec<u8>, BodyError>,
) -> Result<Opened, BodyError> {
    let max = limits.decoded_bytes_max;
    let mut layers = 0;
    let mut bytes = undo_content_encoding(head.content_encoding, body, max, &mut layers)?;
    bytes = undo_gzip_magic(bytes, max, &mut layers)?;
    let mut opened = Opened::default();
    if bytes.is_empty() {
        let Some(field) = form::find_field(head.query.as_bytes(), &PAYLOAD_FIELDS) else { return Ok(opened) };
        bytes = head.query.as_bytes().get(field.value).unwrap_or_default().to_vec();
        opened.carrier = Some(Carrier::Query);
        bytes = unpack(&opened, bytes)?;
    } else if starts_json(&bytes) {
        opened.carrier = Some(Carrier::Body);
    } else if let Some(field) = form::find_field(&bytes, &PAYLOAD_FIELDS) {
        opened.carrier = Some(Carrier::Field);
        opened.fields = form::other_fields(&bytes, &field, PARAMETER_BYTES_MAX);
        bytes.truncate(field.value.end);
        bytes.drain(..field.value.start);
        bytes = unpack(&opened, bytes)?;
    } else {
        opened.carrier = Some(Carrier::Body);
        bytes = unpack(&opened, bytes)?;
    }
    bytes = undo_gzip_magic(bytes, max, &mut layers)?;
    if bytes.len() > max {
        return Err(BodyError::TooLarge { max });
    }
    opened.text = utf8::repair(bytes);
    Ok(opened)
}

/// The bytes of a body without its compression, for a protocol that sends what is neither JSON nor a form.
pub(crate) fn decompress(head: &RequestHead<'_>, body: Vec<u8>, limits: &Limits) -> Result<Vec<u8>, BodyError> {
    let (max, mut layers) = (limits.decoded_bytes_max, 0);
    let bytes = undo_content_encoding(head.content_encoding, body, max, &mut layers)?;
    undo_gzip_magic(bytes, max, &mut layers)
}

/// Whether the first byte that is not blank opens an object or an array.
fn starts_json(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
    matches!(first, Some(b'{' | b'['))
}

/// Undoes percent-encoding and base64 where they are there. Leaves what it does not recognise as it is.
pub(crate) fn decode_value(bytes: &mut Vec<u8>) {
    if starts_json(bytes) || form::starts_encoded_json(bytes) {
        form::decode_in_place(bytes, form::Plus::IsSpace);
        return;
    }
    // In base64 a `+` is a digit: mixpanel-node sends it bare, and a proxy may have turned it into a space already.
    form::decode_in_place(bytes, form::Plus::IsPlus);
    if starts_json(bytes) {
        return;
    }
    if let Some(decoded) = base64::decode(bytes) {
        *bytes = decoded;
    }
}

fn undo_content_encoding(
    content_encoding: Option<&str>,
    mut bytes: Vec<u8>,
    max: usize,
    layers: &mut usize,
) -> Result<Vec<u8>, BodyError> {
    // The last coding named was applied last. An empty body has nothing to undo.
    for coding in content_encoding.unwrap_or_default().rsplit(',').map(str::trim) {
        let is = |name: &str| coding.eq_ignore_ascii_case(name);
        if coding.is_empty() || is("identity") || bytes.is_empty() {
            continue;
        }
        *layers += 1;
        if *layers > LAYERS_MAX {
            return Err(BodyError::UnsupportedEncoding);
        }
        bytes = if is("gzip") || is("x-gzip") {
            // Something on the way may have decompressed it and left the header: then the bytes count.
            if inflate::is_gzip(&bytes) { inflate::gunzip(&bytes, max)? } else { bytes }
        } else if is("deflate") {
            if starts_json(&bytes) { bytes } else { inflate::deflate(&bytes, max)? }
        } else if is("zstd") {
            if starts_json(&bytes) { bytes } else { inflate::zstd(&bytes, max)? }
        } else {
            return Err(BodyError::UnsupportedEncoding);
        };
    }
    Ok(bytes)
}

fn undo_gzip_magic(mut bytes: Vec<u8>, max: usize, layers: &mut usize) -> Result<Vec<u8>, BodyError> {
    while inflate::is_gzip(&bytes) {
        *layers += 1;
        if *layers > LAYERS_MAX {
            return Err(BodyError::UnsupportedEncoding);
        }
        bytes = inflate::gunzip(&bytes, max)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
