//! D6 to D8: tags of ids and contact details, links between them, and the sealed raw ids.

use std::borrow::Cow;
use std::cell::RefCell;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use weir_event::{
    Category, Draft, DraftBatch, EventId, Finding, Identity, Operation, Role, SubjectKind, SubjectTag, wire,
};

use super::Minimiser;
use super::own_ids::{REPEATED_ID_BYTES_MIN, trimmed};
use crate::batch::Work;
use crate::canonical;
use crate::gate::Gate;
use crate::paths::Place;
use crate::record::{self, LinkKind, TAGS_MAX, Tag};

/// How Mixpanel marks a device id in `distinct_id`; decoders take it off, properties may repeat it.
pub(super) const DEVICE_PREFIX: &[u8] = b"$device:";

/// A contact detail on its way to a tag.
pub(crate) struct Contact {
    kind: SubjectKind,
    canonical: String,
    own: bool,
}

/// Tags of this thread's recent ids: direct-mapped, so it is bounded and never cleaned. The fingerprint of the keys is part of
/// each key, since one process may hold several key rings (tests, tools).
struct TagCache {
    slots: Vec<Slot>,
    key: Vec<u8>,
}

#[derive(Clone)]
struct Slot {
    /// Of the key; another one ends here.
    hash: u32,
    len: u8,
    key: [u8; Slot::KEY_BYTES],
    tag: SubjectTag,
}

impl Slot {
    const KEY_BYTES: usize = 107;
    /// A device's batch names one or two ids; more slots only push other things out of the processor's cache.
    const COUNT: usize = 32;
    const EMPTY: Slot = Slot { hash: 0, len: 0, key: [0; Slot::KEY_BYTES], tag: SubjectTag([0; 16]) };
}

thread_local! {
    static TAGS: RefCell<TagCache> = const { RefCell::new(TagCache { slots: Vec::new(), key: Vec::new() }) };
}

impl Minimiser {
    pub(super) fn tag_identities(&self, gate: &Gate<'_>, batch: &DraftBatch, draft: &Draft, work: &mut Work) {
        for identity in &draft.identities {
            if work.tags.len() >= TAGS_MAX {
                return;
            }
            let Some(id) = canonical_of(batch, identity) else { continue };
            if !matches!(identity.kind, SubjectKind::Group(_)) && id.len() >= REPEATED_ID_BYTES_MIN {
                let text = trimmed(batch, identity.text);
                // Most events name their subject twice.
                if work.ids.iter().all(|known| batch.bytes(*known) != batch.bytes(text)) {
                    work.ids.push(text);
                    work.id_bytes_min = work.id_bytes_min.min(text.len as usize);
                }
            }
            let shape = match identity.kind {
                SubjectKind::User | SubjectKind::Device | SubjectKind::Group(_) => canonical::shape(&id),
                SubjectKind::Email => record::SHAPE_EMAIL,
                SubjectKind::Phone => record::SHAPE_PHONE,
            };
            let tag = self.tag(gate, &work.keys, identity.kind, id.as_bytes());
            work.tags.push(Tag { kind: identity.kind, role: identity.role, shape, tag });
            if gate.source.keeps_raw {
                work.raw.push((work.tags.len() - 1) as u8);
                wire::put_bytes(&mut work.raw, id.as_bytes());
            }
            // An id that is a contact detail is also tagged as one, so that the person is found by it.
            if identity.kind == SubjectKind::User && shape != 0 {
                let (kind, canonical) = if shape == record::SHAPE_EMAIL {
                    (SubjectKind::Email, canonical::email(id.as_bytes()))
                } else {
                    (SubjectKind::Phone, canonical::phone(id.as_bytes()))
                };
                if let Some(canonical) = canonical {
                    work.contacts.push(Contact { kind, canonical, own: true });
                }
            }
        }
    }

