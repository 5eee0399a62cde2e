//! "What did they have?": which fields of how many people, events and organisations a vendor got in a window, how each looked, and what
//! Weir did not send there.
//!
//! # What counts
//! A row counts where its batch's intent lies in the window (the time at which it left, D13) and the vendor accepted it, or nobody
//! knows whether it did: *accepted* and *possibly held*. A try without an answer, or with an error of the vendor's own (5xx), may have been
//! stored, also where it was given up afterwards; once a later try of the same event is accepted or rejected, that one counts. What was
//! rejected, or clearly not taken and to be sent again, is counted beside, and adds no subject or field. Copies that `weir resend` sent
//! and questions to a vendor (D17) add subjects and fields and are numbers of their own, because they are no new events.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use weir_event::{DestinationId, GenerationId, Millis, Offset};
use weir_ledger::entry::{Entry, IntentEntry, Life, OutcomeEntry};
use weir_ledger::rows::{RowsBody, StoredRow};
use weir_ledger::{BatchId, EventResult, FieldSetId, Kind, LedgerError, Passed, Purpose, history};

use crate::seen::{Seen, Subjects};
use crate::shape::Shape;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Of which destinations, and of each the time that counts. None: of all, at any time.
    pub destinations: Option<BTreeMap<DestinationId, Vec<(Millis, Millis)>>>,
    /// From when on.
    pub from: Millis,
    /// Up to this time, which is outside.
    pub to: Millis,
}

impl Question {
    fn asks(&self, destination: &DestinationId, at: Millis) -> bool {
        let within = |(from, to): &(Millis, Millis)| *from <= at && at < *to;
        within(&(self.from, self.to))
            && match &self.destinations {
                None => true,
                Some(of) => of.get(destination).is_some_and(|times| times.iter().any(within)),
            }
    }
}

/// Rows of one kind.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Sums {
    /// The vendor said that it has them.
    pub accepted: u64,
    /// Nobody knows: no clear answer came, or the outcome is not recorded.
    pub possibly_held: u64,
    /// The vendor said that it does not take them.
    pub rejected: u64,
    /// Tries that the vendor clearly did not take, and that were to be made again: each further try is a row of its own.
    pub returned: u64,
    /// Of accepted and possibly held: copies of events that had left before (`weir resend`).
    pub resent: u64,
    /// Of accepted and possibly held: questions, behind which there is no event (D17).
    pub asked: u64,
}

impl Sums {
    /// What the vendor may have.
    pub fn held(&self) -> u64 {
        self.accepted + self.possibly_held
    }
}

/// One field: how often, of how many people, as what.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its path.
    pub path: String,
    /// Categories that were found in it, by events.
    pub categories: BTreeMap<String, u64>,
    /// What the policy did with it, by events: `keep`, `pseudonymize`, …
    pub actions: BTreeMap<String, u64>,
    /// In which events, by number.
    pub events: BTreeMap<String, u64>,
    /// Of how many subjects.
    pub subjects: u64,
}

/// One path and the rule that kept it back.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Withheld {
    /// The path.
    pub path: String,
    /// The rule.
    pub rule: String,
    /// In how many events that left without it.
    pub events: u64,
    /// Under which generations.
    pub generations: BTreeSet<GenerationId>,
}

/// A name, a slice, a day: its events, subjects and organisations.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Share {
    /// Rows that the vendor may have.
    pub events: u64,
    /// People or devices.
    pub subjects: u64,
    /// Organisations.
    pub organisations: u64,
}

/// The life of a destination in the ledger.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Times {
    /// When it was started first.
    pub started: Option<Millis>,
    /// When it was ended last, if it was not started again.
    pub ended: Option<Millis>,
}

/// The answer.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Exposure {
    /// Destinations of the ledger that were asked about.
    pub destinations: BTreeMap<DestinationId, Times>,
    /// All destinations that the ledger knows.
    pub known: BTreeSet<DestinationId>,
    /// Rows by what became of them.
    pub sums: Sums,
    /// Different subjects. Ids, not people: one person may have several.
    pub subjects: u64,
    /// Rows without a subject.
    pub without_subject: u64,
    /// Different organisations.
    pub organisations: u64,
    /// Rows that were erased: they count as events, of nobody.
    pub erased: u64,
    /// The first and the last of them.
    pub span: Option<(Millis, Millis)>,
    /// What left.
    pub fields: Vec<Field>,
    /// What did not, of events that left.
    pub withheld: Vec<Withheld>,
    /// Events that did not leave at all, by rule and what became of them.
    pub not_sent: BTreeMap<(String, &'static str), u64>,
    /// By event name.
    pub events: BTreeMap<String, Share>,
    /// By slice.
    pub slices: BTreeMap<String, Share>,
    /// By day, counted in days since 1970.
    pub days: BTreeMap<i64, Share>,
    /// Events by day and category.
    pub categories: BTreeMap<String, BTreeMap<i64, u64>>,
    /// Generations in whose time something left: first, last, rows.
    pub generations: BTreeMap<GenerationId, (Millis, Millis, u64)>,
    /// Entries of the ledger that were read.
    pub entries: u64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The log cannot be read whole.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A field set that is no text of one.
    #[error("entry {0} of the ledger cannot be read: run `weir ledger verify`")]
    Unreadable(u64),
}

