//! Which names and field sets the log defines already.

use std::collections::HashSet;

use weir_event::{NameId, Names};

use crate::entry::{FieldSetId, StoredName};
use crate::state::State;

/// Names and field sets that have a definition in the log or in the queue before any entry that names them.
pub(super) struct Dictionary {
    /// Must be the queue's era, or a definition that this counts on may have been lost.
    pub(super) era: u64,
    /// Stored number by `NameId`; 0 for none.
    numbers: Vec<u32>,
    pub(super) next: u32,
    pub(super) field_sets: HashSet<FieldSetId>,
}

impl Dictionary {
    pub(super) fn of(state: &State, names: &Names, era: u64) -> Dictionary {
        let mut dictionary = Dictionary { era, numbers: Vec::new(), next: 1, field_sets: state.field_sets().clone() };
        for (kind, text) in state.names() {
            // A path that does not parse would only cost a second number for the name.
            if let Some(id) = names.restore(*kind, text) {
                dictionary.set(id, dictionary.next);
            }
            dictionary.next += 1;
        }
        dictionary
    }

    pub(super) fn number(&self, id: NameId) -> Option<StoredName> {
        self.numbers.get(id.0 as usize).copied().filter(|n| *n != 0).map(StoredName)
    }

    pub(super) fn set(&mut self, id: NameId, number: u32) {
        let at = id.0 as usize;
        if at >= self.numbers.len() {
            self.numbers.resize(at + 1, 0);
        }
        self.numbers[at] = number;
    }
}
