//! JSON as encoders write it: strings, numbers, ids, and the tape of an event. Nothing of a vendor is in here.

use std::sync::Arc;

use weir_event::{LeafKind, NameId, Names, SubjectKind};
use weir_policy::release::ReleasedLeaf;
use weir_policy::{Released, ReleasedId};

use crate::json::special_bytes;

/// What an encoder makes of a path, once: its keys as JSON and what they mean at the vendor.
pub(crate) struct PathTable<T> {
    names: Arc<Names>,
    made: Vec<Option<T>>,
}

impl<T> PathTable<T> {
    pub(crate) fn new(names: &Arc<Names>) -> PathTable<T> {
        PathTable { names: Arc::clone(names), made: Vec::new() }
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// What `make` makes of a path, or made of it before.
    #[inline(always)]
    pub(crate) fn of(&mut self, path: NameId, make: impl FnOnce(&Names, NameId) -> T) -> &T {
        let place = path.0 as usize;
        if self.made.get(place).is_none_or(Option::is_none) {
            self.make(place, path, make);
        }
        // Cannot fail: it was made above where it was not there.
        self.made[place].as_ref().expect("what a path is has been made")
    }

    #[cold]
    fn make(&mut self, place: usize, path: NameId, make: impl FnOnce(&Names, NameId) -> T) {
        if self.made.len() <= place {
            self.made.resize_with(place + 64, || None);
        }
        self.made[place] = Some(make(&self.names, path));
    }
}

/// A key as JSON, with its colon.
pub(crate) fn as_key(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(text.len() + 3);
    put_string(&mut key, text.as_bytes());
    key.push(b':');
    key
}

/// The keys under which a vendor writes the leaves of a tape.
pub(crate) trait TapeKeys {
    /// The key of a leaf at the top, as JSON with its colon; `None` where it is not written here, with all that is below it.
    fn top(&mut self, path: NameId, kind: LeafKind) -> Option<&[u8]>;

    /// The key of a leaf in an object below.
    fn nested(&mut self, path: NameId) -> &[u8];
}

/// The objects that an encoder nests in `context`, as it meets them: a tape holds their leaves one by one.
#[derive(Default)]
pub(crate) struct Objects(Vec<Vec<u8>>);

impl Objects {
    /// More than this many are not nested.
    const MOST: usize = 48;

