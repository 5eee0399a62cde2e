//! The files of the store, as they are made, merged, given up and erased from.
//!
//! `rows/` in the ledger's folder. A file that the list of files ([`crate::manifest`]) does not name is left from a crash and is removed at the
//! next start. Files are never changed; merging writes a new one, the list, and only then removes the old ones.
//!
//! | file | what |
//! |---|---|
//! | `manifest` | [`crate::manifest`] |
//! | `N.parquet`, `N.sums` | rows of one destination and month ([`crate::file`]), and the checksums of that file ([`crate::sums`]) |
//! | `N.batches`, `N.results`, `N.ranges` | [`crate::facts`] |
//! | `N.dictionary` | [`crate::dictionary`] |
//!
//! Everything here is made from the log. As long as the log has its rows it can be made again: files that cannot be read, or a log that no
//! longer comes by the manifest's position, make the store begin anew. Once the log has given rows up (`store/thinning.rs`) these files are all
//! that there is of them, and the same is an error.
//!
//! # Merging
//! Each take-over writes one file per destination and month: an hour of a busy destination, or what came since. Eight files of about
//! one size become one; a month that is over becomes one file. So a row is written about four times in its life, and a subject is looked
//! for in few files. Thirteen months later the rows of a month become sums ([`crate::months`]).
//!
//! Read on in `store/thinning.rs` (when the log gives rows up) and `store/erasing.rs`.

mod erasing;
mod thinning;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use weir_event::Millis;
use weir_ledger::disk::{Disk, RealDisk, replace};
use weir_ledger::history;
use weir_ledger::rows::StoredRow;

use crate::dictionary::Dictionary;
use crate::error::RowsError;
use crate::facts::{self, BatchFact, Fact, RangeFact, ResultFact};
use crate::file::{self, Form, RowsFile};
use crate::gather::{Gathered, Until, Wanted, gather};
use crate::manifest::{FOLDER, FactsEntry, MANIFEST, Manifest, RowsEntry, VERSION};
use crate::merge::Merge;
use crate::months::{self, Summed, Together};
use crate::row::{LedgerRow, Month};
use crate::tally::{Keyed, Tally};
use crate::thin::gone_behind;
use crate::view::Batches;

/// Rows that are taken over at once: about 100 MB of memory.
pub const TAKE_ROWS: usize = 1_000_000;
/// Rows of an erasure that are held at once: about 70 MB.
const ABOUT_ROWS: usize = 1_000_000;
/// So many files of about one size become one.
const FAN_IN: usize = 8;
/// What is wrong with a file that is not what was put into it.
const MISWRITTEN: &str = "it does not read as it was written";
/// Files of facts over this are not merged further.
const FACTS_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The store, open for writing: one at a time, which is who holds the data folder's lock.
pub struct Store {
    ledger: PathBuf,
    dir: PathBuf,
    manifest: Manifest,
    dictionary: Dictionary,
    stop: Arc<AtomicBool>,
    /// Rows of an erasure that are held at once.
    about_rows: usize,
}

/// What taking over did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Taken {
    /// Entries of the log that are in the files now, and were not before.
    pub entries: u64,
    /// Rows.
    pub rows: u64,
    /// Whether there was more than could be taken at once.
    pub more: bool,
}

impl Store {
    /// Opens or makes the store of a ledger's folder. What a crash left is removed; a list of files that cannot be read is given up, and
    /// all made again from the log, unless the log has given rows up.
    pub fn open(ledger: &Path) -> Result<Store, RowsError> {
        let dir = ledger.join(FOLDER);
        std::fs::create_dir_all(&dir).map_err(RowsError::io("create", &dir))?;
        let read = || -> Result<(Manifest, Dictionary), RowsError> {
            let manifest = Manifest::read(ledger)?;
            let dictionary = manifest.dictionary(ledger)?;
            Ok((manifest, dictionary))
        };
        let (manifest, dictionary) = match read() {
            Ok(found) => found,
            Err(error @ RowsError::NewerFormat { .. }) => return Err(error),
            Err(error) if history::is_thinned(ledger)? => return Err(error),
            Err(_) => (Manifest { version: VERSION, ..Manifest::default() }, Dictionary::default()),
        };
        // What no list names may be all that there is of some rows, where the list is not the one that goes with the log.
        if let Err(missing) = manifest.files_there(ledger)
            && history::is_thinned(ledger)?
        {
            return Err(missing);
        }
        match gone_behind(ledger, manifest.place()) {
            Ok(None) => {}
            Ok(Some(entry)) => return Err(RowsError::Gone(entry)),
            // Taking over begins anew.
            Err(RowsError::Damaged { .. }) if !history::is_thinned(ledger)? => {}
            Err(error) => return Err(error),
        }
        let mut store = Store {
            ledger: ledger.to_owned(),
            dir,
            manifest,
            dictionary,
            stop: Arc::default(),
            about_rows: ABOUT_ROWS,
        };
        store.remove_unnamed()?;
        Ok(store)
    }

