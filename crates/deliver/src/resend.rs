//! Resend: events that left before, or were dropped before, are released from the journal once more under today's policy, with the
//! insert id, time and pseudonym of their first release (D5).
//!
//! Order for each batch: intent (durable) → request → outcome. Each event keeps the state that it had, so nothing here moves a sum or
//! a position (D11); what left is on record all the same. A crash leaves an intent without an outcome, which the next start closes as
//! unknown and says so; the command may be run again. Live events go first: a batch is sent only while none of them waits for its
//! turn, one request at a time, no more than so many events a second.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use weir_event::log::{Field, Level, emit};
use weir_event::{Millis, Offset, Operation, Rule};
use weir_hold::Owner;
use weir_journal::{Group, ReadError};
use weir_ledger::{BatchId, Fate, Fates, LedgerError, Outcome, Purpose, Results};
use weir_policy::RecordView;
use weir_protocol::outbound::Verdict;
use weir_protocol::vendors::{Repeat, RepeatEffect};

use crate::breaker::{Breaker, Permit, wait};
use crate::cut::{Batch, Cut, CutError, Cutter, Item, Terminal};
use crate::deliver::{Context, DeliverError};
use crate::judge::Judge;
use crate::send::{Sending, Tried, headers, settle};
use crate::setup::Setup;

/// Events cut at a time.
const PIECE_EVENTS_MAX: usize = 2_000;
/// How much earlier or later than its neighbours in the journal an event may have been received: longer than any request takes.
const ORDER_SLACK_MILLIS: i64 = 10 * 60_000;
/// How often a wait looks at whether live events still wait, and whether it was told to stop.
const LOOK: Duration = Duration::from_millis(50);
const CANCELLED: &str = "cancelled";
const STOPPING: &str = "weir is stopping";
const IN_ROLLOUT: &str = "a rollout is under way at the destination: end it, and resend with --skip-resent";
const NOT_SENT: &str = "the destination is not being sent to: it is suspended, or not in the configuration";

/// Which events.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The event's name.
    pub event: String,
    /// Received at or after this.
    pub from: Millis,
    /// Received before this.
    pub to: Millis,
    /// Leaves out what a resend has brought to the vendor already.
    pub skip_resent: bool,
    /// Events a second, at most.
    pub rate: u32,
}

/// What was found, and what became of it. Counts of events.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Resent {
    /// In the journal, of this name and time, and meant for this destination.
    pub found: u64,
    /// Of these: the vendor has taken them before.
    pub delivered_before: u64,
    /// Dropped before, by rule.
    pub dropped_before: BTreeMap<Rule, u64>,
    /// Sent before without an answer.
    pub unknown_before: u64,
    /// Taken by the vendor from an earlier resend.
    pub resent_before: u64,
    /// In quarantine, which has a way back of its own; not sent.
    pub quarantined: u64,
    /// Not sent yet; they go out by themselves under today's policy.
    pub waiting: u64,
    /// In quarantine before and ended there; they may be sent.
    pub rejected_before: u64,
    /// Left out because of `skip_resent`.
    pub left_out: u64,
    /// Today's policy or the vendor's limits do not let them leave, by rule.
    pub withheld: BTreeMap<Rule, u64>,
    /// Would arrive, or arrived, for the first time.
    pub first: u64,
    /// The copy counts instead of the first.
    pub replaces: u64,
    /// The vendor ignores the copy: nothing is put right.
    pub ignored: u64,
    /// The copy is one more event.
    pub duplicates: u64,
    /// A second copy would change the result (`$add`, `$append`): not sent.
    pub not_repairable: u64,
    /// Rows of the ledger in this time whose events the journal no longer holds.
    pub gone: u64,
    /// Journal offsets of this time that are damaged.
    pub damaged: u64,
    /// The vendor took them.
    pub delivered: u64,
    /// The vendor refused them; they keep the state that they had.
    pub rejected: u64,
    /// Sent, and no answer came back.
    pub unknown: u64,
    /// Why it ended before everything was sent: a word of ours.
    pub stopped: Option<&'static str>,
}

