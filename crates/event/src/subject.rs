//! Who an event is about, as Weir stores it (D6).

use std::fmt;

use crate::NameId;

/// First 16 bytes of `HMAC-SHA256(K_tag(environment), lp(identity_space) ‖ lp(kind) ‖ lp(canonical(id)))`. Internal: no vendor sees one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectTag(pub [u8; 16]);

impl SubjectTag {
    /// The first 8 bytes, big-endian: the form that ledger rows carry (D13). 0 means "no subject" there, so a tag whose
    /// first 8 bytes are 0 (one in 2^64) reads as 1.
    pub fn short(self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(first).max(1)
    }
}

impl fmt::Debug for SubjectTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectTag({})", crate::ids::hex(&self.0))
    }
}

/// What sort of id a tag was made of. Kinds `Email` and `Phone` always use the empty identity space (D6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SubjectKind {
    /// A person as the product knows them.
    User,
    /// A browser, an installation, a machine.
    Device,
    /// An organisation, or whatever a product groups people by; the name is the group type (`company`).
    Group(NameId),
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
}

impl SubjectKind {
    /// The stored number; a group's type is stored beside it.
    pub const fn number(self) -> u8 {
        match self {
            SubjectKind::User => 1,
            SubjectKind::Device => 2,
            SubjectKind::Group(_) => 3,
            SubjectKind::Email => 4,
            SubjectKind::Phone => 5,
        }
    }
}
