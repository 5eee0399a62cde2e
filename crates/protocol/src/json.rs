//! JSON text to tape, in one pass and in place.
//!
//! Our own parser, because at the budget of a few microseconds per event every byte may be touched once: the general parsers
//! build a tree, copy each string and hash each key, and have done so before policy has looked at anything. Here strings are
//! unescaped where they stand, values become ranges of the text, numbers stay the lexemes they were (D9), and keys are not read at
//! all where they are the ones that followed last time: one comparison tells.
//!
//! - Strict grammar of RFC 8259, with one exception: `NaN`, `Infinity` and `-Infinity`, which Python's `json` writes, read as `null`.
//! - Lone surrogate escapes become U+FFFD (D9). The text itself must be UTF-8; [`crate::body`] sees to that.
//! - Duplicate keys: the last one wins, decided here, before any scan (D9). Two keys are the same if they have the same path.
//! - Keys that look like data become [`LeafKind::MapKey`] leaves. Unclean keys are dropped with their value and counted (D1).
//! - Limits: nesting, scalars and tape entries of one event, duplicates of one event. Over one, the event is
//!   [`Parser::is_over_limit`] and the rest of it is only checked as to grammar, so the batch goes on.
//!
//! The parser knows no vendor. What a key means is asked of a [`Vocabulary`] once per distinct key and remembered for the batch.

mod keys;
mod lexemes;
mod skip;
mod tape;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use weir_event::{Leaf, LeafKind, NameId, SourceNames, Text, limits};

use crate::body::{base64, utf8};
use keys::Keys;

pub(crate) use lexemes::{is_number, special_bytes};
pub(crate) use tape::values;

/// The text is not JSON. The position is all that may be said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed(pub usize);

/// Which sort of object is read: 0 holds properties, other numbers are a vocabulary's own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Plan(pub u8);

impl Plan {
    /// An object inside a property: every key is a property's name.
    pub const NESTED: Plan = Plan(0);
}

/// What a key means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// A property at this path.
    Property(NameId),
    /// A property whose key looks like data: the key itself is a value.
    MapKey(NameId),
    /// Something that the vendor's decoder takes; the number is its own.
    Special(u8),
    /// An unclean key: drop the value and count it.
    Unnamed,
}

/// Knows the keys of one vendor's objects.
pub trait Vocabulary {
    /// What `key` means in an object of this plan (never [`Plan::NESTED`]); `None` for a property by its own name.
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning>;
}

/// An object being read.
#[derive(Debug)]
pub struct Object {
    plan: Plan,
    parent: NameId,
    serial: u32,
    tape_start: usize,
    is_first: bool,
}

/// Where a walk over a value stands that may be one or a list of several.
#[derive(Default)]
pub enum OneOrMore {
    /// Before it.
    #[default]
    NotBegun,
    /// In a list.
    List {
        /// Before its first element.
        is_first: bool,
    },
    /// Behind the one.
    Over,
}

/// A key that was read; its value comes next.
#[derive(Clone, Copy)]
pub struct Key {
    /// What it means.
    pub meaning: Meaning,
    /// Its text.
    pub text: Text,
    /// Whether the object had a key of the same meaning before, which this one replaces.
    pub is_repeated: bool,
}

/// A scalar that a vendor's decoder takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scalar {
    /// What it is.
    pub kind: LeafKind,
    /// Its text, for numbers and strings.
    pub text: Text,
}

impl Scalar {
    /// The text of a number, or of a string that is not empty.
    pub fn said(self) -> Option<Text> {
        (self.kind.has_text() && self.text.len > 0).then_some(self.text)
    }
}

/// Reads one text.
pub struct Parser<'a, V> {
    text: &'a mut [u8],
    at: usize,
    leaves: &'a mut Vec<Leaf>,
    names: &'a SourceNames,
    vocabulary: V,
    keys: Keys,
    elements: HashMap<NameId, NameId, FixedState>,
    serial: u32,
    event_start: usize,
    scalars: usize,
    duplicates: u32,
    unnamed: u32,
    look_ups: u32,
    is_over_limit: bool,
}

