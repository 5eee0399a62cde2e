//! The interface: open, record, ask.

use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use weir_event::{Clock, DestinationId, GenerationId, Millis, NameId, Names, Offset, Rule};
use weir_keys::{Keys, SecretKey};

use crate::anchor::{self, Anchor, Origin, Published, Rewind};
use crate::blinds::Root;
use crate::disk::{Disk, RealDisk, replace};
use crate::entry::{
    Actor, BatchId, Entry, EventResult, FieldSetId, IntentEntry, Life, OutcomeEntry, Passed, Purpose, StoredName,
    Target, encode_results,
};
use crate::error::LedgerError;
use crate::log::LogWriter;
use crate::queue::{Failed, Queue, Waiting, Writer};
use crate::read::LeafCursor;
use crate::rows::{PURPOSE, ROWS_MAX, Row, StoredRow, seal};
use crate::state::{OpenIntent, Position, State, Totals, field_set_id, put_name};
use crate::tree::hash::{Hash, sha256};
use crate::tree::note::{self, Checkpoint, VerifierKey};
use crate::tree::proof::consistency;
use crate::tree::store::{Tree, checkpoint_path, cosigned_path, signed_path};

/// Which ledger. The number is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// What left: intents, outcomes, ranges.
    Egress = 1,
    /// Administrative acts and reads.
    Audit = 2,
}

impl Kind {
    /// The last part of a default origin.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Egress => "egress",
            Kind::Audit => "audit",
        }
    }
}

/// How a ledger is kept.
#[derive(Clone)]
pub struct Options {
    /// The tree's name; without one `weir/<8 random hex digits>/<egress or audit>`. Used at the first start only.
    pub origin: Option<String>,
    /// Files outside the data folder that the checkpoint is copied to (D14).
    pub anchors: Vec<PathBuf>,
    /// Whether anchors will be compared that are not files: until [`Ledger::allow_signing`] nothing is signed.
    pub has_remote_anchors: bool,
    /// How often at most a checkpoint is signed. Zero: only on demand and at close.
    pub tree_interval: Duration,
    /// A log file over this many bytes is followed by a new one.
    pub roll_bytes: u64,
    /// Whether what the release before cannot read may be written: rows of which single ones can be erased, and files they were erased from.
    pub newest_formats: bool,
    /// The disk; tests have one that fails.
    pub disk: Arc<dyn Disk>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            origin: None,
            anchors: Vec::new(),
            has_remote_anchors: false,
            tree_interval: Duration::from_secs(1),
            roll_bytes: 64 * 1024 * 1024,
            newest_formats: true,
            disk: Arc::new(RealDisk),
        }
    }
}

/// What open found.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// Whether the ledger was made by this call.
    pub is_new: bool,
    /// Entries in the log.
    pub entries: u64,
    /// Unacknowledged bytes at the end of the log that were thrown away.
    pub torn_bytes: u64,
    /// Intents without an outcome: their events are unknown until `on_unknown` decides (D3). Each must get an outcome.
    pub unfinished: Vec<OpenIntent>,
    /// What the anchors say of a rewind.
    pub rewind: Rewind,
}

/// A field set that rows may name: `canonical` is what `policy` hashes, names in it as text.
#[derive(Clone, Debug)]
pub struct FieldSetDefinition {
    /// First 16 bytes of the SHA-256 of `canonical`.
    pub id: FieldSetId,
    /// The bytes.
    pub canonical: Vec<u8>,
}

/// Something is about to be sent.
#[derive(Clone, Debug)]
pub struct Intent {
    /// To whom.
    pub destination: DestinationId,
    /// Which of the vendor's endpoints.
    pub lane: u8,
    /// Under which configuration.
    pub generation: GenerationId,
    /// The journal offsets, sorted and disjoint.
    pub offsets: Vec<Range<Offset>>,
    /// One row for each offset, in their order. An intent that asks has rows and no offsets.
    pub rows: Vec<Row>,
    /// Definitions of field sets that rows name. Known ones may be left out or given again.
    pub field_sets: Vec<FieldSetDefinition>,
    /// SHA-256 of the uncompressed body of the request.
    pub payload_digest: Hash,
    /// The batch that is tried again.
    pub retry_of: Option<BatchId>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What became of a batch.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The batch.
    pub batch: BatchId,
    /// The vendor's HTTP status, 0 where there was none.
    pub status: u16,
    /// Event by event.
    pub results: Results,
}

/// The results of a batch.
#[derive(Clone, Debug)]
pub enum Results {
    /// Every event was accepted.
    Accepted,
    /// No event was accepted, for this reason (a label of ours).
    Rejected(NameId),
    /// These were rejected, by index in the batch and for what reason; the others were accepted.
    Partial(Vec<(u32, NameId)>),
    /// Nobody knows, and nothing will be sent again by itself (`keep_unknown`). Terminal.
    Unknown,
    /// Not terminal: the events wait again, to be retried, split or released anew. The next intent names this batch in `retry_of`.
    Returned,
}

