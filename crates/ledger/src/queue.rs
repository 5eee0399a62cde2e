//! The queue before the log, and the thread that empties it: everything that waits becomes one group, one fsync (D3).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use weir_event::{Clock, Millis};

use crate::entry::Entry;
use crate::error::LedgerError;
use crate::log::{End, GroupError, LogWriter};
use crate::record::{SNAPSHOT, Unwritten};
use crate::state::State;

/// Bytes that may wait for the disk. Over it, intents are refused; small entries still pass.
pub(crate) const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why an entry did not become durable; the caller's form is [`LedgerError`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failed {
    Lost,
    Poisoned,
    Misfit(&'static str),
}

impl From<Failed> for LedgerError {
    fn from(failed: Failed) -> LedgerError {
        match failed {
            Failed::Lost => LedgerError::Lost,
            Failed::Poisoned => LedgerError::Poisoned,
            Failed::Misfit(what) => LedgerError::Misuse(what),
        }
    }
}

/// An entry on its way to the disk.
pub(crate) struct Waiting {
    at: Millis,
    entry: Entry,
    record: Unwritten,
    reply: Option<oneshot::Sender<Result<(), Failed>>>,
}

impl Waiting {
    pub(crate) fn new(
        at: Millis,
        entry: Entry,
        body: &[u8],
        reply: Option<oneshot::Sender<Result<(), Failed>>>,
    ) -> Result<Waiting, LedgerError> {
        let leaf = entry.encode(at);
        let record = Unwritten::new(entry.kind(), &leaf, body).ok_or(LedgerError::EntryTooLarge {
            needed: leaf.len().max(body.len()),
            limit: if leaf.len() > weir_event::limits::LEDGER_ENTRY_BYTES_MAX {
                weir_event::limits::LEDGER_ENTRY_BYTES_MAX
            } else {
                crate::record::BODY_BYTES_MAX
            },
        })?;
        debug_assert_ne!(entry.kind(), SNAPSHOT);
        Ok(Waiting { at, entry, record, reply })
    }

    fn answer(self, result: Result<(), Failed>) {
        if let Some(reply) = self.reply {
            // The caller may have gone; the entry is recorded all the same.
            let _ = reply.send(result);
        }
    }
}

/// Answers with the first entry of the file that is appended to from now on.
type Ended = oneshot::Sender<Result<u64, Failed>>;

#[derive(Default)]
struct Inner {
    items: Vec<Waiting>,
    /// Who waits for a new file to be begun.
    ending: Vec<Ended>,
    bytes: usize,
    stopping: bool,
    poisoned: bool,
    /// Counts the groups that were lost: what was prepared before one may name things that were lost with it.
    era: u64,
}

/// Shared by callers and the writer thread.
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
    /// How many entries are durable.
    durable: AtomicU64,
    /// Where the log ends on the disk. The writer holds it from the first byte of a group to its place in the state, so that who
    /// holds it sees the log between two groups.
    commit: Mutex<End>,
}

impl Queue {
    pub(crate) fn new(end: End) -> Queue {
        let (durable, commit) = (AtomicU64::new(end.index), Mutex::new(end));
        Queue { inner: Mutex::default(), wake: Condvar::new(), durable, commit }
    }