impl<'a, V: Vocabulary> Parser<'a, V> {
    /// A parser at the start of `text`, which must be UTF-8. Tapes are appended to `leaves`.
    pub fn new(text: &'a mut [u8], leaves: &'a mut Vec<Leaf>, names: &'a SourceNames, vocabulary: V) -> Parser<'a, V> {
        let at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let event_start = leaves.len();
        Parser {
            text,
            at,
            leaves,
            names,
            vocabulary,
            keys: Keys::default(),
            elements: HashMap::default(),
            serial: 0,
            event_start,
            scalars: 0,
            duplicates: 0,
            unnamed: 0,
            look_ups: 0,
            is_over_limit: false,
        }
    }

    /// Begins the tape and the counts of an event.
    pub fn begin_event(&mut self) {
        self.event_start = self.leaves.len();
        self.scalars = 0;
        self.duplicates = 0;
        self.unnamed = 0;
        self.is_over_limit = false;
        self.keys.loose.clear();
    }

    /// Begins another tape of the same event; the limits of its tape go on, the count of unclean keys begins anew.
    pub fn begin_tape(&mut self) {
        self.event_start = self.leaves.len();
        self.unnamed = 0;
    }

    /// Where the tape of the event begins.
    pub fn event_start(&self) -> usize {
        self.event_start
    }

    /// Ends a tape: its range, emptied where the event is over a limit.
    pub fn end_tape(&mut self) -> std::ops::Range<u32> {
        if self.is_over_limit {
            self.leaves.truncate(self.event_start);
        }
        self.event_start as u32..self.leaves.len() as u32
    }

    /// Properties of this event dropped for their key.
    pub fn unnamed(&self) -> u32 {
        self.unnamed
    }

    /// Counts one more. Unclean keys leave nothing on the tape, so they have the limit of scalars for themselves.
    pub fn count_unnamed(&mut self) {
        self.unnamed += 1;
        if self.unnamed as usize > limits::EVENT_LEAVES_MAX {
            self.is_over_limit = true;
        }
    }

    /// Reads past a value whose key is unclean.
    pub fn drop_unnamed(&mut self) -> Result<(), Malformed> {
        self.count_unnamed();
        self.skip()
    }

    /// Whether the event is over a limit; its tape is then not whole.
    pub fn is_over_limit(&self) -> bool {
        self.is_over_limit
    }

    /// Where the parser stands.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Goes back to a value that was skipped. Only values that were skipped may be read again: reading changes the text.
    pub fn go_to(&mut self, position: usize) {
        self.at = position;
    }

    /// Goes into a string that was read: JSON in a text of JSON. What is read there ends where the string ends, which is what this
    /// gives back for [`Parser::ends_at`]. Leave by [`Parser::go_to`].
    pub fn enter(&mut self, text: Text) -> usize {
        let end = (text.start + text.len) as usize;
        // Behind a string stands its quote, or what unescaping left over: a byte that no JSON goes on with and no key holds.
        if let Some(behind) = self.text.get_mut(end) {
            *behind = 0;
        }
        self.at = text.start as usize;
        end
    }

    /// Whether only blanks are left before `end`.
    pub fn ends_at(&mut self, end: usize) -> bool {
        self.peek();
        self.at == end
    }

    /// Decodes base64 where it stands, in a string that was read. `None` where it is none.
    pub fn decode_base64(&mut self, text: Text) -> Option<Text> {
        let decoded = utf8::repair(base64::decode(self.bytes(text))?);
        let start = text.start as usize;
        // What was encoded is shorter, unless repairing it made it longer than it was encoded.
        let place = self.text.get_mut(start..start + decoded.len()).filter(|place| place.len() <= text.len as usize)?;
        place.copy_from_slice(&decoded);
        Some(Text { start: text.start, len: decoded.len() as u32 })
    }

    /// The bytes of a range.
    pub fn bytes(&self, text: Text) -> &[u8] {
        self.text.get(text.start as usize..(text.start + text.len) as usize).unwrap_or_default()
    }

    /// A range as text.
    pub fn str(&self, text: Text) -> &str {
        std::str::from_utf8(self.bytes(text)).unwrap_or_default()
    }

    /// The source's names.
    pub fn names(&self) -> &'a SourceNames {
        self.names
    }

    /// The vocabulary.
    pub fn vocabulary(&self) -> &V {
        &self.vocabulary
    }

    /// The tape of the event so far.
    pub fn tape(&mut self) -> &mut Vec<Leaf> {
        self.leaves
    }

