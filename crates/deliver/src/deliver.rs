//! The handle: starts a task for each destination, hands out generations, suspends, resumes, ends, tells how things are.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, watch};
use tokio::task::JoinHandle;
use weir_event::{Clock, DestinationId, GenerationId, Millis, Names, Offset};
use weir_hold::{EntryId, Hold, HoldError, RejectedRecord};
use weir_journal::Journal;
use weir_keys::{Keys, KeysError};
use weir_ledger::{Ledger, LedgerError, OpenIntent, Status};
use weir_policy::{MinimisedBatch, Released, Withdrawals};
use weir_protocol::outbound::{DestinationSetup, Encoded};

use crate::ask::{Answered, AskError, ask};
use crate::breaker::Breaker;
use crate::replay::{Replayed, replay};
use crate::resend::{Progress, Resent, Wanted, Way, resend};
use crate::send::{Control, Sending};
use crate::setup::{Setup, Start};
use crate::staged::{Rollout, Staged};
use crate::status::{DestinationStatus, Gauges};
use crate::task::Task;
use crate::trace::{Steps, Traces};

/// What delivery works with.
pub struct Parts {
    /// The keys.
    pub keys: Arc<Keys>,
    /// The names.
    pub names: Arc<Names>,
    /// Where events come from.
    pub journal: Journal<MinimisedBatch>,
    /// Where what leaves is recorded.
    pub ledger: Arc<Ledger>,
    /// Where rejected events go.
    pub hold: Hold,
    /// Who has refused what since an event came in.
    pub withdrawals: Arc<Withdrawals>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who wants to know what a batch went through.
    pub traces: Option<Arc<dyn Traces>>,
}

pub(crate) type Context = Parts;

/// Why a destination cannot be started or told something.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The ledger could not record it.
    #[error("the ledger could not record it")]
    Ledger(#[from] LedgerError),
    /// Its keys could not be made.
    #[error("the keys of the destination could not be made")]
    Keys(#[from] KeysError),
    /// The ledger knows no such destination.
    #[error("there is no destination {0} in the ledger")]
    NoSuchDestination(DestinationId),
    /// It is suspended or not in the configuration.
    #[error("destination {0} is not being sent to: resume it, or put it into the configuration")]
    NotSending(DestinationId),
    /// Quarantine could not be written.
    #[error("quarantine could not be written")]
    Hold(#[from] HoldError),
    /// A policy is on its way into force there.
    #[error(
        "a rollout is under way at destination {0}: end it first with `weir rollout finish` or `weir rollout abort`"
    )]
    InRollout(DestinationId),
    /// It has ended.
    #[error("destination {0} has ended")]
    Ended(DestinationId),
}

/// Delivery to all destinations.
pub struct Deliver {
    context: Arc<Context>,
    tasks: Mutex<BTreeMap<DestinationId, Running>>,
    /// Intents that the last process left without an outcome, until their destination's task takes them.
    unfinished: Mutex<Vec<OpenIntent>>,
    /// Set by [`Deliver::stop`]: no task is started any more.
    stopped: AtomicBool,
}

struct Running {
    control: watch::Sender<Control>,
    gauges: Arc<Gauges>,
    breaker: Arc<Breaker>,
    task: JoinHandle<()>,
    /// Held by a replay: one at a time, so that no entry of quarantine is in two requests (D11).
    replaying: Arc<tokio::sync::Mutex<()>>,
    /// Entries of quarantine that settling leaves to an operator, until another configuration is applied.
    left: HashSet<EntryId>,
}

impl Deliver {
    /// Starts delivery: a task for each destination of the generation and for each one that the ledger knows. `unfinished` is
    /// what opening the ledger found.
    ///
    /// When this returns, every destination of the generation has its beginning in the ledger, so that events may be offered.
    pub async fn start(
        parts: Parts,
        generation: GenerationId,
        setups: &BTreeMap<DestinationId, Arc<Setup>>,
        unfinished: Vec<OpenIntent>,
    ) -> Result<Deliver, DeliverError> {
        Deliver::start_staged(parts, generation, setups, None, unfinished).await
    }

    /// The same in the middle of a rollout.
    pub async fn start_staged(
        parts: Parts,
        generation: GenerationId,
        setups: &BTreeMap<DestinationId, Arc<Setup>>,
        rollout: Option<&Rollout>,
        unfinished: Vec<OpenIntent>,
    ) -> Result<Deliver, DeliverError> {
        let deliver = Deliver {
            context: Arc::new(parts),
            tasks: Mutex::default(),
            unfinished: Mutex::new(unfinished),
            stopped: AtomicBool::new(false),
        };
        deliver.apply_staged(generation, setups, rollout).await?;
        Ok(deliver)
    }

