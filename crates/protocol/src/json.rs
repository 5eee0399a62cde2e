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

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use std::hash::BuildHasher;
use weir_event::{Leaf, LeafKind, NameId, SourceNames, Text, limits};

use crate::body::{base64, utf8};

/// Tape entries of one event: scalars, and structure around them.
const TAPE_ENTRIES_MAX: usize = 4 * limits::EVENT_LEAVES_MAX;
/// Duplicate keys of one event. Each costs a walk over the tape of its object.
const DUPLICATES_MAX: u32 = 64;
/// Nesting that is still checked, not kept. Deeper text is refused as a whole.
const SKIP_DEPTH_MAX: usize = 1_024;
/// Keys of one batch that are looked up in the source's names. Judging a new one costs as much as decoding a small event, so a
/// batch of nothing but new keys must have an end; an event beyond it is over the limit.
const LOOK_UPS_MAX: u32 = 100_000;
/// Distinct keys remembered for one batch; further ones are looked up each time.
const KEYS_REMEMBERED_MAX: usize = 4_096;

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

/// The keys of a batch and which of them followed which.
#[derive(Default)]
struct Keys {
    entries: Vec<KeyEntry>,
    arena: Vec<u8>,
    index: HashTable<u32>,
    twins: HashMap<(Plan, NameId, Meaning2), u32, FixedState>,
    /// What one event has used of keys that are not remembered: (object, path, hash of the key).
    loose: HashMap<(u32, NameId, u64), (), FixedState>,
    hasher: FixedState,
    last: usize,
}

/// A meaning as a key of a table: special numbers and paths do not meet.
type Meaning2 = (bool, u32);

struct KeyEntry {
    plan: Plan,
    parent: NameId,
    start: u32,
    len: u32,
    meaning: Meaning,
    /// The first entry with the same meaning in the same sort of object; it keeps the mark.
    twin: u32,
    /// The object that used it last.
    seen: u32,
    /// What followed it last time.
    next: u32,
}