/// Events that are never sent to a destination (D3).
#[derive(Clone, Debug)]
pub struct RangeDrop {
    /// Which destination.
    pub destination: DestinationId,
    /// Sorted and disjoint; all of it becomes terminal.
    pub offsets: Vec<Range<Offset>>,
    /// Why.
    pub rule: Rule,
    /// How many events.
    pub count: u64,
    /// What became of them.
    pub passed: Passed,
}

/// An administrative act or a read.
#[derive(Clone, Debug)]
pub struct Act {
    /// Who.
    pub actor: Actor,
    /// What, a word of ours.
    pub action: &'static str,
    /// To what; at most 100.
    pub targets: Vec<Target>,
}

/// Resolves once the entry is durable. The entry is queued already: dropping this does not take it back.
#[must_use = "an entry whose durability nobody awaits may be lost"]
#[derive(Debug)]
pub struct Durable(Waited);

#[derive(Debug)]
enum Waited {
    Reply(oneshot::Receiver<Result<(), Failed>>),
    Refused(Option<LedgerError>),
}

impl Future for Durable {
    type Output = Result<(), LedgerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Waited::Refused(error) => Poll::Ready(Err(error.take().unwrap_or(LedgerError::Closed))),
            Waited::Reply(reply) => Pin::new(reply).poll(context).map(|reply| match reply {
                Ok(result) => result.map_err(LedgerError::from),
                // The writer ended without an answer: as after a failed fsync, the disk may hold the entry or not.
                Err(_) => Err(LedgerError::Poisoned),
            }),
        }
    }
}

impl Durable {
    /// Waits on a thread that is not asynchronous, as in the CLI.
    pub fn wait(self) -> Result<(), LedgerError> {
        match self.0 {
            Waited::Refused(error) => Err(error.unwrap_or(LedgerError::Closed)),
            Waited::Reply(reply) => {
                reply.blocking_recv().map_err(|_| LedgerError::Poisoned)?.map_err(LedgerError::from)
            }
        }
    }
}

/// Names and field sets that have a definition in the log or in the queue before any entry that names them.
struct Dictionary {
    /// Must be the queue's era, or a definition that this counts on may have been lost.
    era: u64,
    /// Stored number by `NameId`; 0 for none.
    numbers: Vec<u32>,
    next: u32,
    field_sets: HashSet<FieldSetId>,
}

impl Dictionary {
    fn of(state: &State, names: &Names, era: u64) -> Dictionary {
        let mut dictionary = Dictionary { era, numbers: Vec::new(), next: 1, field_sets: state.field_sets().clone() };
        for (kind, text) in state.names() {
            // A path that does not parse would only cost a second number for the name.
            if let Some(id) = names.restore(*kind, text) {
                dictionary.set(id, dictionary.next);
            }
            dictionary.next += 1;
        }
        dictionary
    }

    fn number(&self, id: NameId) -> Option<StoredName> {
        self.numbers.get(id.0 as usize).copied().filter(|n| *n != 0).map(StoredName)
    }

    fn set(&mut self, id: NameId, number: u32) {
        let at = id.0 as usize;
        if at >= self.numbers.len() {
            self.numbers.resize(at + 1, 0);
        }
        self.numbers[at] = number;
    }
}

struct TreeSide {
    tree: Tree,
    cursor: LeafCursor,
}

pub(crate) struct Shared {
    pub(crate) dir: PathBuf,
    pub(crate) keys: Arc<Keys>,
    names: Arc<Names>,
    clock: Arc<dyn Clock>,
    pub(crate) disk: Arc<dyn Disk>,
    anchors: Vec<PathBuf>,
    origin: Origin,
    pub(crate) queue: Arc<Queue>,
    /// [`Options::newest_formats`].
    newest_formats: AtomicBool,
    /// Held while files of the log are put into the place of others.
    pub(crate) rewriting: Mutex<()>,
    state: Arc<Mutex<State>>,
    dictionary: RwLock<Dictionary>,
    next_batch: AtomicU64,
    tree: Mutex<TreeSide>,
    /// Anchors that the last publication could not write.
    anchors_behind: AtomicU64,
    /// Whether a head may be signed. Changed under `tree` only, so that it holds while a head is signed; read without it.
    signing: Mutex<Signing>,
}

/// Whether a head may be signed (D14).
enum Signing {
    /// Yes.
    Free,
    /// Not before anchors elsewhere were asked.
    Waits,
    /// One of them has a head that this ledger does not extend: nothing is signed and nothing is sent.
    Rewound { checkpoint: PathBuf, size: u64, local: u64 },
}

