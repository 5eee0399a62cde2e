//! What a vendor had before Weir: made of its export by [`Collector`], kept as *declared* evidence (D13), never summed with what Weir
//! sent. Fields, categories, counts, short forms of tags as rows bear them; no value and no id.
//!
//! # Who had what
//! Each subject has a *profile*: the set of (field, category) that was in any of its events. Profiles are few where subjects are many,
//! so a subject costs its short tag and a number, and "of how many people", "of this person" are exact. Where there are more than
//! [`PROFILES_MAX`] different profiles, further subjects have none, and answers say of how many that is so.
//!
//! # Bytes, version 1
//! `WEIRHELD`, version (2 bytes, little-endian), then; numbers are LEB128, texts a length and UTF-8, lists a count and their items.
//!
//! | what | bytes |
//! |---|---|
//! | vendor, destination (empty: none), environment, identity space | texts |
//! | declared window: first and last day + 1, from 1970; 0 each: not said | numbers |
//! | when it was imported, Unix milliseconds | 8 bytes, little-endian |
//! | first and last time of an event, Unix milliseconds; both 0: no event says one | 8 bytes each |
//! | events, of these without a time, withheld at the gate, without a subject; events of other days, left out; places that could not be read | numbers |
//! | files of the export | list of SHA-256 (32 bytes), length |
//! | events by name | list of text, number |
//! | events by day | list of days since 1970 (zigzag), number |
//! | items: path, the vendor's name for it, category number or 0, likelihood (0 to 5), types (bits), shape (masked), events | list |
//! | profiles | list of lists of item numbers, ascending, each less the one before and 1 |
//! | subjects, ascending | list of difference to the one before, profile + 1 or 0 |
//! | organisations, ascending | list of differences |
//!
//! Nothing may follow. The limits are the constants of this file.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use weir_event::wire::{Cursor, WireError, put_bytes, put_varint};
use weir_event::{Category, DestinationId, Likelihood, Millis};

/// The newest version.
pub const VERSION: u16 = 1;
const MAGIC: &[u8; 8] = b"WEIRHELD";
/// Different profiles.
pub const PROFILES_MAX: usize = 65_536;
/// Different (field, category).
const ITEMS_MAX: usize = 200_000;
/// Names of events. What has further ones is counted, but not by name.
const NAMES_MAX: usize = 20_000;
/// Different days. What is of further ones, as broken clocks have it, is counted, but not by day.
const DAYS_MAX: usize = 200_000;
/// Files of one export.
pub const FILES_MAX: usize = 100_000;
const SUBJECTS_MAX: usize = 100_000_000;
/// Of one text. A field with a longer path is left out.
const TEXT_BYTES_MAX: usize = 2_000;
/// Unions that are remembered while an export is read.
const UNIONS_MAX: usize = 1 << 20;

/// What an export is said to be of.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Said {
    /// The company.
    pub vendor: String,
    /// The destination that goes on with it, where there is one.
    pub destination: Option<DestinationId>,
    /// Under which environment's key its ids were tagged.
    pub environment: String,
    /// And in which identity space.
    pub space: String,
    /// The days that it is of, first and last, from 1970; the operator's word.
    pub days: Option<(i64, i64)>,
}

/// A field, or a field with something found in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Its path.
    pub path: String,
    /// The vendor's name for it.
    pub label: String,
    /// What was found in it; `None` stands for the field itself.
    pub category: Option<Category>,
    /// How sure, at best.
    pub likelihood: Option<Likelihood>,
    /// Types of its values: string 1, number 2, boolean 4, null 8.
    pub kinds: u8,
    /// The masked shape of a value.
    pub shape: String,
    /// In how many events.
    pub events: u64,
}

/// What a vendor had.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Holding {
    /// What it is of.
    pub said: Said,
    /// When it was imported.
    pub imported: Option<Millis>,
    /// The first and the last time of an event.
    pub span: Option<(Millis, Millis)>,
    /// Events.
    pub events: u64,
    /// Of these without a time.
    pub undated: u64,
    /// Of these such that the gate would have withheld; of whom they are is not known.
    pub withheld: u64,
    /// Of these of nobody.
    pub without_subject: u64,
    /// Events of other days than those that it is said to be of: they are not counted anywhere else.
    pub outside: u64,
    /// Places of the export that could not be read: they may hold anything.
    pub damaged: u64,
    /// Digest and length of each file.
    pub files: Vec<([u8; 32], u64)>,
    /// Events by name.
    pub names: BTreeMap<String, u64>,
    /// Events by day, from 1970.
    pub days: BTreeMap<i64, u64>,
    /// Fields and what was found in them.
    pub items: Vec<Item>,
    /// Sets of items by number.
    profiles: Vec<Box<[u32]>>,
    /// Subjects, ascending, with their profile.
    subjects: Vec<(u64, Option<u32>)>,
    organisations: Vec<u64>,
}

