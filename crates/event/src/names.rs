//! D1: names are values. An event name or a property key is data until it has been judged clean, once, and interned here.
//!
//! Only a [`NameId`] reaches a log line, a metric label, the ledger or the catalog, and a `NameId` exists only for a clean name.
//! Texts are never freed: the limits per source bound them (2,000 event names, 10,000 paths), and a `&'static str` lets readers
//! keep one without a lock or a copy.
//!
//! A path is the keys joined by `.`; `.`, `*` and `\` inside a key are escaped by `\`. Event properties have no prefix, others
//! start with `profile.`, `group.<type>.` or `context.`; a top-level event key of exactly one of those three words is written
//! `\profile` and so on, so that no event property can pose as one of them. Array indexes and keys that look like data fold to `*`.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::limits;

/// A clean, interned name: an event name, a path, or a label of ours. The number is this process's own and is never stored
/// without a dictionary beside it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(pub u32);

impl NameId {
    /// Stands for every unclean or over-limit name; its text is `(unnamed)`.
    pub const UNNAMED: NameId = NameId(0);
    /// The parent of top-level event properties; its text is empty.
    pub const EVENT_ROOT: NameId = NameId(1);
    /// `profile`: the parent of a person's profile properties.
    pub const PROFILE_ROOT: NameId = NameId(2);
    /// `context`: the parent of what the SDK says about its surroundings.
    pub const CONTEXT_ROOT: NameId = NameId(3);
    /// `group`: the parent of group types, which are the parents of group profile properties.
    pub const GROUP_ROOT: NameId = NameId(4);
    const RESERVED: [&'static str; 5] = ["(unnamed)", "", "profile", "context", "group"];
}

impl fmt::Debug for NameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameId({})", self.0)
    }
}

/// What sort of name. The number is stored in journal dictionaries: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum NameKind {
    /// An event name.
    Event = 1,
    /// A property path.
    Path = 2,
    /// A text of ours: a source id, a slice value.
    Label = 3,
}

impl NameKind {
    /// Reads the stored number.
    pub fn from_number(number: u8) -> Option<NameKind> {
        [NameKind::Event, NameKind::Path, NameKind::Label].into_iter().find(|k| *k as u8 == number)
    }
}

/// One interned name.
#[derive(Debug)]
pub struct NameEntry {
    /// The name as reports show it; for a path, the escaped keys joined by `.`.
    pub text: &'static str,
    /// The last key of a path, unescaped, as JSON carries it; `*` for a folded one. For other kinds the text itself.
    pub key: &'static str,
    /// The path above; `EVENT_ROOT` for top-level event properties and for other kinds.
    pub parent: NameId,
    /// What sort of name.
    pub kind: NameKind,
    /// Whether `key` is a folded `*` rather than a key.
    pub folded: bool,
}

/// What a judge says about one raw name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameVerdict {
    /// A name.
    Clean,
    /// Looks like an id or another value: as a key it folds to `*`, as an event name it is unclean.
    Data,
    /// Holds something that a name may not hold.
    Unclean,
}

/// Decides whether a raw name is clean. `detect` implements it: the class of characters plus every detector (D1).
pub trait NameJudge: Send + Sync {
    /// Judges one raw name or key, already in NFC.
    fn judge(&self, raw: &str) -> NameVerdict;
}

/// All interned names of the process.
pub struct Names {
    entries: RwLock<Vec<&'static NameEntry>>,
    index: RwLock<HashTable<NameId>>,
    hasher: FixedState,
    judge: Box<dyn NameJudge>,
}