    /// Has merging end with [`RowsError::Stopped`] as soon as this is set.
    #[must_use]
    pub fn stopped_by(self, stop: Arc<AtomicBool>) -> Store {
        Store { stop, ..self }
    }

    /// Holds so many rows of an erasure at once, which tests make few.
    #[must_use]
    pub fn with_about_rows(self, about_rows: usize) -> Store {
        Store { about_rows, ..self }
    }

    /// The files.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Takes over what is settled in the log's first `durable` entries, at most about [`TAKE_ROWS`] rows.
    pub fn take(&mut self, durable: u64) -> Result<Taken, RowsError> {
        let mut dictionary = self.dictionary.clone();
        let until = Until::Settled { rows: TAKE_ROWS, durable };
        let Some(gathered) = gather(&self.ledger, self.manifest.place(), &mut dictionary, until, &Wanted::ALL)? else {
            // Another log, or one that was cut back: what was made of it is not true of this one. Where it has given rows up they are in
            // no other place, and an error says so.
            if history::is_thinned(&self.ledger)? {
                return Err(RowsError::Damaged { path: self.dir.join(MANIFEST), what: "it is of another log" });
            }
            let Manifest { next, erased_until, .. } = self.manifest;
            let erased = std::mem::take(&mut self.manifest.erased);
            self.manifest = Manifest { version: VERSION, next, erased, erased_until, ..Manifest::default() };
            self.dictionary = Dictionary::default();
            self.commit()?;
            return Ok(Taken { entries: 0, rows: 0, more: true });
        };
        let entries = gathered.place.entries - self.manifest.entries;
        if entries == 0 {
            return Ok(Taken { entries: 0, rows: 0, more: false });
        }
        let (rows, more) = (gathered.rows.len() as u64, gathered.is_more);
        self.add(gathered, dictionary)?;
        Ok(Taken { entries, rows, more })
    }

    /// Adds what was gathered, in one step.
    pub fn add(&mut self, gathered: Gathered, dictionary: Dictionary) -> Result<(), RowsError> {
        let mut manifest = self.manifest.clone();
        let mut by_file: BTreeMap<(u16, Month), Vec<LedgerRow>> = BTreeMap::new();
        for (destination, row) in gathered.rows {
            by_file.entry((destination, row.month())).or_default().push(row);
        }
        for ((destination, month), mut rows) in by_file {
            rows.sort_unstable();
            let entry = self.write_rows(&mut manifest, destination, month, Form::Rows, rows.into_iter().map(Ok))?;
            manifest.rows.push(entry);
        }
        if let Some(entry) = self.write_facts(&mut manifest, "batches", &gathered.batches)? {
            manifest.batches.push(entry);
        }
        if let Some(entry) = self.write_facts(&mut manifest, "results", &gathered.results)? {
            manifest.results.push(entry);
        }
        if let Some(entry) = self.write_facts(&mut manifest, "ranges", &gathered.ranges)? {
            manifest.ranges.push(entry);
        }
        let name = manifest.name("dictionary");
        facts::write(&self.dir.join(&name), &dictionary.encode())?;
        manifest.dictionary = Some(name);
        (manifest.entries, manifest.checksum) = (gathered.place.entries, gathered.place.checksum);
        self.manifest = manifest;
        self.dictionary = dictionary;
        self.commit()
    }

