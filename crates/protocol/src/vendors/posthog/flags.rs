//! PostHog's feature flags, asked of PostHog (D17 `proxy`).
//!
//! SDKs post `{token | api_key, distinct_id, $anon_distinct_id, $device_id, groups, person_properties, group_properties,
//! flag_keys_to_evaluate}` to `/flags/?v=2` (old ones to `/decide/?v=3`). What is asked anew has the same form and holds what release
//! let through: `person_properties` are `profile.*`, `group_properties` are `group.<type>.*`. Of the answer only the flags are passed
//! on: settings in it could switch on recording and code from elsewhere. Source: captured requests in `fixtures/posthog`.

use std::sync::Arc;

use weir_event::{DraftBatch, Identity, LeafKind, NameId, Names, Operation, Role, SourceNames, SubjectKind, Text};
use weir_policy::Released;

use crate::answer::Answer;
use crate::drafting::{Drafting, Facts};
use crate::inbound::{Auxiliary, DecodeOptions};
use crate::inquiry::{Inquirer, Inquiry, members};
use crate::json::{Malformed, Meaning, Plan, Scalar, Vocabulary};
use crate::outbound::{DestinationSetup, Encoded, Lane};
use crate::vendors::posthog::{DECIDE, FLAGS, names};
use crate::writing::{TapeKeys, put_bare_id, put_field, put_key, put_string, put_tape};

/// Questions about flags, in ledger entries.
pub const LANE: Lane = Lane { number: 101, name: "flags" };

/// What of an answer is flags. Sources: `rust/feature-flags` of PostHog/posthog, posthog-js `featureflags`.
const PASSED_ON: [&str; 7] = [
    "flags",
    "featureFlags",
    "featureFlagPayloads",
    "errorsWhileComputingFlags",
    "quotaLimited",
    "requestId",
    "evaluatedAt",
];

/// The body.
const BODY: Plan = Plan(1);
/// `groups`.
const GROUPS: Plan = Plan(2);
/// `group_properties`.
const GROUP_PROPERTIES: Plan = Plan(3);
const DISTINCT_ID: u8 = 1;
const DEVICE_ID: u8 = 2;
const GROUP_IDS: u8 = 3;
const PERSON: u8 = 4;
const OF_GROUPS: u8 = 5;
const KEYS: u8 = 6;
/// A group type: its text is judged where it is met.
const TYPE: u8 = 7;

/// How PostHog is asked.
#[derive(Debug)]
pub struct Flags;

struct Words;

impl Vocabulary for Words {
    fn meaning(&self, plan: Plan, key: &str) -> Option<Meaning> {
        Some(Meaning::Special(match (plan, key) {
            (BODY, "distinct_id" | "$distinct_id") => DISTINCT_ID,
            (BODY, "$device_id" | "device_id") => DEVICE_ID,
            (BODY, "groups") => GROUP_IDS,
            (BODY, "person_properties") => PERSON,
            (BODY, "group_properties") => OF_GROUPS,
            (BODY, "flag_keys_to_evaluate") => KEYS,
            (GROUPS | GROUP_PROPERTIES, _) => TYPE,
            // Tokens, switches, the anonymous id before: read and forgotten.
            _ => 0,
        }))
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
        let (path, default) = match call.endpoint {
            FLAGS => ("/flags/", 2),
            DECIDE => ("/decide/", 3),
            _ => return None,
        };
        let version = call.head.query_param("v").map_or(Some(default), |v| v.parse().ok().filter(|v| *v < 10))?;
        // The first form of the old call gave a list of names, which nobody sends any more.
        if call.endpoint == DECIDE && version < 2 {
            return None;
        }
        batch.clear();
        batch.text = call.opened.text_bytes().to_vec();
        let name = options.canonical(source.names(), names::CONTEXT).flags;
        match read_body(source, batch, name) {
            Ok(flags) if batch.drafts.len() == 1 => Some(Inquiry { path, version, flags }),
            _ => {
                batch.clear();
                None
            }
        }
    }