/// One field for people: what was found in it, of how many.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldField<'h> {
    /// The field.
    pub item: &'h Item,
    /// Of how many subjects, among those whose profile is known.
    pub subjects: u64,
    /// What was found in it, the same for each category.
    pub found: Vec<(&'h Item, u64)>,
}

impl Holding {
    /// Different subjects.
    pub fn subjects(&self) -> u64 {
        self.subjects.len() as u64
    }

    /// Subjects of whom it is not known which fields they had.
    pub fn subjects_without_profile(&self) -> u64 {
        self.subjects.iter().filter(|(_, profile)| profile.is_none()).count() as u64
    }

    /// Different organisations.
    pub fn organisations(&self) -> u64 {
        self.organisations.len() as u64
    }

    /// Whether a subject is in it, and which items it had; `Some(None)`: it is in it, and nobody knows with what.
    pub fn of(&self, subject: u64) -> Option<Option<Vec<&Item>>> {
        let at = self.subjects.binary_search_by_key(&subject, |(tag, _)| *tag).ok()?;
        let items = |profile: u32| {
            let set = self.profiles.get(profile as usize)?;
            Some(set.iter().filter_map(|item| self.items.get(*item as usize)).collect())
        };
        Some(self.subjects[at].1.and_then(items))
    }