    /// Goes on with another generation (D16): batches that were not sent are released again under it. Call it before events are
    /// offered to a destination that is new in it.
    pub async fn apply(
        &self,
        generation: GenerationId,
        setups: &BTreeMap<DestinationId, Arc<Setup>>,
    ) -> Result<(), DeliverError> {
        self.apply_staged(generation, setups, None).await
    }

    /// The same, where destinations whose rules differ keep the policy in force for everybody but a share of people.
    pub async fn apply_staged(
        &self,
        generation: GenerationId,
        setups: &BTreeMap<DestinationId, Arc<Setup>>,
        rollout: Option<&Rollout>,
    ) -> Result<(), DeliverError> {
        for (id, setup) in setups {
            if self.context.ledger.position(id).is_none() {
                let from = match setup.options.start {
                    Start::Now => self.context.journal.tail(),
                    Start::From(offset) => offset.max(self.context.journal.floor()),
                };
                self.context.ledger.start(id, from).await?;
            }
            // Waits for the disk where the destination is new: at start and reload only.
            self.context.keys.ensure_destination(id)?;
        }
        let known: Vec<DestinationId> = self.context.ledger.totals().into_keys().collect();
        let mut tasks = self.lock();
        // A task that began now would not know of the intents that the stopped ones left open, and send their events once more.
        if self.stopped.load(Relaxed) {
            return Err(LedgerError::Closed.into());
        }
        for id in known {
            let setup = setups.get(&id).cloned();
            let (generation, setup, staged) = staged(generation, setup, rollout, &id);
            match tasks.get_mut(&id) {
                Some(running) => {
                    running.left.clear();
                    running.control.send_modify(|control| {
                        control.generation = generation;
                        control.setup = setup;
                        control.staged = staged;
                    });
                }
                None => {
                    let running = self.spawn(&id, generation, setup, staged);
                    tasks.insert(id, running);
                }
            }
        }
        Ok(())
    }

    fn spawn(
        &self,
        id: &DestinationId,
        generation: GenerationId,
        setup: Option<Arc<Setup>>,
        staged: Option<Arc<Staged>>,
    ) -> Running {
        let life = self.context.ledger.position(id).map_or(Status::Active, |position| position.life);
        let (control, receiver) = watch::channel(Control { generation, setup, staged, life, stopping: false });
        let unfinished: Vec<OpenIntent> = {
            let mut all = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
            all.extract_if(.., |open| open.destination == *id).collect()
        };
        let (gauges, breaker) = (Arc::new(Gauges::default()), Arc::new(Breaker::default()));
        let task = Task::new(
            Arc::clone(&self.context),
            id.clone(),
            receiver,
            Arc::clone(&gauges),
            Arc::clone(&breaker),
            unfinished,
        );
        Running {
            control,
            gauges,
            breaker,
            task: tokio::spawn(task.run()),
            replaying: Arc::default(),
            left: HashSet::new(),
        }
    }

    /// Stops sending to a destination; requests under way are finished. Its events wait, and the lag limit goes on counting.
    pub async fn suspend(&self, id: &DestinationId) -> Result<(), DeliverError> {
        self.check(id)?;
        // First in memory: from here on nothing more is sent, whatever becomes of the entry.
        self.set_life(id, Status::Suspended);
        Ok(self.context.ledger.suspend(id).await?)
    }

    /// Sends again.
    pub async fn resume(&self, id: &DestinationId) -> Result<(), DeliverError> {
        self.check(id)?;
        self.context.ledger.resume(id).await?;
        self.set_life(id, Status::Active);
        Ok(())
    }

    /// Ends a destination: what waits for it is dropped by rule `ended`. Take it out of the configuration, too.
    pub async fn end(&self, id: &DestinationId) -> Result<(), DeliverError> {
        self.check(id)?;
        self.set_life(id, Status::Suspended);
        self.context.ledger.end(id).await?;
        self.set_life(id, Status::Ended);
        Ok(())
    }

    /// Sends events of this destination's quarantine once more, released by today's policy (D10). What the vendor takes leaves
    /// quarantine; everything else stays there. Nothing is retried: the operator sees the report and may call again.
    pub async fn replay(&self, id: &DestinationId, mut records: Vec<RejectedRecord>) -> Result<Replayed, DeliverError> {
        self.check(id)?;
        self.refuse_in_rollout(id)?;
        let _one = self.replaying(id).await?;
        let Some(Way { sending, generation }) = self.way(id) else { return Err(DeliverError::NotSending(id.clone())) };
        // What left quarantine while this waited has been decided (D11).
        let hold = &self.context.hold;
        records.retain(|record| hold.find(&record.info().owner, record.info().event_id) == Some(record.info().id));
        // What a crash left there before it was recorded is delivery's until it is.
        let position = self.context.ledger.position(id).ok_or_else(|| DeliverError::NoSuchDestination(id.clone()))?;
        let there = records.len();
        records.retain(|record| record.info().offset.is_none_or(|offset| position.is_terminal(offset)));
        let early = (there - records.len()) as u64;
        let replayed = replay(sending, generation, records).await?;
        Ok(Replayed { put_off: replayed.put_off + early, ..replayed })
    }

