//! An event in a query, as the text that a tracker would have posted: `{"data":[{"e":"pv",…}]}`.

use std::fmt::Write;

use crate::body::form::{self, Plus};

/// Parameters read; trackers have about 60 in all.
const PARAMETERS_MAX: usize = 256;

/// The payload of a query. What follows the last parameter that is read is left out.
pub(super) fn payload(query: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(query.len() + 64);
    out.extend_from_slice(br#"{"data":[{"#);
    let fields = query.split('&').filter(|field| !field.is_empty()).take(PARAMETERS_MAX);
    for (place, field) in fields.enumerate() {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        out.extend_from_slice(if place == 0 { b"\"" } else { b",\"" });
        escape(key, &mut out);
        out.extend_from_slice(b"\":\"");
        escape(value, &mut out);
        out.push(b'"');
    }
    out.extend_from_slice(b"}]}");
    out
}

/// Percent-decodes and writes the inside of a JSON string. Bytes that are no UTF-8 are for the repair of the whole text.
fn escape(text: &str, out: &mut Vec<u8>) {
    let mut bytes = text.as_bytes().to_vec();
    form::decode_in_place(&mut bytes, Plus::IsSpace);
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => {
                let mut text = String::with_capacity(6);
                let _ = write!(text, "\\u{byte:04x}");
                out.extend_from_slice(text.as_bytes());
            }
            _ => out.push(byte),
        }
    }
}
