//! "Do they have what we sent, and nothing else?": what left to a destination against what its vendor says that it has, by day and event.
//!
//! # What is compared
//! An event that left bears an insert id of ours (D5), and so does the vendor's copy. While the journal still holds the event its id can
//! be made again: then it is *exact*, copy by copy. For what the journal does not hold any more there are numbers only: so many of an
//! event left on a day, so many are there of which no id is known ([`Comparison::finish`]).
//!
//! A day is one of the vendor's: an event belongs to the day on which it happened. Of what is only counted the ledger knows the day on
//! which it left, which is the same or a later one: so a shortage on a day is made up by a surplus of the same event on one of the
//! [`LATE_DAYS`] days before, and never by one after.
//!
//! # What the numbers say
//! [`WORDS`] are the columns. Two sums hold for each line, and are tested:
//!
//! - `accepted` = found + found by count + found on an earlier day + may not have come in yet + missing;
//! - `theirs` = what was found on this line + repeats + what is taken for ours of a later day + bypassed + declared + what nobody explains.
//!
//! *Unexplained* is what is left: missing, there although it was rejected, there and not of a form that Weir gives, there and unknown.
//!
//! # Cost
//! 24 bytes an event and side, in memory up to [`spool::MEMORY_RECORDS`] of them, then in files without a name, cut into
//! [`spool::PARTS`] parts by insert id of which one is in memory at a time: at [`RECONCILE_EVENTS_MAX`] events a side some 40 MB each.
//! Names and days are lines of a table: 2,000 names and 31 days take 15 MB.
//!
//! Read in this order: this file, [`left`] (our side), `compare` (who is whose), [`zone`] (days of a vendor), [`spool`], [`stored`] (what is kept of it).

mod compare;
pub mod left;
pub mod spool;
pub mod stored;
#[cfg(test)]
mod tests;
pub mod zone;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use weir_event::limits::RECONCILE_EVENTS_MAX;

use spool::{Record, Spool};

/// So many days after it happened an event may leave and still be taken for what a vendor has of the day on which it happened: as long as
/// vendors take events by the way that apps use.
pub const LATE_DAYS: i64 = 6;

/// The columns of a line.
pub const WORDS: [&str; COLUMNS] = [
    "accepted",
    "possibly_held",
    "rejected",
    "exact",
    "theirs",
    "found",
    "found_by_count",
    "found_earlier",
    "possibly_there",
    "possibly_there_earlier",
    "settling",
    "missing",
    "repeated_by_us",
    "repeated_there",
    "left_later",
    "bypassed",
    "declared",
    "rejected_there",
    "others",
    "extra",
];

/// How many columns there are.
pub const COLUMNS: usize = 20;

/// One event on one day, or a sum of such lines. Numbers of events.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Line {
    /// Left, and the vendor said that it has it.
    pub accepted: u64,
    /// Left, and nobody knows.
    pub possibly_held: u64,
    /// Left, and the vendor said that it does not take it.
    pub rejected: u64,
    /// Of these three: compared one by one, by insert id.
    pub exact: u64,
    /// At the vendor, copies included.
    pub theirs: u64,
    /// Accepted, and there by its insert id.
    pub found: u64,
    /// Accepted, and as many are there on this day.
    pub found_by_count: u64,
    /// Accepted, and as many are there on a day before, of which nothing else is known.
    pub found_earlier: u64,
    /// Possibly held, and it is there.
    pub possibly_there: u64,
    /// Possibly held, and as many are there on a day before.
    pub possibly_there_earlier: u64,
    /// Accepted, not there, and left so late that it may not have come in yet.
    pub settling: u64,
    /// Accepted, not there: nobody knows why.
    pub missing: u64,
    /// Further copies of an event of which there was more than one try.
    pub repeated_by_us: u64,
    /// Further copies of an event that left once: made there, or shown twice by an export that removes no duplicates.
    pub repeated_there: u64,
    /// There, and taken for what left on a later day.
    pub left_later: u64,
    /// There, not known here, on a day on which apps sent past Weir.
    pub bypassed: u64,
    /// There, not known here, and declared to have been there before Weir.
    pub declared: u64,
    /// There, although the vendor said that it does not take it.
    pub rejected_there: u64,
    /// There, under an insert id that Weir never gives, or none: somebody else sends.
    pub others: u64,
    /// There, and nobody knows why.
    pub extra: u64,
}

