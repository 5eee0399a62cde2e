//! Whom an event is about: the person's ids, and groups.

use weir_event::{Identity, NameId, Role, Rule, SubjectKind, Text};

use super::found::Group;
use super::words::GROUPS;
use super::{Decoder, special};
use crate::json::{Malformed, Meaning, OneOrMore, Scalar};

/// Groups that one event may name.
const GROUPS_MAX: usize = 64;

impl Decoder<'_> {
    /// The person's ids: the subject is the user, or the device where there is none.
    pub(super) fn person(&mut self) -> Vec<Identity> {
        let mut identities = self.drafting.identities();
        let id = |number, kind, role| self.found.text(number).map(|text| Identity { kind, role, text });
        let user = |role| id(special::USER_ID, SubjectKind::User, role);
        let device = |role| id(special::DEVICE_ID, SubjectKind::Device, role);
        match (user(Role::Subject), device(Role::Subject)) {
            (Some(subject), Some(_)) => {
                identities.push(subject);
                identities.extend(user(Role::User));
                identities.extend(device(Role::Device));
            }
            (subject, device) => identities.extend(subject.or(device)),
        }
        identities
    }

    /// `groups`: a type with one id or several.
    pub(super) fn groups(&mut self) -> Result<(), Malformed> {
        self.found.groups.clear();
        if self.drafting.parser.peek() != b'{' {
            return self.drafting.parser.skip();
        }
        let mut object = self.drafting.parser.begin_object(GROUPS, NameId::GROUP_ROOT)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            let Meaning::Property(path) = key.meaning else {
                self.found.has_unclean_group = true;
                self.drafting.parser.drop_unnamed()?;
                continue;
            };
            self.found.groups.retain(|group| group.path != path);
            let mut ids = OneOrMore::default();
            while self.drafting.parser.next_of(&mut ids)? {
                if let Some(id) = self.drafting.parser.scalar()?.and_then(Scalar::said) {
                    self.add_group(key.text, path, id);
                }
            }
        }
        Ok(())
    }

    fn add_group(&mut self, key: Text, path: NameId, id: Text) {
        if self.found.groups.len() == GROUPS_MAX {
            self.drafting.fail(Rule::OverLimit);
            return;
        }
        // The type was judged clean when its path was made.
        let names = self.drafting.parser.names().names();
        let kind = names.entry(path).key;
        let label = self.options.group(kind).map_or_else(|| names.label(kind), |(_, label)| label);
        self.found.groups.push(Group { key, path, label, id });
    }

    /// The Group Identify API names its group by two fields.
    pub(super) fn group_of_fields(&mut self) {
        let (Some(key), Some(id)) = (self.found.text(special::GROUP_TYPE), self.found.text(special::GROUP_VALUE))
        else {
            return;
        };
        match self.drafting.parser.names().path(NameId::GROUP_ROOT, self.drafting.parser.str(key)) {
            (NameId::UNNAMED, _) | (_, true) => self.found.has_unclean_group = true,
            (path, false) => self.add_group(key, path, id),
        }
    }

    pub(super) fn add_groups(&self, identities: &mut Vec<Identity>) {
        identities.extend(self.found.groups.iter().map(Group::identity));
    }
}
