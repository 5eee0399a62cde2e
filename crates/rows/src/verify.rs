//! Are the files what the log says? Each row of a file is one that the log has, and none of the log's is missing (`weir ledger verify`).
//!
//! The log is walked up to the place that the list of files names, and everything is made of it once more: batches, results, ranges,
//! names. Of each batch rows of the log are added, rows of files taken away (`tally.rs`), and what is left must be nothing. Only of a batch that
//! does not come to nothing the rows are looked at one by one. Of a month that is summed up ([`crate::months`]) the sums are compared in the same way.
//!
//! Rows that the log has given up ([`mod@crate::thin`]) are held against what it has kept: with the key folder each batch is made again from
//! them, and the root over its rows must be the one that its entry has; without keys only its number of rows, their time and field sets. Of a
//! month that is summed up, the number of events.
//!
//! Not compared: which try a later one replaced. It rests on the order in which outcomes were taken over.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;
use weir_event::Millis;
use weir_keys::Keys;
use weir_ledger::entry::{Entry, IntentEntry};
use weir_ledger::history::{self, Place};
use weir_ledger::rows::{Body, RowsBody, StoredRow};
use weir_ledger::thin::ThinBody;
use weir_ledger::{BatchId, Kind, StoredName};

use crate::columns::Columns;
use crate::dictionary::Dictionary;
use crate::error::RowsError;
use crate::facts::{BatchFact, Became, Fact, RangeFact, ResultFact};
use crate::file::{PAGE_ROWS, RowsFile};
use crate::gather::{Gathered, Until, Wanted, gather};
use crate::manifest::{FOLDER, FactsEntry, MANIFEST, Manifest, RowsEntry};
use crate::months::Together;
use crate::row::{LedgerRow, Month};
use crate::store::TAKE_ROWS;
use crate::tally::{Keyed, Tally};
use crate::thin::{Asked, Fetched, collect, gone_behind};
use crate::view::{Batches, Held};

/// The first thing that is not as the log says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bad {
    /// In which file.
    pub file: PathBuf,
    /// What is wrong.
    pub what: String,
}

/// What a walk found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Report {
    /// Files of rows.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Entries of the log that they go up to. What lies behind is read from the log.
    pub entries: u64,
    /// Rows that the files alone have.
    pub alone: u64,
    /// Of these: rows whose batch was made again and has its root; `None` without keys.
    pub proved: Option<u64>,
    /// Months of a destination whose sums were counted only, because the log has given their rows up.
    pub counted: u64,
    /// The first thing that is bad, if anything is.
    pub bad: Option<Bad>,
}

enum Stop {
    Bad(Bad),
    Failed(RowsError),
}

type Found<T> = Result<T, Stop>;

impl From<RowsError> for Stop {
    fn from(error: RowsError) -> Stop {
        let bad = |file: &Path, what: String| Stop::Bad(Bad { file: file.to_owned(), what });
        match &error {
            RowsError::Parquet { path, source } => bad(path, format!("it cannot be read: {source}")),
            RowsError::Damaged { path, what } => bad(path, (*what).to_owned()),
            RowsError::Io { path, .. } if error.is_absent() => bad(path, "it is missing".to_owned()),
            RowsError::Io { path, source, .. } if source.kind() == ErrorKind::UnexpectedEof => {
                bad(path, "it is cut short".to_owned())
            }
            RowsError::Io { .. }
            | RowsError::NewerFormat { .. }
            | RowsError::Ledger(_)
            | RowsError::Lacks(_)
            | RowsError::Busy
            | RowsError::Gone(_)
            | RowsError::Stopped
            | RowsError::Unknown(_)
            | RowsError::Unreadable(_) => Stop::Failed(error),
        }
    }
}

/// Holds the files of a ledger's folder against its log, which should have been verified before. An error says that it could not be done.
pub fn verify(ledger: &Path, keys: Option<&Keys>) -> Result<Report, RowsError> {
    let opened = Manifest::with(ledger, |manifest, dictionary| Walk::open(ledger, manifest, dictionary));
    let mut report = Report { proved: keys.map(|_| 0), ..Report::default() };
    let walked = opened.map_err(Stop::from).and_then(|walk| {
        report.files = walk.files.len() as u64;
        report.rows = walk.files.iter().map(|(_, file)| file.rows()).sum();
        report.entries = walk.manifest.entries;
        walk.run(keys, &mut report)
    });
    match walked {
        Ok(()) => {}
        Err(Stop::Bad(bad)) => report.bad = Some(bad),
        Err(Stop::Failed(error)) => return Err(error),
    }
    Ok(report)
}