impl Resent {
    /// What would be sent, or was tried.
    pub fn sends(&self) -> u64 {
        self.first + self.replaces + self.ignored + self.duplicates
    }
}

/// How far it is, and whether it shall stop. Shared with whoever watches.
#[derive(Default)]
pub struct Progress {
    cancelled: AtomicBool,
    /// Journal offsets to look at.
    pub offsets: AtomicU64,
    /// Journal offsets looked at.
    pub seen: AtomicU64,
    /// Events handed to the vendor.
    pub sent: AtomicU64,
    /// While live events go first, or the vendor asked to wait.
    pub waits: AtomicBool,
}

impl Progress {
    /// Ends it before the next request.
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// Whether it was told to end.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }
}

/// What a second copy of an operation does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Copy {
    /// See [`RepeatEffect`].
    Effect(RepeatEffect),
    /// It changes the result once more.
    NotRepairable,
}

/// What a second copy does of an operation that left so long ago.
pub fn copy(repeat: Repeat, operation: Operation, age_millis: i64) -> Copy {
    if !operation.repeats_safely() {
        return Copy::NotRepairable;
    }
    // Where each copy is one more line, it is for every operation.
    if repeat.effect == RepeatEffect::Duplicates {
        return Copy::Effect(RepeatEffect::Duplicates);
    }
    Copy::Effect(match operation {
        // The same values are written again.
        Operation::Profile(_) | Operation::Group(_) => RepeatEffect::Replaces,
        // A link that is there already.
        Operation::Identify | Operation::Alias | Operation::Merge | Operation::Join => RepeatEffect::Ignored,
        Operation::Track | Operation::Page | Operation::Screen => match repeat.within_millis {
            Some(within) if age_millis >= within => RepeatEffect::Duplicates,
            _ => repeat.effect,
        },
    })
}

/// Goes through the events of one destination; sends nothing unless `sending` is given.
pub(crate) async fn resend(
    context: &Arc<Context>,
    setup: &Arc<Setup>,
    sending: Option<&(dyn Fn() -> Option<Way> + Sync)>,
    wanted: &Wanted,
    progress: &Progress,
) -> Result<Resent, DeliverError> {
    let mut report = Resent::default();
    let window = window(context, wanted, progress).await;
    progress.offsets.store(window.end.0.saturating_sub(window.start.0), Relaxed);
    let (ledger, id, within) = (Arc::clone(&context.ledger), setup.id.clone(), window.clone());
    let (event, times, floor) = (wanted.event.clone(), wanted.from..wanted.to, context.journal.floor());
    let read = move || -> Result<(Fates, u64), LedgerError> {
        Ok((ledger.fates(&id, within)?, ledger.count_left(&id, &event, times, floor)?))
    };
    let read = tokio::task::spawn_blocking(read).await;
    let (fates, gone) = read.map_err(|_| LedgerError::Misuse("the log could not be read"))??;
    report.gone = gone;
    let keys = context.keys.rehearsal(&setup.id);
    let (names, withdrawals) = (Arc::clone(&context.names), Arc::clone(&context.withdrawals));
    let judge = Judge::new(Arc::clone(setup), keys, names, withdrawals);
    let mut judge = judge.ok_or_else(|| DeliverError::NotSending(setup.id.clone()))?;
    let mut pieces = Pieces { sending, items: Vec::new() };
    let mut reader = context.journal.reader(window.start);
    while reader.position() < window.end {
        if progress.is_cancelled() {
            report.stopped = Some(CANCELLED);
            return Ok(report);
        }
        match reader.next().await {
            Ok(group) => {
                let first = reader.first();
                let now = context.clock.now();
                let look = Look { context, wanted, fates: &fates, window: &window, repeat: setup.kind.repeat, now };
                look.group(&mut judge, &group, first, &mut report, &mut pieces.items);
            }
            Err(ReadError::Damaged { from, to }) => report.damaged += to.0.min(window.end.0).saturating_sub(from.0),
            Err(ReadError::Trimmed { .. }) => {}
            Err(ReadError::Closed) => {
                report.stopped = Some(STOPPING);
                return Ok(report);
            }
            Err(ReadError::Disk(_)) => tokio::time::sleep(LOOK).await,
        }
        progress.seen.store(reader.position().0.min(window.end.0).saturating_sub(window.start.0), Relaxed);
        if pieces.items.len() >= PIECE_EVENTS_MAX && !pieces.send(context, wanted, progress, &mut report).await? {
            return Ok(report);
        }
        tokio::task::yield_now().await;
    }
    pieces.send(context, wanted, progress, &mut report).await?;
    Ok(report)
}

