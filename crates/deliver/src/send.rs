//! The life of one batch: permit, intent (durable), request, verdict, quarantine, outcome (D3).
//!
//! Where a vendor says only later whether it keeps what it took, the outcome is recorded when it has said so ([`Sending::confirm`]);
//! meanwhile other batches go.
//!
//! What a crash leaves: before the intent is durable, nothing, and nothing was sent. After it, an intent without an outcome, which
//! the next start decides by `on_unknown`. After quarantine and before the outcome, the same; quarantine is idempotent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use http::{HeaderMap, Method};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use weir_event::log::{Field, Level, emit};
use weir_event::{DestinationId, GenerationId};
use weir_hold::{EntryId, Owner, Rejected};
use weir_ledger::{BatchId, Intent, LedgerError, Outcome, Purpose, Results, Status};
use weir_outbound::{NotSent, Request, Response, SendError, put_headers};
use weir_protocol::outbound::{Confirmation, Encoded, Question, Verdict};

use crate::breaker::{Breaker, wait};
use crate::cut::{Batch, Item};
use crate::deliver::Context;
use crate::folder::NotPut;
use crate::setup::{OnLag, Setup, Transport};
use crate::staged::Staged;
use crate::status::Gauges;
use crate::trace::{Steps, about};

/// How soon the ledger and quarantine are tried again after a failure that they may recover from.
const DISK_RETRY: Duration = Duration::from_millis(500);

/// How often a batch that waits looks at its age.
const EXPIRY_LOOK: Duration = Duration::from_secs(1);

/// What the destination's task is told to do.
#[derive(Clone)]
pub(crate) struct Control {
    pub(crate) generation: GenerationId,
    pub(crate) setup: Option<Arc<Setup>>,
    /// The next policy, where one is on its way into force.
    pub(crate) staged: Option<Arc<Staged>>,
    pub(crate) life: Status,
    pub(crate) stopping: bool,
}

impl Control {
    /// Whether a batch of `generation` may go out.
    pub(crate) fn sends(&self, generation: GenerationId) -> bool {
        !self.stopping && self.life == Status::Active && self.setup.is_some() && self.knows(generation)
    }

    /// Whether batches of `generation` were cut by what holds now.
    pub(crate) fn knows(&self, generation: GenerationId) -> bool {
        self.generation == generation || self.staged.as_ref().is_some_and(|staged| staged.generation == generation)
    }

    /// The setup that a batch of `generation` goes out by.
    pub(crate) fn setup_of(&self, generation: GenerationId) -> Option<&Arc<Setup>> {
        match &self.staged {
            Some(staged) if staged.generation == generation => Some(&staged.setup),
            _ => self.setup.as_ref(),
        }
    }

    /// Counts what the vendor answered, where a policy is on its way into force.
    fn count(&self, generation: GenerationId, answered: u64, rejected: u64) {
        let Some(staged) = &self.staged else { return };
        let is_next = staged.generation == generation;
        (if is_next { &staged.counts.new } else { &staged.counts.old }).add(answered, rejected);
    }
}

/// What became of a batch.
pub(crate) enum Done {
    /// Every event of it is terminal.
    Finished,
    /// Nothing was recorded and nothing sent: it goes back to the front of its queue.
    Unsent(Box<Batch>),
    /// Its events wait again, to be cut anew, and at these places in any case; the next intent names the batch.
    Returned { items: Vec<Item>, retry_of: Option<BatchId>, cuts: Vec<usize> },
    /// Delivery cannot go on in this process: a code of ours.
    Halted(&'static str),
}

/// What one batch works with.
pub(crate) struct Sending {
    pub(crate) context: Arc<Context>,
    pub(crate) setup: Arc<Setup>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) control: watch::Receiver<Control>,
    /// How far it is.
    pub(crate) course: Arc<Course>,
    /// Whether this vendor is known to answer questions about what it took.
    pub(crate) answers: Arc<AtomicBool>,
    pub(crate) steps: Steps,
}

/// How far a batch is, as its destination's loop needs to know it.
#[derive(Default)]
pub(crate) struct Course {
    /// The vendor has read it and nothing is left but to ask: another may go meanwhile.
    waits: AtomicBool,
    changed: Arc<Notify>,
}