    fn ask(&self, inquiry: &Inquiry, about: &Released<'_>, setup: &DestinationSetup) -> Encoded {
        let mut out = b"{\"api_key\":".to_vec();
        put_string(&mut out, setup.token.reveal().as_bytes());
        put_key(&mut out, "distinct_id");
        put_bare_id(&mut out, about.subject());
        if let Some(id) = about.id(Role::Device) {
            put_key(&mut out, "$device_id");
            put_bare_id(&mut out, id);
        }
        let groups: Vec<(&str, &weir_policy::ReleasedId)> = about
            .ids()
            .iter()
            .filter_map(|id| match id.kind {
                SubjectKind::Group(kind) => Some((setup.names.entry(kind).key, &id.id)),
                _ => None,
            })
            .collect();
        put_key(&mut out, "groups");
        out.push(b'{');
        for (i, (kind, id)) in groups.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            put_string(&mut out, kind.as_bytes());
            out.push(b':');
            put_bare_id(&mut out, id);
        }
        out.push(b'}');
        put_key(&mut out, "person_properties");
        put_part(&mut out, about, &setup.names, "profile.");
        put_key(&mut out, "group_properties");
        out.push(b'{');
        for (i, (kind, _)) in groups.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            put_string(&mut out, kind.as_bytes());
            out.push(b':');
            put_part(&mut out, about, &setup.names, &format!("group.{kind}."));
        }
        out.push(b'}');
        if !inquiry.flags.is_empty() {
            put_key(&mut out, "flag_keys_to_evaluate");
            out.push(b'[');
            for (i, flag) in inquiry.flags.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                put_string(&mut out, flag.as_bytes());
            }
            out.push(b']');
        }
        // Nobody is placed by our own address (D18).
        out.extend_from_slice(b",\"geoip_disable\":true");
        if let Some(code) = about.country().code() {
            put_field(&mut out, "$geoip_country_code", code);
        }
        out.push(b'}');
        Encoded::json(LANE, 1, format!("{}?v={}", inquiry.path, inquiry.version), out, None)
    }

    fn relay(&self, _inquiry: &Inquiry, status: u16, body: &[u8]) -> Option<Answer> {
        let all = members(body)?;
        if status != 200 || !all.iter().any(|(key, _)| matches!(key.as_str(), "flags" | "featureFlags")) {
            return None;
        }
        let mut out = Vec::with_capacity(body.len());
        for (key, value) in all.iter().filter(|(key, _)| PASSED_ON.contains(&key.as_str())) {
            out.push(if out.is_empty() { b'{' } else { b',' });
            put_string(&mut out, key.as_bytes());
            out.push(b':');
            out.extend_from_slice(value);
        }
        out.push(b'}');
        Some(Answer::new(200, "application/json", out))
    }
}

/// The leaves below a prefix, as an object of their own.
struct Part<'a> {
    names: &'a Arc<Names>,
    prefix: &'a str,
    key: Vec<u8>,
}

impl Part<'_> {
    fn key(&mut self, path: NameId) -> &[u8] {
        self.key.clear();
        put_string(&mut self.key, self.names.entry(path).key.as_bytes());
        self.key.push(b':');
        &self.key
    }
}

impl TapeKeys for Part<'_> {
    fn top(&mut self, path: NameId, _kind: LeafKind) -> Option<&[u8]> {
        self.names.text(path).starts_with(self.prefix).then(|| self.key(path))
    }

    fn nested(&mut self, path: NameId) -> &[u8] {
        self.key(path)
    }
}

fn put_part(out: &mut Vec<u8>, about: &Released<'_>, names: &Arc<Names>, prefix: &str) {
    out.push(b'{');
    put_tape(out, about.leaves(), &mut Part { names, prefix, key: Vec::new() }, false);
    out.push(b'}');
}