    /// Merges one set of files, if one is due at this time; whether it did.
    pub fn merge(&mut self, now: Millis) -> Result<bool, RowsError> {
        // A batch that left at the end of a month may be settled a little later.
        let over = Month::of(now.plus(-2 * Millis::DAY));
        let mut by_month: BTreeMap<(u16, Month), Vec<&RowsEntry>> = BTreeMap::new();
        for entry in self.manifest.rows.iter().filter(|entry| !entry.is_sums) {
            by_month.entry((entry.destination, entry.month)).or_default().push(entry);
        }
        let due = by_month.into_iter().find_map(|((destination, month), entries)| {
            let is_over = month < over && entries.len() > 1;
            let chosen = if is_over { Some(entries) } else { due(entries, |entry| entry.bytes) };
            chosen.map(|entries| (destination, month, entries.into_iter().cloned().collect::<Vec<_>>()))
        });
        if let Some((destination, month, entries)) = due {
            self.merge_rows(destination, month, Form::Rows, &entries)?;
            return Ok(true);
        }
        Ok(self.merge_facts::<BatchFact>("batches", |manifest| &mut manifest.batches)?
            || self.merge_facts::<ResultFact>("results", |manifest| &mut manifest.results)?
            || self.merge_facts::<RangeFact>("ranges", |manifest| &mut manifest.ranges)?)
    }

    /// Rewrites files as one. Rows of erased subjects become erased ones, which lie first.
    fn merge_rows(
        &mut self,
        destination: u16,
        month: Month,
        form: Form,
        entries: &[RowsEntry],
    ) -> Result<(), RowsError> {
        let open = || self.open_merge(entries);
        let erased = self.manifest.erased.clone();
        let is_erased = |row: &LedgerRow| !erased.is_empty() && erased.binary_search(&row.subject).is_ok();
        let mut gone = Vec::new();
        if !erased.is_empty() {
            for row in open()? {
                let row = row?;
                if is_erased(&row) {
                    gone.push(row.erased());
                }
            }
            gone.sort_unstable();
        }
        let mut manifest = self.manifest.clone();
        let left = open()?.filter(|row| !matches!(row, Ok(row) if is_erased(row)));
        let rows = Ordered { gone: gone.into_iter().peekable(), left: left.peekable() };
        let entry = self.write_instead(&mut manifest, destination, month, form, rows)?;
        if entry.rows != entries.iter().map(|entry| entry.rows).sum::<u64>() {
            return Err(RowsError::Damaged { path: self.dir.join(&entry.name), what: MISWRITTEN });
        }
        manifest.rows.retain(|known| !entries.contains(known));
        manifest.rows.push(entry);
        self.manifest = manifest;
        self.commit()
    }

    /// The rows of these files in order, until Weir stops.
    fn open_merge(
        &self,
        entries: &[RowsEntry],
    ) -> Result<impl Iterator<Item = Result<LedgerRow, RowsError>> + use<>, RowsError> {
        let files = entries.iter().map(|entry| RowsFile::open(&self.dir.join(&entry.name)));
        let merge = Merge::open(files.collect::<Result<_, _>>()?)?;
        let stop = Arc::clone(&self.stop);
        Ok(merge.map(move |row| if stop.load(Ordering::Relaxed) { Err(RowsError::Stopped) } else { row }))
    }

    /// Makes sums of one destination's oldest month whose rows have been kept one by one for long enough at this time; whether there was one.
    pub fn sum_up(&mut self, now: Millis) -> Result<bool, RowsError> {
        let due = self.manifest.rows.iter().filter(|entry| !entry.is_sums && months::is_due(entry.month, now));
        let Some((month, destination)) = due.map(|entry| (entry.month, entry.destination)).min() else {
            return Ok(false);
        };
        let is_of = |entry: &RowsEntry| (entry.month, entry.destination) == (month, destination);
        let entries: Vec<RowsEntry> = self.manifest.rows.iter().filter(|entry| is_of(entry)).cloned().collect();
        let mut facts = FactsEntry::all::<BatchFact>(&self.manifest.batches, &self.dir)?;
        facts.retain(|fact| fact.destination == destination);
        let together = Together::of(facts.iter().filter(|fact| Month::of(fact.at) == month).copied(), month);
        let batches = Batches::new(facts, FactsEntry::all(&self.manifest.results, &self.dir)?);
        let mut manifest = self.manifest.clone();
        let rows = Summed::new(self.open_merge(&entries)?, &batches, &together);
        let entry = self.write_instead(&mut manifest, destination, month, Form::Months, rows)?;
        manifest.rows.retain(|known| !entries.contains(known));
        manifest.rows.push(entry);
        let is_other = |batch: u64| !together.instead.contains_key(&batch);
        self.keep_facts(&mut manifest, "batches", |of| &mut of.batches, |fact: &BatchFact| is_other(fact.batch))?;
        self.keep_facts(&mut manifest, "results", |of| &mut of.results, |fact: &ResultFact| is_other(fact.batch))?;
        if let Some(entry) = self.write_facts(&mut manifest, "batches", &together.facts)? {
            manifest.batches.push(entry);
        }
        self.manifest = manifest;
        self.commit()?;
        Ok(true)
    }

