//! Mixpanel's feature flags, asked of Mixpanel (D17 `proxy`).
//!
//! SDKs send `GET /flags/?context=<JSON>&token=…`: ids and groups at the top of the context, `custom_properties` below. Sources:
//! captured requests of mixpanel-browser 2.83.0, `flags/` of mixpanel-js, mixpanel-node and mixpanel-python.

use weir_event::{DraftBatch, Identity, NameId, Operation, Role, SourceNames, SubjectKind, Text};
use weir_policy::Released;

use crate::answer::Answer;
use crate::body::base64;
use crate::drafting::{Drafting, Facts};
use crate::inbound::{Auxiliary, DecodeOptions};
use crate::inquiry::{Inquirer, Inquiry, members};
use crate::json::{Malformed, Meaning, Plan, Scalar, Vocabulary};
use crate::outbound::{DestinationSetup, Encoded, Lane};
use crate::vendors::mixpanel::encode::{Select, Tape, put_id};
use crate::vendors::mixpanel::{FLAGS, names};
use crate::writing::{PathTable, put_bare_id, put_key, put_string, put_tape};

/// Questions about flags, in ledger entries.
pub const LANE: Lane = Lane { number: 101, name: "flags" };

/// `context`: ids, groups, `custom_properties`.
const CONTEXT: Plan = Plan(1);
const DISTINCT_ID: u8 = 1;
const DEVICE_ID: u8 = 2;
const USER_ID: u8 = 3;
const CUSTOM: u8 = 4;
const GROUP: u8 = 128;

/// How Mixpanel is asked.
#[derive(Debug)]
pub struct Flags;

struct Words<'a>(&'a DecodeOptions);

impl Vocabulary for Words<'_> {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        let special = match (plan, key) {
            (CONTEXT, "distinct_id") => DISTINCT_ID,
            (CONTEXT, "device_id" | "$device_id") => DEVICE_ID,
            (CONTEXT, "user_id" | "$user_id") => USER_ID,
            (CONTEXT, "custom_properties") => CUSTOM,
            _ => GROUP + u8::try_from(self.0.group(key)?.0).ok()?,
        };
        Some(Meaning::Special(special))
    }
}

impl Inquirer for Flags {
    fn read(
        &self,
        call: &Auxiliary<'_>,
        source: &SourceNames,
        options: &DecodeOptions,
        batch: &mut DraftBatch,
    ) -> Option<Inquiry> {
        let path = call.head.path.trim_matches('/');
        // `/flags/definitions` gives a server the rules to decide by itself: it names nobody, and has no answer here.
        if call.endpoint != FLAGS || path != "flags" {
            return None;
        }
        batch.clear();
        let context = call.head.query_param("context").or_else(|| call.opened.field("context"))?;
        batch.text = context.into_owned().into_bytes();
        let name = options.canonical(source.names(), names::CONTEXT).flags;
        let read = read_context(source, options, batch, name);
        if read.is_err() || batch.drafts.len() != 1 {
            batch.clear();
            return None;
        }
        Some(Inquiry::default())
    }

    fn ask(&self, _inquiry: &Inquiry, about: &Released<'_>, setup: &DestinationSetup) -> Encoded {
        let mut context = b"{\"distinct_id\":".to_vec();
        put_id(&mut context, about.subject());
        if let Some(id) = about.id(Role::Device) {
            put_key(&mut context, "device_id");
            put_bare_id(&mut context, id);
        }
        for id in about.ids() {
            if let SubjectKind::Group(kind) = id.kind {
                context.push(b',');
                put_string(&mut context, setup.names.entry(kind).key.as_bytes());
                context.push(b':');
                put_bare_id(&mut context, &id.id);
            }
        }
        put_key(&mut context, "custom_properties");
        context.push(b'{');
        let mut keys = PathTable::new(&setup.names);
        put_tape(&mut context, about.leaves(), &mut Tape { keys: &mut keys, select: Select::Profile }, false);
        context.extend_from_slice(b"}}");
        let mut path = String::from("/flags/?context=");
        put_percent(&mut path, &context);
        path.push_str("&token=");
        put_percent(&mut path, setup.token.reveal().as_bytes());
        let user = base64::encode(format!("{}:", setup.token.reveal()).as_bytes());
        Encoded::get(LANE, 1, path).with_header("Authorization", format!("Basic {user}"))
    }

    fn relay(&self, _inquiry: &Inquiry, status: u16, body: &[u8]) -> Option<Answer> {
        let is_answer = status == 200 && members(body).is_some_and(|all| all.iter().any(|(key, _)| key == "flags"));
        is_answer.then(|| Answer::new(200, "application/json", body.to_vec()))
    }
}

fn read_context(
    source: &SourceNames,
    options: &DecodeOptions,
    batch: &mut DraftBatch,
    name: NameId,
) -> Result<(), Malformed> {
    let mut drafting = Drafting::new(batch, source, Words(options));
    let (mut subject, mut device, mut user): (Option<Text>, Option<Text>, Option<Text>) = (None, None, None);
    let mut groups: Vec<(u8, Text)> = Vec::new();
    drafting.begin().map_err(|_| Malformed(0))?;
    let mut object = drafting.parser.begin_object(CONTEXT, NameId::EVENT_ROOT)?;
    while let Some(key) = drafting.parser.next_key(&mut object)? {
        match key.meaning {
            Meaning::Special(CUSTOM) if drafting.parser.peek() == b'{' => {
                let mut custom = drafting.parser.begin_object(Plan::NESTED, NameId::EVENT_ROOT)?;
                while let Some(key) = drafting.parser.next_key(&mut custom)? {
                    drafting.parser.property(&key)?;
                }
            }
            Meaning::Special(number) => {
                let text = drafting.parser.scalar()?.and_then(Scalar::said);
                match number {
                    DISTINCT_ID => subject = text,
                    DEVICE_ID => device = text,
                    USER_ID => user = text,
                    GROUP.. => groups.extend(text.map(|text| (number - GROUP, text))),
                    _ => {}
                }
            }
            _ => drafting.parser.property(&key)?,
        }
    }
    let prefix = b"$device:";
    let person = |text: Text| {
        if drafting.parser.bytes(text).starts_with(prefix) {
            let cut = prefix.len() as u32;
            (SubjectKind::Device, Text { start: text.start + cut, len: text.len - cut })
        } else {
            (SubjectKind::User, text)
        }
    };
    let mut identities = Vec::new();
    let mut add = |role, (kind, text): (SubjectKind, Text)| {
        if text.len > 0 {
            identities.push(Identity { kind, role, text });
        }
    };
    if let Some(id) = subject {
        add(Role::Subject, person(id));
    }
    if let Some(id) = user {
        add(Role::User, (SubjectKind::User, id));
    }
    if let Some(id) = device {
        add(Role::Device, (SubjectKind::Device, person(id).1));
    }
    for (number, id) in groups {
        if let Some(label) = options.group_label(usize::from(number)) {
            add(Role::Group, (SubjectKind::Group(label), id));
        }
    }
    drafting.finish(Facts::new(Operation::Track, name, Text::default()), identities);
    Ok(())
}

/// Percent-encodes everything but letters, digits and `-_.~` (RFC 3986 §2.3).
fn put_percent(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(*byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}
