//! Segment's and RudderStack's JSON to drafts.
//!
//! | message | drafts |
//! |---|---|
//! | track, page, screen | one; `name` and `category` of a page or screen are properties of these names |
//! | identify | Identify where it names both ids; Profile(Set) where it has traits, or only one id |
//! | group | Join where somebody joins; Group(Set) where it has traits, or nobody joins |
//! | alias | Alias; without a `previousId` from the anonymous id |
//! | merge | Merge |
//!
//! - Ids, keys, times and the SDK's message id leave the tape. `anonymousId` is a device, `userId` a user. The id before an alias is
//!   a user's unless it is the message's own `anonymousId`: both vendors allow either and say nothing.
//! - Groups have no types here, so they are of the source's first group key, or of the type `group`.
//! - `traits` are of the person, in a group message of the group. `context.traits` are of the person everywhere. In an identify both
//!   are one profile, where `traits` win. Beside any other message they do not change the profile, at either vendor: they describe
//!   the person of this event, and stay with it, below `profile.` as everything that is said of a person.
//! - Where one message makes two drafts, what it says of its surroundings is on the first.
//! - What else stands in `context` and in the message is `context.*`, by [`names`].
//! - A page's properties `path`, `referrer`, `search`, `title` and `url` are those of `context.page`: browsers send both, servers one.
//! - What stands beside a batch holds for each message that does not say otherwise.

use weir_event::names::NameKind;
use weir_event::{
    DraftBatch, Identity, Leaf, LeafKind, Millis, NameId, Operation, ProfileOp, Role, Rule, SourceNames, SubjectKind,
    Text, limits,
};

use crate::body::{Opened, base64};
use crate::drafting::{Drafting, Facts, Walk, time};
use crate::inbound::{Canonical, DecodeError, DecodeOptions, Decoded, Endpoint, RequestHead};
use crate::json::{Key, Malformed, Meaning, Plan, Scalar, Vocabulary};
use crate::vendors::segment::{BATCH, Dialect, EVENT, IMPORT, MessageType, PIXEL, names};

/// One message.
const MESSAGE: Plan = Plan(1);
/// `{"batch": […]}`.
const ENVELOPE: Plan = Plan(2);
/// A message's `context`.
const CONTEXT: Plan = Plan(3);
/// An object in it that has canonical paths.
const PART: Plan = Plan(4);
/// Traits of a person or a group.
const TRAITS: Plan = Plan(5);
/// One of the two ids of a merge.
const MERGED: Plan = Plan(6);

/// Keys with a meaning of their own.
mod special {
    pub(super) const TYPE: u8 = 0;
    pub(super) const EVENT: u8 = 1;
    pub(super) const NAME: u8 = 2;
    pub(super) const CATEGORY: u8 = 3;
    pub(super) const USER_ID: u8 = 4;
    pub(super) const ANONYMOUS_ID: u8 = 5;
    pub(super) const PREVIOUS_ID: u8 = 6;
    pub(super) const GROUP_ID: u8 = 7;
    pub(super) const MESSAGE_ID: u8 = 8;
    pub(super) const TIMESTAMP: u8 = 9;
    pub(super) const ORIGINAL_TIMESTAMP: u8 = 10;
    pub(super) const SENT_AT: u8 = 11;
    /// `context.groupId`, the group of the event.
    pub(super) const CONTEXT_GROUP_ID: u8 = 12;
    /// `context.device.id`, which is asked only where there is no other.
    pub(super) const DEVICE_ID: u8 = 13;
    pub(super) const COUNT: usize = 14;
    /// Keys, tokens and further ids: read and forgotten.
    pub(super) const FORGET: u8 = 20;
    pub(super) const PROPERTIES: u8 = 21;
    pub(super) const CONTEXT: u8 = 22;
    pub(super) const TRAITS: u8 = 23;
    pub(super) const MERGE_PROPERTIES: u8 = 24;
    pub(super) const BATCH: u8 = 25;
    pub(super) const MERGED_TYPE: u8 = 26;
    pub(super) const MERGED_VALUE: u8 = 27;
    /// Objects in `context`: this number plus the place in `names::CONTEXT`.
    pub(super) const PART: u8 = 64;
}