    /// Its fields by path, with the exact number of subjects of each.
    pub fn fields(&self) -> Vec<HeldField<'_>> {
        let mut by_profile = vec![0_u64; self.profiles.len()];
        for profile in self.subjects.iter().filter_map(|(_, profile)| *profile) {
            if let Some(count) = by_profile.get_mut(profile as usize) {
                *count += 1;
            }
        }
        let mut of_item = vec![0_u64; self.items.len()];
        for (set, count) in self.profiles.iter().zip(by_profile) {
            for item in set {
                if let Some(of) = of_item.get_mut(*item as usize) {
                    *of += count;
                }
            }
        }
        let mut fields: BTreeMap<&str, HeldField<'_>> = BTreeMap::new();
        for (item, subjects) in self.items.iter().zip(&of_item).filter(|(item, _)| item.category.is_none()) {
            fields.insert(&item.path, HeldField { item, subjects: *subjects, found: Vec::new() });
        }
        for (item, subjects) in self.items.iter().zip(&of_item).filter(|(item, _)| item.category.is_some()) {
            if let Some(field) = fields.get_mut(item.path.as_str()) {
                field.found.push((item, *subjects));
            }
        }
        fields.into_values().collect()
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        let said = &self.said;
        let destination = said.destination.as_ref().map_or("", DestinationId::as_str);
        for text in [said.vendor.as_str(), destination, said.environment.as_str(), said.space.as_str()] {
            put_bytes(&mut out, text.as_bytes());
        }
        let (first, last) = said.days.map_or((0, 0), |(first, last)| (zigzag(first) + 1, zigzag(last) + 1));
        put_varint(&mut out, first);
        put_varint(&mut out, last);
        let (from, to) = self.span.unwrap_or((Millis(0), Millis(0)));
        for at in [self.imported.unwrap_or(Millis(0)), from, to] {
            out.extend_from_slice(&at.0.to_le_bytes());
        }
        let counts = [self.events, self.undated, self.withheld, self.without_subject, self.outside, self.damaged];
        for count in counts {
            put_varint(&mut out, count);
        }
        put_varint(&mut out, self.files.len() as u64);
        for (digest, bytes) in &self.files {
            out.extend_from_slice(digest);
            put_varint(&mut out, *bytes);
        }
        put_varint(&mut out, self.names.len() as u64);
        for (name, count) in &self.names {
            put_bytes(&mut out, name.as_bytes());
            put_varint(&mut out, *count);
        }
        put_varint(&mut out, self.days.len() as u64);
        for (day, count) in &self.days {
            put_varint(&mut out, zigzag(*day));
            put_varint(&mut out, *count);
        }
        put_varint(&mut out, self.items.len() as u64);
        for item in &self.items {
            put_bytes(&mut out, item.path.as_bytes());
            put_bytes(&mut out, item.label.as_bytes());
            out.push(item.category.map_or(0, |category| category as u8));
            out.push(item.likelihood.map_or(0, |likelihood| likelihood as u8));
            out.push(item.kinds);
            put_bytes(&mut out, item.shape.as_bytes());
            put_varint(&mut out, item.events);
        }
        put_varint(&mut out, self.profiles.len() as u64);
        for set in &self.profiles {
            put_varint(&mut out, set.len() as u64);
            let mut next = 0;
            for item in set {
                put_varint(&mut out, u64::from(item - next));
                next = item + 1;
            }
        }
        put_varint(&mut out, self.subjects.len() as u64);
        let mut before = 0;
        for (subject, profile) in &self.subjects {
            put_varint(&mut out, subject - before);
            put_varint(&mut out, profile.map_or(0, |profile| u64::from(profile) + 1));
            before = *subject;
        }
        put_varint(&mut out, self.organisations.len() as u64);
        let mut before = 0;
        for organisation in &self.organisations {
            put_varint(&mut out, organisation - before);
            before = *organisation;
        }
        out
    }

    /// Reads them. What is over a limit or does not end where it should is refused.
    pub fn decode(bytes: &[u8]) -> Result<Holding, WireError> {
        let mut c = Cursor::new(bytes);
        if c.array::<8>()? != *MAGIC || u16::from_le_bytes(c.array()?) != VERSION {
            return Err(WireError(0));
        }
        let bad = |c: &Cursor<'_>| WireError(c.position());
        let (vendor, destination) = (text(&mut c)?, text(&mut c)?);
        let (environment, space) = (text(&mut c)?, text(&mut c)?);
        let destination = match destination.as_str() {
            "" => None,
            id => Some(DestinationId::parse(id).map_err(|_| bad(&c))?),
        };
        let days = match (c.varint()?, c.varint()?) {
            (0, 0) => None,
            (0, _) | (_, 0) => return Err(bad(&c)),
            (first, last) => Some((unzigzag(first - 1), unzigzag(last - 1))),
        };
        let said = Said { vendor, destination, environment, space, days };
        let (imported, from, to) = (Millis(c.i64()?), Millis(c.i64()?), Millis(c.i64()?));
        let mut holding = Holding {
            said,
            imported: (imported != Millis(0)).then_some(imported),
            span: ((from, to) != (Millis(0), Millis(0))).then_some((from, to)),
            events: c.varint()?,
            undated: c.varint()?,
            withheld: c.varint()?,
            without_subject: c.varint()?,
            outside: c.varint()?,
            damaged: c.varint()?,
            ..Holding::default()
        };
        for _ in 0..count(&mut c, FILES_MAX)? {
            holding.files.push((c.array()?, c.varint()?));
        }
        for _ in 0..count(&mut c, NAMES_MAX)? {
            let (name, times) = (text(&mut c)?, c.varint()?);
            holding.names.insert(name, times);
        }
        for _ in 0..count(&mut c, DAYS_MAX)? {
            let (day, times) = (unzigzag(c.varint()?), c.varint()?);
            holding.days.insert(day, times);
        }
        for _ in 0..count(&mut c, ITEMS_MAX)? {
            let (path, label) = (text(&mut c)?, text(&mut c)?);
            let category = match c.u8()? {
                0 => None,
                number => Some(Category::from_number(number).ok_or_else(|| bad(&c))?),
            };
            let sure = match c.u8()? {
                0 => None,
                number => Some(Likelihood::from_number(number).ok_or_else(|| bad(&c))?),
            };
            let (kinds, shape, events) = (c.u8()?, text(&mut c)?, c.varint()?);
            holding.items.push(Item { path, label, category, likelihood: sure, kinds, shape, events });
        }
        for _ in 0..count(&mut c, PROFILES_MAX)? {
            let (mut set, mut next) = (Vec::new(), 0_u64);
            for _ in 0..count(&mut c, ITEMS_MAX)? {
                let item = next.checked_add(c.varint()?).filter(|item| *item < holding.items.len() as u64);
                let item = item.ok_or_else(|| bad(&c))?;
                set.push(item as u32);
                next = item + 1;
            }
            holding.profiles.push(set.into());
        }
        let mut before = None;
        for _ in 0..count(&mut c, SUBJECTS_MAX)? {
            let subject = ascending(&mut c, &mut before)?;
            let profile = match c.varint()? {
                0 => None,
                number if number <= holding.profiles.len() as u64 => Some(number as u32 - 1),
                _ => return Err(bad(&c)),
            };
            holding.subjects.push((subject, profile));
        }
        let mut before = None;
        for _ in 0..count(&mut c, SUBJECTS_MAX)? {
            holding.organisations.push(ascending(&mut c, &mut before)?);
        }
        if c.is_done() { Ok(holding) } else { Err(bad(&c)) }
    }
}

