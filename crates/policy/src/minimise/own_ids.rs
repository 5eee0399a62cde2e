//! Values that repeat or hold one of the event's own ids: the id is tagged, and not stored.

use std::borrow::Cow;

use weir_event::{DraftBatch, LeafKind, Text};

use super::identities::DEVICE_PREFIX;

/// Shorter ids, and group names, are too common as values to be told apart from them.
pub(super) const REPEATED_ID_BYTES_MIN: usize = 4;

/// Shorter ids are not looked for inside longer texts.
const HELD_ID_BYTES_MIN: usize = 6;

/// Whether a value is one of the event's own ids, which are tagged and not stored.
#[inline]
pub(super) fn repeats_an_id(batch: &DraftBatch, ids: &[Text], text: &[u8]) -> bool {
    // The ids in `ids` are trimmed, so a shorter text is none of them. Most end here.
    ids.iter().any(|id| {
        id.len as usize <= text.len() && {
            let value = text.strip_prefix(DEVICE_PREFIX).unwrap_or(text).trim_ascii();
            batch.bytes(*id) == value
        }
    })
}

/// Whether a value is one of the event's own ids, or a longer text that holds one. Numbers are compared as a whole only.
#[inline]
pub(super) fn holds_an_id(batch: &DraftBatch, ids: &[Text], kind: LeafKind, text: &[u8]) -> bool {
    repeats_an_id(batch, ids, text)
        || kind != LeafKind::Number
            && ids.iter().any(|id| {
                let len = id.len as usize;
                len >= HELD_ID_BYTES_MIN && len < text.len() && {
                    let id = batch.bytes(*id);
                    find(text, id, |at| stands_apart(text, at, id))
                }
            })
}

/// Whether `id` stands somewhere in `text` where `is_it` says so. Most texts are short: a search with a table would cost more than
/// it saves.
#[inline]
fn find(text: &[u8], id: &[u8], is_it: impl Fn(usize) -> bool) -> bool {
    const SHORT_BYTES_MAX: usize = 64;
    let ([first, ..], [.., last]) = (id, id) else { return false };
    if text.len() > SHORT_BYTES_MAX {
        return memchr::memmem::find_iter(text, id).any(is_it);
    }
    let ends = text.get(id.len() - 1..).unwrap_or_default();
    text.iter()
        .zip(ends)
        .enumerate()
        .any(|(at, (begin, end))| begin == first && end == last && text[at..].starts_with(id) && is_it(at))
}

/// A short id is also a part of longer words, and one that begins or ends in a digit of longer numbers: these are others.
fn stands_apart(text: &[u8], at: usize, id: &[u8]) -> bool {
    const WORD_BYTES_MAX: usize = 7;
    let goes_on = |edge: Option<&u8>, beside: Option<&u8>| match (edge, beside) {
        (Some(edge), Some(beside)) if id.len() > WORD_BYTES_MAX => edge.is_ascii_digit() && beside.is_ascii_digit(),
        (_, Some(beside)) => beside.is_ascii_alphanumeric(),
        (_, None) => false,
    };
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    !goes_on(id.first(), before) && !goes_on(id.last(), text.get(at + id.len()))
}

pub(super) fn trimmed(batch: &DraftBatch, text: Text) -> Text {
    let bytes = batch.bytes(text);
    let before = bytes.len() - bytes.trim_ascii_start().len();
    Text { start: text.start + before as u32, len: bytes.trim_ascii().len() as u32 }
}

/// A URL whose host or path segments that hold one of the event's own ids became `*`. What stands in the query goes with the query.
pub(super) fn without_ids<'t>(batch: &DraftBatch, ids: &[Text], url: &'t [u8]) -> Cow<'t, [u8]> {
    // What is decoded or cut is shorter, so a segment shorter than every id is none of them.
    let Some(shortest) = ids.iter().map(|id| id.len as usize).min() else { return Cow::Borrowed(url) };
    let is_id = |segment: &[u8]| {
        if segment.len() < shortest {
            return false;
        }
        let segment = segment.split(|b| *b == b';').next().unwrap_or_default();
        !segment.is_empty() && holds_an_id(batch, ids, LeafKind::String, &percent_decoded(segment))
    };
    let (path, rest) = url.split_at(memchr::memchr2(b'?', b'#', url).unwrap_or(url.len()));
    // Where nothing is encoded, a segment that is or holds an id has it byte for byte, and so has the path. Most end here.
    if !path.contains(&b'%') && !ids.iter().any(|id| find(path, batch.bytes(*id), |_| true)) {
        return Cow::Borrowed(url);
    }
    if !path.split(|b| *b == b'/').any(is_id) {
        return Cow::Borrowed(url);
    }
    let segments: Vec<&[u8]> = path.split(|b| *b == b'/').map(|s| if is_id(s) { b"*".as_slice() } else { s }).collect();
    let mut out = segments.join(&b'/');
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let digit = |at: usize| text.get(at).and_then(|b| char::from(*b).to_digit(16)).map(|d| d as u8);
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}
