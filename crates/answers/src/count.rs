//! Counting rows that come subject by subject: how many events, of how many different people and organisations, in each field set, slice and day.
//!
//! "How many different people" is a counter with a mark of the last person who was counted, because a person's rows come together and
//! no thread sees another's. Organisations do not come together: there are bits for each of them and each group.
//!
//! This runs once for every row of a window, some twelve million: what is beside it in memory decides what it costs, not what it adds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use weir_event::{GenerationId, Millis};
use weir_ledger::Purpose;
use weir_rows::facts::BatchFact;
use weir_rows::file::{Column, Columns};
use weir_rows::scan::Visitor;
use weir_rows::{Batches, Held, View};

use crate::exposure::{Counted, Exposure, Field, Share, Withheld};
use crate::seen::{Seen, each_bit};
use crate::shape::Shape;

/// What all threads count by.
pub(crate) struct Frame<'f> {
    view: &'f View,
    batches: &'f Batches,
    shapes: &'f [Shape],
    /// The days of the answer and its configurations.
    days: Vec<i64>,
    generations: Vec<GenerationId>,
    /// Of each batch from `base` on: its kind.
    base: u64,
    kind_of: Vec<u16>,
    kinds: Vec<Kind>,
    /// The paths and the events of all field sets; each has a bit for each of its paths, in so many words.
    paths: Vec<&'f str>,
    words: usize,
    masks: Vec<u64>,
    events: Vec<&'f str>,
    event_of: Vec<u32>,
}

/// What a row says through its batch. Batches of one kind are counted together, so that a row looks at two bytes of its batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    day: u32,
    generation: u32,
    purpose: u8,
    /// What became of its rows, `None` where they differ.
    held: Option<Held>,
}

impl Kind {
    fn of(fact: &BatchFact, batches: &Batches, days: &[i64], generations: &[GenerationId]) -> Kind {
        Kind {
            day: days.partition_point(|known| *known < fact.at.day()) as u32,
            generation: generations.partition_point(|known| *known < fact.generation()) as u32,
            purpose: fact.purpose,
            held: batches.held_all(fact.batch),
        }
    }
}

/// The kind of a batch that is not asked about; the others are counted from 1 on.
const OUTSIDE: u16 = 0;
/// A batch whose kind has no number, because there are more than fit: it is looked up. Years of one day's configurations each.
const OTHER: u16 = u16::MAX;

impl<'f> Frame<'f> {
    pub(crate) fn new(view: &'f View, batches: &'f Batches, shapes: &'f [Shape]) -> Frame<'f> {
        let facts = batches.facts();
        let days: Vec<i64> = facts.iter().map(|fact| fact.at.day()).collect::<BTreeSet<_>>().into_iter().collect();
        let generations: Vec<GenerationId> =
            facts.iter().map(BatchFact::generation).collect::<BTreeSet<_>>().into_iter().collect();
        let kind = |fact: &BatchFact| Kind::of(fact, batches, &days, &generations);
        let kinds: Vec<Kind> = facts.iter().map(kind).collect::<BTreeSet<_>>().into_iter().collect();
        let base = facts.first().map_or(0, |fact| fact.batch);
        let span = facts.last().map_or(0, |fact| (fact.batch - base + 1) as usize);
        let mut kind_of = vec![OUTSIDE; span];
        for fact in facts {
            let number = kinds.partition_point(|known| *known < kind(fact)) + 1;
            kind_of[(fact.batch - base) as usize] = number.min(usize::from(OTHER)) as u16;
        }
        let left = |shape: &'f Shape| shape.left.iter().map(|(path, _, _)| path.as_str());
        let paths: Vec<&str> = shapes.iter().flat_map(left).collect::<BTreeSet<_>>().into_iter().collect();
        let words = paths.len().div_ceil(64);
        let mut masks = vec![0; words * (shapes.len() + 1)];
        for (number, shape) in (1..).zip(shapes) {
            for path in left(shape) {
                let bit = paths.partition_point(|p| *p < path);
                masks[number * words + bit / 64] |= 1 << (bit % 64);
            }
        }
        let events: Vec<&str> =
            shapes.iter().map(|shape| shape.event.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
        let event = |shape: &Shape| events.partition_point(|e| *e < shape.event.as_str()) as u32;
        let event_of = std::iter::once(0).chain(shapes.iter().map(event)).collect();
        Frame { view, batches, shapes, days, generations, base, kind_of, kinds, paths, words, masks, events, event_of }
    }

    /// The kind of a batch, by its number; `None` where it is not asked about.
    #[inline]
    fn kind(&self, batch: u64) -> Option<usize> {
        match *self.kind_of.get(batch.wrapping_sub(self.base) as usize)? {
            OUTSIDE => None,
            OTHER => self.find(batch),
            number => Some(usize::from(number) - 1),
        }
    }

    #[cold]
    fn find(&self, batch: u64) -> Option<usize> {
        let kind = Kind::of(self.batches.fact(batch)?, self.batches, &self.days, &self.generations);
        self.kinds.binary_search(&kind).ok()
    }

    fn shape(&self, number: usize) -> Option<&'f Shape> {
        number.checked_sub(1).and_then(|at| self.shapes.get(at))
    }
}

/// Rows that came together. The last person who was counted is remembered, so that none is counted twice; people are numbered from 1 on.
#[derive(Clone, Default)]
struct Group {
    events: u64,
    subjects: u64,
    last: u32,
    /// Known in the end only.
    organisations: u64,
}

impl Group {
    /// Counts a person once; whether that is new.
    #[inline]
    fn person(&mut self, person: u32) -> bool {
        let is_new = self.last != person;
        self.last = person;
        self.subjects += u64::from(is_new);
        is_new
    }

