//! What the suites share: a key folder, a ledger under load, a disk that fails on command.

#![allow(dead_code, unreachable_pub, reason = "each suite uses a part")]

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use weir_event::names::{ClassOnly, NameKind};
use weir_event::{Clock, DestinationId, GenerationId, ManualClock, Millis, NameId, Names, Offset, Rule};
use weir_keys::Keys;
use weir_ledger::disk::{Disk, DiskFile, RealDisk};
use weir_ledger::tree::hash::sha256;
use weir_ledger::{
    BatchId, FieldSetDefinition, FieldSetId, Intent, Kind, Ledger, LedgerError, Options, Outcome, Purpose, RangeDrop,
    Recovered, Results, Row,
};

/// A folder in memory where the machine has one: these suites write and sync a great deal.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

pub struct World {
    pub root: TempDir,
    pub keys: Arc<Keys>,
    pub names: Arc<Names>,
    pub clock: Arc<ManualClock>,
    pub product: DestinationId,
}

impl World {
    pub fn new() -> World {
        let root = folder();
        let clock = Arc::new(ManualClock::at(Millis(1_795_303_178_843)));
        let keys = Keys::open(&root.path().join("keys"), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        let names = Names::new(Box::new(ClassOnly));
        World { root, keys, names, clock, product: DestinationId::parse("product").unwrap() }
    }

    pub fn dir(&self) -> PathBuf {
        self.root.path().join("ledger")
    }

    pub fn try_open(&self, options: Options) -> Result<(Arc<Ledger>, Recovered), LedgerError> {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        Ledger::open(&self.dir(), Kind::Egress, Arc::clone(&self.keys), Arc::clone(&self.names), options, clock)
    }

    pub fn open(&self) -> (Arc<Ledger>, Recovered) {
        self.try_open(options()).unwrap()
    }

    pub fn event(&self, name: &str) -> NameId {
        self.names.restore(NameKind::Event, name).unwrap()
    }

    pub fn intent(&self, from: u64, rows: u64) -> Intent {
        let definition = field_set("export_made", (from % 7) as u8);
        let row = Row {
            subject: 0x1122_3344_5566_7788,
            organisation: 0,
            event: self.event(if from.is_multiple_of(2) { "export_made" } else { "page_viewed" }),
            field_set: definition.id,
            slice: self.names.label("CH"),
            epoch: 7,
        };
        Intent {
            destination: self.product.clone(),
            lane: 1,
            generation: GenerationId([1; 8]),
            offsets: vec![Offset(from)..Offset(from + rows)],
            rows: vec![row; rows as usize],
            field_sets: vec![definition],
            payload_digest: sha256(&from.to_le_bytes()),
            retry_of: None,
            purpose: Purpose::Deliver,
        }
    }

    /// A ledger of `batches` delivered batches of three rows, closed.
    pub fn filled(&self, batches: u64, roll_bytes: u64) {
        let (ledger, _) = self.try_open(Options { roll_bytes, ..options() }).unwrap();
        ledger.start(&self.product, Offset(0)).wait().unwrap();
        for i in 0..batches {
            let batch = wait(ledger.intend(self.intent(3 * i, 3))).unwrap();
            ledger.outcome(accepted(batch)).wait().unwrap();
        }
        ledger.close().unwrap();
    }

    pub fn log_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(self.dir().join("log")).unwrap().map(|f| f.unwrap().path()).collect();
        files.sort();
        files
    }
}

/// No thread signs by itself, so that every step is the test's own.
pub fn options() -> Options {
    Options { tree_interval: Duration::ZERO, ..Options::default() }
}

pub fn field_set(event: &str, variant: u8) -> FieldSetDefinition {
    let canonical = format!("{event} left plan {variant}").into_bytes();
    let digest = sha256(&canonical);
    FieldSetDefinition { id: FieldSetId(digest[..16].try_into().unwrap()), canonical }
}

pub fn accepted(batch: BatchId) -> Outcome {
    Outcome { batch, status: 200, results: Results::Accepted }
}

pub fn dropped(world: &World, from: u64, to: u64) -> RangeDrop {
    RangeDrop {
        destination: world.product.clone(),
        offsets: vec![Offset(from)..Offset(to)],
        rule: Rule::TooOld,
        count: to - from,
        passed: weir_ledger::Passed::Dropped,
    }
}

pub fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy_dir(&item.path(), &target);
        } else {
            std::fs::copy(item.path(), target).unwrap();
        }
    }
}