/// Answers from the egress ledger in `dir`.
///
/// Memory grows with the different subjects and with each set that names them: field sets, slices and days, an eighth of a byte per
/// subject and set.
pub fn ask(dir: &Path, question: &Question) -> Result<Exposure, AskError> {
    read(dir, Reading::new(question))
}

/// A row that counts as had, for whoever makes more of it than [`Exposure`] has.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'c> {
    /// When it left.
    pub at: Millis,
    /// Whose it is, 0: nobody's.
    pub subject: u64,
    /// Of which organisation, 0: none.
    pub organisation: u64,
    /// The event's name.
    pub event: &'c str,
}

/// As [`ask`], and shows each row that counts, in no particular order. Rows that were erased are not shown.
pub fn ask_each(dir: &Path, question: &Question, each: &mut dyn FnMut(Counted<'_>)) -> Result<Exposure, AskError> {
    let mut reading = Reading::new(question);
    reading.each = Some(each);
    read(dir, reading)
}

fn read(dir: &Path, mut reading: Reading<'_>) -> Result<Exposure, AskError> {
    history::each(dir, Kind::Egress, |index, at, entry, body| {
        if reading.failed.is_none() && reading.read(at, entry, body).is_none() {
            reading.failed = Some(index);
        }
    })?;
    match reading.failed {
        Some(index) => Err(AskError::Unreadable(index)),
        None => Ok(reading.answer()),
    }
}

/// What one batch in the window was about.
#[derive(Clone, Copy)]
struct About {
    purpose: Purpose,
    generation: GenerationId,
    at: Millis,
}

/// A batch in the window, until its fate is known.
struct Batch {
    about: About,
    destination: DestinationId,
    rows: Vec<Option<StoredRow>>,
    /// The journal offset of each row; none where it asks.
    offsets: Vec<Offset>,
    /// A try went without a clear answer.
    is_unclear: bool,
}

/// Whether a try with this status may have been stored: 0 is no answer at all.
pub(crate) fn is_unclear(status: u16) -> bool {
    status == 0 || status >= 500
}

/// Rows that came together.
#[derive(Default)]
struct Group {
    events: u64,
    subjects: Seen,
    organisations: Seen,
}

impl Group {
    fn share(&self) -> Share {
        Share { events: self.events, subjects: self.subjects.count(), organisations: self.organisations.count() }
    }

    fn add(&mut self, subject: Option<u32>, organisation: Option<u32>) {
        self.events += 1;
        subject.into_iter().for_each(|number| self.subjects.add(number));
        organisation.into_iter().for_each(|number| self.organisations.add(number));
    }

    fn add_all(&mut self, other: &Group) {
        self.events += other.events;
        self.subjects.add_all(&other.subjects);
        self.organisations.add_all(&other.organisations);
    }
}

struct Reading<'q> {
    question: &'q Question,
    names: Vec<String>,
    shapes: HashMap<FieldSetId, Shape, RandomState>,
    subjects: Subjects,
    organisations: Subjects,
    open: BTreeMap<BatchId, Batch>,
    /// Rows that may have been stored, by event: a later try of the same event decides them.
    unclear: HashMap<(DestinationId, Offset), (About, Option<StoredRow>), RandomState>,
    /// Such questions, behind which there is no event.
    unclear_asks: Vec<(About, Option<StoredRow>)>,
    sets: HashMap<FieldSetId, (Group, BTreeSet<GenerationId>), RandomState>,
    slices: HashMap<u32, Group, RandomState>,
    days: BTreeMap<i64, Group>,
    by_day: HashMap<(FieldSetId, i64), u64, RandomState>,
    answer: Exposure,
    failed: Option<u64>,
    /// Who is shown each row that counts.
    each: Option<&'q mut dyn FnMut(Counted<'_>)>,
}

