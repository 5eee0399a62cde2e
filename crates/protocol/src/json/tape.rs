//! Values onto the tape, within the limits of an event.

use weir_event::{Leaf, LeafKind, NameId, Text, limits};

use super::{Key, Malformed, Meaning, Object, Parser, Plan, Vocabulary};

/// Tape entries of one event: scalars, and structure around them.
pub(super) const TAPE_ENTRIES_MAX: usize = 4 * limits::EVENT_LEAVES_MAX;
/// Duplicate keys of one event. Each costs a walk over the tape of its object.
pub(super) const DUPLICATES_MAX: u32 = 64;

impl<'a, V: Vocabulary> Parser<'a, V> {
    /// Reads one value onto the tape.
    pub(super) fn value(&mut self, path: NameId, depth: usize) -> Result<(), Malformed> {
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
}