    pub(super) fn note_contact(&self, draft: &Draft, place: Place, text: &[u8], finding: &Finding, work: &mut Work) {
        let span = text.get(finding.span.0 as usize..finding.span.1 as usize).unwrap_or(text);
        let (kind, canonical) = match finding.category {
            Category::ContactEmail => (SubjectKind::Email, canonical::email(span)),
            Category::ContactPhone => (SubjectKind::Phone, canonical::phone(span)),
            _ => return,
        };
        let Some(canonical) = canonical else { return };
        if work.contacts.len() >= TAGS_MAX {
            return;
        }
        let whole = span.len() == text.trim_ascii().len();
        let own = place == Place::Profile && whole && matches!(draft.operation, Operation::Profile(_));
        work.contacts.push(Contact { kind, canonical, own });
    }

    pub(super) fn tag_contacts(&self, gate: &Gate<'_>, work: &mut Work) {
        let subject = subject_place(&work.tags);
        for contact in &work.contacts {
            let tag = self.tag(gate, &work.keys, contact.kind, contact.canonical.as_bytes());
            let known = work.tags.iter().position(|t| t.tag == tag && t.kind == contact.kind);
            let place = match known {
                Some(place) => place,
                None if work.tags.len() >= TAGS_MAX => continue,
                None => {
                    let shape =
                        if contact.kind == SubjectKind::Email { record::SHAPE_EMAIL } else { record::SHAPE_PHONE };
                    work.tags.push(Tag { kind: contact.kind, role: Role::Contact, shape, tag });
                    work.tags.len() - 1
                }
            };
            let kind = match (contact.own, contact.kind) {
                (false, _) => LinkKind::Mentioned,
                (true, SubjectKind::Phone) => LinkKind::PhoneUser,
                (true, _) => LinkKind::EmailUser,
            };
            if let Some(subject) = subject {
                push_link(&mut work.links, kind, place, subject);
            }
        }
    }

    fn tag(&self, gate: &Gate<'_>, keys: &[u8; 16], kind: SubjectKind, canonical: &[u8]) -> SubjectTag {
        match kind {
            SubjectKind::User => cached_tag(gate, keys, "user", canonical),
            SubjectKind::Device => cached_tag(gate, keys, "device", canonical),
            SubjectKind::Email => cached_tag(gate, keys, "email", canonical),
            SubjectKind::Phone => cached_tag(gate, keys, "phone", canonical),
            SubjectKind::Group(group_type) => {
                let mut text = String::with_capacity(32);
                text.push_str("group:");
                text.push_str(self.names.entry(group_type).key);
                cached_tag(gate, keys, &text, canonical)
            }
        }
    }
}

fn canonical_of<'b>(batch: &'b DraftBatch, identity: &Identity) -> Option<Cow<'b, str>> {
    let text = batch.str(identity.text);
    let id = match identity.kind {
        SubjectKind::Email => canonical::email(text.as_bytes())?.into(),
        SubjectKind::Phone => canonical::phone(text.as_bytes())?.into(),
        SubjectKind::User | SubjectKind::Device | SubjectKind::Group(_) => canonical::id(text),
    };
    if canonical::is_sentinel(&id) { None } else { Some(id) }
}

/// The place of the tag that the event is about: a user before a device, the subject before others.
pub(crate) fn subject_place(tags: &[Tag]) -> Option<usize> {
    let rank = |tag: &Tag| match (tag.kind, tag.role) {
        (_, Role::Contact | Role::Group) | (SubjectKind::Group(_) | SubjectKind::Email | SubjectKind::Phone, _) => 9,
        (SubjectKind::User, Role::Subject) => 0,
        (SubjectKind::User, Role::User) => 1,
        (SubjectKind::User, Role::Next) => 2,
        (SubjectKind::User, _) => 3,
        (SubjectKind::Device, Role::Subject) => 4,
        (SubjectKind::Device, _) => 5,
    };
    tags.iter().enumerate().min_by_key(|(_, tag)| rank(tag)).filter(|(_, tag)| rank(tag) < 9).map(|(place, _)| place)
}

