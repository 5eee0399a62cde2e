//! The drafts of each type of message.

use weir_event::names::NameKind;
use weir_event::{Leaf, LeafKind, NameId, Operation, ProfileOp, Role, Rule, SubjectKind, Text};

use super::words::MERGED;
use super::{Decoder, identity, special};
use crate::json::{Malformed, Meaning, Scalar};
use crate::vendors::segment::names;

impl Decoder<'_> {
    pub(super) fn track(&mut self) -> Result<(), Malformed> {
        self.person_of_event()?;
        let event = self.found.scalars[usize::from(special::EVENT)];
        let Some(Scalar { kind: LeafKind::String, text }) = event.filter(|event| event.text.len > 0) else {
            self.drafting.fail(Rule::Malformed);
            self.finish(Operation::Track, NameId::UNNAMED, Text::default(), &[]);
            return Ok(());
        };
        let name = self.drafting.event_name(text);
        self.finish(Operation::Track, name, text, &[]);
        Ok(())
    }

    /// A page or a screen. Browsers put its name among the properties too.
    pub(super) fn view(&mut self, operation: Operation, name: NameId) -> Result<(), Malformed> {
        if operation == Operation::Page {
            self.page_properties();
        }
        self.person_of_event()?;
        for (number, key) in [(special::NAME, "name"), (special::CATEGORY, "category")] {
            let Some(scalar) = self.found.scalars[usize::from(number)].filter(|scalar| scalar.kind.has_text()) else {
                continue;
            };
            let (path, _) = self.drafting.parser.names().path(NameId::EVENT_ROOT, key);
            let start = self.drafting.parser.event_start();
            if !self.drafting.parser.tape()[start..].iter().any(|leaf| leaf.path == path) {
                self.drafting.parser.push(path, scalar.kind, scalar.text);
            }
        }
        self.finish(operation, name, Text::default(), &[]);
        Ok(())
    }

    /// The properties by which a page says what `context.page` says.
    fn page_properties(&mut self) {
        let (names, page) = (self.drafting.parser.names(), self.canonical.path("page").unwrap_or(NameId::UNNAMED));
        let path_of = |parent, key| names.path(parent, key).0;
        let pairs = *self
            .page_paths
            .get_or_insert_with(|| names::PAGE.map(|key| (path_of(NameId::EVENT_ROOT, key), path_of(page, key))));
        let start = self.drafting.parser.event_start();
        let tape = self.drafting.parser.tape();
        for (property, canonical) in pairs {
            let place = |tape: &[Leaf], path| (start..tape.len()).find(|at| tape[*at].path == path);
            let Some(at) = place(tape, property).filter(|at| tape[*at].kind.is_scalar()) else { continue };
            match place(tape, canonical) {
                // Two that are scalars change places with nobody, so one of them can go.
                Some(other) if tape[other].kind.is_scalar() => {
                    tape[at].path = canonical;
                    tape.remove(other);
                }
                Some(_) => {}
                None => tape[at].path = canonical,
            }
        }
    }

    pub(super) fn identify(&mut self) -> Result<(), Malformed> {
        let context = self.take_tape();
        let (user, device) = (self.user(), self.device());
        let is_link = user.is_some() && device.is_some();
        if is_link {
            self.put(&context);
            let previous = device.map(|text| identity(SubjectKind::Device, Role::Previous, text));
            self.finish(Operation::Identify, self.canonical.identify, Text::default(), previous.as_slice());
            self.drafting.parser.begin_tape();
        }
        let start = self.drafting.parser.event_start();
        self.read_traits(NameId::PROFILE_ROOT, [self.found.context_traits, self.found.traits])?;
        if !is_link || self.drafting.parser.tape().len() > start || self.drafting.parser.unnamed() > 0 {
            if !is_link {
                self.put(&context);
            }
            self.finish(Operation::Profile(ProfileOp::Set), self.canonical.profile, Text::default(), &[]);
        }
        Ok(())
    }

    pub(super) fn group(&mut self) -> Result<(), Malformed> {
        let Some(id) = self.found.text(special::GROUP_ID) else {
            self.drafting.fail(Rule::Malformed);
            self.finish(Operation::Join, self.canonical.group, Text::default(), &[]);
            return Ok(());
        };
        let group = identity(SubjectKind::Group(self.group_type), Role::Group, id);
        let context = self.take_tape();
        let joins = self.user().or(self.device()).is_some();
        if joins {
            self.put(&context);
            self.person_of_event()?;
            self.finish(Operation::Join, self.canonical.group, Text::default(), &[group]);
            self.drafting.parser.begin_tape();
        }
        let start = self.drafting.parser.event_start();
        let names = self.drafting.parser.names();
        let (parent, _) = names.path(NameId::GROUP_ROOT, names.names().entry(self.group_type).key);
        if parent == NameId::UNNAMED {
            self.drafting.fail(Rule::PathUnclean);
        }
        self.read_traits(parent, [self.found.traits, None])?;
        if !joins || self.drafting.parser.tape().len() > start || self.drafting.parser.unnamed() > 0 {
            if !joins {
                self.put(&context);
            }
            self.finish(Operation::Group(ProfileOp::Set), self.canonical.group, Text::default(), &[group]);
        }
        Ok(())
    }

    pub(super) fn alias(&mut self) -> Result<(), Malformed> {
        self.person_of_event()?;
        let (user, device) = (self.user(), self.found.text(special::ANONYMOUS_ID));
        let is_same =
            |text: Text| device.is_some_and(|d| self.drafting.parser.bytes(d) == self.drafting.parser.bytes(text));
        let previous = match self.found.text(special::PREVIOUS_ID) {
            Some(text) if is_same(text) => Some((SubjectKind::Device, text)),
            Some(text) => Some((SubjectKind::User, text)),
            None => device.map(|text| (SubjectKind::Device, text)),
        };
        let (Some((kind, previous)), Some(user)) = (previous, user) else {
            self.drafting.fail(Rule::Malformed);
            self.finish(Operation::Alias, self.canonical.alias, Text::default(), &[]);
            return Ok(());
        };
        let link = [identity(kind, Role::Previous, previous), identity(SubjectKind::User, Role::Next, user)];
        self.finish(Operation::Alias, self.canonical.alias, Text::default(), &link);
        Ok(())
    }

    pub(super) fn merge(&mut self) -> Result<(), Malformed> {
        self.person_of_event()?;
        let name = self.drafting.parser.names().names().restore(NameKind::Event, "$merge").unwrap_or(NameId::UNNAMED);
        let link: Vec<_> = match self.found.merged.as_slice() {
            [first, second] => {
                vec![identity(first.0, Role::Previous, first.1), identity(second.0, Role::Next, second.1)]
            }
            _ => {
                self.drafting.fail(Rule::Malformed);
                Vec::new()
            }
        };
        self.finish(Operation::Merge, name, Text::default(), &link);
        Ok(())
    }

    /// `[{"type", "value"}, {"type", "value"}]`.
    pub(super) fn merge_properties(&mut self) -> Result<(), Malformed> {
        self.found.merged.clear();
        if self.drafting.parser.peek() != b'[' {
            return self.drafting.parser.skip();
        }
        self.drafting.parser.expect(b'[')?;
        let mut is_first = true;
        while self.drafting.parser.next_element(&mut is_first)? {
            if self.drafting.parser.peek() != b'{' {
                self.drafting.parser.skip()?;
                continue;
            }
            let (mut kind, mut value) = (None, None);
            let mut object = self.drafting.parser.begin_object(MERGED, self.canonical.meta)?;
            while let Some(key) = self.drafting.parser.next_key(&mut object)? {
                let scalar = self.drafting.parser.scalar()?.and_then(Scalar::said);
                match key.meaning {
                    Meaning::Special(special::MERGED_TYPE) => kind = scalar,
                    Meaning::Special(special::MERGED_VALUE) => value = scalar,
                    _ => {}
                }
            }
            let kind = kind.map(|kind| self.drafting.parser.bytes(kind));
            let kind = match kind {
                Some(b"email") => SubjectKind::Email,
                Some(b"phone" | b"mobile") => SubjectKind::Phone,
                Some(b"anonymousId" | b"anonymous_id") => SubjectKind::Device,
                _ => SubjectKind::User,
            };
            if let Some(value) = value
                && self.found.merged.len() < 3
            {
                self.found.merged.push((kind, value));
            }
        }
        Ok(())
    }
}
