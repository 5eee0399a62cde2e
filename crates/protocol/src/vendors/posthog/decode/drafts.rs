//! The drafts of an event that was read: what it is, and what it is called.

use weir_event::names::NameKind;
use weir_event::{LeafKind, NameId, Operation, Rule, Text};

use super::request::Unusual;
use super::{Decoder, special};
use crate::drafting::{Facts, time, unix_time};
use crate::json::{Malformed, Scalar};
use crate::vendors::posthog::{ENGAGE, EVENTS, names};

impl Decoder<'_> {
    /// The drafts of an event whose object has been read.
    pub(super) fn made_of_what_was_found(&mut self) -> Result<(), Malformed> {
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
    pub(super) fn finish(&mut self, operation: Operation, name: NameId, name_text: Text, unnamed: u32) {
        let mut identities = self.drafting.identities();
        self.identities(operation, &mut identities);
        if matches!(operation, Operation::Alias | Operation::Merge) {
            self.second_id(&mut identities);
        }
        let parser = &self.drafting.parser;
        let stated = self.found.text(special::TIMESTAMP).and_then(|text| time(parser.str(text)));
        let client_time =
            stated.or_else(|| self.found.text(special::TIME).and_then(|text| unix_time(parser.bytes(text))));
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
