//! Under which names a person leaves: pseudonyms of the epoch, or the sealed raw ids (D8).

use weir_event::wire::Cursor;
use weir_event::{Category, NameId, Operation, Role, Rule, SubjectKind};
use weir_keys::{DestinationKeys, Epoch, Uuid};

use super::decision::Outcome;
use super::{ReleasedId, ReleasedIdentity, Releaser, epoch_number};
use crate::gate::Action;
use crate::minimise::identities::{raw_aad, subject_place};
use crate::record::{LeafView, RecordView, SHAPE_EMAIL, SHAPE_PHONE, Tag};
use crate::spec::Mode;

impl Releaser {
    /// D7: whether an operation that links two ids may leave.
    pub(super) fn check_operation(&self, view: &RecordView<'_>, tags: &[Tag]) -> Result<(), Rule> {
        let link = matches!(view.operation(), Operation::Identify | Operation::Alias | Operation::Merge);
        if !link {
            return Ok(());
        }
        if view.operation() != Operation::Identify && !self.policy.links {
            return Err(Rule::LinkNotReleased);
        }
        // Both ids appear at the same epoch_time. Where that is not the epoch in which the two met, because the event is older
        // than the gate backdates, the pseudonyms that the vendor knows them by are of another epoch.
        if let Mode::Rotating(period) = self.policy.mode
            && epoch_number(view.event_time(), period) != epoch_number(view.epoch_time(), period)
        {
            return Err(Rule::LinkAcrossEpochs);
        }
        let one_of = |roles: &[Role]| roles.iter().find_map(|role| tags.iter().find(|t| t.role == *role));
        let (from, to) = match view.operation() {
            Operation::Identify => {
                (one_of(&[Role::Previous, Role::Device]), one_of(&[Role::Next, Role::User, Role::Subject]))
            }
            _ => (one_of(&[Role::Previous]), one_of(&[Role::Next])),
        };
        // Two ids that are one, or one that is nobody: there is nothing to link.
        match (from, to) {
            (Some(from), Some(to)) if from.tag != to.tag => Ok(()),
            _ => Err(Rule::Malformed),
        }
    }

    pub(super) fn ids(
        &mut self,
        view: &RecordView<'_>,
        tags: &[Tag],
        keys: &DestinationKeys,
        epoch: Epoch,
        outcomes: &mut Vec<(NameId, Outcome)>,
    ) -> Result<Vec<ReleasedIdentity>, Rule> {
        let sendable = |tag: &&Tag| tag.role != Role::Contact;
        let mut raw = match self.policy.mode {
            Mode::Raw(_) if tags.iter().any(|t| sendable(&t)) => self.open_raw(view, tags.len())?,
            _ => Vec::new(),
        };
        let mut ids = std::mem::take(&mut self.ids);
        ids.clear();
        for (place, tag) in tags.iter().enumerate().filter(|(_, tag)| sendable(tag)) {
            let device = tag.kind == SubjectKind::Device;
            let (path, category) = match tag.kind {
                SubjectKind::User => (self.known.identity[0], Category::UniqueId),
                SubjectKind::Device => (self.known.identity[1], Category::DeviceId),
                SubjectKind::Group(_) => (self.known.identity[2], Category::Organization),
                SubjectKind::Email => (self.known.identity[3], Category::ContactEmail),
                SubjectKind::Phone => (self.known.identity[4], Category::ContactPhone),
            };
            let id = match self.policy.mode {
                Mode::Raw(confirmed) => {
                    let unconfirmed = (tag.shape & SHAPE_EMAIL != 0 && !confirmed.email)
                        || (tag.shape & SHAPE_PHONE != 0 && !confirmed.phone);
                    if unconfirmed {
                        return Err(Rule::UnconfirmedIdentifier);
                    }
                    outcomes.push((path, Outcome::Ours(category, Action::Keep)));
                    let text = raw.get_mut(place).and_then(Option::take).ok_or(Rule::RawIdNotKept)?;
                    ReleasedId::Raw { text, device }
                }
                Mode::Stable | Mode::Rotating(_) => {
                    outcomes.push((path, Outcome::Ours(category, Action::Pseudonymize)));
                    ReleasedId::Pseudonym { uuid: self.pseudonym(keys, epoch, tag)?, device }
                }
            };
            ids.push(ReleasedIdentity { role: tag.role, kind: tag.kind, id });
        }
        Ok(ids)
    }

    /// D8: opens the raw ids of an event, for a destination that is `raw`. By place of the tag.
    fn open_raw(&self, view: &RecordView<'_>, tags: usize) -> Result<Vec<Option<Box<str>>>, Rule> {
        let sealed = view.raw().ok_or(Rule::RawIdNotKept)?;
        let key = self.keys.raw_day(sealed.day).ok_or(Rule::RawIdNotKept)?;
        let mut bytes = sealed.sealed.to_vec();
        let plain = key.open_random(&raw_aad(view.event_id()), &mut bytes).map_err(|_| Rule::RawIdNotKept)?;
        let mut out: Vec<Option<Box<str>>> = vec![None; tags];
        let mut at = Cursor::new(plain);
        while !at.is_done() {
            let place = at.u8().map_err(|_| Rule::StageFailed)?;
            let text = at.str().map_err(|_| Rule::StageFailed)?;
            *out.get_mut(usize::from(place)).ok_or(Rule::StageFailed)? = Some(text.into());
        }
        Ok(out)
    }

    pub(super) fn pseudonym(&mut self, keys: &DestinationKeys, epoch: Epoch, tag: &Tag) -> Result<Uuid, Rule> {
        if let Some(uuid) = self.pseudonyms.get(epoch, tag) {
            return Ok(uuid);
        }
        let uuid = match tag.kind {
            SubjectKind::User => keys.pseudonym(epoch, "user", &tag.tag),
            SubjectKind::Device => keys.pseudonym(epoch, "device", &tag.tag),
            SubjectKind::Email => keys.pseudonym(epoch, "email", &tag.tag),
            SubjectKind::Phone => keys.pseudonym(epoch, "phone", &tag.tag),
            SubjectKind::Group(group_type) => {
                keys.pseudonym(epoch, &format!("group:{}", self.names.entry(group_type).key), &tag.tag)
            }
        };
        // No key: the epoch was not prepared, or is gone. Nothing leaves under another one.
        let uuid = uuid.ok_or(Rule::StageFailed)?;
        self.pseudonyms.put(epoch, tag, uuid);
        Ok(uuid)
    }

    pub(super) fn pseudonym_of_value(
        &self,
        view: &RecordView<'_>,
        keys: &DestinationKeys,
        epoch: Epoch,
        leaf: &LeafView<'_>,
    ) -> Result<[u8; 36], Rule> {
        // The value first becomes a tag of its own kind, as an id does: the destination's key never sees a value (D6).
        let kind = format!("property:{}", self.names.text(leaf.path));
        let tag = self.keys.tag(view.environment(), "", &kind, leaf.text);
        Ok(keys.pseudonym(epoch, "property", &tag).ok_or(Rule::StageFailed)?.to_text())
    }
}

/// Whom the vendor is told that the event is about.
pub(super) fn subject_of(operation: Operation, tags: &[Tag]) -> Option<usize> {
    let with_role = |role: Role| tags.iter().position(|t| t.role == role);
    match operation {
        Operation::Group(_) => with_role(Role::Group),
        _ => with_role(Role::Subject).or_else(|| subject_place(tags)),
    }
}
