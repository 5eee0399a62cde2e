//! The tracker protocol to drafts.
//!
//! - A payload is `{"schema", "data": [{…}]}`; each event's values are texts, which [`names`] says how to read.
//! - `e` says what an event is: `pv` a page view; `pp` the event `page_ping`; `se` an event named by its action (`se_ac`), whose
//!   category, label, property and value are properties; `ue` an event named by its schema (`iglu:com.acme/press/jsonschema/1-0-0`
//!   is `press`), whose data are the properties; `tr` and `ti` the events `transaction` and `transaction_item`.
//! - JSON stands inside texts (`co`, `ue_pr`), or base64 of it (`cx`, `ue_px`). It is read where it stands.
//! - Entities (contexts): those in [`names::ENTITIES`] have canonical paths, what else they say stands at `context.meta.<name>`.
//!   All others are lists, since a tracker may attach several of one schema: `context.meta.<name>.*`.
//! - Declared group keys among the properties of a self-describing event are identities.
//! - App id, user, device and session ids leave the tape; of several device ids the first of the list in `device` counts.

use weir_event::{DraftBatch, Identity, Leaf, LeafKind, NameId, Operation, Role, Rule, SourceNames, SubjectKind, Text};

use crate::drafting::{Drafting, Facts, unix_time};
use crate::inbound::{Canonical, DecodeError, DecodeOptions, Decoded};
use crate::json::{Key, Malformed, Meaning, Plan, Scalar, Vocabulary, is_number};
use crate::vendors::snowplow::names::{self, Type};

/// `{"schema", "data"}` around the events.
const ENVELOPE: Plan = Plan(1);
/// An event.
const EVENT: Plan = Plan(2);
/// `{"schema", "data"}` inside an event, at each of its places: so the parser's guess which key comes next is right.
const OUTER_EVENT: Plan = Plan(3);
const INNER_EVENT: Plan = Plan(5);
const OUTER_ENTITIES: Plan = Plan(6);
const INNER_ENTITY: Plan = Plan(7);
/// The properties of a self-describing event.
const PROPERTIES: Plan = Plan(4);
/// The data of an entity: this number plus its place in [`names::ENTITIES`].
const ENTITY: u8 = 16;

/// What is kept beside the tape, by number.
mod special {
    pub(super) const KIND: u8 = 0;
    pub(super) const EVENT_ID: u8 = 1;
    pub(super) const USER: u8 = 2;
    pub(super) const DOMAIN_USER: u8 = 3;
    pub(super) const NETWORK_USER: u8 = 4;
    pub(super) const TRACKER_NETWORK_USER: u8 = 5;
    pub(super) const DEVICE_TIME: u8 = 6;
    pub(super) const TRUE_TIME: u8 = 7;
    pub(super) const SENT_TIME: u8 = 8;
    pub(super) const ACTION: u8 = 9;
    pub(super) const TRACKER: u8 = 10;
    /// Of an entity: `client_session.userId`.
    pub(super) const SESSION_USER: u8 = 11;
    /// Of an entity: an id of the phone.
    pub(super) const PHONE: u8 = 12;
    pub(super) const COUNT: usize = 13;
    /// Ids that are no use twice, and the app id: read and forgotten.
    pub(super) const FORGET: u8 = 20;
    pub(super) const DATA: u8 = 21;
    pub(super) const SCHEMA: u8 = 22;
    /// JSON in a text: this number plus its place in `Found::nested`.
    pub(super) const NESTED: u8 = 24;
    pub(super) const EVENT_PLAIN: u8 = 24;
    pub(super) const EVENT_BASE64: u8 = 25;
    pub(super) const ENTITIES_PLAIN: u8 = 26;
    pub(super) const ENTITIES_BASE64: u8 = 27;
    pub(super) const NESTED_COUNT: usize = 4;
    /// Keys with a type: this number plus the place in `names::TYPED`.
    pub(super) const TYPED: u8 = 64;
    /// Keys of an entity with a canonical path: this number plus the place in its list.
    pub(super) const CANONICAL: u8 = 128;
    /// Group keys: this number plus the group's.
    pub(super) const GROUP: u8 = 192;
}

/// Groups that one event may name.
const GROUPS_MAX: usize = 64;
/// Schemas of one batch whose place is remembered.
const SCHEMAS_REMEMBERED_MAX: usize = 16;

