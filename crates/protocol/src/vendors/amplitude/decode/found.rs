//! What the decoder notes of one event while it reads it, and forgets before the next.

use weir_event::{Identity, NameId, Role, SubjectKind, Text};

use super::special;
use crate::json::Scalar;

/// What one event says beside its properties.
#[derive(Default)]
pub(super) struct Found {
    pub(super) scalars: [Option<Scalar>; special::COUNT],
    pub(super) groups: Vec<Group>,
    /// Where `user_properties` and `group_properties` stand; they are read when it is known what the event is.
    pub(super) user_properties: Option<usize>,
    pub(super) group_properties: Option<usize>,
    /// Whether a group type is no clean name.
    pub(super) has_unclean_group: bool,
    /// Properties dropped for their key before the drafts began; they count with the first.
    pub(super) unnamed: u32,
}

/// A group that an event names.
#[derive(Clone, Copy)]
pub(super) struct Group {
    /// Its type as sent, and as a path below which its properties lie.
    pub(super) key: Text,
    pub(super) path: NameId,
    pub(super) label: NameId,
    pub(super) id: Text,
}

impl Found {
    pub(super) fn clear(&mut self) {
        self.groups.clear();
        let groups = std::mem::take(&mut self.groups);
        *self = Found { groups, ..Found::default() };
    }

    pub(super) fn text(&self, number: u8) -> Option<Text> {
        self.scalars.get(usize::from(number)).copied().flatten()?.said()
    }
}

impl Group {
    pub(super) fn identity(&self) -> Identity {
        Identity { kind: SubjectKind::Group(self.label), role: Role::Group, text: self.id }
    }
}