impl Names {
    /// An empty table.
    pub fn new(judge: Box<dyn NameJudge>) -> Arc<Names> {
        let reserved = NameId::RESERVED.iter().enumerate().map(|(i, text)| -> &'static NameEntry {
            let parent = if i == 0 { NameId::UNNAMED } else { NameId::EVENT_ROOT };
            Box::leak(Box::new(NameEntry { text, key: text, parent, kind: NameKind::Path, folded: false }))
        });
        Arc::new(Names {
            entries: RwLock::new(reserved.collect()),
            index: RwLock::new(HashTable::new()),
            hasher: FixedState::default(),
            judge,
        })
    }

    /// The entry of an id; `(unnamed)` for an id that is not of this process.
    pub fn entry(&self, id: NameId) -> &'static NameEntry {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(id.0 as usize).copied().unwrap_or(entries[0])
    }

    /// The text of an id, for logs, metrics and reports.
    pub fn text(&self, id: NameId) -> &'static str {
        self.entry(id).text
    }

    /// How many ids there are; every id is below it.
    pub fn count(&self) -> usize {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// A source's own view, which carries the limits of D1.
    pub fn source(self: &Arc<Names>) -> SourceNames {
        SourceNames { names: Arc::clone(self), known: RwLock::default() }
    }

    /// Interns a label of ours. Only for texts that are ours or bounded by a table (a source id, a country).
    pub fn label(&self, text: &str) -> NameId {
        self.intern(NameKind::Label, NameId::EVENT_ROOT, text, false)
    }

    /// Interns a text that looks like data but is bounded by a form and a count of the caller's (a version), unless the judge finds
    /// personal data or a secret in it.
    pub fn label_without_finding(&self, text: &str) -> Option<NameId> {
        (self.judge.judge(text) != NameVerdict::Unclean).then(|| self.label(text))
    }

    /// Whether a value could be a name (D1): neither personal data nor a secret, nor what looks like an id.
    pub fn is_clean(&self, text: &str) -> bool {
        self.judge.judge(text) == NameVerdict::Clean
    }

    /// Interns a name that was judged clean before: one of a stored dictionary, or of a table of ours. `text` is as reports show
    /// it. `None` for a path that does not parse.
    pub fn restore(&self, kind: NameKind, text: &str) -> Option<NameId> {
        // As the gate does: an operator's editor may write a letter and its mark apart.
        let normal = normal(text);
        let text = &*normal;
        if kind != NameKind::Path {
            return Some(self.intern(kind, NameId::EVENT_ROOT, text, false));
        }
        let reserved = NameId::RESERVED.iter().position(|r| *r == text);
        if let Some(i) = reserved {
            return Some(NameId(i as u32));
        }
        let mut parent = NameId::EVENT_ROOT;
        for (i, (key, folded, escaped)) in split_path(text)?.into_iter().enumerate() {
            parent = match (i, key.as_str()) {
                (0, "profile") if !escaped => NameId::PROFILE_ROOT,
                (0, "context") if !escaped => NameId::CONTEXT_ROOT,
                (0, "group") if !escaped => NameId::GROUP_ROOT,
                _ => self.intern(NameKind::Path, parent, &key, folded),
            };
        }
        Some(parent)
    }

    fn hash(&self, kind: NameKind, parent: NameId, key: &str, folded: bool) -> u64 {
        self.hasher.hash_one((kind, parent, key, folded))
    }

    fn intern(&self, kind: NameKind, parent: NameId, key: &str, folded: bool) -> NameId {
        let hash = self.hash(kind, parent, key, folded);
        let same = |id: &NameId| {
            let e = self.entry(*id);
            e.kind == kind && e.parent == parent && e.folded == folded && e.key == key
        };
        if let Some(id) = self.index.read().unwrap_or_else(PoisonError::into_inner).find(hash, same) {
            return *id;
        }
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = index.find(hash, same) {
            return *id;
        }
        let key: &'static str = Box::leak(key.to_owned().into_boxed_str());
        let text = if kind == NameKind::Path { path_text(self.text(parent), parent, key, folded) } else { key };
        let entry = Box::leak(Box::new(NameEntry { text, key, parent, kind, folded }));
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let id = NameId(u32::try_from(entries.len()).unwrap_or(0));
        entries.push(entry);
        drop(entries);
        index.insert_unique(hash, id, |id| {
            let e = self.entry(*id);
            self.hash(e.kind, e.parent, e.key, e.folded)
        });
        id
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Names({})", self.count())
    }
}