/// Entries of what stands beside a batch. It is copied to each message, so it must be small.
const SHARED_ENTRIES_MAX: usize = 128;

struct Words<'a> {
    canonical: &'a Canonical,
}

impl Vocabulary for Words<'_> {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        let special = match (plan, key) {
            (MESSAGE, "type") => special::TYPE,
            (MESSAGE, "event") => special::EVENT,
            (MESSAGE, "name") => special::NAME,
            (MESSAGE, "category") => special::CATEGORY,
            (MESSAGE, "userId") => special::USER_ID,
            (MESSAGE, "anonymousId") => special::ANONYMOUS_ID,
            (MESSAGE, "previousId") => special::PREVIOUS_ID,
            (MESSAGE, "groupId") => special::GROUP_ID,
            (MESSAGE, "messageId") => special::MESSAGE_ID,
            (MESSAGE, "timestamp") => special::TIMESTAMP,
            (MESSAGE, "originalTimestamp") => special::ORIGINAL_TIMESTAMP,
            (MESSAGE | ENVELOPE, "sentAt") => special::SENT_AT,
            (MESSAGE, "properties") => special::PROPERTIES,
            (MESSAGE | ENVELOPE, "context") => special::CONTEXT,
            (MESSAGE | CONTEXT, "traits") => special::TRAITS,
            (MESSAGE, "mergeProperties") => special::MERGE_PROPERTIES,
            (MESSAGE, "writeKey" | "rudderId" | "receivedAt" | "projectId") => special::FORGET,
            (ENVELOPE, "batch") => special::BATCH,
            // What else stands beside a batch is about sending it.
            (ENVELOPE, key) if key != "integrations" => special::FORGET,
            (CONTEXT, "groupId") => special::CONTEXT_GROUP_ID,
            (CONTEXT, "externalIds" | "externalId") => special::FORGET,
            (CONTEXT, key) => {
                let place = names::CONTEXT.iter().position(|(name, _)| *name == key)?;
                if place < names::PARTS {
                    return self.canonical.path(key).map(Meaning::Property);
                }
                special::PART + place as u8
            }
            (PART, "id") => special::DEVICE_ID,
            (PART, "advertisingId" | "token") => special::FORGET,
            // `id` is reserved for the id of the person or group itself; RudderStack's Android SDK writes it.
            (TRAITS, "id" | "userId" | "anonymousId" | "rudderId") => special::FORGET,
            (MERGED, "type") => special::MERGED_TYPE,
            (MERGED, "value") => special::MERGED_VALUE,
            (MERGED, _) => special::FORGET,
            _ => return None,
        };
        Some(Meaning::Special(special))
    }
}

/// Decodes what was opened.
pub(in crate::vendors) fn decode(
    dialect: Dialect,
    endpoint: Endpoint,
    head: &RequestHead<'_>,
    opened: &mut Opened,
    source: &SourceNames,
    options: &DecodeOptions,
    batch: &mut DraftBatch,
) -> Result<Decoded, DecodeError> {
    batch.clear();
    batch.text = opened.take_text();
    let of_path = if matches!(endpoint, EVENT | PIXEL) { MessageType::of_path(dialect, head.path) } else { None };
    let from_header = put_header_id(head, &mut batch.text);
    let canonical = options.canonical(source.names(), names::CONTEXT);
    let group_type = match options.group_label(0) {
        Some(label) => label,
        None => source.names().label("group"),
    };
    let drafting = Drafting::new(batch, source, Words { canonical });
    let historical = endpoint == IMPORT;
    let (page_paths, found) = (None, Found::default());
    let mut decoder =
        Decoder { dialect, of_path, historical, canonical, group_type, from_header, drafting, page_paths, found };
    let decoded = decoder.run(matches!(endpoint, BATCH | IMPORT)).map(|()| decoder.drafting.decoded());
    if decoded.is_err() {
        batch.clear();
    }
    decoded
}