/// A destination, a month, and a batch: 0 stands for all of a month that is summed up.
type Group = (u16, Month, u64);

/// The files, open: what is merged away meanwhile stays readable.
struct Walk {
    ledger: PathBuf,
    dir: PathBuf,
    manifest: Manifest,
    dictionary: Dictionary,
    files: Vec<(RowsEntry, RowsFile)>,
    batches: Vec<BatchFact>,
    results: Vec<ResultFact>,
    ranges: Vec<RangeFact>,
    /// Months of a destination that are summed up.
    summed: BTreeSet<(u16, Month)>,
    /// Of these: those of which the log has given up rows, so that events can only be counted.
    counted: BTreeSet<(u16, Month)>,
    keyed: Keyed,
    tallies: HashMap<Group, Tally, RandomState>,
}

/// What the log says.
#[derive(Default)]
struct Log {
    dictionary: Dictionary,
    batches: Vec<BatchFact>,
    results: Vec<ResultFact>,
    ranges: Vec<RangeFact>,
    /// Batches whose rows it has given up.
    thin: BTreeSet<u64>,
}

impl Walk {
    fn open(ledger: &Path, manifest: Manifest, dictionary: Dictionary) -> Result<Walk, RowsError> {
        let dir = ledger.join(FOLDER);
        let open = |entry: &RowsEntry| Ok((entry.clone(), RowsFile::open(&dir.join(&entry.name))?));
        Ok(Walk {
            dictionary,
            files: manifest.rows.iter().map(open).collect::<Result<_, RowsError>>()?,
            batches: facts(&dir, &manifest.batches)?,
            results: facts(&dir, &manifest.results)?,
            ranges: facts(&dir, &manifest.ranges)?,
            summed: manifest.rows.iter().filter(|e| e.is_sums).map(|e| (e.destination, e.month)).collect(),
            counted: BTreeSet::new(),
            keyed: Keyed::default(),
            tallies: HashMap::default(),
            ledger: ledger.to_owned(),
            manifest,
            dir,
        })
    }

    fn run(mut self, keys: Option<&Keys>, report: &mut Report) -> Found<()> {
        let log = self.log()?;
        self.nothing_is_gone()?;
        self.facts(&log)?;
        report.counted = self.counted.len() as u64;
        let place = |fact: &BatchFact| (fact.batch, (fact.destination, Month::of(fact.at)));
        let thin = log.batches.iter().filter(|fact| log.thin.contains(&fact.batch)).map(place).collect();
        for at in 0..self.files.len() {
            self.file(at, &thin)?;
        }
        self.given_up(&log, keys, report)?;
        let wrong = self.tallies.iter().filter(|(_, tally)| !tally.is_nothing()).map(|(group, _)| *group).min();
        match wrong {
            None => Ok(()),
            Some(group) => self.explain(group, &log),
        }
    }

    /// Looks whether the log has given up rows that no file was ever said to have.
    fn nothing_is_gone(&self) -> Found<()> {
        let Some(entry) = gone_behind(&self.ledger, self.manifest.place())? else { return Ok(()) };
        self.bad(
            MANIFEST,
            &format!("it names no file with the rows of entry {entry}, which the log does not have any more"),
        )
    }

