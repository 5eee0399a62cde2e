//! Mixpanel's JSON to drafts.
//!
//! - An event is `{"event", "properties"}`; what else stands at the top is context (`context.meta.*`; `ip` is `context.ip`).
//! - A profile update names its operation by a key: one draft for each operation in the object.
//! - Identifiers, tokens, insert ids and times leave the tape: what is left are properties. `$device:` says that an id is a device's.
//! - Declared group keys become identities, in events and in profile updates alike. A `$union` of nothing else is joining a group.
//! - `$ignore_time` and `$ignore_alias` steer Mixpanel and say nothing about anybody; they are read and forgotten.

use weir_event::{
    DraftBatch, Identity, Leaf, LeafKind, NameId, Operation, ProfileOp, Role, Rule, SourceNames, SubjectKind, Text,
};

use crate::drafting::{Drafting, Facts, Walk, unix_time};
use crate::inbound::{Canonical, DecodeError, DecodeOptions, Decoded, Endpoint};
use crate::json::{Malformed, Meaning, OneOrMore, Plan, Scalar, Vocabulary};
use crate::vendors::mixpanel::{ENGAGE, GROUPS, IMPORT, names};

/// `{"event", "properties"}`.
const EVENT: Plan = Plan(1);
/// The properties of an event.
const PROPERTIES: Plan = Plan(2);
/// A profile update.
const UPDATE: Plan = Plan(3);
/// The properties in one operation of a profile update.
const PROFILE: Plan = Plan(4);

/// Scalars that are kept beside the tape, by number.
mod special {
    pub(super) const TIME: u8 = 0;
    pub(super) const DISTINCT_ID: u8 = 1;
    pub(super) const USER_ID: u8 = 2;
    pub(super) const DEVICE_ID: u8 = 3;
    pub(super) const ANON_DISTINCT_ID: u8 = 4;
    pub(super) const INSERT_ID: u8 = 5;
    pub(super) const IDENTIFIED_ID: u8 = 6;
    pub(super) const ANON_ID: u8 = 7;
    pub(super) const GROUP_KEY: u8 = 8;
    pub(super) const GROUP_ID: u8 = 9;
    pub(super) const EVENT: u8 = 10;
    pub(super) const COUNT: usize = 11;
    /// Tokens and switches: read and forgotten.
    pub(super) const FORGET: u8 = 20;
    pub(super) const PROPERTIES: u8 = 21;
    pub(super) const DISTINCT_IDS: u8 = 22;
    /// Operations of a profile update: this number plus the place in `OPERATIONS`.
    pub(super) const OPERATION: u8 = 32;
    /// Group keys: this number plus the group's.
    pub(super) const GROUP: u8 = 128;
}

const OPERATIONS: [(&str, ProfileOp); 8] = [
    ("$set", ProfileOp::Set),
    ("$set_once", ProfileOp::SetOnce),
    ("$add", ProfileOp::Add),
    ("$append", ProfileOp::Append),
    ("$union", ProfileOp::Union),
    ("$remove", ProfileOp::Remove),
    ("$unset", ProfileOp::Unset),
    ("$delete", ProfileOp::Delete),
];
const DEVICE_PREFIX: &[u8] = b"$device:";
/// Groups of one type that one event may name.
const GROUPS_MAX: usize = 64;

struct Words<'a> {
    canonical: &'a Canonical,
    options: &'a DecodeOptions,
}

impl Words<'_> {
    fn context(&self, property: &str) -> Option<Meaning> {
        self.canonical.path(property).map(Meaning::Property)
    }

    fn group(&self, key: &str) -> Option<Meaning> {
        let (number, _) = self.options.group(key)?;
        Some(Meaning::Special(special::GROUP + number as u8))
    }
}