/// Puts the id of the `AnonymousId` header before a text that names none.
fn put_header_id(head: &RequestHead<'_>, text: &mut Vec<u8>) -> Option<Text> {
    let header = head.anonymous_id.filter(|header| header.len() <= 2 * limits::ID_BYTES_MAX)?;
    if memchr::memmem::find(text, b"\"anonymousId\"").is_some() {
        return None;
    }
    let id = base64::decode(header.trim().as_bytes()).filter(|id| std::str::from_utf8(id).is_ok())?;
    let len = id.len() as u32;
    let mark = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    text.splice(..mark, id);
    Some(Text { start: 0, len })
}

struct Decoder<'a> {
    dialect: Dialect,
    of_path: Option<MessageType>,
    historical: bool,
    canonical: &'a Canonical,
    group_type: NameId,
    from_header: Option<Text>,
    drafting: Drafting<'a, Words<'a>>,
    /// The paths of `names::PAGE` as properties and as context, once somebody asked for them.
    page_paths: Option<[(NameId, NameId); names::PAGE.len()]>,
    found: Found,
}

/// What one message says beside its properties.
#[derive(Default)]
struct Found {
    scalars: [Option<Scalar>; special::COUNT],
    /// Where `traits` and `context.traits` begin; they are read when the type is known.
    traits: Option<usize>,
    context_traits: Option<usize>,
    merged: Vec<(SubjectKind, Text)>,
}

impl Found {
    fn text(&self, number: u8) -> Option<Text> {
        let scalar = self.scalars.get(usize::from(number)).copied().flatten()?;
        (scalar.kind.has_text() && scalar.text.len > 0).then_some(scalar.text)
    }
}