impl Course {
    /// `changed` is told when a batch begins to wait.
    pub(crate) fn new(changed: &Arc<Notify>) -> Arc<Course> {
        Arc::new(Course { waits: AtomicBool::new(false), changed: Arc::clone(changed) })
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waits.load(Relaxed)
    }

    fn waits(&self, waits: bool) {
        self.waits.store(waits, Relaxed);
        self.changed.notify_one();
    }
}

/// What one try gave.
pub(crate) enum Tried {
    Verdict(u16, Verdict),
    NotSent,
    Unknown,
}

impl Tried {
    /// For a trace.
    fn judged(&self) -> (&'static str, Option<u16>) {
        match self {
            Tried::NotSent => ("not_sent", None),
            Tried::Unknown => ("unknown", None),
            Tried::Verdict(status, verdict) => {
                let result = match verdict {
                    Verdict::Accepted => "accepted",
                    Verdict::Partial { .. } => "partial",
                    Verdict::Split | Verdict::SplitAround(_) => "split",
                    Verdict::Reject(_) => "rejected",
                    Verdict::Unknown | Verdict::Undecided => "unknown",
                    Verdict::Confirm { .. } => "to_be_confirmed",
                    Verdict::Retry { .. } => "retry",
                    Verdict::Refused(_) => "refused",
                };
                (result, Some(*status))
            }
        }
    }
}

impl Sending {
    pub(crate) async fn run(mut self, batch: Batch) -> Done {
        let Some(traces) = self.context.traces.clone().filter(|traces| traces.draw()) else {
            return self.drive(batch).await;
        };
        self.steps = Steps::collecting(&self.context.clock);
        let (about, steps) = (about(&self.setup, &batch), self.steps.clone());
        let done = self.drive(batch).await;
        let result = match &done {
            Done::Finished => "finished",
            Done::Unsent(_) => "unsent",
            Done::Returned { .. } => "returned",
            Done::Halted(_) => "halted",
        };
        steps.finish(about, result).into_iter().for_each(|trace| traces.batch(trace));
        done
    }

