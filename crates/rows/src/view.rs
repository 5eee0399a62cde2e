//! The store as an answer reads it: the files that matter to a question, and the end of the log, which is in no file yet.

use std::collections::BTreeMap;
use std::path::Path;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use weir_event::{DestinationId, Millis};

use crate::columns::Columns;
use crate::dictionary::Dictionary;
use crate::error::RowsError;
use crate::facts::{BatchFact, Became, Fact, FactFile, Fate, RangeFact, ResultFact};
use crate::file::{Form, RowsFile};
use crate::gather::{Gathered, Until, Wanted, gather};
use crate::manifest::{FOLDER, FactsEntry, Manifest};
use crate::row::LedgerRow;
use crate::scan::Run;

/// Destinations and times.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Of which destinations, and of each the times that count. None: of all, at any time.
    pub destinations: Option<BTreeMap<DestinationId, Vec<(Millis, Millis)>>>,
    /// From when on.
    pub from: Millis,
    /// Up to this time, which is outside.
    pub to: Millis,
}

impl Scope {
    /// Everything.
    pub const fn all() -> Scope {
        Scope { destinations: None, from: Millis(i64::MIN), to: Millis(i64::MAX) }
    }

    /// Whether what left to this destination at this time is in it.
    pub fn holds(&self, destination: &DestinationId, at: Millis) -> bool {
        self.meets(destination, at, at)
    }

    /// Whether something between these times, both included, may be in it.
    pub fn meets(&self, destination: &DestinationId, first: Millis, last: Millis) -> bool {
        let within = |(from, to): &(Millis, Millis)| *from <= last && first < *to;
        within(&(self.from, self.to))
            && match &self.destinations {
                None => true,
                Some(of) => of.get(destination).is_some_and(|times| times.iter().any(within)),
            }
    }
}

/// A consistent look at the rows of a ledger.
#[derive(Debug)]
pub struct View {
    scope: Scope,
    manifest: Manifest,
    /// What numbers stand for, up to the end of the log.
    pub dictionary: Dictionary,
    files: Vec<RowsFile>,
    batches: Vec<FactFile<BatchFact>>,
    results: Vec<FactFile<ResultFact>>,
    ranges: Vec<FactFile<RangeFact>>,
    tail: Gathered,
}

impl View {
    /// Opens what a question is about. `rows` says about which subjects rows are wanted from the end of the log (`None` asks for erased
    /// ones); rows in files are read when they are asked for.
    pub fn open(ledger: &Path, scope: &Scope, rows: &dyn Fn(Option<u64>) -> bool) -> Result<View, RowsError> {
        Manifest::with(ledger, |manifest, dictionary| View::of(ledger, manifest, dictionary, scope, rows))
    }

    fn of(
        ledger: &Path,
        mut manifest: Manifest,
        mut dictionary: Dictionary,
        scope: &Scope,
        rows: &dyn Fn(Option<u64>) -> bool,
    ) -> Result<View, RowsError> {
        let dir = ledger.join(FOLDER);
        let wanted = Wanted { batch: &|destination, at| scope.holds(destination, at), row: rows, thin: false };
        let tail = match gather(ledger, manifest.place(), &mut dictionary, Until::End, &wanted)? {
            Some(tail) => tail,
            // The files were made of another log: this one speaks for itself.
            None => {
                (manifest, dictionary) = (Manifest::default(), Dictionary::default());
                let all = gather(ledger, manifest.place(), &mut dictionary, Until::End, &wanted)?;
                all.ok_or(RowsError::Unreadable(0))?
            }
        };
        let of = |number: u16| dictionary.destinations.get(usize::from(number)).map(|known| &known.id);
        let second = |seconds: u32, more: i64| Millis(i64::from(seconds) * 1_000 + more);
        let mut files = Vec::new();
        for entry in &manifest.rows {
            let (first, last) = (second(entry.span.0, 0), second(entry.span.1, 999));
            if of(entry.destination).is_none_or(|id| scope.meets(id, first, last)) {
                files.push(RowsFile::open(&dir.join(&entry.name))?);
            }
        }
        let batches = open_facts(&dir, &manifest.batches, scope)?;
        let results = open_facts(&dir, &manifest.results, scope)?;
        let ranges = open_facts(&dir, &manifest.ranges, scope)?;
        let scope = scope.clone();
        Ok(View { scope, manifest, dictionary, files, batches, results, ranges, tail })
    }