pub(super) fn link_identities(operation: Operation, tags: &[Tag], links: &mut Vec<(u8, u8, u8)>) {
    let with_role = |role: Role| tags.iter().position(|t| t.role == role);
    let user = tags.iter().position(|t| t.kind == SubjectKind::User && t.role != Role::Previous);
    let device = tags.iter().position(|t| t.kind == SubjectKind::Device);
    match operation {
        Operation::Alias | Operation::Merge => {
            let kind = if operation == Operation::Alias { LinkKind::Alias } else { LinkKind::Merge };
            let to = with_role(Role::Next).or_else(|| with_role(Role::Subject));
            if let (Some(from), Some(to)) = (with_role(Role::Previous), to) {
                push_link(links, kind, from, to);
            }
        }
        Operation::Identify => {
            let to = with_role(Role::Next).or(user);
            if let (Some(from), Some(to)) = (with_role(Role::Previous).or(device), to) {
                push_link(links, LinkKind::DeviceUser, from, to);
            }
        }
        Operation::Track
        | Operation::Page
        | Operation::Screen
        | Operation::Join
        | Operation::Profile(_)
        | Operation::Group(_) => {
            if let (Some(device), Some(user)) = (device, user) {
                push_link(links, LinkKind::DeviceUser, device, user);
            }
        }
    }
}

fn push_link(links: &mut Vec<(u8, u8, u8)>, kind: LinkKind, from: usize, to: usize) {
    // Places are below TAGS_MAX, which fits a byte.
    let link = (kind as u8, from as u8, to as u8);
    if from != to && links.len() < TAGS_MAX && !links.contains(&link) {
        links.push(link);
    }
}

/// Seals what `work.raw` collected, in place. `None` where there is nothing or the day has no key: then no raw id is kept, and a
/// `raw` destination says so by rule.
pub(super) fn seal_raw(gate: &Gate<'_>, event_id: EventId, work: &mut Work) -> Option<u32> {
    let key = gate.keys.raw_day(gate.raw_day)?;
    if work.raw.is_empty() {
        return None;
    }
    key.seal_random(&raw_aad(event_id), &mut work.raw, 0);
    Some(gate.raw_day)
}

/// Binds sealed raw ids to their event.
pub(crate) fn raw_aad(event_id: EventId) -> [u8; 27] {
    let mut aad = [0; 27];
    aad[..11].copy_from_slice(b"weir/raw/v1");
    aad[11..].copy_from_slice(&event_id.0);
    aad
}

/// Tells key rings apart: a tag of nobody.
pub(super) fn fingerprint(gate: &Gate<'_>) -> [u8; 16] {
    gate.keys.tag(gate.source.environment, "", "weir/fingerprint", &[]).0
}

pub(super) fn cached_tag(gate: &Gate<'_>, fingerprint: &[u8; 16], kind: &str, id: &[u8]) -> SubjectTag {
    let (environment, space) = (gate.source.environment, &*gate.source.identity_space);
    if space.len() + kind.len() + id.len() + 19 > Slot::KEY_BYTES {
        return gate.keys.tag(environment, space, kind, id);
    }
    TAGS.with_borrow_mut(|TagCache { slots, key }| {
        if slots.is_empty() {
            slots.resize(Slot::COUNT, Slot::EMPTY);
        }
        key.clear();
        key.extend_from_slice(fingerprint);
        key.extend_from_slice(&[environment as u8, space.len() as u8, kind.len() as u8]);
        key.extend_from_slice(space.as_bytes());
        key.extend_from_slice(kind.as_bytes());
        key.extend_from_slice(id);
        let hash = FixedState::default().hash_one(&**key);
        let slot = &mut slots[hash as usize % Slot::COUNT];
        // The lower bits have chosen the slot.
        let upper = (hash >> 32) as u32;
        if slot.hash != upper || usize::from(slot.len) != key.len() || slot.key[..key.len()] != **key {
            slot.tag = gate.keys.tag(environment, space, kind, id);
            slot.hash = upper;
            slot.len = key.len() as u8;
            slot.key[..key.len()].copy_from_slice(key);
        }
        slot.tag
    })
}