impl<'q> Reading<'q> {
    fn new(question: &'q Question) -> Reading<'q> {
        Reading {
            question,
            names: Vec::new(),
            shapes: HashMap::default(),
            subjects: Subjects::default(),
            organisations: Subjects::default(),
            open: BTreeMap::new(),
            unclear: HashMap::default(),
            unclear_asks: Vec::new(),
            sets: HashMap::default(),
            slices: HashMap::default(),
            days: BTreeMap::new(),
            by_day: HashMap::default(),
            answer: Exposure::default(),
            failed: None,
            each: None,
        }
    }

    /// Takes in one entry; `None` where it cannot be read.
    fn read(&mut self, at: Millis, entry: &Entry, body: &[u8]) -> Option<()> {
        self.answer.entries += 1;
        match entry {
            Entry::Life { destination, change } => self.live(at, destination, *change),
            Entry::Names { count, .. } => self.names.extend(history::names(body, *count).ok()?),
            Entry::FieldSet { digest } => {
                let (id, _) = digest.split_first_chunk::<16>()?;
                self.shapes.insert(FieldSetId(*id), Shape::read(body)?);
            }
            Entry::Intent(intent) => self.intend(at, intent, body)?,
            Entry::Attempt { batch, status, .. } => {
                if let Some(batch) = self.open.get_mut(batch) {
                    batch.is_unclear |= is_unclear(*status);
                }
            }
            Entry::Outcome { batch, result, status } => self.close(*batch, *result, *status, body)?,
            Entry::Range { destination, rule, count, passed, .. } if self.question.asks(destination, at) => {
                let became = match passed {
                    Passed::NotOffered => "not offered",
                    Passed::Dropped => "dropped",
                    Passed::Held => "held in quarantine",
                };
                *self.answer.not_sent.entry((rule.name().to_owned(), became)).or_default() += count;
            }
            _ => {}
        }
        Some(())
    }

    fn live(&mut self, at: Millis, destination: &DestinationId, change: Life) {
        self.answer.known.insert(destination.clone());
        if self.question.destinations.as_ref().is_some_and(|of| !of.contains_key(destination)) {
            return;
        }
        let times = self.answer.destinations.entry(destination.clone()).or_default();
        match change {
            Life::Start { .. } => {
                times.started = times.started.or(Some(at));
                times.ended = None;
            }
            Life::End => times.ended = Some(at),
            Life::Suspend | Life::Resume => {}
        }
    }

    fn intend(&mut self, at: Millis, intent: &IntentEntry, body: &[u8]) -> Option<()> {
        if !self.question.asks(&intent.destination, at) {
            return Some(());
        }
        let rows = RowsBody::parse(body).ok()?.rows().collect();
        let IntentEntry { batch, purpose, generation, destination, offsets, .. } = intent;
        let batch_of = Batch {
            about: About { purpose: *purpose, generation: *generation, at },
            destination: destination.clone(),
            rows,
            offsets: offsets.iter().flat_map(|range| (range.start.0..range.end.0).map(Offset)).collect(),
            is_unclear: false,
        };
        self.open.insert(*batch, batch_of);
        Some(())
    }

    fn close(&mut self, id: BatchId, result: OutcomeEntry, status: u16, body: &[u8]) -> Option<()> {
        let Some(batch) = self.open.remove(&id) else { return Some(()) };
        let rows = u32::try_from(batch.rows.len()).ok()?;
        let runs = result.results(rows, body).ok()?;
        let is_unclear = batch.is_unclear || is_unclear(status);
        let results = runs.iter().flat_map(|(length, result)| std::iter::repeat_n(*result, *length as usize));
        for (place, (row, result)) in batch.rows.iter().zip(results).enumerate() {
            let event = batch.offsets.get(place).map(|offset| (batch.destination.clone(), *offset));
            match result {
                EventResult::Accepted | EventResult::Rejected(_) => {
                    event.map(|event| self.unclear.remove(&event));
                }
                EventResult::Unknown => self.may_be_held(event, batch.about, *row),
                EventResult::Returned if is_unclear => self.may_be_held(event, batch.about, *row),
                EventResult::Returned => {}
            }
            match result {
                EventResult::Accepted => self.count(batch.about, *row, true),
                EventResult::Rejected(_) => self.answer.sums.rejected += 1,
                EventResult::Returned if !is_unclear => self.answer.sums.returned += 1,
                EventResult::Returned | EventResult::Unknown => {}
            }
        }
        Some(())
    }

    fn may_be_held(&mut self, event: Option<(DestinationId, Offset)>, about: About, row: Option<StoredRow>) {
        match event {
            Some(event) => _ = self.unclear.insert(event, (about, row)),
            None => self.unclear_asks.push((about, row)),
        }
    }

    fn count(&mut self, about: About, row: Option<StoredRow>, is_accepted: bool) {
        let sums = &mut self.answer.sums;
        *if is_accepted { &mut sums.accepted } else { &mut sums.possibly_held } += 1;
        sums.resent += u64::from(about.purpose == Purpose::Resend);
        sums.asked += u64::from(about.purpose == Purpose::Ask);
        let day = about.at.0.div_euclid(Millis::DAY);
        let span = self.answer.span.get_or_insert((about.at, about.at));
        *span = (span.0.min(about.at), span.1.max(about.at));
        let of = self.answer.generations.entry(about.generation).or_insert((about.at, about.at, 0));
        *of = (of.0.min(about.at), of.1.max(about.at), of.2 + 1);
        let of_day = self.days.entry(day).or_default();
        let Some(row) = row else {
            self.answer.erased += 1;
            return of_day.add(None, None);
        };
        if let Some(each) = &mut self.each {
            let event = self.shapes.get(&row.field_set).map_or("", |shape| shape.event.as_str());
            each(Counted { at: about.at, subject: row.subject, organisation: row.organisation, event });
        }
        let subject = (row.subject != 0).then(|| self.subjects.number(row.subject));
        let organisation = (row.organisation != 0).then(|| self.organisations.number(row.organisation));
        self.answer.without_subject += u64::from(subject.is_none());
        of_day.add(subject, organisation);
        let (set, generations) = self.sets.entry(row.field_set).or_default();
        set.add(subject, organisation);
        generations.insert(about.generation);
        self.slices.entry(row.slice.0).or_default().add(subject, organisation);
        *self.by_day.entry((row.field_set, day)).or_default() += 1;
    }

    fn answer(mut self) -> Exposure {
        // Without a recorded outcome: on its way, or the process that sent it was killed.
        for batch in std::mem::take(&mut self.open).into_values() {
            for (place, row) in batch.rows.iter().enumerate() {
                let event = batch.offsets.get(place).map(|offset| (batch.destination.clone(), *offset));
                self.may_be_held(event, batch.about, *row);
            }
        }
        let asks = std::mem::take(&mut self.unclear_asks);
        for (about, row) in std::mem::take(&mut self.unclear).into_values().chain(asks) {
            self.count(about, row, false);
        }
        let mut answer = self.answer;
        let (mut all, mut fields) = (Group::default(), BTreeMap::<&str, (Field, Seen)>::new());
        let (mut withheld, mut events) = (BTreeMap::<(&str, &str), Withheld>::new(), BTreeMap::<&str, Group>::new());
        let unreadable = Shape::default();
        for (id, (set, generations)) in &self.sets {
            let shape = self.shapes.get(id).unwrap_or(&unreadable);
            all.add_all(set);
            events.entry(&shape.event).or_default().add_all(set);
            for (path, category, action) in &shape.left {
                let (field, subjects) = fields.entry(path).or_default();
                subjects.add_all(&set.subjects);
                *field.actions.entry(action.clone()).or_default() += set.events;
                *field.events.entry(shape.event.clone()).or_default() += set.events;
                if let Some(category) = category {
                    *field.categories.entry(category.clone()).or_default() += set.events;
                }
            }
            for (path, rule) in &shape.withheld {
                let line = withheld.entry((path, rule)).or_default();
                line.events += set.events;
                line.generations.extend(generations);
            }
        }
        for ((id, day), count) in &self.by_day {
            let shape = self.shapes.get(id).unwrap_or(&unreadable);
            let categories: BTreeSet<&str> =
                shape.left.iter().filter_map(|(_, category, _)| category.as_deref()).collect();
            for category in categories {
                *answer.categories.entry(category.to_owned()).or_default().entry(*day).or_default() += count;
            }
        }
        (answer.subjects, answer.organisations) = (all.subjects.count(), all.organisations.count());
        answer.fields = fields
            .into_iter()
            .map(|(path, (field, subjects))| Field { path: path.to_owned(), subjects: subjects.count(), ..field })
            .collect();
        answer.withheld = withheld
            .into_iter()
            .map(|((path, rule), line)| Withheld { path: path.to_owned(), rule: rule.to_owned(), ..line })
            .collect();
        answer.events = events.into_iter().map(|(name, group)| (name.to_owned(), group.share())).collect();
        answer.days = self.days.iter().map(|(day, group)| (*day, group.share())).collect();
        let name = |number: u32| (number as usize).checked_sub(1).and_then(|at| self.names.get(at)).cloned();
        for (number, group) in &self.slices {
            answer.slices.insert(name(*number).unwrap_or_default(), group.share());
        }
        answer
    }
}
