//! One act, read from the ledger, with the words that people know things by.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use weir_event::ids::hex;
use weir_event::{Millis, SourceId};
use weir_ledger::coverage;
use weir_ledger::entry::Entry;
use weir_ledger::{Actor, Target};

use crate::actions::{self, Class};

/// A user database of this size is read; of a longer one nothing.
const PEOPLE_BYTES_MAX: u64 = 1 << 20;

/// Names of this machine's users, as its own file of users says today. Users of a directory service show as numbers.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct People(BTreeMap<u32, String>);

impl People {
    /// Reads a file such as `/etc/passwd`. One that cannot be read names nobody.
    pub fn read(file: &Path) -> People {
        let short = std::fs::metadata(file).is_ok_and(|meta| meta.len() <= PEOPLE_BYTES_MAX);
        let bytes = if short { std::fs::read(file).unwrap_or_default() } else { Vec::new() };
        People::parse(&String::from_utf8_lossy(&bytes))
    }

    /// Reads lines of `name:password:uid:…`; others are passed over, and of two with one number the first counts.
    pub fn parse(text: &str) -> People {
        let mut people = BTreeMap::new();
        for line in text.lines() {
            let mut fields = line.split(':');
            let (name, uid) = (fields.next().unwrap_or_default(), fields.nth(1).and_then(|uid| uid.parse().ok()));
            let is_name = (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
            if let (true, Some(uid)) = (is_name, uid) {
                people.entry(uid).or_insert_with(|| name.to_owned());
            }
        }
        People(people)
    }

    /// The name of a user.
    pub fn name(&self, uid: u32) -> Option<&str> {
        self.0.get(&uid).map(String::as_str)
    }
}

/// One act.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acted {
    /// Its place in the ledger.
    pub entry: u64,
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: Actor,
    /// The name of that user today.
    pub name: Option<String>,
    /// The word of the act.
    pub action: String,
    /// To what.
    pub targets: Vec<Target>,
}

impl Acted {
    /// Takes an entry of the ledger, if it is an act.
    pub fn of(index: u64, at: Millis, entry: &Entry, people: &People) -> Option<Acted> {
        let Entry::Act { actor, action, targets } = entry else { return None };
        let name = match actor {
            Actor::Local { uid } => people.name(*uid).map(str::to_owned),
            _ => None,
        };
        let (actor, action, targets) = (actor.clone(), action.clone(), targets.clone());
        Some(Acted { entry: index, at, actor, name, action, targets })
    }

    /// What kind of act; one that this release does not know counts as a change, which nobody leaves out.
    pub fn class(&self) -> Class {
        actions::of(&self.action).map_or(Class::Change, |action| action.class)
    }

    /// What was done, in words.
    pub fn says(&self) -> &str {
        actions::of(&self.action).map_or("an act of another release", |action| action.says)
    }

    /// Who, in one word.
    pub fn who(&self) -> String {
        match (&self.actor, &self.name) {
            (Actor::Weir, _) => "weir".to_owned(),
            (Actor::Local { uid }, Some(name)) => format!("{name} ({uid})"),
            (Actor::Local { uid }, None) => format!("uid {uid}"),
            (Actor::Token(id), _) => format!("token {}", hex(id)),
        }
    }

    /// The targets in words.
    pub fn about(&self) -> String {
        let words: Vec<String> = self.targets.iter().map(words).collect();
        words.join(", ")
    }

    /// The note beside the ledger in `dir`, where the act has one and it was not deleted. It may name people: it is shown, never shipped.
    pub fn note(&self, dir: &Path) -> Option<String> {
        self.targets.iter().find_map(|target| match target {
            Target::Digest(digest) => coverage::reason(dir, digest),
            _ => None,
        })
    }

    /// The act for programs, without its note.
    pub fn value(&self, origin: &str) -> Value {
        let actor = match &self.actor {
            Actor::Weir => json!({"kind": "weir"}),
            Actor::Local { uid } => json!({"kind": "local", "uid": uid, "name": self.name}),
            Actor::Token(id) => json!({"kind": "token", "id": hex(id)}),
        };
        let targets: Vec<Value> = self.targets.iter().map(target).collect();
        json!({
            "id": self.id(origin),
            "origin": origin,
            "entry": self.entry,
            "time": self.at.to_rfc3339(),
            "actor": actor,
            "action": self.action,
            "class": self.class().name(),
            "says": self.says(),
            "targets": targets,
        })
    }

    /// What tells this act from every other: a receiver that gets it twice knows it by this.
    pub fn id(&self, origin: &str) -> String {
        format!("{origin}#{}", self.entry)
    }
}

/// Kind and text of a target.
pub(crate) fn parts(target: &Target) -> (&'static str, String) {
    match target {
        Target::Destination(id) => ("destination", id.to_string()),
        Target::Source(id) => ("source", SourceId::as_str(id).to_owned()),
        Target::Event(id) => ("event", id.to_hex()),
        Target::Generation(id) => ("generation", id.to_hex()),
        Target::Key(name) => ("key", name.clone()),
        Target::Digest(digest) => ("digest", hex(digest)),
        Target::Count(count) => ("count", count.to_string()),
    }
}

fn words(target: &Target) -> String {
    let (kind, text) = parts(target);
    // Enough to compare by eye; programs get all of it.
    let text = if kind == "digest" { text.chars().take(12).collect() } else { text };
    format!("{kind} {text}")
}

fn target(target: &Target) -> Value {
    let (kind, text) = parts(target);
    match target {
        Target::Count(count) => json!({"kind": kind, "count": count}),
        _ => json!({"kind": kind, "id": text}),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use weir_event::DestinationId;

    use super::*;

    pub(crate) const ORIGIN: &str = "weir/0a1b2c3d/audit";

    pub(crate) fn acted(action: &str, targets: Vec<Target>) -> Acted {
        Acted {
            entry: 41,
            at: Millis(1_795_303_178_843),
            actor: Actor::Local { uid: 1_000 },
            name: Some("ada".to_owned()),
            action: action.to_owned(),
            targets,
        }
    }

    #[test]
    fn users_are_named_as_the_machines_own_file_says() {
        let people = People::parse(
            "root:x:0:0:root:/:/bin/sh\n# none\nada:x:1000:1000::/:\nsecond:x:1000:1::/:\nbad:x:-1:0\n:x:7:\n",
        );
        assert_eq!((people.name(0), people.name(1_000), people.name(7)), (Some("root"), Some("ada"), None));
    }

    #[test]
    fn an_act_says_who_did_what_to_what() {
        let product = Target::Destination(DestinationId::parse("product").unwrap());
        let acted = acted("ledger_exposure", vec![product, Target::Count(1), Target::Digest([0xab; 32])]);
        assert_eq!(acted.who(), "ada (1000)");
        assert_eq!(acted.about(), "destination product, count 1, digest abababababab");
        let value = acted.value(ORIGIN);
        assert_eq!(value["id"], "weir/0a1b2c3d/audit#41");
        assert_eq!((value["class"].as_str(), value["actor"]["uid"].as_u64()), (Some("read"), Some(1_000)));
        assert_eq!(value["targets"][2]["id"].as_str().map(str::len), Some(64));
    }

    #[test]
    fn an_act_that_this_release_does_not_know_is_a_change() {
        assert_eq!(acted("something_newer", Vec::new()).class(), Class::Change);
    }
}
