//! Amplitude's JSON to drafts.
//!
//! - The envelope is `{"api_key", "events", "client_upload_time", …}`; a form holds the events alone.
//! - An event says everything in one object. Its fields are context by the table of [`names`], what the table does not know is
//!   `context.meta.*`; `event_properties` are properties.
//! - `user_properties` and `group_properties` are profile operations of their own, on any event: one draft for each operation,
//!   beside the event's. Keys without an operation are a `$set`.
//! - `$identify` is one draft for the link where it bears both ids, one for its groups, and one for each operation.
//! - `groups` become identities. A property of that name in the same `$identify` repeats the group's id, so it goes.
//! - Ids, keys, insert ids, sessions and times leave the tape. An `ip` of `$remote` is no address.

use weir_event::{
    Draft, DraftBatch, Identity, Leaf, LeafKind, Millis, NameId, Operation, ProfileOp, Role, Rule, SourceNames,
    SubjectKind, Text,
};

use crate::body::Carrier;
use crate::drafting::{Drafting, Facts, Walk, time};
use crate::inbound::{Canonical, DecodeError, DecodeOptions, Decoded, Endpoint};
use crate::json::{Malformed, Meaning, Plan, Scalar, Vocabulary};
use crate::vendors::amplitude::{GROUP_IDENTIFY, IDENTIFY, names};

/// `{"api_key", "events", …}`.
const ENVELOPE: Plan = Plan(1);
/// An event.
const EVENT: Plan = Plan(2);
/// `event_properties`.
const PROPERTIES: Plan = Plan(3);
/// `user_properties` or `group_properties`: operations, or properties.
const UPDATE: Plan = Plan(4);
/// The properties in one operation.
const PROFILE: Plan = Plan(5);
/// `groups`.
const GROUPS: Plan = Plan(6);
/// `library` of old SDKs.
const LIBRARY: Plan = Plan(7);

/// What a decoder takes, by number.
mod special {
    pub(super) const EVENT_TYPE: u8 = 0;
    pub(super) const USER_ID: u8 = 1;
    pub(super) const DEVICE_ID: u8 = 2;
    pub(super) const TIME: u8 = 3;
    pub(super) const INSERT_ID: u8 = 4;
    pub(super) const SESSION_ID: u8 = 5;
    pub(super) const IP: u8 = 6;
    pub(super) const GROUP_TYPE: u8 = 7;
    pub(super) const GROUP_VALUE: u8 = 8;
    pub(super) const LIBRARY_NAME: u8 = 9;
    pub(super) const LIBRARY_VERSION: u8 = 10;
    pub(super) const COUNT: usize = 11;
    /// Keys: read and forgotten.
    pub(super) const FORGET: u8 = 20;
    pub(super) const EVENTS: u8 = 21;
    pub(super) const SENT_AT: u8 = 22;
    pub(super) const EVENT_PROPERTIES: u8 = 23;
    pub(super) const USER_PROPERTIES: u8 = 24;
    pub(super) const GROUP_PROPERTIES: u8 = 25;
    pub(super) const GROUPS: u8 = 26;
    pub(super) const LIBRARY: u8 = 27;
    /// Operations: this number plus the place in `OPERATIONS`.
    pub(super) const OPERATION: u8 = 32;
}

/// (Key, operation). Used in both directions.
pub(super) const OPERATIONS: [(&str, ProfileOp); 10] = [
    ("$set", ProfileOp::Set),
    ("$setOnce", ProfileOp::SetOnce),
    ("$add", ProfileOp::Add),
    ("$append", ProfileOp::Append),
    ("$prepend", ProfileOp::Prepend),
    ("$preInsert", ProfileOp::PreInsert),
    ("$postInsert", ProfileOp::Union),
    ("$remove", ProfileOp::Remove),
    ("$unset", ProfileOp::Unset),
    ("$clearAll", ProfileOp::Clear),
];
/// Groups that one event may name.
const GROUPS_MAX: usize = 64;

struct Words<'a> {
    canonical: &'a Canonical,
}

