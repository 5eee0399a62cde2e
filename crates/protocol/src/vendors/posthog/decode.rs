//! PostHog's JSON to drafts.
//!
//! - A request is one event, a list of events, or an object with a list in `batch`; what stands beside the list is said after it as
//!   often as before it.
//! - An `$identify` that names one id only, as servers send it, links nothing: it is what it sets.
//! - `$set`, `$set_once` and `$unset` make drafts of their own, beside the event that carries them; they stand beside `properties`
//!   (browser, Python) or in them (Node, Capture V1). A `$set` event and a `$groupidentify` are nothing else: what other properties
//!   they have is the SDK's surroundings, and is not kept. Click ids among a person's properties are context.
//! - Identifiers, tokens, insert ids and times leave the tape. `$groups` are identities; a group's type is a name and is judged.
//! - Whether a `distinct_id` is a user's or a device's is told by what SDKs on devices say beside it (`$device_id`,
//!   `$is_identified`); a server's is a user's.
//! - `$geoip_disable` and the token are read and forgotten; `$ignore_sent_at` says that the client's clock is not to be corrected.

use std::ops::Range;

use weir_event::names::NameKind;
use weir_event::{
    DraftBatch, Identity, Leaf, LeafKind, Millis, NameId, Operation, ProfileOp, Role, Rule, SourceNames, SubjectKind,
    Text,
};

use crate::drafting::{Drafting, Facts, time, unix_time};
use crate::inbound::{Canonical, DecodeError, DecodeOptions, Decoded, Endpoint, RequestHead, WriteKey};
use crate::json::{Malformed, Meaning, Plan, Scalar, Vocabulary};
use crate::vendors::posthog::{ENGAGE, EVENTS, names};

/// An event, or the object around a list of them.
const EVENT: Plan = Plan(1);
/// The properties of an event.
const PROPERTIES: Plan = Plan(2);
/// The properties of a person or of a group.
const PROFILE: Plan = Plan(3);
/// Group types and their ids.
const GROUPS: Plan = Plan(4);
/// What Capture V1 says beside the properties.
const OPTIONS: Plan = Plan(5);

/// What is kept beside the tape, by number.
mod special {
    // At the top of an event.
    pub(super) const EVENT: u8 = 0;
    pub(super) const TOP_DISTINCT_ID: u8 = 1;
    pub(super) const UUID: u8 = 2;
    pub(super) const TIMESTAMP: u8 = 3;
    pub(super) const OFFSET: u8 = 4;
    pub(super) const UNCORRECTED: u8 = 5;
    // Among its properties.
    pub(super) const FIRST_OF_PROPERTIES: usize = 6;
    pub(super) const DISTINCT_ID: u8 = 6;
    pub(super) const DEVICE_ID: u8 = 7;
    pub(super) const USER_ID: u8 = 8;
    pub(super) const ANON_DISTINCT_ID: u8 = 9;
    pub(super) const INSERT_ID: u8 = 10;
    pub(super) const TIME: u8 = 11;
    pub(super) const GROUP_TYPE: u8 = 12;
    pub(super) const GROUP_KEY: u8 = 13;
    pub(super) const IGNORE_SENT_AT: u8 = 14;
    pub(super) const IS_IDENTIFIED: u8 = 15;
    pub(super) const COUNT: usize = 16;
    /// Tokens and switches: read and forgotten.
    pub(super) const FORGET: u8 = 20;
    pub(super) const PROPERTIES: u8 = 21;
    pub(super) const OPTIONS: u8 = 22;
    pub(super) const GROUPS: u8 = 23;
    pub(super) const BATCH: u8 = 24;
    pub(super) const SENT_AT: u8 = 25;
    pub(super) const HISTORICAL: u8 = 26;
    /// Objects and lists that are read after the event: this number plus the place in `LATER`.
    pub(super) const LATER: u8 = 32;
}

