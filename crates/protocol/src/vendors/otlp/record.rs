//! Log records in both encodings of OTLP. In JSON a 64-bit number is a text and a name lower camel case; in protobuf a message
//! inside another has its length before it, which is put there once it is known. Field numbers: `logs.proto`, `common.proto`.

use std::sync::Arc;

use weir_event::wire::put_varint;
use weir_event::{LeafKind, Millis, NameId, Names, Role};
use weir_policy::release::ReleasedLeaf;
use weir_policy::{Released, ReleasedId};

use super::Encoding;
use crate::plain::{self, NOT_IN_CONTEXT};
use crate::writing::{PathTable, bytes_at_most, group_types, groups_of, put_string};

/// Who writes them, as the scope says.
const SCOPE: &str = "weir";
/// INFO, by `logs.proto`.
const SEVERITY: u8 = 9;

/// Writes records; each encoder owns one.
pub(super) struct Records {
    out: Out,
    keys: PathTable<Option<String>>,
    /// What stands before the records: the resource and the scope.
    head: Vec<u8>,
}

impl Records {
    pub(super) fn new(encoding: Encoding, names: &Arc<Names>, resource: &[(String, String)]) -> Records {
        let out = Out(encoding);
        let mut head = Vec::new();
        match encoding {
            Encoding::Json => {
                head.extend_from_slice(b"{\"resourceLogs\":[{\"resource\":{\"attributes\":[");
                let mut comma = false;
                for (key, text) in resource {
                    out.attribute(&mut head, 0, &mut comma, key, |out, to| out.text(to, text.as_bytes()));
                }
                head.extend_from_slice(b"]},\"scopeLogs\":[{\"scope\":{\"name\":\"");
                head.extend_from_slice(SCOPE.as_bytes());
                head.extend_from_slice(b"\"},\"logRecords\":[");
            }
            Encoding::Protobuf => message(&mut head, 1, |head| {
                for (key, text) in resource {
                    out.attribute(head, 1, &mut false, key, |out, to| out.text(to, text.as_bytes()));
                }
            }),
        }
        Records { out, keys: PathTable::new(names), head }
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.out.0
    }

    /// What a record has at most: what JSON has, and for each value the words around it.
    pub(super) fn bytes_at_most(event: &Released<'_>) -> usize {
        bytes_at_most(event) + event.leaves().len() * 64
    }

    /// Bytes of a request beside its records.
    pub(super) fn envelope_bytes(&self) -> usize {
        self.head.len() + 64
    }

    /// Writes a record behind others.
    pub(super) fn put_next(&mut self, event: &Released<'_>, is_first: bool, to: &mut Vec<u8>) {
        match self.out.0 {
            Encoding::Json => {
                if !is_first {
                    to.push(b',');
                }
                self.put(event, to);
            }
            Encoding::Protobuf => message(to, 2, |to| self.put(event, to)),
        }
    }

    /// The whole request of these records, and its type.
    pub(super) fn wrap(&self, records: Vec<u8>) -> (Vec<u8>, &'static str) {
        let mut body = Vec::with_capacity(records.len() + self.envelope_bytes());
        match self.out.0 {
            Encoding::Json => {
                body.extend_from_slice(&self.head);
                body.extend_from_slice(&records);
                body.extend_from_slice(b"]}]}]}");
                (body, "application/json")
            }
            Encoding::Protobuf => {
                message(&mut body, 1, |body| {
                    body.extend_from_slice(&self.head);
                    message(body, 2, |body| {
                        message(body, 1, |scope| string(scope, 1, SCOPE.as_bytes()));
                        body.extend_from_slice(&records);
                    });
                });
                (body, "application/x-protobuf")
            }
        }
    }