    /// Holds batches whose rows the log has given up against what it has kept of them.
    fn given_up(&self, log: &Log, keys: Option<&Keys>, report: &mut Report) -> Found<()> {
        let is_in_files = |fact: &&BatchFact| {
            log.thin.contains(&fact.batch) && !self.summed.contains(&(fact.destination, Month::of(fact.at)))
        };
        let mut facts: Vec<&BatchFact> = log.batches.iter().filter(is_in_files).collect();
        facts.sort_unstable_by_key(|fact| fact.entry);
        let mut rows = 0;
        let together = facts.chunk_by(|_, next| {
            rows += next.rows as usize;
            let goes_on = rows < TAKE_ROWS;
            rows = if goes_on { rows } else { 0 };
            goes_on
        });
        for facts in together {
            let asked = facts.iter().filter_map(|fact| {
                let destination = &log.dictionary.destinations.get(usize::from(fact.destination))?.id;
                Some(Asked { batch: BatchId(fact.batch), destination, at: fact.at })
            });
            let files = self.files.iter().map(|(entry, file)| (entry, move || Ok(file)));
            let fetched = collect(files, &self.dictionary, &asked.collect::<Vec<_>>())?;
            let by_entry: HashMap<u64, &BatchFact> = facts.iter().map(|fact| (fact.entry, *fact)).collect();
            let (Some(first), Some(last)) = (facts.first(), facts.last()) else { continue };
            let mut wrong = None;
            let visit = |index, at: Millis, entry: &Entry, body: &[u8]| {
                let (Entry::Intent(intent), Some(fact), None) = (entry, by_entry.get(&index), &wrong) else { return };
                let Ok(Body::Thin(body)) = Body::parse(body) else { return };
                report.alone += fetched.of(intent.batch).len() as u64;
                wrong = self.held(intent, at, &body, &fetched, keys).err().map(|what| (**fact, what));
                if let (None, Some(proved)) = (&wrong, &mut report.proved) {
                    *proved += fetched.of(intent.batch).len() as u64;
                }
            };
            history::between(&self.ledger, Kind::Egress, first.entry..last.entry + 1, visit)
                .map_err(RowsError::from)?;
            if let Some((fact, what)) = wrong {
                let name = self.name_of(fact.destination, Month::of(fact.at));
                return self.bad(name, &format!("batch {}: {what}", fact.batch));
            }
        }
        Ok(())
    }

    /// Holds one such batch against the rows of the files, and says what is wrong.
    fn held(
        &self,
        intent: &IntentEntry,
        at: Millis,
        body: &ThinBody<'_>,
        fetched: &Fetched,
        keys: Option<&Keys>,
    ) -> Result<(), String> {
        if let Some((_, place)) = fetched.twice.filter(|(batch, _)| *batch == intent.batch) {
            return Err(format!("row {place} is there twice"));
        }
        let (rows, mut erased) = (fetched.of(intent.batch), body.erased());
        let time = StoredRow::time_of(at);
        for (place, row) in rows {
            // One whose blind is destroyed already goes with the next write of its file.
            let is_going = self.manifest.erased.binary_search(&row.subject).is_ok();
            if erased.remove(place).is_some() && !is_going {
                return Err(format!("row {place} is there, and was erased"));
            }
            let belongs = row.time == time && intent.field_sets.contains(&row.field_set);
            if !belongs || u32::from(*place) >= intent.rows {
                return Err(format!("row {place} is none that was recorded"));
            }
        }
        let (there, all) = (rows.len() + erased.len(), intent.rows as usize);
        if there != all {
            return Err(format!("of {all} rows {there} are there"));
        }
        let mut events: BTreeMap<StoredName, u64> = BTreeMap::new();
        rows.values().for_each(|row| *events.entry(row.event).or_default() += 1);
        if events != body.events() && !self.is_erasing() {
            return Err("its rows are not of the events that the log has of it".to_owned());
        }
        let Some(keys) = keys else { return Ok(()) };
        if let Ok(Some(place)) = body.emptied(keys, intent.batch) {
            return Err(format!("row {place} was taken out and not erased: its blind is still there"));
        }
        let whole = body.whole(keys, intent.batch, rows).map_err(|_| "its seed does not open with this key folder")?;
        let whole = whole.ok_or("a row is there whose blind was destroyed")?;
        let root = RowsBody::parse(&whole).map_err(|_| "it cannot be made again")?.stored_root();
        if root == intent.rows_root { Ok(()) } else { Err("its rows are not those that were recorded".to_owned()) }
    }

    /// Whether an erasure is under way: of a thinned batch a row may then be gone from the log and not from the file.
    fn is_erasing(&self) -> bool {
        !self.manifest.erased.is_empty()
    }

    /// A file of a destination's month.
    fn name_of(&self, destination: u16, month: Month) -> &str {
        let of = self.files.iter().find(|(entry, _)| (entry.destination, entry.month) == (destination, month));
        of.map_or(MANIFEST, |(entry, _)| entry.name.as_str())
    }