impl Line {
    /// The numbers in the order of [`WORDS`].
    pub const fn values(&self) -> [u64; COLUMNS] {
        [
            self.accepted,
            self.possibly_held,
            self.rejected,
            self.exact,
            self.theirs,
            self.found,
            self.found_by_count,
            self.found_earlier,
            self.possibly_there,
            self.possibly_there_earlier,
            self.settling,
            self.missing,
            self.repeated_by_us,
            self.repeated_there,
            self.left_later,
            self.bypassed,
            self.declared,
            self.rejected_there,
            self.others,
            self.extra,
        ]
    }

    /// The line with these numbers.
    pub const fn of(values: [u64; COLUMNS]) -> Line {
        let [
            accepted,
            possibly_held,
            rejected,
            exact,
            theirs,
            found,
            found_by_count,
            found_earlier,
            possibly_there,
            possibly_there_earlier,
            settling,
            missing,
            repeated_by_us,
            repeated_there,
            left_later,
            bypassed,
            declared,
            rejected_there,
            others,
            extra,
        ] = values;
        Line {
            accepted,
            possibly_held,
            rejected,
            exact,
            theirs,
            found,
            found_by_count,
            found_earlier,
            possibly_there,
            possibly_there_earlier,
            settling,
            missing,
            repeated_by_us,
            repeated_there,
            left_later,
            bypassed,
            declared,
            rejected_there,
            others,
            extra,
        }
    }

    /// Adds another.
    pub fn add(&mut self, other: &Line) {
        let (mut sum, more) = (self.values(), other.values());
        sum.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.saturating_add(more));
        *self = Line::of(sum);
    }

    /// What left and may be there.
    pub const fn sent(&self) -> u64 {
        self.accepted + self.possibly_held
    }

    /// What nobody explains.
    pub const fn unexplained(&self) -> u64 {
        self.missing + self.rejected_there + self.others + self.extra
    }

    /// Whether every number is accounted for.
    pub const fn adds_up(&self) -> bool {
        let ours = self.found + self.found_by_count + self.found_earlier + self.settling + self.missing;
        let there = self.found + self.found_by_count + self.possibly_there + self.rejected_there;
        let more = self.repeated_by_us + self.repeated_there + self.left_later + self.bypassed + self.declared;
        ours == self.accepted && there + more + self.others + self.extra == self.theirs
    }
}

/// What became of an event that left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    /// The vendor said that it does not take it.
    Rejected = 0,
    /// Nobody knows.
    Possibly = 1,
    /// The vendor said that it has it.
    Accepted = 2,
    /// It is no event at the vendor, but a link between ids or a profile: whatever is there under its id is passed over.
    Aside = 3,
}

/// A row of the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Its insert id, where it is known.
    pub id: Option<u128>,
    /// The event, by [`Comparison::name`].
    pub name: u32,
    /// The vendor's day: on which it happened, or, where only that is known, on which it left.
    pub day: i64,
    /// What became of it.
    pub fate: Fate,
    /// It left so late that it may not have come in yet.
    pub is_fresh: bool,
}

/// By what a vendor's copy can be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// By an insert id of the form that Weir gives.
    Id(u128),
    /// By none: Weir gives each event one.
    Foreign,
}

/// What is known of days, from elsewhere.
#[derive(Clone, Default, Debug)]
pub struct Known {
    /// Days on which apps sent past Weir.
    pub bypassed: std::collections::BTreeSet<i64>,
    /// Events that are declared to have been there before Weir, by day.
    pub declared: BTreeMap<i64, u64>,
}

/// The comparison under way: both sides are told first, in any order.
pub struct Comparison {
    days: (i64, i64),
    names: Vec<String>,
    numbers: HashMap<String, u32, RandomState>,
    ours: Spool,
    theirs: Spool,
    cells: Cells,
}

/// Lines by name and day; beside each what is only counted.
type Cells = HashMap<(u32, i64), Cell, RandomState>;

#[derive(Clone, Copy, Default)]
struct Cell {
    line: Line,
    /// Counted: accepted, of these fresh, possibly held.
    wanted: u64,
    fresh: u64,
    maybe: u64,
    /// There, and nobody's so far; there, and surely not by Weir.
    free: u64,
    foreign: u64,
}

/// Why a comparison ended.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The files that hold what does not fit into memory.
    #[error("what is compared cannot be kept on the disk meanwhile")]
    Disk(#[from] io::Error),
    /// More than is compared at once.
    #[error("there are more than {RECONCILE_EVENTS_MAX} events on one side: ask for fewer days")]
    TooMany,
}