    async fn drive(mut self, batch: Batch) -> Done {
        let Some(request_headers) = headers(&batch) else { return Done::Halted("request_headers") };
        let breaker = Arc::clone(&self.breaker);
        // Waited for before the intent: what cannot be sent yet is not announced.
        let steps = self.steps.clone();
        let waits = self.while_wanted(&batch, breaker.permit());
        let judge = |permit: &Option<_>| (if permit.is_some() { "permitted" } else { "unwanted" }, None);
        let mut permit = match steps.step("wait", waits, judge).await {
            Some(permit) if !self.is_overtaken(&batch) => permit,
            _ => return Done::Unsent(Box::new(batch)),
        };
        let judge = |intended: &Result<_, _>| (if intended.is_ok() { "durable" } else { "failed" }, None);
        let id = match steps.step("intend", self.intend(&batch), judge).await {
            Ok(id) => {
                steps.number(id.0);
                id
            }
            Err(done) => {
                let give_back = |batch: Batch| match done {
                    Failed::Split => {
                        let cuts = halves(&batch);
                        Done::Returned { items: batch.items, retry_of: batch.retry_of, cuts }
                    }
                    Failed::Unsent => Done::Unsent(Box::new(batch)),
                    Failed::Halted(code) => Done::Halted(code),
                };
                return give_back(batch);
            }
        };

        let mut failures = 0;
        loop {
            if !self.control.borrow().sends(batch.generation) || self.is_overtaken(&batch) {
                // Released under an older generation, told to stop, consent withdrawn or too old meanwhile: what was not sent is
                // not sent now (D16).
                return self.give_back(batch, id, 0, Vec::new()).await;
            }
            self.gauges.requests.fetch_add(1, Relaxed);
            let sends = self.send(&batch, request_headers.clone());
            let mut tried = steps.step("send", sends, Tried::judged).await;
            failures += 1;
            if let Tried::Verdict(status, Verdict::Confirm { receipt }) = tried {
                // The vendor takes requests, and others need not wait for what it says of this one.
                permit.spend();
                self.course.waits(true);
                let judge = |told: &Option<Tried>| told.as_ref().map_or(("unwanted", None), Tried::judged);
                let told = steps.step("confirm", self.confirm(status, receipt), judge).await;
                self.course.waits(false);
                let Some(told) = told else { return Done::Finished };
                tried = told;
            }
            let (status, asked, slow) = match tried {
                Tried::Verdict(status, verdict) => match verdict {
                    Verdict::Accepted => {
                        permit.succeeded();
                        self.gauges.last_success.store(self.context.clock.now().0, Relaxed);
                        self.gauges.set_refused(None);
                        if !self.release_from_quarantine(&batch, &[]).await {
                            return Done::Finished;
                        }
                        self.control.borrow().count(batch.generation, batch.items.len() as u64, 0);
                        return self.finish(Outcome { batch: id, status, results: Results::Accepted }).await;
                    }
                    Verdict::Partial { rejected } => {
                        permit.succeeded();
                        self.gauges.last_success.store(self.context.clock.now().0, Relaxed);
                        self.gauges.set_refused(None);
                        return self.reject(&batch, id, status, rejected, false).await;
                    }
                    Verdict::Split if batch.items.len() > 1 => {
                        permit.succeeded();
                        let cuts = halves(&batch);
                        return self.give_back(batch, id, status, cuts).await;
                    }
                    Verdict::SplitAround(place) if batch.items.len() > 1 => {
                        permit.succeeded();
                        let place = place as usize;
                        let cuts = [place.saturating_sub(1), place, place + 1].to_vec();
                        return self.give_back(batch, id, status, cuts).await;
                    }
                    Verdict::Split | Verdict::SplitAround(_) => {
                        permit.succeeded();
                        return self.reject(&batch, id, status, vec![(0, "does_not_fit")], true).await;
                    }
                    Verdict::Reject(code) => {
                        permit.succeeded();
                        let all = (0..batch.items.len()).map(|i| (i as u32, code)).collect();
                        return self.reject(&batch, id, status, all, true).await;
                    }
                    Verdict::Retry { after } => (Some(status), after, false),
                    Verdict::Undecided => {
                        self.gauges.unknown_requests.fetch_add(1, Relaxed);
                        permit.succeeded();
                        return self.finish(Outcome { batch: id, status, results: Results::Unknown }).await;
                    }
                    // A confirmation was waited for above.
                    Verdict::Unknown | Verdict::Confirm { .. } => {
                        self.gauges.unknown_requests.fetch_add(1, Relaxed);
                        if !batch.repeats_safely {
                            permit.failed(&self.setup.options, None);
                            return self.finish(Outcome { batch: id, status, results: Results::Unknown }).await;
                        }
                        (Some(status), None, false)
                    }
                    Verdict::Refused(code) => {
                        if self.gauges.set_refused(Some(code)) {
                            let fields = [
                                ("destination", Field::Destination(self.setup.id.clone())),
                                ("reason", Field::Static(code)),
                                ("status", Field::Count(u64::from(status))),
                            ];
                            emit(Level::Error, "the vendor refuses this destination; its events are kept", &fields);
                        }
                        (Some(status), None, true)
                    }
                },
                Tried::NotSent => (None, None, false),
                Tried::Unknown => {
                    self.gauges.unknown_requests.fetch_add(1, Relaxed);
                    if !batch.repeats_safely {
                        permit.failed(&self.setup.options, None);
                        return self.finish(Outcome { batch: id, status: 0, results: Results::Unknown }).await;
                    }
                    (Some(0), None, false)
                }
            };
            self.gauges.failures.fetch_add(1, Relaxed);
            let options = &self.setup.options;
            let patience = if slow { options.retry_longest } else { wait(options, failures, asked) };
            permit.failed(options, asked);
            if let Some(status) = status {
                match self.context.ledger.attempt(id, failures, status).await {
                    Ok(()) => {}
                    // Nothing rests on it but the story; the outcome will still tell how the batch ended.
                    Err(error) if may_pass(&error) => {}
                    // No outcome could be recorded either, so nothing more is sent.
                    Err(error) => return Done::Halted(code(&error)),
                }
            }
            if self.is_expired(&batch) || self.is_overtaken(&batch) {
                return self.give_back(batch, id, status.unwrap_or(0), Vec::new()).await;
            }
            let next = async {
                tokio::time::sleep(patience).await;
                breaker.permit().await
            };
            permit = match self.while_wanted(&batch, next).await {
                Some(permit) => permit,
                None => return self.give_back(batch, id, status.unwrap_or(0), Vec::new()).await,
            };
        }
    }

