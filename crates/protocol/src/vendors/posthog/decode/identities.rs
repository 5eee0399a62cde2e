//! Whom an event is about: ids of people and devices, and groups.

use weir_event::{Identity, LeafKind, NameId, Operation, Role, Rule, SubjectKind, Text};

use super::words::GROUPS;
use super::{Decoder, special};
use crate::json::{Malformed, Meaning, OneOrMore, Scalar};

/// Groups that one event may name.
const GROUPS_MAX: usize = 64;

impl Decoder<'_> {
    /// `{"company": "org-77"}`: types and ids.
    pub(super) fn groups(&mut self) -> Result<(), Malformed> {
        self.found.groups.clear();
        if self.drafting.parser.peek() != b'{' {
            return self.drafting.parser.skip();
        }
        let mut object = self.drafting.parser.begin_object(GROUPS, NameId::GROUP_ROOT)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            let Meaning::Property(path) = key.meaning else {
                // A type that is no name cannot be said to anybody.
                self.drafting.parser.drop_unnamed()?;
                continue;
            };
            let label = self.label(path, key.text);
            if key.is_repeated {
                self.found.groups.retain(|(of, _)| *of != label);
            }
            let mut ids = OneOrMore::default();
            while self.drafting.parser.next_of(&mut ids)? {
                let Some(id) = self.drafting.parser.scalar()?.and_then(Scalar::said) else { continue };
                if self.found.groups.len() < GROUPS_MAX {
                    self.found.groups.push((label, id));
                } else {
                    self.drafting.fail(Rule::OverLimit);
                }
            }
        }
        Ok(())
    }

    /// The label of a group type that was judged clean: `path` is its path.
    pub(super) fn label(&mut self, path: NameId, text: Text) -> NameId {
        if let Some((_, label)) = self.labels.iter().find(|(known, _)| *known == path) {
            return *label;
        }
        let parser = &self.drafting.parser;
        let label = parser.names().names().label(parser.str(text));
        if self.labels.len() < 32 {
            self.labels.push((path, label));
        }
        label
    }

    /// Whether an `$identify` names two ids.
    pub(super) fn links_two(&self) -> bool {
        let subject = self.found.text(special::TOP_DISTINCT_ID).or(self.found.text(special::DISTINCT_ID));
        let before = self.found.text(special::ANON_DISTINCT_ID).or(self.found.text(special::DEVICE_ID));
        let parser = &self.drafting.parser;
        subject.zip(before).is_some_and(|(subject, before)| parser.bytes(subject) != parser.bytes(before))
    }

    pub(super) fn identities(&self, operation: Operation, identities: &mut Vec<Identity>) {
        let text = |number| self.found.text(number);
        let mut add = |role, kind, id: Option<Text>| {
            if let Some(text) = id {
                identities.push(Identity { kind, role, text });
            }
        };
        let subject = text(special::TOP_DISTINCT_ID).or(text(special::DISTINCT_ID));
        let device = text(special::DEVICE_ID);
        let anonymous = if self.is_from_device() { SubjectKind::Device } else { SubjectKind::User };
        let kind = if self.is_device(subject, device) { SubjectKind::Device } else { SubjectKind::User };
        add(Role::Subject, kind, subject);
        add(Role::User, SubjectKind::User, text(special::USER_ID));
        add(Role::Device, SubjectKind::Device, device);
        if operation == Operation::Identify {
            add(Role::Previous, anonymous, text(special::ANON_DISTINCT_ID));
        }
        for (label, id) in &self.found.groups {
            add(Role::Group, SubjectKind::Group(*label), Some(*id));
        }
    }

    /// Whether the event was made on somebody's device: there ids come in two kinds.
    fn is_from_device(&self) -> bool {
        self.found.text(special::DEVICE_ID).is_some() || self.says_identified().is_some()
    }

    fn is_device(&self, subject: Option<Text>, device: Option<Text>) -> bool {
        if self.found.text(special::USER_ID).is_some() {
            return false;
        }
        let same = |a: Text, b: Text| self.drafting.parser.bytes(a) == self.drafting.parser.bytes(b);
        self.says_identified() == Some(false)
            || subject.zip(device).is_some_and(|(subject, device)| same(subject, device))
    }

    fn says_identified(&self) -> Option<bool> {
        match self.found.scalars[usize::from(special::IS_IDENTIFIED)]?.kind {
            LeafKind::True => Some(true),
            LeafKind::False => Some(false),
            _ => None,
        }
    }

    /// `alias`, the id after; `distinct_id` is the one before. Takes it off the tape.
    pub(super) fn second_id(&mut self, identities: &mut Vec<Identity>) {
        let start = self.drafting.parser.event_start();
        let (path, _) = self.drafting.parser.names().path(NameId::EVENT_ROOT, "alias");
        let subject = identities.iter().find(|id| id.role == Role::Subject).copied();
        if let Some(subject) = subject {
            identities.push(Identity { role: Role::Previous, ..subject });
        }
        let tape = self.drafting.parser.tape();
        let place = (start..tape.len()).find(|i| tape[*i].path == path && tape[*i].kind.has_text());
        match place {
            Some(place) => {
                let text = tape.remove(place).text;
                identities.push(Identity { kind: SubjectKind::User, role: Role::Next, text });
            }
            None => self.drafting.fail(Rule::Malformed),
        }
    }
}
