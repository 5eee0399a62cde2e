//! What the decoder notes of one event while it reads it, and forgets before the next.

use weir_event::{NameId, Text};

use super::special;
use crate::json::Scalar;

/// What one event says beside its properties.
#[derive(Default)]
pub(super) struct Found {
    pub(super) scalars: [Option<Scalar>; special::COUNT],
    pub(super) nested: [Option<Nested>; special::NESTED_COUNT],
    pub(super) lists: Vec<List>,
    pub(super) singles: Vec<NameId>,
    pub(super) groups: Vec<(u8, Text)>,
}

/// Where JSON of its own stands.
#[derive(Clone, Copy)]
pub(super) enum Nested {
    /// In a text that was read.
    Text(Text),
    /// As an object, where the protocol has a text. It was passed over.
    Object(usize),
}

/// A list of entities of one name on the tape.
pub(super) struct List {
    pub(super) path: NameId,
    /// The place of its end.
    pub(super) end: usize,
}

impl Found {
    pub(super) fn clear(&mut self) {
        self.scalars = [None; special::COUNT];
        self.nested = [None; special::NESTED_COUNT];
        self.lists.clear();
        self.singles.clear();
        self.groups.clear();
    }

    pub(super) fn text(&self, number: u8) -> Option<Text> {
        self.scalars.get(usize::from(number)).copied().flatten()?.said()
    }

    pub(super) fn nested(&self, number: u8) -> Option<Nested> {
        self.nested.get(usize::from(number - special::NESTED)).copied().flatten()
    }
}