    /// Entries of the ledger that the answer rests on.
    pub fn entries(&self) -> u64 {
        self.manifest.entries + self.tail.entries
    }

    /// Whether a subject's rows are erased, though they may still lie in a file.
    pub fn is_erased(&self, subject: u64) -> bool {
        self.manifest.erased.binary_search(&subject).is_ok()
    }

    /// The id of a destination's number.
    pub fn destination(&self, number: u16) -> Option<&DestinationId> {
        self.dictionary.destinations.get(usize::from(number)).map(|known| &known.id)
    }

    fn is_in_scope(&self, destination: u16, (first, last): (Millis, Millis)) -> bool {
        self.destination(destination).is_some_and(|id| self.scope.meets(id, first, last))
    }

    /// Whether sums of months are among what is asked about.
    pub fn has_sums(&self) -> bool {
        self.files.iter().any(|file| file.form() == Form::Months)
    }

    /// The batches in the scope, with what became of their rows.
    pub fn batches(&self) -> Result<Batches, RowsError> {
        let mut facts = Vec::new();
        for file in &self.batches {
            facts.extend(file.all()?.into_iter().filter(|fact| self.is_in_scope(fact.destination, fact.span())));
        }
        facts.extend(&self.tail.batches);
        let mut results = Vec::new();
        for file in &self.results {
            results.extend(file.all()?);
        }
        results.extend(&self.tail.results);
        Ok(Batches::new(facts, results))
    }

    /// One batch and its results, found without reading the others, so that a row of it that a later try replaced is
    /// [`Held::Possibly`]: the later try is not looked at.
    pub fn batch(&self, batch: u64) -> Result<Batches, RowsError> {
        let mut facts = find(&self.batches, batch)?;
        facts.extend(self.tail.batches.iter().filter(|fact| fact.batch == batch));
        facts.retain(|fact| self.is_in_scope(fact.destination, fact.span()));
        let mut results = find(&self.results, batch)?;
        results.extend(self.tail.results.iter().filter(|result| result.batch == batch));
        Ok(Batches::new(facts, results))
    }

    /// What did not leave, in the scope.
    pub fn ranges(&self) -> Result<Vec<RangeFact>, RowsError> {
        let mut ranges = self.tail.ranges.clone();
        for file in &self.ranges {
            let is_in_scope = |range: &RangeFact| self.is_in_scope(range.destination, (range.at, range.at));
            ranges.extend(file.all()?.into_iter().filter(is_in_scope));
        }
        Ok(ranges)
    }

    /// The rows of the log's end, sorted, by column.
    pub fn tail(&self) -> Columns {
        let mut rows: Vec<LedgerRow> = self.tail.rows.iter().map(|(_, row)| *row).collect();
        rows.sort_unstable();
        let mut columns = Columns::default();
        rows.iter().for_each(|row| columns.push(row));
        columns
    }

    /// All sorted runs; `tail` is that of [`View::tail`].
    pub fn runs<'v>(&'v self, tail: &'v Columns) -> Vec<Run<'v>> {
        let files = self.files.iter().map(Run::File);
        files.chain((!tail.is_empty()).then_some(Run::Memory(tail))).collect()
    }

    /// Every row of a subject.
    pub fn each_of(&self, subject: u64, mut visit: impl FnMut(LedgerRow)) -> Result<(), RowsError> {
        for file in &self.files {
            crate::lookup::each(file, subject, &mut visit)?;
        }
        let tail = self.tail.rows.iter().filter(|(_, row)| row.subject == subject);
        tail.for_each(|(_, row)| visit(*row));
        Ok(())
    }
}

fn open_facts<F: Fact>(dir: &Path, entries: &[FactsEntry], scope: &Scope) -> Result<Vec<FactFile<F>>, RowsError> {
    let meets = |entry: &&FactsEntry| entry.span.0 < scope.to.0 && scope.from.0 <= entry.span.1;
    entries.iter().filter(meets).map(|entry| entry.open(dir)).collect()
}

fn find<F: Fact>(files: &[FactFile<F>], key: u64) -> Result<Vec<F>, RowsError> {
    let mut found = Vec::new();
    for file in files {
        file.find(key, &mut found)?;
    }
    Ok(found)
}