    /// Writes files of facts again in which some are not to be kept.
    fn keep_facts<F: Fact + Timed>(
        &self,
        manifest: &mut Manifest,
        kind: &str,
        of: impl Fn(&mut Manifest) -> &mut Vec<FactsEntry>,
        is_kept: impl Fn(&F) -> bool,
    ) -> Result<(), RowsError> {
        for entry in std::mem::take(of(manifest)) {
            let mut facts = FactsEntry::all::<F>(std::slice::from_ref(&entry), &self.dir)?;
            facts.retain(&is_kept);
            let again = if facts.len() as u64 == entry.records {
                Some(entry)
            } else {
                self.write_facts(manifest, kind, &facts)?
            };
            of(manifest).extend(again);
        }
        Ok(())
    }

    fn merge_facts<F: Fact + Timed>(
        &mut self,
        kind: &str,
        of: impl Fn(&mut Manifest) -> &mut Vec<FactsEntry>,
    ) -> Result<bool, RowsError> {
        let mut manifest = self.manifest.clone();
        let small = of(&mut manifest).iter().filter(|entry| entry.bytes < FACTS_BYTES_MAX).collect();
        let Some(chosen) = due(small, |entry| entry.bytes) else { return Ok(false) };
        let chosen: Vec<FactsEntry> = chosen.into_iter().cloned().collect();
        let mut all = FactsEntry::all::<F>(&chosen, &self.dir)?;
        all.sort_unstable();
        of(&mut manifest).retain(|known| !chosen.contains(known));
        if let Some(entry) = self.write_facts(&mut manifest, kind, &all)? {
            of(&mut manifest).push(entry);
        }
        self.manifest = manifest;
        self.commit()?;
        Ok(true)
    }

    /// Writes a file that is to take the place of others, and reads it back: the log may have these rows no more.
    fn write_instead(
        &self,
        manifest: &mut Manifest,
        destination: u16,
        month: Month,
        form: Form,
        rows: impl Iterator<Item = Result<LedgerRow, RowsError>>,
    ) -> Result<RowsEntry, RowsError> {
        let (keyed, mut tally) = (Keyed::default(), Tally::default());
        let rows = rows.inspect(|row| row.iter().for_each(|row| tally.add(&keyed, row, 1)));
        let entry = self.write_rows(manifest, destination, month, form, rows)?;
        for row in self.open_merge(std::slice::from_ref(&entry))? {
            tally.add(&keyed, &row?, -1);
        }
        if tally.is_nothing() {
            Ok(entry)
        } else {
            Err(RowsError::Damaged { path: self.dir.join(&entry.name), what: MISWRITTEN })
        }
    }

    fn write_rows(
        &self,
        manifest: &mut Manifest,
        destination: u16,
        month: Month,
        form: Form,
        rows: impl Iterator<Item = Result<LedgerRow, RowsError>>,
    ) -> Result<RowsEntry, RowsError> {
        let name = manifest.name("parquet");
        let written = file::write(&self.dir.join(&name), form, rows)?;
        let (is_sums, span) = match form {
            Form::Rows => (false, written.span),
            Form::Months => {
                let (first, end) = month.bounds();
                (true, (StoredRow::time_of(first), StoredRow::time_of(end.plus(-1))))
            }
        };
        Ok(RowsEntry { name, destination, month, rows: written.rows, bytes: written.bytes, span, is_sums })
    }