impl Vocabulary for Words<'_> {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        let special = match (plan, key) {
            (ENVELOPE, "events" | "event" | "e" | "identification") => special::EVENTS,
            (ENVELOPE, "client_upload_time" | "upload_time") => special::SENT_AT,
            (ENVELOPE, _) | (EVENT, "api_key" | "amplitude_id") => special::FORGET,
            (EVENT, "event_type") => special::EVENT_TYPE,
            (EVENT, "user_id") => special::USER_ID,
            (EVENT, "device_id") => special::DEVICE_ID,
            (EVENT, "time" | "timestamp") => special::TIME,
            (EVENT, "insert_id" | "uuid") => special::INSERT_ID,
            (EVENT, "session_id") => special::SESSION_ID,
            (EVENT, "ip") => special::IP,
            (EVENT, "group_type") => special::GROUP_TYPE,
            (EVENT, "group_value") => special::GROUP_VALUE,
            (EVENT, "event_properties") => special::EVENT_PROPERTIES,
            (EVENT, "user_properties") => special::USER_PROPERTIES,
            (EVENT, "group_properties") => special::GROUP_PROPERTIES,
            (EVENT, "groups") => special::GROUPS,
            (EVENT, "library") => special::LIBRARY,
            (EVENT, _) => return self.path(names::field_path(key).map(|_| key)?),
            (PROPERTIES, _) => return self.path(names::canonical_path(key).map(|_| key)?),
            (UPDATE, _) => special::OPERATION + OPERATIONS.iter().position(|(name, _)| *name == key)? as u8,
            (LIBRARY, "name") => special::LIBRARY_NAME,
            (LIBRARY, "version") => special::LIBRARY_VERSION,
            (LIBRARY, _) => special::FORGET,
            _ => return None,
        };
        Some(Meaning::Special(special))
    }
}

impl Words<'_> {
    fn path(&self, name: &str) -> Option<Meaning> {
        self.canonical.path(name).map(Meaning::Property)
    }
}

/// Decodes `batch.text`. `sent_at` is what a form says beside its events.
pub(super) fn decode(
    endpoint: Endpoint,
    carrier: Option<Carrier>,
    sent_at: Option<&str>,
    source: &SourceNames,
    options: &DecodeOptions,
    batch: &mut DraftBatch,
) -> Result<Decoded, DecodeError> {
    let canonical = options.canonical(source.names(), names::ALL);
    let drafting = Drafting::new(batch, source, Words { canonical });
    let paths = Paths::new(canonical);
    let mut decoder =
        Decoder { endpoint, drafting, options, canonical, paths, found: Found::default(), properties: Vec::new() };
    let is_envelope = carrier == Some(Carrier::Body) && decoder.drafting.parser.peek() == b'{';
    let sent_at = if is_envelope {
        decoder.envelope()?
    } else {
        decoder.walk()?;
        sent_at.and_then(time)
    };
    if sent_at.is_some() {
        decoder.drafting.drafts().iter_mut().for_each(|draft| draft.sent_at = sent_at);
    }
    Ok(decoder.drafting.decoded())
}

struct Decoder<'a> {
    endpoint: Endpoint,
    drafting: Drafting<'a, Words<'a>>,
    options: &'a DecodeOptions,
    canonical: &'a Canonical,
    paths: Paths,
    found: Found,
    /// The event's properties.
    properties: Vec<Leaf>,
}

/// What one event says beside its properties.
#[derive(Default)]
struct Found {
    scalars: [Option<Scalar>; special::COUNT],
    groups: Vec<Group>,
    /// Where `user_properties` and `group_properties` stand; they are read when it is known what the event is.
    user_properties: Option<usize>,
    group_properties: Option<usize>,
    /// Whether a group type is no clean name.
    has_unclean_group: bool,
    /// Properties dropped for their key before the drafts began; they count with the first.
    unnamed: u32,
}

/// A group that an event names.
#[derive(Clone, Copy)]
struct Group {
    /// Its type as sent, and as a path below which its properties lie.
    key: Text,
    path: NameId,
    label: NameId,
    id: Text,
}

impl Found {
    fn clear(&mut self) {
        self.groups.clear();
        let groups = std::mem::take(&mut self.groups);
        *self = Found { groups, ..Found::default() };
    }

    fn text(&self, number: u8) -> Option<Text> {
        let scalar = self.scalars.get(usize::from(number)).copied().flatten()?;
        (scalar.kind.has_text() && scalar.text.len > 0).then_some(scalar.text)
    }
}