/// The offsets that hold everything received in the time, and something around it.
async fn window(context: &Context, wanted: &Wanted, progress: &Progress) -> Range<Offset> {
    let (floor, tail) = (context.journal.floor().0, context.journal.tail().0);
    let start = first_since(context, floor..tail, wanted.from.plus(-ORDER_SLACK_MILLIS), progress).await;
    let end = first_since(context, start..tail, wanted.to.plus(ORDER_SLACK_MILLIS), progress).await;
    Offset(start)..Offset(end)
}

/// The first offset whose group was received at or after `at`, by halves. What cannot be read is passed over.
pub(crate) async fn first_since(context: &Context, within: Range<u64>, at: Millis, progress: &Progress) -> u64 {
    let (mut low, mut high) = (within.start, within.end);
    while low < high && !progress.is_cancelled() {
        let middle = low + (high - low) / 2;
        let mut reader = context.journal.reader(Offset(middle));
        let early = loop {
            if reader.position().0 >= high {
                break None;
            }
            match reader.next().await {
                Ok(group) if group.received_at() < at => break Some(group.end().0),
                Ok(_) | Err(ReadError::Closed) => break None,
                Err(ReadError::Disk(_)) => {
                    tokio::time::sleep(LOOK).await;
                    if progress.is_cancelled() {
                        break None;
                    }
                }
                Err(ReadError::Damaged { .. } | ReadError::Trimmed { .. }) => {}
            }
        };
        match early {
            Some(end) => low = end.min(high),
            None => high = middle,
        }
    }
    low
}

/// What is looked at in one group.
struct Look<'a> {
    context: &'a Context,
    wanted: &'a Wanted,
    fates: &'a Fates,
    window: &'a Range<Offset>,
    repeat: Repeat,
    now: Millis,
}

impl Look<'_> {
    fn group(&self, judge: &mut Judge, group: &Arc<Group>, first: u32, report: &mut Resent, items: &mut Vec<Item>) {
        for index in first..group.count() {
            let offset = group.base().0 + u64::from(index);
            if offset >= self.window.end.0 {
                break;
            }
            let Ok(view) = RecordView::parse(group, index) else { continue };
            let is_within = (self.wanted.from..self.wanted.to).contains(&view.received_at());
            if is_within
                && self.context.names.text(view.name()) == self.wanted.event
                && judge.is_offered(&view)
                && self.count(judge, &view, offset, report)
            {
                items.push(Item::Journal { group: Arc::clone(group), index });
            }
        }
    }

    /// Whether the event is to be sent.
    fn count(&self, judge: &mut Judge, view: &RecordView<'_>, offset: u64, report: &mut Resent) -> bool {
        let fate = self.fates.of(Offset(offset));
        let again = self.fates.was_resent(Offset(offset));
        if fate == Fate::NotOffered {
            return false;
        }
        report.found += 1;
        report.resent_before += u64::from(again);
        match fate {
            Fate::Waiting | Fate::NotOffered => {
                report.waiting += 1;
                return false;
            }
            Fate::Delivered => report.delivered_before += 1,
            Fate::Unknown => report.unknown_before += 1,
            Fate::Dropped(rule) => *report.dropped_before.entry(rule).or_default() += 1,
            Fate::Rejected => {
                let owner = Owner::Destination(judge.setup.id.clone());
                if self.context.hold.find(&owner, view.event_id()).is_some() {
                    report.quarantined += 1;
                    return false;
                }
                report.rejected_before += 1;
            }
        }
        if again && self.wanted.skip_resent {
            report.left_out += 1;
            return false;
        }
        match judge.judge(view, offset, self.now) {
            Ok(released) => judge.take_back(released),
            Err(rule) => {
                *report.withheld.entry(rule).or_default() += 1;
                return false;
            }
        }
        if !again && !matches!(fate, Fate::Delivered | Fate::Unknown) {
            report.first += 1;
            return true;
        }
        let age = self.now.since(view.received_at());
        let sum = match copy(self.repeat, view.operation(), age) {
            Copy::NotRepairable => {
                report.not_repairable += 1;
                return false;
            }
            Copy::Effect(RepeatEffect::Replaces) => &mut report.replaces,
            Copy::Effect(RepeatEffect::Ignored) => &mut report.ignored,
            Copy::Effect(RepeatEffect::Duplicates) => &mut report.duplicates,
        };
        *sum += 1;
        true
    }
}