    /// Releases events from the journal once more under today's policy, or only says what that would do. Each keeps the state that
    /// it had (D11). It ends when the destination is suspended, and when `progress` is cancelled.
    pub async fn resend(
        &self,
        id: &DestinationId,
        wanted: &Wanted,
        rehearses: bool,
        progress: &Progress,
    ) -> Result<Resent, DeliverError> {
        self.check(id)?;
        self.refuse_in_rollout(id)?;
        let setup = self.lock().get(id).and_then(|running| running.control.borrow().setup.clone());
        let setup = setup.ok_or_else(|| DeliverError::NotSending(id.clone()))?;
        if !rehearses && self.way(id).is_none() {
            return Err(DeliverError::NotSending(id.clone()));
        }
        let way = || self.way(id);
        let sending: Option<&(dyn Fn() -> Option<Way> + Sync)> = if rehearses { None } else { Some(&way) };
        resend(&self.context, &setup, sending, wanted, progress).await
    }

    /// How a destination is sent to now; `None` while it is not.
    /// The first offset of what was received at or after a time, and perhaps some before it.
    pub async fn first_received_since(&self, at: Millis) -> Offset {
        let journal = &self.context.journal;
        let all = journal.floor().0..journal.tail().0;
        Offset(crate::resend::first_since(&self.context, all, at, &Progress::default()).await)
    }

    /// The right to replay at a destination, once no other replay is under way there. Not given once delivery has stopped: the folder
    /// may be another process's by then.
    pub(crate) async fn replaying(&self, id: &DestinationId) -> Result<OwnedMutexGuard<()>, DeliverError> {
        let lock = self.lock().get(id).map(|running| Arc::clone(&running.replaying));
        let lock = lock.ok_or_else(|| DeliverError::NotSending(id.clone()))?;
        let right = lock.lock_owned().await;
        if self.lock().contains_key(id) { Ok(right) } else { Err(DeliverError::NotSending(id.clone())) }
    }

    /// Entries that settling leaves to an operator.
    pub(crate) fn left(&self, id: &DestinationId) -> HashSet<EntryId> {
        self.lock().get(id).map(|running| running.left.clone()).unwrap_or_default()
    }

