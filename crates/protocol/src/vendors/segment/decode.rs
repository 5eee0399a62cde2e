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

mod context;
mod envelope;
mod found;
mod messages;
mod special;
mod words;

use weir_event::{
    DraftBatch, Identity, Leaf, Millis, NameId, Operation, Role, Rule, SourceNames, SubjectKind, Text, limits,
};

use crate::body::{Opened, base64};
use crate::drafting::{Drafting, Facts, Walk, time};
use crate::inbound::{Canonical, DecodeError, DecodeOptions, Decoded, Endpoint, RequestHead};
use crate::json::{Key, Malformed, Meaning, Plan, values};
use crate::vendors::segment::{BATCH, Dialect, EVENT, IMPORT, MessageType, PIXEL, names};
use found::Found;
use words::{MESSAGE, Words};

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
        for (first, range) in values(&own) {
            if !is_forgotten(names.entry(first.path).parent) {
                tape.extend_from_slice(&own[range]);
            }
        }
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