/// How the destination is sent to now; anew for each piece, so that it is today's policy that releases.
pub(crate) struct Way {
    pub(crate) sending: Sending,
    pub(crate) generation: weir_event::GenerationId,
}

struct Pieces<'a> {
    sending: Option<&'a (dyn Fn() -> Option<Way> + Sync)>,
    items: Vec<Item>,
}

impl Pieces<'_> {
    /// Sends what was gathered. `false`: it ends here, and the report says why.
    async fn send(
        &mut self,
        context: &Arc<Context>,
        wanted: &Wanted,
        progress: &Progress,
        report: &mut Resent,
    ) -> Result<bool, DeliverError> {
        let items = std::mem::take(&mut self.items);
        let Some(way) = self.sending else { return Ok(true) };
        if items.is_empty() {
            return Ok(true);
        }
        let mut waiting = VecDeque::from([items]);
        let mut failures = 0;
        while let Some(items) = waiting.pop_front() {
            let Some(way) = way() else {
                report.stopped = Some(NOT_SENT);
                return Ok(false);
            };
            let (items, cut) = cut(context, &way, items).await?;
            drop(items);
            for (rule, offsets) in cut.drops {
                // Between the look and now: the policy changed, or consent was withdrawn.
                *report.withheld.entry(rule.0).or_default() += offsets.len() as u64;
            }
            for (rule, _) in cut.held {
                *report.withheld.entry(rule).or_default() += 1;
            }
            let mut batches = VecDeque::from(cut.batches);
            while let Some(batch) = batches.pop_front() {
                let count = batch.items.len() as u64;
                let breaker = Arc::clone(&way.sending.breaker);
                let permit = match live_first(&way, &breaker, progress).await {
                    Ok(permit) => permit.filter(|_| !way.sending.is_overtaken(&batch)),
                    Err(why) => {
                        report.stopped = Some(why);
                        return Ok(false);
                    }
                };
                let Some(permit) = permit else {
                    // Suspended, ended, another generation, consent withdrawn, or too old by now: cut again, or stop, as things are now.
                    let rest = std::iter::once(batch).chain(batches.drain(..));
                    waiting.extend(rest.map(|batch| batch.items));
                    break;
                };
                match send_once(&way, batch, report).await? {
                    Once::Done => {
                        permit.succeeded();
                        failures = 0;
                        progress.sent.fetch_add(count, Relaxed);
                        let pause = Duration::from_secs_f64(count as f64 / f64::from(wanted.rate.max(1)));
                        pause_for(pause, progress).await;
                    }
                    Once::Lost => {
                        permit.failed(&way.sending.setup.options, None);
                        progress.sent.fetch_add(count, Relaxed);
                    }
                    Once::Halves(items) => {
                        permit.succeeded();
                        let (first, second) = items.split_at(items.len() / 2);
                        waiting.push_front(second.to_vec());
                        waiting.push_front(first.to_vec());
                    }
                    Once::Later(items, asked) => {
                        failures += 1;
                        waiting.push_front(items);
                        progress.waits.store(true, Relaxed);
                        let options = &way.sending.setup.options;
                        let pause = wait(options, failures, asked);
                        permit.failed(options, asked);
                        pause_for(pause, progress).await;
                    }
                }
            }
        }
        Ok(true)
    }
}

