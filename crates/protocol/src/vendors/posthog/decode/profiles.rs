//! Profile operations: of a person, beside an event or alone, and of a group.

use weir_event::{LeafKind, NameId, Operation, ProfileOp, Rule, Text};

use super::words::{GROUP_SET, LATER, PROFILE};
use super::{Decoder, special};
use crate::json::{Malformed, Scalar, values};

impl Decoder<'_> {
    /// An event that is nothing but profile operations.
    pub(super) fn profile_alone(&mut self) -> Result<(), Malformed> {
        let unnamed = self.forget_tape();
        if self.profiles(unnamed)? == 0 {
            // It stays an event, which changes nothing, and is dropped as such where it would leave.
            self.drafting.parser.begin_tape();
            self.finish(Operation::Profile(ProfileOp::Set), self.canonical.profile, Text::default(), unnamed);
        }
        Ok(())
    }

    /// `$groupidentify`: the properties of a group, and of a person if it says so.
    pub(super) fn group_profile(&mut self) -> Result<(), Malformed> {
        let unnamed = self.forget_tape();
        self.drafting.parser.begin_tape();
        let fault = self.drafting.fault();
        let group = match (self.found.text(special::GROUP_TYPE), self.found.text(special::GROUP_KEY)) {
            (Some(kind), Some(id)) => {
                let parser = &self.drafting.parser;
                match parser.names().path(NameId::GROUP_ROOT, parser.str(kind)) {
                    (NameId::UNNAMED, _) | (_, true) => {
                        self.drafting.fail(Rule::PathUnclean);
                        None
                    }
                    (path, false) => Some((path, self.label(path, kind), id)),
                }
            }
            _ => {
                self.drafting.fail(Rule::Malformed);
                None
            }
        };
        let parent = group.map_or(NameId::UNNAMED, |(path, ..)| path);
        if let Some(position) = self.found.later[GROUP_SET] {
            self.drafting.parser.go_to(position);
            self.profile(parent)?;
        }
        let groups =
            std::mem::replace(&mut self.found.groups, group.map(|(_, label, id)| (label, id)).into_iter().collect());
        self.finish(Operation::Group(ProfileOp::Set), self.canonical.group, Text::default(), unnamed);
        self.found.groups = groups;
        self.drafting.restore_fault(fault);
        self.profiles(0)?;
        Ok(())
    }

    /// Takes the tape of the event back; the properties that were dropped for their keys still count.
    fn forget_tape(&mut self) -> u32 {
        let (start, unnamed) = (self.drafting.parser.event_start(), self.drafting.parser.unnamed());
        self.drafting.parser.tape().truncate(start);
        unnamed
    }

    /// One draft for each of `$set`, `$set_once` and `$unset`; says how many. `unnamed` count with the first.
    pub(super) fn profiles(&mut self, mut unnamed: u32) -> Result<u32, Malformed> {
        if self.found.later == [None; LATER.len()] {
            return Ok(0);
        }
        // A person's groups are no properties of theirs here.
        let groups = std::mem::take(&mut self.found.groups);
        let fault = self.drafting.fault();
        let mut made = 0;
        for op in [ProfileOp::Set, ProfileOp::SetOnce, ProfileOp::Unset] {
            let mut is_begun = false;
            for (place, (_, _, of)) in LATER.iter().enumerate() {
                let (Some(position), true) = (self.found.later[place], *of == Some(op)) else { continue };
                if !std::mem::replace(&mut is_begun, true) {
                    self.drafting.restore_fault(fault);
                    self.drafting.parser.begin_tape();
                }
                let first = self.drafting.parser.tape().len();
                self.drafting.parser.go_to(position);
                if op == ProfileOp::Unset {
                    self.unset()?;
                } else {
                    self.profile(NameId::PROFILE_ROOT)?;
                }
                self.remove_replaced(first);
            }
            if is_begun {
                made += 1;
                let unnamed = std::mem::take(&mut unnamed);
                self.finish(Operation::Profile(op), self.canonical.profile, Text::default(), unnamed);
            }
        }
        self.found.groups = groups;
        self.drafting.restore_fault(fault);
        Ok(made)
    }

    /// The properties of a person or of a group.
    fn profile(&mut self, parent: NameId) -> Result<(), Malformed> {
        if self.drafting.parser.peek() != b'{' {
            self.drafting.fail(Rule::Malformed);
            return self.drafting.parser.skip();
        }
        let mut object = self.drafting.parser.begin_object(PROFILE, parent)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            self.drafting.parser.property(&key)?;
        }
        Ok(())
    }

    /// `$unset` names properties: their paths without values. Some SDKs send an object with them as keys.
    fn unset(&mut self) -> Result<(), Malformed> {
        match self.drafting.parser.peek() {
            b'[' => {
                self.drafting.parser.expect(b'[')?;
                let mut is_first = true;
                while self.drafting.parser.next_element(&mut is_first)? {
                    match self.drafting.parser.scalar()? {
                        Some(Scalar { kind: LeafKind::String, text }) => self.unset_one(text),
                        _ => self.drafting.fail(Rule::Malformed),
                    }
                }
                Ok(())
            }
            b'{' => {
                let mut object = self.drafting.parser.begin_object(PROFILE, NameId::PROFILE_ROOT)?;
                while let Some(key) = self.drafting.parser.next_key(&mut object)? {
                    self.drafting.parser.skip()?;
                    self.unset_one(key.text);
                }
                Ok(())
            }
            _ => {
                self.drafting.fail(Rule::Malformed);
                self.drafting.parser.skip()
            }
        }
    }

    fn unset_one(&mut self, key: Text) {
        let parser = &mut self.drafting.parser;
        match parser.names().path(NameId::PROFILE_ROOT, parser.str(key)) {
            (NameId::UNNAMED, _) => parser.count_unnamed(),
            (path, is_folded) => {
                if is_folded {
                    parser.push(path, LeafKind::MapKey, key);
                }
                parser.push(path, LeafKind::Null, Text::default());
            }
        }
    }

    /// Takes off the tape what stands before `second` and is said again from there on. Seldom: an SDK says it in one place.
    fn remove_replaced(&mut self, second: usize) {
        let start = self.drafting.parser.event_start();
        if second <= start || self.drafting.parser.is_over_limit() {
            return;
        }
        let again: Vec<NameId> = values(&self.drafting.parser.tape()[second..]).map(|(leaf, _)| leaf.path).collect();
        let tape = self.drafting.parser.tape();
        let gone: Vec<_> = values(&tape[start..second])
            .filter(|(leaf, _)| leaf.kind != LeafKind::MapKey && again.contains(&leaf.path))
            .map(|(_, range)| start + range.start..start + range.end)
            .collect();
        for range in gone.into_iter().rev() {
            tape.drain(range);
        }
    }
}