struct Words<'a> {
    canonical: &'a Canonical,
    options: &'a DecodeOptions,
}

impl Vocabulary for Words<'_> {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        let special = match (plan, key) {
            (ENVELOPE | OUTER_EVENT | INNER_EVENT | OUTER_ENTITIES | INNER_ENTITY, "data") => special::DATA,
            (INNER_EVENT | INNER_ENTITY, "schema") => special::SCHEMA,
            (ENVELOPE | OUTER_EVENT | INNER_EVENT | OUTER_ENTITIES | INNER_ENTITY, _) => special::FORGET,
            (EVENT, "e") => special::KIND,
            (EVENT, "eid") => special::EVENT_ID,
            (EVENT, "uid") => special::USER,
            (EVENT, "duid") => special::DOMAIN_USER,
            (EVENT, "nuid") => special::NETWORK_USER,
            (EVENT, "tnuid") => special::TRACKER_NETWORK_USER,
            (EVENT, "dtm") => special::DEVICE_TIME,
            (EVENT, "ttm") => special::TRUE_TIME,
            (EVENT, "stm") => special::SENT_TIME,
            (EVENT, "se_ac") => special::ACTION,
            (EVENT, "tv") => special::TRACKER,
            (EVENT, "ue_pr") => special::EVENT_PLAIN,
            (EVENT, "ue_px") => special::EVENT_BASE64,
            (EVENT, "co") => special::ENTITIES_PLAIN,
            (EVENT, "cx") => special::ENTITIES_BASE64,
            (EVENT, "aid" | "tid" | "fp" | "mac") => special::FORGET,
            (EVENT, _) => match names::TYPED.iter().position(|(name, _)| *name == key) {
                Some(place) => special::TYPED + place as u8,
                None => return self.canonical.path(key).map(Meaning::Property),
            },
            (PROPERTIES, _) => special::GROUP + self.options.group(key)?.0 as u8,
            (_, "userId") => special::SESSION_USER,
            (_, "appleIdfv" | "androidIdfa" | "appleIdfa" | "openIdfa" | "appSetId") => special::PHONE,
            (_, "previousSessionId" | "firstEventId" | "tabId") => special::FORGET,
            (Plan(entity), _) => {
                let (_, _, keys) = names::ENTITIES.get(usize::from(entity.checked_sub(ENTITY)?))?;
                let place = keys.iter().position(|name| name.strip_prefix("entity.") == Some(key))?;
                special::CANONICAL + place as u8
            }
        };
        Some(Meaning::Special(special))
    }
}

/// Decodes `batch.text`.
pub(super) fn decode(
    source: &SourceNames,
    options: &DecodeOptions,
    batch: &mut DraftBatch,
) -> Result<Decoded, DecodeError> {
    let canonical = options.canonical(source.names(), names::FIELDS);
    let drafting = Drafting::new(batch, source, Words { canonical, options });
    let (found, paths) = (Found::default(), Paths::new(canonical));
    let mut decoder = Decoder { drafting, canonical, options, found, schemas: Vec::new(), paths, named: [None; 3] };
    decoder.run()?;
    Ok(decoder.drafting.decoded())
}

struct Decoder<'a> {
    drafting: Drafting<'a, Words<'a>>,
    canonical: &'a Canonical,
    options: &'a DecodeOptions,
    found: Found,
    /// Schemas of entities that were seen in this batch.
    schemas: Vec<(Text, Entity)>,
    paths: Paths,
    /// The ids of `NAMED`, as far as they were asked for.
    named: [Option<NameId>; 3],
}

/// Paths that nearly every event needs.
struct Paths {
    width: NameId,
    height: NameId,
    library: NameId,
    version: NameId,
    schema: NameId,
}

impl Paths {
    fn new(canonical: &Canonical) -> Paths {
        let path = |name| canonical.path(name).unwrap_or(NameId::UNNAMED);
        Paths {
            width: path("res"),
            height: path("res height"),
            library: path("tv"),
            version: path("tv version"),
            schema: path("ue schema"),
        }
    }
}

/// Events that have a letter in the protocol and no name.
const NAMED: [&str; 3] = ["page_ping", "transaction", "transaction_item"];

