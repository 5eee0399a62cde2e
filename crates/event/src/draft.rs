//! What a decoder hands over: events whose values are ranges of one buffer, before any policy has seen them.
//!
//! A draft is the most dangerous thing in the process: it still holds everything the SDK sent. It is neither `Debug`-printable
//! with values nor serialisable, and only `policy::minimise` turns it into something that may be stored.
//!
//! The shape is a tape: the leaves of one event in document order, with markers where an object or an array begins and ends,
//! so that release can rebuild exactly what it lets through and nothing has to be walked twice.

use std::fmt;
use std::ops::Range;

use crate::{Millis, NameId, SubjectKind};

/// A range of the batch's text.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Text {
    /// First byte.
    pub start: u32,
    /// Length in bytes.
    pub len: u32,
}

/// What a tape entry is. The number is stored in journal records (D9): append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum LeafKind {
    /// JSON `null`; no text.
    Null = 0,
    /// JSON `true`; no text.
    True = 1,
    /// JSON `false`; no text.
    False = 2,
    /// A number as its source lexeme, never re-formatted (D9).
    Number = 3,
    /// A string as UTF-8, unescaped, repaired once (D9).
    String = 4,
    /// `{`: everything up to the matching end lies below this path.
    ObjectBegin = 5,
    /// `}`.
    ObjectEnd = 6,
    /// `[`: elements carry this path plus `*`.
    ArrayBegin = 7,
    /// `]`.
    ArrayEnd = 8,
    /// A key that folded to `*` because it looks like data (D1); its value follows. The key's text is a value: it is scanned as one.
    MapKey = 9,
}

impl LeafKind {
    /// Reads the stored number.
    pub const fn from_number(number: u8) -> Option<LeafKind> {
        Some(match number {
            0 => LeafKind::Null,
            1 => LeafKind::True,
            2 => LeafKind::False,
            3 => LeafKind::Number,
            4 => LeafKind::String,
            5 => LeafKind::ObjectBegin,
            6 => LeafKind::ObjectEnd,
            7 => LeafKind::ArrayBegin,
            8 => LeafKind::ArrayEnd,
            9 => LeafKind::MapKey,
            _ => return None,
        })
    }

    /// Whether text belongs to it.
    pub const fn has_text(self) -> bool {
        matches!(self, LeafKind::Number | LeafKind::String | LeafKind::MapKey)
    }

    /// Whether it is a scalar value (not structure, not a key).
    pub const fn is_scalar(self) -> bool {
        matches!(self, LeafKind::Null | LeafKind::True | LeafKind::False | LeafKind::Number | LeafKind::String)
    }
}

/// One entry of the tape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// The interned path; [`NameId::UNNAMED`] where a key on the way is unclean, so the value will be dropped.
    pub path: NameId,
    /// What it is.
    pub kind: LeafKind,
    /// Its text, for kinds that have one.
    pub text: Text,
}

/// A profile operation, on a person's or a group's profile. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ProfileOp {
    /// Overwrite properties.
    Set = 1,
    /// Write properties that are not there yet.
    SetOnce = 2,
    /// Add numbers. Does not repeat safely.
    Add = 3,
    /// Append to lists. Does not repeat safely.
    Append = 4,
    /// Append what is not in the list yet.
    Union = 5,
    /// Remove from lists.
    Remove = 6,
    /// Remove properties. The leaves are the property paths with kind `Null`.
    Unset = 7,
    /// Remove the profile. No leaves.
    Delete = 8,
    /// Put in front of lists. Does not repeat safely.
    Prepend = 9,
    /// Put in front of lists what is not in them yet.
    PreInsert = 10,
    /// Remove every property, keep the profile. No leaves.
    Clear = 11,
}

/// What an event does. Stored as one byte by [`Operation::number`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// Something happened.
    Track,
    /// A device turned out to be a user (`$identify`).
    Identify,
    /// A second id for the same person (`$create_alias`).
    Alias,
    /// Two ids are the same person (`$merge`).
    Merge,
    /// A page was viewed: what each vendor has a call or an event name of its own for.
    Page,
    /// A screen of an app was viewed.
    Screen,
    /// A person turned out to belong to a group: the group is an identity of role `Group`.
    Join,
    /// A person's profile changed.
    Profile(ProfileOp),
    /// A group's profile changed; its identity has role `Group`.
    Group(ProfileOp),
}

impl Operation {
    const PROFILE_OPS: [ProfileOp; 11] = [
        ProfileOp::Set,
        ProfileOp::SetOnce,
        ProfileOp::Add,
        ProfileOp::Append,
        ProfileOp::Union,
        ProfileOp::Remove,
        ProfileOp::Unset,
        ProfileOp::Delete,
        ProfileOp::Prepend,
        ProfileOp::PreInsert,
        ProfileOp::Clear,
    ];

    /// The stored number.
    pub const fn number(self) -> u8 {
        match self {
            Operation::Track => 1,
            Operation::Identify => 2,
            Operation::Alias => 3,
            Operation::Merge => 4,
            Operation::Page => 5,
            Operation::Screen => 6,
            Operation::Join => 7,
            Operation::Profile(op) => 16 + op as u8,
            Operation::Group(op) => 32 + op as u8,
        }
    }

    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<Operation> {
        let op = |n: u8| Operation::PROFILE_OPS.into_iter().find(|op| *op as u8 == n);
        match number {
            1 => Some(Operation::Track),
            2 => Some(Operation::Identify),
            3 => Some(Operation::Alias),
            4 => Some(Operation::Merge),
            5 => Some(Operation::Page),
            6 => Some(Operation::Screen),
            7 => Some(Operation::Join),
            17..=31 => op(number - 16).map(Operation::Profile),
            33..=47 => op(number - 32).map(Operation::Group),
            _ => None,
        }
    }

