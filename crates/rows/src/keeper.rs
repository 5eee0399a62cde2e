//! The thread that keeps the row files up with a running ledger.
//!
//! Delivery does not wait for it: whatever it has not taken over yet is read from the log. Where its disk fails it says so once and tries
//! again; nothing is lost but the speed of answers. It is the one that erases, too, and ends an erasure that a crash cut short. And it has
//! the log give up rows that the files have.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::TryLockError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use weir_event::log::{Field, Level, emit};
use weir_event::{Clock, Millis};
use weir_ledger::{Erased, Ledger, LedgerError};

use crate::erase::{self, Record};
use crate::error::RowsError;
use crate::manifest::Manifest;
use crate::store::Store;

/// How often it looks.
pub const LOOK: Duration = Duration::from_secs(10);
/// Entries behind which it does not stay: some 2,500 batches, a tenth of a second of reading for an answer.
const ENTRIES_BEHIND_MAX: u64 = 5_000;
/// What was delivered is in the files after this time at the latest (D13: hourly).
const AGE_MAX: i64 = 60 * 60 * 1_000;
/// A file of the log is ended after this time at the latest, so that it can be thinned: rows are kept for thirteen months, not longer.
const LOG_FILE_MILLIS_MAX: i64 = 30 * Millis::DAY;
/// A merge of a large month takes so long at most on a slow disk.
const STEP_MAX: Duration = Duration::from_secs(60);

/// The thread's owner.
pub struct Keeper {
    dir: PathBuf,
    stop: Arc<Stop>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Says that it is over, or that something is asked, to one who waits and to one who works.
#[derive(Default)]
struct Stop {
    is_over: Arc<AtomicBool>,
    asked: Mutex<VecDeque<Ask>>,
    wake: Condvar,
    /// Held while something is changed.
    step: Mutex<()>,
}

/// By more than this the clock has jumped, against the one that only runs.
const JUMP: Duration = Duration::from_secs(60 * 60);
/// After a stop that seems longer than this the clock is not trusted: to wait too long costs only room.
const STOPPED_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// After this time a batch that the files do not have is looked at again.
const AGAIN: Duration = Duration::from_secs(60 * 60);

/// What a keeper may do.
pub struct May {
    /// Whether it may make sums of months, which a release that knows only version 1 of the manifest cannot read.
    pub sum_up: bool,
    /// Whether it may change any file at this moment: not while a backup copies them.
    pub change: Box<dyn Fn() -> bool + Send>,
    /// By how much the clock may differ from the one that only runs, until the time is counted anew after which anything is given up for good:
    /// rows by the log, the moments of a month.
    pub jump: Duration,
}

impl Default for May {
    fn default() -> May {
        May { sum_up: true, change: Box::new(|| true), jump: JUMP }
    }
}

/// An erasure that is asked for.
struct Ask {
    subjects: BTreeSet<u64>,
    record: Record,
    done: SyncSender<Result<Erased, RowsError>>,
}

impl Stop {
    fn asked(&self) -> MutexGuard<'_, VecDeque<Ask>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&self) -> MutexGuard<'_, ()> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

impl Keeper {
    /// Starts it over the egress ledger in `dir`; it looks at it so often.
    pub fn start(
        dir: &Path,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        look: Duration,
        may: May,
    ) -> Result<Keeper, LedgerError> {
        let stop = Arc::<Stop>::default();
        let begun = clock.now();
        let task = Task { dir: dir.to_owned(), ledger, clock, look, may, stop: Arc::clone(&stop) };
        let thread = std::thread::Builder::new().name("ledger-rows".to_owned()).spawn(move || task.run(begun));
        let thread =
            thread.map_err(|source| LedgerError::Io { what: "start a thread for", path: dir.to_owned(), source })?;
        Ok(Keeper { dir: dir.to_owned(), stop, thread: Mutex::new(Some(thread)) })
    }

    /// Erases everything about these subjects that was recorded until now ([`mod@crate::erase`]). What comes of it is received; nothing,
    /// where Weir stops before: then the next start ends what was begun.
    pub fn erase(&self, subjects: BTreeSet<u64>, record: Record) -> Receiver<Result<Erased, RowsError>> {
        let (done, receiver) = sync_channel(1);
        let mut asked = self.stop.asked();
        // One that is over takes nothing more: to drop the sender says so.
        if !self.stop.is_over.load(Ordering::Relaxed) {
            asked.push_back(Ask { subjects, record, done });
        }
        self.stop.wake.notify_all();
        receiver
    }

