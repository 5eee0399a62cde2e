//! What is kept of all events, and how one is added.
//!
//! Counts, times, types and findings are of every event. What values are like ([`crate::profile`]) is of a sample: of each event name
//! the first [`PROFILED_FIRST`] of an hour, then one of [`PROFILED_ONE_OF`]. Which ones follows from the counts alone, so that a
//! restart at any point, which goes on from the stored state, makes the same catalog.
//!
//! Limits: [`EVENTS_MAX`] pairs of source and event, [`PROPERTIES_MAX`] properties of all of them. What comes after is counted, not
//! listed. (D1 bounds the names of a source before that: 2,000 events, 10,000 paths.) A full catalog, with counts for every hour and day, takes 97 MiB (30 MiB on disk; `benches/add.rs`).

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use weir_event::{Category, Millis, NameId, Names, Offset};
use weir_policy::{Action, RecordView};

use crate::observed::{DAYS, HOURS, ObservedEvent, ObservedFinding, ObservedProperty, ValueType};
use crate::profile::Profile;
use crate::sketch::SketchKey;
use crate::window::Window;

/// Pairs of source and event name.
pub const EVENTS_MAX: usize = weir_event::limits::CATALOG_EVENTS_MAX;
/// Properties of all events of all sources.
pub const PROPERTIES_MAX: usize = weir_event::limits::CATALOG_PROPERTIES_MAX;
/// Events of one name whose values are looked at in an hour before it becomes a sample.
pub const PROFILED_FIRST: u32 = 64;
/// After that: one of so many.
pub const PROFILED_ONE_OF: u32 = 16;

/// What was observed.
#[derive(Clone)]
pub struct Catalog {
    pub(crate) position: Offset,
    pub(crate) began: Millis,
    pub(crate) missed: u64,
    pub(crate) unlisted_events: u64,
    pub(crate) unlisted_properties: u64,
    pub(crate) events: Vec<ObservedEvent>,
    pub(crate) properties: usize,
    index: HashMap<(NameId, NameId), u32, FixedState>,
    key: SketchKey,
}

impl Catalog {
    /// An empty one that begins at an offset of the journal.
    pub fn new(key: SketchKey, position: Offset, began: Millis) -> Catalog {
        Catalog {
            position,
            began,
            missed: 0,
            unlisted_events: 0,
            unlisted_properties: 0,
            events: Vec::new(),
            properties: 0,
            index: HashMap::default(),
            key,
        }
    }

    /// Adds the event at `offset`, which follows everything that was added before.
    pub fn add(&mut self, view: &RecordView<'_>, offset: Offset, names: &Names) {
        self.position = Offset(offset.0 + 1);
        let at = view.received_at();
        let Some(place) = self.place_of(view.source(), view.name(), at) else {
            self.unlisted_events += 1;
            return;
        };
        let Some(event) = self.events.get_mut(place) else { return };
        event.events += 1;
        event.last = event.last.max(at);
        event.newest = offset;
        event.unnamed += view.unnamed();
        let (hour, day) = (number_of(at, Millis::HOUR), number_of(at, Millis::DAY));
        event.hours.add(hour, HOURS);
        event.days.add(day, DAYS);
        let of_hour = event.hours.at(hour);
        let mut adding = Adding {
            number: event.events,
            at,
            hour,
            day,
            offset,
            room: PROPERTIES_MAX.saturating_sub(self.properties),
            unlisted: 0,
            next: 0,
            key: self.key,
            names,
        };
        let before = event.properties.len();
        let profiled = of_hour <= PROFILED_FIRST || of_hour.is_multiple_of(PROFILED_ONE_OF);
        for leaf in view.leaves() {
            // A record that does not read is a defect of ours, which delivery reports; what was read of it stays counted.
            let Ok(leaf) = leaf else { break };
            let Some(value_type) = ValueType::of(leaf.kind) else { continue };
            let Some(property) = adding.property(event, leaf.path) else { continue };
            property.types[value_type as usize] += 1;
            if profiled {
                match value_type {
                    ValueType::String => property.profile.add_string(property.key, at, leaf.text),
                    ValueType::Number => property.profile.add_number(property.key, leaf.text),
                    _ => {}
                }
            }
        }
        for finding in view.findings() {
            if let Some(property) = adding.property(event, finding.path) {
                let (number, before) = (adding.number, property.events.saturating_sub(1));
                let found = finding_of(property, finding.category);
                if found.seen != number {
                    found.seen = number;
                    found.test(true);
                    if found.events == 0 {
                        (found.first, found.before) = (at, before);
                    }
                    found.events += 1;
                    found.last = found.last.max(at);
                    if profiled && finding.action == Action::Drop {
                        property.profile.add_dropped(finding.category);
                    }
                }
            }
        }
        for (path, category, times) in view.near_misses() {
            if let Some(property) = adding.property(event, path) {
                let found = finding_of(property, category);
                found.near_misses += times;
                found.test(false);
            }
        }
        for finding in view.passes_by_chance() {
            if let Some(property) = adding.property(event, finding.path) {
                finding_of(property, finding.category).test(true);
            }
        }
        for (path, _) in view.withheld() {
            if let Some(property) = adding.property(event, path)
                && property.withheld_seen != adding.number
            {
                property.withheld_seen = adding.number;
                property.withheld += 1;
            }
        }
        self.unlisted_properties += adding.unlisted;
        self.properties += event.properties.len() - before;
    }

    /// These offsets could not be read; the next event comes from behind them.
    pub fn miss(&mut self, to: Offset) {
        self.missed += to.0.saturating_sub(self.position.0);
        self.position = to;
    }