/// What became of a row, seen from a question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Held {
    /// Its batch is not asked about.
    Outside,
    /// The vendor said that it has it.
    Accepted,
    /// Nobody knows: no clear answer came, or none is recorded.
    Possibly,
    /// The vendor said that it does not take it.
    Rejected,
    /// The vendor clearly did not take it, and it was to be sent again.
    Returned,
    /// It may have been stored, but a later try of the same event says what became of it.
    Replaced,
}

impl Held {
    fn of(fate: Fate, batch: &BatchFact) -> Held {
        match fate {
            Fate::Accepted => Held::Accepted,
            Fate::Unknown => Held::Possibly,
            Fate::Returned if batch.is_unclear => Held::Possibly,
            Fate::Returned => Held::Returned,
            Fate::Rejected => Held::Rejected,
        }
    }
}

/// Batches that are asked about.
#[derive(Debug)]
pub struct Batches {
    facts: Vec<BatchFact>,
    base: u64,
    /// Of each batch from `base` on: what became of its rows, `None` where they differ, and its place in `facts`.
    held: Vec<Option<Held>>,
    places: Vec<u32>,
    mixed: HashMap<u64, Vec<Held>, RandomState>,
}

impl Batches {
    pub(crate) fn new(mut facts: Vec<BatchFact>, results: Vec<ResultFact>) -> Batches {
        facts.sort_unstable();
        facts.dedup_by_key(|fact| fact.batch);
        let base = facts.first().map_or(0, |fact| fact.batch);
        let span = facts.last().map_or(0, |fact| (fact.batch - base + 1) as usize);
        let (held, places) = (vec![Some(Held::Outside); span], vec![0; span]);
        let mut batches = Batches { facts, base, held, places, mixed: HashMap::default() };
        for (place, fact) in batches.facts.iter().enumerate() {
            let at = (fact.batch - base) as usize;
            batches.held[at] = fact.fate.map(|fate| Held::of(fate, fact));
            batches.places[at] = place as u32;
            if fact.is_month {
                batches.mixed.insert(fact.batch, Fate::ALL.map(|fate| Held::of(fate, fact)).to_vec());
            }
        }
        // First what outcomes say, then what later tries say.
        for is_replaced in [false, true] {
            for result in &results {
                batches.refine(result, is_replaced);
            }
        }
        batches
    }

    fn refine(&mut self, result: &ResultFact, is_replaced: bool) {
        // The places of a month's batch are no longer those of its rows.
        let Some(fact) = self.fact(result.batch).filter(|fact| !fact.is_month).copied() else { return };
        let became = match result.became {
            Became::Replaced { by } if is_replaced && self.fact(by).is_some() => Held::Replaced,
            Became::Fate(fate) if !is_replaced => Held::of(fate, &fact),
            _ => return,
        };
        let before = fact.fate.map_or(Held::Outside, |fate| Held::of(fate, &fact));
        let of = self.mixed.entry(fact.batch).or_insert_with(|| vec![before; fact.rows as usize]);
        let range = result.first as usize..(result.first.saturating_add(result.length) as usize).min(of.len());
        if let Some(of) = of.get_mut(range) {
            of.fill(became);
        }
        self.held[(fact.batch - self.base) as usize] = None;
    }

    /// All of them, by number.
    pub fn facts(&self) -> &[BatchFact] {
        &self.facts
    }

    /// The place of a batch in [`Batches::facts`], if it is asked about.
    #[inline]
    pub fn place(&self, batch: u64) -> Option<usize> {
        let at = batch.checked_sub(self.base)? as usize;
        (*self.held.get(at)? != Some(Held::Outside)).then(|| self.places[at] as usize)
    }

    /// A batch, if it is asked about.
    pub fn fact(&self, batch: u64) -> Option<&BatchFact> {
        self.facts.get(self.place(batch)?)
    }

    /// What became of all rows of a batch; `None` where they differ.
    #[inline]
    pub fn held_all(&self, batch: u64) -> Option<Held> {
        let known = batch.checked_sub(self.base).and_then(|at| self.held.get(at as usize));
        known.copied().unwrap_or(Some(Held::Outside))
    }

    /// What became of one row.
    pub fn held(&self, batch: u64, index: u16) -> Held {
        let of_row = || self.mixed.get(&batch)?.get(usize::from(index)).copied();
        self.held_all(batch).or_else(of_row).unwrap_or(Held::Possibly)
    }

    /// Whether any batch's rows differ, so that the place of a row matters.
    pub fn has_mixed(&self) -> bool {
        !self.mixed.is_empty()
    }
}