    /// The place of an object by its name; `None` where there is no room for one more.
    pub(crate) fn place(&mut self, name: &str) -> Option<u8> {
        let key = as_key(name);
        let place = self.0.iter().position(|known| *known == key).or_else(|| {
            let is_free = self.0.len() < Objects::MOST;
            is_free.then(|| {
                self.0.push(key);
                self.0.len() - 1
            })
        })?;
        u8::try_from(place).ok()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u8 {
        self.0.len() as u8
    }

    /// The key of a place, as JSON with its colon.
    pub(crate) fn key(&self, place: u8) -> &[u8] {
        self.0.get(usize::from(place)).map_or(&[], Vec::as_slice)
    }
}

/// Writes a tape as the fields of an object that is open. `comma`: something stands before them. Returns whether something does
/// after them. The caller has seen to it that the tape is not deeper than 64.
pub(crate) fn put_tape(
    out: &mut Vec<u8>,
    leaves: &[ReleasedLeaf<'_>],
    keys: &mut impl TapeKeys,
    mut comma: bool,
) -> bool {
    let mut lists = 0_u64; // One bit for each open container, 1 for a list.
    let mut depth = 0_u32;
    let mut map_key: Option<&ReleasedLeaf<'_>> = None;
    let mut skipped = 0_u32; // Containers open below one that is not written.
    for leaf in leaves {
        let kind = leaf.kind();
        let is_begin = matches!(kind, LeafKind::ObjectBegin | LeafKind::ArrayBegin);
        let is_end = matches!(kind, LeafKind::ObjectEnd | LeafKind::ArrayEnd);
        if skipped > 0 {
            skipped = skipped + u32::from(is_begin) - u32::from(is_end);
            continue;
        }
        if kind == LeafKind::MapKey {
            map_key = Some(leaf);
            continue;
        }
        if is_end {
            depth = depth.saturating_sub(1);
            lists >>= 1;
            out.push(if kind == LeafKind::ArrayEnd { b']' } else { b'}' });
            comma = true;
            continue;
        }
        let own_key = map_key.take();
        let is_keyed = depth == 0 || lists & 1 == 0;
        let key = match (depth, is_keyed) {
            (0, _) => match keys.top(leaf.path(), kind) {
                Some(key) => key,
                None => {
                    skipped = u32::from(is_begin);
                    continue;
                }
            },
            (_, true) if own_key.is_none() => keys.nested(leaf.path()),
            _ => &[],
        };
        if comma {
            out.push(b',');
        }
        if is_keyed {
            match own_key {
                Some(own_key) => {
                    put_string(out, own_key.bytes());
                    out.push(b':');
                }
                None => out.extend_from_slice(key),
            }
        }
        comma = true;
        match kind {
            LeafKind::ObjectBegin | LeafKind::ArrayBegin => {
                let is_list = kind == LeafKind::ArrayBegin;
                out.push(if is_list { b'[' } else { b'{' });
                lists = lists << 1 | u64::from(is_list);
                depth += 1;
                comma = false;
            }
            _ => put_scalar(out, leaf),
        }
    }
    comma
}

/// Writes what an operation names that removes properties: each key with `value` behind it, or with nothing, as the elements of a
/// list, where `value` is empty.
pub(crate) fn put_unset(out: &mut Vec<u8>, leaves: &[ReleasedLeaf<'_>], keys: &mut impl TapeKeys, value: &[u8]) {
    let mut map_key: Option<&ReleasedLeaf<'_>> = None;
    let mut is_first = true;
    for leaf in leaves {
        if leaf.kind() == LeafKind::MapKey {
            map_key = Some(leaf);
            continue;
        }
        let map_key = map_key.take();
        let Some(key) = keys.top(leaf.path(), leaf.kind()).filter(|_| leaf.kind().is_scalar()) else { continue };
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        match map_key {
            Some(map_key) => put_string(out, map_key.bytes()),
            None => out.extend_from_slice(key.strip_suffix(b":").unwrap_or(key)),
        }
        if !value.is_empty() {
            out.push(b':');
            out.extend_from_slice(value);
        }
    }
}

/// The types of the groups that an event names, each once, in the order in which they come.
pub(crate) fn group_types(event: &Released<'_>) -> impl Iterator<Item = NameId> {
    let ids = event.ids();
    ids.iter().enumerate().filter_map(|(i, id)| match id.kind {
        SubjectKind::Group(kind) if ids[..i].iter().all(|earlier| earlier.kind != id.kind) => Some(kind),
        _ => None,
    })
}

/// The groups of one type.
pub(crate) fn groups_of<'a>(event: &'a Released<'_>, kind: NameId) -> impl Iterator<Item = &'a ReleasedId> {
    event.ids().iter().filter(move |id| id.kind == SubjectKind::Group(kind)).map(|id| &id.id)
}

/// The type and id of the first group.
pub(crate) fn group_of<'a>(event: &'a Released<'_>) -> Option<(NameId, &'a ReleasedId)> {
    let kind = group_types(event).next()?;
    groups_of(event, kind).next().map(|id| (kind, id))
}

/// How many bytes `put` writes. The encoder lends the room for it and has it back.
pub(crate) fn bytes_written<E>(
    encoder: &mut E,
    room_of: fn(&mut E) -> &mut Vec<u8>,
    put: impl FnOnce(&mut E, &mut Vec<u8>),
) -> usize {
    let mut room = std::mem::take(room_of(encoder));
    room.clear();
    put(encoder, &mut room);
    let len = room.len();
    *room_of(encoder) = room;
    len
}

/// What an event has at most as JSON: escaping makes at most six bytes of one, a key has at most 600. Only what could be too large is
/// worth measuring.
pub(crate) fn bytes_at_most(event: &Released<'_>) -> usize {
    let bytes: usize = event.leaves().iter().map(|leaf| leaf.bytes().len()).sum();
    bytes * 6 + event.leaves().len() * 640 + event.ids().len() * 8_192 + 16_384
}

/// Writes the value of a leaf that is no container.
#[inline]
pub(crate) fn put_scalar(out: &mut Vec<u8>, leaf: &ReleasedLeaf<'_>) {
    match leaf.kind() {
        LeafKind::True => out.extend_from_slice(b"true"),
        LeafKind::False => out.extend_from_slice(b"false"),
        LeafKind::Number => out.extend_from_slice(leaf.bytes()),
        LeafKind::String | LeafKind::MapKey => put_string(out, leaf.bytes()),
        _ => out.extend_from_slice(b"null"),
    }
}

/// Writes an id as a string.
pub(crate) fn put_bare_id(out: &mut Vec<u8>, id: &ReleasedId) {
    out.push(b'"');
    put_id_text(out, id);
    out.push(b'"');
}

/// Writes an id without its quotes.
pub(crate) fn put_id_text(out: &mut Vec<u8>, id: &ReleasedId) {
    match id {
        ReleasedId::Raw { text, .. } => put_escaped(out, text.as_bytes()),
        // Digits and hyphens: nothing to escape.
        ReleasedId::Pseudonym { uuid, .. } | ReleasedId::None { uuid } => out.extend_from_slice(&uuid.to_text()),
    }
}

/// Writes a comma and a plain key.
pub(crate) fn put_key(out: &mut Vec<u8>, key: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Writes a comma, a plain key and a string.
pub(crate) fn put_field(out: &mut Vec<u8>, key: &str, text: &str) {
    put_key(out, key);
    put_string(out, text.as_bytes());
}

/// Writes a whole number.
pub(crate) fn put_number(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes a string.
#[inline]
pub(crate) fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    // Once for the quotes too.
    out.reserve(text.len() + 2);
    out.push(b'"');
    put_escaped(out, text);
    out.push(b'"');
}

/// Escapes what JSON must; runs without are moved whole.
pub(crate) fn put_escaped(out: &mut Vec<u8>, mut text: &[u8]) {
    loop {
        let plain = plain_len(text);
        let (run, rest) = text.split_at(plain);
        out.extend_from_slice(run);
        let Some((special, rest)) = rest.split_first() else { return };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(DIGITS[usize::from(other >> 4)]);
                out.push(DIGITS[usize::from(other & 15)]);
            }
        }
        text = rest;
    }
}

/// Bytes before the first that must be escaped.
fn plain_len(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let stop = special_bytes(u64::from_le_bytes(*word));
        if stop != 0 {
            return at + stop.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    // The end as one more word: the last eight bytes, of which those that were looked at need no escape; of a shorter text all bytes,
    // filled up with blanks. Put together in a register: a word that was written byte by byte is read back slowly.
    if at == text.len() {
        return at;
    }
    let (from, word) = match text.last_chunk::<8>() {
        Some(last) => (text.len() - 8, u64::from_le_bytes(*last)),
        None => {
            let blanks = u64::from_le_bytes([b' '; 8]);
            (0, text.iter().rev().fold(blanks, |word, byte| word << 8 | u64::from(*byte)))
        }
    };
    let stop = special_bytes(word);
    if stop != 0 { from + stop.trailing_zeros() as usize / 8 } else { text.len() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_string_comes_back_whatever_stands_at_its_end(text in "[a-z\"\\\\\u{1}\n\u{e9}]{0,40}") {
            let mut json = Vec::new();
            put_string(&mut json, text.as_bytes());
            let plain = text.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\').unwrap_or(text.len());
            prop_assert_eq!(plain_len(text.as_bytes()), plain);
            prop_assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), text);
        }

        #[test]
        fn any_number_is_written_as_the_library_does(number in any::<i64>()) {
            for number in [number, number % 1_000, i64::MIN, i64::MAX, 0] {
                let mut out = Vec::new();
                put_number(&mut out, number);
                prop_assert_eq!(out, number.to_string().into_bytes());
            }
        }

        #[test]
        fn any_text_is_escaped_as_json(text in any::<String>()) {
            let mut out = Vec::new();
            put_string(&mut out, text.as_bytes());
            prop_assert_eq!(serde_json::from_slice::<String>(&out).ok(), Some(text));
        }
    }
}
