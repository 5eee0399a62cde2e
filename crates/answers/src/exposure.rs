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

use weir_event::{DestinationId, GenerationId, Millis};
use weir_ledger::Passed;
use weir_rows::columns::Column;
use weir_rows::dictionary::Change;
use weir_rows::{RowsError, View, scan};

use crate::count::{Counter, Each, Frame};
use crate::shape::Shape;

/// What is asked: which destinations, and from when to when. `None` of destinations: all, at any time.
pub use weir_rows::Scope as Question;

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
    /// Categories that were found in it, by events. One event may have several.
    pub categories: BTreeMap<String, u64>,
    /// What the policy did with it, by events: `keep`, `pseudonymize`, … One event may have several, as where it is a list.
    pub actions: BTreeMap<String, u64>,
    /// In which events, by number.
    pub events: BTreeMap<String, u64>,
    /// Of how many subjects.
    pub subjects: u64,
}

impl Field {
    /// In how many events it left.
    pub fn count(&self) -> u64 {
        self.events.values().sum()
    }
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
    /// By destination and the epoch of the pseudonyms in them; 0 for `raw` and `stable`.
    pub epochs: BTreeMap<DestinationId, BTreeMap<u32, u64>>,
    /// By slice.
    pub slices: BTreeMap<String, Share>,
    /// By day, counted in days since 1970.
    /// What is left as sums of a month only stands on the month's first day.
    pub days: BTreeMap<i64, Share>,
    /// Events by day and category.
    pub categories: BTreeMap<String, BTreeMap<i64, u64>>,
    /// Generations in whose time something left: first, last, rows.
    pub generations: BTreeMap<GenerationId, (Millis, Millis, u64)>,
    /// Up to when sums of months only were left to count ([`weir_rows::months`]): a month that the window cuts counts whole.
    pub sums_until: Option<Millis>,
    /// Entries of the ledger that were read.
    pub entries: u64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The log or the files of rows cannot be read whole.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The log of the ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] weir_ledger::LedgerError),
    /// A field set that is no text of one.
    #[error("field set {0} of the ledger cannot be read: run `weir ledger verify`")]
    Unreadable(usize),
}

/// A row that counts as had, for whoever makes more of it than [`Exposure`] has.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'c> {
    /// When it left; of a sum, the beginning of its month.
    pub at: Millis,
    /// Whose it is, 0: nobody's.
    pub subject: u64,
    /// Of which organisation, 0: none.
    pub organisation: u64,
    /// The event's name.
    pub event: &'c str,
    /// Events that it stands for, where only the sum of a month is left.
    pub sum: Option<u64>,
}

impl Counted<'_> {
    /// Events that it stands for.
    pub fn events(&self) -> u64 {
        self.sum.unwrap_or(1)
    }
}

/// More threads than this gain nothing: they wait for memory.
const THREADS_MAX: usize = 8;

/// Answers from the egress ledger in `dir`, on all cores.
///
/// Memory: a few megabytes for each file of rows and thread, an eighth of a byte for each organisation and field set, slice or day, and the
/// rows that lie in the log only (at most an hour's, [`weir_rows::keeper`]), some 60 bytes each.
pub fn ask(dir: &Path, question: &Question) -> Result<Exposure, AskError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    answer(dir, question, |frame, runs, columns| {
        Ok(scan::scan(runs, columns, cores.min(THREADS_MAX), || Counter::new(frame))?)
    })
}

/// As [`ask`], where each stretch of subjects is counted for itself and all are added up, as by as many threads; and how many there were.
#[doc(hidden)]
pub fn ask_apart(dir: &Path, question: &Question) -> Result<(Exposure, usize), AskError> {
    let mut stretches = 0;
    let exposure = answer(dir, question, |frame, runs, columns| {
        let counters = scan::scan_apart(runs, columns, || Counter::new(frame))?;
        stretches = counters.len();
        Ok(counters)
    })?;
    Ok((exposure, stretches))
}

/// As [`ask`], on one core, and shows each row that counts, a subject's rows one after the other. Rows that were erased are not shown.
pub fn ask_each(dir: &Path, question: &Question, each: &mut dyn FnMut(Counted<'_>)) -> Result<Exposure, AskError> {
    answer(dir, question, |frame, runs, columns| {
        let mut showing = Each { counter: Counter::new(frame), each };
        scan::scan_on_one(runs, columns, &mut showing)?;
        Ok(vec![showing.counter])
    })
}

fn answer(
    dir: &Path,
    question: &Question,
    count: impl for<'f> FnOnce(&'f Frame<'f>, &[scan::Run<'_>], &[Column]) -> Result<Vec<Counter<'f>>, AskError>,
) -> Result<Exposure, AskError> {
    let view = View::open(dir, question, &|_| true)?;
    let batches = view.batches()?;
    let mut shapes = Vec::with_capacity(view.dictionary.field_sets.len());
    for (number, (_, body)) in view.dictionary.field_sets.iter().enumerate() {
        shapes.push(Shape::read(body).ok_or(AskError::Unreadable(number))?);
    }
    let frame = Frame::new(&view, &batches, &shapes);
    let tail = view.tail();
    let mut columns =
        vec![Column::Subject, Column::Batch, Column::Organisation, Column::FieldSet, Column::Slice, Column::Epoch];
    if batches.has_mixed() {
        columns.push(Column::Index);
    }
    if view.has_sums() {
        columns.push(Column::More);
    }
    let mut counters = count(&frame, &view.runs(&tail), &columns)?.into_iter();
    let mut all = counters.next().unwrap_or_else(|| Counter::new(&frame));
    counters.for_each(|counter| all.add(counter));
    let mut answer = Exposure { entries: view.entries(), ..all.finish() };
    live(&view, question, &mut answer);
    for range in view.ranges()? {
        if let Some((rule, passed)) = range.rule() {
            let became = match passed {
                Passed::NotOffered => "not offered",
                Passed::Dropped => "dropped",
                Passed::Held => "held in quarantine",
            };
            *answer.not_sent.entry((rule.name().to_owned(), became)).or_default() += range.count;
        }
    }
    Ok(answer)
}

/// The lives of the destinations.
fn live(view: &View, question: &Question, answer: &mut Exposure) {
    for destination in view.dictionary.destinations.iter().filter(|known| !known.changes.is_empty()) {
        answer.known.insert(destination.id.clone());
        if question.destinations.as_ref().is_some_and(|of| !of.contains_key(&destination.id)) {
            continue;
        }
        let times = answer.destinations.entry(destination.id.clone()).or_default();
        for (at, change) in &destination.changes {
            match change {
                Change::Started => {
                    times.started = times.started.or(Some(*at));
                    times.ended = None;
                }
                Change::Ended => times.ended = Some(*at),
                Change::Suspended | Change::Resumed => {}
            }
        }
    }
}
