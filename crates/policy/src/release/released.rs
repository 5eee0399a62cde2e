//! The proof type that encoders take, and what it tells them (D2). Its fields are open to the releaser alone.

use std::fmt;

use weir_event::{ConsentStates, EventId, LeafKind, Millis, NameId, Operation, Region, Role, SubjectKind};
use weir_keys::Uuid;

use super::text_of;
use crate::field_set::FieldSetId;

/// An event that may leave. Only [`Releaser::release`](super::Releaser::release) makes one (D2).
///
/// ```compile_fail,E0451
/// fn forge(r: weir_policy::Released<'_>) -> weir_policy::Released<'_> {
///     weir_policy::Released { leaves: Vec::new(), ..r }
/// }
/// ```
pub struct Released<'g> {
    pub(super) event_id: EventId,
    pub(super) operation: Operation,
    pub(super) name: NameId,
    pub(super) name_text: &'static str,
    pub(super) time: Millis,
    pub(super) received_at: Millis,
    pub(super) historical: bool,
    pub(super) insert_id: Uuid,
    pub(super) subject: ReleasedId,
    pub(super) ids: Vec<ReleasedIdentity>,
    pub(super) leaves: Vec<ReleasedLeaf<'g>>,
    pub(super) country: Region,
    pub(super) consents: ConsentStates,
    pub(super) row: RowFacts,
}

/// An id as one destination sees it.
#[derive(Clone, PartialEq, Eq)]
pub enum ReleasedId {
    /// A keyed pseudonym of the destination's own.
    Pseudonym {
        /// It.
        uuid: Uuid,
        /// Whether it stands for a device, so that an encoder can mark it as its vendor does.
        device: bool,
    },
    /// The id as the product knows it: only for a `raw` destination.
    Raw {
        /// It.
        text: Box<str>,
        /// Whether it is a device's.
        device: bool,
    },
    /// The event is about nobody: a pseudonym of this event alone.
    None {
        /// It.
        uuid: Uuid,
    },
}

/// One id of an event and what it does there.
#[derive(Clone, PartialEq, Eq)]
pub struct ReleasedIdentity {
    /// What it does.
    pub role: Role,
    /// What sort of id; a group's type is a clean name.
    pub kind: SubjectKind,
    /// The id.
    pub id: ReleasedId,
}

/// One entry of what leaves of the tape.
pub struct ReleasedLeaf<'g> {
    pub(super) path: NameId,
    pub(super) kind: LeafKind,
    pub(super) text: LeafText<'g>,
}

pub(super) enum LeafText<'g> {
    Stored(&'g [u8]),
    Static(&'static str),
    Uuid([u8; 36]),
    Country([u8; 2]),
}

/// What the ledger's row says of the event (D13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RowFacts {
    /// First 8 bytes of the user's tag, else the device's, else 0.
    pub subject: u64,
    /// The same of the first group; 0 = none.
    pub organisation: u64,
    /// The event name.
    pub event: NameId,
    /// What left and what was withheld.
    pub field_set: FieldSetId,
    /// The slice.
    pub slice: NameId,
    /// The epoch; 0 for `raw` and `stable`.
    pub epoch: u32,
}

impl<'g> Released<'g> {
    /// The event id, for the ledger and the quarantine. It does not leave.
    pub fn event_id(&self) -> EventId {
        self.event_id
    }

    /// What the event does.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The event name.
    pub fn name(&self) -> &'static str {
        self.name_text
    }

    /// The event name's id.
    pub fn name_id(&self) -> NameId {
        self.name
    }

    /// The event's time.
    pub fn time(&self) -> Millis {
        self.time
    }

    /// How old the event is at `now`, in milliseconds.
    pub fn age_millis(&self, now: Millis) -> i64 {
        now.since(self.time)
    }

    /// When it was received.
    pub fn received_at(&self) -> Millis {
        self.received_at
    }

    /// Whether its age is meant.
    pub fn historical(&self) -> bool {
        self.historical
    }

    /// What the vendor removes duplicates by (D5).
    pub fn insert_id(&self) -> Uuid {
        self.insert_id
    }

    /// Whom it is about: always an id, so that no vendor makes one of its own.
    pub fn subject(&self) -> &ReleasedId {
        &self.subject
    }

    /// Every id of it.
    pub fn ids(&self) -> &[ReleasedIdentity] {
        &self.ids
    }

    /// The first id of a role.
    pub fn id(&self, role: Role) -> Option<&ReleasedId> {
        self.ids.iter().find(|i| i.role == role).map(|i| &i.id)
    }

    /// What leaves of the tape, structure kept; `context.*` leaves of the baseline come last.
    pub fn leaves(&self) -> &[ReleasedLeaf<'g>] {
        &self.leaves
    }

    /// The country, where it may leave.
    pub fn country(&self) -> Region {
        self.country
    }

    /// What is known of consent, for vendors that want it said with each event.
    pub fn consents(&self) -> ConsentStates {
        self.consents
    }

    /// What the ledger's row says of it.
    pub fn row(&self) -> RowFacts {
        self.row
    }
}

/// Names and counts only: values are event content.
impl fmt::Debug for Released<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Released")
            .field("event_id", &self.event_id)
            .field("name", &self.name_text)
            .field("leaves", &self.leaves.len())
            .finish_non_exhaustive()
    }
}

impl ReleasedId {
    /// The id's text, with the 36 bytes of a pseudonym written to `buffer`.
    pub fn text<'a>(&'a self, buffer: &'a mut [u8; 36]) -> &'a str {
        match self {
            ReleasedId::Raw { text, .. } => text,
            ReleasedId::Pseudonym { uuid, .. } | ReleasedId::None { uuid } => {
                *buffer = uuid.to_text();
                text_of(buffer)
            }
        }
    }

    /// Whether it is a device's.
    pub fn is_device(&self) -> bool {
        matches!(self, ReleasedId::Pseudonym { device: true, .. } | ReleasedId::Raw { device: true, .. })
    }
}

/// Hides raw ids.
impl fmt::Debug for ReleasedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReleasedId::Pseudonym { uuid, .. } => write!(f, "Pseudonym({uuid})"),
            ReleasedId::Raw { .. } => f.write_str("Raw(hidden)"),
            ReleasedId::None { uuid } => write!(f, "None({uuid})"),
        }
    }
}

impl fmt::Debug for ReleasedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.role, self.id)
    }
}

impl ReleasedLeaf<'_> {
    /// The path.
    pub fn path(&self) -> NameId {
        self.path
    }

    /// What it is.
    pub fn kind(&self) -> LeafKind {
        self.kind
    }

    /// Its bytes: UTF-8 for strings and keys, a lexeme for numbers, empty for what has none.
    pub fn bytes(&self) -> &[u8] {
        match &self.text {
            LeafText::Stored(bytes) => bytes,
            LeafText::Static(text) => text.as_bytes(),
            LeafText::Uuid(text) => text,
            LeafText::Country(letters) => letters,
        }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        text_of(self.bytes())
    }
}

impl fmt::Debug for ReleasedLeaf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.path, self.kind)
    }
}