fn path_text(parent_text: &str, parent: NameId, key: &str, folded: bool) -> &'static str {
    let mut text = String::with_capacity(parent_text.len() + key.len() + 2);
    if parent != NameId::EVENT_ROOT {
        text.push_str(parent_text);
        text.push('.');
    } else if !folded && matches!(key, "profile" | "context" | "group") {
        text.push('\\');
    }
    if folded {
        text.push('*');
    } else {
        for c in key.chars() {
            if matches!(c, '.' | '*' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
    }
    Box::leak(text.into_boxed_str())
}

/// Splits a path's text into keys: (key, folded, begins with an escape). `None` for an empty key or a dangling `\`.
fn split_path(text: &str) -> Option<Vec<(String, bool, bool)>> {
    let mut keys = Vec::new();
    let (mut key, mut folded, mut escaped_first) = (String::new(), false, false);
    let mut chars = text.chars();
    loop {
        match chars.next() {
            Some('\\') => {
                escaped_first |= key.is_empty();
                key.push(chars.next()?);
            }
            Some('*') if key.is_empty() => {
                folded = true;
                key.push('*');
            }
            Some('.') | None if key.is_empty() => return None,
            Some('.') => {
                keys.push((std::mem::take(&mut key), folded, escaped_first));
                (folded, escaped_first) = (false, false);
            }
            Some(c) => key.push(c),
            None => {
                keys.push((key, folded, escaped_first));
                return Some(keys);
            }
        }
    }
}

/// One source's view of the names: what it has used, within its limits (D1).
pub struct SourceNames {
    names: Arc<Names>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    table: HashTable<Slot>,
    events: usize,
    paths: usize,
    unclean: usize,
}

/// A raw key as this source sent it and what became of it.
struct Slot {
    kind: NameKind,
    parent: NameId,
    raw: Box<str>,
    id: NameId,
    folded: bool,
}

/// Unclean names remembered so that they are not judged again; past it they are judged each time.
const UNCLEAN_REMEMBERED_MAX: usize = 4_096;

impl SourceNames {
    /// The table behind.
    pub fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// The id of an event name; `UNNAMED` where unclean or over the limit.
    pub fn event(&self, raw: &str) -> NameId {
        self.look_up(NameKind::Event, NameId::EVENT_ROOT, raw).0
    }

    /// The id of `key` below `parent`, and whether the key folded to `*` (then its text is a value, [`crate::LeafKind::MapKey`]).
    /// Everything below `UNNAMED` is `UNNAMED`.
    pub fn path(&self, parent: NameId, key: &str) -> (NameId, bool) {
        if parent == NameId::UNNAMED { (NameId::UNNAMED, false) } else { self.look_up(NameKind::Path, parent, key) }
    }

    /// The id of the elements of an array at `parent`: the path plus `*`.
    pub fn element(&self, parent: NameId) -> NameId {
        if parent == NameId::UNNAMED { parent } else { self.names.intern(NameKind::Path, parent, "*", true) }
    }

    fn look_up(&self, kind: NameKind, parent: NameId, raw: &str) -> (NameId, bool) {
        let hash = self.names.hash(kind, parent, raw, false);
        let same = |slot: &Slot| slot.kind == kind && slot.parent == parent && *slot.raw == *raw;
        if let Some(slot) = self.known.read().unwrap_or_else(PoisonError::into_inner).table.find(hash, same) {
            return (slot.id, slot.folded);
        }
        self.admit(kind, parent, raw, hash)
    }

    #[cold]
    fn admit(&self, kind: NameKind, parent: NameId, raw: &str, hash: u64) -> (NameId, bool) {
        let normal = normal(raw);
        let verdict = if has_clean_class(&normal) { self.names.judge.judge(&normal) } else { NameVerdict::Unclean };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let room = match kind {
            NameKind::Event => known.events < limits::SOURCE_EVENT_NAMES_MAX,
            _ => known.paths < limits::SOURCE_PATHS_MAX,
        };
        let (id, folded) = match (verdict, kind) {
            (NameVerdict::Clean, _) if room => (self.names.intern(kind, parent, &normal, false), false),
            (NameVerdict::Data, NameKind::Path) => (self.names.intern(NameKind::Path, parent, "*", true), true),
            _ => (NameId::UNNAMED, false),
        };
        if folded {
            // Keys that are data have no bound, so they are not remembered one by one.
            return (id, true);
        }
        if id == NameId::UNNAMED {
            if known.unclean >= UNCLEAN_REMEMBERED_MAX || raw.len() > 4 * limits::NAME_CHARS_MAX {
                return (id, false);
            }
            known.unclean += 1;
        } else if kind == NameKind::Event {
            known.events += 1;
        } else {
            known.paths += 1;
        }
        let hasher = &self.names.hasher;
        let slot = Slot { kind, parent, raw: raw.into(), id, folded };
        let rehash = |s: &Slot| hasher.hash_one((s.kind, s.parent, &*s.raw, false));
        if known.table.find(hash, |s| s.kind == kind && s.parent == parent && *s.raw == *raw).is_none() {
            known.table.insert_unique(hash, slot, rehash);
        }
        (id, folded)
    }
}

impl fmt::Debug for SourceNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "SourceNames(events {}, paths {})", known.events, known.paths)
    }
}

