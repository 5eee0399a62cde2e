//! The thread that keeps the row files up with a running ledger.
//!
//! Delivery does not wait for it: whatever it has not taken over yet is read from the log. Where its disk fails it says so once and tries
//! again; nothing is lost but the speed of answers.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use weir_event::log::{Field, Level, emit};
use weir_event::{Clock, Millis};
use weir_ledger::{Ledger, LedgerError};

use crate::error::RowsError;
use crate::store::Store;

/// How often it looks.
pub const LOOK: Duration = Duration::from_secs(10);
/// Entries behind which it does not stay: some 2,500 batches, a tenth of a second of reading for an answer.
const ENTRIES_BEHIND_MAX: u64 = 5_000;
/// What was delivered is in the files after this time at the latest (D13: hourly).
const AGE_MAX: i64 = 60 * 60 * 1_000;

/// The thread's owner.
pub struct Keeper {
    stop: Arc<Stop>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Says that it is over, to one who waits and to one who works.
#[derive(Default)]
struct Stop {
    is_over: Arc<AtomicBool>,
    lock: Mutex<()>,
    wake: Condvar,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

impl Keeper {
    /// Starts it over the egress ledger in `dir`; it looks at it so often. `sums_up` says whether it may make sums of months, which a release
    /// that knows only version 1 of the manifest cannot read.
    pub fn start(
        dir: &Path,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        look: Duration,
        sums_up: bool,
    ) -> Result<Keeper, LedgerError> {
        let stop = Arc::<Stop>::default();
        let begun = clock.now();
        let task = Task { dir: dir.to_owned(), ledger, clock, look, sums_up, stop: Arc::clone(&stop) };
        let thread = std::thread::Builder::new().name("ledger-rows".to_owned()).spawn(move || task.run(begun));
        let thread =
            thread.map_err(|source| LedgerError::Io { what: "start a thread for", path: dir.to_owned(), source })?;
        Ok(Keeper { stop, thread: Mutex::new(Some(thread)) })
    }

    /// Ends it. What it was merging is left as it was.
    pub fn close(&self) {
        {
            let _guard = self.stop.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.stop.is_over.store(true, Ordering::Relaxed);
            self.stop.wake.notify_all();
        }
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

struct Task {
    dir: PathBuf,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    look: Duration,
    sums_up: bool,
    stop: Arc<Stop>,
}

impl Task {
    fn run(self, mut taken: Millis) {
        let (mut store, mut failing) = (None, false);
        while !self.wait() {
            match self.keep(&mut store, &mut taken) {
                Ok(()) | Err(RowsError::Stopped) => failing = false,
                Err(error) => {
                    // What is in memory may be ahead of the disk.
                    store = None;
                    if !failing {
                        tell(&error);
                    }
                    failing = true;
                }
            }
        }
    }

    /// Waits for the next look; whether it is over.
    fn wait(&self) -> bool {
        let guard = self.stop.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.stop.wake.wait_timeout_while(guard, self.look, |()| !self.is_over());
        self.is_over()
    }

    fn is_over(&self) -> bool {
        self.stop.is_over.load(Ordering::Relaxed)
    }

    fn keep(&self, store: &mut Option<Store>, taken: &mut Millis) -> Result<(), RowsError> {
        let store = match store {
            Some(store) => store,
            None => store.insert(Store::open(&self.dir)?.stopped_by(Arc::clone(&self.stop.is_over))),
        };
        let now = self.clock.now();
        let durable = self.ledger.entries();
        let behind = durable.saturating_sub(store.manifest().entries);
        if behind > ENTRIES_BEHIND_MAX || (behind > 0 && now.0 - taken.0 >= AGE_MAX) {
            while !self.is_over() && store.take(durable)?.more {}
            *taken = now;
        }
        while !self.is_over() && store.merge(now)? {}
        // A try of long ago may be replaced by a later one that is not taken over yet: sums are made of what is complete.
        if self.sums_up && store.manifest().entries == durable {
            while !self.is_over() && store.sum_up(now)? {}
        }
        Ok(())
    }
}

fn tell(error: &RowsError) {
    let mut fields = Vec::new();
    match error {
        RowsError::Io { path, source, .. } => {
            fields.extend([("file", Field::Ours(path.clone())), ("error", Field::Io(source.kind()))]);
        }
        RowsError::Parquet { path, .. } | RowsError::Damaged { path, .. } | RowsError::NewerFormat { path, .. } => {
            fields.push(("file", Field::Ours(path.clone())));
        }
        RowsError::Ledger(_) | RowsError::Unreadable(_) | RowsError::Unknown(_) | RowsError::Stopped => {}
    }
    emit(
        Level::Warn,
        "the files of ledger rows could not be written: answers read the log instead and are slower",
        &fields,
    );
}
