//! A released event as JSON of our own, for destinations that have no event format: log stores, webhooks, files.
//!
//! | field | what it is |
//! |---|---|
//! | `type` | `track`, `page`, `screen`, `identify`, `alias`, `merge`, `join` (a person belongs to a group), `profile`, `group` |
//! | `op` | of `profile` and `group`: `set`, `set_once`, `add`, `append`, `prepend`, `union`, `pre_insert`, `remove`, `unset`, `delete`, `clear` |
//! | `event` | the event's name |
//! | `insert_id` | the same whenever the same event is sent again (D5) |
//! | `time`, `received_at` | RFC 3339 in UTC; the first is corrected at the gate (D4) |
//! | `subject`, `subject_kind` | whom it is about, and `user`, `device`, `group` or `nobody`: then the id is of this event alone |
//! | `user`, `device`, `previous`, `next` | the ids that it has beside the subject |
//! | `groups` | lists of ids by the type of group |
//! | `country` | ISO 3166-1, where it may leave; there is no address (D18) |
//! | `properties`, `profile`, `group_profile`, `context` | what leaves of each, nested as it came; empty ones are missing |
//!
//! With `op: unset` the properties to be removed are there with `null`.

use weir_event::{LeafKind, NameId, Names, Operation, ProfileOp, Role, SubjectKind};
use weir_policy::release::ReleasedLeaf;
use weir_policy::{Released, ReleasedId};

use crate::writing::{
    Objects, PathTable, TapeKeys, as_key, bytes_at_most, group_types, groups_of, put_bare_id, put_field, put_key,
    put_string, put_tape, put_unset,
};

/// Writes events; each encoder owns one.
pub(crate) struct Plain {
    keys: Keys,
}

impl Plain {
    pub(crate) fn new(names: &std::sync::Arc<Names>) -> Plain {
        Plain { keys: Keys { paths: PathTable::new(names), objects: Objects::default() } }
    }

    /// Writes an event as one object.
    pub(crate) fn put(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        out.push(b'{');
        self.put_fields(event, out);
        out.push(b'}');
    }

    /// Whether it is longer than `bytes_max` as one object.
    pub(crate) fn is_longer(&mut self, event: &Released<'_>, bytes_max: usize, scratch: &mut Vec<u8>) -> bool {
        if bytes_at_most(event) <= bytes_max {
            return false;
        }
        scratch.clear();
        self.put(event, scratch);
        scratch.len() > bytes_max
    }

    /// Writes its fields into an object that is open, with no comma before the first.
    pub(crate) fn put_fields(&mut self, event: &Released<'_>, out: &mut Vec<u8>) {
        let (kind, op) = words(event.operation());
        out.extend_from_slice(b"\"type\":\"");
        out.extend_from_slice(kind.as_bytes());
        out.push(b'"');
        if let Some(op) = op {
            put_field(out, "op", op);
        }
        put_field(out, "event", event.name());
        out.extend_from_slice(b",\"insert_id\":\"");
        out.extend_from_slice(&event.insert_id().to_text());
        out.push(b'"');
        put_field(out, "time", &event.time().to_rfc3339());
        put_field(out, "received_at", &event.received_at().to_rfc3339());
        put_key(out, "subject");
        put_bare_id(out, event.subject());
        put_field(out, "subject_kind", subject_kind(event));
        for (key, role) in IDS {
            if let Some(id) = event.id(*role) {
                put_key(out, key);
                put_bare_id(out, id);
            }
        }
        if let Some(code) = event.country().code() {
            put_field(out, "country", code);
        }
        let found = self.find(event);
        for (key, part) in PARTS {
            let before = out.len();
            put_key(out, key);
            if !self.put_part(event, *part, &found, out) {
                out.truncate(before);
            }
        }
    }