/// What a vendor's answer says, if it is JSON, has no more bytes than this, and `read` finds in it what it looks for.
pub(crate) fn read_answer<V: Vocabulary, T>(
    body: &[u8],
    bytes_max: usize,
    names: &SourceNames,
    vocabulary: V,
    read: impl FnOnce(&mut Parser<'_, V>) -> Result<T, Malformed>,
) -> Option<T> {
    if body.len() > bytes_max {
        return None;
    }
    let mut text = String::from_utf8_lossy(body).into_owned().into_bytes();
    let mut leaves = Vec::new();
    read(&mut Parser::new(&mut text, &mut leaves, names, vocabulary)).ok()
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
        let key = self.key(object)?;
        if self.text.get(self.at) == Some(&b':') {
            self.at += 1;
        } else {
            self.expect(b':')?;
        }
        if key.is_repeated {
            self.remove_replaced(object, &key);
        }
        Ok(Some(key))
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

    /// Reads past one value. The text stays as it is.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek() {
                b'"' => self.skip_string()?,
                byte @ (b'{' | b'[') => {
                    self.at += 1;
                    if open.len() == SKIP_DEPTH_MAX {
                        return Err(Malformed(self.at));
                    }
                    let close = byte + 2; // `}` and `]` each stand two after their opening in ASCII.
                    if self.peek() == close {
                        self.at += 1;
                    } else {
                        open.push(close);
                        self.skip_key(byte)?;
                        continue;
                    }
                }
                _ => {
                    self.bare()?;
                }
            }
            loop {
                let Some(&close) = open.last() else { return Ok(()) };
                match self.peek() {
                    b',' => {
                        self.at += 1;
                        self.skip_key(close - 2)?;
                        break;
                    }
                    byte if byte == close => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return Err(Malformed(self.at)),
                }
            }
        }
    }

    fn skip_key(&mut self, opening: u8) -> Result<(), Malformed> {
        if opening == b'{' {
            if self.peek() != b'"' {
                return Err(Malformed(self.at));
            }
            self.skip_string()?;
            self.expect(b':')?;
        }
        Ok(())
    }

    /// Reads one value onto the tape.
    fn value(&mut self, path: NameId, depth: usize) -> Result<(), Malformed> {
        match self.peek() {
            b'"' => {
                let text = self.string()?;
                self.push(path, LeafKind::String, text);
                Ok(())
            }
            b'{' | b'[' if depth >= limits::JSON_DEPTH_MAX => {
                self.is_over_limit = true;
                self.skip()
            }
            b'{' => {
                self.push(path, LeafKind::ObjectBegin, Text::default());
                let mut object = self.begin_object(Plan::NESTED, path)?;
                while let Some(key) = self.next_key(&mut object)? {
                    match key.meaning {
                        Meaning::Property(below) => self.value(below, depth + 1)?,
                        Meaning::MapKey(below) => {
                            self.push(below, LeafKind::MapKey, key.text);
                            self.value(below, depth + 1)?;
                        }
                        _ => self.drop_unnamed()?,
                    }
                }
                self.push(path, LeafKind::ObjectEnd, Text::default());
                Ok(())
            }
            b'[' => {
                self.push(path, LeafKind::ArrayBegin, Text::default());
                self.at += 1;
                let element = self.element(path);
                let mut is_first = true;
                while self.next_element(&mut is_first)? {
                    self.value(element, depth + 1)?;
                }
                self.push(path, LeafKind::ArrayEnd, Text::default());
                Ok(())
            }
            _ => {
                let (kind, text) = self.bare()?;
                self.push(path, kind, text);
                Ok(())
            }
        }
    }

    /// Adds an entry to the tape, within the limits.
    #[inline]
    pub fn push(&mut self, path: NameId, kind: LeafKind, text: Text) {
        self.scalars += usize::from(kind.is_scalar());
        if self.scalars > limits::EVENT_LEAVES_MAX || self.leaves.len() - self.event_start >= TAPE_ENTRIES_MAX {
            self.is_over_limit = true;
        }
        if !self.is_over_limit {
            self.leaves.push(Leaf { path, kind, text });
        }
    }

    fn element(&mut self, path: NameId) -> NameId {
        let names = self.names;
        *self.elements.entry(path).or_insert_with(|| names.element(path))
    }

    /// Reads a key; the opening quote comes next.
    #[inline]
    fn key(&mut self, object: &Object) -> Result<Key, Malformed> {
        let start = self.at + 1;
        if let Some(guess) = self.keys.guess()
            && let Some(entry) = self.keys.entries.get(guess)
            && entry.plan == object.plan
            && entry.parent == object.parent
        {
            let known = &self.keys.arena[entry.start as usize..(entry.start + entry.len) as usize];
            let end = start + known.len();
            if self.text.get(end) == Some(&b'"') && self.text.get(start..end).is_some_and(|text| is_same(text, known)) {
                self.at = end + 1;
                let text = Text { start: start as u32, len: entry.len };
                let meaning = entry.meaning;
                self.keys.last = guess;
                let is_repeated = self.keys.mark(guess, object.serial);
                return Ok(Key { meaning, text, is_repeated });
            }
        }
        let text = self.string()?;
        Ok(self.find_key(object, text))
    }

    fn find_key(&mut self, object: &Object, text: Text) -> Key {
        let bytes = self.text.get(text.start as usize..(text.start + text.len) as usize).unwrap_or_default();
        let hash = self.keys.hasher.hash_one((object.plan, object.parent, bytes));
        if let Some(found) = self.keys.find(hash, object.plan, object.parent, bytes) {
            self.keys.follow(found);
            let meaning = self.keys.entries[found].meaning;
            return Key { meaning, text, is_repeated: self.keys.mark(found, object.serial) };
        }
        let key = std::str::from_utf8(bytes).unwrap_or_default();
        let special = if object.plan == Plan::NESTED { None } else { self.vocabulary.meaning(object.plan, key) };
        // Judging a new name is the dear part, so an event over its limits gets no more of it.
        if special.is_none() {
            self.look_ups += 1;
            self.is_over_limit |= self.look_ups > LOOK_UPS_MAX;
        }
        let meaning = match special {
            Some(meaning) => meaning,
            None if self.is_over_limit => Meaning::Unnamed,
            None => match self.names.path(object.parent, key) {
                (NameId::UNNAMED, _) => Meaning::Unnamed,
                (path, true) => Meaning::MapKey(path),
                (path, false) => Meaning::Property(path),
            },
        };
        // Keys that are data have no bound, and neither have unclean ones: only names and specials are remembered.
        let is_name = matches!(meaning, Meaning::Property(_) | Meaning::Special(_));
        let is_repeated = if is_name && self.keys.entries.len() < KEYS_REMEMBERED_MAX {
            let new = self.keys.remember(hash, object, bytes, meaning);
            self.keys.follow(new);
            self.keys.mark(new, object.serial)
        } else {
            match meaning {
                Meaning::Property(path) => self.keys.mark_loose(object.serial, path, 0),
                Meaning::Special(n) => self.keys.mark_loose(object.serial, NameId::UNNAMED, u64::from(n)),
                Meaning::MapKey(path) => self.keys.mark_loose(object.serial, path, hash | 1),
                Meaning::Unnamed => false,
            }
        };
        Key { meaning, text, is_repeated }
    }

    /// Takes an earlier property of the same path off the tape.
    #[cold]
    fn remove_replaced(&mut self, object: &Object, key: &Key) {
        let (path, map_key) = match key.meaning {
            Meaning::Property(path) => (path, None),
            Meaning::MapKey(path) => (path, Some(key.text)),
            _ => return,
        };
        self.duplicates += 1;
        if self.duplicates > DUPLICATES_MAX {
            self.is_over_limit = true;
        }
        if self.is_over_limit {
            return;
        }
        let mut at = object.tape_start;
        while let Some(leaf) = self.leaves.get(at) {
            let is_key = leaf.kind == LeafKind::MapKey;
            let end = self.end_of_value(at + usize::from(is_key));
            let same = match map_key {
                None => !is_key && leaf.path == path,
                Some(text) => is_key && leaf.path == path && self.bytes(leaf.text) == self.bytes(text),
            };
            if same {
                let scalars = self.leaves[at..end].iter().filter(|leaf| leaf.kind.is_scalar()).count();
                self.scalars -= scalars;
                self.leaves.drain(at..end);
                return;
            }
            at = end;
        }
    }

    /// The place after the value at `at`.
    fn end_of_value(&self, mut at: usize) -> usize {
        let mut depth = 0_usize;
        while let Some(leaf) = self.leaves.get(at) {
            match leaf.kind {
                LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
            if depth == 0 && leaf.kind != LeafKind::MapKey {
                return at;
            }
        }
        at
    }

    /// Reads a string; the opening quote comes next. Unescapes in place.
    #[inline]
    fn string(&mut self) -> Result<Text, Malformed> {
        let start = self.at + 1;
        let end = self.plain_until(start);
        match self.text.get(end) {
            Some(b'"') => {
                self.at = end + 1;
                Ok(Text { start: start as u32, len: (end - start) as u32 })
            }
            Some(b'\\') => self.escaped_string(start, end),
            _ => Err(Malformed(end)),
        }
    }

    /// The first byte from `at` that is a quote, a backslash or a control character.
    #[inline]
    fn plain_until(&self, mut at: usize) -> usize {
        while let Some(word) = self.text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let stop = special_bytes(u64::from_le_bytes(*word));
            if stop != 0 {
                return at + stop.trailing_zeros() as usize / 8;
            }
            at += 8;
        }
        let rest = self.text.get(at..).unwrap_or_default();
        at + rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
    }

    /// Goes on at the first backslash of a string. JSON in a text of JSON is full of escaped quotes, so what stands between two
    /// escapes is moved by words.
    fn escaped_string(&mut self, start: usize, first: usize) -> Result<Text, Malformed> {
        let (mut read, mut write) = (first, first);
        loop {
            match self.text.get(read) {
                Some(b'"') => {
                    self.at = read + 1;
                    return Ok(Text { start: start as u32, len: (write - start) as u32 });
                }
                Some(b'\\') => {
                    // An escape is never shorter than what it stands for: 2 to 1, 6 to at most 3, 12 to 4.
                    if let Some(same @ (b'"' | b'\\' | b'/')) = self.text.get(read + 1).copied() {
                        self.text[write] = same;
                        write += 1;
                        read += 2;
                        continue;
                    }
                    let (c, len) = escape(self.text.get(read..).unwrap_or_default()).ok_or(Malformed(read))?;
                    let mut utf8 = [0; 4];
                    let utf8 = c.encode_utf8(&mut utf8).as_bytes();
                    if let Some(to) = self.text.get_mut(write..write + utf8.len()) {
                        to.copy_from_slice(utf8);
                    }
                    write += utf8.len();
                    read += len;
                }
                Some(0x20..) => (read, write) = self.move_plain(read, write),
                _ => return Err(Malformed(read)),
            }
        }
    }

    /// Moves what is plain from `read` to `write`, which lies before it: where it ends, and where it has come to.
    #[inline]
    fn move_plain(&mut self, mut read: usize, mut write: usize) -> (usize, usize) {
        while let Some(&word) = self.text.get(read..).and_then(|rest| rest.first_chunk::<8>()) {
            let stop = special_bytes(u64::from_le_bytes(word));
            let plain = if stop == 0 { 8 } else { stop.trailing_zeros() as usize / 8 };
            if let Some(to) = self.text.get_mut(write..).and_then(|rest| rest.first_chunk_mut::<8>()) {
                // A word of both: what is plain, and behind it what stands there and is still to be read.
                let kept = u64::MAX.checked_shl(8 * plain as u32).unwrap_or(0);
                *to = (u64::from_le_bytes(word) & !kept | u64::from_le_bytes(*to) & kept).to_le_bytes();
            }
            read += plain;
            write += plain;
            if plain < 8 {
                return (read, write);
            }
        }
        let end = self.plain_until(read);
        self.text.copy_within(read..end, write);
        (end, write + end - read)
    }

    fn skip_string(&mut self) -> Result<(), Malformed> {
        let mut at = self.at + 1;
        loop {
            at = self.plain_until(at);
            match self.text.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(());
                }
                Some(b'\\') => at += escape(self.text.get(at..).unwrap_or_default()).ok_or(Malformed(at))?.1,
                _ => return Err(Malformed(at)),
            }
        }
    }

    /// Reads a number or a literal.
    #[inline]
    fn bare(&mut self) -> Result<(LeafKind, Text), Malformed> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let literal = |word: &'static [u8], kind| if rest.starts_with(word) { Some((word.len(), kind)) } else { None };
        let found = match rest.first() {
            Some(b't') => literal(b"true", LeafKind::True),
            Some(b'f') => literal(b"false", LeafKind::False),
            Some(b'n') => literal(b"null", LeafKind::Null),
            Some(b'N') => literal(b"NaN", LeafKind::Null),
            Some(b'I') => literal(b"Infinity", LeafKind::Null),
            Some(b'-') if rest.get(1) == Some(&b'I') => literal(b"-Infinity", LeafKind::Null),
            Some(b'-' | b'0'..=b'9') => number_len(rest).map(|len| (len, LeafKind::Number)),
            _ => None,
        };
        let (len, kind) = found.ok_or(Malformed(start))?;
        self.at = start + len;
        let text = Text { start: start as u32, len: len as u32 };
        Ok((kind, if kind == LeafKind::Number { text } else { Text::default() }))
    }
}

