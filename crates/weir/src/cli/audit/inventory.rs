//! What was seen so far: events by name, their properties by path, what was found in them and what policy did. Clean names (D1), counts
//! and shapes; never a value. Its size depends on the names, not on the input.

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use weir_event::limits::AUDIT_PROPERTIES_MAX;
use weir_event::{Category, Evidence, LeafKind, Likelihood, Millis, NameId};

use super::mask;

/// Everything.
#[derive(Default)]
pub(super) struct Inventory {
    /// By vendor (as protocols are named), then by name.
    pub(super) events: BTreeMap<(&'static str, NameId), Event>,
    /// How many were looked at.
    pub(super) seen: u64,
    /// The first and the last time that an event says of itself.
    pub(super) time: Option<(Millis, Millis)>,
    /// Values below a key that is no clean name.
    pub(super) unnamed: u64,
    /// Values whose property no longer found room.
    pub(super) unlisted: u64,
    /// What the event under way has: its paths, and what was found at them.
    pub(super) notes: Vec<Note>,
    properties: usize,
}

/// A path of an event, or something that was found at it.
pub(super) type Note = (NameId, Option<(Category, Likelihood)>);

/// Events of one name.
#[derive(Default)]
pub(super) struct Event {
    pub(super) seen: u64,
    /// Kept out as a whole, by rule: withheld at the gate, or nothing of them would leave.
    pub(super) withheld: BTreeMap<&'static str, u64>,
    pub(super) dropped: BTreeMap<&'static str, u64>,
    pub(super) properties: HashMap<NameId, Property, FixedState>,
}

/// One property of events of one name.
#[derive(Default)]
pub(super) struct Property {
    /// Events that have it.
    pub(super) seen: u64,
    /// The number of the last event that was counted: a list has many values at one path.
    last: u64,
    kinds: u8,
    /// Shape and length of the first value.
    pub(super) example: Option<(String, &'static str)>,
    pub(super) findings: Vec<Found>,
    /// What the gate does with it, by event.
    pub(super) gate: BTreeMap<&'static str, u64>,
    /// How it leaves by default, by event.
    pub(super) leaves: BTreeMap<&'static str, u64>,
    /// By which rule it does not.
    pub(super) stays: BTreeMap<&'static str, u64>,
    /// The first file that has it.
    pub(super) file: usize,
}

/// What was found at a path.
pub(super) struct Found {
    pub(super) category: Category,
    pub(super) likelihood: Likelihood,
    /// Events with it.
    pub(super) events: u64,
    last: u64,
    pub(super) evidence: Vec<Evidence>,
    pub(super) detectors: Vec<&'static str>,
    /// Shape and length of the first value that it was found in.
    pub(super) example: Option<(String, &'static str)>,
}

impl Inventory {
    /// Counts an event and gives its number.
    pub(super) fn event(&mut self, vendor: &'static str, name: NameId, at: Option<Millis>) -> (&mut Event, Room<'_>) {
        self.seen += 1;
        if let Some(at) = at {
            self.time = Some(self.time.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        }
        let event = self.events.entry((vendor, name)).or_default();
        event.seen += 1;
        self.notes.clear();
        let (properties, unlisted, notes) = (&mut self.properties, &mut self.unlisted, &mut self.notes);
        let room = Room { number: self.seen, properties, unlisted, notes };
        (event, room)
    }
}

/// The event under way: its number, and the room that is left for properties.
pub(super) struct Room<'a> {
    number: u64,
    properties: &'a mut usize,
    unlisted: &'a mut u64,
    notes: &'a mut Vec<Note>,
}

impl Event {
    /// The property at a path, counted once for each event.
    pub(super) fn property(&mut self, path: NameId, file: usize, room: &mut Room<'_>) -> Option<&mut Property> {
        if !self.properties.contains_key(&path) {
            if *room.properties == AUDIT_PROPERTIES_MAX {
                *room.unlisted += 1;
                return None;
            }
            *room.properties += 1;
        }
        let property = self.properties.entry(path).or_insert_with(|| Property { file, ..Property::default() });
        if property.last != room.number {
            (property.last, property.seen) = (room.number, property.seen + 1);
            room.notes.push((path, None));
        }
        Some(property)
    }
}

const KINDS: [(u8, &str); 4] = [(1, "string"), (2, "number"), (4, "boolean"), (8, "null")];

impl Property {
    /// Notes a value: what sort it is, and the shape of the first.
    pub(super) fn value(&mut self, kind: LeafKind, text: &[u8]) {
        self.kinds |= match kind {
            LeafKind::Number => 2,
            LeafKind::True | LeafKind::False => 4,
            LeafKind::Null => 8,
            _ => 1,
        };
        if self.example.is_none() && kind.has_text() {
            self.example = Some(masked(text));
        }
    }

    /// The sorts of its values, as bits.
    pub(super) fn kind_bits(&self) -> u8 {
        self.kinds
    }

    /// The sorts of its values.
    pub(super) fn kinds(&self) -> Vec<&'static str> {
        KINDS.iter().filter(|(bit, _)| self.kinds & bit != 0).map(|(_, name)| *name).collect()
    }

    /// What was found of this category.
    pub(super) fn found(&mut self, category: Category) -> &mut Found {
        let place = self.findings.iter().position(|f| f.category == category).unwrap_or_else(|| {
            self.findings.push(Found {
                category,
                likelihood: Likelihood::VeryUnlikely,
                events: 0,
                last: 0,
                evidence: Vec::new(),
                detectors: Vec::new(),
                example: None,
            });
            self.findings.len() - 1
        });
        &mut self.findings[place]
    }
}

impl Found {
    /// Counts it for an event, once.
    pub(super) fn count(&mut self, likelihood: Likelihood, number: u64) {
        self.likelihood = self.likelihood.max(likelihood);
        if self.last != number {
            (self.last, self.events) = (number, self.events + 1);
        }
    }

    /// Notes why, and the shape of the first value.
    pub(super) fn note(&mut self, evidence: Evidence, detector: &'static str, text: &[u8]) {
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
        if !self.detectors.contains(&detector) {
            self.detectors.push(detector);
        }
        if self.example.is_none() {
            self.example = Some(masked(text));
        }
    }
}

impl Room<'_> {
    /// The number of the event under way.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Notes that something was found; what is not even possible is not.
    pub(super) fn note(&mut self, path: NameId, category: Category, likelihood: Likelihood) {
        if likelihood >= Likelihood::Possible {
            self.notes.push((path, Some((category, likelihood))));
        }
    }
}

fn masked(text: &[u8]) -> (String, &'static str) {
    // Enough for a shape; a long value is not copied for it.
    let text = String::from_utf8_lossy(&text[..text.len().min(2_048)]);
    (mask::shape(&text), mask::length(&text))
}