impl Vocabulary for Words<'_> {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        let special = match (plan, key) {
            (EVENT, "event") => special::EVENT,
            (EVENT, "properties") => special::PROPERTIES,
            (PROPERTIES, "time") | (UPDATE, "$time") => special::TIME,
            (PROPERTIES | UPDATE | PROFILE, "distinct_id" | "$distinct_id") => special::DISTINCT_ID,
            (PROPERTIES | UPDATE | PROFILE, "$user_id") => special::USER_ID,
            (PROPERTIES | UPDATE | PROFILE, "$device_id") => special::DEVICE_ID,
            (PROPERTIES, "$anon_distinct_id") => special::ANON_DISTINCT_ID,
            (PROPERTIES, "$insert_id") => special::INSERT_ID,
            (PROPERTIES, "$identified_id") => special::IDENTIFIED_ID,
            (PROPERTIES, "$anon_id") => special::ANON_ID,
            (PROPERTIES, "$distinct_ids") => special::DISTINCT_IDS,
            (UPDATE, "$group_key") => special::GROUP_KEY,
            (UPDATE, "$group_id") => special::GROUP_ID,
            (_, "token" | "$token") => special::FORGET,
            (UPDATE, "$ignore_time" | "$ignore_alias") => special::FORGET,
            (EVENT | UPDATE, "ip" | "$ip") => return self.context("ip"),
            (UPDATE, _) => {
                let place = OPERATIONS.iter().position(|(name, _)| *name == key)?;
                special::OPERATION + place as u8
            }
            (PROPERTIES, _) => {
                return self.group(key).or_else(|| self.context(key));
            }
            (PROFILE, _) => return self.group(key),
            _ => return None,
        };
        Some(Meaning::Special(special))
    }
}

/// Decodes `batch.text`.
pub(super) fn decode(
    endpoint: Endpoint,
    source: &SourceNames,
    options: &DecodeOptions,
    batch: &mut DraftBatch,
) -> Result<Decoded, DecodeError> {
    let canonical = options.canonical(source.names(), names::CONTEXT);
    let profile_name = if endpoint == GROUPS { canonical.group } else { canonical.profile };
    let drafting = Drafting::new(batch, source, Words { canonical, options });
    let meta = canonical.meta;
    let group_name = canonical.group;
    let mut decoder = Decoder { endpoint, drafting, options, meta, profile_name, group_name, found: Found::default() };
    decoder.run()?;
    Ok(decoder.drafting.decoded())
}

struct Decoder<'a> {
    endpoint: Endpoint,
    drafting: Drafting<'a, Words<'a>>,
    options: &'a DecodeOptions,
    meta: NameId,
    profile_name: NameId,
    group_name: NameId,
    found: Found,
}

/// What one event says beside its properties.
#[derive(Default)]
struct Found {
    scalars: [Option<Scalar>; special::COUNT],
    merged: Vec<Text>,
    groups: Vec<(u8, Text)>,
    /// Properties dropped at the top of a profile update; they count with its first operation.
    unnamed: u32,
}

impl Found {
    fn clear(&mut self) {
        self.scalars = [None; special::COUNT];
        self.merged.clear();
        self.groups.clear();
        self.unnamed = 0;
    }

    fn text(&self, number: u8) -> Option<Text> {
        self.scalars.get(usize::from(number)).copied().flatten()?.said()
    }
}