    /// Runs `work` as long as a batch of this generation may be sent.
    async fn while_sending<T>(&mut self, generation: GenerationId, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.control.wait_for(|control| !control.sends(generation)) => None,
            done = work => Some(done),
        }
    }

    /// Runs `work`, which is a wait, as long as this batch may be sent and has not waited too long.
    async fn while_wanted<T>(&mut self, batch: &Batch, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            let look = async {
                tokio::select! {
                    done = &mut work => Some(done),
                    () = tokio::time::sleep(EXPIRY_LOOK) => None,
                }
            };
            match self.while_sending(batch.generation, look).await {
                Some(Some(done)) => return Some(done),
                Some(None) if !self.is_expired(batch) && !self.is_overtaken(batch) => {}
                Some(None) | None => return None,
            }
        }
    }

    async fn intend(&mut self, batch: &Batch) -> Result<BatchId, Failed> {
        loop {
            match self.context.ledger.intend(self.intent(batch, Purpose::Deliver)).await {
                Ok(id) => return Ok(id),
                Err(LedgerError::EntryTooLarge { .. }) if batch.items.len() > 1 => return Err(Failed::Split),
                Err(error) if may_pass(&error) => {}
                Err(error) => return Err(Failed::Halted(code(&error))),
            }
            if self.while_sending(batch.generation, tokio::time::sleep(DISK_RETRY)).await.is_none() {
                return Err(Failed::Unsent);
            }
        }
    }

    pub(crate) fn intent(&self, batch: &Batch, purpose: Purpose) -> Intent {
        Intent {
            destination: self.setup.id.clone(),
            lane: batch.encoded.lane().number,
            generation: batch.generation,
            offsets: batch.offsets(),
            rows: batch.rows.clone(),
            field_sets: batch.field_sets.clone(),
            payload_digest: batch.encoded.digest(),
            retry_of: batch.retry_of,
            purpose,
        }
    }

    async fn send(&self, batch: &Batch, mut headers: HeaderMap) -> Tried {
        let Ok(encoder) = (self.setup.kind.encoder)(self.setup.vendor.clone()) else { return Tried::NotSent };
        if let Some(question) = encoder.confirm(None).filter(|_| !self.answers.load(Relaxed)) {
            // Whether the vendor answers such questions at all; this one holds nothing of any event, and nothing was sent yet.
            let Some(response) = self.ask(&question).await else { return Tried::NotSent };
            match encoder.confirmed(None, response.status, &response.body) {
                Confirmation::Kept | Confirmation::NotYet => self.answers.store(true, Relaxed),
                Confirmation::Refused(code) => return Tried::Verdict(response.status, Verdict::Refused(code)),
                Confirmation::Later => {
                    return Tried::Verdict(response.status, Verdict::Retry { after: response.retry_after });
                }
            }
        }
        // What a signature says of the time is true of one attempt only.
        put_headers(&mut headers, batch.encoded.attempt_headers(self.context.clock.now()));
        let began = Instant::now();
        if let Transport::Folder(folder) = &self.setup.transport {
            let (name, content) = (batch.encoded.path_and_query(), batch.encoded.body());
            let put = folder.put(name, content, self.context.clock.now()).await;
            self.gauges.took.observe(began.elapsed());
            return match put {
                Ok(()) => Tried::Verdict(200, Verdict::Accepted),
                Err(NotPut::NotThere) => Tried::NotSent,
                Err(NotPut::NotDurable) => Tried::Unknown,
            };
        }
        let sent = self.exchange(&batch.encoded, headers).await;
        if !matches!(sent, Err(SendError::NotSent(_))) {
            self.gauges.took.observe(began.elapsed());
        }
        match sent {
            Ok(response) => {
                let verdict = encoder.interpret(&batch.encoded, response.status, response.retry_after, &response.body);
                if verdict == Verdict::Unknown {
                    self.answers.store(false, Relaxed);
                }
                Tried::Verdict(response.status, verdict)
            }
            Err(SendError::NotSent(_)) => Tried::NotSent,
            Err(SendError::Unknown(_)) => Tried::Unknown,
        }
    }

    /// The same, and the vendor's confirmation where it gives one.
    pub(crate) async fn send_and_confirm(&self, batch: &Batch, headers: HeaderMap) -> Tried {
        match self.send(batch, headers).await {
            Tried::Verdict(status, Verdict::Confirm { receipt }) => {
                self.confirm(status, receipt).await.unwrap_or(Tried::Unknown)
            }
            tried => tried,
        }
    }

    async fn exchange(&self, encoded: &Encoded, headers: HeaderMap) -> Result<Response, SendError> {
        let Transport::Http { endpoint, client } = &self.setup.transport else {
            // A folder is written to, see `send`.
            return Err(SendError::NotSent(NotSent::InvalidRequest));
        };
        let method = if encoded.method() == "PUT" { Method::PUT } else { Method::POST };
        let (path_and_query, body) = (encoded.path_and_query(), encoded.body());
        client.send(Request { endpoint, method, path_and_query, headers, body }).await
    }

    /// The answer to a question; `None` where there is none.
    async fn ask(&self, question: &Question) -> Option<Response> {
        let headers = header_map(&question.request)?;
        self.exchange(&question.request, headers).await.ok()
    }

    /// Asks until the vendor has kept what it took under this number. `None`: told to stop; without an outcome the next start
    /// decides by `on_unknown`, as it does after a crash. Neither a new generation nor a suspension ends it: the request has left.
    async fn confirm(&self, status: u16, receipt: u64) -> Option<Tried> {
        let Ok(encoder) = (self.setup.kind.encoder)(self.setup.vendor.clone()) else { return Some(Tried::Unknown) };
        let Some(question) = encoder.confirm(Some(receipt)) else { return Some(Tried::Unknown) };
        let mut control = self.control.clone();
        let (until, mut patience) = (Instant::now() + question.within, question.every);
        loop {
            // A failed question is asked again: it says nothing about the events.
            if let Some(response) = self.ask(&question).await {
                match encoder.confirmed(Some(receipt), response.status, &response.body) {
                    Confirmation::Kept => return Some(Tried::Verdict(status, Verdict::Accepted)),
                    Confirmation::NotYet | Confirmation::Later => {}
                    Confirmation::Refused(_) => {
                        self.answers.store(false, Relaxed);
                        return Some(Tried::Unknown);
                    }
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(Tried::Unknown);
            }
            tokio::select! {
                biased;
                _ = control.wait_for(|control| control.stopping) => return None,
                () = tokio::time::sleep(patience.min(left)) => {}
            }
            patience = (patience * 2).min(question.longest);
        }
    }

    /// Whether the batch has to be cut anew: somebody in it has withdrawn consent since it was cut, or something in it has become
    /// too old for where it goes or is not allowed any more.
    pub(crate) fn is_overtaken(&self, batch: &Batch) -> bool {
        batch.is_stale(self.context.clock.now()) || batch.is_withdrawn(&self.setup, &self.context.withdrawals)
    }

    fn is_expired(&self, batch: &Batch) -> bool {
        let options = &self.setup.options;
        options.on_lag == OnLag::Expire
            && (self.context.clock.now().since(batch.oldest) > options.lag_millis_max
                || batch.first_offset() < self.gauges.expired_below.load(Relaxed))
    }

    /// Puts rejected events into quarantine, then records the outcome.
    async fn reject(
        &self,
        batch: &Batch,
        id: BatchId,
        status: u16,
        rejected: Vec<(u32, &'static str)>,
        all: bool,
    ) -> Done {
        let rejections = || -> Vec<Rejected> {
            let one = |(index, reason): &(u32, &'static str)| {
                to_quarantine(&self.setup.id, batch.items.get(*index as usize)?, reason)
            };
            rejected.iter().filter_map(one).collect()
        };
        self.control.borrow().count(batch.generation, batch.items.len() as u64, rejected.len() as u64);
        let keep = async {
            while self.context.hold.put_rejected(rejections()).await.is_err() {
                if self.control.borrow().stopping {
                    return false;
                }
                tokio::time::sleep(DISK_RETRY).await;
            }
            true
        };
        let judge = |kept: &bool| (if *kept { "kept" } else { "failed" }, None);
        if !self.steps.step("quarantine", keep, judge).await {
            // No outcome: the next start finds the intent open.
            return Done::Finished;
        }
        if !self.release_from_quarantine(batch, &rejected).await {
            return Done::Finished;
        }
        let label = |reason: &'static str| self.context.names.label(reason);
        let results = match rejected.first() {
            Some((_, reason)) if all => Results::Rejected(label(reason)),
            _ => Results::Partial(rejected.iter().map(|(index, reason)| (*index, label(reason))).collect()),
        };
        self.finish(Outcome { batch: id, status, results }).await
    }

    /// A crash between quarantine and outcome leaves rejected events in both; when the batch is sent again and the vendor takes
    /// them, they leave quarantine before the outcome is recorded, so that each is in one state (D11). `false`: told to stop
    /// before that was done; without an outcome the next start does it again.
    async fn release_from_quarantine(&self, batch: &Batch, rejected: &[(u32, &'static str)]) -> bool {
        if !batch.may_be_held {
            return true;
        }
        let owner = Owner::Destination(self.setup.id.clone());
        let taken = batch.items.iter().enumerate().filter(|(i, _)| rejected.iter().all(|(r, _)| *r as usize != *i));
        let held = taken.filter_map(|(_, item)| self.context.hold.find(&owner, item.view().ok()?.event_id()));
        let held: Vec<EntryId> = held.collect();
        while !held.is_empty() && self.context.hold.mark_replayed(held.clone()).await.is_err() {
            if self.control.borrow().stopping {
                return false;
            }
            tokio::time::sleep(DISK_RETRY).await;
        }
        true
    }

    async fn give_back(&self, batch: Batch, id: BatchId, status: u16, cuts: Vec<usize>) -> Done {
        match self.finish(Outcome { batch: id, status, results: Results::Returned }).await {
            Done::Finished => Done::Returned { items: batch.items, retry_of: Some(id), cuts },
            halted => halted,
        }
    }

    async fn finish(&self, outcome: Outcome) -> Done {
        let result = match &outcome.results {
            Results::Accepted => "accepted",
            Results::Rejected(_) => "rejected",
            Results::Partial(_) => "partial",
            Results::Unknown => "unknown",
            Results::Returned => "returned",
        };
        let judge = |settled: &Result<(), _>| (if settled.is_ok() { result } else { "failed" }, None);
        match self.steps.step("outcome", settle(&self.context, outcome), judge).await {
            Ok(()) => Done::Finished,
            Err(code) => Done::Halted(code),
        }
    }
}

/// What quarantine takes of an event of the journal.
pub(crate) fn to_quarantine(destination: &DestinationId, item: &Item, reason: &'static str) -> Option<Rejected> {
    let Item::Journal { group, index } = item else { return None };
    let view = item.view().ok()?;
    Some(Rejected {
        destination: destination.clone(),
        event_id: view.event_id(),
        group: Arc::clone(group),
        index: *index,
        reason,
        received_at: view.received_at(),
    })
}

/// Where a batch is cut in two.
fn halves(batch: &Batch) -> Vec<usize> {
    vec![batch.items.len().div_ceil(2)]
}

enum Failed {
    Split,
    Unsent,
    Halted(&'static str),
}

/// Records an outcome, as often as it takes. An error means that nothing can be recorded any more.
pub(crate) async fn settle(context: &Context, outcome: Outcome) -> Result<(), &'static str> {
    loop {
        match context.ledger.outcome(outcome.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) if may_pass(&error) => tokio::time::sleep(DISK_RETRY).await,
            Err(error) => return Err(code(&error)),
        }
    }
}

/// Whether the same entry may be recorded later: it was not recorded now, and the ledger goes on.
pub(crate) fn may_pass(error: &LedgerError) -> bool {
    matches!(error, LedgerError::Lost | LedgerError::Overloaded { .. })
}

pub(crate) fn code(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Poisoned => "ledger_poisoned",
        LedgerError::Closed => "ledger_closed",
        LedgerError::Rewound { .. } => "ledger_rewound",
        LedgerError::EntryTooLarge { .. } => "ledger_entry_too_large",
        LedgerError::Misuse(_) => "ledger_misuse",
        _ => "ledger_failed",
    }
}

pub(crate) fn headers(batch: &Batch) -> Option<HeaderMap> {
    header_map(&batch.encoded)
}

pub(crate) fn header_map(encoded: &Encoded) -> Option<HeaderMap> {
    let own = encoded.own_headers().iter().map(|(name, value)| (name.as_str(), value.reveal()));
    let headers = encoded.headers().iter().map(|(name, value)| (*name, value.as_str()));
    weir_outbound::header_map(headers.chain(own))
}