    fn share(&self) -> Share {
        Share { events: self.events, subjects: self.subjects, organisations: self.organisations }
    }
}

/// See the module.
pub(crate) struct Counter<'f> {
    frame: &'f Frame<'f>,
    answer: Exposure,
    /// Rows that count, by the kind of their batch; and a bit for each batch that has such rows.
    by_kind: Vec<u64>,
    counted: Vec<u64>,
    /// The person whose rows come, 0: nobody.
    person: u32,
    people: u32,
    subject: u64,
    is_erased: bool,
    /// The field sets of that person so far; its last organisation (0: none), and whether it has others.
    own_sets: Vec<u32>,
    own_organisation: Option<(u64, bool)>,
    /// The organisation of the last row, and its number.
    organisation: (u64, u32),
    organisations: HashMap<u64, u32, RandomState>,
    /// Of each organisation the field sets and, behind them, the days that it is in: a row of bits, because an organisation's rows come
    /// closer together than a set's.
    groups_of: Vec<u64>,
    /// Of each slice its organisations: slices are numbered as names are, too many for that row of bits.
    organisations_of: Vec<Seen>,
    sets: Vec<Group>,
    slices: Vec<Group>,
    days: Vec<Group>,
    events: Vec<Group>,
    /// Rows by field set and day.
    by_day: Vec<u64>,
    /// Whether a field set left under a configuration.
    by_generation: Vec<bool>,
    /// People who have but one field set, by it; and the people of each path who have more.
    singles: Vec<u64>,
    paths: Vec<u64>,
    mask: Vec<u64>,
}