impl Keys {
    #[inline]
    fn guess(&self) -> Option<usize> {
        self.entries.get(self.last).map(|entry| entry.next as usize)
    }

    fn find(&self, hash: u64, plan: Plan, parent: NameId, bytes: &[u8]) -> Option<usize> {
        let same = |i: &u32| {
            self.entries.get(*i as usize).is_some_and(|e| {
                e.plan == plan
                    && e.parent == parent
                    && self.arena.get(e.start as usize..(e.start + e.len) as usize) == Some(bytes)
            })
        };
        self.index.find(hash, same).map(|i| *i as usize)
    }

    /// Notes that `entry` came after the last one.
    fn follow(&mut self, entry: usize) {
        if let Some(last) = self.entries.get_mut(self.last) {
            last.next = entry as u32;
        }
        self.last = entry;
    }

    /// Notes that an object used it; whether it had done so before.
    #[inline]
    fn mark(&mut self, entry: usize, serial: u32) -> bool {
        let twin = self.entries[entry].twin as usize;
        std::mem::replace(&mut self.entries[twin].seen, serial) == serial
    }

    fn mark_loose(&mut self, serial: u32, path: NameId, hash: u64) -> bool {
        self.loose.insert((serial, path, hash), ()).is_some()
    }

    fn remember(&mut self, hash: u64, object: &Object, bytes: &[u8], meaning: Meaning) -> usize {
        let new = self.entries.len();
        if new == 0 {
            // Room for a usual batch at once: a request of one event must not pay for growing step by step.
            self.entries.reserve(64);
            self.arena.reserve(1_024);
            self.index.reserve(64, |_| 0);
            self.twins.reserve(64);
        }
        let same = match meaning {
            Meaning::Property(path) => (false, path.0),
            Meaning::Special(n) => (true, u32::from(n)),
            Meaning::MapKey(_) | Meaning::Unnamed => (true, u32::MAX), // never remembered
        };
        let twin = *self.twins.entry((object.plan, object.parent, same)).or_insert(new as u32);
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(bytes);
        self.entries.push(KeyEntry {
            plan: object.plan,
            parent: object.parent,
            start,
            len: bytes.len() as u32,
            meaning,
            twin,
            seen: 0,
            next: 0,
        });
        let (entries, arena, hasher) = (&self.entries, &self.arena, &self.hasher);
        self.index.insert_unique(hash, new as u32, |i| {
            let e = &entries[*i as usize];
            hasher.hash_one((e.plan, e.parent, &arena[e.start as usize..(e.start + e.len) as usize]))
        });
        new
    }
}