/// D1's class `[\w $.:\[\]/-]{1,100}`, `\w` as in Unicode (UTS #18 Annex C), counted in characters. Expects NFC.
pub fn has_clean_class(text: &str) -> bool {
    let in_class = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | ' ' | '$' | '.' | ':' | '[' | ']' | '/' | '-')
            || (!c.is_ascii() && (c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)))
    };
    !text.is_empty()
        && text.chars().take(limits::NAME_CHARS_MAX + 1).count() <= limits::NAME_CHARS_MAX
        && text.chars().all(in_class)
}

/// A judge by class alone, for tests and tools that have no detectors at hand. Not for the gateway.
#[derive(Debug)]
pub struct ClassOnly;

impl NameJudge for ClassOnly {
    fn judge(&self, raw: &str) -> NameVerdict {
        if raw.bytes().all(|b| b.is_ascii_digit()) { NameVerdict::Data } else { NameVerdict::Clean }
    }
}

/// A name in the form in which names are compared: NFC (D1).
fn normal(raw: &str) -> std::borrow::Cow<'_, str> {
    match is_nfc_quick(raw.chars()) {
        IsNormalized::Yes => raw.into(),
        _ => raw.nfc().collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source() -> SourceNames {
        Names::new(Box::new(ClassOnly)).source()
    }

    #[test]
    fn a_name_from_a_configuration_is_the_one_that_comes_in_however_its_marks_are_written() {
        let s = source();
        let event = s.event("Café");
        assert_eq!(s.names().restore(NameKind::Event, "Cafe\u{301}"), Some(event));
        let (path, _) = s.path(NameId::EVENT_ROOT, "Größe");
        assert_eq!(s.names().restore(NameKind::Path, "Gro\u{308}ße"), Some(path));
    }

    #[test]
    fn d1_paths_escape_and_fold() {
        let s = source();
        let text = |id| s.names().text(id);
        let (plan, _) = s.path(NameId::EVENT_ROOT, "plan");
        assert_eq!(text(plan), "plan");
        let (dotted, _) = s.path(plan, "a.b");
        assert_eq!(text(dotted), "plan.a\\.b");
        assert_eq!(text(s.element(plan)), "plan.*");
        assert_eq!(s.path(plan, "4711"), (s.element(plan), true));
        let (email, _) = s.path(NameId::PROFILE_ROOT, "$email");
        assert_eq!(text(email), "profile.$email");
    }

    #[test]
    fn d1_an_event_property_cannot_pose_as_a_profile() {
        let s = source();
        let (posing, _) = s.path(NameId::EVENT_ROOT, "profile");
        let (below, _) = s.path(posing, "email");
        assert_eq!(s.names().text(below), "\\profile.email");
        let (real, _) = s.path(NameId::PROFILE_ROOT, "email");
        assert_ne!(below, real);
        assert_eq!(s.names().restore(NameKind::Path, "\\profile.email"), Some(below));
        assert_eq!(s.names().restore(NameKind::Path, "profile.email"), Some(real));
    }

    #[test]
    fn d1_unclean_names_have_no_id() {
        let s = source();
        assert_eq!(s.event("ada@example.com"), NameId::UNNAMED);
        assert_eq!(s.event(""), NameId::UNNAMED);
        assert_eq!(s.event(&"x".repeat(101)), NameId::UNNAMED);
        assert_ne!(s.event(&"é".repeat(100)), NameId::UNNAMED);
        assert_ne!(s.event("e\u{301}".repeat(100).as_str()), NameId::UNNAMED, "100 characters after NFC");
        assert_eq!(s.path(NameId::UNNAMED, "fine"), (NameId::UNNAMED, false));
    }

    #[test]
    fn d1_limits_per_source() {
        let s = source();
        for i in 0..limits::SOURCE_EVENT_NAMES_MAX {
            assert_ne!(s.event(&format!("event {i}")), NameId::UNNAMED);
        }
        assert_eq!(s.event("one more"), NameId::UNNAMED);
        assert_ne!(s.event("event 7"), NameId::UNNAMED);
        let other = s.names().source();
        assert_ne!(other.event("one more"), NameId::UNNAMED, "the limit is per source");
    }

    proptest! {
        #[test]
        fn a_path_comes_back_from_its_text(keys in proptest::collection::vec("[a-z.*\\\\ ]{1,6}", 1..5)) {
            let names = Names::new(Box::new(ClassOnly));
            let mut id = NameId::EVENT_ROOT;
            for key in &keys {
                id = names.intern(NameKind::Path, id, key, false);
            }
            prop_assert_eq!(names.restore(NameKind::Path, names.text(id)), Some(id));
        }
    }
}