/// Whose properties an update changes.
#[derive(Clone, Copy)]
enum Whose {
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

impl Group {
    fn identity(&self) -> Identity {
        Identity { kind: SubjectKind::Group(self.label), role: Role::Group, text: self.id }
    }
}

/// Paths of what is not simply a value, looked up once for a request.
struct Paths {
    /// (Number, path).
    fields: [(u8, NameId); 4],
    /// (Path as the table has it, path that amplitude-js means).
    of_amplitude_js: [(NameId, NameId); 2],
}

impl Paths {
    fn new(canonical: &Canonical) -> Paths {
        let path = |name| canonical.path(name).unwrap_or(NameId::UNNAMED);
        Paths {
            fields: [
                (special::IP, path("ip")),
                (special::SESSION_ID, path("session_id")),
                (special::LIBRARY_NAME, path("library.name")),
                (special::LIBRARY_VERSION, path("library.version")),
            ],
            of_amplitude_js: [(path("os_name"), path("browser.name")), (path("os_version"), path("browser.version"))],
        }
    }
}

impl Decoder<'_> {
    /// Reads the envelope; the client's clock stands in it, mostly behind the events.
    fn envelope(&mut self) -> Result<Option<Millis>, DecodeError> {
        let (mut sent_at, mut has_events) = (None, false);
        let mut object = self.drafting.parser.begin_object(ENVELOPE, self.canonical.meta)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(special::EVENTS) => {
                    // The last one wins.
                    if has_events {
                        self.drafting.forget();
                    }
                    has_events = true;
                    self.events()?;
                }
                Meaning::Special(special::SENT_AT) => {
                    let scalar = self.drafting.parser.scalar()?.filter(|scalar| scalar.kind.has_text());
                    sent_at = scalar.and_then(|scalar| time(self.drafting.parser.str(scalar.text)));
                }
                _ => self.drafting.parser.skip()?,
            }
        }
        if !self.drafting.parser.is_done() {
            return Err(DecodeError::Malformed { at: self.drafting.parser.position() });
        }
        if has_events { Ok(sent_at) } else { Err(DecodeError::NotEvents) }
    }

    /// The events of an envelope: a list, or one.
    fn events(&mut self) -> Result<(), DecodeError> {
        match self.drafting.parser.peek() {
            b'[' => {
                self.drafting.parser.expect(b'[')?;
                let mut is_first = true;
                while self.drafting.parser.next_element(&mut is_first)? {
                    self.drafting.begin()?;
                    self.element()?;
                }
                Ok(())
            }
            b'{' => {
                self.drafting.begin()?;
                self.element()?;
                Ok(())
            }
            _ => Err(DecodeError::NotEvents),
        }
    }

    /// The events of a form.
    fn walk(&mut self) -> Result<(), DecodeError> {
        let mut walk = Walk::NotBegun;
        while self.drafting.next_event(&mut walk)? {
            self.element()?;
        }
        Ok(())
    }

    fn element(&mut self) -> Result<(), Malformed> {
        self.found.clear();
        self.properties.clear();
        if self.drafting.parser.peek() == b'{' {
            return self.event();
        }
        self.drafting.parser.skip()?;
        self.malformed();
        Ok(())
    }

    /// An event that cannot be used.
    fn malformed(&mut self) {
        self.drafting.fail(Rule::Malformed);
        self.finish(Operation::Track, NameId::UNNAMED, Text::default(), Vec::new());
    }

    fn event(&mut self) -> Result<(), Malformed> {
        let start = self.drafting.parser.position();
        let mut object = self.drafting.parser.begin_object(EVENT, self.canonical.meta)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(special::EVENT_PROPERTIES) => {
                    // The last one wins. They stand aside until it is known whether they count.
                    self.properties.clear();
                    let first = self.drafting.parser.tape().len();
                    self.properties()?;
                    self.properties.extend(self.drafting.parser.tape().drain(first..));
                }
                Meaning::Special(special::USER_PROPERTIES) => {
                    self.found.user_properties = self.pass_over()?;
                }
                Meaning::Special(special::GROUP_PROPERTIES) => {
                    self.found.group_properties = self.pass_over()?;
                }
                Meaning::Special(special::GROUPS) => self.groups()?,
                Meaning::Special(special::LIBRARY) => self.library()?,
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
        self.group_of_fields();
        self.put_context();
        self.drafts()?;
        self.drafting.parser.go_to(end);
        Ok(())
    }

    /// Makes the drafts of an event that was read up to its updates.
    fn drafts(&mut self) -> Result<(), Malformed> {
        let name_text = self.found.text(special::EVENT_TYPE).unwrap_or_default();
        let is = |decoder: &Self, name: &str| decoder.drafting.parser.bytes(name_text) == name.as_bytes();
        let is_nameless = name_text.len == 0;
        if is(self, names::IDENTIFY) || (is_nameless && self.endpoint == IDENTIFY) {
            return self.identify();
        }
        if is(self, names::GROUP_IDENTIFY) || (is_nameless && self.endpoint == GROUP_IDENTIFY) {
            return self.group_identify();
        }
        if is_nameless {
            self.malformed();
            return Ok(());
        }
        let first = self.drafting.parser.tape().len();
        self.drafting.parser.tape().append(&mut self.properties);
        let operation = match self.drafting.parser.bytes(name_text) {
            name if name == names::PAGE.as_bytes() => Operation::Page,
            name if name == names::SCREEN.as_bytes() => Operation::Screen,
            name if name == names::REVENUE_EVENT.as_bytes() => {
                self.revenue(first);
                Operation::Track
            }
            _ => Operation::Track,
        };
        let fault = self.drafting.fault();
        let name = self.drafting.event_name(name_text);
        let mut identities = self.person();
        self.add_groups(&mut identities);
        self.finish(operation, name, name_text, identities);
        if let Some(position) = self.found.user_properties {
            self.update(position, Whose::Person, &[], fault)?;
        }
        if let Some(position) = self.found.group_properties {
            self.update_groups(position, &[], fault)?;
        }
        Ok(())
    }

    /// `$identify`: the link, the groups, the operations.
    fn identify(&mut self) -> Result<(), Malformed> {
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
    fn group_identify(&mut self) -> Result<(), Malformed> {
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
    fn update_groups(&mut self, position: usize, context: &[Leaf], fault: Option<Rule>) -> Result<bool, Malformed> {
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
    fn update(
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

    /// `event_properties`.
    fn properties(&mut self) -> Result<(), Malformed> {
        match self.drafting.parser.peek() {
            b'{' => {}
            b'n' => return self.drafting.parser.skip(),
            _ => {
                self.drafting.fail(Rule::Malformed);
                return self.drafting.parser.skip();
            }
        }
        let mut object = self.drafting.parser.begin_object(PROPERTIES, NameId::EVENT_ROOT)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            self.drafting.parser.property(&key)?;
        }
        Ok(())
    }

    /// `groups`: a type with one id or several.
    fn groups(&mut self) -> Result<(), Malformed> {
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
            if self.drafting.parser.peek() == b'[' {
                self.drafting.parser.expect(b'[')?;
                let mut is_first = true;
                while self.drafting.parser.next_element(&mut is_first)? {
                    self.group(key.text, path)?;
                }
            } else {
                self.group(key.text, path)?;
            }
        }
        Ok(())
    }

    /// One group's id.
    fn group(&mut self, key: Text, path: NameId) -> Result<(), Malformed> {
        if let Some(scalar) = self.drafting.parser.scalar()?.filter(|s| s.kind.has_text() && s.text.len > 0) {
            self.add_group(key, path, scalar.text);
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
    fn group_of_fields(&mut self) {
        let (Some(key), Some(id)) = (self.found.text(special::GROUP_TYPE), self.found.text(special::GROUP_VALUE))
        else {
            return;
        };
        match self.drafting.parser.names().path(NameId::GROUP_ROOT, self.drafting.parser.str(key)) {
            (NameId::UNNAMED, _) | (_, true) => self.found.has_unclean_group = true,
            (path, false) => self.add_group(key, path, id),
        }
    }

    /// `library`: `name/version`, or an object of both.
    fn library(&mut self) -> Result<(), Malformed> {
        self.found.scalars[usize::from(special::LIBRARY_NAME)] = None;
        self.found.scalars[usize::from(special::LIBRARY_VERSION)] = None;
        if self.drafting.parser.peek() == b'{' {
            let mut object = self.drafting.parser.begin_object(LIBRARY, self.canonical.meta)?;
            while let Some(key) = self.drafting.parser.next_key(&mut object)? {
                let scalar = self.drafting.parser.scalar()?;
                if let Meaning::Special(number) = key.meaning
                    && let Some(slot) = self.found.scalars.get_mut(usize::from(number))
                {
                    *slot = scalar;
                }
            }
            return Ok(());
        }
        let Some(Scalar { kind: LeafKind::String, text }) = self.drafting.parser.scalar()? else { return Ok(()) };
        let (mut name, mut version) = (text, None);
        if let Some(slash) = memchr::memrchr(b'/', self.drafting.parser.bytes(text)) {
            let slash = slash as u32;
            name = Text { start: text.start, len: slash };
            version = Some(Text { start: text.start + slash + 1, len: text.len - slash - 1 });
        }
        let scalar = |text| Scalar { kind: LeafKind::String, text };
        self.found.scalars[usize::from(special::LIBRARY_NAME)] = Some(scalar(name));
        self.found.scalars[usize::from(special::LIBRARY_VERSION)] = version.map(scalar);
        Ok(())
    }

    /// Writes what fields say that are not simply a value onto the tape.
    fn put_context(&mut self) {
        let parser = &mut self.drafting.parser;
        let scalars = &self.found.scalars;
        for (number, path) in self.paths.fields {
            let Some(scalar) = scalars[usize::from(number)].filter(|s| s.kind.has_text() && s.text.len > 0) else {
                continue;
            };
            let is_none = match number {
                special::IP => parser.bytes(scalar.text) == b"$remote",
                special::SESSION_ID => parser.bytes(scalar.text) == b"-1",
                _ => false,
            };
            if !is_none {
                parser.push(path, scalar.kind, scalar.text);
            }
        }
        // amplitude-js writes the browser where the operating system belongs.
        let library = scalars[usize::from(special::LIBRARY_NAME)];
        if library.is_some_and(|name| parser.bytes(name.text) == b"amplitude-js") {
            let start = parser.event_start();
            for leaf in parser.tape().iter_mut().skip(start) {
                if let Some((_, path)) = self.paths.of_amplitude_js.iter().find(|(from, _)| *from == leaf.path) {
                    leaf.path = *path;
                }
            }
        }
    }

    /// What a revenue event says in its properties is what other events say in fields.
    fn revenue(&mut self, first: usize) {
        let parser = &mut self.drafting.parser;
        let mut depth = 0_u32;
        let mut at = first;
        while let Some(leaf) = parser.tape().get(at).copied() {
            match leaf.kind {
                LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = depth.saturating_sub(1),
                kind if kind.is_scalar() && depth == 0 => {
                    let entry = parser.names().names().entry(leaf.path);
                    let path = names::REVENUE
                        .iter()
                        .find(|(name, _)| entry.parent == NameId::EVENT_ROOT && *name == entry.key);
                    let field = path.and_then(|(_, path)| names::field(path));
                    if let Some(path) = field.and_then(|field| self.canonical.path(field)) {
                        parser.tape()[at].path = path;
                        // A field of the same meaning gives way.
                        let start = parser.event_start();
                        if let Some(field) = parser.tape()[start..at].iter().position(|leaf| leaf.path == path) {
                            parser.tape().remove(start + field);
                            continue;
                        }
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// The person's ids: the subject is the user, or the device where there is none.
    fn person(&mut self) -> Vec<Identity> {
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

    fn add_groups(&self, identities: &mut Vec<Identity>) {
        identities.extend(self.found.groups.iter().map(Group::identity));
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

    fn finish(&mut self, operation: Operation, name: NameId, name_text: Text, identities: Vec<Identity>) {
        let client_time = self.found.text(special::TIME).and_then(|text| time(self.drafting.parser.str(text)));
        let facts = Facts {
            sdk_id: self.found.text(special::INSERT_ID),
            client_time,
            unnamed: std::mem::take(&mut self.found.unnamed),
            ..Facts::new(operation, name, name_text)
        };
        self.drafting.finish(facts, identities);
    }

    /// Reads past a value that is read later: its place, or `None` for `null`.
    fn pass_over(&mut self) -> Result<Option<usize>, Malformed> {
        let is_null = self.drafting.parser.peek() == b'n';
        let position = self.drafting.parser.position();
        self.drafting.parser.skip()?;
        Ok((!is_null).then_some(position))
    }
}