impl Signing {
    fn refuse_rewound(&self) -> Result<(), LedgerError> {
        match self {
            Signing::Rewound { checkpoint, size, local } => {
                Err(LedgerError::Rewound { checkpoint: checkpoint.clone(), size: *size, local: *local })
            }
            Signing::Free | Signing::Waits => Ok(()),
        }
    }
}

/// What a copy of a ledger at one moment consists of, besides its `origin`: a crash at that moment would leave the same. The tree is
/// not in it: an open makes it again from the log and holds it against the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Entries of the log.
    pub entries: u64,
    /// The log's files in order, and how many bytes of each belong to the copy; `None` for all of it.
    pub files: Vec<(PathBuf, Option<u64>)>,
    /// The newest signed head; `None` where nothing was signed yet. It covers no more than the log.
    pub signed: Option<Vec<u8>>,
}

/// A ledger between two groups: nothing is recorded as long as this lives. To be held for moments.
#[must_use = "entries wait while this lives"]
pub struct Frozen<'a> {
    shared: &'a Shared,
    end: MutexGuard<'a, crate::log::End>,
}

impl Frozen<'_> {
    /// The files as they are now. They stay so; what is recorded later lies behind them.
    pub fn cut(&self) -> Result<Cut, LedgerError> {
        if self.shared.queue.is_poisoned() {
            return Err(LedgerError::Poisoned);
        }
        let files = crate::read::list(&self.shared.dir.join("log"))?.into_iter();
        let files = files.map(|(first, path)| (path, (first == self.end.first_index).then_some(self.end.len)));
        let signed = anchor::read_if_there(&signed_path(&self.shared.dir))?;
        Ok(Cut { entries: self.end.index, files: files.collect(), signed })
    }
}

/// A ledger that is open for writing. One process at a time; `weir` locks the data folder.
pub struct Ledger {
    pub(crate) shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    publisher: Mutex<Option<JoinHandle<()>>>,
    signal: Arc<Signal>,
}

/// Wakes the thread that signs.
#[derive(Default)]
struct Signal {
    /// (something is new, stop)
    state: Mutex<(bool, bool)>,
    wake: Condvar,
}

