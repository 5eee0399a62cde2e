//! An observed event of one source, and an observed property of one event. Names, times, counts.

use weir_event::{Category, LeafKind, Millis, NameId, Offset};

use crate::profile::Profile;
use crate::sketch::SketchKey;
use crate::window::Window;

/// Hours whose counts are kept.
pub const HOURS: usize = 48;
/// Days whose counts are kept.
pub const DAYS: usize = 90;

/// What a value is in JSON. The number is stored: append, never renumber.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the words of JSON")]
pub enum ValueType {
    String = 0,
    Number = 1,
    Boolean = 2,
    Null = 3,
    Object = 4,
    Array = 5,
}

impl ValueType {
    /// All, in order of their number.
    pub const ALL: [ValueType; 6] = [
        ValueType::String,
        ValueType::Number,
        ValueType::Boolean,
        ValueType::Null,
        ValueType::Object,
        ValueType::Array,
    ];

    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            ValueType::String => "string",
            ValueType::Number => "number",
            ValueType::Boolean => "boolean",
            ValueType::Null => "null",
            ValueType::Object => "object",
            ValueType::Array => "array",
        }
    }

    /// Of an entry of the tape; `None` for the end of a container and for a key.
    pub(crate) const fn of(kind: LeafKind) -> Option<ValueType> {
        Some(match kind {
            LeafKind::String => ValueType::String,
            LeafKind::Number => ValueType::Number,
            LeafKind::True | LeafKind::False => ValueType::Boolean,
            LeafKind::Null => ValueType::Null,
            LeafKind::ObjectBegin => ValueType::Object,
            LeafKind::ArrayBegin => ValueType::Array,
            LeafKind::ObjectEnd | LeafKind::ArrayEnd | LeafKind::MapKey => return None,
        })
    }
}

/// One event name of one source.
#[derive(Clone, Debug)]
pub struct ObservedEvent {
    /// The source's label.
    pub source: NameId,
    /// The event name.
    pub name: NameId,
    /// When the first one was received.
    pub first: Millis,
    /// When the newest one was received.
    pub last: Millis,
    /// How many.
    pub events: u64,
    /// Where the newest one is in the journal, as long as that keeps it.
    pub newest: Offset,
    /// Properties dropped at the gate because a key is unclean (D1), which have no name to be listed by.
    pub unnamed: u64,
    /// By hour of arrival.
    pub hours: Window,
    /// By day of arrival.
    pub days: Window,
    /// In the order in which they were first seen.
    pub properties: Vec<ObservedProperty>,
    pub(crate) index: hashbrown::HashMap<NameId, u32, foldhash::fast::FixedState>,
}

impl ObservedEvent {
    /// One of its properties.
    pub fn property(&self, path: NameId) -> Option<&ObservedProperty> {
        self.properties.get(*self.index.get(&path)? as usize)
    }
}

/// One property of one event of one source.
#[derive(Clone, Debug)]
pub struct ObservedProperty {
    /// Its path.
    pub path: NameId,
    /// When the first event with it was received.
    pub first: Millis,
    /// When the newest event with it was received.
    pub last: Millis,
    /// How many events had it, those included whose value was dropped at the gate.
    pub events: u64,
    /// Events whose value, or a part of it, the gate dropped: no destination can have it.
    pub withheld: u64,
    /// Where the newest event with it is in the journal.
    pub newest: Offset,
    /// Values by [`ValueType`], of what the gate kept; an array's elements have a path of their own.
    pub types: [u64; 6],
    /// What was found at it.
    pub findings: Vec<ObservedFinding>,
    /// Events with it by hour of arrival.
    pub hours: Window,
    /// Events with it by day of arrival.
    pub days: Window,
    /// What the values are like, by a sample.
    pub profile: Profile,
    pub(crate) key: SketchKey,
    /// The number of the newest event that was counted for it: a path may stand in an event many times.
    pub(crate) seen: u64,
    pub(crate) withheld_seen: u64,
}

impl ObservedProperty {
    /// Part of the events of its name that had it, 0 to 1.
    pub fn fill(&self, event: &ObservedEvent) -> f64 {
        if event.events == 0 { 0.0 } else { self.events as f64 / event.events as f64 }
    }

    /// The most frequent type of its values; `None` where the gate kept none.
    pub fn main_type(&self) -> Option<ValueType> {
        let most = ValueType::ALL.into_iter().max_by_key(|t| self.types[*t as usize])?;
        (self.types[most as usize] > 0).then_some(most)
    }

    /// What was found at it in an event received at or after `since`.
    pub fn found_since(&self, since: Millis) -> impl Iterator<Item = &ObservedFinding> {
        self.findings.iter().filter(move |f| f.events > 0 && f.last >= since)
    }
}

/// A category that was found, or nearly found, at a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObservedFinding {
    /// What.
    pub category: Category,
    /// Events in which it was found.
    pub events: u64,
    /// When the newest of them was received.
    pub last: Millis,
    /// How often it was nearly found: the form fits, the check does not (D9). What detection learns from.
    pub near_misses: u64,
    /// When the first event in which it was found was received; 0 where it is not known or was not found.
    pub first: Millis,
    /// How many events had the property before, without it.
    pub before: u64,
    /// Of the newest events, in so many a value had the form of the class ([`crate::learn`]),
    pub tested: u32,
    /// and in so many it passed the check.
    pub passed: u32,
    pub(crate) seen: u64,
}

impl ObservedFinding {
    /// Nothing counted yet.
    pub(crate) fn of(category: Category) -> ObservedFinding {
        let never = Millis(0);
        ObservedFinding {
            category,
            events: 0,
            last: never,
            near_misses: 0,
            first: never,
            before: 0,
            tested: 0,
            passed: 0,
            seen: 0,
        }
    }
}