/// What is read after the event. Those at the top come last: where both have a property, the top wins, as at PostHog.
const LATER: [(Plan, &str, Option<ProfileOp>); 7] = [
    (PROPERTIES, "$set", Some(ProfileOp::Set)),
    (PROPERTIES, "$set_once", Some(ProfileOp::SetOnce)),
    (PROPERTIES, "$unset", Some(ProfileOp::Unset)),
    (EVENT, "$set", Some(ProfileOp::Set)),
    (EVENT, "$set_once", Some(ProfileOp::SetOnce)),
    (EVENT, "$unset", Some(ProfileOp::Unset)),
    (PROPERTIES, "$group_set", None),
];
const GROUP_SET: usize = 6;
/// Groups of one type that one event may name.
const GROUPS_MAX: usize = 64;

struct Words<'a> {
    canonical: &'a Canonical,
    names: &'a SourceNames,
}

impl Words<'_> {
    fn context(&self, property: &str) -> Option<Meaning> {
        self.canonical.path(property).map(Meaning::Property)
    }

    fn own(&self, parent: NameId, key: &str) -> Option<Meaning> {
        match self.names.path(parent, key) {
            (NameId::UNNAMED, _) => Some(Meaning::Unnamed),
            (path, true) => Some(Meaning::MapKey(path)),
            (path, false) => Some(Meaning::Property(path)),
        }
    }
}

impl Vocabulary for Words<'_> {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        let special = match (plan, key) {
            (EVENT, "event") => special::EVENT,
            (EVENT, "properties") => special::PROPERTIES,
            (EVENT, "distinct_id" | "$distinct_id") => special::TOP_DISTINCT_ID,
            (EVENT, "uuid") => special::UUID,
            (EVENT, "timestamp") => special::TIMESTAMP,
            (EVENT, "offset") => special::OFFSET,
            (EVENT, "options") => special::OPTIONS,
            (EVENT, "batch") => special::BATCH,
            (EVENT, "sent_at" | "created_at") => special::SENT_AT,
            (EVENT, "historical_migration") => special::HISTORICAL,
            (EVENT, "api_key" | "token" | "$token") | (PROPERTIES, "token" | "$geoip_disable") => special::FORGET,
            (EVENT, "session_id") => return self.context("$session_id"),
            (EVENT, "window_id") => return self.context("$window_id"),
            (EVENT, "ip") => return self.context("$ip"),
            (EVENT, "library") => return self.context("$lib"),
            (EVENT, "library_version") => return self.context("$lib_version"),
            (OPTIONS, "disable_skew_correction") => special::UNCORRECTED,
            (OPTIONS, _) => {
                let property = names::OPTIONS.iter().find(|(option, _)| *option == key).map(|(_, property)| *property);
                return match property {
                    Some(property) => self.own(NameId::EVENT_ROOT, property),
                    None => self.own(self.canonical.meta, key),
                };
            }
            (PROPERTIES, "distinct_id") => special::DISTINCT_ID,
            (PROPERTIES, "$device_id") => special::DEVICE_ID,
            (PROPERTIES, "$user_id") => special::USER_ID,
            (PROPERTIES, "$anon_distinct_id") => special::ANON_DISTINCT_ID,
            (PROPERTIES, "$insert_id") => special::INSERT_ID,
            (PROPERTIES, "$time") => special::TIME,
            (PROPERTIES, "$group_type") => special::GROUP_TYPE,
            (PROPERTIES, "$group_key") => special::GROUP_KEY,
            (PROPERTIES, "$groups") => special::GROUPS,
            (PROPERTIES, "$ignore_sent_at") => special::IGNORE_SENT_AT,
            (PROPERTIES, "$is_identified") => special::IS_IDENTIFIED,
            (PROFILE, _) if names::is_click(key) => return self.own(self.canonical.meta, key),
            (EVENT | PROPERTIES, _) => {
                if let Some(place) = LATER.iter().position(|(of, name, _)| *of == plan && *name == key) {
                    special::LATER + place as u8
                } else if plan == PROPERTIES && names::is_meta(key) {
                    return self.own(self.canonical.meta, key);
                } else if plan == PROPERTIES {
                    return self.context(key);
                } else {
                    return None;
                }
            }
            _ => return None,
        };
        Some(Meaning::Special(special))
    }
}

