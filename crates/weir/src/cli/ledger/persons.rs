//! Under which tags a person stands in the ledger: an id, an e-mail address or a phone number, canonical as the gate makes it (D6), in
//! each environment and identity space, and what the identity index joins to it.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use serde_json::{Value, json};
use weir_console::command::Command as Ask;
use weir_console::socket;
use weir_event::{Environment, SubjectTag};
use weir_identity::{Closure, IdKind, IdentityError, Index, Joined};
use weir_keys::KeySnapshot;
use weir_policy::canonical;
use weir_policy::record::{LinkKind, SHAPE_PHONE};

use crate::cli::Folders;
use crate::cli::output::counted;
use crate::config::Config;
use crate::disk;

/// What a text is meant to be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub(super) enum Kind {
    User,
    Device,
    Email,
    Phone,
}

impl From<Kind> for IdKind {
    fn from(kind: Kind) -> IdKind {
        match kind {
            Kind::User => IdKind::User,
            Kind::Device => IdKind::Device,
            Kind::Email => IdKind::Email,
            Kind::Phone => IdKind::Phone,
        }
    }
}

/// As whom somebody was looked for.
#[derive(Clone, Debug)]
pub(super) struct Meaning {
    pub(super) kind: IdKind,
    pub(super) environment: Environment,
    pub(super) tag: SubjectTag,
    /// The identity index led there; else it was asked for.
    pub(super) is_joined: bool,
}

/// Makes tags of texts.
pub(super) struct Tagger<'k> {
    keys: &'k KeySnapshot,
    spaces: BTreeSet<String>,
}