    /// The files of a copy, once what is being changed has ended, and what is asked to be erased is erased; they stay so as long as it may
    /// change nothing ([`May::change`]), which must be so already, and nothing is asked to be erased. Blocks: an error says that it took too
    /// long.
    pub fn cut(&self) -> Result<Vec<PathBuf>, RowsError> {
        let until = Instant::now() + STEP_MAX;
        loop {
            let step = self.stop.step.try_lock();
            // What is asked for is taken up under the same lock: it is seen here, or over.
            if !matches!(step, Err(TryLockError::WouldBlock)) && self.stop.asked().is_empty() {
                return Manifest::read(&self.dir)?.files_there(&self.dir);
            }
            drop(step);
            if Instant::now() >= until {
                return Err(RowsError::Busy);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it. What it was merging is left as it was.
    pub fn close(&self) {
        {
            let mut asked = self.stop.asked();
            asked.clear();
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
    may: May,
    stop: Arc<Stop>,
}

impl Task {
    fn run(self, mut taken: Millis) {
        let (mut store, mut failing, mut watch) = (None, false, Watch::default());
        while !self.wait() {
            let stop = Arc::clone(&self.stop);
            let _step = stop.step();
            let asked = self.stop.asked().pop_front();
            if let Some(Ask { subjects, record, done }) = asked {
                let erased = self
                    .open(&mut store)
                    .and_then(|store| erase::erase(store, &self.ledger, &subjects, record, &self.stop.is_over));
                if erased.is_err() {
                    store = None;
                }
                // Whoever asked may have gone; it is done all the same.
                let _ = done.send(erased);
                continue;
            }
            match self.keep(&mut store, &mut taken, &mut watch) {
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

    /// Waits for the next look, or until something is asked; whether it is over.
    fn wait(&self) -> bool {
        let asked = self.stop.asked();
        let waits = |asked: &mut VecDeque<Ask>| asked.is_empty() && !self.is_over();
        let _ = self.stop.wake.wait_timeout_while(asked, self.look, waits);
        self.is_over()
    }

    fn is_over(&self) -> bool {
        self.stop.is_over.load(Ordering::Relaxed)
    }

    fn open<'s>(&self, store: &'s mut Option<Store>) -> Result<&'s mut Store, RowsError> {
        Ok(match store {
            Some(store) => store,
            None => store.insert(Store::open(&self.dir)?.stopped_by(Arc::clone(&self.stop.is_over))),
        })
    }

    /// Whether the next step may be taken. One that is under way while this changes comes to its end.
    fn goes_on(&self) -> bool {
        !self.is_over() && (self.may.change)()
    }

    fn keep(&self, store: &mut Option<Store>, taken: &mut Millis, watch: &mut Watch) -> Result<(), RowsError> {
        if !self.goes_on() {
            return Ok(());
        }
        let store = self.open(store)?;
        // Before anything is taken over: what an erasure is about may lie in no new file.
        erase::go_on(store, &self.ledger, &self.stop.is_over)?;
        let now = self.clock.now();
        let durable = self.ledger.entries();
        let behind = durable.saturating_sub(store.manifest().entries);
        if behind > ENTRIES_BEHIND_MAX || (behind > 0 && now.0 - taken.0 >= AGE_MAX) {
            while self.goes_on() && store.take(durable)?.more {}
            *taken = now;
        }
        while self.goes_on() && store.merge(now)? {}
        // From here on something is given up for good.
        let now = self.clock.now();
        if watch.has_jumped(now, store.noted(), self.may.jump) {
            store.distrust(now)?;
        }
        if self.ledger.writes_newest_formats() {
            self.ledger.end_old_file(now.plus(-LOG_FILE_MILLIS_MAX))?;
        }
        let mut is_thin = false;
        while self.goes_on() && !is_thin && watch.lacks.is_none_or(|at| at.elapsed() >= AGAIN) {
            let thinned = store.thin(&self.ledger, now, &|| self.goes_on());
            watch.lacks = matches!(thinned, Err(RowsError::Lacks(_))).then(Instant::now);
            is_thin = !thinned?;
        }
        // A try of long ago may be replaced by a later one that is not taken over yet: sums are made of what is complete. And of what
        // the log has given up: sums take its place, too.
        if self.may.sum_up && is_thin && store.is_settled(now) && store.manifest().entries == durable {
            while self.goes_on() && store.sum_up(now)? {}
        }
        Ok(())
    }
}

/// What a keeper remembers from one look to the next.
#[derive(Default)]
struct Watch {
    /// When it looked last, by the clock and by the one that only runs.
    seen: Option<(Millis, Instant)>,
    /// When a batch was met last that the files do not have.
    lacks: Option<Instant>,
}

impl Watch {
    /// Whether the clock has jumped since the last look, or since `noted`, the last work before this start.
    fn has_jumped(&mut self, now: Millis, noted: Option<Millis>, jump: Duration) -> bool {
        let jumped = match (self.seen, noted) {
            (Some((then, moment)), _) => {
                let (wall, run) = (i128::from(now.0) - i128::from(then.0), moment.elapsed().as_millis());
                wall.abs_diff(run.cast_signed()) > jump.as_millis()
            }
            (None, Some(noted)) => u128::from((now.0 - noted.0).unsigned_abs()) > jump.max(STOPPED_MAX).as_millis(),
            (None, None) => false,
        };
        self.seen = Some((now, Instant::now()));
        jumped
    }
}

fn tell(error: &RowsError) {
    if let RowsError::Lacks(batch) = error {
        emit(
            Level::Warn,
            "the log keeps its rows: the files of ledger rows do not have a batch as the log has it; run `weir ledger verify`",
            &[("batch", Field::Count(*batch))],
        );
        return;
    }
    if let RowsError::Gone(entry) = error {
        emit(
            Level::Error,
            "rows of the ledger are in no file, and the log has given them up: restore the folder `ledger/rows` from a backup of the last 7 days",
            &[("entry", Field::Count(*entry))],
        );
        return;
    }
    let mut fields = Vec::new();
    match error {
        RowsError::Io { path, source, .. } => {
            fields.extend([("file", Field::Ours(path.clone())), ("error", Field::Io(source.kind()))]);
        }
        RowsError::Parquet { path, .. } | RowsError::Damaged { path, .. } | RowsError::NewerFormat { path, .. } => {
            fields.push(("file", Field::Ours(path.clone())));
        }
        RowsError::Ledger(_)
        | RowsError::Unreadable(_)
        | RowsError::Unknown(_)
        | RowsError::Lacks(_)
        | RowsError::Busy
        | RowsError::Gone(_)
        | RowsError::Stopped => {}
    }
    emit(
        Level::Warn,
        "the files of ledger rows could not be written: answers are slower or fail, and an erasure waits",
        &fields,
    );
}
