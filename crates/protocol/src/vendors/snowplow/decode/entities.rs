//! Entities: Snowplow's own at canonical paths, all others as lists by their names.

use weir_event::{LeafKind, NameId, Text};

use super::found::List;
use super::schema::split_schema;
use super::words::{ENTITY, INNER_ENTITY, OUTER_ENTITIES};
use super::{Decoder, special};
use crate::json::{Key, Malformed, Meaning, Plan, Scalar};
use crate::vendors::snowplow::names;

/// Schemas of one batch whose place is remembered.
const SCHEMAS_REMEMBERED_MAX: usize = 16;

/// What is done with the data of an entity.
#[derive(Clone, Copy)]
pub(super) enum Entity {
    /// One of `names::ENTITIES`, by its place, and its path.
    Known(u8, NameId),
    /// One more in the list at this path.
    Other(NameId),
    /// Read past.
    Forget,
    /// Its name is unclean: read past and counted.
    Unnamed,
}

/// Where the event stood before a text of entities was read.
struct Before {
    tape: usize,
    list_ends: Vec<usize>,
    singles: usize,
    scalars: [Option<Scalar>; special::COUNT],
}

impl Decoder<'_> {
    /// `{"schema", "data": [{"schema", "data"}]}`.
    pub(super) fn entities(&mut self) -> Result<(), Malformed> {
        let before = Before {
            tape: self.drafting.parser.tape().len(),
            list_ends: self.found.lists.iter().map(|list| list.end).collect(),
            singles: self.found.singles.len(),
            scalars: self.found.scalars,
        };
        let mut object = self.drafting.parser.begin_object(OUTER_ENTITIES, NameId::UNNAMED)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            if key.meaning != Meaning::Special(special::DATA) || self.drafting.parser.peek() != b'[' {
                self.drafting.parser.skip()?;
                continue;
            }
            if key.is_repeated {
                self.forget_entities(&before);
            }
            self.drafting.parser.expect(b'[')?;
            let mut is_first = true;
            while self.drafting.parser.next_element(&mut is_first)? {
                self.entity()?;
            }
        }
        Ok(())
    }

    /// Takes back the entities that were read since: of two lists in one text the last wins (D9). Some of them may stand in lists
    /// that another text began.
    #[cold]
    fn forget_entities(&mut self, before: &Before) {
        if self.drafting.parser.is_over_limit() {
            return;
        }
        let tape = self.drafting.parser.tape();
        let moved = |place: usize| self.found.lists[place].end - before.list_ends[place];
        // The last list first, so that the places of those before it still hold.
        for place in (0..before.list_ends.len()).rev() {
            // What moved the end of a list is what was added to it and to those before it.
            let added = moved(place) - place.checked_sub(1).map_or(0, moved);
            let end = self.found.lists[place].end;
            tape.drain(end - added..end);
        }
        tape.truncate(before.tape);
        self.found.lists.truncate(before.list_ends.len());
        for (list, end) in self.found.lists.iter_mut().zip(&before.list_ends) {
            list.end = *end;
        }
        self.found.singles.truncate(before.singles);
        self.found.scalars = before.scalars;
    }

    /// `{"schema", "data"}`, in any order. One that says either twice is not read: what it said first may be on the tape already.
    fn entity(&mut self) -> Result<(), Malformed> {
        let (mut entity, mut passed, mut is_read) = (None, None, false);
        let mut object = self.drafting.parser.begin_object(INNER_ENTITY, NameId::UNNAMED)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match (key.meaning, entity) {
                (Meaning::Special(special::SCHEMA | special::DATA), _) if key.is_repeated => {
                    return Err(Malformed(self.drafting.parser.position()));
                }
                (Meaning::Special(special::SCHEMA), _) => {
                    let schema = self.drafting.parser.scalar()?.filter(|s| s.kind == LeafKind::String);
                    entity = schema.map(|schema| self.find_entity(schema.text)).transpose()?;
                }
                (Meaning::Special(special::DATA), Some(entity)) => {
                    is_read = true;
                    self.entity_data(entity)?;
                }
                (Meaning::Special(special::DATA), None) => {
                    self.drafting.parser.peek();
                    passed = Some(self.drafting.parser.position());
                    self.drafting.parser.skip()?;
                }
                _ => self.drafting.parser.skip()?,
            }
        }
        let end = self.drafting.parser.position();
        match (entity, passed) {
            _ if is_read => Ok(()),
            (Some(entity), Some(data)) => {
                self.drafting.parser.go_to(data);
                self.entity_data(entity)?;
                self.drafting.parser.go_to(end);
                Ok(())
            }
            _ => Err(Malformed(end)),
        }
    }

    fn entity_data(&mut self, entity: Entity) -> Result<(), Malformed> {
        match entity {
            Entity::Known(place, path) if !self.found.singles.contains(&path) => {
                self.found.singles.push(path);
                self.known_entity(place, path)
            }
            Entity::Other(path) if !self.found.singles.contains(&path) => self.other_entity(path),
            Entity::Forget => self.drafting.parser.skip(),
            // A second of one that is no list, or one of somebody else's that would stand in its place.
            Entity::Known(..) | Entity::Other(_) | Entity::Unnamed => self.drafting.parser.drop_unnamed(),
        }
    }

    fn find_entity(&mut self, schema: Text) -> Result<Entity, Malformed> {
        let parser = &self.drafting.parser;
        let bytes = parser.bytes(schema);
        if let Some((_, entity)) = self.schemas.iter().find(|(known, _)| parser.bytes(*known) == bytes) {
            return Ok(*entity);
        }
        let Some((vendor, name)) = split_schema(parser.str(schema)) else {
            return Err(Malformed(parser.position()));
        };
        let is = |(v, n): (&str, &str)| v == vendor && n == name;
        let entity = if names::FORGOTTEN.iter().any(|known| is(*known)) {
            Entity::Forget
        } else {
            let known = names::ENTITIES.iter().position(|(v, n, _)| is((v, n)));
            match (parser.names().path(self.canonical.meta, name), known) {
                ((NameId::UNNAMED, _) | (_, true), _) => Entity::Unnamed,
                ((path, _), Some(place)) => Entity::Known(place as u8, path),
                ((path, _), None) => Entity::Other(path),
            }
        };
        if self.schemas.len() < SCHEMAS_REMEMBERED_MAX {
            self.schemas.push((schema, entity));
        }
        Ok(entity)
    }

    /// An entity of Snowplow's own: what has no canonical path stands in an object of its name.
    fn known_entity(&mut self, place: u8, path: NameId) -> Result<(), Malformed> {
        if self.drafting.parser.peek() != b'{' {
            return Err(Malformed(self.drafting.parser.position()));
        }
        let keys = names::ENTITIES.get(usize::from(place)).map_or(&[][..], |(_, _, keys)| keys);
        let mut canonical = Vec::new();
        let start = self.drafting.parser.tape().len();
        self.drafting.parser.push(path, LeafKind::ObjectBegin, Text::default());
        let mut object = self.drafting.parser.begin_object(Plan(ENTITY + place), path)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(number @ special::CANONICAL..) => {
                    let scalar = self.drafting.parser.scalar()?;
                    let name = keys.get(usize::from(number - special::CANONICAL));
                    canonical.retain(|(other, _)| Some(other) != name.as_ref());
                    canonical.extend(name.zip(scalar));
                }
                Meaning::Special(number) => {
                    let scalar = self.drafting.parser.scalar()?.filter(|scalar| scalar.said().is_some());
                    if let Some(slot) = self.found.scalars.get_mut(usize::from(number)) {
                        *slot = if number == special::PHONE { slot.or(scalar) } else { scalar };
                    }
                }
                _ => self.drafting.parser.property(&key)?,
            }
        }
        if self.drafting.parser.tape().len() == start + 1 {
            self.drafting.parser.tape().truncate(start);
        } else {
            self.drafting.parser.push(path, LeafKind::ObjectEnd, Text::default());
        }
        for (name, scalar) in canonical {
            self.canonical_leaf(name, scalar);
        }
        Ok(())
    }

    /// What an entity says at a canonical path, unless the event itself has said it.
    fn canonical_leaf(&mut self, name: &str, scalar: Scalar) {
        let Some(path) = self.canonical.path(name) else { return };
        let start = self.drafting.parser.event_start();
        if self.drafting.parser.tape().iter().skip(start).any(|leaf| leaf.path == path) {
            return;
        }
        match (name, scalar.kind) {
            (_, LeafKind::Null) => {}
            ("entity.resolution", LeafKind::String) => {
                self.size(scalar.text, path, self.paths.height);
            }
            _ => self.drafting.parser.push(path, scalar.kind, scalar.text),
        }
    }

    /// An entity of anybody's: one more in the list of its name.
    fn other_entity(&mut self, path: NameId) -> Result<(), Malformed> {
        let element = self.drafting.parser.names().element(path);
        let known = self.found.lists.iter().position(|list| list.path == path);
        if known.is_none() {
            self.drafting.parser.push(path, LeafKind::ArrayBegin, Text::default());
        }
        let start = self.drafting.parser.tape().len();
        let key = Key { meaning: Meaning::Property(element), text: Text::default(), is_repeated: false };
        self.drafting.parser.property(&key)?;
        if self.drafting.parser.is_over_limit() {
            return Ok(());
        }
        let tape = self.drafting.parser.tape();
        match known.and_then(|place| self.found.lists.get(place)).map(|list| list.end) {
            None => {
                let end = tape.len();
                self.drafting.parser.push(path, LeafKind::ArrayEnd, Text::default());
                self.found.lists.push(List { path, end });
            }
            Some(end) => {
                // It was read behind everything; its place is before the end of its list.
                let added = tape.len() - start;
                if let Some(rest) = tape.get_mut(end..) {
                    rest.rotate_right(added);
                }
                for list in self.found.lists.iter_mut().filter(|list| list.end >= end) {
                    list.end += added;
                }
            }
        }
        Ok(())
    }
}