    pub(crate) fn leave(&self, id: &DestinationId, entries: Vec<EntryId>) {
        if let Some(running) = self.lock().get_mut(id) {
            running.left.extend(entries);
        }
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    pub(crate) fn way(&self, id: &DestinationId) -> Option<Way> {
        let tasks = self.lock();
        let running = tasks.get(id)?;
        let control = running.control.subscribe();
        let seen = control.borrow().clone();
        let setup = seen.setup.filter(|_| seen.life == Status::Active && !seen.stopping)?;
        let sending = Sending {
            context: Arc::clone(&self.context),
            setup,
            breaker: Arc::clone(&running.breaker),
            gauges: Arc::clone(&running.gauges),
            control,
            course: Arc::default(),
            answers: Arc::default(),
            steps: Steps::default(),
        };
        Some(Way { sending, generation: seen.generation })
    }

    /// Asks the vendor about somebody (D17 `proxy`): `about` holds one event, released by the destination's policy, and `build`
    /// makes the question of what is left of it, unless it knows the answer. Durable before it is sent; in no sum.
    pub async fn ask(
        &self,
        id: &DestinationId,
        about: MinimisedBatch,
        build: impl FnOnce(&Released<'_>, &DestinationSetup) -> Option<Encoded>,
    ) -> Result<Answered, AskError> {
        let sending = self.lock().get(id).and_then(|running| {
            let seen = running.control.borrow();
            let setup = seen.setup.clone().filter(|_| seen.life == Status::Active && !seen.stopping)?;
            Some((setup, seen.generation))
        });
        let (setup, generation) = sending.ok_or(AskError::NotSending)?;
        ask(&self.context, &setup, generation, about, build).await
    }

    fn check(&self, id: &DestinationId) -> Result<(), DeliverError> {
        match self.context.ledger.position(id) {
            None => Err(DeliverError::NoSuchDestination(id.clone())),
            Some(position) if position.life == Status::Ended => Err(DeliverError::Ended(id.clone())),
            Some(_) => Ok(()),
        }
    }

    /// While two policies hold, what leaves once more would leave under the one that fewer and fewer have.
    fn refuse_in_rollout(&self, id: &DestinationId) -> Result<(), DeliverError> {
        let is_staged = self.lock().get(id).is_some_and(|running| running.control.borrow().staged.is_some());
        if is_staged { Err(DeliverError::InRollout(id.clone())) } else { Ok(()) }
    }

    fn set_life(&self, id: &DestinationId, life: Status) {
        if let Some(running) = self.lock().get(id) {
            running.control.send_modify(|control| control.life = life);
        }
    }

    /// The lowest journal offset that a destination still needs; `None` where there is no destination. The journal may be trimmed
    /// before it.
    pub fn floor(&self) -> Option<Offset> {
        let tail = self.context.journal.tail();
        let tasks = self.lock();
        let needed = |id: DestinationId| {
            if tasks.get(&id).is_some_and(|running| running.gauges.rests.load(Relaxed)) {
                return None;
            }
            let position = self.context.ledger.position(&id)?;
            // An ended destination needs what waits for it only until that is counted, which a crash may put off.
            Some(if position.life == Status::Ended { position.floor.min(tail) } else { position.floor })
        };
        self.context.ledger.totals().into_keys().filter_map(needed).min()
    }

    /// How every destination is.
    pub fn status(&self) -> Vec<DestinationStatus> {
        let (now, tail) = (self.context.clock.now(), self.context.journal.tail());
        let mut totals = self.context.ledger.totals();
        let tasks = self.lock();
        let mut all = Vec::with_capacity(tasks.len());
        for (id, running) in tasks.iter() {
            let Some(position) = self.context.ledger.position(id) else { continue };
            let gauges = &running.gauges;
            all.push(DestinationStatus {
                is_configured: running.control.borrow().setup.is_some(),
                life: position.life,
                floor: position.floor,
                behind: tail.0.saturating_sub(position.floor.0),
                in_flight: gauges.in_flight.load(Relaxed),
                queued: gauges.queued.load(Relaxed),
                totals: totals.remove(id).unwrap_or_default(),
                breaker: running.breaker.state(),
                refused: *gauges.refused.lock().unwrap_or_else(PoisonError::into_inner),
                halted: *gauges.halted.lock().unwrap_or_else(PoisonError::into_inner),
                last_success: gauges.last_success(),
                lag_millis: gauges.lag_millis(now),
                is_lagging: gauges.lagging.load(Relaxed),
                requests: gauges.requests.load(Relaxed),
                failures: gauges.failures.load(Relaxed),
                unknown_requests: gauges.unknown_requests.load(Relaxed),
                took: gauges.took.counts(),
                id: id.clone(),
            });
        }
        all
    }

    /// Stops: nothing new is sent, requests under way get `grace` to end. What did not end by then has an intent without an
    /// outcome, which the next start decides.
    pub async fn stop(&self, grace: Duration) {
        self.stopped.store(true, Relaxed);
        let running: Vec<Running> = std::mem::take(&mut *self.lock()).into_values().collect();
        for one in &running {
            one.control.send_modify(|control| control.stopping = true);
        }
        let deadline = tokio::time::Instant::now() + grace;
        for mut one in running {
            if tokio::time::timeout_at(deadline, &mut one.task).await.is_err() {
                one.task.abort();
                let _ = one.task.await;
            }
            // A replay ends after the request that it is at.
            let _ = tokio::time::timeout_at(deadline, one.replaying.lock()).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DestinationId, Running>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one destination is told: generation and setup in force, and what is on its way.
fn staged(
    generation: GenerationId,
    setup: Option<Arc<Setup>>,
    rollout: Option<&Rollout>,
    id: &DestinationId,
) -> (GenerationId, Option<Arc<Setup>>, Option<Arc<Staged>>) {
    let old = rollout.and_then(|rollout| Some((rollout, rollout.setups.get(id)?)));
    match (setup, old) {
        (Some(setup), Some((rollout, old))) => {
            let counts = rollout.counts.get(id).cloned().unwrap_or_default();
            let staged = Staged { generation, draw: rollout.draw, setup, share: rollout.share, counts };
            (rollout.old, Some(Arc::clone(old)), Some(Arc::new(staged)))
        }
        (setup, _) => (generation, setup, None),
    }
}

impl Drop for Deliver {
    fn drop(&mut self) {
        for running in self.lock().values() {
            running.task.abort();
        }
    }
}

impl fmt::Debug for Deliver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliver").field("destinations", &self.lock().len()).finish_non_exhaustive()
    }
}
