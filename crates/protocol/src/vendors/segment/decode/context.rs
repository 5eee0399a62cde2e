//! What a message says of its surroundings and of its person: `context` and traits.

use weir_event::NameId;

use super::words::{CONTEXT, PART, TRAITS};
use super::{Decoder, special};
use crate::json::{Key, Malformed, Meaning, Plan};
use crate::vendors::segment::names;

impl Decoder<'_> {
    pub(super) fn context(&mut self) -> Result<(), Malformed> {
        if self.drafting.parser.peek() != b'{' {
            return self.drafting.parser.skip();
        }
        let mut object = self.drafting.parser.begin_object(CONTEXT, self.canonical.meta)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(special::TRAITS) => self.found.context_traits = self.position_of_object()?,
                Meaning::Special(number @ special::PART..) => self.part(&key, number - special::PART)?,
                Meaning::Special(number) => {
                    let scalar = self.drafting.parser.scalar()?;
                    if let Some(slot) = self.found.scalars.get_mut(usize::from(number)) {
                        *slot = scalar;
                    }
                }
                _ => self.drafting.parser.property(&key)?,
            }
        }
        Ok(())
    }

    /// An object in `context`. Its keys are canonical as they are; a device's own id is an id.
    fn part(&mut self, key: &Key, place: u8) -> Result<(), Malformed> {
        let name = names::CONTEXT.get(usize::from(place)).map_or("", |(name, _)| name);
        let Some(parent) = self.canonical.path(name) else { return self.drafting.parser.skip() };
        if key.is_repeated {
            self.forget(|above| above == parent);
        }
        if self.drafting.parser.peek() != b'{' {
            return self.unusual(key, self.canonical.meta);
        }
        let plan = if name == "device" { PART } else { Plan::NESTED };
        let mut object = self.drafting.parser.begin_object(plan, parent)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(special::DEVICE_ID) => {
                    self.found.scalars[usize::from(special::DEVICE_ID)] = self.drafting.parser.scalar()?;
                }
                Meaning::Special(_) => self.drafting.parser.skip()?,
                _ => self.drafting.parser.property(&key)?,
            }
        }
        Ok(())
    }

    /// What should be an object and is none: kept as what it is, below `parent`, unless it is nothing.
    pub(super) fn unusual(&mut self, key: &Key, parent: NameId) -> Result<(), Malformed> {
        if self.drafting.parser.peek() == b'n' {
            return self.drafting.parser.skip();
        }
        let (path, is_folded) = self.drafting.parser.names().path(parent, self.drafting.parser.str(key.text));
        let meaning = match path {
            NameId::UNNAMED => Meaning::Unnamed,
            path if is_folded => Meaning::MapKey(path),
            path => Meaning::Property(path),
        };
        self.drafting.parser.property(&Key { meaning, ..*key })
    }

    /// Passes over a value and says where it begins, if it is an object.
    pub(super) fn position_of_object(&mut self) -> Result<Option<usize>, Malformed> {
        let is_object = self.drafting.parser.peek() == b'{';
        let position = self.drafting.parser.position();
        self.drafting.parser.skip()?;
        Ok(is_object.then_some(position))
    }

    /// Reads objects that were passed over as one object below `parent`; what a later one says wins.
    pub(super) fn read_traits(&mut self, parent: NameId, positions: [Option<usize>; 2]) -> Result<(), Malformed> {
        let position_after = self.drafting.parser.position();
        let mut whole = None;
        for position in positions.into_iter().flatten() {
            self.drafting.parser.go_to(position);
            let object = match &mut whole {
                None => whole.insert(self.drafting.parser.begin_object(TRAITS, parent)?),
                Some(object) => {
                    self.drafting.parser.reopen_object(object)?;
                    object
                }
            };
            while let Some(key) = self.drafting.parser.next_key(object)? {
                match key.meaning {
                    Meaning::Special(_) => self.drafting.parser.skip()?,
                    _ => self.drafting.parser.property(&key)?,
                }
            }
        }
        self.drafting.parser.go_to(position_after);
        Ok(())
    }

    /// Traits that come with an event: what is known of its person.
    pub(super) fn person_of_event(&mut self) -> Result<(), Malformed> {
        match self.found.context_traits.take() {
            Some(position) => self.read_traits(NameId::PROFILE_ROOT, [Some(position), None]),
            None => Ok(()),
        }
    }

    #[cold]
    pub(super) fn forget_context(&mut self) {
        let canonical = self.canonical;
        let parents: Vec<_> =
            names::CONTEXT[names::PARTS..].iter().filter_map(|(name, _)| canonical.path(name)).collect();
        self.forget(|parent| parent == NameId::CONTEXT_ROOT || parent == canonical.meta || parents.contains(&parent));
        self.found.context_traits = None;
        self.found.scalars[usize::from(special::CONTEXT_GROUP_ID)] = None;
        self.found.scalars[usize::from(special::DEVICE_ID)] = None;
    }
}