    /// Writes the fields of a record.
    pub(super) fn put(&mut self, event: &Released<'_>, to: &mut Vec<u8>) {
        let name = event.name();
        match self.out.0 {
            Encoding::Json => {
                to.extend_from_slice(b"{\"timeUnixNano\":\"");
                to.extend_from_slice(nanoseconds(event.time()).to_string().as_bytes());
                to.extend_from_slice(b"\",\"observedTimeUnixNano\":\"");
                to.extend_from_slice(nanoseconds(event.received_at()).to_string().as_bytes());
                to.extend_from_slice(b"\",\"severityNumber\":9,\"severityText\":\"INFO\",\"eventName\":");
                put_string(to, name.as_bytes());
                to.extend_from_slice(b",\"body\":{");
                self.out.text(to, name.as_bytes());
                to.extend_from_slice(b"},\"attributes\":[");
                self.put_attributes(event, to);
                to.extend_from_slice(b"]}");
            }
            Encoding::Protobuf => {
                fixed64(to, 1, nanoseconds(event.time()));
                to.extend_from_slice(&[2 << 3, SEVERITY]);
                string(to, 3, b"INFO");
                message(to, 5, |to| self.out.text(to, name.as_bytes()));
                self.put_attributes(event, to);
                fixed64(to, 11, nanoseconds(event.received_at()));
                string(to, 12, name.as_bytes());
            }
        }
    }

    fn put_attributes(&mut self, event: &Released<'_>, to: &mut Vec<u8>) {
        let (out, mut comma) = (self.out, false);
        let mut text = |to: &mut Vec<u8>, key: &str, text: &str| {
            out.attribute(to, ATTRIBUTES, &mut comma, key, |out, to| out.text(to, text.as_bytes()));
        };
        let mut buffer = [0; 36];
        text(to, "weir.type", plain::words(event.operation()).0);
        let insert_id = event.insert_id().to_text();
        text(to, "log.record.uid", std::str::from_utf8(&insert_id).unwrap_or_default());
        text(to, "weir.subject", event.subject().text(&mut buffer));
        text(to, "weir.subject_kind", plain::subject_kind(event));
        for (key, role) in IDS {
            let own = event.id(*role);
            // Where the subject is the user or the device, it is not named a second time.
            let subject = Some(event.subject()).filter(|subject| match (role, subject) {
                (_, ReleasedId::None { .. }) => false,
                (Role::User, _) => plain::subject_kind(event) == "user",
                (Role::Device, subject) => subject.is_device(),
                _ => false,
            });
            if let Some(id) = own.or(subject) {
                text(to, key, id.text(&mut buffer));
            }
        }
        if let Some(code) = event.country().code() {
            text(to, "geo.country.iso_code", code);
        }
        for kind in group_types(event) {
            let key = format!("weir.groups.{}", self.keys.names().entry(kind).key);
            out.attribute(to, ATTRIBUTES, &mut comma, &key, |out, to| {
                out.list(to, |to| {
                    for (i, id) in groups_of(event, kind).enumerate() {
                        out.element(to, i == 0, |to| out.text(to, id.text(&mut [0; 36]).as_bytes()));
                    }
                });
            });
        }
        let leaves = event.leaves();
        let mut at = 0;
        let mut map_key = None;
        while let Some(leaf) = leaves.get(at) {
            if leaf.kind() == LeafKind::MapKey {
                map_key = Some(leaf.text());
                at += 1;
                continue;
            }
            let key = self.keys.of(leaf.path(), attribute_key).clone();
            let next = end_of(leaves, at);
            if let Some(mut key) = key {
                if let Some(own) = map_key {
                    key = format!("{}.{own}", key.rsplit_once('.').map_or("", |(above, _)| above));
                }
                let names = self.keys.names();
                out.attribute(to, ATTRIBUTES, &mut comma, &key, |out, to| {
                    out.value(to, leaves.get(at..next).unwrap_or_default(), names);
                });
            }
            map_key = None;
            at = next;
        }
    }
}

