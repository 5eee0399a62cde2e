//! Profile operations: of a person or of groups, beside an event or alone; one draft for each.

use weir_event::{Draft, Identity, Leaf, LeafKind, NameId, Operation, ProfileOp, Rule, Text};

use super::found::Group;
use super::words::{OPERATIONS, PROFILE, UPDATE};
use super::{Decoder, special};
use crate::json::{Malformed, Meaning};

/// Whose properties an update changes.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    Person,
    Group(Group),
}

impl Whose {
    /// The parent of the properties.
    fn parent(self) -> NameId {
        match self {
            Whose::Person => NameId::PROFILE_ROOT,
            Whose::Group(group) => group.path,
        }
    }
}

impl Decoder<'_> {
    /// `$identify`: the link, the groups, the operations.
    pub(super) fn identify(&mut self) -> Result<(), Malformed> {
        let context = self.split_context();
        let fault = self.drafting.fault();
        let mut is_said = false;
        if self.found.text(special::USER_ID).is_some() && self.found.text(special::DEVICE_ID).is_some() {
            is_said = true;
            let identities = self.person();
            self.begin_draft(fault);
            self.finish_with(&context, Operation::Identify, self.canonical.identify, identities);
        }
        if !self.found.groups.is_empty() {
            is_said = true;
            let mut identities = self.person();
            self.add_groups(&mut identities);
            self.begin_draft(fault);
            self.finish_with(&context, Operation::Join, self.canonical.group, identities);
        }
        if let Some(position) = self.found.user_properties {
            is_said |= self.update(position, Whose::Person, &context, fault)?;
        }
        if !is_said {
            // It says nothing, and is counted all the same.
            self.begin_draft(fault);
            let identities = self.person();
            self.finish_with(&context, Operation::Profile(ProfileOp::Set), self.canonical.profile, identities);
        }
        Ok(())
    }

    /// `$groupidentify`: the operations on each group that it names.
    pub(super) fn group_identify(&mut self) -> Result<(), Malformed> {
        let context = self.split_context();
        let fault = self.drafting.fault();
        let is_said = match self.found.group_properties {
            Some(position) if !self.found.groups.is_empty() => self.update_groups(position, &context, fault)?,
            _ => false,
        };
        if !is_said {
            let rule = if self.found.has_unclean_group { Rule::PathUnclean } else { Rule::Malformed };
            self.begin_draft(fault);
            self.drafting.fail(rule);
            let mut identities = Vec::new();
            self.add_groups(&mut identities);
            self.finish_with(&context, Operation::Group(ProfileOp::Set), self.canonical.group, identities);
        }
        Ok(())
    }

    /// The operations on the groups that the event names. What they change is the same for all groups of a type, so it is read
    /// once. Operations of one kind on two groups would have one id (D5): only the first bears the event's.
    pub(super) fn update_groups(
        &mut self,
        position: usize,
        context: &[Leaf],
        fault: Option<Rule>,
    ) -> Result<bool, Malformed> {
        let Some(first) = self.found.groups.first().copied() else { return Ok(false) };
        let from = self.drafting.drafts().len();
        if !self.update(position, Whose::Group(first), context, fault)? {
            return Ok(false);
        }
        let to = self.drafting.drafts().len();
        for i in 1..self.found.groups.len() {
            let group = self.found.groups[i];
            if group.path == first.path {
                for draft in from..to {
                    let identities = vec![group.identity()];
                    let copy = Draft { identities, sdk_id: None, ..self.drafting.drafts()[draft].clone() };
                    self.drafting.drafts().push(copy);
                }
            } else {
                // Whose properties they are is not said; SDKs name one type.
                self.begin_draft(fault);
                self.drafting.fail(Rule::Malformed);
                self.finish_update(Whose::Group(group), ProfileOp::Set, context);
            }
        }
        Ok(true)
    }

    /// Reads `user_properties` or `group_properties`, which stand at `position`, and makes a draft of each operation. Says whether
    /// there was any.
    pub(super) fn update(
        &mut self,
        position: usize,
        whose: Whose,
        context: &[Leaf],
        fault: Option<Rule>,
    ) -> Result<bool, Malformed> {
        self.begin_draft(fault);
        self.drafting.parser.go_to(position);
        if self.drafting.parser.peek() != b'{' {
            self.drafting.fail(Rule::Malformed);
            self.drafting.parser.skip()?;
            self.finish_update(whose, ProfileOp::Set, context);
            return Ok(true);
        }
        let parent = whose.parent();
        let mut operations: Vec<(usize, usize)> = Vec::new();
        let (mut has_plain, mut is_said) = (false, false);
        let mut object = self.drafting.parser.begin_object(UPDATE, parent)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(number @ special::OPERATION..) => {
                    let place = usize::from(number - special::OPERATION);
                    self.drafting.parser.peek();
                    operations.retain(|(other, _)| *other != place);
                    operations.push((place, self.drafting.parser.position()));
                    self.drafting.parser.skip()?;
                }
                _ if self.repeats_group(whose, key.text) => self.drafting.parser.skip()?,
                _ => {
                    has_plain = true;
                    self.drafting.parser.property(&key)?;
                }
            }
        }
        if has_plain {
            // Keys with and without an operation do not mix: which of two values is meant is not said.
            if let Some(place) = operations.iter().position(|(place, _)| OPERATIONS[*place].1 == ProfileOp::Set) {
                let (_, position) = operations.remove(place);
                self.drafting.parser.go_to(position);
                self.operation(ProfileOp::Set, whose)?;
                self.drafting.fail(Rule::Malformed);
            }
            self.finish_update(whose, ProfileOp::Set, context);
            is_said = true;
        }
        for (place, position) in operations {
            let (_, op) = OPERATIONS[place];
            self.begin_draft(fault);
            self.drafting.parser.go_to(position);
            let repeats_groups = self.operation(op, whose)?;
            let is_empty = self.drafting.parser.tape().len() == self.drafting.parser.event_start();
            if repeats_groups && is_empty && self.drafting.parser.unnamed() == 0 && self.drafting.fault() == fault {
                continue;
            }
            self.finish_update(whose, op, context);
            is_said = true;
        }
        Ok(is_said)
    }

    /// Reads what one operation changes. Says whether a group's id was left out, which the event names anyway.
    fn operation(&mut self, op: ProfileOp, whose: Whose) -> Result<bool, Malformed> {
        if op == ProfileOp::Clear {
            return self.drafting.parser.skip().map(|()| false);
        }
        if self.drafting.parser.peek() != b'{' {
            self.drafting.fail(Rule::Malformed);
            return self.drafting.parser.skip().map(|()| false);
        }
        let mut repeats_groups = false;
        let mut object = self.drafting.parser.begin_object(PROFILE, whose.parent())?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            if self.repeats_group(whose, key.text) {
                repeats_groups = true;
                self.drafting.parser.skip()?;
                continue;
            }
            match (op, key.meaning) {
                // `{"key": "-"}`: the path without a value.
                (ProfileOp::Unset, Meaning::Property(path)) => {
                    self.drafting.parser.skip()?;
                    self.drafting.parser.push(path, LeafKind::Null, Text::default());
                }
                (ProfileOp::Unset, Meaning::MapKey(path)) => {
                    self.drafting.parser.skip()?;
                    self.drafting.parser.push(path, LeafKind::MapKey, key.text);
                    self.drafting.parser.push(path, LeafKind::Null, Text::default());
                }
                _ => self.drafting.parser.property(&key)?,
            }
        }
        Ok(repeats_groups)
    }

    /// Whether a person's property is what `setGroup` writes beside `groups`: the group's id once more.
    fn repeats_group(&self, whose: Whose, key: Text) -> bool {
        let is_type = |group: &Group| self.drafting.parser.bytes(group.key) == self.drafting.parser.bytes(key);
        matches!(whose, Whose::Person) && self.found.groups.iter().any(is_type)
    }

    /// Takes the context off the tape of an event that becomes several drafts.
    fn split_context(&mut self) -> Vec<Leaf> {
        self.found.unnamed = self.drafting.parser.unnamed();
        let start = self.drafting.parser.event_start();
        self.drafting.parser.tape().split_off(start)
    }

    /// Begins a further draft of the same event. What was found about an earlier one is not this one's.
    fn begin_draft(&mut self, fault: Option<Rule>) {
        self.drafting.restore_fault(fault);
        self.drafting.parser.begin_tape();
    }

    fn finish_update(&mut self, whose: Whose, op: ProfileOp, context: &[Leaf]) {
        match whose {
            Whose::Person => {
                let identities = self.person();
                self.finish_with(context, Operation::Profile(op), self.canonical.profile, identities);
            }
            Whose::Group(group) => {
                let identities = vec![group.identity()];
                self.finish_with(context, Operation::Group(op), self.canonical.group, identities);
            }
        }
    }

    fn finish_with(&mut self, context: &[Leaf], operation: Operation, name: NameId, identities: Vec<Identity>) {
        if !self.drafting.parser.is_over_limit() {
            self.drafting.parser.tape().extend_from_slice(context);
        }
        self.finish(operation, name, Text::default(), identities);
    }

    /// Reads past a value that is read later: its place, or `None` for `null`.
    pub(super) fn pass_over(&mut self) -> Result<Option<usize>, Malformed> {
        let is_null = self.drafting.parser.peek() == b'n';
        let position = self.drafting.parser.position();
        self.drafting.parser.skip()?;
        Ok((!is_null).then_some(position))
    }
}
