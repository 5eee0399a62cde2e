//! Counting rows that come subject by subject: how many events, of how many different people and organisations, in each field set, slice and day.
//!
//! "How many different people" is a counter with a mark of the last person who was counted, because a person's rows come together and
//! no thread sees another's. Organisations do not come together: there are bits for each of them and each group.
//!
//! This runs once for every row of a window, some twelve million: what is beside it in memory decides what it costs, not what it adds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use weir_event::{GenerationId, Millis};
use weir_ledger::Purpose;
use weir_rows::columns::{Column, Columns};
use weir_rows::facts::BatchFact;
use weir_rows::scan::Visitor;
use weir_rows::{Batches, Held, View};

use crate::exposure::{Counted, Exposure, Field, Share, Withheld};
use crate::organisations::Organisations;
use crate::seen::{Places, each_bit};
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
    /// What rows are grouped by through their slice; and of each name, as a slice, the groups that it tells. Mostly one.
    slice_groups: Vec<&'f str>,
    slice_tells: Vec<[u32; SLICE_GROUPS_MAX]>,
    tell_several: bool,
}

/// Properties that one slice tells (`slices`).
const SLICE_GROUPS_MAX: usize = 3;
/// A slice tells fewer.
const NO_GROUP: u32 = u32::MAX;

/// What a row says through its batch. Batches of one kind are counted together, so that a row looks at two bytes of its batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    day: u32,
    generation: u32,
    purpose: u8,
    destination: u16,
    /// What became of its rows, `None` where they differ.
    held: Option<Held>,
}