    /// The next byte that is not blank; 0 at the end.
    #[inline]
    pub fn peek(&mut self) -> u8 {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    /// Whether only blanks are left.
    pub fn is_done(&mut self) -> bool {
        self.peek();
        self.at >= self.text.len()
    }

    /// Consumes `byte`, which must come next.
    #[inline]
    pub fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() == byte && self.at < self.text.len() {
            self.at += 1;
            Ok(())
        } else {
            Err(Malformed(self.at))
        }
    }

    /// Between elements of an array: `false` at its end. Call it before each element.
    #[inline]
    pub fn next_element(&mut self, is_first: &mut bool) -> Result<bool, Malformed> {
        match self.peek() {
            b']' => {
                self.at += 1;
                Ok(false)
            }
            b',' if !*is_first => {
                self.at += 1;
                if self.peek() == b']' { Err(Malformed(self.at)) } else { Ok(true) }
            }
            _ if *is_first => {
                *is_first = false;
                Ok(true)
            }
            _ => Err(Malformed(self.at)),
        }
    }

    /// Between the elements of a list, or around a value that is none: `false` behind the last. Call it before each.
    pub fn next_of(&mut self, walk: &mut OneOrMore) -> Result<bool, Malformed> {
        match walk {
            OneOrMore::NotBegun if self.peek() == b'[' => {
                self.expect(b'[')?;
                let mut is_first = true;
                let is_next = self.next_element(&mut is_first)?;
                *walk = OneOrMore::List { is_first };
                Ok(is_next)
            }
            OneOrMore::NotBegun => {
                *walk = OneOrMore::Over;
                Ok(true)
            }
            OneOrMore::List { is_first } => self.next_element(is_first),
            OneOrMore::Over => Ok(false),
        }
    }

    /// Enters an object; `{` must come next.
    #[inline]
    pub fn begin_object(&mut self, plan: Plan, parent: NameId) -> Result<Object, Malformed> {
        self.expect(b'{')?;
        self.serial = self.serial.wrapping_add(1);
        Ok(Object { plan, parent, serial: self.serial, tape_start: self.leaves.len(), is_first: true })
    }

    /// Enters another object that goes on where `object` ended: a key that both have is repeated, and the later one wins.
    pub fn reopen_object(&mut self, object: &mut Object) -> Result<(), Malformed> {
        self.expect(b'{')?;
        object.is_first = true;
        Ok(())
    }

    /// The next key of an object and its meaning; `None` at the object's end. A property that an earlier key of the same path
    /// left on the tape is removed.
    #[inline]
    pub fn next_key(&mut self, object: &mut Object) -> Result<Option<Key>, Malformed> {
        // Most keys: the one that came next last time, and no blank before it.
        if !object.is_first
            && self.text.get(self.at..).is_some_and(|rest| rest.starts_with(b",\""))
            && let Some(key) = self.guessed_key(object, self.at + 2)
        {
            return Ok(Some(key));
        }
        self.next_key_closer(object)
    }

    #[inline(never)]
    fn next_key_closer(&mut self, object: &mut Object) -> Result<Option<Key>, Malformed> {
        match self.peek() {
            b'}' => {
                self.at += 1;
                return Ok(None);
            }
            b',' if !object.is_first => {
                self.at += 1;
                if self.peek() != b'"' {
                    return Err(Malformed(self.at));
                }
            }
            b'"' if object.is_first => object.is_first = false,
            _ => return Err(Malformed(self.at)),
        }
        self.key(object).map(Some)
    }

    /// Reads the value of a property that [`Parser::next_key`] announced.
    #[inline]
    pub fn property(&mut self, key: &Key) -> Result<(), Malformed> {
        match key.meaning {
            Meaning::Property(path) => self.value(path, 1),
            Meaning::MapKey(path) => {
                self.push(path, LeafKind::MapKey, key.text);
                self.value(path, 1)
            }
            Meaning::Unnamed | Meaning::Special(_) => self.drop_unnamed(),
        }
    }

    /// Reads a scalar, not onto the tape. `None` for an object or an array, which is skipped.
    pub fn scalar(&mut self) -> Result<Option<Scalar>, Malformed> {
        let scalar = |kind, text| Ok(Some(Scalar { kind, text }));
        match self.peek() {
            b'"' => {
                let text = self.string()?;
                scalar(LeafKind::String, text)
            }
            b'{' | b'[' => self.skip().map(|()| None),
            _ => {
                let (kind, text) = self.bare()?;
                scalar(kind, text)
            }
        }
    }
}

#[cfg(test)]
mod tests;