/// Decodes `batch.text`. Beside what was decoded come the events' own UUIDs where the answer needs them: sixteen bytes each.
pub(super) fn decode(
    endpoint: Endpoint,
    head: &RequestHead<'_>,
    blobs: u32,
    source: &SourceNames,
    options: &DecodeOptions,
    batch: &mut DraftBatch,
) -> Result<(Decoded, Vec<u8>), DecodeError> {
    let canonical = options.canonical(source.names(), names::CONTEXT);
    // Capture V1 says in a header which SDK it is. The text of a batch is what ranges point into, so it gets the header's words at its
    // end, where the parser must not meet them: behind the fact.
    let library = Library::of(endpoint, head, batch.text.len());
    let drafting = Drafting::new(batch, source, Words { canonical, names: source });
    let mut decoder = Decoder {
        endpoint,
        drafting,
        canonical,
        library: library.as_ref().map(|library| (library.name, library.version)),
        blobs,
        found: Found::default(),
        request: Request::default(),
        labels: Vec::new(),
        uuids: Vec::new(),
    };
    decoder.run()?;
    let (decoded, uuids) = (decoder.drafting.decoded(), std::mem::take(&mut decoder.uuids));
    let request = std::mem::take(&mut decoder.request);
    if let Some(library) = library {
        batch.text.extend_from_slice(library.text.as_bytes());
    }
    request.finish(head, batch);
    Ok((decoded, uuids))
}

/// Name and version of an SDK, as ranges behind the end of the text.
struct Library {
    text: String,
    name: Text,
    version: Text,
}

impl Library {
    fn of(endpoint: Endpoint, head: &RequestHead<'_>, end: usize) -> Option<Library> {
        let info = head.sdk_info.filter(|_| endpoint == EVENTS)?;
        let (name, version) = info.split_once('/')?;
        let version = version.split(' ').next().unwrap_or_default();
        let is_word = |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_word(name) || !is_word(version) {
            return None;
        }
        let end = u32::try_from(end).ok()?;
        let (name_len, version_len) = (name.len() as u32, version.len() as u32);
        Some(Library {
            text: format!("{name}{version}"),
            name: Text { start: end, len: name_len },
            version: Text { start: end + name_len, len: version_len },
        })
    }
}

/// What a request says of all its events. It may say so after them.
#[derive(Default)]
struct Request {
    sent_at: Option<Millis>,
    historical: bool,
    drafts: u32,
    /// Drafts whose time is not the usual: which, and what.
    unusual: Vec<(u32, Unusual)>,
}

#[derive(Clone, Copy)]
enum Unusual {
    /// The client's clock is not to be corrected.
    Uncorrected,
    /// The event was so many milliseconds before the request; it says no other time.
    Before(i64),
}

impl Request {
    fn finish(self, head: &RequestHead<'_>, batch: &mut DraftBatch) {
        let from_query = || head.query_param("_").and_then(|text| unix_time(&text));
        let sent_at = self.sent_at.or_else(from_query);
        for draft in &mut batch.drafts {
            (draft.sent_at, draft.historical) = (sent_at, self.historical);
        }
        for (place, unusual) in self.unusual {
            let Some(draft) = batch.drafts.get_mut(place as usize) else { continue };
            match unusual {
                Unusual::Uncorrected => draft.sent_at = None,
                Unusual::Before(offset) => {
                    draft.client_time = sent_at.map(|sent| Millis(sent.0.saturating_sub(offset)));
                }
            }
        }
    }
}

struct Decoder<'a> {
    endpoint: Endpoint,
    drafting: Drafting<'a, Words<'a>>,
    canonical: &'a Canonical,
    library: Option<(Text, Text)>,
    /// Large parts that came beside the event and were dropped.
    blobs: u32,
    found: Found,
    request: Request,
    /// Paths of group types, and their labels.
    labels: Vec<(NameId, NameId)>,
    uuids: Vec<u8>,
}

/// What one event says beside its properties.
#[derive(Default)]
struct Found {
    scalars: [Option<Scalar>; special::COUNT],
    later: [Option<usize>; LATER.len()],
    groups: Vec<(NameId, Text)>,
}