impl Decoder<'_> {
    fn run(&mut self, is_batch: bool) -> Result<(), DecodeError> {
        if let Some(id) = self.from_header {
            self.drafting.parser.go_to(id.len as usize);
        }
        if is_batch && self.drafting.parser.peek() == b'{' {
            return self.envelope();
        }
        let mut walk = Walk::NotBegun;
        while self.drafting.next_event(&mut walk)? {
            self.element()?;
        }
        Ok(())
    }

    fn envelope(&mut self) -> Result<(), DecodeError> {
        let mut has_batch = false;
        let mut sent_at = None;
        let mut shared: Vec<Leaf> = Vec::new();
        let mut object = self.drafting.parser.begin_object(ENVELOPE, self.canonical.meta)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(special::BATCH) => {
                    // A batch that comes twice is not one that an SDK sends; the first is not simply forgotten.
                    if std::mem::replace(&mut has_batch, true) || self.drafting.parser.peek() != b'[' {
                        return Err(DecodeError::NotEvents);
                    }
                    self.drafting.parser.expect(b'[')?;
                    let mut is_first = true;
                    while self.drafting.parser.next_element(&mut is_first)? {
                        self.drafting.begin()?;
                        self.element()?;
                    }
                }
                Meaning::Special(special::SENT_AT) => {
                    let scalar = self.drafting.parser.scalar()?.filter(|scalar| scalar.kind.has_text());
                    sent_at = scalar.and_then(|scalar| time(self.drafting.parser.str(scalar.text)));
                }
                Meaning::Special(special::CONTEXT) => {
                    self.drafting.parser.begin_event();
                    let start = self.drafting.parser.event_start();
                    self.context()?;
                    let traits = std::mem::take(&mut self.found).context_traits;
                    self.read_traits(NameId::PROFILE_ROOT, [traits, None])?;
                    shared.extend(self.drafting.parser.tape().drain(start..));
                }
                Meaning::Property(_) => {
                    self.drafting.parser.begin_event();
                    let start = self.drafting.parser.event_start();
                    self.drafting.parser.property(&key)?;
                    shared.extend(self.drafting.parser.tape().drain(start..));
                }
                _ => self.drafting.parser.skip()?,
            }
        }
        if !self.drafting.parser.is_done() {
            return Err(DecodeError::Malformed { at: self.drafting.parser.position() });
        }
        let is_empty = self.drafting.drafts().is_empty();
        if !has_batch || (is_empty && self.dialect == Dialect::RudderStack) {
            return Err(DecodeError::NotEvents);
        }
        for draft in self.drafting.drafts() {
            draft.sent_at = draft.sent_at.or(sent_at);
        }
        if !shared.is_empty() && !is_empty {
            self.share(&shared);
        }
        Ok(())
    }

    /// Adds what stands beside the batch to each tape that does not hold it itself. Only old SDKs put anything there, so all
    /// tapes are simply written anew.
    fn share(&mut self, shared: &[Leaf]) {
        if shared.len() > SHARED_ENTRIES_MAX {
            self.drafting.drafts().iter_mut().for_each(|draft| draft.unnamed += 1);
            return;
        }
        let own: Vec<Leaf> = std::mem::take(self.drafting.parser.tape());
        let mut all = Vec::with_capacity(own.len() + shared.len() * self.drafting.drafts().len());
        let mut values: Vec<(NameId, std::ops::Range<usize>)> = Vec::new();
        each_value(shared, |path, range| values.push((path, range)));
        let mut own_paths = Vec::new();
        for draft in self.drafting.drafts() {
            let start = all.len();
            let tape = own.get(draft.leaves.start as usize..draft.leaves.end as usize).unwrap_or_default();
            all.extend_from_slice(tape);
            if draft.fault.is_none() {
                own_paths.clear();
                each_value(tape, |path, _| own_paths.push(path));
                let room = 4 * limits::EVENT_LEAVES_MAX;
                for (_, range) in values.iter().filter(|(path, _)| !own_paths.contains(path)) {
                    if all.len() - start + range.len() <= room {
                        all.extend_from_slice(&shared[range.clone()]);
                    }
                }
            }
            draft.leaves = start as u32..all.len() as u32;
        }
        *self.drafting.parser.tape() = all;
    }

    fn element(&mut self) -> Result<(), Malformed> {
        self.found.scalars = [None; special::COUNT];
        (self.found.traits, self.found.context_traits) = (None, None);
        self.found.merged.clear();
        if self.drafting.parser.peek() != b'{' {
            self.drafting.parser.skip()?;
            self.drafting.fail(Rule::Malformed);
            self.finish(Operation::Track, NameId::UNNAMED, Text::default(), &[]);
            return Ok(());
        }
        self.message()
    }

    fn message(&mut self) -> Result<(), Malformed> {
        let start = self.drafting.parser.position();
        let mut has_properties = false;
        let mut object = self.drafting.parser.begin_object(MESSAGE, self.canonical.meta)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(special::PROPERTIES) => {
                    if key.is_repeated {
                        self.forget(|parent| parent == NameId::EVENT_ROOT);
                    }
                    has_properties = true;
                    self.properties(&key)?;
                }
                Meaning::Special(special::CONTEXT) => {
                    if key.is_repeated {
                        self.forget_context();
                    }
                    self.context()?;
                }
                Meaning::Special(special::TRAITS) => {
                    self.found.traits = self.position_of_object()?;
                }
                Meaning::Special(special::MERGE_PROPERTIES) => self.merge_properties()?,
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
        let said = self.found.text(special::TYPE).map(|text| self.drafting.parser.str(text));
        let kind = self.of_path.or_else(|| {
            // In a body the type is the whole word.
            said.filter(|word| word.len() > 1).and_then(|word| MessageType::from_word(self.dialect, word))
        });
        let Some(kind) = kind else {
            self.drafting.fail(Rule::Malformed);
            self.finish(Operation::Track, NameId::UNNAMED, Text::default(), &[]);
            return Ok(());
        };
        if has_properties && !matches!(kind, MessageType::Track | MessageType::Page | MessageType::Screen) {
            self.forget(|parent| parent == NameId::EVENT_ROOT);
        }
        match kind {
            MessageType::Track => self.track()?,
            MessageType::Page => self.view(Operation::Page, self.canonical.page)?,
            MessageType::Screen => self.view(Operation::Screen, self.canonical.screen)?,
            MessageType::Identify => self.identify()?,
            MessageType::Group => self.group()?,
            MessageType::Alias => self.alias()?,
            MessageType::Merge => self.merge()?,
        }
        self.drafting.parser.go_to(end);
        Ok(())
    }

    fn track(&mut self) -> Result<(), Malformed> {
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
    fn view(&mut self, operation: Operation, name: NameId) -> Result<(), Malformed> {
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

    fn identify(&mut self) -> Result<(), Malformed> {
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

    fn group(&mut self) -> Result<(), Malformed> {
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

    fn alias(&mut self) -> Result<(), Malformed> {
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

    fn merge(&mut self) -> Result<(), Malformed> {
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
    fn merge_properties(&mut self) -> Result<(), Malformed> {
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
                let scalar = self.drafting.parser.scalar()?.filter(|s| s.kind.has_text() && s.text.len > 0);
                match key.meaning {
                    Meaning::Special(special::MERGED_TYPE) => kind = scalar,
                    Meaning::Special(special::MERGED_VALUE) => value = scalar,
                    _ => {}
                }
            }
            let kind = kind.map(|kind| self.drafting.parser.bytes(kind.text));
            let kind = match kind {
                Some(b"email") => SubjectKind::Email,
                Some(b"phone" | b"mobile") => SubjectKind::Phone,
                Some(b"anonymousId" | b"anonymous_id") => SubjectKind::Device,
                _ => SubjectKind::User,
            };
            if let Some(value) = value
                && self.found.merged.len() < 3
            {
                self.found.merged.push((kind, value.text));
            }
        }
        Ok(())
    }

    /// The properties of a message, read where they stand: they are the event's whatever its type.
    fn properties(&mut self, key: &Key) -> Result<(), Malformed> {
        if self.drafting.parser.peek() != b'{' {
            return self.unusual(key, self.canonical.meta);
        }
        let mut object = self.drafting.parser.begin_object(Plan::NESTED, NameId::EVENT_ROOT)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            self.drafting.parser.property(&key)?;
        }
        Ok(())
    }

    fn context(&mut self) -> Result<(), Malformed> {
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
    fn unusual(&mut self, key: &Key, parent: NameId) -> Result<(), Malformed> {
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
    fn position_of_object(&mut self) -> Result<Option<usize>, Malformed> {
        let is_object = self.drafting.parser.peek() == b'{';
        let position = self.drafting.parser.position();
        self.drafting.parser.skip()?;
        Ok(is_object.then_some(position))
    }

    /// Reads objects that were passed over as one object below `parent`; what a later one says wins.
    fn read_traits(&mut self, parent: NameId, positions: [Option<usize>; 2]) -> Result<(), Malformed> {
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
    fn person_of_event(&mut self) -> Result<(), Malformed> {
        match self.found.context_traits.take() {
            Some(position) => self.read_traits(NameId::PROFILE_ROOT, [Some(position), None]),
            None => Ok(()),
        }
    }

    /// Takes what was read so far off the tape.
    fn take_tape(&mut self) -> Vec<Leaf> {
        let start = self.drafting.parser.event_start();
        self.drafting.parser.tape().split_off(start)
    }

    fn put(&mut self, leaves: &[Leaf]) {
        if !self.drafting.parser.is_over_limit() {
            self.drafting.parser.tape().extend_from_slice(leaves);
        }
    }

    /// Takes values off the tape by the path above them.
    #[cold]
    fn forget(&mut self, is_forgotten: impl Fn(NameId) -> bool) {
        let start = self.drafting.parser.event_start();
        let names = self.drafting.parser.names().names();
        let tape = self.drafting.parser.tape();
        let own = tape.split_off(start);
        each_value(&own, |path, range| {
            if !is_forgotten(names.entry(path).parent) {
                tape.extend_from_slice(&own[range]);
            }
        });
    }

    #[cold]
    fn forget_context(&mut self) {
        let canonical = self.canonical;
        let parents: Vec<_> =
            names::CONTEXT[names::PARTS..].iter().filter_map(|(name, _)| canonical.path(name)).collect();
        self.forget(|parent| parent == NameId::CONTEXT_ROOT || parent == canonical.meta || parents.contains(&parent));
        self.found.context_traits = None;
        self.found.scalars[usize::from(special::CONTEXT_GROUP_ID)] = None;
        self.found.scalars[usize::from(special::DEVICE_ID)] = None;
    }

    fn user(&self) -> Option<Text> {
        self.found.text(special::USER_ID)
    }

    fn device(&self) -> Option<Text> {
        self.found.text(special::ANONYMOUS_ID).or(self.from_header)
    }

    /// Makes the draft of what was found.
    fn finish(&mut self, operation: Operation, name: NameId, name_text: Text, further: &[Identity]) {
        let mut identities = self.drafting.identities();
        let user = self.user();
        let device = self.device();
        match (user, device, self.found.text(special::DEVICE_ID)) {
            (Some(user), device, _) => {
                identities.push(identity(SubjectKind::User, Role::Subject, user));
                if let Some(device) = device {
                    identities.push(identity(SubjectKind::User, Role::User, user));
                    identities.push(identity(SubjectKind::Device, Role::Device, device));
                }
            }
            (None, Some(device), _) | (None, None, Some(device)) => {
                identities.push(identity(SubjectKind::Device, Role::Subject, device));
            }
            (None, None, None) => {
                // Whoever is merged is whom a merge is about.
                let first = further.iter().find(|id| id.role == Role::Previous);
                identities.extend(first.map(|first| Identity { role: Role::Subject, ..*first }));
            }
        }
        identities.extend_from_slice(further);
        if let Some(group) = self.found.text(special::CONTEXT_GROUP_ID)
            && !identities.iter().any(|id| id.role == Role::Group)
        {
            identities.push(identity(SubjectKind::Group(self.group_type), Role::Group, group));
        }
        let time_of = |number| self.found.text(number).and_then(|text| time(self.drafting.parser.str(text)));
        let client_time: Option<Millis> = time_of(special::TIMESTAMP).or_else(|| time_of(special::ORIGINAL_TIMESTAMP));
        let facts = Facts {
            sdk_id: self.found.text(special::MESSAGE_ID),
            client_time,
            sent_at: time_of(special::SENT_AT),
            historical: self.historical,
            ..Facts::new(operation, name, name_text)
        };
        self.drafting.finish(facts, identities);
    }
}

fn identity(kind: SubjectKind, role: Role, text: Text) -> Identity {
    Identity { kind, role, text }
}

/// Walks over the values at the top of a tape: path, and the range with what belongs to it.
fn each_value(tape: &[Leaf], mut visit: impl FnMut(NameId, std::ops::Range<usize>)) {
    let (mut start, mut depth, mut path) = (0, 0_u32, NameId::UNNAMED);
    for (at, leaf) in tape.iter().enumerate() {
        if depth == 0 && at == start {
            path = leaf.path;
        }
        match leaf.kind {
            LeafKind::MapKey => continue,
            LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
            LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            visit(path, start..at + 1);
            start = at + 1;
        }
    }
}