    /// The journal offset behind the newest event in it.
    pub fn position(&self) -> Offset {
        self.position
    }

    /// When it began.
    pub fn began(&self) -> Millis {
        self.began
    }

    /// Events that it could not read: damaged, or trimmed before it came to them.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Events of a name that is not listed, because [`EVENTS_MAX`] are.
    pub fn unlisted_events(&self) -> u64 {
        self.unlisted_events
    }

    /// Values of properties that are not listed, because [`PROPERTIES_MAX`] are.
    pub fn unlisted_properties(&self) -> u64 {
        self.unlisted_properties
    }

    /// All events, in the order in which they were first seen.
    pub fn events(&self) -> &[ObservedEvent] {
        &self.events
    }

    /// One event of one source.
    pub fn event(&self, source: NameId, name: NameId) -> Option<&ObservedEvent> {
        self.events.get(*self.index.get(&(source, name))? as usize)
    }

    /// How many properties are listed.
    pub fn properties(&self) -> usize {
        self.properties
    }

    /// About the memory that it takes.
    pub fn memory_bytes(&self) -> usize {
        let of_property = |p: &ObservedProperty| {
            p.hours.heap_bytes()
                + p.days.heap_bytes()
                + p.profile.heap_bytes()
                + p.findings.capacity() * size_of::<ObservedFinding>()
        };
        let of_event = |e: &ObservedEvent| {
            e.hours.heap_bytes()
                + e.days.heap_bytes()
                + e.properties.capacity() * size_of::<ObservedProperty>()
                + e.index.allocation_size()
                + e.properties.iter().map(of_property).sum::<usize>()
        };
        self.events.capacity() * size_of::<ObservedEvent>()
            + self.index.allocation_size()
            + self.events.iter().map(of_event).sum::<usize>()
    }

    fn place_of(&mut self, source: NameId, name: NameId, at: Millis) -> Option<usize> {
        if let Some(place) = self.index.get(&(source, name)) {
            return Some(*place as usize);
        }
        if self.events.len() >= EVENTS_MAX {
            return None;
        }
        self.insert(ObservedEvent {
            source,
            name,
            first: at,
            last: at,
            events: 0,
            newest: Offset(0),
            unnamed: 0,
            hours: Window::default(),
            days: Window::default(),
            properties: Vec::new(),
            index: HashMap::default(),
        })
    }

    /// Lists an event; `None` where it is listed already.
    pub(crate) fn insert(&mut self, mut event: ObservedEvent) -> Option<usize> {
        let place = self.events.len();
        if self.index.insert((event.source, event.name), u32::try_from(place).ok()?).is_some() {
            return None;
        }
        event.index = event.properties.iter().zip(0..).map(|(property, place)| (property.path, place)).collect();
        self.properties += event.properties.len();
        self.events.push(event);
        Some(place)
    }
}

/// Counts only.
impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Catalog({} events, {} properties, to {})", self.events.len(), self.properties, self.position.0)
    }
}

/// One event on its way into the catalog.
struct Adding<'n> {
    number: u64,
    at: Millis,
    hour: u32,
    day: u32,
    offset: Offset,
    room: usize,
    unlisted: u64,
    /// Where the next property probably is: events of one name mostly have the same ones in the same order.
    next: usize,
    key: SketchKey,
    names: &'n Names,
}

impl Adding<'_> {
    /// The property of a path, counted for this event; `None` for a root, an unclean path, or one that there is no room for. In
    /// place: each leaf of each event comes by here.
    #[inline(always)]
    fn property<'e>(&mut self, event: &'e mut ObservedEvent, path: NameId) -> Option<&'e mut ObservedProperty> {
        let place = match event.properties.get(self.next) {
            Some(guess) if guess.path == path => self.next,
            _ => self.look_up(event, path)?,
        };
        self.next = place + 1;
        let property = event.properties.get_mut(place)?;
        if property.seen != self.number {
            property.seen = self.number;
            property.events += 1;
            property.last = property.last.max(self.at);
            property.newest = self.offset;
            property.hours.add(self.hour, HOURS);
            property.days.add(self.day, DAYS);
        }
        Some(property)
    }

    #[inline(never)]
    fn look_up(&mut self, event: &mut ObservedEvent, path: NameId) -> Option<usize> {
        if path.0 <= NameId::GROUP_ROOT.0 {
            return None;
        }
        if let Some(place) = event.index.get(&path) {
            return Some(*place as usize);
        }
        if self.room == 0 {
            self.unlisted += 1;
            return None;
        }
        self.room -= 1;
        let place = event.properties.len();
        event.index.insert(path, u32::try_from(place).ok()?);
        event.properties.push(ObservedProperty {
            path,
            first: self.at,
            last: self.at,
            events: 0,
            withheld: 0,
            newest: self.offset,
            types: [0; 6],
            findings: Vec::new(),
            hours: Window::default(),
            days: Window::default(),
            profile: Profile::default(),
            key: self.key.of_path(self.names.text(path)),
            seen: 0,
            withheld_seen: 0,
        });
        Some(place)
    }
}

fn finding_of(property: &mut ObservedProperty, category: Category) -> &mut ObservedFinding {
    let place = property.findings.iter().position(|f| f.category == category).unwrap_or_else(|| {
        property.findings.push(ObservedFinding::of(category));
        property.findings.len() - 1
    });
    &mut property.findings[place]
}

/// The number of the hour or day that an instant lies in.
pub fn number_of(at: Millis, unit: i64) -> u32 {
    u32::try_from(at.0.div_euclid(unit)).unwrap_or(0)
}
