//! The draft of an event: what it is, what it is called, whom it is about.

use weir_event::{Identity, LeafKind, NameId, Operation, Role, Rule, SubjectKind, Text};

use super::schema::{SCHEME, split_schema};
use super::words::{INNER_EVENT, OUTER_EVENT, PROPERTIES};
use super::{Decoder, special};
use crate::drafting::{Facts, unix_time};
use crate::json::{Malformed, Meaning, OneOrMore, Scalar};

/// Groups that one event may name.
const GROUPS_MAX: usize = 64;

/// Events that have a letter in the protocol and no name.
const NAMED: [&str; 3] = ["page_ping", "transaction", "transaction_item"];

impl Decoder<'_> {
    /// What the event is, and its draft.
    pub(super) fn event(&mut self) {
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
    pub(super) fn group(&mut self, number: u8) -> Result<(), Malformed> {
        self.found.groups.retain(|(other, _)| *other != number);
        let mut ids = OneOrMore::default();
        while self.drafting.parser.next_of(&mut ids)? {
            let id = self.drafting.parser.scalar()?.and_then(Scalar::said);
            if self.found.groups.len() == GROUPS_MAX {
                self.drafting.fail(Rule::OverLimit);
            } else {
                self.found.groups.extend(id.map(|id| (number, id)));
            }
        }
        Ok(())
    }

    /// Makes the draft of what was found.
    pub(super) fn finish(&mut self, operation: Operation, name: NameId, name_text: Text) {
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
        let moment = |number| text(number).and_then(|text| unix_time(self.drafting.parser.bytes(text)));
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
