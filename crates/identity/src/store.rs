//! Writing the index: new links become a run, runs become fewer and larger, a manifest says what counts.
//!
//! # What a crash leaves
//! A run is written whole and synced before a manifest names it; a manifest is written beside, synced and renamed. So a crash leaves
//! the index of the manifest before, with the position of just that state, and files that nobody names: the next start removes
//! them and reads the journal again from there; what it then writes twice folds into one when runs are merged. An operation that
//! failed is never tried again on the same file: the next try has a new number.
//!
//! Files that no longer count are removed by [`Store::sweep`] only, which is not called while a backup copies: so each manifest
//! that a backup may have seen has its runs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_event::{Millis, Offset, SubjectTag};
use weir_journal::disk::{Disk, DiskError};

use crate::link::Stored;
use crate::manifest::{FILE_BYTES_MAX, Forgotten, Manifest, RUNS_MAX};
use crate::run::{self, Run, Writer};

/// The folder's name in the data folder.
pub const FOLDER: &str = "identity";
pub(crate) const FORGOTTEN: &str = "forgotten";
/// Runs of one tier that are made one.
const TIER_RUNS: usize = 4;
/// A merge wants so much room beside what it writes: intake comes first.
const ROOM_BYTES: u64 = 256 * 1024 * 1024;

/// Why the index cannot be read or written. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The content.
    #[error(
        "{}: {what}; with Weir stopped the folder can be moved away, then the index is made anew of what the journal still holds",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// There is none yet.
    #[error("there is no identity index in {}: it is made when a Weir of this version runs on this folder", .0.display())]
    Absent(PathBuf),
    /// More than its files can name.
    #[error("the identity index holds as many {0} as it can")]
    Full(&'static str),
    /// The task that keeps it has ended.
    #[error("the identity index is not kept any more: Weir is stopping")]
    Stopped,
}

impl IdentityError {
    pub(crate) fn damaged(path: &Path, what: &'static str) -> IdentityError {
        IdentityError::Damaged { path: path.to_owned(), what }
    }
}

/// How an opened index came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// It was there.
    Whole,
    /// It was there, but the newest state could not be read: it goes on from an earlier one.
    Earlier,
    /// There was none.
    New,
    /// There was one that cannot be read.
    Lost,
}

/// The index as its one writer holds it.
pub struct Store {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    manifest: Manifest,
    forgotten: Vec<Forgotten>,
    /// What the next file is called, also after one that failed.
    next_manifest: u64,
    next_run: u64,
}

impl Store {
    /// Opens the index below a data folder for writing, or begins one where the journal begins: `floor` and `tail` are the offsets
    /// that it holds.
    pub fn open(
        disk: Arc<dyn Disk>,
        data: &Path,
        floor: Offset,
        tail: Offset,
        now: Millis,
    ) -> Result<(Store, Found), IdentityError> {
        let dir = data.join(FOLDER);
        disk.create_dir(&dir).map_err(DiskError::at("create", &dir))?;
        let names = disk.list(&dir).map_err(DiskError::at("list", &dir))?;
        let forgotten = read_forgotten(&*disk, &dir);
        let newest = newest(&*disk, &dir);
        let (mut manifest, found) = match (&forgotten, newest) {
            (Ok(_), Ok((manifest, _, 0))) => (manifest, Found::Whole),
            (Ok(_), Ok((manifest, ..))) => (manifest, Found::Earlier),
            (Ok(_), Err(IdentityError::Absent(_))) => (Manifest::default(), Found::New),
            (Ok(_), Err(IdentityError::Disk(error))) if error.source.kind() != std::io::ErrorKind::NotFound => {
                return Err(error.into());
            }
            (Ok(_), Err(_)) => (Manifest::default(), Found::Lost),
            (Err(IdentityError::Damaged { .. }), _) => {
                // What was to be forgotten is not known: nothing of what was there, or is in the journal, may come back.
                let mut manifest = Manifest::default();
                manifest.miss(tail, now);
                (manifest, Found::Lost)
            }
            (Err(_), _) => return Err(forgotten.err().unwrap_or(IdentityError::Stopped)),
        };
        manifest.miss(floor.min(tail), now);
        manifest.position = manifest.position.min(tail);
        let above = |end: &str| numbers(&names, end).max().map_or(0, |newest| newest + 1);
        let (next_manifest, next_run) = (above(MANIFEST_END).max(1), above(RUN_END).max(manifest.next_run).max(1));
        let forgotten = forgotten.unwrap_or_default();
        let store = Store { disk, dir, manifest, forgotten, next_manifest, next_run };
        Ok((store, found))
    }

