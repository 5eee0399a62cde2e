//! The interface: open, record, ask.

mod dictionary;
mod durable;
mod frozen;
mod heads;
mod open;
mod options;
mod prepare;
mod records;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;

use weir_event::{Clock, DestinationId, Names, Offset};
use weir_keys::Keys;

use crate::anchor::Origin;
use crate::disk::Disk;
use crate::entry::{BatchId, Entry, FieldSetId, Life, StoredName};
use crate::error::LedgerError;
use crate::queue::Queue;
use crate::state::{Position, State, Totals};
use dictionary::Dictionary;
use heads::{Signal, Signing, TreeSide};
use prepare::{UNSORTED, are_sorted};

pub use durable::Durable;
pub use frozen::{Cut, Frozen};
pub use options::{Kind, Options, Recovered};
pub use records::{Act, FieldSetDefinition, Intent, Outcome, RangeDrop, Results};

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

/// A ledger that is open for writing. One process at a time; `weir` locks the data folder.
pub struct Ledger {
    pub(crate) shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    publisher: Mutex<Option<JoinHandle<()>>>,
    signal: Arc<Signal>,
}

impl Ledger {
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
        self.shared.prepare_outcome(outcome).unwrap_or_else(Durable::refused)
    }

    /// Records events that are never sent to a destination.
    pub fn range(&self, range: RangeDrop) -> Durable {
        let RangeDrop { destination, offsets, rule, count, passed } = range;
        if !are_sorted(&offsets) {
            return Durable::refused(LedgerError::Misuse(UNSORTED));
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
        self.shared.dictionary().field_sets.contains(id)
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

    /// Stops between two groups, for a copy that agrees with what else is stopped at the same time. Waits for a group under way.
    pub fn freeze(&self) -> Frozen<'_> {
        Frozen { shared: &self.shared, end: self.shared.queue.freeze() }
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

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a batch has no outcome yet.
    pub(crate) fn is_open(&self, batch: BatchId) -> bool {
        self.state().open_rows(batch).is_some()
    }

    fn dictionary(&self) -> RwLockReadGuard<'_, Dictionary> {
        self.dictionary.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn tree(&self) -> MutexGuard<'_, TreeSide> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signing(&self) -> MutexGuard<'_, Signing> {
        self.signing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