/// How the chosen step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It did not happen.
    Lost,
    /// It happened and was reported as failed.
    Kept,
}

#[derive(Default)]
struct Plan {
    steps: u64,
    fail_at: Option<(u64, Failure)>,
    /// Whether nothing works from the failure on, as after a crash.
    dies: bool,
    dead: bool,
    /// Bytes written and bytes synced of each file by its present name.
    lengths: HashMap<PathBuf, (u64, u64)>,
    /// Every note that was on its way to `signed`.
    signed: Vec<Vec<u8>>,
}

/// The real disk, with one step that fails.
#[derive(Clone, Default)]
pub struct FaultyDisk(Arc<Mutex<Plan>>);

impl FaultyDisk {
    pub fn failing(at: u64, failure: Failure, dies: bool) -> FaultyDisk {
        let disk = FaultyDisk::default();
        {
            let mut plan = disk.0.lock().unwrap();
            plan.fail_at = Some((at, failure));
            plan.dies = dies;
        }
        disk
    }

    pub fn steps(&self) -> u64 {
        self.0.lock().unwrap().steps
    }

    pub fn signed(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().signed.clone()
    }

    /// Cuts the power: what was not synced is there in part, and the last of it may be garbage.
    pub fn cut_power(&self, mut random: impl FnMut(u64) -> u64) {
        let mut plan = self.0.lock().unwrap();
        plan.dead = true;
        for (path, (written, synced)) in &plan.lengths {
            if written > synced && path.exists() {
                let mut bytes = std::fs::read(path).unwrap();
                let keep = synced + random(written - synced + 1);
                bytes.truncate(keep as usize);
                if keep > *synced && random(2) == 0 {
                    let at = synced + random(keep - synced);
                    bytes[at as usize] ^= 0x55;
                }
                std::fs::write(path, bytes).unwrap();
            }
        }
    }

    fn step<T>(&self, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let failed = || io::Error::other("the test's disk failed");
        let failure = {
            let mut plan = self.0.lock().unwrap();
            if plan.dead {
                return Err(failed());
            }
            plan.steps += 1;
            let failure = plan.fail_at.filter(|(at, _)| *at == plan.steps).map(|(_, failure)| failure);
            plan.dead = failure.is_some() && plan.dies;
            failure
        };
        match failure {
            None => run(),
            Some(Failure::Lost) => Err(failed()),
            Some(Failure::Kept) => run().and_then(|_| Err(failed())),
        }
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.step(|| RealDisk.create(path))?;
        self.0.lock().unwrap().lengths.insert(path.to_owned(), (0, 0));
        Ok(Box::new(FaultyFile { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| {
            let mut plan = self.0.lock().unwrap();
            if let Some(lengths) = plan.lengths.remove(from) {
                plan.lengths.insert(to.to_owned(), lengths);
            }
            RealDisk.rename(from, to)
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.step(|| RealDisk.sync_dir(dir))
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.step(|| RealDisk.create_dir(dir))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| RealDisk.remove(path))
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    path: PathBuf,
    file: Box<dyn DiskFile>,
}

impl FaultyFile {
    /// The file's present name: a file that is made under a temporary one is renamed while open.
    fn name(&self, plan: &Plan) -> PathBuf {
        if plan.lengths.contains_key(&self.path) { self.path.clone() } else { self.path.with_extension("") }
    }
}

impl DiskFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.path.ends_with("signed.tmp") {
            self.disk.0.lock().unwrap().signed.push(bytes.to_vec());
        }
        let (disk, file) = (self.disk.clone(), &mut self.file);
        disk.step(|| file.append(bytes))?;
        let mut plan = disk.0.lock().unwrap();
        let name = self.name(&plan);
        plan.lengths.entry(name).or_default().0 += bytes.len() as u64;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let (disk, file) = (self.disk.clone(), &mut self.file);
        disk.step(|| file.sync())?;
        let mut plan = disk.0.lock().unwrap();
        let name = self.name(&plan);
        let lengths = plan.lengths.entry(name).or_default();
        lengths.1 = lengths.0;
        Ok(())
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        let (disk, file) = (self.disk.clone(), &mut self.file);
        disk.step(|| file.cut(len))?;
        let mut plan = disk.0.lock().unwrap();
        let name = self.name(&plan);
        plan.lengths.insert(name, (len, len));
        Ok(())
    }
}