impl<'f> Counter<'f> {
    pub(crate) fn new(frame: &'f Frame<'f>) -> Counter<'f> {
        let sets = frame.shapes.len() + 1;
        Counter {
            frame,
            answer: Exposure::default(),
            by_kind: vec![0; frame.kinds.len()],
            counted: vec![0; frame.kind_of.len().div_ceil(64)],
            person: 0,
            people: 0,
            subject: 0,
            is_erased: false,
            own_sets: Vec::new(),
            own_organisation: None,
            organisation: (0, 0),
            organisations: HashMap::default(),
            groups_of: Vec::new(),
            organisations_of: vec![Seen::default(); frame.view.dictionary.names.len() + 1],
            sets: vec![Group::default(); sets],
            slices: vec![Group::default(); frame.view.dictionary.names.len() + 1],
            days: vec![Group::default(); frame.days.len()],
            events: vec![Group::default(); frame.events.len()],
            by_day: vec![0; sets * frame.days.len()],
            by_generation: vec![false; sets * frame.generations.len()],
            singles: vec![0; sets],
            paths: vec![0; frame.paths.len()],
            mask: vec![0; frame.words],
        }
    }

    /// Words of an organisation's row of bits.
    fn row_words(&self) -> usize {
        (self.sets.len() + self.days.len()).div_ceil(64)
    }

    /// The number of an organisation.
    #[inline]
    fn number(&mut self, organisation: u64) -> u32 {
        if self.organisation.0 != organisation {
            let next = self.organisations.len() as u32;
            let number = *self.organisations.entry(organisation).or_insert(next);
            if number == next {
                self.groups_of.resize(self.groups_of.len() + self.row_words(), 0);
            }
            self.organisation = (organisation, number);
        }
        self.organisation.1
    }

    /// Counts a row if the vendor may have it, and says so.
    #[inline]
    fn row(&mut self, rows: &Columns, at: usize) -> bool {
        let frame = self.frame;
        let (Some(batch), Some(set), Some(slice), Some(organisation)) = (
            rows.batches().get(at),
            rows.narrow(Column::FieldSet).get(at),
            rows.narrow(Column::Slice).get(at),
            rows.organisations().get(at),
        ) else {
            return false;
        };
        let (batch, organisation) = (batch.cast_unsigned(), organisation.cast_unsigned());
        let (set, slice) = (*set as usize, *slice as usize);
        let Some(number) = frame.kind(batch) else { return false };
        let kind = &frame.kinds[number];
        let of_row = || frame.batches.held(batch, rows.narrow(Column::Index)[at] as u16);
        let events = rows.events(at);
        match kind.held.unwrap_or_else(of_row) {
            Held::Accepted => self.answer.sums.accepted += events,
            Held::Possibly => self.answer.sums.possibly_held += events,
            Held::Outside | Held::Replaced => return false,
            Held::Rejected => {
                self.answer.sums.rejected += events;
                return false;
            }
            Held::Returned => {
                self.answer.sums.returned += events;
                return false;
            }
        }
        self.by_kind[number] += events;
        let place = (batch - frame.base) as usize;
        self.counted[place / 64] |= 1 << (place % 64);
        let (day, generation) = (kind.day as usize, kind.generation as usize);
        self.days[day].events += events;
        if set == 0 || self.is_erased {
            self.answer.erased += events;
            return false;
        }
        // A number that the dictionary does not have is in no file of ours.
        if set >= self.sets.len() || slice >= self.slices.len() {
            return false;
        }
        self.sets[set].events += events;
        self.slices[slice].events += events;
        self.by_day[set * frame.days.len() + day] += events;
        self.by_generation[set * frame.generations.len() + generation] = true;
        let mut is_new = self.person == 0;
        if self.person == 0 {
            self.answer.without_subject += events;
        } else {
            is_new |= self.days[day].person(self.person);
            is_new |= self.slices[slice].person(self.person);
            if self.sets[set].person(self.person) {
                is_new = true;
                self.own_sets.push(set as u32);
                self.events[frame.event_of[set] as usize].person(self.person);
            }
        }
        // Nothing is new about a row of a person whose rows are all of one organisation, in groups in which it was before.
        let before = self.own_organisation;
        let has_others = before.is_some_and(|(first, others)| others || first != organisation);
        self.own_organisation = Some((organisation, has_others));
        if organisation != 0 && (is_new || has_others) {
            let number = self.number(organisation);
            let row = number as usize * self.row_words();
            let day = self.sets.len() + day;
            self.groups_of[row + set / 64] |= 1 << (set % 64);
            self.groups_of[row + day / 64] |= 1 << (day % 64);
            self.organisations_of[slice].add(number);
        }
        true
    }

    /// The person's rows are over: in which paths it was.
    fn end_person(&mut self) {
        match self.own_sets.as_slice() {
            [] => {}
            [set] => self.singles[*set as usize] += 1,
            many => {
                let words = self.frame.words;
                self.mask.fill(0);
                for set in many {
                    let of_set = &self.frame.masks[*set as usize * words..][..words];
                    self.mask.iter_mut().zip(of_set).for_each(|(all, of_set)| *all |= of_set);
                }
                let paths = &mut self.paths;
                each_bit(&self.mask, |bit| paths[bit] += 1);
            }
        }
        self.answer.subjects += u64::from(!self.own_sets.is_empty());
        self.own_sets.clear();
        self.own_organisation = None;
    }

    /// Adds what another thread counted, which saw other people.
    pub(crate) fn add(&mut self, mut other: Counter<'f>) {
        self.end_person();
        other.end_person();
        let mut numbers = vec![0; other.organisations.len()];
        let words = self.row_words();
        for (organisation, number) in &other.organisations {
            let mine = self.number(*organisation);
            numbers[*number as usize] = mine;
            let from = &other.groups_of[*number as usize * words..][..words];
            let to = &mut self.groups_of[mine as usize * words..][..words];
            to.iter_mut().zip(from).for_each(|(to, from)| *to |= from);
        }
        let groups = |to: &mut [Group], from: &[Group]| {
            for (to, from) in to.iter_mut().zip(from) {
                to.events += from.events;
                to.subjects += from.subjects;
            }
        };
        groups(&mut self.sets, &other.sets);
        groups(&mut self.slices, &other.slices);
        groups(&mut self.days, &other.days);
        groups(&mut self.events, &other.events);
        for (to, from) in self.organisations_of.iter_mut().zip(&other.organisations_of) {
            from.each(|number| to.add(numbers[number]));
        }
        let sum = |to: &mut [u64], from: &[u64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        sum(&mut self.singles, &other.singles);
        sum(&mut self.paths, &other.paths);
        self.by_generation.iter_mut().zip(&other.by_generation).for_each(|(to, from)| *to |= from);
        sum(&mut self.by_day, &other.by_day);
        sum(&mut self.by_kind, &other.by_kind);
        self.counted.iter_mut().zip(&other.counted).for_each(|(to, from)| *to |= from);
        let (to, from) = (&mut self.answer, &other.answer);
        to.sums.accepted += from.sums.accepted;
        to.sums.possibly_held += from.sums.possibly_held;
        to.sums.rejected += from.sums.rejected;
        to.sums.returned += from.sums.returned;
        to.erased += from.erased;
        to.without_subject += from.without_subject;
        to.subjects += from.subjects;
    }

    /// What it comes to.
    pub(crate) fn finish(mut self) -> Exposure {
        self.end_person();
        self.batches();
        let frame = self.frame;
        let mut answer = std::mem::take(&mut self.answer);
        let (mut fields, mut withheld) = (BTreeMap::<&str, Field>::new(), BTreeMap::<(&str, &str), Withheld>::new());
        for (number, shape) in (1..).zip(frame.shapes) {
            let of_set = self.sets[number].events;
            if of_set == 0 {
                continue;
            }
            each_bit(&frame.masks[number * frame.words..][..frame.words], |path| {
                self.paths[path] += self.singles[number];
            });
            let event = &mut self.events[frame.event_of[number] as usize];
            event.events += of_set;
            // A path has a line for each category that was found in it and each action: a row counts once for each of them.
            let mut said = BTreeSet::new();
            for (path, category, action) in &shape.left {
                let field = fields.entry(path).or_default();
                if said.insert((path, None, None)) {
                    *field.events.entry(shape.event.clone()).or_default() += of_set;
                }
                if said.insert((path, None, Some(action))) {
                    *field.actions.entry(action.clone()).or_default() += of_set;
                }
                if let Some(category) = category.as_ref().filter(|of| said.insert((path, Some(*of), None))) {
                    *field.categories.entry(category.clone()).or_default() += of_set;
                }
            }
            let generations = &self.by_generation[number * frame.generations.len()..];
            for (path, rule) in &shape.withheld {
                let line = withheld.entry((path, rule)).or_default();
                line.events += of_set;
                let of_set = frame.generations.iter().zip(generations).filter(|(_, is_there)| **is_there);
                line.generations.extend(of_set.map(|(generation, _)| *generation));
            }
            let categories: BTreeSet<&str> =
                shape.left.iter().filter_map(|(_, category, _)| category.as_deref()).collect();
            for category in categories {
                let of = answer.categories.entry(category.to_owned()).or_default();
                let of_set = &self.by_day[number * frame.days.len()..];
                for (day, count) in frame.days.iter().zip(of_set).filter(|(_, count)| **count > 0) {
                    *of.entry(*day).or_default() += count;
                }
            }
        }
        self.organisations(&mut answer);
        let subjects = |path: &str| self.paths[frame.paths.partition_point(|p| *p < path)];
        answer.fields = fields
            .into_iter()
            .map(|(path, field)| Field { path: path.to_owned(), subjects: subjects(path), ..field })
            .collect();
        answer.withheld = withheld
            .into_iter()
            .map(|((path, rule), line)| Withheld { path: path.to_owned(), rule: rule.to_owned(), ..line })
            .collect();
        let counted = |group: &&Group| group.events > 0;
        let events = frame.events.iter().zip(&self.events).filter(|(_, group)| counted(group));
        answer.events = events.map(|(name, group)| ((*name).to_owned(), group.share())).collect();
        let days = frame.days.iter().zip(&self.days).filter(|(_, group)| counted(group));
        answer.days = days.map(|(day, group)| (*day, group.share())).collect();
        for (number, group) in (0..).zip(&self.slices).filter(|(_, group)| counted(group)) {
            let name = frame.view.dictionary.name(number).unwrap_or_default();
            answer.slices.insert(name.to_owned(), group.share());
        }
        answer
    }

    /// How many organisations are in each event, on each day, in each slice and in all.
    fn organisations(&mut self, answer: &mut Exposure) {
        let (words, sets) = (self.row_words(), self.sets.len());
        for (slice, seen) in self.slices.iter_mut().zip(&self.organisations_of) {
            slice.organisations = seen.count();
        }
        // Several field sets may be of one event: the last organisation of each, from 1 on.
        let mut last = vec![0; self.events.len()];
        for number in 0..self.organisations.len() {
            let of = &self.groups_of[number * words..][..words];
            answer.organisations += u64::from(of.iter().any(|word| *word != 0));
            let (events, days, event_of) = (&mut self.events, &mut self.days, &self.frame.event_of);
            each_bit(of, |group| match group.checked_sub(sets) {
                Some(day) => days[day].organisations += 1,
                None => {
                    let event = event_of[group] as usize;
                    events[event].organisations += u64::from(last[event] != number + 1);
                    last[event] = number + 1;
                }
            });
        }
    }

    /// What rows say through their batches.
    fn batches(&mut self) {
        let (frame, answer) = (self.frame, &mut self.answer);
        for (kind, rows) in frame.kinds.iter().zip(&self.by_kind).filter(|(_, rows)| **rows > 0) {
            match Purpose::from_number(kind.purpose) {
                Some(Purpose::Resend) => answer.sums.resent += rows,
                Some(Purpose::Ask) => answer.sums.asked += rows,
                Some(Purpose::Deliver | Purpose::Replay) | None => {}
            }
            let generation = frame.generations[kind.generation as usize];
            answer.generations.entry(generation).or_insert((Millis(i64::MAX), Millis(i64::MIN), 0)).2 += rows;
        }
        for fact in frame.batches.facts() {
            let place = (fact.batch - frame.base) as usize;
            if self.counted[place / 64] >> (place % 64) & 1 == 0 {
                continue;
            }
            let (first, last) = fact.span();
            let span = answer.span.get_or_insert((first, last));
            *span = (span.0.min(first), span.1.max(last));
            if let Some(of) = answer.generations.get_mut(&fact.generation()) {
                *of = (of.0.min(first), of.1.max(last), of.2);
            }
            if fact.is_month {
                answer.sums_until = answer.sums_until.max(Some(last));
            }
        }
    }
}