/// Reads the body into one draft; returns the flags that it names.
fn read_body(source: &SourceNames, batch: &mut DraftBatch, name: NameId) -> Result<Vec<String>, Malformed> {
    let mut drafting = Drafting::new(batch, source, Words);
    drafting.begin().map_err(|_| Malformed(0))?;
    let (mut subject, mut device): (Option<Text>, Option<Text>) = (None, None);
    let mut identities = Vec::new();
    let mut flags = Vec::new();
    let mut object = drafting.parser.begin_object(BODY, NameId::EVENT_ROOT)?;
    while let Some(key) = drafting.parser.next_key(&mut object)? {
        let opens = drafting.parser.peek();
        match (key.meaning, opens) {
            (Meaning::Special(DISTINCT_ID), _) => subject = id(&mut drafting)?,
            (Meaning::Special(DEVICE_ID), _) => device = id(&mut drafting)?,
            (Meaning::Special(GROUP_IDS), b'{') => {
                let mut groups = drafting.parser.begin_object(GROUPS, NameId::EVENT_ROOT)?;
                while let Some(key) = drafting.parser.next_key(&mut groups)? {
                    let kind = group_type(&drafting, key.text);
                    let id = id(&mut drafting)?;
                    if let (Some((_, label)), Some(text)) = (kind, id) {
                        identities.push(Identity { kind: SubjectKind::Group(label), role: Role::Group, text });
                    }
                }
            }
            (Meaning::Special(PERSON), b'{') => properties(&mut drafting, NameId::PROFILE_ROOT)?,
            (Meaning::Special(OF_GROUPS), b'{') => {
                let mut groups = drafting.parser.begin_object(GROUP_PROPERTIES, NameId::EVENT_ROOT)?;
                while let Some(key) = drafting.parser.next_key(&mut groups)? {
                    match (group_type(&drafting, key.text), drafting.parser.peek()) {
                        (Some((path, _)), b'{') => properties(&mut drafting, path)?,
                        _ => drafting.parser.skip()?,
                    }
                }
            }
            (Meaning::Special(KEYS), b'[') => {
                drafting.parser.expect(b'[')?;
                let mut is_first = true;
                while drafting.parser.next_element(&mut is_first)? {
                    let scalar = drafting.parser.scalar()?.filter(|s| s.kind == LeafKind::String);
                    let flag = scalar.map(|s| drafting.parser.str(s.text)).filter(|flag| Inquiry::is_plain(flag));
                    if flags.len() < Inquiry::FLAGS_MAX {
                        flags.extend(flag.map(str::to_owned));
                    }
                }
            }
            _ => drafting.parser.skip()?,
        }
    }
    if let Some(text) = subject {
        // Whether an id is a device's cannot be told from the call but by the device's own id beside it.
        let is_device = device.is_some_and(|d| drafting.parser.bytes(d) == drafting.parser.bytes(text));
        let kind = if is_device { SubjectKind::Device } else { SubjectKind::User };
        identities.push(Identity { kind, role: Role::Subject, text });
    }
    if let Some(text) = device {
        identities.push(Identity { kind: SubjectKind::Device, role: Role::Device, text });
    }
    drafting.finish(Facts::new(Operation::Track, name, Text::default()), identities);
    Ok(flags)
}

fn id(drafting: &mut Drafting<'_, Words>) -> Result<Option<Text>, Malformed> {
    Ok(drafting.parser.scalar()?.and_then(Scalar::said))
}

/// The path and the label of a group type that is a clean name.
fn group_type(drafting: &Drafting<'_, Words>, text: Text) -> Option<(NameId, NameId)> {
    let names = drafting.parser.names();
    match names.path(NameId::GROUP_ROOT, drafting.parser.str(text)) {
        (NameId::UNNAMED, _) | (_, true) => None,
        (path, false) => Some((path, names.names().label(drafting.parser.str(text)))),
    }
}

fn properties(drafting: &mut Drafting<'_, Words>, parent: NameId) -> Result<(), Malformed> {
    let mut object = drafting.parser.begin_object(Plan::NESTED, parent)?;
    while let Some(key) = drafting.parser.next_key(&mut object)? {
        drafting.parser.property(&key)?;
    }
    Ok(())
}