/// A count that the rest can hold: every item has at least a byte.
fn count(c: &mut Cursor<'_>, max: usize) -> Result<usize, WireError> {
    let many = c.varint()?;
    let fits = usize::try_from(many).ok().filter(|many| *many <= max && *many <= c.rest().len());
    fits.ok_or(WireError(c.position()))
}

fn text(c: &mut Cursor<'_>) -> Result<String, WireError> {
    let text = c.str()?;
    if text.len() > TEXT_BYTES_MAX { Err(WireError(c.position())) } else { Ok(text.to_owned()) }
}

fn ascending(c: &mut Cursor<'_>, before: &mut Option<u64>) -> Result<u64, WireError> {
    let more = c.varint()?;
    let next = match before {
        None => Some(more),
        Some(before) => before.checked_add(more).filter(|_| more > 0),
    };
    let next = next.ok_or(WireError(c.position()))?;
    *before = Some(next);
    Ok(next)
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

const fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

/// One event of an export.
#[derive(Clone, Debug)]
pub struct Seen<'s> {
    /// Its name, judged clean (D1).
    pub name: &'s str,
    /// When it was, if it says so.
    pub at: Option<Millis>,
    /// Whose it is, as rows bear it; 0: nobody's. `None`: the gate would withhold it, and nobody knows.
    pub subject: Option<u64>,
    /// Of which organisation, 0: none.
    pub organisation: u64,
    /// Its items, as [`Collector::item`] numbered them; in any order, repeats count once.
    pub items: &'s [u32],
    /// Whether it is what the event before it says of the person: its fields are held, and it is no event more.
    pub is_part: bool,
}

impl Holding {
    /// Counts an event by its name and its day.
    fn count(&mut self, seen: &Seen<'_>) {
        self.events += 1;
        let has_room = self.names.len() < NAMES_MAX && seen.name.len() <= TEXT_BYTES_MAX;
        if has_room || self.names.contains_key(seen.name) {
            *self.names.entry(seen.name.to_owned()).or_default() += 1;
        }
        match seen.at {
            Some(at) => {
                self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
                if self.days.len() < DAYS_MAX || self.days.contains_key(&at.day()) {
                    *self.days.entry(at.day()).or_default() += 1;
                }
            }
            None => self.undated += 1,
        }
    }
}

/// Makes a holding of an export's events as they stream by.
#[derive(Default)]
pub struct Collector {
    holding: Holding,
    items: HashMap<(String, Option<Category>), u32, RandomState>,
    sets: HashMap<Box<[u32]>, u32, RandomState>,
    unions: HashMap<(u32, u32), Option<u32>, RandomState>,
    subjects: HashMap<u64, Option<u32>, RandomState>,
    organisations: HashSet<u64, RandomState>,
    /// The set of the event under way.
    set: Vec<u32>,
}

impl Collector {
    /// Nothing yet.
    pub fn new(said: Said) -> Collector {
        Collector { holding: Holding { said, ..Holding::default() }, ..Collector::default() }
    }

    /// The number of a field, or of something found in one; `None` where there are too many, or its path is too long.
    pub fn item(&mut self, path: &str, label: &str, category: Option<Category>) -> Option<u32> {
        if path.len().max(label.len()) > TEXT_BYTES_MAX {
            return None;
        }
        let key = (path.to_owned(), category);
        if let Some(number) = self.items.get(&key) {
            return Some(*number);
        }
        let number = u32::try_from(self.holding.items.len()).ok().filter(|number| (*number as usize) < ITEMS_MAX)?;
        let item = Item {
            path: path.to_owned(),
            label: label.to_owned(),
            category,
            likelihood: None,
            kinds: 0,
            shape: String::new(),
            events: 0,
        };
        self.holding.items.push(item);
        self.items.insert(key, number);
        Some(number)
    }