/// Cuts events under what holds now; their epochs get their keys.
async fn cut(context: &Arc<Context>, way: &Way, items: Vec<Item>) -> Result<(Vec<Item>, Cut), DeliverError> {
    let (context, setup, generation) = (Arc::clone(context), Arc::clone(&way.sending.setup), way.generation);
    let now = context.clock.now();
    let work = move || -> Result<(Vec<Item>, Cut), DeliverError> {
        let (keys, names) = (context.keys.snapshot(), Arc::clone(&context.names));
        let cutter = Cutter::new(Arc::clone(&setup), generation, keys, names, Arc::clone(&context.withdrawals));
        let Some(mut cutter) = cutter else { return Err(DeliverError::NotSending(setup.id.clone())) };
        loop {
            match cutter.cut(&items, now, Terminal::default(), None) {
                Ok(cut) => return Ok((items, cut)),
                Err(CutError::NeedEpochs(epochs)) => {
                    context.keys.ensure_epochs(&setup.id, &epochs)?;
                    cutter.add_epochs(&epochs, &context.keys);
                }
                Err(CutError::Newer) => return Err(LedgerError::Misuse("a record was written by a newer weir").into()),
            }
        }
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(LedgerError::Misuse("a resend could not be cut").into()))
}

/// Waits while live events wait for their turn, or nothing may be tried; why it ends instead. No permit where the batch has to be
/// cut again, or cannot be sent any more.
async fn live_first<'b>(
    way: &Way,
    breaker: &'b Breaker,
    progress: &Progress,
) -> Result<Option<Permit<'b>>, &'static str> {
    loop {
        {
            let control = way.sending.control.borrow();
            if progress.is_cancelled() || control.stopping {
                return Err(if control.stopping { STOPPING } else { CANCELLED });
            }
            if control.staged.is_some() {
                return Err(IN_ROLLOUT);
            }
            if !control.sends(way.generation) {
                return Ok(None);
            }
        }
        if way.sending.gauges.queued.load(Relaxed) == 0
            && let Ok(permit) = tokio::time::timeout(LOOK, breaker.permit()).await
        {
            progress.waits.store(false, Relaxed);
            return Ok(Some(permit));
        }
        progress.waits.store(true, Relaxed);
        tokio::time::sleep(LOOK).await;
    }
}

async fn pause_for(pause: Duration, progress: &Progress) {
    let until = tokio::time::Instant::now() + pause;
    while !progress.is_cancelled() && tokio::time::Instant::now() < until {
        tokio::time::sleep_until(until.min(tokio::time::Instant::now() + LOOK)).await;
    }
}

enum Once {
    Done,
    /// Sent, and no answer came back.
    Lost,
    Halves(Vec<Item>),
    Later(Vec<Item>, Option<Duration>),
}

