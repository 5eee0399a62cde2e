//! What is kept of a link: 40 bytes, twice, once from each side.
//!
//! ```text
//! 16  tag
//! 1   twice the kind's number (as in a journal record), and 1 where the tag is the link's second: the user, the new id
//! 1   what sort of id the tag is of in the low four bits, the linked tag above: 1 user, 2 device, 4 e-mail, 5 phone
//! 16  linked tag
//! 6   when it was first seen: received_at, Unix milliseconds, big-endian
//! ```
//!
//! Ordered as bytes, all but the time; so what one tag is joined to stands together, by kind, and contacts that were only
//! mentioned come last.

use weir_event::{Millis, SubjectKind, SubjectTag};
use weir_policy::RecordView;
use weir_policy::record::{LinkKind, Tag};

/// Bytes of one side of a link.
pub const LINK_BYTES: usize = 40;
/// What orders them, and makes two of them the same link.
pub const KEY_BYTES: usize = 34;

/// What sort of id a tag is of. The number is stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum IdKind {
    /// A person as the product knows them.
    User = 1,
    /// A browser, an installation.
    Device = 2,
    /// An e-mail address.
    Email = 4,
    /// A phone number.
    Phone = 5,
}

impl IdKind {
    /// All of them.
    pub const ALL: [IdKind; 4] = [IdKind::User, IdKind::Device, IdKind::Email, IdKind::Phone];

    /// The name, as it goes into a tag (D6).
    pub const fn name(self) -> &'static str {
        match self {
            IdKind::User => "user",
            IdKind::Device => "device",
            IdKind::Email => "email",
            IdKind::Phone => "phone",
        }
    }

    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<IdKind> {
        IdKind::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// Groups are many people and are joined to nobody.
    fn of(kind: SubjectKind) -> Option<IdKind> {
        match kind {
            SubjectKind::User => Some(IdKind::User),
            SubjectKind::Device => Some(IdKind::Device),
            SubjectKind::Email => Some(IdKind::Email),
            SubjectKind::Phone => Some(IdKind::Phone),
            SubjectKind::Group(_) => None,
        }
    }
}

/// One side of a link, as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stored(pub [u8; LINK_BYTES]);

impl Stored {
    /// What makes it the same link as another.
    pub fn key(&self) -> &[u8] {
        &self.0[..KEY_BYTES]
    }

    /// Whose side it is.
    pub fn tag(&self) -> SubjectTag {
        SubjectTag(array(&self.0[..16]))
    }

    /// The other side.
    pub fn linked(&self) -> SubjectTag {
        SubjectTag(array(&self.0[18..34]))
    }

    /// When it was first seen.
    pub fn first_seen(&self) -> Millis {
        let mut bytes = [0; 8];
        bytes[2..].copy_from_slice(&self.0[34..]);
        Millis(i64::from_be_bytes(bytes))
    }

    /// The same link with the earlier of two times.
    pub fn earliest(mut self, other: &Stored) -> Stored {
        if other.0[34..] < self.0[34..] {
            self.0[34..].copy_from_slice(&other.0[34..]);
        }
        self
    }

    /// Reads it; `None` where a number in it is none of ours.
    pub fn read(&self) -> Option<Link> {
        let kinds = self.0[17];
        Some(Link {
            kind: LinkKind::from_number(self.0[16] >> 1)?,
            is_second: self.0[16] & 1 == 1,
            of: IdKind::from_number(kinds & 15)?,
            linked_kind: IdKind::from_number(kinds >> 4)?,
            linked: self.linked(),
            first_seen: self.first_seen(),
        })
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(bytes);
    out
}

/// One side of a link, read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// How the two belong together.
    pub kind: LinkKind,
    /// Whether the tag that was looked up is the link's second: the user, the new id.
    pub is_second: bool,
    /// What sort of id was looked up.
    pub of: IdKind,
    /// What sort of id the other one is.
    pub linked_kind: IdKind,
    /// The other one.
    pub linked: SubjectTag,
    /// When it was first seen.
    pub first_seen: Millis,
}

/// Both sides of each link of a record.
pub fn sides(view: &RecordView<'_>) -> impl Iterator<Item = Stored> {
    let at = view.received_at();
    view.links().flat_map(move |link| both(link.kind, &link.from, &link.to, at)).flatten()
}

fn both(kind: LinkKind, from: &Tag, to: &Tag, at: Millis) -> [Option<Stored>; 2] {
    let (Some(of), Some(linked)) = (IdKind::of(from.kind), IdKind::of(to.kind)) else { return [None, None] };
    if from.tag == to.tag {
        return [None, None];
    }
    pair(kind, (of, from.tag), (linked, to.tag), at).map(Some)
}

/// Both sides of a link between two ids.
pub fn pair(kind: LinkKind, from: (IdKind, SubjectTag), to: (IdKind, SubjectTag), at: Millis) -> [Stored; 2] {
    let side = |is_second: bool, own: (IdKind, SubjectTag), other: (IdKind, SubjectTag)| {
        let mut bytes = [0; LINK_BYTES];
        bytes[..16].copy_from_slice(&own.1.0);
        bytes[16] = (kind as u8) << 1 | u8::from(is_second);
        bytes[17] = own.0 as u8 | (other.0 as u8) << 4;
        bytes[18..34].copy_from_slice(&other.1.0);
        // Before 1970 is nothing received.
        bytes[34..].copy_from_slice(&at.0.max(0).to_be_bytes()[2..]);
        Stored(bytes)
    };
    [side(false, from, to), side(true, to, from)]
}