    /// Writes the groups of an event as an object; `false`: it has none.
    fn put_groups(&self, event: &Released<'_>, out: &mut Vec<u8>) -> bool {
        let mut is_open = false;
        for kind in group_types(event) {
            out.push(if std::mem::replace(&mut is_open, true) { b',' } else { b'{' });
            put_string(out, self.keys.paths.names().entry(kind).key.as_bytes());
            out.extend_from_slice(b":[");
            for (i, id) in groups_of(event, kind).enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                put_bare_id(out, id);
            }
            out.push(b']');
        }
        if is_open {
            out.push(b'}');
        }
        is_open
    }

    /// What of an event there is, for [`Plain::put_part`].
    pub(crate) fn find(&mut self, event: &Released<'_>) -> Found {
        Found(self.sections(event.leaves()))
    }

    /// Writes one part of an event as an object; `false`: it has nothing of it, and nothing was written.
    pub(crate) fn put_part(&mut self, event: &Released<'_>, part: Part, found: &Found, out: &mut Vec<u8>) -> bool {
        let section = match part {
            Part::Groups => return self.put_groups(event, out),
            Part::Properties => Section::PROPERTIES,
            Part::Profile => Section::PROFILE,
            Part::GroupProfile => Section::GROUP_PROFILE,
            Part::Context => Section::CONTEXT,
        };
        let is_there = if part == Part::Context { found.0 >> section.0 } else { found.0 & section.bit() } != 0;
        if !is_there {
            return false;
        }
        out.push(b'{');
        let mut tape = Tape { keys: &mut self.keys, section };
        if part == Part::Context {
            self.put_context(event, found.0, out);
        } else if matches!(event.operation(), Operation::Profile(op) | Operation::Group(op) if op == ProfileOp::Unset) {
            put_unset(out, event.leaves(), &mut tape, b"null");
        } else {
            put_tape(out, event.leaves(), &mut tape, false);
        }
        out.push(b'}');
        true
    }

    fn put_context(&mut self, event: &Released<'_>, found: u64, out: &mut Vec<u8>) {
        let mut comma =
            put_tape(out, event.leaves(), &mut Tape { keys: &mut self.keys, section: Section::CONTEXT }, false);
        for place in 0..self.keys.objects.len() {
            let section = Section(Section::OBJECT + place);
            if found & section.bit() == 0 {
                continue;
            }
            if std::mem::replace(&mut comma, true) {
                out.push(b',');
            }
            out.extend_from_slice(self.keys.objects.key(place));
            out.push(b'{');
            put_tape(out, event.leaves(), &mut Tape { keys: &mut self.keys, section }, false);
            out.push(b'}');
        }
    }

    /// Which sections have leaves, as bits.
    fn sections(&mut self, leaves: &[ReleasedLeaf<'_>]) -> u64 {
        let (mut found, mut depth) = (0, 0_u32);
        for leaf in leaves {
            match leaf.kind() {
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = depth.saturating_sub(1),
                LeafKind::MapKey => {}
                kind => {
                    if depth == 0 {
                        found |= self.keys.of(leaf.path()).section.bit();
                    }
                    depth += u32::from(matches!(kind, LeafKind::ObjectBegin | LeafKind::ArrayBegin));
                }
            }
        }
        found
    }
}

/// The ids beside the subject.
const IDS: &[(&str, Role)] =
    &[("user", Role::User), ("device", Role::Device), ("previous", Role::Previous), ("next", Role::Next)];

/// The words of an operation: type and op.
pub(crate) fn words(operation: Operation) -> (&'static str, Option<&'static str>) {
    match operation {
        Operation::Track => ("track", None),
        Operation::Page => ("page", None),
        Operation::Screen => ("screen", None),
        Operation::Identify => ("identify", None),
        Operation::Alias => ("alias", None),
        Operation::Merge => ("merge", None),
        Operation::Join => ("join", None),
        Operation::Profile(op) => ("profile", Some(op_word(op))),
        Operation::Group(op) => ("group", Some(op_word(op))),
    }
}

fn op_word(op: ProfileOp) -> &'static str {
    match op {
        ProfileOp::Set => "set",
        ProfileOp::SetOnce => "set_once",
        ProfileOp::Add => "add",
        ProfileOp::Append => "append",
        ProfileOp::Union => "union",
        ProfileOp::Remove => "remove",
        ProfileOp::Unset => "unset",
        ProfileOp::Delete => "delete",
        ProfileOp::Prepend => "prepend",
        ProfileOp::PreInsert => "pre_insert",
        ProfileOp::Clear => "clear",
    }
}