    /// Whether sending it twice changes the result at a vendor that does not remove duplicates of it (D3 `on_unknown`).
    pub const fn repeats_safely(self) -> bool {
        !matches!(
            self,
            Operation::Profile(ProfileOp::Add | ProfileOp::Append | ProfileOp::Prepend)
                | Operation::Group(ProfileOp::Add | ProfileOp::Append | ProfileOp::Prepend)
        )
    }
}

/// What an id does in an event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Role {
    /// The one that the event is about: what the vendor calls `distinct_id`.
    Subject = 1,
    /// The user id, where the SDK sends it beside the subject.
    User = 2,
    /// The device id, where the SDK sends it beside the subject.
    Device = 3,
    /// The id before: the anonymous id of an identify, the original of an alias, the first of a merge.
    Previous = 4,
    /// The id after: the alias, the second of a merge.
    Next = 5,
    /// A group that the event or the profile belongs to.
    Group = 6,
    /// A contact detail found in a property; tagged so that it can be looked up, never sent as an id.
    Contact = 7,
}

impl Role {
    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<Role> {
        [Role::Subject, Role::User, Role::Device, Role::Previous, Role::Next, Role::Group, Role::Contact]
            .into_iter()
            .find(|role| *role as u8 == number)
    }
}

/// An identifier as the SDK sent it, already canonical as to vendor prefixes (Mixpanel's `$device:` taken off, D6).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// What sort of id.
    pub kind: SubjectKind,
    /// What it does here.
    pub role: Role,
    /// Its text.
    pub text: Text,
}

/// One decoded event.
#[derive(Clone, PartialEq)]
pub struct Draft {
    /// What it does.
    pub operation: Operation,
    /// The interned event name; [`NameId::UNNAMED`] where it is unclean (rule `event_name_unclean`). Profile operations use
    /// the names that `protocol` reserves (`$profile`, `$group`).
    pub name: NameId,
    /// The event name as sent, kept for the raw hold only.
    pub name_text: Text,
    /// Whom it is about.
    pub identities: Vec<Identity>,
    /// The SDK's own id for the event, if it gave one (D5); its text is never stored.
    pub sdk_id: Option<Text>,
    /// The client's own timestamp in Unix milliseconds, before skew correction (D4).
    pub client_time: Option<Millis>,
    /// The client's clock when it sent the request, where the SDK says it: how far off that clock is corrects the time that
    /// vendors get, never the epoch time (D4).
    pub sent_at: Option<Millis>,
    /// Sent through the vendor's import of old data: its age is meant.
    pub historical: bool,
    /// Places of its tape in [`DraftBatch::leaves`].
    pub leaves: Range<u32>,
    /// Properties dropped while decoding because a key is unclean or over the limit; counted as `(unnamed)` (D1).
    pub unnamed: u32,
    /// Set where the event cannot be used though the batch is readable; it goes to the raw hold.
    pub fault: Option<crate::Rule>,
}

/// Lists of identities that a batch keeps for the next one, and how long a kept one may be.
const SPARE_MAX: usize = 256;
const IDENTITIES_KEPT_MAX: usize = 16;

/// The events of one request, with the buffer they point into.
#[derive(Default)]
pub struct DraftBatch {
    /// The text that every range points into: the decoded body, unescaped in place.
    pub text: Vec<u8>,
    /// The tapes, one after the other.
    pub leaves: Vec<Leaf>,
    /// The events.
    pub drafts: Vec<Draft>,
    /// What the head of their request said about consent, where they come back from the hold with it.
    pub consent: crate::ConsentStates,
    /// Empty lists of identities of earlier batches, for decoders to use again: an allocation less for each event.
    pub spare: Vec<Vec<Identity>>,
}

impl DraftBatch {
    /// The bytes of a range; empty for a range that is not of this batch.
    pub fn bytes(&self, text: Text) -> &[u8] {
        let start = text.start as usize;
        self.text.get(start..start + text.len as usize).unwrap_or_default()
    }

    /// A range as text; strings are UTF-8 after decode, so this is empty only for a range that is not of this batch.
    pub fn str(&self, text: Text) -> &str {
        std::str::from_utf8(self.bytes(text)).unwrap_or_default()
    }

    /// The tape of one event.
    pub fn tape(&self, draft: &Draft) -> &[Leaf] {
        self.leaves.get(draft.leaves.start as usize..draft.leaves.end as usize).unwrap_or_default()
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.leaves.clear();
        for Draft { mut identities, .. } in self.drafts.drain(..) {
            // Few and short ones: an event of many groups must not keep its memory for ever.
            if (1..=IDENTITIES_KEPT_MAX).contains(&identities.capacity()) && self.spare.len() < SPARE_MAX {
                identities.clear();
                self.spare.push(identities);
            }
        }
        self.consent = crate::ConsentStates::UNKNOWN;
    }
}

/// Shows counts only: a draft holds what must not be printed.
impl fmt::Debug for DraftBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DraftBatch")
            .field("events", &self.drafts.len())
            .field("leaves", &self.leaves.len())
            .field("bytes", &self.text.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_come_back() {
        for n in 0..=u8::MAX {
            if let Some(op) = Operation::from_number(n) {
                assert_eq!(op.number(), n);
            }
            if let Some(kind) = LeafKind::from_number(n) {
                assert_eq!(kind as u8, n);
            }
        }
        assert_eq!(Operation::from_number(16), None);
        assert_eq!((0..=255).filter(|n| Operation::from_number(*n).is_some()).count(), 29);
    }

    #[test]
    fn a_draft_batch_prints_no_value() {
        let batch = DraftBatch { text: b"ada@example.com".to_vec(), ..DraftBatch::default() };
        assert!(!format!("{batch:?}").contains("ada"));
    }
}