    /// Walks the log, adds its rows, and gives everything else.
    fn log(&mut self) -> Found<Log> {
        let mut log = Log::default();
        let mut place = Place::default();
        while place.entries < self.manifest.entries {
            let gathered = self.gather(place, &mut log.dictionary, &Wanted { thin: true, ..Wanted::ALL })?;
            let Gathered { place: next, batches, results, ranges, rows, thin, .. } = gathered;
            if next.entries <= place.entries {
                return self.bad(MANIFEST, "it goes further than the batches that the log has an outcome of");
            }
            place = next;
            log.thin.extend(thin);
            for (destination, row) in rows {
                let month = row.month();
                if row.is_erased() && self.is_erasing() && log.thin.contains(&row.batch) {
                    continue;
                }
                if !self.summed.contains(&(destination, month)) {
                    self.put((destination, month, row.batch), row, 1);
                }
            }
            log.batches.extend(batches);
            log.results.extend(results);
            log.ranges.extend(ranges);
        }
        if place != self.manifest.place() {
            return self.bad(MANIFEST, "it is of another log");
        }
        if !self.summed.is_empty() {
            self.log_of_sums(&log)?;
        }
        Ok(log)
    }

    /// Adds the rows of months that are summed up: what became of each is known only after the first walk.
    fn log_of_sums(&mut self, log: &Log) -> Found<()> {
        let batches = Batches::new(log.batches.clone(), log.results.clone());
        for batch in &log.thin {
            let Some(fact) = batches.fact(*batch) else { continue };
            let group = (fact.destination, Month::of(fact.at));
            if self.summed.contains(&group) {
                self.counted.insert(group);
                let left = (0..fact.rows).filter(|at| batches.held(*batch, *at as u16) != Held::Replaced).count();
                self.tallies.entry((group.0, group.1, 0)).or_default().count(left as i64);
            }
        }
        let (mut dictionary, mut place) = (Dictionary::default(), Place::default());
        let summed = self.summed.clone();
        let id = |number: u16| log.dictionary.destinations.get(usize::from(number)).map(|of| of.id.clone());
        let months: BTreeSet<_> = summed.iter().filter_map(|(of, month)| Some((id(*of)?, *month))).collect();
        let wanted =
            Wanted { batch: &|id, at| months.contains(&(id.clone(), Month::of(at))), row: &|_| true, thin: true };
        while place.entries < self.manifest.entries {
            let gathered = self.gather(place, &mut dictionary, &wanted)?;
            place = gathered.place;
            for (_, row) in gathered.rows {
                // Numbers of this walk are its own, since it passes over destinations.
                let Some(fact) = batches.fact(row.batch).copied() else { continue };
                // Of batches without their rows they were counted above.
                if batches.held(row.batch, row.index) != Held::Replaced && !log.thin.contains(&row.batch) {
                    self.put((fact.destination, row.month(), 0), row, 1);
                }
            }
        }
        Ok(())
    }

    fn gather(&self, from: Place, dictionary: &mut Dictionary, wanted: &Wanted<'_>) -> Found<Gathered> {
        let until = Until::Below { entries: self.manifest.entries, rows: TAKE_ROWS };
        let gathered = gather(&self.ledger, from, dictionary, until, wanted)?;
        gathered.map_or_else(|| self.bad(MANIFEST, "it is of another log"), Ok)
    }

    /// Adds a row so many times.
    fn put(&mut self, group: Group, row: LedgerRow, times: i64) {
        // One that is about to be taken out of the file is gone from the log perhaps.
        let is_going = self.manifest.erased.binary_search(&row.subject).is_ok();
        let row = if is_going { row.erased() } else { row };
        // Of a sum neither moment nor batch is left, and its number is counted.
        let row = if group.2 == 0 { LedgerRow { time: 0, batch: 0, index: 0, more: 0, ..row } } else { row };
        let tally = self.tallies.entry(group).or_default();
        if group.2 == 0 && self.counted.contains(&(group.0, group.1)) {
            tally.count(times);
        } else {
            tally.add(&self.keyed, &row, times);
        }
    }

