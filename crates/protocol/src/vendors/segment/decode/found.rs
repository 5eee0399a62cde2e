//! What the decoder notes of one message while it reads it, and forgets before the next.

use weir_event::{SubjectKind, Text};

use super::special;
use crate::json::Scalar;

/// What one message says beside its properties.
#[derive(Default)]
pub(super) struct Found {
    pub(super) scalars: [Option<Scalar>; special::COUNT],
    /// Where `traits` and `context.traits` begin; they are read when the type is known.
    pub(super) traits: Option<usize>,
    pub(super) context_traits: Option<usize>,
    pub(super) merged: Vec<(SubjectKind, Text)>,
}

impl Found {
    pub(super) fn text(&self, number: u8) -> Option<Text> {
        self.scalars.get(usize::from(number)).copied().flatten()?.said()
    }
}