impl Decoder<'_> {
    fn run(&mut self) -> Result<(), DecodeError> {
        let mut walk = Walk::NotBegun;
        while self.drafting.next_event(&mut walk)? {
            self.element()?;
        }
        Ok(())
    }

    fn element(&mut self) -> Result<(), DecodeError> {
        self.found.clear();
        if self.drafting.parser.peek() != b'{' {
            self.drafting.parser.skip()?;
            let (operation, name) = if matches!(self.endpoint, ENGAGE | GROUPS) {
                (self.profile_operation(ProfileOp::Set), self.profile_name)
            } else {
                (Operation::Track, NameId::UNNAMED)
            };
            self.drafting.fail(Rule::Malformed);
            self.finish(operation, name, Text::default());
            return Ok(());
        }
        match self.endpoint {
            ENGAGE | GROUPS => self.update()?,
            _ => self.event()?,
        }
        Ok(())
    }

    fn event(&mut self) -> Result<(), Malformed> {
        let start = self.drafting.parser.position();
        let mut properties = 0..0;
        let mut object = self.drafting.parser.begin_object(EVENT, self.meta)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(special::EVENT) => {
                    self.found.scalars[usize::from(special::EVENT)] = self.drafting.parser.scalar()?;
                }
                Meaning::Special(special::PROPERTIES) => {
                    if key.is_repeated {
                        // The last one wins, with everything that it says.
                        self.drafting.parser.tape().drain(std::mem::take(&mut properties));
                        let name = self.found.scalars[usize::from(special::EVENT)];
                        self.found.clear();
                        self.drafting.restore_fault(None);
                        self.found.scalars[usize::from(special::EVENT)] = name;
                    }
                    let first = self.drafting.parser.tape().len();
                    self.properties(PROPERTIES, NameId::EVENT_ROOT)?;
                    properties = first..self.drafting.parser.tape().len();
                }
                Meaning::Special(_) => self.drafting.parser.skip()?,
                _ => self.drafting.parser.property(&key)?,
            }
        }
        self.drafting.check_size(start);
        let name_scalar = self.found.scalars[usize::from(special::EVENT)];
        let Some(Scalar { kind: LeafKind::String, text: name_text }) = name_scalar.filter(|name| name.text.len > 0)
        else {
            self.drafting.fail(Rule::Malformed);
            self.finish(Operation::Track, NameId::UNNAMED, Text::default());
            return Ok(());
        };
        let name = self.drafting.event_name(name_text);
        let operation = match self.drafting.parser.bytes(name_text) {
            b"$identify" => Operation::Identify,
            b"$create_alias" => Operation::Alias,
            b"$merge" => Operation::Merge,
            name if name == names::PAGE.as_bytes() => Operation::Page,
            _ => Operation::Track,
        };
        self.finish(operation, name, name_text);
        Ok(())
    }

    /// Reads the object of properties that comes next.
    fn properties(&mut self, plan: Plan, parent: NameId) -> Result<(), Malformed> {
        if self.drafting.parser.peek() != b'{' {
            self.drafting.fail(Rule::Malformed);
            return self.drafting.parser.skip();
        }
        let mut object = self.drafting.parser.begin_object(plan, parent)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(number @ special::GROUP..) => self.group(number - special::GROUP)?,
                Meaning::Special(special::DISTINCT_IDS) => self.merged()?,
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

    /// A group's id, or a list of them.
    fn group(&mut self, number: u8) -> Result<(), Malformed> {
        self.found.groups.retain(|(n, _)| *n != number);
        let (first, mut ids) = (self.found.groups.len(), OneOrMore::default());
        while self.drafting.parser.next_of(&mut ids)? {
            if let Some(text) = self.drafting.parser.scalar()?.and_then(Scalar::said) {
                if self.found.groups.len() - first < GROUPS_MAX {
                    self.found.groups.push((number, text));
                } else {
                    self.drafting.fail(Rule::OverLimit);
                }
            }
        }
        Ok(())
    }

    /// The ids of a `$merge`.
    fn merged(&mut self) -> Result<(), Malformed> {
        self.found.merged.clear();
        if self.drafting.parser.peek() != b'[' {
            return self.drafting.parser.skip();
        }
        self.drafting.parser.expect(b'[')?;
        let mut is_first = true;
        while self.drafting.parser.next_element(&mut is_first)? {
            if let Some(text) = self.drafting.parser.scalar()?.and_then(Scalar::said)
                && self.found.merged.len() < 3
            {
                self.found.merged.push(text);
            }
        }
        Ok(())
    }

    /// A profile update. Operations may come before the group key that says whose properties they are, so they are passed
    /// over first and read after.
    fn update(&mut self) -> Result<(), Malformed> {
        let start = self.drafting.parser.position();
        let mut operations: [Option<usize>; OPERATIONS.len()] = [None; OPERATIONS.len()];
        let mut order = Vec::new();
        let mut object = self.drafting.parser.begin_object(UPDATE, self.meta)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(number @ special::OPERATION..special::GROUP) => {
                    let place = usize::from(number - special::OPERATION);
                    self.drafting.parser.peek();
                    order.retain(|other| *other != place);
                    order.push(place);
                    operations[place] = Some(self.drafting.parser.position());
                    self.drafting.parser.skip()?;
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
        let end = self.drafting.parser.position();
        self.drafting.check_size(start);
        let parent = if self.endpoint == GROUPS { self.group_parent() } else { NameId::PROFILE_ROOT };
        let event_start = self.drafting.parser.event_start();
        let context: Vec<Leaf> = self.drafting.parser.tape().split_off(event_start);
        if order.is_empty() {
            self.drafting.fail(Rule::Malformed);
            order.push(0);
        }
        let (shared, fault) = (std::mem::take(&mut self.found), self.drafting.fault());
        let mut unnamed = self.drafting.parser.unnamed();
        for place in order {
            let unnamed = std::mem::take(&mut unnamed);
            self.found = Found { scalars: shared.scalars, unnamed, ..Found::default() };
            self.drafting.restore_fault(fault);
            self.drafting.parser.begin_tape();
            let (_, op) = OPERATIONS[place];
            if let Some(position) = operations[place] {
                self.drafting.parser.go_to(position);
                match op {
                    ProfileOp::Unset => self.unset(parent)?,
                    ProfileOp::Delete => {}
                    _ => self.properties(PROFILE, parent)?,
                }
            }
            // An id inside an operation is an id all the same, but whom the update is about is said at the top.
            for number in [special::DISTINCT_ID, special::USER_ID, special::DEVICE_ID] {
                let number = usize::from(number);
                self.found.scalars[number] = shared.scalars[number].or(self.found.scalars[number]);
            }
            let (start, is_union) = (self.drafting.parser.event_start(), op == ProfileOp::Union);
            let is_join = is_union && !self.found.groups.is_empty() && self.drafting.parser.tape().len() == start;
            if !self.drafting.parser.is_over_limit() {
                self.drafting.parser.tape().extend_from_slice(&context);
            }
            if is_join && self.endpoint == ENGAGE {
                // A group more and nothing else: other vendors have a call for it.
                self.finish(Operation::Join, self.group_name, Text::default());
            } else {
                self.finish(self.profile_operation(op), self.profile_name, Text::default());
            }
        }
        self.drafting.parser.go_to(end);
        Ok(())
    }

    /// `$unset` names properties: their paths without values.
    fn unset(&mut self, parent: NameId) -> Result<(), Malformed> {
        if self.drafting.parser.peek() != b'[' {
            self.drafting.fail(Rule::Malformed);
            return self.drafting.parser.skip();
        }
        self.drafting.parser.expect(b'[')?;
        let mut is_first = true;
        while self.drafting.parser.next_element(&mut is_first)? {
            let Some(Scalar { kind: LeafKind::String, text }) = self.drafting.parser.scalar()? else {
                self.drafting.fail(Rule::Malformed);
                continue;
            };
            match self.drafting.parser.names().path(parent, self.drafting.parser.str(text)) {
                (NameId::UNNAMED, _) => self.drafting.parser.count_unnamed(),
                (path, is_folded) => {
                    if is_folded {
                        self.drafting.parser.push(path, LeafKind::MapKey, text);
                    }
                    self.drafting.parser.push(path, LeafKind::Null, Text::default());
                }
            }
        }
        Ok(())
    }

    /// The parent of a group's properties: the group key is a name, so it must be clean.
    fn group_parent(&mut self) -> NameId {
        let key = self.found.scalars[usize::from(special::GROUP_KEY)];
        let path = match key {
            Some(Scalar { kind: LeafKind::String, text }) => {
                self.drafting.parser.names().path(NameId::GROUP_ROOT, self.drafting.parser.str(text))
            }
            _ => (NameId::UNNAMED, false),
        };
        match path {
            (NameId::UNNAMED, _) | (_, true) => {
                self.drafting.fail(if key.is_some() { Rule::PathUnclean } else { Rule::Malformed });
                NameId::UNNAMED
            }
            (path, false) => path,
        }
    }

    fn profile_operation(&self, op: ProfileOp) -> Operation {
        if self.endpoint == GROUPS { Operation::Group(op) } else { Operation::Profile(op) }
    }

    /// Makes the draft of what was found.
    fn finish(&mut self, operation: Operation, name: NameId, name_text: Text) {
        let mut identities = self.drafting.identities();
        self.identities(operation, &mut identities);
        if operation == Operation::Alias {
            self.alias(&mut identities);
        }
        if operation == Operation::Merge && self.found.merged.len() != 2 {
            self.drafting.fail(Rule::Malformed);
        }
        let client_time = self.found.text(special::TIME).and_then(|text| unix_time(self.drafting.parser.bytes(text)));
        let facts = Facts {
            sdk_id: self.found.text(special::INSERT_ID),
            client_time,
            historical: self.endpoint == IMPORT,
            unnamed: self.found.unnamed,
            ..Facts::new(operation, name, name_text)
        };
        self.drafting.finish(facts, identities);
    }

    fn identities(&self, operation: Operation, identities: &mut Vec<Identity>) {
        let person = |text| self.person(text);
        let mut add = |role, id: Option<(SubjectKind, Text)>| {
            if let Some((kind, text)) = id.filter(|(_, text)| text.len > 0) {
                identities.push(Identity { kind, role, text });
            }
        };
        let text = |number| self.found.text(number);
        if operation == Operation::Merge {
            let ids = (self.found.merged.first().copied(), self.found.merged.get(1).copied());
            add(Role::Subject, ids.0.map(person));
            add(Role::Previous, ids.0.map(person));
            add(Role::Next, ids.1.map(person));
        } else if let Operation::Group(_) = operation {
            // Reading the key twice cannot fail differently: it was judged clean in `group_parent`.
            let key = self.found.text(special::GROUP_KEY).map(|key| self.drafting.parser.str(key));
            if let (Some(key), Some(id), false) =
                (key, text(special::GROUP_ID), self.drafting.fault() == Some(Rule::PathUnclean))
            {
                let label = self
                    .options
                    .group(key)
                    .map_or_else(|| self.drafting.parser.names().names().label(key), |(_, label)| label);
                add(Role::Group, Some((SubjectKind::Group(label), id)));
            }
        } else {
            let subject = text(special::DISTINCT_ID).or(text(special::IDENTIFIED_ID));
            add(Role::Subject, subject.map(person));
            let user = text(special::USER_ID).or(text(special::IDENTIFIED_ID));
            add(Role::User, user.map(|text| (SubjectKind::User, self.person(text).1)));
            add(Role::Device, text(special::DEVICE_ID).map(|text| (SubjectKind::Device, self.person(text).1)));
            let previous = text(special::ANON_DISTINCT_ID).or(text(special::ANON_ID));
            add(Role::Previous, previous.map(person));
        }
        for (number, id) in &self.found.groups {
            if let Some(label) = self.options.group_label(usize::from(*number)) {
                add(Role::Group, Some((SubjectKind::Group(label), *id)));
            }
        }
    }

    /// `$create_alias`: `distinct_id` is the id before, the property `alias` the id after. Takes it off the tape.
    fn alias(&mut self, identities: &mut Vec<Identity>) {
        let start = self.drafting.parser.event_start();
        let (path, _) = self.drafting.parser.names().path(NameId::EVENT_ROOT, "alias");
        if let Some(subject) = identities.iter().find(|id| id.role == Role::Subject).copied() {
            identities.push(Identity { role: Role::Previous, ..subject });
        }
        let tape = self.drafting.parser.tape();
        let place = (start..tape.len()).find(|i| tape[*i].path == path && tape[*i].kind.has_text());
        match place {
            Some(place) => {
                let (kind, text) = {
                    let leaf = tape.remove(place);
                    self.person(leaf.text)
                };
                identities.push(Identity { kind, role: Role::Next, text });
            }
            None => self.drafting.fail(Rule::Malformed),
        }
    }

    /// Whether an id is a device's, and its text without the prefix (D6).
    fn person(&self, text: Text) -> (SubjectKind, Text) {
        if self.drafting.parser.bytes(text).starts_with(DEVICE_PREFIX) {
            let prefix = DEVICE_PREFIX.len() as u32;
            (SubjectKind::Device, Text { start: text.start + prefix, len: text.len - prefix })
        } else {
            (SubjectKind::User, text)
        }
    }
}