async fn send_once(way: &Way, batch: Batch, report: &mut Resent) -> Result<Once, DeliverError> {
    let sending = &way.sending;
    let count = batch.items.len() as u64;
    let Some(headers) = headers(&batch) else {
        return Err(LedgerError::Misuse("a request could not be made").into());
    };
    let id: BatchId = match sending.context.ledger.intend(sending.intent(&batch, Purpose::Resend)).await {
        Ok(id) => id,
        Err(LedgerError::EntryTooLarge { .. }) if count > 1 => return Ok(Once::Halves(batch.items)),
        Err(error) => return Err(error.into()),
    };
    sending.gauges.requests.fetch_add(1, Relaxed);
    let label = |reason: &'static str| sending.context.names.label(reason);
    let (status, results, once) = match sending.send_and_confirm(&batch, headers).await {
        Tried::Verdict(status, verdict) => match verdict {
            Verdict::Accepted => {
                report.delivered += count;
                (status, Results::Accepted, Once::Done)
            }
            Verdict::Partial { rejected } => {
                report.rejected += rejected.len() as u64;
                report.delivered += count.saturating_sub(rejected.len() as u64);
                let rejected = rejected.iter().map(|(index, code)| (*index, label(code))).collect();
                (status, Results::Partial(rejected), Once::Done)
            }
            Verdict::Split | Verdict::SplitAround(_) if count > 1 => {
                (status, Results::Returned, Once::Halves(batch.items))
            }
            Verdict::Split | Verdict::SplitAround(_) => {
                report.rejected += count;
                (status, Results::Rejected(label("does_not_fit")), Once::Done)
            }
            Verdict::Reject(code) => {
                report.rejected += count;
                (status, Results::Rejected(label(code)), Once::Done)
            }
            Verdict::Retry { after } => (status, Results::Returned, Once::Later(batch.items, after)),
            Verdict::Refused(_) => (status, Results::Returned, Once::Later(batch.items, None)),
            Verdict::Unknown | Verdict::Undecided | Verdict::Confirm { .. } => {
                report.unknown += count;
                (status, Results::Unknown, Once::Lost)
            }
        },
        Tried::NotSent => (0, Results::Returned, Once::Later(batch.items, None)),
        Tried::Unknown => {
            report.unknown += count;
            (0, Results::Unknown, Once::Lost)
        }
    };
    let settled = settle(&sending.context, Outcome { batch: id, status, results }).await;
    settled.map_err(|_| DeliverError::Ledger(LedgerError::Closed))?;
    Ok(once)
}

/// Says that the last process ended within a resend.
pub(crate) fn say_unfinished(setup: &weir_event::DestinationId, events: u32) {
    let fields = [("destination", Field::Destination(setup.clone())), ("events", Field::Count(u64::from(events)))];
    emit(
        Level::Warn,
        "a resend was cut short: it is not known whether these events arrived once more; `weir resend` may be run again",
        &fields,
    );
}

#[cfg(test)]
mod tests {
    use weir_event::ProfileOp;
    use weir_protocol::vendors::DESTINATIONS;

    use super::*;

    #[test]
    fn what_a_copy_does_follows_the_vendor_the_operation_and_the_age() {
        let of = |name: &str, operation, age| {
            let kind = DESTINATIONS.iter().find(|kind| kind.name == name).unwrap();
            copy(kind.repeat, operation, age)
        };
        let replaces = Copy::Effect(RepeatEffect::Replaces);
        let ignored = Copy::Effect(RepeatEffect::Ignored);
        assert_eq!(of("mixpanel", Operation::Track, 400 * Millis::DAY), replaces);
        assert_eq!(of("amplitude", Operation::Track, 6 * Millis::DAY), ignored);
        assert_eq!(of("amplitude", Operation::Track, 7 * Millis::DAY), Copy::Effect(RepeatEffect::Duplicates));
        assert_eq!(of("amplitude", Operation::Identify, 70 * Millis::DAY), ignored);
        assert_eq!(of("mixpanel", Operation::Profile(ProfileOp::Set), 0), replaces);
        for kind in DESTINATIONS {
            for op in [ProfileOp::Add, ProfileOp::Append, ProfileOp::Prepend] {
                assert_eq!(copy(kind.repeat, Operation::Profile(op), 0), Copy::NotRepairable, "{}", kind.name);
                assert_eq!(copy(kind.repeat, Operation::Group(op), 0), Copy::NotRepairable, "{}", kind.name);
            }
        }
    }
}