    /// What counts now.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What is to be forgotten.
    pub fn forgotten(&self) -> &[Forgotten] {
        &self.forgotten
    }

    /// Writes links, which are in order and different, together with how far the journal was read: `progress` says position, time
    /// and gaps.
    pub fn commit(&mut self, links: &[Stored], progress: &Manifest) -> Result<(), IdentityError> {
        let mut next = Manifest { runs: self.manifest.runs.clone(), ..progress.clone() };
        if !links.is_empty() {
            if next.runs.len() >= RUNS_MAX {
                return Err(IdentityError::Full("runs"));
            }
            let number = self.take_run();
            let mut writer = Writer::create(&*self.disk, &self.dir, number)?;
            links.iter().try_for_each(|link| writer.add(link))?;
            next.runs.push((number, writer.finish()?));
        }
        self.replace(next)
    }

    /// Makes some runs one, if there is reason to; `false` where there is none, or no room.
    pub fn merge(&mut self) -> Result<bool, IdentityError> {
        let chosen = self.chosen();
        let links = |number: &u64| self.manifest.runs.iter().find(|run| run.0 == *number).map_or(0, |run| run.1);
        let needed = run::length_of(chosen.iter().map(links).sum()).saturating_add(ROOM_BYTES);
        if chosen.is_empty() || self.disk.free(&self.dir).map_err(DiskError::at("measure", &self.dir))? < needed {
            return Ok(false);
        }
        let number = self.take_run();
        let runs = chosen.iter().map(|number| Run::open(&*self.disk, &self.dir, *number));
        let mut merged = Merge::new(runs.collect::<Result<_, _>>()?, &self.forgotten)?;
        let mut writer = Writer::create(&*self.disk, &self.dir, number)?;
        while let Some(link) = merged.next()? {
            writer.add(&link)?;
        }
        let links = writer.finish()?;
        let mut next = self.manifest.clone();
        next.runs.retain(|run| !chosen.contains(&run.0));
        if links > 0 {
            next.runs.push((number, links));
        }
        self.replace(next)?;
        Ok(true)
    }

    /// From the moment that this returns, no link with one of these tags counts that was read before: neither what is on disk, nor
    /// what a crash would make the index read again from below `tail`.
    pub fn forget(&mut self, tags: &[SubjectTag], tail: Offset) -> Result<(), IdentityError> {
        let (run, until) = (self.next_run - 1, tail);
        let mut all: BTreeMap<SubjectTag, Forgotten> = self.forgotten.iter().map(|of| (of.tag, *of)).collect();
        all.extend(tags.iter().map(|tag| (*tag, Forgotten { tag: *tag, run, until })));
        if all.len() >= FILE_BYTES_MAX / 32 - 1 {
            return Err(IdentityError::Full("ids to forget"));
        }
        let all: Vec<Forgotten> = all.into_values().collect();
        self.write(FORGOTTEN, &Forgotten::encode(&all))?;
        self.forgotten = all;
        Ok(())
    }

