//! What left and what was withheld of one event: paths, categories, actions, rules. Content-addressed (D13).
//!
//! The id is the first 16 bytes of SHA-256 of the canonical text: UTF-8 lines, fields separated by a tab, each list sorted by
//! the bytes of its lines and free of repeats. Clean names hold neither tab nor line feed (D1), so the text reads one way only.
//!
//! ```text
//! weir field set v1
//! event⇥<name>
//! left⇥<path>⇥<category key, or ->⇥<action>
//! withheld⇥<path>⇥<rule>
//! ```
//!
//! Limits: a field set has at most as many entries as an event has paths; shapes are cached per releaser, [`SHAPES_MAX`] in each
//! of two generations, and a set stays readable for at least that many new shapes after it was last used.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::RandomState;
use ring::digest;
use weir_event::{Category, NameId, Names, Rule};

use crate::gate::Action;

/// Shapes of one cache generation.
pub const SHAPES_MAX: usize = 8_192;

/// The digest of a field set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldSetId(pub [u8; 16]);

impl fmt::Debug for FieldSetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldSetId({})", weir_event::ids::hex(&self.0))
    }
}

/// What left and what was withheld.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldSet {
    id: FieldSetId,
    event: NameId,
    left: Vec<(NameId, Option<Category>, Action)>,
    withheld: Vec<(NameId, Rule)>,
    text: String,
}

impl FieldSet {
    pub(crate) fn new(
        names: &Names,
        event: NameId,
        mut left: Vec<(NameId, Option<Category>, Action)>,
        mut withheld: Vec<(NameId, Rule)>,
    ) -> FieldSet {
        let left_line = |(path, category, action): &(NameId, Option<Category>, Action)| {
            format!("left\t{}\t{}\t{}\n", names.text(*path), category.map_or("-", Category::key), action.name())
        };
        let withheld_line =
            |(path, rule): &(NameId, Rule)| format!("withheld\t{}\t{}\n", names.text(*path), rule.name());
        left.sort_by_cached_key(left_line);
        left.dedup();
        withheld.sort_by_cached_key(withheld_line);
        withheld.dedup();
        let mut text = format!("weir field set v1\nevent\t{}\n", names.text(event));
        left.iter().for_each(|entry| text.push_str(&left_line(entry)));
        withheld.iter().for_each(|entry| text.push_str(&withheld_line(entry)));
        FieldSet { id: id_of(&text), event, left, withheld, text }
    }

    /// Its digest.
    pub fn id(&self) -> FieldSetId {
        self.id
    }

    /// The event.
    pub fn event(&self) -> NameId {
        self.event
    }

    /// What left: path, category where one was found, what was done.
    pub fn left(&self) -> &[(NameId, Option<Category>, Action)] {
        &self.left
    }

    /// What was withheld: path and rule.
    pub fn withheld(&self) -> &[(NameId, Rule)] {
        &self.withheld
    }

    /// The canonical text that the id is the digest of.
    pub fn canonical_text(&self) -> &str {
        &self.text
    }
}

/// The id of a canonical text: for whoever checks one.
pub fn id_of(text: &str) -> FieldSetId {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest.as_ref()[..16]);
    FieldSetId(id)
}

/// A canonical text, read.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Written<'a> {
    /// The event's name.
    pub event: &'a str,
    /// What left: path, key of the category that was found in it, name of the action.
    pub left: Vec<(&'a str, Option<&'a str>, &'a str)>,
    /// What was withheld: path and name of the rule.
    pub withheld: Vec<(&'a str, &'a str)>,
}

/// Reads a canonical text. Keys and names are as they were written, also where a later release has others.
pub fn read(text: &str) -> Option<Written<'_>> {
    let mut lines = text.lines();
    let mut written = Written::default();
    if lines.next()? != "weir field set v1" {
        return None;
    }
    for line in lines {
        match line.split('\t').collect::<Vec<_>>().as_slice() {
            ["event", name] => written.event = name,
            ["left", path, category, action] => {
                written.left.push((path, Some(*category).filter(|key| *key != "-"), action));
            }
            ["withheld", path, rule] => written.withheld.push((path, rule)),
            _ => return None,
        }
    }
    Some(written)
}

/// Field sets by the shape they were made of, in two generations, so that memory is bounded and what is in use stays.
#[derive(Default)]
pub(crate) struct Shapes {
    new: HashMap<u64, Arc<FieldSet>, RandomState>,
    old: HashMap<u64, Arc<FieldSet>, RandomState>,
    new_by_id: HashMap<FieldSetId, Arc<FieldSet>>,
    old_by_id: HashMap<FieldSetId, Arc<FieldSet>>,
}

impl Shapes {
    pub(crate) fn get_or_make(&mut self, shape: u64, make: impl FnOnce() -> FieldSet) -> FieldSetId {
        if let Some(set) = self.new.get(&shape) {
            return set.id;
        }
        let set = match self.old.remove(&shape) {
            Some(set) => set,
            None => Arc::new(make()),
        };
        if self.new.len() >= SHAPES_MAX {
            self.old = std::mem::take(&mut self.new);
            self.old_by_id = std::mem::take(&mut self.new_by_id);
        }
        let id = set.id;
        self.new_by_id.insert(id, Arc::clone(&set));
        self.new.insert(shape, set);
        id
    }

    pub(crate) fn by_id(&self, id: FieldSetId) -> Option<&FieldSet> {
        self.new_by_id.get(&id).or_else(|| self.old_by_id.get(&id)).map(|set| &**set)
    }
}
