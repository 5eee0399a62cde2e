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

mod context;
mod found;
mod identities;
mod special;
mod updates;
mod words;

use weir_event::{DraftBatch, Identity, Leaf, Millis, NameId, Operation, Rule, SourceNames, Text};

use crate::body::Carrier;
use crate::drafting::{Drafting, Facts, Walk, time};
use crate::inbound::{Canonical, DecodeError, DecodeOptions, Decoded, Endpoint};
use crate::json::{Malformed, Meaning, OneOrMore};
use crate::vendors::amplitude::{GROUP_IDENTIFY, IDENTIFY, names};
use context::Paths;
use found::Found;
use updates::Whose;
use words::{ENVELOPE, EVENT, PROPERTIES, Words};

pub(super) use words::OPERATIONS;

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
            b'[' | b'{' => {
                let mut events = OneOrMore::default();
                while self.drafting.parser.next_of(&mut events)? {
                    self.drafting.begin()?;
                    self.element()?;
                }
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
}