/// What one event says beside its properties.
#[derive(Default)]
struct Found {
    scalars: [Option<Scalar>; special::COUNT],
    nested: [Option<Nested>; special::NESTED_COUNT],
    lists: Vec<List>,
    singles: Vec<NameId>,
    groups: Vec<(u8, Text)>,
}

/// Where JSON of its own stands.
#[derive(Clone, Copy)]
enum Nested {
    /// In a text that was read.
    Text(Text),
    /// As an object, where the protocol has a text. It was passed over.
    Object(usize),
}

/// A list of entities of one name on the tape.
struct List {
    path: NameId,
    /// The place of its end.
    end: usize,
}

/// What is done with the data of an entity.
#[derive(Clone, Copy)]
enum Entity {
    /// One of `names::ENTITIES`, by its place, and its path.
    Known(u8, NameId),
    /// One more in the list at this path.
    Other(NameId),
    /// Read past.
    Forget,
    /// Its name is unclean: read past and counted.
    Unnamed,
}

impl Found {
    fn clear(&mut self) {
        self.scalars = [None; special::COUNT];
        self.nested = [None; special::NESTED_COUNT];
        self.lists.clear();
        self.singles.clear();
        self.groups.clear();
    }

    fn text(&self, number: u8) -> Option<Text> {
        let scalar = self.scalars.get(usize::from(number)).copied().flatten()?;
        (scalar.kind.has_text() && scalar.text.len > 0).then_some(scalar.text)
    }

    fn nested(&self, number: u8) -> Option<Nested> {
        self.nested.get(usize::from(number - special::NESTED)).copied().flatten()
    }
}