impl<'k> Tagger<'k> {
    pub(super) fn new(keys: &'k KeySnapshot, config: Option<&Config>) -> Tagger<'k> {
        let mut spaces = BTreeSet::from(["default".to_owned()]);
        spaces
            .extend(config.into_iter().flat_map(|config| config.sources.values()).map(|of| of.identity_space.clone()));
        Tagger { keys, spaces }
    }

    /// What a text may be, or is said to be, by its tags. `text` is canonical as an id.
    pub(super) fn meanings(&self, text: &str, kind: Option<Kind>) -> Vec<Meaning> {
        let mut meanings = Vec::new();
        let is = |wanted: Kind| kind.is_none_or(|kind| kind == wanted);
        if is(Kind::User) {
            self.in_each_space(IdKind::User, text, &mut meanings);
        }
        if is(Kind::Device) {
            // Mixpanel's `$device:` is taken off before an id is tagged.
            self.in_each_space(IdKind::Device, text.strip_prefix("$device:").unwrap_or(text), &mut meanings);
        }
        if let Some(email) = is(Kind::Email).then(|| canonical::email(text.as_bytes())).flatten() {
            self.in_no_space(IdKind::Email, &email, &mut meanings);
        }
        // Seven digits may be anything; ten, or a plus before them, are what the gate takes for a phone number.
        let is_phone = kind == Some(Kind::Phone) || (kind.is_none() && canonical::shape(text) == SHAPE_PHONE);
        if let Some(phone) = is_phone.then(|| canonical::phone(text.as_bytes())).flatten() {
            self.in_no_space(IdKind::Phone, &phone, &mut meanings);
        }
        meanings
    }

    pub(super) fn spaces(&self) -> Vec<&str> {
        self.spaces.iter().map(String::as_str).collect()
    }

    fn in_each_space(&self, kind: IdKind, id: &str, meanings: &mut Vec<Meaning>) {
        for space in &self.spaces {
            self.in_space(kind, space, id, meanings);
        }
    }

    /// D6: contact details are the same in each space.
    fn in_no_space(&self, kind: IdKind, id: &str, meanings: &mut Vec<Meaning>) {
        self.in_space(kind, "", id, meanings);
    }

    fn in_space(&self, kind: IdKind, space: &str, id: &str, meanings: &mut Vec<Meaning>) {
        for environment in Environment::ALL {
            let tag = self.keys.tag(environment, space, kind.name(), id.as_bytes());
            meanings.push(Meaning { kind, environment, tag, is_joined: false });
        }
    }
}

/// The identity index of a data folder, if there is one; a running Weir first writes down what it has read so far.
pub(super) fn index(folders: &Folders) -> Result<Option<Index>, String> {
    if disk::is_in_use(&folders.data) {
        // Whoever may read the folder may look at what was written last, also where the socket is another user's.
        let _ = socket::ask(&folders.data, &Ask::IdentitySave {});
    }
    match Index::open(&folders.data) {
        Ok(index) => Ok(Some(index)),
        Err(IdentityError::Absent(_)) => Ok(None),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Why what belongs together cannot be said.
pub(super) fn unreadable(error: &IdentityError) -> String {
    format!("the identity index cannot be read: {error}")
}

/// What is joined to those that were asked for.
pub(super) struct Person {
    /// All of them, those that were asked for first, by what rows bear.
    pub(super) meanings: BTreeMap<u64, Meaning>,
    /// `None` where nothing was to be joined.
    pub(super) closure: Option<Closure>,
}

impl Person {
    pub(super) fn new(asked: Vec<Meaning>, index: Option<&Index>) -> Result<Person, String> {
        let starts: Vec<SubjectTag> = asked.iter().map(|meaning| meaning.tag).collect();
        let closure = index.map(|index| index.closure(&starts)).transpose().map_err(|error| unreadable(&error))?;
        let joined = closure.iter().flat_map(|closure| &closure.joined).filter_map(|of| {
            // A way never leads into another environment: its tags are made with another key.
            let start = asked.get(of.start)?;
            Some(Meaning { kind: of.kind, environment: start.environment, tag: of.tag, is_joined: true })
        });
        let joined: Vec<Meaning> = joined.collect();
        let meanings = asked.into_iter().chain(joined).map(|meaning| (meaning.tag.short(), meaning)).collect();
        Ok(Person { meanings, closure })
    }

    /// For a program.
    pub(super) fn value(&self) -> (Value, Value) {
        let Some(closure) = &self.closure else { return (Value::Null, Value::Null) };
        let joined = closure.joined.iter().map(|of| {
            json!({"id": short(of.tag), "kind": of.kind.name(), "by": by(of.by), "to": short(of.to), "since": of.first_seen.to_rfc3339()})
        });
        let shared = closure.hubs.iter().map(|of| json!({"id": short(of.tag), "kind": of.kind.name()}));
        let not_joined = json!({
            "is_cut": closure.is_cut,
            "shared": shared.collect::<Vec<_>>(),
            "mentioned": closure.mentioned,
        });
        (joined.collect(), not_joined)
    }

    pub(super) fn joined(&self) -> &[Joined] {
        self.closure.as_ref().map_or(&[], |closure| &closure.joined)
    }

    /// What the answer must say about whom it is about.
    pub(super) fn statements(&self) -> Vec<String> {
        let Some(closure) = &self.closure else { return Vec::new() };
        let mut list = Vec::new();
        if closure.is_cut {
            list.push(format!(
                "NOT JOINED: more than {} ids belong together here; the nearest are in the answer, the others are not",
                closure.joined.len()
            ));
        }
        for hub in &closure.hubs {
            list.push(format!(
                "NOT JOINED: {} {} belongs to more than {} other ids, as a shared device or a placeholder does: no way leads through it",
                hub.kind.name(),
                short(hub.tag),
                weir_identity::closure::HUB_MAX
            ));
        }
        if self.is_shared() {
            list.push(
                "a device was used under several user ids: where these are several people, what is said of the others is not about the one who asks; \
                 --only leaves it out"
                    .to_owned(),
            );
        }
        if closure.mentioned > 0 {
            list.push(format!(
                "not joined: {} that stood in the same event, and may be other people's (an invitation)",
                counted(closure.mentioned as u64, "id or contact detail")
                    .replace("id or contact details", "ids or contact details")
            ));
        }
        list
    }

    /// Whether one device has two users.
    pub(super) fn is_shared(&self) -> bool {
        let mut users: BTreeMap<SubjectTag, BTreeSet<SubjectTag>> = BTreeMap::new();
        let kind_of = |tag: SubjectTag| self.meanings.get(&tag.short()).map(|of| of.kind);
        for of in self.joined().iter().filter(|of| of.by == LinkKind::DeviceUser) {
            // A way leads from a device to a user, or from a user to a device.
            match (of.kind, kind_of(of.to)) {
                (IdKind::User, Some(IdKind::Device)) => users.entry(of.to).or_default().insert(of.tag),
                (IdKind::Device, Some(IdKind::User)) => users.entry(of.tag).or_default().insert(of.to),
                _ => false,
            };
        }
        users.values().any(|users| users.len() > 1)
    }
}

/// What an index says about itself.
pub(super) fn scope(index: Option<&Index>) -> Vec<String> {
    let Some(index) = index else {
        return vec![
            "these ids only: there is no identity index yet, so that other ids of the same person are not joined"
                .to_owned(),
        ];
    };
    let manifest = index.manifest();
    let mut list = Vec::new();
    if manifest.through.0 > 0 {
        list.push(format!("ids are joined by what was received up to {}", manifest.through.to_rfc3339()));
    }
    for gap in &manifest.gaps {
        list.push(format!(
            "NOT JOINED: what only the events {} to {} of the journal joined; they were gone or unreadable before they were read, and were received before {}",
            gap.from.0,
            gap.to.0.saturating_sub(1),
            gap.at.to_rfc3339()
        ));
    }
    list
}

/// A tag as it stands in rows.
pub(super) fn short(tag: SubjectTag) -> String {
    format!("{:016x}", tag.short())
}

pub(super) fn by(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::DeviceUser => "device and user",
        LinkKind::EmailUser => "e-mail address",
        LinkKind::PhoneUser => "phone number",
        LinkKind::Alias => "alias",
        LinkKind::Merge => "merge",
        LinkKind::Mentioned => "mentioned",
    }
}