impl Found {
    fn clear(&mut self) {
        self.scalars = [None; special::COUNT];
        self.later = [None; LATER.len()];
        self.groups.clear();
    }

    /// Forgets what the properties said.
    fn clear_properties(&mut self) {
        self.scalars[special::FIRST_OF_PROPERTIES..].fill(None);
        for (place, (plan, ..)) in LATER.iter().enumerate() {
            if *plan == PROPERTIES {
                self.later[place] = None;
            }
        }
        self.groups.clear();
    }

    fn text(&self, number: u8) -> Option<Text> {
        let scalar = self.scalars.get(usize::from(number)).copied().flatten()?;
        (scalar.kind.has_text() && scalar.text.len > 0).then_some(scalar.text)
    }

    fn is_true(&self, number: u8) -> bool {
        let scalar = self.scalars.get(usize::from(number)).copied().flatten();
        scalar.is_some_and(|scalar| scalar.kind == LeafKind::True)
    }
}

impl Decoder<'_> {
    fn run(&mut self) -> Result<(), DecodeError> {
        match self.drafting.parser.peek() {
            b'[' => self.list()?,
            b'{' => {
                self.drafting.begin()?;
                self.event(true)?;
            }
            _ if self.drafting.parser.is_done() => return Err(DecodeError::NotEvents),
            _ => {
                // Some other JSON, or none.
                self.drafting.parser.skip()?;
                return Err(DecodeError::NotEvents);
            }
        }
        if self.drafting.parser.is_done() {
            Ok(())
        } else {
            Err(DecodeError::Malformed { at: self.drafting.parser.position() })
        }
    }

    /// A list of events; `[` comes next.
    fn list(&mut self) -> Result<(), DecodeError> {
        self.drafting.parser.expect(b'[')?;
        let mut is_first = true;
        while self.drafting.parser.next_element(&mut is_first)? {
            self.drafting.begin()?;
            if self.drafting.parser.peek() == b'{' {
                self.event(false)?;
            } else {
                self.found.clear();
                self.drafting.parser.skip()?;
                self.drafting.fail(Rule::Malformed);
                self.finish(Operation::Track, NameId::UNNAMED, Text::default(), 0);
            }
        }
        Ok(())
    }

    /// An event, or at the top of a request the object around a list of them.
    fn event(&mut self, is_top: bool) -> Result<(), DecodeError> {
        self.found.clear();
        let start = self.drafting.parser.position();
        let mut properties = 0..0;
        let mut is_batch = false;
        let mut object = self.drafting.parser.begin_object(EVENT, self.canonical.meta)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(special::BATCH) if is_top && self.drafting.parser.peek() == b'[' => {
                    // Not an event itself. One list more is as good as a longer one.
                    let event_start = self.drafting.parser.event_start();
                    if !std::mem::replace(&mut is_batch, true) {
                        self.drafting.parser.tape().truncate(event_start);
                        self.drafting.holds_others();
                    }
                    self.list()?;
                }
                Meaning::Special(special::SENT_AT) if is_top => {
                    let scalar = self.drafting.parser.scalar()?;
                    let text = scalar.filter(|scalar| scalar.kind.has_text()).map(|scalar| scalar.text);
                    self.request.sent_at = text.and_then(|text| time(self.drafting.parser.str(text)));
                }
                Meaning::Special(special::HISTORICAL) if is_top => {
                    let scalar = self.drafting.parser.scalar()?;
                    self.request.historical = scalar.is_some_and(|scalar| scalar.kind == LeafKind::True);
                }
                _ if is_batch => self.drafting.parser.skip()?,
                Meaning::Special(special::PROPERTIES) => {
                    if key.is_repeated {
                        // The last one wins, with everything that it says.
                        self.drafting.parser.tape().drain(std::mem::take(&mut properties));
                        self.found.clear_properties();
                        self.drafting.restore_fault(None);
                    }
                    let first = self.drafting.parser.tape().len();
                    self.properties()?;
                    properties = first..self.drafting.parser.tape().len();
                }
                Meaning::Special(special::OPTIONS) => self.options()?,
                Meaning::Special(number) => self.special(number)?,
                _ => self.drafting.parser.property(&key)?,
            }
        }
        if is_batch {
            return Ok(());
        }
        self.drafting.check_size(start);
        self.made_of_what_was_found()?;
        Ok(())
    }

    /// Takes a value that is kept beside the tape.
    fn special(&mut self, number: u8) -> Result<(), Malformed> {
        match number {
            special::LATER.. => {
                self.drafting.parser.peek();
                let begin = self.drafting.parser.position();
                let is_null = self.drafting.parser.peek() == b'n';
                self.drafting.parser.skip()?;
                // `null`, `{}` and `[]` say nothing.
                let is_empty = is_null || self.drafting.parser.position() - begin == 2;
                self.found.later[usize::from(number - special::LATER)] = (!is_empty).then_some(begin);
                Ok(())
            }
            _ => {
                let scalar = self.drafting.parser.scalar()?;
                if let Some(slot) = self.found.scalars.get_mut(usize::from(number)) {
                    *slot = scalar;
                }
                Ok(())
            }
        }
    }

    fn properties(&mut self) -> Result<(), Malformed> {
        match self.drafting.parser.peek() {
            b'{' => {}
            // Old SDKs send no properties so.
            b'n' => return self.drafting.parser.skip(),
            _ => {
                self.drafting.fail(Rule::Malformed);
                return self.drafting.parser.skip();
            }
        }
        let mut object = self.drafting.parser.begin_object(PROPERTIES, NameId::EVENT_ROOT)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(special::GROUPS) => self.groups()?,
                Meaning::Special(special::IS_IDENTIFIED) => {
                    self.special(special::IS_IDENTIFIED)?;
                    let said = self.found.scalars[usize::from(special::IS_IDENTIFIED)];
                    if let (Some(said), Some(path), false) =
                        (said, self.canonical.path("$is_identified"), key.is_repeated)
                    {
                        self.drafting.parser.push(path, said.kind, said.text);
                    }
                }
                Meaning::Special(number) => self.special(number)?,
                _ => self.drafting.parser.property(&key)?,
            }
        }
        Ok(())
    }

    fn options(&mut self) -> Result<(), Malformed> {
        if self.drafting.parser.peek() != b'{' {
            return self.drafting.parser.skip();
        }
        let mut object = self.drafting.parser.begin_object(OPTIONS, NameId::EVENT_ROOT)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(number) => self.special(number)?,
                _ => self.drafting.parser.property(&key)?,
            }
        }
        Ok(())
    }

    /// `{"company": "org-77"}`: types and ids.
    fn groups(&mut self) -> Result<(), Malformed> {
        self.found.groups.clear();
        if self.drafting.parser.peek() != b'{' {
            return self.drafting.parser.skip();
        }
        let mut object = self.drafting.parser.begin_object(GROUPS, NameId::GROUP_ROOT)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            let Meaning::Property(path) = key.meaning else {
                // A type that is no name cannot be said to anybody.
                self.drafting.parser.drop_unnamed()?;
                continue;
            };
            let label = self.label(path, key.text);
            if key.is_repeated {
                self.found.groups.retain(|(of, _)| *of != label);
            }
            if self.drafting.parser.peek() != b'[' {
                let scalar = self.drafting.parser.scalar()?;
                self.group(label, scalar);
                continue;
            }
            self.drafting.parser.expect(b'[')?;
            let mut is_first = true;
            while self.drafting.parser.next_element(&mut is_first)? {
                let scalar = self.drafting.parser.scalar()?;
                self.group(label, scalar);
            }
        }
        Ok(())
    }

    fn group(&mut self, label: NameId, scalar: Option<Scalar>) {
        let Some(scalar) = scalar.filter(|s| s.kind.has_text() && s.text.len > 0) else { return };
        if self.found.groups.len() < GROUPS_MAX {
            self.found.groups.push((label, scalar.text));
        } else {
            self.drafting.fail(Rule::OverLimit);
        }
    }

    /// The label of a group type that was judged clean: `path` is its path.
    fn label(&mut self, path: NameId, text: Text) -> NameId {
        if let Some((_, label)) = self.labels.iter().find(|(known, _)| *known == path) {
            return *label;
        }
        let parser = &self.drafting.parser;
        let label = parser.names().names().label(parser.str(text));
        if self.labels.len() < 32 {
            self.labels.push((path, label));
        }
        label
    }

    /// The drafts of an event whose object has been read.
    fn made_of_what_was_found(&mut self) -> Result<(), Malformed> {
        let end = self.drafting.parser.position();
        if self.endpoint == EVENTS
            && let Some(uuid) = self.found.text(special::UUID).and_then(|text| uuid(self.drafting.parser.bytes(text)))
        {
            self.uuids.extend_from_slice(&uuid);
        }
        for _ in 0..std::mem::take(&mut self.blobs) {
            self.drafting.parser.count_unnamed();
        }
        let name = self.found.scalars[usize::from(special::EVENT)].filter(|name| name.text.len > 0);
        match name {
            Some(Scalar { kind: LeafKind::String, text }) => match self.drafting.parser.bytes(text) {
                b"$set" | b"$set_once" | b"$unset" => self.profile_alone()?,
                b"$groupidentify" => self.group_profile()?,
                b"$identify" if !self.links_two() => self.profile_alone()?,
                _ => self.named(text)?,
            },
            None if self.endpoint == ENGAGE => self.profile_alone()?,
            _ => {
                self.drafting.fail(Rule::Malformed);
                self.finish(Operation::Track, NameId::UNNAMED, Text::default(), 0);
            }
        }
        self.drafting.parser.go_to(end);
        Ok(())
    }

    /// An event, and the profile operations that it carries.
    fn named(&mut self, text: Text) -> Result<(), Malformed> {
        let name = self.drafting.event_name(text);
        let operation = match self.drafting.parser.bytes(text) {
            b"$identify" => Operation::Identify,
            b"$create_alias" => Operation::Alias,
            b"$merge_dangerously" => Operation::Merge,
            name if name == names::PAGE.as_bytes() => Operation::Page,
            name if name == names::SCREEN.as_bytes() => Operation::Screen,
            _ => Operation::Track,
        };
        match operation {
            Operation::Page => {
                let (title, path) = names::PAGE_ONLY;
                if let Some(path) = self.drafting.parser.names().names().restore(NameKind::Path, path) {
                    self.rename(title, path);
                }
            }
            Operation::Screen => {
                let (own, name) = names::SCREEN_ONLY;
                let (path, _) = self.drafting.parser.names().path(NameId::EVENT_ROOT, name);
                self.rename(own, path);
            }
            _ => {}
        }
        if let Some((name, version)) = self.library {
            self.add_library("$lib", name);
            self.add_library("$lib_version", version);
        }
        self.finish(operation, name, text, 0);
        self.profiles(0)?;
        Ok(())
    }

    /// An event that is nothing but profile operations.
    fn profile_alone(&mut self) -> Result<(), Malformed> {
        let unnamed = self.forget_tape();
        if self.profiles(unnamed)? == 0 {
            // It stays an event, which changes nothing, and is dropped as such where it would leave.
            self.drafting.parser.begin_tape();
            self.finish(Operation::Profile(ProfileOp::Set), self.canonical.profile, Text::default(), unnamed);
        }
        Ok(())
    }

    /// `$groupidentify`: the properties of a group, and of a person if it says so.
    fn group_profile(&mut self) -> Result<(), Malformed> {
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

    /// Whether an `$identify` names two ids.
    fn links_two(&self) -> bool {
        let subject = self.found.text(special::TOP_DISTINCT_ID).or(self.found.text(special::DISTINCT_ID));
        let before = self.found.text(special::ANON_DISTINCT_ID).or(self.found.text(special::DEVICE_ID));
        let parser = &self.drafting.parser;
        subject.zip(before).is_some_and(|(subject, before)| parser.bytes(subject) != parser.bytes(before))
    }

    /// Takes the tape of the event back; the properties that were dropped for their keys still count.
    fn forget_tape(&mut self) -> u32 {
        let (start, unnamed) = (self.drafting.parser.event_start(), self.drafting.parser.unnamed());
        self.drafting.parser.tape().truncate(start);
        unnamed
    }

    /// One draft for each of `$set`, `$set_once` and `$unset`; says how many. `unnamed` count with the first.
    fn profiles(&mut self, mut unnamed: u32) -> Result<u32, Malformed> {
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

    /// Gives a property of the event another path. A scalar only: what is below an object would keep its path.
    fn rename(&mut self, from: &str, to: NameId) {
        let (path, start) =
            (self.drafting.parser.names().path(NameId::EVENT_ROOT, from).0, self.drafting.parser.event_start());
        let tape = self.drafting.parser.tape();
        if let Some(leaf) = tape[start..].iter_mut().find(|leaf| leaf.path == path && leaf.kind.is_scalar()) {
            leaf.path = to;
        }
    }

    /// Adds what the header says of the SDK, unless the event says it.
    fn add_library(&mut self, property: &str, text: Text) {
        let Some(path) = self.canonical.path(property) else { return };
        let start = self.drafting.parser.event_start();
        if !self.drafting.parser.tape()[start..].iter().any(|leaf| leaf.path == path) {
            self.drafting.parser.push(path, LeafKind::String, text);
        }
    }

    /// Makes the draft of what was found.
    fn finish(&mut self, operation: Operation, name: NameId, name_text: Text, unnamed: u32) {
        let mut identities = self.drafting.identities();
        self.identities(operation, &mut identities);
        if matches!(operation, Operation::Alias | Operation::Merge) {
            self.second_id(&mut identities);
        }
        let parser = &self.drafting.parser;
        let stated = self.found.text(special::TIMESTAMP).and_then(|text| time(parser.str(text)));
        let client_time =
            stated.or_else(|| self.found.text(special::TIME).and_then(|text| unix_time(parser.str(text))));
        let sdk_id = self.found.text(special::UUID).or_else(|| self.found.text(special::INSERT_ID));
        let place = self.request.drafts;
        self.request.drafts += 1;
        if self.found.is_true(special::UNCORRECTED) || self.found.is_true(special::IGNORE_SENT_AT) {
            self.request.unusual.push((place, Unusual::Uncorrected));
        }
        if client_time.is_none()
            && let Some(offset) = self.found.text(special::OFFSET)
            && let Ok(offset) = parser.str(offset).parse::<f64>()
        {
            self.request.unusual.push((place, Unusual::Before(offset.clamp(0.0, 1e15) as i64)));
        }
        let facts = Facts { sdk_id, client_time, unnamed, ..Facts::new(operation, name, name_text) };
        self.drafting.finish(facts, identities);
    }

    fn identities(&self, operation: Operation, identities: &mut Vec<Identity>) {
        let text = |number| self.found.text(number);
        let mut add = |role, kind, id: Option<Text>| {
            if let Some(text) = id {
                identities.push(Identity { kind, role, text });
            }
        };
        let subject = text(special::TOP_DISTINCT_ID).or(text(special::DISTINCT_ID));
        let device = text(special::DEVICE_ID);
        let anonymous = if self.is_from_device() { SubjectKind::Device } else { SubjectKind::User };
        let kind = if self.is_device(subject, device) { SubjectKind::Device } else { SubjectKind::User };
        add(Role::Subject, kind, subject);
        add(Role::User, SubjectKind::User, text(special::USER_ID));
        add(Role::Device, SubjectKind::Device, device);
        if operation == Operation::Identify {
            add(Role::Previous, anonymous, text(special::ANON_DISTINCT_ID));
        }
        for (label, id) in &self.found.groups {
            add(Role::Group, SubjectKind::Group(*label), Some(*id));
        }
    }

    /// Whether the event was made on somebody's device: there ids come in two kinds.
    fn is_from_device(&self) -> bool {
        self.found.text(special::DEVICE_ID).is_some() || self.says_identified().is_some()
    }

    fn is_device(&self, subject: Option<Text>, device: Option<Text>) -> bool {
        if self.found.text(special::USER_ID).is_some() {
            return false;
        }
        let same = |a: Text, b: Text| self.drafting.parser.bytes(a) == self.drafting.parser.bytes(b);
        self.says_identified() == Some(false)
            || subject.zip(device).is_some_and(|(subject, device)| same(subject, device))
    }

    fn says_identified(&self) -> Option<bool> {
        match self.found.scalars[usize::from(special::IS_IDENTIFIED)]?.kind {
            LeafKind::True => Some(true),
            LeafKind::False => Some(false),
            _ => None,
        }
    }

    /// `alias`, the id after; `distinct_id` is the one before. Takes it off the tape.
    fn second_id(&mut self, identities: &mut Vec<Identity>) {
        let start = self.drafting.parser.event_start();
        let (path, _) = self.drafting.parser.names().path(NameId::EVENT_ROOT, "alias");
        let subject = identities.iter().find(|id| id.role == Role::Subject).copied();
        if let Some(subject) = subject {
            identities.push(Identity { role: Role::Previous, ..subject });
        }
        let tape = self.drafting.parser.tape();
        let place = (start..tape.len()).find(|i| tape[*i].path == path && tape[*i].kind.has_text());
        match place {
            Some(place) => {
                let text = tape.remove(place).text;
                identities.push(Identity { kind: SubjectKind::User, role: Role::Next, text });
            }
            None => self.drafting.fail(Rule::Malformed),
        }
    }
}

/// The values of a tape that lie in nothing else, with their places. What folded to `*` counts as its key and its value.
fn values(tape: &[Leaf]) -> impl Iterator<Item = (Leaf, Range<usize>)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (begin, first) = (at, *tape.get(at)?);
        let mut depth = 0_usize;
        while let Some(leaf) = tape.get(at) {
            match leaf.kind {
                LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
            if depth == 0 && leaf.kind != LeafKind::MapKey {
                break;
            }
        }
        Some((first, begin..at))
    })
}