    /// Stops between two groups as long as the guard lives.
    pub(crate) fn freeze(&self) -> MutexGuard<'_, End> {
        self.commit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many entries are durable; the tree may cover these.
    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Whether an fsync failed.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.lock().poisoned
    }

    /// Queues entries, in order and together. `era` is that of the dictionary they were prepared with; `limited` ones are refused where too much waits.
    pub(crate) fn push(&self, era: Option<u64>, limited: bool, items: Vec<Waiting>) -> Result<(), LedgerError> {
        let mut inner = self.lock();
        if inner.poisoned {
            return Err(LedgerError::Poisoned);
        }
        if inner.stopping {
            return Err(LedgerError::Closed);
        }
        if era.is_some_and(|era| era != inner.era) {
            return Err(LedgerError::Lost);
        }
        if limited && inner.bytes > QUEUE_BYTES_MAX {
            return Err(LedgerError::Overloaded { limit: QUEUE_BYTES_MAX });
        }
        inner.bytes += items.iter().map(|w| w.record.len()).sum::<usize>();
        inner.items.extend(items);
        drop(inner);
        self.wake.notify_one();
        Ok(())
    }

    /// Has the file ended that is appended to, and another begun.
    pub(crate) fn end_file(&self) -> Result<oneshot::Receiver<Result<u64, Failed>>, LedgerError> {
        let (sender, receiver) = oneshot::channel();
        let mut inner = self.lock();
        if inner.poisoned {
            return Err(LedgerError::Poisoned);
        }
        if inner.stopping {
            return Err(LedgerError::Closed);
        }
        inner.ending.push(sender);
        drop(inner);
        self.wake.notify_one();
        Ok(receiver)
    }

    /// Lets the thread write what waits and end.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.wake.notify_all();
    }

    fn take(&self) -> Option<(Vec<Waiting>, Vec<Ended>)> {
        let mut inner = self.lock();
        while inner.items.is_empty() && inner.ending.is_empty() {
            if inner.stopping {
                return None;
            }
            inner = self.wake.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.bytes = 0;
        Some((std::mem::take(&mut inner.items), std::mem::take(&mut inner.ending)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the durable state and the new era.
pub(crate) type Forget = Box<dyn Fn(&State, u64) + Send>;

/// What the writer thread works with.
pub(crate) struct Writer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) log: LogWriter,
    /// The state of all durable entries, which callers read.
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Called with the queue unlocked after a group was lost, so that the dictionary forgets what was lost with it.
    pub(crate) forget: Forget,
    /// Called after each durable group.
    pub(crate) advanced: Box<dyn Fn() + Send>,
}

impl Writer {
    pub(crate) fn run(mut self) {
        // The state with the group under way in it: entries that do not fit are refused before they are written.
        let mut ahead = self.durable_state().clone();
        while let Some((items, ending)) = self.queue.take() {
            // Before what waits is written: whoever asked may ask about what was durable then.
            if !ending.is_empty() && self.end_file(&ahead, ending).is_err() {
                return self.poison(Vec::new());
            }
            let mut group = Vec::with_capacity(items.len());
            for waiting in items {
                match ahead.apply(waiting.at, &waiting.entry, waiting.record.body()) {
                    Ok(()) => group.push(waiting),
                    Err(misfit) => waiting.answer(Err(Failed::Misfit(misfit.0))),
                }
            }
            if group.is_empty() {
                continue;
            }
            let records: Vec<&Unwritten> = group.iter().map(|w| &w.record).collect();
            let queue = Arc::clone(&self.queue);
            let mut end = queue.freeze();
            match self.log.write_group(&records) {
                Ok(()) => {
                    {
                        let mut state = self.durable_state();
                        for waiting in &group {
                            // Cannot fail: it fitted the state ahead, which was the same before it.
                            let applied = state.apply(waiting.at, &waiting.entry, waiting.record.body());
                            debug_assert!(applied.is_ok());
                        }
                    }
                    self.queue.durable.store(self.log.index(), Ordering::Release);
                    group.into_iter().for_each(|waiting| waiting.answer(Ok(())));
                    (self.advanced)();
                    let rolled = self.log.roll(&ahead, self.clock.now());
                    *end = self.log.end();
                    drop(end);
                    if rolled.is_err() {
                        return self.poison(Vec::new());
                    }
                }
                Err(GroupError::Lost) => {
                    drop(end);
                    ahead = self.durable_state().clone();
                    let (late, era) = {
                        let mut inner = self.queue.lock();
                        inner.era += 1;
                        inner.bytes = 0;
                        (std::mem::take(&mut inner.items), inner.era)
                    };
                    (self.forget)(&ahead, era);
                    group.into_iter().chain(late).for_each(|waiting| waiting.answer(Err(Failed::Lost)));
                }
                Err(GroupError::Poisoned) => {
                    drop(end);
                    return self.poison(group);
                }
            }
        }
    }

    fn end_file(&mut self, state: &State, asked: Vec<Ended>) -> Result<(), GroupError> {
        let queue = Arc::clone(&self.queue);
        let mut end = queue.freeze();
        let ended = self.log.end_file(state, self.clock.now());
        *end = self.log.end();
        let answer = match ended {
            Ok(()) => Ok(end.first_index),
            Err(GroupError::Lost) => Err(Failed::Lost),
            Err(GroupError::Poisoned) => Err(Failed::Poisoned),
        };
        for asked in asked {
            let _ = asked.send(answer);
        }
        if ended == Err(GroupError::Poisoned) { Err(GroupError::Poisoned) } else { Ok(()) }
    }

    fn poison(&self, group: Vec<Waiting>) {
        let late = {
            let mut inner = self.queue.lock();
            inner.poisoned = true;
            // To drop them says the same.
            inner.ending.clear();
            std::mem::take(&mut inner.items)
        };
        weir_event::log::emit(weir_event::log::Level::Error, "the ledger stopped: its disk failed", &[]);
        group.into_iter().chain(late).for_each(|waiting| waiting.answer(Err(Failed::Poisoned)));
    }

    fn durable_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
