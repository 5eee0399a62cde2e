//! Values onto the tape, within the limits of an event.

use std::ops::Range;

use weir_event::{Leaf, LeafKind, NameId, Text, limits};

use super::{Key, Malformed, Meaning, Object, Parser, Plan, Vocabulary};

/// Tape entries of one event: scalars, and structure around them.
pub(super) const TAPE_ENTRIES_MAX: usize = 4 * limits::EVENT_LEAVES_MAX;
/// Duplicate keys of one event. Each costs a walk over the tape of its object.
pub(super) const DUPLICATES_MAX: u32 = 64;

impl<'a, V: Vocabulary> Parser<'a, V> {
    /// Reads one value onto the tape.
    #[inline]
    pub(super) fn value(&mut self, path: NameId, depth: usize) -> Result<(), Malformed> {
        if self.peek() != b'"' {
            return self.other_value(path, depth);
        }
        let text = self.string()?;
        self.push(path, LeafKind::String, text);
        Ok(())
    }

    /// The same for what is no string.
    fn other_value(&mut self, path: NameId, depth: usize) -> Result<(), Malformed> {
        match self.peek() {
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

    /// Takes an earlier property of the same path off the tape.
    #[cold]
    pub(super) fn remove_replaced(&mut self, object: &Object, key: &Key) {
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
        let replaced = values(self.leaves.get(object.tape_start..).unwrap_or_default()).find(|(first, _)| {
            let is_same = match map_key {
                None => first.kind != LeafKind::MapKey,
                Some(text) => first.kind == LeafKind::MapKey && self.bytes(first.text) == self.bytes(text),
            };
            first.path == path && is_same
        });
        if let Some((_, range)) = replaced {
            let range = object.tape_start + range.start..object.tape_start + range.end;
            self.scalars -= self.leaves[range.clone()].iter().filter(|leaf| leaf.kind.is_scalar()).count();
            self.leaves.drain(range);
        }
    }
}

/// The values of a tape that lie in nothing else: the first entry of each, and where it stands. A key that is data counts with its
/// value.
pub(crate) fn values(tape: &[Leaf]) -> impl Iterator<Item = (Leaf, Range<usize>)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (begin, first) = (at, *tape.get(at)?);
        let mut depth = 0_usize;
        while let Some(leaf) = tape.get(at) {
            match leaf.kind {
                LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
            if depth == 0 && leaf.kind != LeafKind::MapKey {
                break;
            }
        }
        Some((first, begin..at))
    })
}