/// The sixteen bytes of a UUID, with hyphens or without.
fn uuid(text: &[u8]) -> Option<[u8; 16]> {
    let is_hyphenated = text.len() == 36 && [8, 13, 18, 23].iter().all(|at| text[*at] == b'-');
    if !is_hyphenated && text.len() != 32 {
        return None;
    }
    let mut digits = text.iter().filter(|b| !is_hyphenated || **b != b'-').map(|b| char::from(*b).to_digit(16));
    let mut out = [0; 16];
    for byte in &mut out {
        *byte = (digits.next()?? << 4 | digits.next()??) as u8;
    }
    digits.next().is_none().then_some(out)
}

/// Adds the values of the keys `api_key`, `token` and `$token`, those that come first in the text and the last: servers' SDKs say
/// theirs at the end. Valid JSON has these bytes only where such a key stands: a quote inside a string is escaped.
pub(super) fn find_keys(text: &[u8], keys: &mut Vec<WriteKey>) {
    const LOOKED_AT_MAX: usize = 4;
    for name in [&b"api_key\""[..], b"token\""] {
        let finder = memchr::memmem::Finder::new(name);
        for at in finder.find_iter(text).take(LOOKED_AT_MAX) {
            add_key(text, at, name.len(), keys);
        }
        if let Some(at) = memchr::memmem::rfind(text, name) {
            add_key(text, at, name.len(), keys);
        }
    }
}

/// Adds the value of a key whose name, with its closing quote, is at `at`.
fn add_key(text: &[u8], at: usize, name_len: usize, keys: &mut Vec<WriteKey>) {
    let before = text.get(..at).unwrap_or_default();
    let before = before.strip_suffix(b"$").unwrap_or(before);
    let is_key = before.strip_suffix(b"\"").is_some_and(|before| !before.ends_with(b"\\"));
    let rest = text.get(at + name_len..).unwrap_or_default().trim_ascii_start();
    if let ([b':', after @ ..], true) = (rest, is_key)
        && let [b'"', value @ ..] = after.trim_ascii_start()
        && let Some(len) = memchr::memchr2(b'"', b'\\', value.get(..257.min(value.len())).unwrap_or_default())
        && value.get(len) == Some(&b'"')
        && let Some(Ok(key)) = value.get(..len).map(std::str::from_utf8)
    {
        WriteKey::add(keys, key);
    }
}