    /// Removes what does not count any more.
    pub fn sweep(&mut self) -> Result<(), IdentityError> {
        let current = manifest_name(self.manifest.number);
        let mut kept: BTreeSet<String> = self.manifest.runs.iter().map(|run| run::name(run.0)).collect();
        kept.insert(current);
        // Before the first manifest is written, or after one that could not be read, nothing is known to be of no use.
        if self.manifest.number == 0 {
            return Ok(());
        }
        for name in self.disk.list(&self.dir).map_err(DiskError::at("list", &self.dir))? {
            let is_ours = [RUN_END, MANIFEST_END, NEW_END].iter().any(|end| name.ends_with(end));
            if is_ours && !kept.contains(&name) {
                let path = self.dir.join(&name);
                self.disk.remove(&path).map_err(DiskError::at("remove", &path))?;
            }
        }
        let waits = |of: &Forgotten| {
            self.manifest.position < of.until || self.manifest.runs.iter().any(|(number, _)| *number <= of.run)
        };
        let left: Vec<Forgotten> = self.forgotten.iter().filter(|of| waits(of)).copied().collect();
        if left.len() < self.forgotten.len() {
            self.write(FORGOTTEN, &Forgotten::encode(&left))?;
            self.forgotten = left;
        }
        Ok(())
    }

    /// The runs to merge: all that hold what is to be forgotten, else those of the smallest tier that has enough.
    fn chosen(&self) -> BTreeSet<u64> {
        let newest = self.forgotten.iter().map(|of| of.run).max().unwrap_or(0);
        let old: BTreeSet<u64> = self.manifest.runs.iter().map(|run| run.0).filter(|run| *run <= newest).collect();
        if !old.is_empty() {
            return old;
        }
        let mut tiers: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
        for (number, links) in &self.manifest.runs {
            tiers.entry((links >> 10).max(1).ilog2() / 2).or_default().insert(*number);
        }
        tiers.into_values().find(|runs| runs.len() >= TIER_RUNS).unwrap_or_default()
    }

    fn take_run(&mut self) -> u64 {
        self.next_run += 1;
        self.next_run - 1
    }

    fn replace(&mut self, next: Manifest) -> Result<(), IdentityError> {
        let number = self.next_manifest;
        self.next_manifest += 1;
        let next = Manifest { number, next_run: self.next_run, ..next };
        self.write(&manifest_name(number), &next.encode())?;
        self.manifest = next;
        Ok(())
    }

    /// A crash up to the rename leaves what was there and a file that nobody reads.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), IdentityError> {
        let (path, new) = (self.dir.join(name), self.dir.join(format!("{name}{NEW_END}")));
        match self.disk.remove(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(DiskError::at("remove", &new)(error).into());
            }
            _ => {}
        }
        let file = self.disk.create(&new).map_err(DiskError::at("create", &new))?;
        file.write_all_at(bytes, 0).map_err(DiskError::at("write", &new))?;
        file.sync_data().map_err(DiskError::at("sync", &new))?;
        self.disk.rename(&new, &path).map_err(DiskError::at("rename", &new))?;
        Ok(self.disk.sync_dir(&self.dir).map_err(DiskError::at("sync", &self.dir))?)
    }
}

const RUN_END: &str = ".run";
const MANIFEST_END: &str = ".manifest";
const NEW_END: &str = ".new";

fn manifest_name(number: u64) -> String {
    format!("{number:016x}{MANIFEST_END}")
}

/// The numbers of the files that end so.
fn numbers<'n>(names: &'n [String], end: &'n str) -> impl Iterator<Item = u64> + 'n {
    let digits = move |name: &'n String| name.strip_suffix(end).filter(|digits| digits.len() == 16);
    names.iter().filter_map(digits).filter_map(|digits| u64::from_str_radix(digits, 16).ok())
}