    /// Holds what is not a row against the log.
    fn facts(&self, log: &Log) -> Found<()> {
        let (ours, theirs) = (&self.dictionary, &log.dictionary);
        if (&ours.names, &ours.field_sets, &ours.destinations)
            != (&theirs.names, &theirs.field_sets, &theirs.destinations)
        {
            let name = self.manifest.dictionary_name().unwrap_or(MANIFEST);
            return self.bad(name, "it does not say what the log says of names, field sets and destinations");
        }
        let mut batches = log.batches.clone();
        batches.retain(|fact| !self.summed.contains(&(fact.destination, Month::of(fact.at))));
        for (destination, month) in &self.summed {
            let is_of = |fact: &&BatchFact| (fact.destination, Month::of(fact.at)) == (*destination, *month);
            batches.extend(Together::of(log.batches.iter().filter(is_of).copied(), *month).facts);
        }
        self.same("batch", batches, &self.batches, &self.manifest.batches)?;
        let is_summed = |fact: &&BatchFact| self.summed.contains(&(fact.destination, Month::of(fact.at)));
        let summed: BTreeSet<u64> = log.batches.iter().filter(is_summed).map(|fact| fact.batch).collect();
        let mut results = log.results.clone();
        results.retain(|of| matches!(of.became, Became::Fate(_)) && !summed.contains(&of.batch));
        let mut ours = self.results.clone();
        ours.retain(|of| matches!(of.became, Became::Fate(_)));
        self.same("what became of batch", results, &ours, &self.manifest.results)?;
        self.same("what did not leave at", log.ranges.clone(), &self.ranges, &self.manifest.ranges)
    }

    fn same<F: Fact>(&self, what: &str, mut log: Vec<F>, ours: &[F], files: &[FactsEntry]) -> Found<()> {
        log.sort_unstable();
        let Some(at) = (0..log.len().max(ours.len())).find(|at| log.get(*at) != ours.get(*at)) else { return Ok(()) };
        let (expected, found) = (log.get(at).map(F::key), ours.get(at).map(F::key));
        let (key, wrong) = match (expected, found) {
            (Some(expected), Some(found)) if expected == found => (found, "is not what the log says"),
            (Some(expected), Some(found)) if found < expected => (found, "is none of the log's, or there twice"),
            (Some(expected), _) => (expected, "is missing"),
            (None, Some(found)) => (found, "is none of the log's, or there twice"),
            (None, None) => return Ok(()),
        };
        let file = files.iter().find(|entry| entry.keys.0 <= key && key <= entry.keys.1);
        self.bad(file.map_or(MANIFEST, |entry| &entry.name), &format!("{what} {key} {wrong}"))
    }

    /// Takes the rows of a file away, and looks at its order and its index, by which rows are found.
    fn file(&mut self, at: usize, thin: &BTreeMap<u64, (u16, Month)>) -> Found<()> {
        let Some((entry, _)) = self.files.get(at) else { return Ok(()) };
        let entry = entry.clone();
        let is_summed = self.summed.contains(&(entry.destination, entry.month));
        let (mut columns, mut last, mut rows) = (Columns::default(), None, 0_u64);
        let stretches = self.files[at].1.stretches();
        for stretch in stretches {
            let (group, length) = (stretch.group, stretch.rows.len());
            let index = self.files[at].1.index(group)?;
            for (page, part) in stretch.parts(PAGE_ROWS).enumerate() {
                columns.clear();
                let file = &self.files[at].1;
                file.read(&part, file.form().columns(), &mut columns)?;
                for place in 0..columns.len() {
                    let row = columns.row(place);
                    if last.is_some_and(|last| row < last) {
                        return self.bad(&entry.name, "its rows are not in order, so that some are not found");
                    }
                    if row.month() != entry.month {
                        return self.bad(&entry.name, "it has a row of another month than it should");
                    }
                    last = Some(row);
                    let batch = if is_summed { 0 } else { row.batch };
                    // Rows of such a batch in its own files are looked at together; what is left of erased ones the log has, too.
                    let is_own = thin.get(&batch) == Some(&(entry.destination, entry.month));
                    if !is_summed && is_own && (!row.is_erased() || self.is_erasing()) {
                        continue;
                    }
                    let times = -i64::try_from(columns.events(place)).unwrap_or(i64::MAX);
                    self.put((entry.destination, entry.month, batch), row, times);
                }
                rows += columns.len() as u64;
                let subjects = columns.subjects();
                let ends = (subjects.first().map(|s| s.cast_unsigned()), subjects.last().map(|s| s.cast_unsigned()));
                let is_first = page > 0 || ends.0 == Some(index.first);
                let is_last = part.rows.end < length || ends.1 == Some(index.last);
                if !is_first || !is_last || index.pages.get(page).copied() != ends.1 {
                    return self.bad(&entry.name, "its index does not fit its rows, so that some are not found");
                }
            }
        }
        if rows == entry.rows {
            Ok(())
        } else {
            self.bad(&entry.name, "it has more or fewer rows than the list of files says")
        }
    }

