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

mod drafts;
mod found;
mod identities;
mod profiles;
mod request;
mod special;
mod words;

use weir_event::{DraftBatch, LeafKind, NameId, Operation, Rule, SourceNames, Text};

use crate::drafting::{Drafting, add_write_key, time};
use crate::inbound::{Canonical, DecodeError, DecodeOptions, Decoded, Endpoint, RequestHead, WriteKey};
use crate::json::{Malformed, Meaning};
use crate::vendors::posthog::names;
use found::Found;
use request::{Library, Request};
use words::{EVENT, OPTIONS, PROPERTIES, Words};

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
}

/// Adds the values of the keys `api_key`, `token` and `$token`, those that come first in the text and the last: servers' SDKs say
/// theirs at the end. Valid JSON has these bytes only where such a key stands: a quote inside a string is escaped.
pub(super) fn find_keys(text: &[u8], keys: &mut Vec<WriteKey>) {
    const LOOKED_AT_MAX: usize = 4;
    for name in [&b"api_key\""[..], b"token\""] {
        let finder = memchr::memmem::Finder::new(name);
        for at in finder.find_iter(text).take(LOOKED_AT_MAX) {
            add_write_key(text, at, name.len(), keys);
        }
        if let Some(at) = memchr::memmem::rfind(text, name) {
            add_write_key(text, at, name.len(), keys);
        }
    }
}
