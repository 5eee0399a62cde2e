//! Counting rows that come subject by subject: how many events, of how many different people and organisations, in each field set, slice and day.
//!
//! "How many different people" is a counter with a mark of the last person who was counted, because a person's rows come together and
//! no thread sees another's. Organisations do not come together; each group has a bit for each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use weir_event::{GenerationId, Millis};
use weir_ledger::Purpose;
use weir_rows::file::{Column, Columns};
use weir_rows::scan::Visitor;
use weir_rows::{Batches, Held, View};

use crate::exposure::{Counted, Exposure, Field, Share, Withheld};
use crate::seen::Seen;
use crate::shape::Shape;

/// What all threads count by.
pub(crate) struct Frame<'f> {
    view: &'f View,
    batches: &'f Batches,
    shapes: &'f [Shape],
    /// The days of the answer, and which of them each batch left on.
    days: Vec<i64>,
    day_of: Vec<u32>,
    /// The paths and the events of all field sets, and which of them each has.
    paths: Vec<&'f str>,
    events: Vec<&'f str>,
    paths_of: Vec<Vec<u32>>,
    event_of: Vec<u32>,
}

impl<'f> Frame<'f> {
    pub(crate) fn new(view: &'f View, batches: &'f Batches, shapes: &'f [Shape]) -> Frame<'f> {
        let day = |at: Millis| at.0.div_euclid(Millis::DAY);
        let days: Vec<i64> =
            batches.facts().iter().map(|fact| day(fact.at)).collect::<BTreeSet<_>>().into_iter().collect();
        let day_of = batches.facts().iter().map(|fact| days.partition_point(|d| *d < day(fact.at)) as u32).collect();
        let left = |shape: &'f Shape| shape.left.iter().map(|(path, _, _)| path.as_str());
        let paths: Vec<&str> = shapes.iter().flat_map(left).collect::<BTreeSet<_>>().into_iter().collect();
        let events: Vec<&str> =
            shapes.iter().map(|shape| shape.event.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
        let numbers = |shape| {
            let numbers = left(shape).map(|path| paths.partition_point(|p| *p < path) as u32);
            numbers.collect::<BTreeSet<u32>>().into_iter().collect()
        };
        let paths_of = shapes.iter().map(numbers).collect();
        let event_of = shapes.iter().map(|s| events.partition_point(|e| *e < s.event.as_str()) as u32).collect();
        Frame { view, batches, shapes, days, day_of, paths, events, paths_of, event_of }
    }

    fn shape(&self, number: usize) -> Option<&'f Shape> {
        number.checked_sub(1).and_then(|at| self.shapes.get(at))
    }
}

/// The last person who was counted, so that none is counted twice: people are numbered from 1 on.
#[derive(Clone, Copy, Default)]
struct Mark {
    last: u32,
    subjects: u64,
}

impl Mark {
    /// Whether the person is new here.
    #[inline]
    fn is_new(&mut self, person: u32) -> bool {
        let is_new = self.last != person;
        self.last = person;
        self.subjects += u64::from(is_new);
        is_new
    }
}

/// Rows that came together.
#[derive(Clone, Default)]
struct Group {
    events: u64,
    people: Mark,
    organisations: Seen,
}

/// The rows of a field set.
#[derive(Clone, Default)]
struct Set {
    group: Group,
    days: Vec<u32>,
    generations: BTreeSet<GenerationId>,
    last_place: Option<usize>,
}

/// See the module.
pub(crate) struct Counter<'f> {
    frame: &'f Frame<'f>,
    answer: Exposure,
    /// The person whose rows come, 0: nobody.
    person: u32,
    people: u32,
    subject: u64,
    all: Group,
    is_erased: bool,
    /// The organisation of the last row, and its number.
    organisation: (u64, u32),
    organisations: HashMap<u64, u32, RandomState>,
    sets: Vec<Set>,
    slices: Vec<Group>,
    days: Vec<Group>,
    paths: Vec<Mark>,
    events: Vec<Mark>,
    /// Of each batch how many of its rows count.
    counted: Vec<u32>,
}