    fn write_facts<F: Fact + Timed>(
        &self,
        manifest: &mut Manifest,
        kind: &str,
        facts: &[F],
    ) -> Result<Option<FactsEntry>, RowsError> {
        let (Some(first), Some(last)) = (facts.first(), facts.last()) else { return Ok(None) };
        let name = manifest.name(kind);
        let bytes = facts::encode(facts);
        facts::write(&self.dir.join(&name), &bytes)?;
        let first_of = facts.iter().filter_map(|fact| fact.times()).map(|(first, _)| first.0).min();
        let last_of = facts.iter().filter_map(|fact| fact.times()).map(|(_, last)| last.0).max();
        let span = first_of.zip(last_of).unwrap_or((i64::MIN, i64::MAX));
        let keys = (first.key(), last.key());
        Ok(Some(FactsEntry { name, records: facts.len() as u64, bytes: bytes.len() as u64, keys, span }))
    }

    /// Makes the manifest true: until here nothing has changed, and after it all has.
    fn commit(&mut self) -> Result<(), RowsError> {
        let path = self.dir.join(MANIFEST);
        let has_sums = self.manifest.rows.iter().any(|file| file.is_sums);
        self.manifest.version = if self.manifest.thinned > 0 { VERSION } else { 1 + u64::from(has_sums) };
        let bytes = self
            .manifest
            .encode()
            .map_err(|_| RowsError::Damaged { path: path.clone(), what: "it cannot be written" })?;
        // The files that it names must be there after a power cut, too.
        let sync = || RealDisk.sync_dir(&self.dir).map_err(RowsError::io("sync", &self.dir));
        sync()?;
        replace(&RealDisk, &path, &bytes).map_err(RowsError::io("write", &path))?;
        sync()?;
        self.remove_unnamed()
    }

    /// Removes what the manifest does not name. A reader that opened such a file goes on reading it; one that is about to looks again.
    fn remove_unnamed(&mut self) -> Result<(), RowsError> {
        let named = self.manifest.names();
        for item in std::fs::read_dir(&self.dir).map_err(RowsError::io("list", &self.dir))? {
            let path = item.map_err(RowsError::io("list", &self.dir))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // Checksums go with the file that they are of.
            let of = name.strip_suffix(".sums").map(|stem| format!("{stem}.parquet"));
            if name != MANIFEST && !named.contains(of.as_deref().unwrap_or(name)) {
                std::fs::remove_file(&path).map_err(RowsError::io("remove", &path))?;
            }
        }
        Ok(())
    }
}

/// Which files are due to become one: eight of about one size, that is within a factor of eight.
fn due<T>(mut entries: Vec<&T>, bytes: impl Fn(&T) -> u64) -> Option<Vec<&T>> {
    let tier = |entry: &T| bytes(entry).max(1).ilog2() / FAN_IN.ilog2();
    entries.sort_by_key(|entry| tier(entry));
    entries.chunk_by(|a, b| tier(a) == tier(b)).find(|same| same.len() >= FAN_IN).map(<[_]>::to_vec)
}

/// When a fact was, for the manifest.
trait Timed {
    fn times(&self) -> Option<(Millis, Millis)>;
}

impl Timed for BatchFact {
    fn times(&self) -> Option<(Millis, Millis)> {
        Some(self.span())
    }
}

impl Timed for RangeFact {
    fn times(&self) -> Option<(Millis, Millis)> {
        Some((self.at, self.at))
    }
}

impl Timed for ResultFact {
    fn times(&self) -> Option<(Millis, Millis)> {
        None
    }
}

/// Erased rows among those that are left, in order.
struct Ordered<L: Iterator> {
    gone: std::iter::Peekable<std::vec::IntoIter<LedgerRow>>,
    left: std::iter::Peekable<L>,
}

impl<L: Iterator<Item = Result<LedgerRow, RowsError>>> Iterator for Ordered<L> {
    type Item = Result<LedgerRow, RowsError>;

    fn next(&mut self) -> Option<Self::Item> {
        match (self.gone.peek(), self.left.peek()) {
            (Some(gone), Some(Ok(left))) if left < gone => self.left.next(),
            (Some(_), Some(Err(_))) | (None, _) => self.left.next(),
            (Some(_), _) => self.gone.next().map(Ok),
        }
    }
}