    /// Says what is wrong with a batch whose rows are not those of the log.
    fn explain(&self, (destination, month, batch): Group, log: &Log) -> Found<()> {
        let of = self.files.iter().filter(|(entry, _)| (entry.destination, entry.month) == (destination, month));
        let of: Vec<&(RowsEntry, RowsFile)> = of.collect();
        let name = self.name_of(destination, month);
        if batch == 0 {
            return self.bad(name, &format!("the sums of {month} are not those of the rows of the log"));
        }
        // Rows that the log has given up are what they must be; only what is left of erased ones is in question.
        let is_thin = log.thin.contains(&batch);
        let mut expected = self.rows_of(batch, log)?;
        // A batch lies in one file: the one that has other rows of it lacks those that are missing.
        let (mut seen, mut holder) = (BTreeSet::new(), name);
        for (entry, file) in of {
            let mut columns = Columns::default();
            for part in file.stretches().into_iter().flat_map(|stretch| stretch.parts(PAGE_ROWS)) {
                columns.clear();
                file.read(&part, file.form().columns(), &mut columns)?;
                for row in (0..columns.len())
                    .map(|at| columns.row(at))
                    .filter(|row| row.batch == batch && (row.is_erased() || !is_thin))
                {
                    let wrong = match expected.remove(&row.index) {
                        Some(log) if log == row || self.manifest.erased.binary_search(&row.subject).is_ok() => None,
                        Some(_) => Some("is not the one that was recorded"),
                        None if seen.contains(&row.index) => Some("is there twice"),
                        None => Some("is none that was recorded"),
                    };
                    if let Some(wrong) = wrong {
                        return self.bad(&entry.name, &format!("row {} of batch {batch} {wrong}", row.index));
                    }
                    seen.insert(row.index);
                    holder = &entry.name;
                }
            }
        }
        let missing = expected.keys().next().copied().unwrap_or_default();
        self.bad(holder, &format!("row {missing} of batch {batch} is missing"))
    }

    /// The rows of a batch as the log has them, by their places.
    fn rows_of(&self, batch: u64, log: &Log) -> Found<BTreeMap<u16, LedgerRow>> {
        let Some(fact) = log.batches.iter().find(|fact| fact.batch == batch) else { return Ok(BTreeMap::new()) };
        let id = log.dictionary.destinations.get(usize::from(fact.destination)).map(|of| of.id.clone());
        let wanted = Wanted { batch: &|of, at| Some(of) == id.as_ref() && at == fact.at, row: &|_| true, thin: true };
        let (mut dictionary, mut place) = (Dictionary::default(), Place::default());
        let mut rows = BTreeMap::new();
        while place.entries < self.manifest.entries {
            let gathered = self.gather(place, &mut dictionary, &wanted)?;
            place = gathered.place;
            let of_batch = gathered.rows.into_iter().filter(|(_, row)| row.batch == batch);
            rows.extend(of_batch.map(|(_, row)| (row.index, row)));
        }
        Ok(rows)
    }

    fn bad<T>(&self, name: &str, what: &str) -> Found<T> {
        Err(Stop::Bad(Bad { file: self.dir.join(name), what: what.to_owned() }))
    }
}

/// All records, in the order in which they are held against the log's.
fn facts<F: Fact>(dir: &Path, entries: &[FactsEntry]) -> Result<Vec<F>, RowsError> {
    let mut all = FactsEntry::all(entries, dir)?;
    all.sort_unstable();
    Ok(all)
}
