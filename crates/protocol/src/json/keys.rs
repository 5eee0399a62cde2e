//! The keys of a batch, and which of them followed which: what came next last time is compared first, so most keys are neither hashed
//! nor judged.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use weir_event::{NameId, Text};

use super::{Key, Malformed, Meaning, Object, Parser, Plan, Vocabulary};

/// Distinct keys remembered for one batch; further ones are looked up each time.
const KEYS_REMEMBERED_MAX: usize = 4_096;
/// Keys of one batch that are looked up in the source's names. Judging a new one costs as much as decoding a small event, so a
/// batch of nothing but new keys must have an end; an event beyond it is over the limit.
pub(super) const LOOK_UPS_MAX: u32 = 100_000;

/// The keys of a batch and which of them followed which.
#[derive(Default)]
pub(super) struct Keys {
    entries: Vec<KeyEntry>,
    arena: Vec<u8>,
    index: HashTable<u32>,
    twins: HashMap<(Plan, NameId, MeaningKey), u32, FixedState>,
    /// What one event has used of keys that are not remembered: (object, path, hash of the key).
    pub(super) loose: HashMap<(u32, NameId, u64), (), FixedState>,
    hasher: FixedState,
    last: usize,
}

/// A meaning as a key of a table: special numbers and paths do not meet.
type MeaningKey = (bool, u32);

struct KeyEntry {
    plan: Plan,
    parent: NameId,
    /// Where its text stands in the arena, with the quote and the colon behind it.
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

/// What stands behind a key nearly always, and so is compared with it.
const BEHIND: &[u8; 2] = b"\":";

impl KeyEntry {
    /// Where what is compared ends in the arena.
    #[inline]
    fn end(&self) -> usize {
        (self.start + self.len) as usize + BEHIND.len()
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
        self.arena.extend_from_slice(BEHIND);
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

impl<'a, V: Vocabulary> Parser<'a, V> {
    /// The key that came next last time, if it does again and its colon follows: nothing is looked up. Its text begins at `start`.
    #[inline(always)]
    pub(super) fn guessed_key(&mut self, object: &Object, start: usize) -> Option<Key> {
        let guess = self.keys.guess()?;
        let entry = self.keys.entries.get_mut(guess)?;
        let known = self.keys.arena.get(entry.start as usize..entry.end())?;
        let end = start + known.len();
        let is_it = entry.plan == object.plan
            && entry.parent == object.parent
            && self.text.get(start..end).is_some_and(|text| is_same(text, known));
        if !is_it {
            return None;
        }
        self.at = end;
        self.keys.last = guess;
        let (meaning, text) = (entry.meaning, Text { start: start as u32, len: entry.len });
        let is_repeated = if entry.twin as usize == guess {
            std::mem::replace(&mut entry.seen, object.serial) == object.serial
        } else {
            self.keys.mark(guess, object.serial)
        };
        let key = Key { meaning, text, is_repeated };
        if is_repeated {
            self.remove_replaced(object, &key);
        }
        Some(key)
    }

    /// Reads a key; the opening quote comes next.
    pub(super) fn key(&mut self, object: &Object) -> Result<Key, Malformed> {
        if let Some(key) = self.guessed_key(object, self.at + 1) {
            return Ok(key);
        }
        let text = self.string()?;
        let key = self.find_key(object, text);
        self.expect(b':')?;
        if key.is_repeated {
            self.remove_replaced(object, &key);
        }
        Ok(key)
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
}

/// Whether two texts of the same length are the same. Keys are short: to call for each costs more than to compare it.
#[inline]
fn is_same(text: &[u8], known: &[u8]) -> bool {
    debug_assert_eq!(text.len(), known.len());
    match known.len() {
        4..8 => text.first_chunk::<4>() == known.first_chunk() && text.last_chunk::<4>() == known.last_chunk(),
        8..=16 => text.first_chunk::<8>() == known.first_chunk() && text.last_chunk::<8>() == known.last_chunk(),
        17..=32 => text.first_chunk::<16>() == known.first_chunk() && text.last_chunk::<16>() == known.last_chunk(),
        _ => text == known,
    }
}