impl Ledger {
    /// Opens or makes the ledger in `dir`. Where this fails nothing may be sent.
    pub fn open(
        dir: &Path,
        kind: Kind,
        keys: Arc<Keys>,
        names: Arc<Names>,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<(Arc<Ledger>, Recovered), LedgerError> {
        let Options { origin, anchors, has_remote_anchors, tree_interval, roll_bytes, newest_formats, disk } = options;
        disk.create_dir(dir).map_err(LedgerError::io("create", dir))?;
        let log_dir = dir.join("log");
        let opened = LogWriter::open(&log_dir, Arc::clone(&disk), kind as u8, roll_bytes, clock.now())?;
        let entries = opened.writer.index();
        let public = keys.ledger_signer().public();
        let known = Origin::read(dir)?;
        let is_new = known.is_none();
        let origin = match known {
            Some(known) if known.key.public == public => known,
            Some(_) => return Err(LedgerError::Misuse("the ledger was signed by another key; use its key folder")),
            // Without a name of its own the ledger has signed nothing, so nothing binds it: a crash at first start.
            None => {
                let made = Origin {
                    key: VerifierKey { name: anchor::new_name(origin, kind)?, public },
                    base: 0,
                    after: Vec::new(),
                };
                made.write(&*disk, dir)?;
                made
            }
        };
        let mut side = open_tree(dir, &log_dir, &disk, &origin, entries)?;
        let files: Vec<Anchor> = anchors.iter().cloned().map(Anchor::File).collect();
        let rewind = anchor::check(&files, &origin, &side.tree, side.tree.size())?;
        if side.tree.size() > side.tree.published() && !has_remote_anchors {
            let (_, note) = side.tree.publish(&origin.key, |text| keys.ledger_signer().sign(text))?;
            anchor::mirror(&*disk, &anchors, &note);
        }

        let queue = Arc::new(Queue::new(opened.writer.end()));
        let unfinished = opened.state.open_intents().cloned().collect();
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            dictionary: RwLock::new(Dictionary::of(&opened.state, &names, 0)),
            next_batch: AtomicU64::new(opened.state.next_batch()),
            state: Arc::new(Mutex::new(opened.state)),
            queue: Arc::clone(&queue),
            newest_formats: AtomicBool::new(newest_formats),
            rewriting: Mutex::new(()),
            tree: Mutex::new(side),
            anchors_behind: AtomicU64::new(0),
            signing: Mutex::new(if has_remote_anchors { Signing::Waits } else { Signing::Free }),
            keys,
            names,
            clock: Arc::clone(&clock),
            disk,
            anchors,
            origin,
        });
        let signal = Arc::new(Signal::default());
        let writer = Writer {
            queue,
            log: opened.writer,
            state: Arc::clone(&shared.state),
            clock,
            forget: {
                let shared = Arc::clone(&shared);
                Box::new(move |state, era| {
                    let mut dictionary = shared.dictionary.write().unwrap_or_else(PoisonError::into_inner);
                    *dictionary = Dictionary::of(state, &shared.names, era);
                })
            },
            advanced: {
                let signal = Arc::clone(&signal);
                Box::new(move || signal.raise(false))
            },
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
            thread.map_err(LedgerError::io("start a thread for", dir))
        };
        let writer = spawn("ledger-log", Box::new(move || writer.run()))?;
        let publisher = if tree_interval.is_zero() {
            None
        } else {
            let (shared, signal) = (Arc::clone(&shared), Arc::clone(&signal));
            Some(spawn("ledger-tree", Box::new(move || shared.publish_at_most_every(tree_interval, &signal)))?)
        };
        let ledger = Ledger { shared, writer: Mutex::new(Some(writer)), publisher: Mutex::new(publisher), signal };
        let recovered = Recovered { is_new, entries, torn_bytes: opened.torn_bytes, unfinished, rewind };
        Ok((Arc::new(ledger), recovered))
    }

    /// Records an intent. When this returns a batch, the entry is durable and the batch may be sent; otherwise it may not.
    pub async fn intend(&self, intent: Intent) -> Result<BatchId, LedgerError> {
        let (batch, durable) = self.shared.prepare_intent(intent)?;
        durable.await?;
        Ok(batch)
    }

    /// Records a failed request of a batch that goes on being tried.
    pub fn attempt(&self, batch: BatchId, number: u32, status: u16) -> Durable {
        self.shared.record(Entry::Attempt { batch, number, status }, &[])
    }

    /// Records the end of a batch. Queued when this returns; the next group covers it.
    pub fn outcome(&self, outcome: Outcome) -> Durable {
        self.shared.prepare_outcome(outcome).unwrap_or_else(|error| Durable(Waited::Refused(Some(error))))
    }

    /// Records events that are never sent to a destination.
    pub fn range(&self, range: RangeDrop) -> Durable {
        let RangeDrop { destination, offsets, rule, count, passed } = range;
        if !are_sorted(&offsets) {
            return Durable(Waited::Refused(Some(LedgerError::Misuse(UNSORTED))));
        }
        self.shared.record(Entry::Range { destination, offsets, rule, count, passed }, &[])
    }

    /// Records an administrative act or a read.
    pub fn act(&self, act: Act) -> Durable {
        let Act { actor, action, targets } = act;
        self.shared.record(Entry::Act { actor, action: action.to_owned(), targets }, &[])
    }

    /// Begins a destination's life at an offset. A destination that has not ended keeps its position.
    pub fn start(&self, destination: &DestinationId, from: Offset) -> Durable {
        self.live(destination, Life::Start { from })
    }

    /// A destination stops sending.
    pub fn suspend(&self, destination: &DestinationId) -> Durable {
        self.live(destination, Life::Suspend)
    }

    /// A destination sends again.
    pub fn resume(&self, destination: &DestinationId) -> Durable {
        self.live(destination, Life::Resume)
    }

    /// A destination ends. What waits for it is dropped before by [`Ledger::range`] with rule `ended`.
    pub fn end(&self, destination: &DestinationId) -> Durable {
        self.live(destination, Life::End)
    }

    fn live(&self, destination: &DestinationId, change: Life) -> Durable {
        self.shared.record(Entry::Life { destination: destination.clone(), change }, &[])
    }

    /// Where a destination stands, by what is durable; `None` where it was never started.
    pub fn position(&self, destination: &DestinationId) -> Option<Position> {
        self.shared.state().position(destination)
    }

    /// What became of every destination's events, by what is durable.
    pub fn totals(&self) -> BTreeMap<DestinationId, Totals> {
        self.shared.state().totals()
    }

    /// The text of a stored name.
    pub fn name(&self, name: StoredName) -> Option<String> {
        self.shared.state().name(name).map(str::to_owned)
    }

    /// The folder of the log's files.
    pub(crate) fn log_dir(&self) -> PathBuf {
        self.shared.dir.join("log")
    }

    /// The numbers of a text, whatever kinds of name it is.
    pub(crate) fn numbers_of(&self, text: &str) -> Vec<StoredName> {
        let state = self.shared.state();
        let numbered = (1..).zip(state.names());
        numbered.filter(|(_, (_, name))| name == text).map(|(number, _)| StoredName(number)).collect()
    }

    /// Whether a field set has its definition, so that [`Intent::field_sets`] need not carry it.
    pub fn knows_field_set(&self, id: &FieldSetId) -> bool {
        self.shared.dictionary.read().unwrap_or_else(PoisonError::into_inner).field_sets.contains(id)
    }

    /// How many entries are durable.
    pub fn entries(&self) -> u64 {
        self.shared.queue.durable()
    }

    /// Lets what the release before cannot read be written from now on ([`Options::newest_formats`]).
    pub fn write_newest_formats(&self) {
        self.shared.newest_formats.store(true, Ordering::Relaxed);
    }

    /// Whether it may be.
    pub fn writes_newest_formats(&self) -> bool {
        self.shared.newest_formats.load(Ordering::Relaxed)
    }

    /// Whether an fsync failed: nothing can be recorded until weir is restarted.
    pub fn is_poisoned(&self) -> bool {
        self.shared.queue.is_poisoned()
    }

    /// Anchors that the last publication could not write.
    pub fn anchors_behind(&self) -> u64 {
        self.shared.anchors_behind.load(Ordering::Relaxed)
    }

    /// Whether an anchor elsewhere showed that the ledger was put back: nothing is signed or sent until it is restored or recovered.
    pub fn is_rewound(&self) -> bool {
        self.refuse_rewound().is_err()
    }

    /// The same as the error that says which anchor.
    pub fn refuse_rewound(&self) -> Result<(), LedgerError> {
        self.shared.signing().refuse_rewound()
    }

    /// Anchors elsewhere were asked as far as they answered: heads may be signed from now on, unless one showed a rewind.
    pub fn allow_signing(&self) {
        {
            let _tree = self.shared.tree();
            let mut signing = self.shared.signing();
            if matches!(*signing, Signing::Waits) {
                *signing = Signing::Free;
            }
        }
        self.signal.raise(false);
    }

    /// Holds a checkpoint from elsewhere against the ledger (D14). Where the ledger does not extend it, nothing is signed or sent from
    /// here on, and the error says so. Blocks on the disk.
    pub fn compare(&self, anchor: Anchor) -> Result<Rewind, LedgerError> {
        let mut side = self.shared.tree();
        let TreeSide { tree, cursor } = &mut *side;
        catch_up(tree, cursor, self.shared.queue.durable())?;
        let compared = anchor::check(&[anchor], &self.shared.origin, tree, tree.size());
        if let Err(LedgerError::Rewound { checkpoint, size, local }) = &compared {
            self.shared.stop_signing(checkpoint.clone(), *size, *local);
        }
        compared
    }

    /// A witness says that it cosigned `size` entries that this ledger does not hold (D14): nothing is signed or sent from here on.
    pub fn contradicted(&self, by: &Path, size: u64) {
        // Held until it is known, so that no head is signed meanwhile.
        let side = self.shared.tree();
        self.shared.stop_signing(by.to_owned(), size, side.tree.size());
    }

    /// The head that readers see; where there is none, as after a restore, the last that was signed, against which the log was held when it
    /// was opened (D14). `None` before the first. Blocks on the disk.
    pub fn published(&self) -> Result<Option<Published>, LedgerError> {
        let _tree = self.shared.tree();
        for path in [checkpoint_path(&self.shared.dir), signed_path(&self.shared.dir)] {
            if let Some(published) = Published::read_file(&path, &self.shared.origin.key)? {
                return Ok(Some(published));
            }
        }
        Ok(None)
    }

    /// The proof that the tree of `new` entries, signed already, extends that of `old`. Blocks on the disk.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, LedgerError> {
        let path = checkpoint_path(&self.shared.dir);
        consistency(&self.shared.tree().tree, old, new).map_err(LedgerError::io("read the tiles of", path))
    }

    /// Keeps a witness's cosignature of a published checkpoint for receipts, under those of others: one line of each witness under the
    /// newest checkpoint that one of them cosigned. Blocks on the disk.
    pub fn keep_cosigned(&self, published: &Published, line: &str) -> Result<(), LedgerError> {
        // Held from reading what is kept until it is replaced: witnesses answer side by side.
        let _tree = self.shared.tree();
        let (path, key) = (cosigned_path(&self.shared.dir), &self.shared.origin.key);
        let bad = |source| LedgerError::Checkpoint { path: path.clone(), source };
        // One that is not good is replaced.
        let kept = Published::read_file(&path, key).ok().flatten();
        let under = match &kept {
            Some(kept) if kept.head.size > published.head.size => return Ok(()),
            Some(kept) if kept.head == published.head => kept,
            _ => published,
        };
        let note = note::with_line(&under.note, line).map_err(bad)?;
        key.open(note.as_bytes()).map_err(bad)?;
        if kept.is_some_and(|kept| kept.note == note) {
            return Ok(());
        }
        let disk = &*self.shared.disk;
        replace(disk, &path, note.as_bytes()).map_err(LedgerError::io("write", &path))?;
        disk.sync_dir(&self.shared.dir).map_err(LedgerError::io("sync", &self.shared.dir))
    }

    /// What checks this ledger's checkpoints, in the form other tools read.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.shared.origin.key
    }

    /// Stops between two groups, for a copy that agrees with what else is stopped at the same time. Waits for a group under way.
    pub fn freeze(&self) -> Frozen<'_> {
        Frozen { shared: &self.shared, end: self.shared.queue.freeze() }
    }

    /// Signs and publishes a head over every durable entry. Blocks on the disk.
    pub fn flush_tree(&self) -> Result<u64, LedgerError> {
        self.shared.flush_tree()
    }

    /// Writes what waits, publishes the tree and ends the threads. Blocks on the disk.
    pub fn close(&self) -> Result<(), LedgerError> {
        self.stop();
        if self.is_poisoned() { Err(LedgerError::Poisoned) } else { self.shared.flush_tree().map(drop) }
    }

    fn stop(&self) {
        self.shared.queue.stop();
        self.signal.raise(true);
        for thread in [&self.writer, &self.publisher] {
            let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            // A panic of the thread was a bug and has been printed; there is nothing left to do for it.
            let _ = thread.map(JoinHandle::join);
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ledger({}, {} entries)", self.shared.origin.key.name, self.entries())
    }
}

