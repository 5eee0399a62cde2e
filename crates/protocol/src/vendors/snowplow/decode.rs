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
//! - App id, user, device and session ids leave the tape; of several device ids the first of a list counts (`Decoder::finish`).

mod drafts;
mod entities;
mod found;
mod schema;
mod special;
mod values;
mod words;

use weir_event::{DraftBatch, NameId, Operation, Rule, SourceNames, Text};

use crate::drafting::Drafting;
use crate::inbound::{Canonical, DecodeError, DecodeOptions, Decoded};
use crate::json::{Malformed, Meaning, OneOrMore};
use crate::vendors::snowplow::names;
use entities::Entity;
use found::Found;
use values::Paths;
use words::{ENVELOPE, EVENT, Words};

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
                b'[' | b'{' if is_data => {
                    has_data = true;
                    let mut events = OneOrMore::default();
                    while self.drafting.parser.next_of(&mut events)? {
                        self.drafting.begin()?;
                        self.element()?;
                    }
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
}