/// What sort of id the subject is.
pub(crate) fn subject_kind(event: &Released<'_>) -> &'static str {
    match event.subject() {
        ReleasedId::None { .. } => "nobody",
        id if id.is_device() => "device",
        id => match event.ids().iter().find(|own| own.id == *id) {
            Some(own) if matches!(own.kind, SubjectKind::Group(_)) => "group",
            _ => "user",
        },
    }
}

/// Where in a record a leaf is written.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Section(u8);

impl Section {
    const NOWHERE: Section = Section(0);
    const PROPERTIES: Section = Section(1);
    const PROFILE: Section = Section(2);
    const GROUP_PROFILE: Section = Section(3);
    /// In `context` itself; it and all behind it make up `context`.
    const CONTEXT: Section = Section(4);
    /// In an object there: this number plus the object's.
    const OBJECT: u8 = 5;

    fn bit(self) -> u64 {
        if self == Section::NOWHERE { 0 } else { 1_u64.checked_shl(u32::from(self.0)).unwrap_or(0) }
    }
}

/// Which sections of an event have leaves, as bits.
pub(crate) struct Found(u64);

/// A part of a record that is an object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Groups,
    Properties,
    Profile,
    GroupProfile,
    Context,
}

const PARTS: &[(&str, Part)] = &[
    ("groups", Part::Groups),
    ("properties", Part::Properties),
    ("profile", Part::Profile),
    ("group_profile", Part::GroupProfile),
    ("context", Part::Context),
];

/// What is written at the top instead, or nowhere (D18).
pub(crate) const NOT_IN_CONTEXT: &[&str] = &["context.ip", "context.location.country"];

/// Keys as JSON, made once per path.
struct Keys {
    paths: PathTable<KeyText>,
    objects: Objects,
}

struct KeyText {
    /// `"key":` in its section.
    text: Vec<u8>,
    /// `"key":` in an object below.
    nested: Vec<u8>,
    section: Section,
}

impl Keys {
    #[inline]
    fn of(&mut self, path: NameId) -> &KeyText {
        self.paths.of(path, |names, path| KeyText::new(names, path, &mut self.objects))
    }
}

impl KeyText {
    fn new(names: &Names, path: NameId, objects: &mut Objects) -> KeyText {
        let entry = names.entry(path);
        let (section, key) = place_of(names, path, objects);
        KeyText { text: as_key(key), nested: as_key(entry.key), section }
    }
}

fn place_of(names: &Names, path: NameId, objects: &mut Objects) -> (Section, &'static str) {
    let entry = names.entry(path);
    let mut root = path;
    loop {
        // Above the roots, and above the event's own properties, is the root of events; above that is nothing.
        match names.entry(root).parent {
            NameId::EVENT_ROOT | NameId::UNNAMED => break,
            above => root = above,
        }
    }
    if NOT_IN_CONTEXT.contains(&entry.text) {
        return (Section::NOWHERE, entry.key);
    }
    match root {
        NameId::PROFILE_ROOT => (Section::PROFILE, entry.key),
        NameId::GROUP_ROOT => (Section::GROUP_PROFILE, entry.key),
        NameId::CONTEXT_ROOT if entry.parent == NameId::CONTEXT_ROOT => (Section::CONTEXT, entry.key),
        NameId::CONTEXT_ROOT => {
            let above = names.entry(entry.parent);
            let object = if above.parent == NameId::CONTEXT_ROOT { objects.place(above.key) } else { None };
            match object {
                Some(place) => (Section(Section::OBJECT + place), entry.key),
                None => (Section::CONTEXT, entry.text.strip_prefix("context.").unwrap_or(entry.text)),
            }
        }
        _ => (Section::PROPERTIES, entry.key),
    }
}

/// The leaves of one section.
struct Tape<'a> {
    keys: &'a mut Keys,
    section: Section,
}

impl TapeKeys for Tape<'_> {
    fn top(&mut self, path: NameId, _kind: LeafKind) -> Option<&[u8]> {
        let section = self.section;
        let key = self.keys.of(path);
        (key.section == section).then_some(&key.text)
    }

    fn nested(&mut self, path: NameId) -> &[u8] {
        &self.keys.of(path).nested
    }
}