    /// How sure a finding is; the best counts.
    pub fn sure(&mut self, item: u32, likelihood: Likelihood) {
        if let Some(item) = self.holding.items.get_mut(item as usize) {
            item.likelihood = item.likelihood.max(Some(likelihood));
        }
    }

    /// The types of a field's values and the masked shape of one of them. Only of what has a number.
    pub fn describe(&mut self, path: &str, kinds: u8, shape: Option<&str>) {
        let number = self.items.get(&(path.to_owned(), None));
        let Some(item) = number.and_then(|number| self.holding.items.get_mut(*number as usize)) else { return };
        item.kinds |= kinds;
        if let Some(shape) = shape.filter(|shape| item.shape.is_empty() && shape.len() <= TEXT_BYTES_MAX) {
            shape.clone_into(&mut item.shape);
        }
    }

    /// Whether an event of this time is left out. What only such events have is no part of the holding: its items are not to be numbered.
    pub fn is_outside(&self, at: Option<Millis>) -> bool {
        let (days, day) = (self.holding.said.days, at.map(Millis::day));
        days.zip(day).is_some_and(|((first, last), day)| !(first..=last).contains(&day))
    }

    /// Takes in an event.
    pub fn event(&mut self, seen: &Seen<'_>) {
        let is_outside = self.is_outside(seen.at);
        let holding = &mut self.holding;
        if is_outside {
            holding.outside += u64::from(!seen.is_part);
            return;
        }
        if !seen.is_part {
            holding.count(seen);
        }
        let mut set = std::mem::take(&mut self.set);
        set.clear();
        set.extend_from_slice(seen.items);
        set.sort_unstable();
        set.dedup();
        for item in &set {
            if let Some(item) = holding.items.get_mut(*item as usize) {
                item.events += 1;
            }
        }
        match seen.subject {
            None => holding.withheld += u64::from(!seen.is_part),
            Some(0) => holding.without_subject += u64::from(!seen.is_part),
            Some(subject) => {
                let set = self.profile(&set);
                let profile = match self.subjects.get(&subject) {
                    None => set,
                    Some(before) => before.zip(set).and_then(|(before, set)| self.union(before, set)),
                };
                self.subjects.insert(subject, profile);
            }
        }
        self.set = set;
        if seen.organisation != 0 {
            self.organisations.insert(seen.organisation);
        }
    }

    fn profile(&mut self, set: &[u32]) -> Option<u32> {
        if let Some(number) = self.sets.get(set) {
            return Some(*number);
        }
        let number = self.holding.profiles.len();
        if number == PROFILES_MAX {
            return None;
        }
        self.holding.profiles.push(set.into());
        self.sets.insert(set.into(), number as u32);
        Some(number as u32)
    }

    fn union(&mut self, before: u32, set: u32) -> Option<u32> {
        if before == set {
            return Some(before);
        }
        if let Some(known) = self.unions.get(&(before, set)) {
            return *known;
        }
        let of = |number: u32| self.holding.profiles.get(number as usize).map_or(&[][..], |set| &set[..]);
        let mut both = [of(before), of(set)].concat();
        both.sort_unstable();
        both.dedup();
        let union = self.profile(&both);
        if self.unions.len() == UNIONS_MAX {
            self.unions.clear();
        }
        self.unions.insert((before, set), union);
        union
    }

    /// The end of the export: what it was made of, and what of it could not be read.
    pub fn finish(self, imported: Millis, files: Vec<([u8; 32], u64)>, damaged: u64) -> Holding {
        let mut holding = self.holding;
        holding.subjects = self.subjects.into_iter().collect();
        holding.subjects.sort_unstable();
        holding.organisations = self.organisations.into_iter().collect();
        holding.organisations.sort_unstable();
        (holding.imported, holding.files, holding.damaged) = (Some(imported), files, damaged);
        // Profiles on the way to a larger one are nobody's: they are left out.
        let mut used: Vec<Option<u32>> = vec![None; holding.profiles.len()];
        let mut profiles = Vec::new();
        for profile in holding.subjects.iter_mut().filter_map(|(_, profile)| profile.as_mut()) {
            let old = *profile as usize;
            *profile = *used[old].get_or_insert_with(|| {
                profiles.push(std::mem::take(&mut holding.profiles[old]));
                profiles.len() as u32 - 1
            });
        }
        holding.profiles = profiles;
        holding
    }
}