impl Kind {
    fn of(fact: &BatchFact, batches: &Batches, days: &[i64], generations: &[GenerationId]) -> Kind {
        Kind {
            day: days.partition_point(|known| *known < fact.at.day()) as u32,
            generation: generations.partition_point(|known| *known < fact.generation()) as u32,
            purpose: fact.purpose,
            destination: fact.destination,
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
        // A slice tells its properties one after the other: `DE, plan=pro`. A person with two plans is one person of the country.
        let told = |number: usize| {
            let name = u32::try_from(number).ok().and_then(|number| view.dictionary.name(number));
            name.unwrap_or_default().split(", ").take(SLICE_GROUPS_MAX)
        };
        let slices = 0..view.dictionary.names.len() + 1;
        let slice_groups: BTreeSet<&str> = slices.clone().flat_map(told).collect();
        let slice_groups: Vec<&str> = slice_groups.into_iter().collect();
        let tells = |number: usize| {
            let mut groups = [NO_GROUP; SLICE_GROUPS_MAX];
            for (place, group) in groups.iter_mut().zip(told(number)) {
                *place = slice_groups.partition_point(|known| *known < group) as u32;
            }
            groups
        };
        let slice_tells: Vec<_> = slices.map(tells).collect();
        let tell_several = slice_tells.iter().any(|groups| groups[1] != NO_GROUP);
        Frame {
            view,
            batches,
            shapes,
            days,
            generations,
            base,
            kind_of,
            kinds,
            paths,
            words,
            masks,
            events,
            event_of,
            slice_groups,
            slice_tells,
            tell_several,
        }
    }

    /// The groups that a slice tells.
    fn told(&self, slice: usize) -> impl Iterator<Item = usize> {
        self.slice_tells[slice].into_iter().take_while(|group| *group != NO_GROUP).map(|group| group as usize)
    }

    /// The number of a kind that rows are marked with; 0 is none.
    #[inline]
    fn kind(&self, mark: u16, batch: u64) -> Option<usize> {
        if mark == OTHER { self.find(batch) } else { usize::from(mark).checked_sub(1) }
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

/// How many different people are in each group of one sort (field sets, say), and in which groups the person is whose rows come.
///
/// The last person who was counted in a group is remembered, so that none is counted twice; people are numbered from 1 on.
struct People {
    subjects: Vec<u64>,
    last: Vec<u32>,
    /// The person's groups: the first so many of these. There is a place more than groups, for what is written down and not kept.
    own: Vec<u32>,
    count: usize,
}

impl People {
    fn new(groups: usize) -> People {
        People { subjects: vec![0; groups], last: vec![0; groups], own: vec![0; groups + 1], count: 0 }
    }

    /// Counts a person in a group, once.
    #[inline(always)]
    fn add(&mut self, group: usize, person: u32) {
        // Whether it is new cannot be foretold: writing it down costs less than a wrong guess.
        let is_new = self.last[group] != person;
        self.last[group] = person;
        self.subjects[group] += u64::from(is_new);
        self.own[self.count] = group as u32;
        self.count += usize::from(is_new);
    }

    /// The person's groups.
    #[inline]
    fn own(&self) -> &[u32] {
        &self.own[..self.count]
    }
}

/// See the module.
pub(crate) struct Counter<'f> {
    frame: &'f Frame<'f>,
    answer: Exposure,
    /// Rows that count, by the kind of their batch: accepted ones, and possibly held ones.
    by_kind: Vec<[u64; 2]>,
    /// A bit for each batch that has rows; and for each whose rows differ that has rows that count.
    present: Vec<u64>,
    counted: Vec<u64>,
    /// The person whose rows come, 0: nobody.
    person: u32,
    people: u32,
    subject: u64,
    is_erased: bool,
    /// The first organisation of that person (0: none), and whether it has others.
    own_organisation: Option<u64>,
    has_others: bool,
    /// The field sets, days and slices that each organisation is in, numbered in this order.
    organisations: Organisations,
    sets: People,
    slices: People,
    days: People,
    events: People,
    /// Rows by slice; by field set and day; and by day those that have no field set.
    by_slice: Vec<u64>,
    by_day: Vec<u64>,
    by_day_bare: Vec<u64>,
    /// Rows by destination and epoch, and the place of the one that was met last: a window has few.
    by_epoch: Vec<((u16, u32), u64)>,
    last_epoch: usize,
    /// Whether a field set left under a configuration.
    by_generation: Vec<bool>,
    /// People who have but one field set, by it; and the people of each path who have more.
    singles: Vec<u64>,
    paths: Places,
    mask: Vec<u64>,
}

impl<'f> Counter<'f> {
    pub(crate) fn new(frame: &'f Frame<'f>) -> Counter<'f> {
        let (sets, days) = (frame.shapes.len() + 1, frame.days.len());
        let groups = frame.slice_groups.len();
        Counter {
            frame,
            answer: Exposure::default(),
            by_kind: vec![[0; 2]; frame.kinds.len()],
            present: vec![0; frame.kind_of.len().div_ceil(64)],
            counted: vec![0; frame.kind_of.len().div_ceil(64)],
            person: 0,
            people: 0,
            subject: 0,
            is_erased: false,
            own_organisation: None,
            has_others: false,
            // Slices are as many as names, too many for rows of bits.
            organisations: Organisations::new(sets + days, groups),
            sets: People::new(sets),
            slices: People::new(groups),
            days: People::new(days),
            events: People::new(frame.events.len()),
            by_slice: vec![0; frame.slice_tells.len()],
            by_day: vec![0; sets * days],
            by_day_bare: vec![0; days],
            by_epoch: Vec::new(),
            last_epoch: 0,
            by_generation: vec![false; sets * frame.generations.len()],
            singles: vec![0; sets],
            paths: Places::new(frame.words),
            mask: vec![0; frame.words],
        }
    }

    /// Field sets, and one more: nothing is numbered 0.
    #[inline]
    fn sets(&self) -> usize {
        self.singles.len()
    }

    /// Counts a row if the vendor may have it, and says so.
    #[inline]
    fn row(&mut self, rows: &Columns, at: usize) -> bool {
        let frame = self.frame;
        let (Some(mark), Some(batch), Some(set), Some(slice), Some(organisation)) = (
            rows.marks().get(at),
            rows.batches().get(at),
            rows.narrow(Column::FieldSet).get(at),
            rows.narrow(Column::Slice).get(at),
            rows.organisations().get(at),
        ) else {
            return false;
        };
        let (batch, organisation) = (batch.cast_unsigned(), organisation.cast_unsigned());
        let (set, slice) = (*set as usize, *slice as usize);
        let Some(number) = frame.kind(*mark, batch) else { return false };
        let kind = &frame.kinds[number];
        let of_row = || frame.batches.held(batch, rows.narrow(Column::Index)[at] as u16);
        let events = rows.events(at);
        let possibly = match kind.held.unwrap_or_else(of_row) {
            Held::Accepted => 0,
            Held::Possibly => 1,
            Held::Outside | Held::Replaced => return false,
            Held::Rejected => {
                self.answer.sums.rejected += events;
                return false;
            }
            Held::Returned => {
                self.answer.sums.returned += events;
                return false;
            }
        };
        self.by_kind[number][possibly] += events;
        if kind.held.is_none() {
            let place = (batch - frame.base) as usize;
            self.counted[place / 64] |= 1 << (place % 64);
        }
        let (day, generation) = (kind.day as usize, kind.generation as usize);
        let is_erased = set == 0 || self.is_erased;
        // A number that the dictionary does not have is in no file of ours.
        if is_erased || set >= self.sets() || slice >= self.by_slice.len() {
            self.by_day_bare[day] += events;
            self.answer.erased += if is_erased { events } else { 0 };
            return false;
        }
        let epoch = rows.narrow(Column::Epoch).get(at).map_or(0, |epoch| epoch.cast_unsigned());
        self.epoch((kind.destination, epoch), events);
        self.by_slice[slice] += events;
        self.by_day[set * frame.days.len() + day] += events;
        self.by_generation[set * frame.generations.len() + generation] = true;
        if self.person == 0 {
            self.answer.without_subject += events;
            self.join(organisation, set, day, slice);
            return true;
        }
        if self.own_organisation != Some(organisation) {
            self.another(organisation);
        }
        self.sets.add(set, self.person);
        self.days.add(day, self.person);
        self.slices.add(frame.slice_tells[slice][0] as usize, self.person);
        if frame.tell_several {
            frame.told(slice).skip(1).for_each(|group| self.slices.add(group, self.person));
        }
        if self.has_others {
            self.join(organisation, set, day, slice);
        }
        true
    }

    /// Counts events of an epoch.
    #[inline]
    fn epoch(&mut self, epoch: (u16, u32), events: u64) {
        match self.by_epoch.get_mut(self.last_epoch) {
            Some((known, count)) if *known == epoch => *count += events,
            _ => {
                let known = self.by_epoch.iter().position(|(known, _)| *known == epoch);
                self.last_epoch = known.unwrap_or(self.by_epoch.len());
                if known.is_none() {
                    self.by_epoch.push((epoch, 0));
                }
                self.by_epoch[self.last_epoch].1 += events;
            }
        }
    }

    /// The person's next row is of another organisation than the first one was, or it is the first.
    #[inline]
    fn another(&mut self, organisation: u64) {
        match self.own_organisation {
            None => self.own_organisation = Some(organisation),
            // From here on its rows are looked at one by one.
            Some(first) if !self.has_others => {
                self.join_own(first);
                self.has_others = true;
            }
            Some(_) => {}
        }
    }

    /// An organisation is in these groups.
    fn join(&mut self, organisation: u64, set: usize, day: usize, slice: usize) {
        let (days, slices) = (self.sets(), self.sets() + self.frame.days.len());
        let told = self.frame.told(slice).map(|group| slices + group);
        self.organisations.join(organisation, [set, days + day].into_iter().chain(told).map(|group| group as u32));
    }

    /// An organisation is in all groups in which the person is.
    #[inline]
    fn join_own(&mut self, organisation: u64) {
        let days = self.sets() as u32;
        let slices = days + self.frame.days.len() as u32;
        let groups = self.sets.own().iter().copied();
        let groups = groups.chain(self.days.own().iter().map(|day| days + day));
        let groups = groups.chain(self.slices.own().iter().map(|slice| slices + slice));
        self.organisations.join(organisation, groups);
    }

    /// The person's rows are over: in which events and paths it was, and of which organisation.
    fn end_person(&mut self) {
        if self.sets.count > 0 {
            let words = self.frame.words;
            self.mask.fill(0);
            for set in self.sets.own() {
                self.events.add(self.frame.event_of[*set as usize] as usize, self.person);
                let of_set = &self.frame.masks[*set as usize * words..][..words];
                self.mask.iter_mut().zip(of_set).for_each(|(all, of_set)| *all |= of_set);
            }
            match self.sets.own() {
                [set] => self.singles[*set as usize] += 1,
                _ => self.paths.add(&self.mask),
            }
            if let Some(organisation) = self.own_organisation.filter(|_| !self.has_others) {
                self.join_own(organisation);
            }
            self.answer.subjects += 1;
        }
        (self.sets.count, self.days.count, self.slices.count, self.events.count) = (0, 0, 0, 0);
        (self.own_organisation, self.has_others) = (None, false);
    }

    /// Adds what another thread counted, which saw other people.
    pub(crate) fn add(&mut self, mut other: Counter<'f>) {
        self.end_person();
        other.end_person();
        self.organisations.add(other.organisations);
        let sum = |to: &mut [u64], from: &[u64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        sum(&mut self.sets.subjects, &other.sets.subjects);
        sum(&mut self.slices.subjects, &other.slices.subjects);
        sum(&mut self.days.subjects, &other.days.subjects);
        sum(&mut self.events.subjects, &other.events.subjects);
        sum(&mut self.by_slice, &other.by_slice);
        other.by_epoch.iter().for_each(|(epoch, events)| self.epoch(*epoch, *events));
        sum(&mut self.by_day, &other.by_day);
        sum(&mut self.by_day_bare, &other.by_day_bare);
        sum(&mut self.singles, &other.singles);
        sum(self.paths.counts(), other.paths.counts());
        sum(self.by_kind.as_flattened_mut(), other.by_kind.as_flattened());
        self.by_generation.iter_mut().zip(&other.by_generation).for_each(|(to, from)| *to |= from);
        self.present.iter_mut().zip(&other.present).for_each(|(to, from)| *to |= from);
        self.counted.iter_mut().zip(&other.counted).for_each(|(to, from)| *to |= from);
        let (to, from) = (&mut self.answer, &other.answer);
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
        let mut by_event = vec![0; frame.events.len()];
        let mut by_day = std::mem::take(&mut self.by_day_bare);
        let (mut fields, mut withheld) = (BTreeMap::<&str, Field>::new(), BTreeMap::<(&str, &str), Withheld>::new());
        for (number, shape) in (1..).zip(frame.shapes) {
            let days_of_set = &self.by_day[number * frame.days.len()..][..frame.days.len()];
            let of_set: u64 = days_of_set.iter().sum();
            if of_set == 0 {
                continue;
            }
            let paths = self.paths.counts();
            each_bit(&frame.masks[number * frame.words..][..frame.words], |path| {
                paths[path] += self.singles[number];
            });
            by_event[frame.event_of[number] as usize] += of_set;
            by_day.iter_mut().zip(days_of_set).for_each(|(all, of_set)| *all += of_set);
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
                for (day, count) in frame.days.iter().zip(days_of_set).filter(|(_, count)| **count > 0) {
                    *of.entry(*day).or_default() += count;
                }
            }
        }
        for ((destination, epoch), events) in &self.by_epoch {
            if let Some(id) = frame.view.destination(*destination) {
                answer.epochs.entry(id.clone()).or_default().insert(*epoch, *events);
            }
        }
        let paths = self.paths.counts();
        let subjects = |path: &str| paths[frame.paths.partition_point(|p| *p < path)];
        answer.fields = fields
            .into_iter()
            .map(|(path, field)| Field { path: path.to_owned(), subjects: subjects(path), ..field })
            .collect();
        answer.withheld = withheld
            .into_iter()
            .map(|((path, rule), line)| Withheld { path: path.to_owned(), rule: rule.to_owned(), ..line })
            .collect();
        let (all, of_events, of_days, of_slices) = self.organisations();
        answer.organisations = all;
        answer.events = shares(&frame.events, &by_event, &self.events, &of_events)
            .map(|(name, share)| ((*name).to_owned(), share))
            .collect();
        answer.days = shares(&frame.days, &by_day, &self.days, &of_days).map(|(day, share)| (*day, share)).collect();
        let mut by_group = vec![0; frame.slice_groups.len()];
        for (slice, events) in self.by_slice.iter().enumerate() {
            frame.told(slice).for_each(|group| by_group[group] += events);
        }
        answer.slices = shares(&frame.slice_groups, &by_group, &self.slices, &of_slices)
            .map(|(name, share)| ((*name).to_owned(), share))
            .collect();
        answer
    }

    /// How many organisations are in all, in each event, on each day and in each slice.
    fn organisations(&mut self) -> (u64, Vec<u64>, Vec<u64>, Vec<u64>) {
        let sets = self.sets();
        let (mut all, mut by_event) = (0, vec![0; self.frame.events.len()]);
        let mut by_day = vec![0; self.frame.days.len()];
        // Several field sets may be of one event: the last organisation of each, from 1 on.
        let mut last = vec![0; self.frame.events.len()];
        for (number, of) in (1..).zip(self.organisations.rows()) {
            all += u64::from(of.iter().any(|word| *word != 0));
            each_bit(of, |group| match group.checked_sub(sets) {
                Some(day) => by_day[day] += 1,
                None => {
                    let event = self.frame.event_of[group] as usize;
                    by_event[event] += u64::from(last[event] != number);
                    last[event] = number;
                }
            });
        }
        (all, by_event, by_day, self.organisations.behind())
    }

    /// What rows say through their batches.
    fn batches(&mut self) {
        let (frame, answer) = (self.frame, &mut self.answer);
        for (kind, [accepted, possibly]) in frame.kinds.iter().zip(&self.by_kind) {
            let rows = accepted + possibly;
            if rows == 0 {
                continue;
            }
            answer.sums.accepted += accepted;
            answer.sums.possibly_held += possibly;
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
            let counted = match frame.batches.held_all(fact.batch) {
                Some(Held::Accepted | Held::Possibly) => &self.present,
                Some(_) => continue,
                None => &self.counted,
            };
            if counted[place / 64] >> (place % 64) & 1 == 0 {
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

/// Each group that has events, with its numbers.
fn shares<'g, N>(
    groups: &'g [N],
    events: &'g [u64],
    people: &'g People,
    organisations: &'g [u64],
) -> impl Iterator<Item = (&'g N, Share)> {
    let numbers = events.iter().zip(&people.subjects).zip(organisations);
    let share = |((events, subjects), organisations): ((&u64, &u64), &u64)| Share {
        events: *events,
        subjects: *subjects,
        organisations: *organisations,
    };
    groups.iter().zip(numbers.map(share)).filter(|(_, share)| share.events > 0)
}

impl Visitor for Counter<'_> {
    fn mark(&mut self, batches: &[i64], marks: &mut [u16]) {
        let (base, kinds, present) = (self.frame.base, self.frame.kind_of.as_slice(), self.present.as_mut_slice());
        for (batch, mark) in batches.iter().zip(marks) {
            let place = batch.cast_unsigned().wrapping_sub(base) as usize;
            *mark = kinds.get(place).copied().unwrap_or(OUTSIDE);
            if let Some(word) = present.get_mut(place / 64) {
                *word |= 1 << (place % 64);
            }
        }
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
    fn mark(&mut self, batches: &[i64], marks: &mut [u16]) {
        self.counter.mark(batches, marks);
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