/// Whether two texts of the same length are the same. Keys are short: to call for each costs more than to compare it.
#[inline]
fn is_same(text: &[u8], known: &[u8]) -> bool {
    debug_assert_eq!(text.len(), known.len());
    match known.len() {
        4..8 => text.first_chunk::<4>() == known.first_chunk() && text.last_chunk::<4>() == known.last_chunk(),
        8..=16 => text.first_chunk::<8>() == known.first_chunk() && text.last_chunk::<8>() == known.last_chunk(),
        _ => text == known,
    }
}

/// The high bit of each byte that is a quote, a backslash or below 0x20; bits above the first such byte may be wrong.
#[inline]
pub(crate) const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    let quote = word ^ (ONES * b'"' as u64);
    let slash = word ^ (ONES * b'\\' as u64);
    ((quote.wrapping_sub(ONES) & !quote)
        | (slash.wrapping_sub(ONES) & !slash)
        | (word.wrapping_sub(ONES * 0x20) & !word))
        & HIGHS
}

/// One escape at the front of `bytes`: what it stands for and how long it is. Lone surrogates stand for U+FFFD.
fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let simple = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = hex4(bytes.get(2..6)?)?;
            if !(0xd800..0xe000).contains(&unit) {
                return Some((char::from_u32(unit)?, 6));
            }
            if unit < 0xdc00
                && bytes.get(6..8) == Some(b"\\u")
                && let Some(low @ 0xdc00..0xe000) = bytes.get(8..12).and_then(hex4)
            {
                return Some((char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))?, 12));
            }
            return Some((char::REPLACEMENT_CHARACTER, 6));
        }
        _ => return None,
    };
    Some((simple, 2))
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | (*digit as char).to_digit(16)?))
}

/// Whether a text is a number of JSON.
pub(crate) fn is_number(bytes: &[u8]) -> bool {
    number_len(bytes) == Some(bytes.len())
}

/// The length of the number at the front of `bytes`.
#[inline]
fn number_len(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

#[cfg(test)]
mod tests;
