//! What the decoder notes of one event while it reads it, and forgets before the next.

use weir_event::{LeafKind, NameId, Text};

use super::special;
use super::words::{LATER, PROPERTIES};
use crate::json::Scalar;

/// What one event says beside its properties.
#[derive(Default)]
pub(super) struct Found {
    pub(super) scalars: [Option<Scalar>; special::COUNT],
    pub(super) later: [Option<usize>; LATER.len()],
    pub(super) groups: Vec<(NameId, Text)>,
}

impl Found {
    pub(super) fn clear(&mut self) {
        self.scalars = [None; special::COUNT];
        self.later = [None; LATER.len()];
        self.groups.clear();
    }

    /// Forgets what the properties said.
    pub(super) fn clear_properties(&mut self) {
        self.scalars[special::FIRST_OF_PROPERTIES..].fill(None);
        for (place, (plan, ..)) in LATER.iter().enumerate() {
            if *plan == PROPERTIES {
                self.later[place] = None;
            }
        }
        self.groups.clear();
    }

    pub(super) fn text(&self, number: u8) -> Option<Text> {
        self.scalars.get(usize::from(number)).copied().flatten()?.said()
    }

    pub(super) fn is_true(&self, number: u8) -> bool {
        let scalar = self.scalars.get(usize::from(number)).copied().flatten();
        scalar.is_some_and(|scalar| scalar.kind == LeafKind::True)
    }
}