impl<'f> Counter<'f> {
    pub(crate) fn new(frame: &'f Frame<'f>) -> Counter<'f> {
        Counter {
            frame,
            answer: Exposure::default(),
            person: 0,
            people: 0,
            subject: 0,
            all: Group::default(),
            is_erased: false,
            organisation: (0, 0),
            organisations: HashMap::default(),
            sets: vec![Set::default(); frame.shapes.len() + 1],
            slices: vec![Group::default(); frame.view.dictionary.names.len() + 1],
            days: vec![Group::default(); frame.days.len()],
            paths: vec![Mark::default(); frame.paths.len()],
            events: vec![Mark::default(); frame.events.len()],
            counted: vec![0; frame.batches.facts().len()],
        }
    }

    #[inline]
    fn number(&mut self, organisation: u64) -> u32 {
        if self.organisation.0 != organisation {
            let next = self.organisations.len() as u32;
            self.organisation = (organisation, *self.organisations.entry(organisation).or_insert(next));
        }
        self.organisation.1
    }

    /// Counts a row if the vendor may have it; its batch's place then.
    #[inline]
    fn row(&mut self, rows: &Columns, at: usize) -> Option<usize> {
        let frame = self.frame;
        let batch = rows.batches()[at].cast_unsigned();
        let held = match frame.batches.held_all(batch) {
            Some(held) => held,
            None => frame.batches.held(batch, rows.narrow(Column::Index)[at] as u16),
        };
        match held {
            Held::Accepted => self.answer.sums.accepted += 1,
            Held::Possibly => self.answer.sums.possibly_held += 1,
            Held::Outside | Held::Replaced => return None,
            Held::Rejected => {
                self.answer.sums.rejected += 1;
                return None;
            }
            Held::Returned => {
                self.answer.sums.returned += 1;
                return None;
            }
        }
        let place = frame.batches.place(batch)?;
        self.counted[place] += 1;
        let set = rows.narrow(Column::FieldSet)[at] as usize;
        let day = frame.day_of[place] as usize;
        self.days[day].events += 1;
        if set == 0 || self.is_erased {
            self.answer.erased += 1;
            return None;
        }
        self.answer.without_subject += u64::from(self.person == 0);
        let slice = rows.narrow(Column::Slice)[at] as usize;
        let organisation = rows.organisations()[at].cast_unsigned();
        let organisation = (organisation != 0).then(|| self.number(organisation));
        let (Some(of_set), Some(of_slice)) = (self.sets.get_mut(set), self.slices.get_mut(slice)) else {
            return Some(place);
        };
        let of_day = &mut self.days[day];
        of_set.group.events += 1;
        of_slice.events += 1;
        if of_set.days.is_empty() {
            of_set.days = vec![0; frame.days.len()];
        }
        of_set.days[day] += 1;
        if of_set.last_place != Some(place) {
            of_set.last_place = Some(place);
            of_set.generations.insert(frame.batches.facts()[place].generation());
        }
        if self.person != 0 {
            self.all.people.is_new(self.person);
            of_day.people.is_new(self.person);
            of_slice.people.is_new(self.person);
            if of_set.group.people.is_new(self.person) {
                for path in &frame.paths_of[set - 1] {
                    self.paths[*path as usize].is_new(self.person);
                }
                self.events[frame.event_of[set - 1] as usize].is_new(self.person);
            }
        }
        if let Some(organisation) = organisation {
            of_set.group.organisations.add(organisation);
            of_slice.organisations.add(organisation);
            of_day.organisations.add(organisation);
        }
        Some(place)
    }

    /// Adds what another thread counted, which saw other people.
    pub(crate) fn add(&mut self, other: Counter<'f>) {
        let mut numbers = vec![0; other.organisations.len()];
        for (organisation, number) in &other.organisations {
            let next = self.organisations.len() as u32;
            numbers[*number as usize] = *self.organisations.entry(*organisation).or_insert(next);
        }
        let add = |to: &mut Group, from: &Group| {
            to.events += from.events;
            to.people.subjects += from.people.subjects;
            from.organisations.each(|number| to.organisations.add(numbers[number as usize]));
        };
        add(&mut self.all, &other.all);
        for (to, from) in self.sets.iter_mut().zip(&other.sets) {
            add(&mut to.group, &from.group);
            to.generations.extend(&from.generations);
            if to.days.is_empty() {
                to.days.clone_from(&from.days);
            } else {
                to.days.iter_mut().zip(&from.days).for_each(|(to, from)| *to += from);
            }
        }
        self.slices.iter_mut().zip(&other.slices).for_each(|(to, from)| add(to, from));
        self.days.iter_mut().zip(&other.days).for_each(|(to, from)| add(to, from));
        let marks = |to: &mut Vec<Mark>, from: &[Mark]| {
            to.iter_mut().zip(from).for_each(|(to, from)| to.subjects += from.subjects);
        };
        marks(&mut self.paths, &other.paths);
        marks(&mut self.events, &other.events);
        self.counted.iter_mut().zip(&other.counted).for_each(|(to, from)| *to += from);
        let (to, from) = (&mut self.answer, &other.answer);
        to.sums.accepted += from.sums.accepted;
        to.sums.possibly_held += from.sums.possibly_held;
        to.sums.rejected += from.sums.rejected;
        to.sums.returned += from.sums.returned;
        to.erased += from.erased;
        to.without_subject += from.without_subject;
    }

    /// What it comes to.
    pub(crate) fn finish(mut self) -> Exposure {
        self.batches();
        let frame = self.frame;
        let mut answer = std::mem::take(&mut self.answer);
        let (mut fields, mut withheld) = (BTreeMap::<&str, Field>::new(), BTreeMap::<(&str, &str), Withheld>::new());
        let mut events = BTreeMap::<&str, (u64, Seen)>::new();
        let mut organisations = Seen::default();
        let unreadable = Shape::default();
        for (number, set) in self.sets.iter().enumerate().filter(|(_, set)| set.group.events > 0) {
            let shape = frame.shape(number).unwrap_or(&unreadable);
            organisations.add_all(&set.group.organisations);
            let event = events.entry(&shape.event).or_default();
            event.0 += set.group.events;
            event.1.add_all(&set.group.organisations);
            for (path, category, action) in &shape.left {
                let field = fields.entry(path).or_default();
                *field.actions.entry(action.clone()).or_default() += set.group.events;
                *field.events.entry(shape.event.clone()).or_default() += set.group.events;
                if let Some(category) = category {
                    *field.categories.entry(category.clone()).or_default() += set.group.events;
                }
            }
            for (path, rule) in &shape.withheld {
                let line = withheld.entry((path, rule)).or_default();
                line.events += set.group.events;
                line.generations.extend(&set.generations);
            }
            let categories: BTreeSet<&str> =
                shape.left.iter().filter_map(|(_, category, _)| category.as_deref()).collect();
            for category in categories {
                let of = answer.categories.entry(category.to_owned()).or_default();
                for (day, count) in frame.days.iter().zip(&set.days).filter(|(_, count)| **count > 0) {
                    *of.entry(*day).or_default() += u64::from(*count);
                }
            }
        }
        (answer.subjects, answer.organisations) = (self.all.people.subjects, organisations.count());
        let subjects = |path: &str| self.paths[frame.paths.partition_point(|p| *p < path)].subjects;
        answer.fields = fields
            .into_iter()
            .map(|(path, field)| Field { path: path.to_owned(), subjects: subjects(path), ..field })
            .collect();
        answer.withheld = withheld
            .into_iter()
            .map(|((path, rule), line)| Withheld { path: path.to_owned(), rule: rule.to_owned(), ..line })
            .collect();
        for (name, (count, organisations)) in events {
            let at = frame.events.partition_point(|event| *event < name);
            let subjects = self.events.get(at).map_or(0, |mark| mark.subjects);
            let share = Share { events: count, subjects, organisations: organisations.count() };
            answer.events.insert(name.to_owned(), share);
        }
        let share = |group: &Group| Share {
            events: group.events,
            subjects: group.people.subjects,
            organisations: group.organisations.count(),
        };
        let days = frame.days.iter().zip(&self.days).filter(|(_, group)| group.events > 0);
        answer.days = days.map(|(day, group)| (*day, share(group))).collect();
        for (number, group) in self.slices.iter().enumerate().filter(|(_, group)| group.events > 0) {
            let name = frame.view.dictionary.name(number as u32).unwrap_or_default();
            answer.slices.insert(name.to_owned(), share(group));
        }
        answer
    }

    /// What rows say through their batches.
    fn batches(&mut self) {
        let answer = &mut self.answer;
        for (fact, counted) in self.frame.batches.facts().iter().zip(&self.counted).filter(|(_, n)| **n > 0) {
            let rows = u64::from(*counted);
            match fact.purpose() {
                Purpose::Resend => answer.sums.resent += rows,
                Purpose::Ask => answer.sums.asked += rows,
                Purpose::Deliver | Purpose::Replay => {}
            }
            let span = answer.span.get_or_insert((fact.at, fact.at));
            *span = (span.0.min(fact.at), span.1.max(fact.at));
            let of = answer.generations.entry(fact.generation()).or_insert((fact.at, fact.at, 0));
            *of = (of.0.min(fact.at), of.1.max(fact.at), of.2 + rows);
        }
    }
}

impl Visitor for Counter<'_> {
    fn subject(&mut self, subject: u64) {
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
    fn subject(&mut self, subject: u64) {
        self.counter.subject(subject);
    }

    fn rows(&mut self, rows: &Columns, range: Range<usize>) {
        for at in range {
            let Some(place) = self.counter.row(rows, at) else { continue };
            let frame = self.counter.frame;
            let event = frame.shape(rows.narrow(Column::FieldSet)[at] as usize).map_or("", |s| s.event.as_str());
            let organisation = rows.organisations()[at].cast_unsigned();
            let at = frame.batches.facts()[place].at;
            (self.each)(Counted { at, subject: self.counter.subject, organisation, event });
        }
    }
}