/// The ids beside the subject.
const IDS: &[(&str, Role)] = &[
    ("user.id", Role::User),
    ("device.id", Role::Device),
    ("weir.previous", Role::Previous),
    ("weir.next", Role::Next),
];

/// The field of a record's attributes.
const ATTRIBUTES: u8 = 6;

/// Under which key a property at the top is written; `None`: nowhere.
fn attribute_key(names: &Names, path: NameId) -> Option<String> {
    let text = names.entry(path).text;
    if NOT_IN_CONTEXT.contains(&text) {
        return None;
    }
    let mut root = path;
    loop {
        match names.entry(root).parent {
            NameId::EVENT_ROOT | NameId::UNNAMED => break,
            above => root = above,
        }
    }
    let is_own = !matches!(root, NameId::PROFILE_ROOT | NameId::CONTEXT_ROOT | NameId::GROUP_ROOT);
    Some(if is_own { format!("properties.{text}") } else { text.to_owned() })
}

/// The place behind the value that begins here.
fn end_of(leaves: &[ReleasedLeaf<'_>], at: usize) -> usize {
    let mut depth = 0_u32;
    for (i, leaf) in leaves.iter().enumerate().skip(at) {
        match leaf.kind() {
            LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
            LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = depth.saturating_sub(1),
            LeafKind::MapKey => continue,
            _ => {}
        }
        if depth == 0 {
            return i + 1;
        }
    }
    leaves.len()
}

fn nanoseconds(time: Millis) -> u64 {
    // A time before 1970 is a defect of a clock; the field has no sign.
    u64::try_from(time.0).unwrap_or(0).saturating_mul(1_000_000)
}

/// Values in one of the encodings. Of a value (`AnyValue`) only the content is written; whoever calls has opened it.
#[derive(Clone, Copy)]
struct Out(Encoding);

impl Out {
    /// A key and a value, into a list of them: in protobuf the field of this number, repeated.
    fn attribute(
        self,
        to: &mut Vec<u8>,
        field: u8,
        comma: &mut bool,
        key: &str,
        value: impl FnOnce(Out, &mut Vec<u8>),
    ) {
        match self.0 {
            Encoding::Json => {
                if std::mem::replace(comma, true) {
                    to.push(b',');
                }
                to.extend_from_slice(b"{\"key\":");
                put_string(to, key.as_bytes());
                to.extend_from_slice(b",\"value\":{");
                value(self, to);
                to.extend_from_slice(b"}}");
            }
            Encoding::Protobuf => message(to, field, |to| {
                string(to, 1, key.as_bytes());
                message(to, 2, |to| value(self, to));
            }),
        }
    }

    /// A list.
    fn list(self, to: &mut Vec<u8>, elements: impl FnOnce(&mut Vec<u8>)) {
        match self.0 {
            Encoding::Json => {
                to.extend_from_slice(b"\"arrayValue\":{\"values\":[");
                elements(to);
                to.extend_from_slice(b"]}");
            }
            Encoding::Protobuf => message(to, 5, elements),
        }
    }

    /// An element of a list.
    fn element(self, to: &mut Vec<u8>, is_first: bool, value: impl FnOnce(&mut Vec<u8>)) {
        match self.0 {
            Encoding::Json => {
                to.extend_from_slice(if is_first { b"{" } else { b",{" });
                value(to);
                to.push(b'}');
            }
            Encoding::Protobuf => message(to, 1, value),
        }
    }

    fn text(self, to: &mut Vec<u8>, text: &[u8]) {
        match self.0 {
            Encoding::Json => {
                to.extend_from_slice(b"\"stringValue\":");
                put_string(to, text);
            }
            Encoding::Protobuf => string(to, 1, text),
        }
    }

    fn bool(self, to: &mut Vec<u8>, is: bool) {
        match self.0 {
            Encoding::Json => to.extend_from_slice(if is { b"\"boolValue\":true" } else { b"\"boolValue\":false" }),
            Encoding::Protobuf => to.extend_from_slice(&[2 << 3, u8::from(is)]),
        }
    }

    /// A number: whole ones of 64 bits as such, others as doubles, and what is no double as the text that it is.
    fn number(self, to: &mut Vec<u8>, lexeme: &str) {
        if let Ok(whole) = lexeme.parse::<i64>() {
            match self.0 {
                Encoding::Json => {
                    to.extend_from_slice(b"\"intValue\":\"");
                    to.extend_from_slice(whole.to_string().as_bytes());
                    to.push(b'"');
                }
                Encoding::Protobuf => {
                    to.push(3 << 3);
                    put_varint(to, whole as u64);
                }
            }
            return;
        }
        match lexeme.parse::<f64>().ok().filter(|double| double.is_finite()) {
            Some(double) => match self.0 {
                Encoding::Json => {
                    to.extend_from_slice(b"\"doubleValue\":");
                    to.extend_from_slice(lexeme.as_bytes());
                }
                Encoding::Protobuf => fixed64(to, 4, double.to_bits()),
            },
            None => self.text(to, lexeme.as_bytes()),
        }
    }

    /// The one value that these leaves are.
    fn value(self, to: &mut Vec<u8>, leaves: &[ReleasedLeaf<'_>], names: &Names) {
        let Some(leaf) = leaves.first() else { return };
        let inner = leaves.get(1..leaves.len().saturating_sub(1)).unwrap_or_default();
        match leaf.kind() {
            LeafKind::ObjectBegin => match self.0 {
                Encoding::Json => {
                    to.extend_from_slice(b"\"kvlistValue\":{\"values\":[");
                    self.members(to, inner, names);
                    to.extend_from_slice(b"]}");
                }
                Encoding::Protobuf => message(to, 6, |to| self.members(to, inner, names)),
            },
            LeafKind::ArrayBegin => self.list(to, |to| {
                let mut at = 0;
                while at < inner.len() {
                    let next = end_of(inner, at);
                    self.element(to, at == 0, |to| self.value(to, inner.get(at..next).unwrap_or_default(), names));
                    at = next;
                }
            }),
            LeafKind::True => self.bool(to, true),
            LeafKind::False => self.bool(to, false),
            LeafKind::Number => self.number(to, leaf.text()),
            kind if kind.has_text() => self.text(to, leaf.bytes()),
            // Nothing is a value without content.
            _ => {}
        }
    }

    fn members(self, to: &mut Vec<u8>, leaves: &[ReleasedLeaf<'_>], names: &Names) {
        let (mut at, mut comma, mut map_key) = (0, false, None);
        while let Some(leaf) = leaves.get(at) {
            if leaf.kind() == LeafKind::MapKey {
                map_key = Some(leaf.text());
                at += 1;
                continue;
            }
            let next = end_of(leaves, at);
            let key = map_key.take().unwrap_or(names.entry(leaf.path()).key);
            let own = leaves.get(at..next).unwrap_or_default();
            self.attribute(to, 1, &mut comma, key, |out, to| out.value(to, own, names));
            at = next;
        }
    }
}

fn string(to: &mut Vec<u8>, field: u8, text: &[u8]) {
    to.push(field << 3 | 2);
    put_varint(to, text.len() as u64);
    to.extend_from_slice(text);
}

fn fixed64(to: &mut Vec<u8>, field: u8, bits: u64) {
    to.push(field << 3 | 1);
    to.extend_from_slice(&bits.to_le_bytes());
}

/// A message inside another. All of our fields have numbers below 16, so a tag is one byte.
fn message(to: &mut Vec<u8>, field: u8, write: impl FnOnce(&mut Vec<u8>)) {
    to.push(field << 3 | 2);
    let from = to.len();
    write(to);
    let mut length = Vec::with_capacity(5);
    put_varint(&mut length, (to.len() - from) as u64);
    to.splice(from..from, length);
}