/// The newest manifest whose runs are all there, these, and how many newer ones were passed over.
pub(crate) fn newest(disk: &dyn Disk, dir: &Path) -> Result<(Manifest, Vec<Run>, usize), IdentityError> {
    let names = match disk.list(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(IdentityError::Absent(dir.to_owned()));
        }
        names => names.map_err(DiskError::at("list", dir))?,
    };
    let all: BTreeSet<Reverse<u64>> = numbers(&names, MANIFEST_END).map(Reverse).collect();
    let mut failed = None;
    for (passed, Reverse(number)) in all.into_iter().enumerate() {
        match read_manifest(disk, dir, number) {
            Ok((manifest, runs)) => return Ok((manifest, runs, passed)),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Err(failed.unwrap_or_else(|| IdentityError::Absent(dir.to_owned())))
}

fn read_manifest(disk: &dyn Disk, dir: &Path, number: u64) -> Result<(Manifest, Vec<Run>), IdentityError> {
    let path = dir.join(manifest_name(number));
    let manifest = Manifest::decode(&read(disk, &path)?).map_err(|what| IdentityError::damaged(&path, what))?;
    if manifest.number != number {
        return Err(IdentityError::damaged(&path, "it is another manifest than its name says"));
    }
    let mut runs = Vec::new();
    for (number, links) in &manifest.runs {
        let run = Run::open(disk, dir, *number)?;
        if run.links != *links {
            return Err(IdentityError::damaged(
                &dir.join(run::name(*number)),
                "it does not have the links that it should",
            ));
        }
        runs.push(run);
    }
    Ok((manifest, runs))
}

pub(crate) fn read_forgotten(disk: &dyn Disk, dir: &Path) -> Result<Vec<Forgotten>, IdentityError> {
    let path = dir.join(FORGOTTEN);
    match read(disk, &path) {
        Ok(bytes) => Forgotten::decode(&bytes).map_err(|what| IdentityError::damaged(&path, what)),
        Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Vec<u8>, DiskError> {
    let file = disk.open(path).map_err(DiskError::at("open", path))?;
    let length = file.len().map_err(DiskError::at("measure", path))?;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX).min(FILE_BYTES_MAX)];
    let read = file.read_at(&mut bytes, 0).map_err(DiskError::at("read", path))?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Runs in one order, each link once, without what is to be forgotten.
struct Merge {
    runs: Vec<Reading>,
    /// The next link of each run.
    heads: BinaryHeap<Reverse<(Stored, usize)>>,
    forgotten: BTreeMap<SubjectTag, u64>,
    waiting: Option<Stored>,
}

struct Reading {
    run: Run,
    page: std::vec::IntoIter<Stored>,
    next_page: u64,
}

impl Reading {
    fn next(&mut self) -> Result<Option<Stored>, IdentityError> {
        loop {
            if let Some(link) = self.page.next() {
                return Ok(Some(link));
            }
            if self.next_page >= self.run.pages() {
                return Ok(None);
            }
            self.page = self.run.page(self.next_page)?.into_iter();
            self.next_page += 1;
        }
    }
}

impl Merge {
    fn new(runs: Vec<Run>, forgotten: &[Forgotten]) -> Result<Merge, IdentityError> {
        let runs = runs.into_iter().map(|run| Reading { run, page: Vec::new().into_iter(), next_page: 0 }).collect();
        let forgotten = forgotten.iter().map(|of| (of.tag, of.run)).collect();
        let mut merge = Merge { runs, heads: BinaryHeap::new(), forgotten, waiting: None };
        for at in 0..merge.runs.len() {
            merge.pull(at)?;
        }
        Ok(merge)
    }

    fn pull(&mut self, at: usize) -> Result<(), IdentityError> {
        let Some(reading) = self.runs.get_mut(at) else { return Ok(()) };
        while let Some(link) = reading.next()? {
            let is_forgotten = |tag: SubjectTag| self.forgotten.get(&tag).is_some_and(|run| reading.run.number <= *run);
            if !is_forgotten(link.tag()) && !is_forgotten(link.linked()) {
                self.heads.push(Reverse((link, at)));
                return Ok(());
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Stored>, IdentityError> {
        while let Some(Reverse((link, at))) = self.heads.pop() {
            self.pull(at)?;
            match self.waiting {
                Some(waiting) if waiting.key() == link.key() => self.waiting = Some(waiting.earliest(&link)),
                _ => {
                    if let Some(done) = self.waiting.replace(link) {
                        return Ok(Some(done));
                    }
                }
            }
        }
        Ok(self.waiting.take())
    }
}