impl Signal {
    fn raise(&self, stop: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = (true, state.1 || stop);
        self.wake.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a batch has no outcome yet.
    pub(crate) fn is_open(&self, batch: BatchId) -> bool {
        self.state().open_rows(batch).is_some()
    }

    fn tree(&self) -> MutexGuard<'_, TreeSide> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signing(&self) -> MutexGuard<'_, Signing> {
        self.signing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first place that shows a rewind is the one that is named.
    fn stop_signing(&self, checkpoint: PathBuf, size: u64, local: u64) {
        let mut signing = self.signing();
        if signing.refuse_rewound().is_ok() {
            *signing = Signing::Rewound { checkpoint, size, local };
        }
    }

    fn record(&self, entry: Entry, body: &[u8]) -> Durable {
        self.push(None, false, self.clock.now(), entry, body, Vec::new())
            .unwrap_or_else(|error| Durable(Waited::Refused(Some(error))))
    }

    fn push(
        &self,
        era: Option<u64>,
        limited: bool,
        at: Millis,
        entry: Entry,
        body: &[u8],
        mut before: Vec<Waiting>,
    ) -> Result<Durable, LedgerError> {
        let (sender, receiver) = oneshot::channel();
        before.push(Waiting::new(at, entry, body, Some(sender))?);
        self.queue.push(era, limited, before)?;
        Ok(Durable(Waited::Reply(receiver)))
    }

    fn prepare_intent(&self, intent: Intent) -> Result<(BatchId, Durable), LedgerError> {
        let count = intent.rows.len();
        self.signing().refuse_rewound()?;
        if !are_sorted(&intent.offsets) {
            return Err(LedgerError::Misuse(UNSORTED));
        }
        let expected = if intent.purpose == Purpose::Ask { 0 } else { count as u64 };
        if intent.offsets.iter().map(|r| r.end.0 - r.start.0).sum::<u64>() != expected || count > ROWS_MAX {
            return Err(LedgerError::Misuse(
                "an intent needs one row for each offset, at most 65,536, and none to ask",
            ));
        }
        let at = self.clock.now();
        let mut field_sets: Vec<FieldSetId> = Vec::new();
        let mut new_names = Vec::new();
        let mut era = {
            let dictionary = self.dictionary.read().unwrap_or_else(PoisonError::into_inner);
            let mut last = None;
            for row in &intent.rows {
                for name in [row.event, row.slice] {
                    if dictionary.number(name).is_none() && !new_names.contains(&name) {
                        new_names.push(name);
                    }
                }
                if last != Some(row.field_set) {
                    last = Some(row.field_set);
                    if !field_sets.contains(&row.field_set) {
                        field_sets.push(row.field_set);
                    }
                }
                if field_sets.len() * 16 > weir_event::limits::LEDGER_ENTRY_BYTES_MAX {
                    let (needed, limit) = (field_sets.len() * 16, weir_event::limits::LEDGER_ENTRY_BYTES_MAX);
                    return Err(LedgerError::EntryTooLarge { needed, limit });
                }
            }
            dictionary.era
        };
        let known =
            |id: &FieldSetId| self.dictionary.read().unwrap_or_else(PoisonError::into_inner).field_sets.contains(id);
        if !new_names.is_empty() || field_sets.iter().any(|id| !known(id)) {
            let definitions: Vec<&FieldSetDefinition> =
                intent.field_sets.iter().filter(|d| field_sets.contains(&d.id)).collect();
            era = self.define(at, &new_names, &field_sets, &definitions)?;
        }

        let batch = BatchId(self.next_batch.fetch_add(1, Ordering::Relaxed));
        let seed = SecretKey::generate();
        let wrapped = self.keys.wrap(PURPOSE, &batch.0.to_le_bytes(), seed.bytes());
        let time = u32::try_from(at.seconds().max(0)).unwrap_or(u32::MAX);
        let (body, rows_root) = {
            let dictionary = self.dictionary.read().unwrap_or_else(PoisonError::into_inner);
            if dictionary.era != era {
                return Err(LedgerError::Lost);
            }
            let number = |id| dictionary.number(id).unwrap_or(StoredName(0));
            let rows = intent.rows.iter().enumerate().map(|(index, row)| StoredRow {
                time,
                subject: row.subject,
                organisation: row.organisation,
                event: number(row.event),
                field_set: row.field_set,
                slice: number(row.slice),
                epoch: row.epoch,
                batch,
                // Checked above: at most 65,536 rows.
                index: index as u16,
            });
            let root = if self.newest_formats.load(Ordering::Relaxed) { Root::Tree } else { Root::Flat };
            seal(root, &seed, &wrapped, rows)
        };
        let entry = Entry::Intent(IntentEntry {
            batch,
            destination: intent.destination,
            lane: intent.lane,
            purpose: intent.purpose,
            generation: intent.generation,
            retry_of: intent.retry_of,
            offsets: intent.offsets,
            rows: count as u32,
            payload_digest: intent.payload_digest,
            rows_root,
            field_sets,
        });
        Ok((batch, self.push(Some(era), true, at, entry, &body, Vec::new())?))
    }

    fn prepare_outcome(&self, outcome: Outcome) -> Result<Durable, LedgerError> {
        let Outcome { batch, status, results } = outcome;
        let at = self.clock.now();
        let reasons: Vec<NameId> = match &results {
            Results::Rejected(reason) => vec![*reason],
            Results::Partial(rejected) => rejected.iter().map(|(_, reason)| *reason).collect(),
            _ => Vec::new(),
        };
        let mut era = None;
        if !reasons.is_empty() {
            let mut new = Vec::new();
            {
                let dictionary = self.dictionary.read().unwrap_or_else(PoisonError::into_inner);
                era = Some(dictionary.era);
                for reason in &reasons {
                    if dictionary.number(*reason).is_none() && !new.contains(reason) {
                        new.push(*reason);
                    }
                }
            }
            if !new.is_empty() {
                era = Some(self.define(at, &new, &[], &[])?);
            }
        }
        let number = |id| {
            let dictionary = self.dictionary.read().unwrap_or_else(PoisonError::into_inner);
            dictionary.number(id).unwrap_or(StoredName(0))
        };
        let (result, body) = match results {
            Results::Accepted => (OutcomeEntry::Accepted, Vec::new()),
            Results::Rejected(reason) => (OutcomeEntry::Rejected(number(reason)), Vec::new()),
            Results::Unknown => (OutcomeEntry::Unknown, Vec::new()),
            Results::Returned => (OutcomeEntry::Returned, Vec::new()),
            Results::Partial(rejected) => {
                let rows = self.state().open_rows(batch);
                let rows = rows.ok_or(LedgerError::Misuse("an outcome of a batch that is not open"))?;
                let mut results = vec![EventResult::Accepted; rows as usize];
                for (index, reason) in rejected {
                    let place = results.get_mut(index as usize);
                    let place = place.ok_or(LedgerError::Misuse("a rejected event that is not in the batch"))?;
                    *place = EventResult::Rejected(number(reason));
                }
                let body = encode_results(&results);
                (OutcomeEntry::Partial(sha256(&body)), body)
            }
        };
        self.push(era, false, at, Entry::Outcome { batch, status, result }, &body, Vec::new())
    }

    /// Queues definitions of names and field sets before anything that names them; gives the era they hold in.
    fn define(
        &self,
        at: Millis,
        names: &[NameId],
        needed: &[FieldSetId],
        definitions: &[&FieldSetDefinition],
    ) -> Result<u64, LedgerError> {
        let mut dictionary = self.dictionary.write().unwrap_or_else(PoisonError::into_inner);
        let mut entries = Vec::new();
        // Another caller may have defined some of them since.
        let fresh: Vec<NameId> = names.iter().copied().filter(|id| dictionary.number(*id).is_none()).collect();
        if !fresh.is_empty() {
            let mut body = Vec::new();
            for id in &fresh {
                let known = self.names.entry(*id);
                put_name(&mut body, known.kind, known.text);
            }
            let entry =
                Entry::Names { first: StoredName(dictionary.next), count: fresh.len() as u32, digest: sha256(&body) };
            entries.push(Waiting::new(at, entry, &body, None)?);
        }
        let mut defined = Vec::new();
        for id in needed.iter().filter(|id| !dictionary.field_sets.contains(*id)) {
            let definition = definitions.iter().find(|d| d.id == *id);
            let definition = definition.ok_or(LedgerError::Misuse("a row names a field set that has no definition"))?;
            let digest = sha256(&definition.canonical);
            if field_set_id(&digest) != *id {
                return Err(LedgerError::Misuse("a field set's id is not that of its bytes"));
            }
            entries.push(Waiting::new(at, Entry::FieldSet { digest }, &definition.canonical, None)?);
            defined.push(*id);
        }
        // Pushed under the dictionary's lock: whoever sees a number after this queues behind its definition.
        self.queue.push(Some(dictionary.era), false, entries)?;
        for id in fresh {
            let number = dictionary.next;
            dictionary.set(id, number);
            dictionary.next += 1;
        }
        dictionary.field_sets.extend(defined);
        Ok(dictionary.era)
    }

    fn flush_tree(&self) -> Result<u64, LedgerError> {
        let mut side = self.tree();
        let TreeSide { tree, cursor } = &mut *side;
        catch_up(tree, cursor, self.queue.durable())?;
        let is_free = {
            let signing = self.signing();
            signing.refuse_rewound()?;
            matches!(*signing, Signing::Free)
        };
        if tree.size() > tree.published() && is_free {
            let (_, note) = tree.publish(&self.origin.key, |text| self.keys.ledger_signer().sign(text))?;
            let behind = anchor::mirror(&*self.disk, &self.anchors, &note);
            self.anchors_behind.store(behind as u64, Ordering::Relaxed);
        }
        Ok(tree.size())
    }

    fn publish_at_most_every(&self, interval: Duration, signal: &Signal) {
        loop {
            {
                let mut state = signal.state.lock().unwrap_or_else(PoisonError::into_inner);
                while !state.0 {
                    state = signal.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                if state.1 {
                    return;
                }
                state.0 = false;
            }
            if self.flush_tree().is_err() {
                // The log is safe without the tree, which catches up once its disk is well; sending goes on meanwhile (D13).
                let field = weir_event::log::Field::Ours(self.dir.clone());
                weir_event::log::emit(
                    weir_event::log::Level::Error,
                    "the ledger's tree could not be published",
                    &[("dir", field)],
                );
            }
            let state = signal.state.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = signal.wake.wait_timeout_while(state, interval, |state| !state.1);
            if waited.unwrap_or_else(PoisonError::into_inner).0.1 {
                return;
            }
        }
    }
}

const UNSORTED: &str = "offsets must be sorted, disjoint and not empty ranges";

fn are_sorted(offsets: &[Range<Offset>]) -> bool {
    offsets.iter().all(|r| r.start < r.end) && offsets.windows(2).all(|w| w[0].end <= w[1].start)
}

fn catch_up(tree: &mut Tree, cursor: &mut LeafCursor, until: u64) -> Result<(), LedgerError> {
    while let Some(leaf) = cursor.next(until)? {
        tree.append(&leaf)?;
    }
    Ok(())
}

/// The tree with every entry of the log in it, checked against every head that was signed, signing nothing.
fn open_tree(
    dir: &Path,
    log_dir: &Path,
    disk: &Arc<dyn Disk>,
    origin: &Origin,
    entries: u64,
) -> Result<TreeSide, LedgerError> {
    let here = entries.saturating_sub(origin.base);
    let paths = [checkpoint_path(dir), signed_path(dir), cosigned_path(dir)];
    let mut heads: Vec<(&PathBuf, Checkpoint)> = Vec::new();
    for path in &paths {
        heads.extend(Published::read_file(path, &origin.key)?.map(|published| (path, published.head)));
    }
    let rewound = |path: &Path, size| LedgerError::Rewound { checkpoint: path.to_owned(), size, local: here };
    if let Some((path, head)) = heads.iter().find(|(_, head)| head.size > here) {
        return Err(rewound(path, head.size));
    }
    // From the published tiles where they are whole; else from the log, which holds the same leaves.
    let published = heads.iter().find(|(path, _)| **path == paths[0]).map(|(_, head)| head.clone());
    let loaded = published.as_ref().and_then(|head| Tree::load(dir, Arc::clone(disk), head));
    let mut tree = loaded.unwrap_or_else(|| Tree::empty(dir, Arc::clone(disk)));
    let mut cursor = LeafCursor::at(log_dir, origin.base + tree.size())?;
    heads.sort_by_key(|(_, head)| head.size);
    for (path, head) in &heads {
        if head.size < tree.size() {
            continue;
        }
        catch_up(&mut tree, &mut cursor, origin.base + head.size)?;
        if tree.root() != head.root {
            return Err(rewound(path, head.size));
        }
    }
    catch_up(&mut tree, &mut cursor, entries)?;
    debug_assert_eq!(origin.base + tree.size(), cursor.index().max(origin.base));
    Ok(TreeSide { tree, cursor })
}