impl Visitor for Counter<'_> {
    #[inline]
    fn wants(&self, batch: u64) -> bool {
        self.frame.kind_of.get(batch.wrapping_sub(self.frame.base) as usize).is_some_and(|kind| *kind != OUTSIDE)
    }

    fn subject(&mut self, subject: u64) {
        self.end_person();
        self.subject = subject;
        self.is_erased = self.frame.view.is_erased(subject);
        self.person = 0;
        if subject != 0 {
            // More than 2^32 people do not fit a ledger: rows bear 8 bytes of a tag.
            self.people = self.people.wrapping_add(1).max(1);
            self.person = self.people;
        }
    }

    fn rows(&mut self, rows: &Columns, range: Range<usize>) {
        for at in range {
            self.row(rows, at);
        }
    }
}

/// Counts, and shows each row that counts.
pub(crate) struct Each<'f, 'e> {
    pub(crate) counter: Counter<'f>,
    pub(crate) each: &'e mut dyn FnMut(Counted<'_>),
}

impl Visitor for Each<'_, '_> {
    fn wants(&self, batch: u64) -> bool {
        self.counter.wants(batch)
    }

    fn subject(&mut self, subject: u64) {
        self.counter.subject(subject);
    }

    fn rows(&mut self, rows: &Columns, range: Range<usize>) {
        for at in range {
            if !self.counter.row(rows, at) {
                continue;
            }
            let frame = self.counter.frame;
            let event = frame.shape(rows.narrow(Column::FieldSet)[at] as usize).map_or("", |s| s.event.as_str());
            let organisation = rows.organisations()[at].cast_unsigned();
            let Some(fact) = frame.batches.fact(rows.batches()[at].cast_unsigned()) else { continue };
            let sum = fact.is_month.then(|| rows.events(at));
            (self.each)(Counted { at: fact.at, subject: self.counter.subject, organisation, event, sum });
        }
    }
}