/// The answer.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Reconciliation {
    /// By day of the vendor, from 1970, and event; an event that the ledger does not know is not named.
    pub lines: BTreeMap<(i64, Option<String>), Line>,
}

impl Reconciliation {
    /// All of it.
    pub fn total(&self) -> Line {
        let mut total = Line::default();
        self.lines.values().for_each(|line| total.add(line));
        total
    }

    /// By day.
    pub fn by_day(&self) -> BTreeMap<i64, Line> {
        let mut days: BTreeMap<i64, Line> = BTreeMap::new();
        self.lines.iter().for_each(|((day, _), line)| days.entry(*day).or_default().add(line));
        days
    }
}

/// The number of names that the ledger does not know: a vendor's text that is no name of ours is a value (D1) and is not said.
pub const STRANGE: u32 = 0;

impl Comparison {
    /// Over these days, first and last, with the names that the ledger knows. `scratch` makes a file that nobody else sees.
    pub fn new(
        days: (i64, i64),
        names: impl IntoIterator<Item = String>,
        scratch: Box<dyn Fn() -> io::Result<File>>,
    ) -> Comparison {
        let names: Vec<String> = std::iter::once(String::new()).chain(names).collect();
        let numbers = names.iter().cloned().zip(0_u32..).skip(1).collect();
        let scratch: std::rc::Rc<dyn Fn() -> io::Result<File>> = scratch.into();
        let spool = || Spool::new(std::rc::Rc::clone(&scratch));
        Comparison { days, names, numbers, ours: spool(), theirs: spool(), cells: HashMap::default() }
    }

    /// The number of a name, [`STRANGE`] where the ledger does not know it.
    pub fn name(&self, text: &str) -> u32 {
        self.numbers.get(text).copied().unwrap_or(STRANGE)
    }

    /// An event left.
    pub fn sent(&mut self, sent: Sent) -> Result<(), CompareError> {
        let Some(id) = sent.id else {
            self.counted(&sent, 1);
            return Ok(());
        };
        let mark = sent.fate as u8 | if sent.is_fresh { FRESH } else { 0 };
        push(&mut self.ours, Record { id, name: sent.name, day: day(sent.day), mark })
    }

    /// Events left of which no id is known.
    fn counted(&mut self, sent: &Sent, count: u64) {
        let Some(cell) = self.cell(sent.name, sent.day) else { return };
        match sent.fate {
            Fate::Accepted => {
                cell.line.accepted += count;
                cell.wanted += count;
                cell.fresh += if sent.is_fresh { count } else { 0 };
            }
            Fate::Possibly => {
                cell.line.possibly_held += count;
                cell.maybe += count;
            }
            Fate::Rejected => cell.line.rejected += count,
            Fate::Aside => {}
        }
    }

    /// The vendor has an event.
    pub fn held(&mut self, told: Told, name: u32, on: i64) -> Result<(), CompareError> {
        match told {
            Told::Id(id) => push(&mut self.theirs, Record { id, name, day: day(on), mark: 0 }),
            Told::Foreign => {
                if let Some(cell) = self.cell(name, on) {
                    cell.line.theirs += 1;
                    cell.foreign += 1;
                }
                Ok(())
            }
        }
    }

    /// The vendor has so many of an event on a day, and does not say which.
    pub fn held_in_all(&mut self, name: u32, on: i64, count: u64) {
        if let Some(cell) = self.cell(name, on) {
            cell.line.theirs += count;
            cell.free += count;
        }
    }

    /// A line that may matter: of the days that are asked about, or near enough to them to have something of theirs.
    fn cell(&mut self, name: u32, day: i64) -> Option<&mut Cell> {
        let near = self.days.0.saturating_sub(LATE_DAYS)..=self.days.1.saturating_add(LATE_DAYS);
        near.contains(&day).then(|| self.cells.entry((name, day)).or_default())
    }
}

/// In [`Record::mark`] of ours, beside the fate.
const FRESH: u8 = 0x80;

fn push(spool: &mut Spool, record: Record) -> Result<(), CompareError> {
    if spool.len() >= RECONCILE_EVENTS_MAX {
        return Err(CompareError::TooMany);
    }
    Ok(spool.push(record)?)
}

/// A day as it is kept: those beyond sixty centuries are one.
fn day(day: i64) -> i32 {
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}