impl Decoder<'_> {
    fn run(&mut self) -> Result<(), DecodeError> {
        let mut has_data = false;
        match self.drafting.parser.peek() {
            b'{' => {}
            b'[' | 0 => return Err(DecodeError::NotEvents),
            _ => return Err(DecodeError::Malformed { at: self.drafting.parser.position() }),
        }
        let mut envelope = self.drafting.parser.begin_object(ENVELOPE, NameId::UNNAMED)?;
        while let Some(key) = self.drafting.parser.next_key(&mut envelope)? {
            let is_data = key.meaning == Meaning::Special(special::DATA);
            if is_data && key.is_repeated {
                self.drafting.forget();
                self.schemas.clear();
                has_data = false;
            }
            match self.drafting.parser.peek() {
                b'[' if is_data => {
                    has_data = true;
                    self.drafting.parser.expect(b'[')?;
                    let mut is_first = true;
                    while self.drafting.parser.next_element(&mut is_first)? {
                        self.drafting.begin()?;
                        self.element()?;
                    }
                }
                b'{' if is_data => {
                    has_data = true;
                    self.drafting.begin()?;
                    self.element()?;
                }
                _ => self.drafting.parser.skip()?,
            }
        }
        if !self.drafting.parser.is_done() {
            return Err(DecodeError::Malformed { at: self.drafting.parser.position() });
        }
        if has_data { Ok(()) } else { Err(DecodeError::NotEvents) }
    }

    fn element(&mut self) -> Result<(), Malformed> {
        self.found.clear();
        if self.drafting.parser.peek() != b'{' {
            self.drafting.parser.skip()?;
            self.drafting.fail(Rule::Malformed);
            self.finish(Operation::Track, NameId::UNNAMED, Text::default());
            return Ok(());
        }
        let start = self.drafting.parser.position();
        let mut object = self.drafting.parser.begin_object(EVENT, self.canonical.meta)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(number @ special::TYPED..special::CANONICAL) => {
                    self.typed(&key, usize::from(number - special::TYPED))?;
                }
                Meaning::Special(number @ special::NESTED..special::TYPED) => {
                    let nested = self.nested_value()?;
                    if let Some(slot) = self.found.nested.get_mut(usize::from(number - special::NESTED)) {
                        *slot = nested;
                    }
                }
                Meaning::Special(number) => {
                    let scalar = self.drafting.parser.scalar()?;
                    if let Some(slot) = self.found.scalars.get_mut(usize::from(number)) {
                        *slot = scalar;
                    }
                }
                _ => self.drafting.parser.property(&key)?,
            }
        }
        self.drafting.check_size(start);
        let end = self.drafting.parser.position();
        self.tracker();
        for number in [special::ENTITIES_PLAIN, special::ENTITIES_BASE64] {
            if let Some(nested) = self.found.nested(number) {
                self.nested(nested, number == special::ENTITIES_BASE64, Decoder::entities);
            }
        }
        self.event();
        self.drafting.parser.go_to(end);
        Ok(())
    }

    /// Where JSON of its own stands, which comes next.
    fn nested_value(&mut self) -> Result<Option<Nested>, Malformed> {
        if self.drafting.parser.peek() == b'{' {
            let place = self.drafting.parser.position();
            self.drafting.parser.skip()?;
            return Ok(Some(Nested::Object(place)));
        }
        let scalar = self.drafting.parser.scalar()?.filter(|s| s.kind == LeafKind::String && s.text.len > 0);
        Ok(scalar.map(|scalar| Nested::Text(scalar.text)))
    }

    /// A value that is a text on the way and something else in the protocol. What is neither stays what it is.
    fn typed(&mut self, key: &Key, place: usize) -> Result<(), Malformed> {
        let Some((name, kind)) = names::TYPED.get(place) else { return self.drafting.parser.skip() };
        let path = match kind {
            Type::Size => self.paths.width,
            _ => self.canonical.path(name).unwrap_or(NameId::UNNAMED),
        };
        let height = self.paths.height;
        let parser = &mut self.drafting.parser;
        if key.is_repeated {
            let start = parser.event_start();
            let is_replaced = |leaf: &Leaf| leaf.path == path || *kind == Type::Size && leaf.path == height;
            let places: Vec<usize> =
                parser.tape().iter().enumerate().skip(start).filter(|(_, l)| is_replaced(l)).map(|(i, _)| i).collect();
            for place in places.into_iter().rev() {
                parser.tape().remove(place);
            }
        }
        let Some(Scalar { kind: written, text }) = parser.scalar()? else { return Ok(()) };
        match kind {
            _ if written != LeafKind::String => parser.push(path, written, text),
            Type::Number if is_number(parser.bytes(text)) => parser.push(path, LeafKind::Number, text),
            Type::Flag if parser.bytes(text) == b"1" => parser.push(path, LeafKind::True, Text::default()),
            Type::Flag if parser.bytes(text) == b"0" => parser.push(path, LeafKind::False, Text::default()),
            Type::Size => self.size(text, path, height),
            _ => parser.push(path, LeafKind::String, text),
        }
        Ok(())
    }

    /// `1280x720`.
    fn size(&mut self, text: Text, width: NameId, height: NameId) {
        let parser = &mut self.drafting.parser;
        let bytes = parser.bytes(text);
        let split = bytes.iter().position(|b| *b == b'x').filter(|x| {
            let (before, after) = (bytes.get(..*x).unwrap_or_default(), bytes.get(x + 1..).unwrap_or_default());
            is_number(before) && is_number(after)
        });
        match split.map(|x| x as u32) {
            Some(x) => {
                parser.push(width, LeafKind::Number, Text { start: text.start, len: x });
                parser.push(height, LeafKind::Number, Text { start: text.start + x + 1, len: text.len - x - 1 });
            }
            None => parser.push(width, LeafKind::String, text),
        }
    }

    /// `js-4.10.1`: the library and its version.
    fn tracker(&mut self) {
        let Some(text) = self.found.text(special::TRACKER) else { return };
        let bytes = self.drafting.parser.bytes(text);
        let dash = bytes.windows(2).position(|two| two[0] == b'-' && two[1].is_ascii_digit());
        let name = dash.map_or(text, |dash| Text { start: text.start, len: dash as u32 });
        if name.len > 0 {
            self.drafting.parser.push(self.paths.library, LeafKind::String, name);
        }
        if dash.is_some() {
            let after = name.len + 1;
            let version = Text { start: text.start + after, len: text.len - after };
            self.drafting.parser.push(self.paths.version, LeafKind::String, version);
        }
    }

    /// Reads JSON inside the event. What cannot be read fails the event and leaves nothing on its tape.
    fn nested(&mut self, nested: Nested, is_base64: bool, read: fn(&mut Self) -> Result<(), Malformed>) {
        let before = self.drafting.parser.tape().len();
        let outside = self.drafting.parser.position();
        let outcome = match nested {
            Nested::Object(place) => {
                self.drafting.parser.go_to(place);
                read(self)
            }
            Nested::Text(text) => {
                let text = if is_base64 { self.drafting.parser.decode_base64(text) } else { Some(text) };
                text.ok_or(Malformed(outside)).and_then(|text| {
                    let end = self.drafting.parser.enter(text);
                    read(self)?;
                    if self.drafting.parser.ends_at(end) { Ok(()) } else { Err(Malformed(outside)) }
                })
            }
        };
        self.drafting.parser.go_to(outside);
        if outcome.is_err() {
            self.drafting.fail(Rule::Malformed);
            self.drafting.parser.tape().truncate(before);
            self.found.lists.clear();
        }
    }

    /// `{"schema", "data": [{"schema", "data"}]}`.
    fn entities(&mut self) -> Result<(), Malformed> {
        let before = self.drafting.parser.tape().len();
        let mut object = self.drafting.parser.begin_object(OUTER_ENTITIES, NameId::UNNAMED)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            if key.meaning != Meaning::Special(special::DATA) || self.drafting.parser.peek() != b'[' {
                self.drafting.parser.skip()?;
                continue;
            }
            if key.is_repeated {
                self.drafting.parser.tape().truncate(before);
                self.found.lists.retain(|list| list.end < before);
                self.found.singles.clear();
            }
            self.drafting.parser.expect(b'[')?;
            let mut is_first = true;
            while self.drafting.parser.next_element(&mut is_first)? {
                self.entity()?;
            }
        }
        Ok(())
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
                    let scalar = self.drafting.parser.scalar()?.filter(|s| s.kind.has_text() && s.text.len > 0);
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

    /// What the event is, and its draft.
    fn event(&mut self) {
        let kind = self.found.text(special::KIND).map(|text| self.drafting.parser.bytes(text));
        match kind {
            Some(b"pv") => {
                let name = self.canonical.page;
                self.finish(Operation::Page, name, Text::default());
            }
            Some(b"pp") => self.named(0),
            Some(b"tr") => self.named(1),
            Some(b"ti") => self.named(2),
            Some(b"se") => {
                let action = self.found.text(special::ACTION);
                self.finish_named(Operation::Track, action);
            }
            Some(b"ue") => self.self_describing(),
            _ => {
                self.drafting.fail(Rule::Malformed);
                self.finish(Operation::Track, NameId::UNNAMED, Text::default());
            }
        }
    }

    fn named(&mut self, place: usize) {
        let names = self.drafting.parser.names();
        let name = match self.named.get(place).copied().flatten() {
            Some(name) => name,
            None => names.event(NAMED.get(place).copied().unwrap_or_default()),
        };
        if let Some(slot) = self.named.get_mut(place) {
            *slot = Some(name);
        }
        self.finish(Operation::Track, name, Text::default());
    }

    fn finish_named(&mut self, operation: Operation, name: Option<Text>) {
        let Some(text) = name else {
            self.drafting.fail(Rule::Malformed);
            return self.finish(operation, NameId::UNNAMED, Text::default());
        };
        let name = self.drafting.event_name(text);
        self.finish(operation, name, text);
    }

    fn self_describing(&mut self) {
        // Its schema is left where the event's action would be, which it has not.
        self.found.scalars[usize::from(special::ACTION)] = None;
        let plain = self.found.nested(special::EVENT_PLAIN).map(|nested| (nested, false));
        if let Some((nested, is_base64)) =
            plain.or_else(|| self.found.nested(special::EVENT_BASE64).map(|nested| (nested, true)))
        {
            self.nested(nested, is_base64, Decoder::unstructured);
        }
        let Some(schema) = self.found.text(special::ACTION) else { return self.finish_named(Operation::Track, None) };
        let place = split_schema(self.drafting.parser.str(schema)).map(|(vendor, name)| {
            let start = schema.start + (SCHEME.len() + vendor.len() + 1) as u32;
            (
                Text { start, len: name.len() as u32 },
                name == "screen_view" && vendor.starts_with("com.snowplowanalytics."),
            )
        });
        self.drafting.parser.push(self.paths.schema, LeafKind::String, schema);
        match place {
            Some((name, is_screen)) => {
                self.finish_named(if is_screen { Operation::Screen } else { Operation::Track }, Some(name));
            }
            None => self.finish_named(Operation::Track, None),
        }
    }

    /// `{"schema", "data": {"schema", "data": {…}}}`: what stands innermost are the properties.
    fn unstructured(&mut self) -> Result<(), Malformed> {
        let before = self.drafting.parser.tape().len();
        let mut has_data = false;
        let mut outer = self.drafting.parser.begin_object(OUTER_EVENT, NameId::UNNAMED)?;
        while let Some(key) = self.drafting.parser.next_key(&mut outer)? {
            if key.meaning != Meaning::Special(special::DATA) {
                self.drafting.parser.skip()?;
                continue;
            }
            let mut inner = self.drafting.parser.begin_object(INNER_EVENT, NameId::UNNAMED)?;
            while let Some(key) = self.drafting.parser.next_key(&mut inner)? {
                match key.meaning {
                    Meaning::Special(special::SCHEMA) => {
                        self.found.scalars[usize::from(special::ACTION)] = self.drafting.parser.scalar()?;
                    }
                    Meaning::Special(special::DATA) => {
                        self.drafting.parser.tape().truncate(before);
                        self.found.groups.clear();
                        self.properties()?;
                        has_data = true;
                    }
                    _ => self.drafting.parser.skip()?,
                }
            }
        }
        if has_data { Ok(()) } else { Err(Malformed(self.drafting.parser.position())) }
    }

    fn properties(&mut self) -> Result<(), Malformed> {
        let mut object = self.drafting.parser.begin_object(PROPERTIES, NameId::EVENT_ROOT)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(number @ special::GROUP..) => self.group(number - special::GROUP)?,
                _ => self.drafting.parser.property(&key)?,
            }
        }
        Ok(())
    }

    /// The id of a group, or a list of them.
    fn group(&mut self, number: u8) -> Result<(), Malformed> {
        self.found.groups.retain(|(other, _)| *other != number);
        let is_list = self.drafting.parser.peek() == b'[';
        let mut is_first = true;
        if is_list {
            self.drafting.parser.expect(b'[')?;
        }
        while !is_list || self.drafting.parser.next_element(&mut is_first)? {
            let id = self.drafting.parser.scalar()?.filter(|s| s.kind.has_text() && s.text.len > 0);
            if self.found.groups.len() == GROUPS_MAX {
                self.drafting.fail(Rule::OverLimit);
            } else {
                self.found.groups.extend(id.map(|id| (number, id.text)));
            }
            if !is_list {
                break;
            }
        }
        Ok(())
    }

    /// Makes the draft of what was found.
    fn finish(&mut self, operation: Operation, name: NameId, name_text: Text) {
        let text = |number| self.found.text(number);
        let user = text(special::USER).map(|text| (SubjectKind::User, text));
        let device = [
            special::DOMAIN_USER,
            special::SESSION_USER,
            special::PHONE,
            special::TRACKER_NETWORK_USER,
            special::NETWORK_USER,
        ];
        let device = device.into_iter().find_map(text).map(|text| (SubjectKind::Device, text));
        let mut identities = self.drafting.identities();
        for (role, id) in [(Role::Subject, user.or(device)), (Role::User, user), (Role::Device, device)] {
            identities.extend(id.map(|(kind, text)| Identity { kind, role, text }));
        }
        for (number, text) in &self.found.groups {
            if let Some(label) = self.options.group_label(usize::from(*number)) {
                identities.push(Identity { kind: SubjectKind::Group(label), role: Role::Group, text: *text });
            }
        }
        let moment = |number| text(number).and_then(|text| unix_time(self.drafting.parser.str(text)));
        let true_time = moment(special::TRUE_TIME);
        let facts = Facts {
            sdk_id: text(special::EVENT_ID),
            client_time: true_time.or_else(|| moment(special::DEVICE_TIME)),
            // A true time comes from a clock that is right: it is not to be corrected.
            sent_at: if true_time.is_some() { None } else { moment(special::SENT_TIME) },
            ..Facts::new(operation, name, name_text)
        };
        self.drafting.finish(facts, identities);
    }
}

const SCHEME: &str = "iglu:";

/// Vendor and name of `iglu:com.acme/press/jsonschema/1-0-0`.
fn split_schema(schema: &str) -> Option<(&str, &str)> {
    let mut parts = schema.strip_prefix(SCHEME)?.split('/');
    let (vendor, name, _format, _version) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (!vendor.is_empty() && !name.is_empty() && parts.next().is_none()).then_some((vendor, name))
}
