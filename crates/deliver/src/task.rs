//! One destination's loop: gather events, cut them to batches, send as many at a time as may be, take back what has to be cut anew.
//!
//! Everything here is memory. What is lost with it is read again from the journal, at the position that the ledger knows.

mod dropped;
mod unfinished;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use weir_event::log::{Field, Level, emit};
use weir_event::{DestinationId, Millis, NameId, Offset, Rule};
use weir_journal::{Group, ReadError, Reader};
use weir_ledger::{BatchId, OpenIntent, Purpose, Status};

use crate::breaker::Breaker;
use crate::cut::{Batch, Cut, CutError, Cutter, Item, Terminal, cut_without_setup};
use crate::deliver::Context;
use crate::send::{Control, Course, Done, Sending};
use crate::setup::{OnLag, Options, Setup};
use crate::staged::StagedCutter;
use crate::status::Gauges;
use crate::trace::Steps;

/// Batches that wait before no more is gathered.
const QUEUED_BATCHES_MAX: usize = 4;

/// Batches of one lane that wait for the vendor's confirmation before no more are sent: each keeps its events and its body.
const CONFIRMING_MAX: usize = 32;

const DISK_RETRY: Duration = Duration::from_millis(500);

/// How often the lag is looked at.
const TICK: Duration = Duration::from_secs(1);

/// How long after the end of a destination a request may still be under way that offers events to it: far longer than any takes from
/// its generation to the journal.
const ENDED_QUIET_MILLIS: i64 = 120_000;

pub(crate) struct Task {
    context: Arc<Context>,
    id: DestinationId,
    label: NameId,
    control: watch::Receiver<Control>,
    gauges: Arc<Gauges>,
    breaker: Arc<Breaker>,
    /// Under the generation of the last control that was looked at; `None` without a setup.
    cutter: Option<Box<Cutter>>,
    /// Beside it, where a policy is on its way into force.
    staged: Option<Box<StagedCutter>>,
    seen: Control,
    reader: Reader,
    /// Offsets at or above the floor that are not this loop's: terminal already, or of an unfinished intent. Sorted.
    skip: VecDeque<Range<u64>>,
    unfinished: Vec<OpenIntent>,
    window: Vec<Item>,
    window_since: Option<Instant>,
    queues: BTreeMap<u8, VecDeque<Batch>>,
    sending: JoinSet<Done>,
    /// Events that cannot be cut for want of a setup, and the batch that they were in.
    parked: Vec<(Vec<Item>, Option<BatchId>)>,
    /// Events that a rule keeps back, until quarantine has taken them. While there are any nothing more is gathered.
    holding: Vec<(Rule, Item)>,
    /// Events below this offset may be in quarantine without being terminal: a crash came in between.
    held_below: u64,
    next_tick: Instant,
    /// When this process knew that the destination has ended.
    ended_at: Option<Millis>,
    /// From this offset on nothing is offered to it.
    rests_from: Option<u64>,
    /// What is being sent.
    under_way: HashMap<Id, Way>,
    /// Told when a batch begins to wait for the vendor's confirmation, so that another may go.
    confirming: Arc<Notify>,
    /// Whether the vendor is known to confirm.
    answers: Arc<AtomicBool>,
}

struct Way {
    course: Arc<Course>,
    lane: u8,
    events: u64,
    oldest: Millis,
}

/// Delivery of this destination cannot go on in this process: a code of ours.
struct Halt(&'static str);

impl Task {
    pub(crate) fn new(
        context: Arc<Context>,
        id: DestinationId,
        control: watch::Receiver<Control>,
        gauges: Arc<Gauges>,
        breaker: Arc<Breaker>,
        unfinished: Vec<OpenIntent>,
    ) -> Task {
        let position = context.ledger.position(&id);
        let (floor, done) = position.map_or((Offset(0), Vec::new()), |p| (p.floor, p.done));
        let taken =
            unfinished.iter().filter(|open| open.purpose == Purpose::Deliver).flat_map(|open| open.offsets.iter());
        let mut skip: Vec<Range<u64>> = done.iter().chain(taken).map(|r| r.start.0..r.end.0).collect();
        skip.sort_unstable_by_key(|range| range.start);
        let reader = context.journal.reader(floor);
        let seen = control.borrow().clone();
        let held_below = context.journal.tail().0;
        Task {
            label: context.names.label(id.as_str()),
            context,
            id,
            control,
            gauges,
            breaker,
            cutter: None,
            staged: None,
            seen,
            reader,
            skip: skip.into(),
            unfinished,
            window: Vec::new(),
            window_since: None,
            queues: BTreeMap::new(),
            sending: JoinSet::new(),
            parked: Vec::new(),
            holding: Vec::new(),
            held_below,
            next_tick: Instant::now() + TICK,
            ended_at: None,
            rests_from: None,
            under_way: HashMap::new(),
            confirming: Arc::default(),
            answers: Arc::default(),
        }
    }

    pub(crate) async fn run(mut self) {
        if let Err(Halt(code)) = self.deliver().await {
            self.gauges.halt(code);
            let fields = [("destination", Field::Destination(self.id.clone())), ("reason", Field::Static(code))];
            emit(Level::Error, "delivery to a destination has stopped until a restart", &fields);
        }
        // Requests under way end by themselves: each holds the control and returns at its next step.
        while let Some(done) = self.sending.join_next_with_id().await {
            let _ = done;
        }
    }

    async fn deliver(&mut self) -> Result<(), Halt> {
        self.adopt_control().await?;
        loop {
            if self.seen.stopping {
                return Ok(());
            }
            self.start_sending();
            self.show();
            if self.window.len() >= self.window_events_max() {
                self.cut_window().await?;
                continue;
            }
            let gathers = self.gathers();
            // Without a setup events are only counted: few and large ledger entries.
            let linger = self.seen.setup.as_ref().map_or(TICK, |setup| setup.options.linger);
            let cut_at = self.window_since.map(|since| since + linger);
            tokio::select! {
                changed = self.control.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.adopt_control().await?;
                }
                Some(done) = self.sending.join_next_with_id() => self.take_back(done).await?,
                () = self.confirming.notified() => {}
                read = self.reader.next(), if gathers => self.gather(read).await?,
                () = sleep_until(cut_at.unwrap_or_else(Instant::now)), if gathers && cut_at.is_some() => {
                    self.cut_window().await?;
                }
                () = sleep_until(self.next_tick) => {
                    self.next_tick = Instant::now() + TICK;
                    self.hold_back().await?;
                    self.expire_queued().await?;
                    self.rest_if_ended();
                }
            }
        }
    }

    /// Events gathered before they are cut.
    fn window_events_max(&self) -> usize {
        let options = self.seen.setup.as_ref().map(|setup| setup.options.window_events_max);
        options.unwrap_or_else(|| Options::default().window_events_max).max(1)
    }

    fn gathers(&self) -> bool {
        if self.gauges.rests.load(Relaxed) {
            return false;
        }
        let room = self.queues.values().map(VecDeque::len).sum::<usize>() < QUEUED_BATCHES_MAX;
        // Without a setup nothing can be released: events wait in the journal, unless they only have to be counted as ended.
        room && self.holding.is_empty() && (self.cutter.is_some() || self.seen.life == Status::Ended)
    }

    /// An ended destination reads the journal until everything that was offered to it is counted, and then no more. The next start
    /// looks once again.
    fn rest_if_ended(&mut self) {
        if self.seen.life != Status::Ended || self.gauges.rests.load(Relaxed) {
            return;
        }
        let now = self.context.clock.now();
        if now.since(*self.ended_at.get_or_insert(now)) < ENDED_QUIET_MILLIS {
            return;
        }
        let from = *self.rests_from.get_or_insert_with(|| self.context.journal.tail().0);
        let is_counted = self.window.first().is_none_or(|item| item.offset() >= from);
        let is_idle = self.queues.values().all(VecDeque::is_empty) && self.sending.is_empty() && self.parked.is_empty();
        let is_idle = is_idle && self.holding.is_empty();
        if self.reader.position().0 >= from && is_counted && is_idle {
            self.window.clear();
            self.window_since = None;
            self.gauges.rests.store(true, Relaxed);
        }
    }

    /// Follows the control: a new generation, another life.
    async fn adopt_control(&mut self) -> Result<(), Halt> {
        let next = self.control.borrow_and_update().clone();
        let same_setup = match (&self.seen.setup, &next.setup) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        let same_stage = match (&self.seen.staged, &next.staged) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        let same = self.seen.generation == next.generation && same_setup && same_stage;
        let swapped = self.cutter.is_none() || !same;
        let ended = next.life == Status::Ended && self.seen.life != Status::Ended;
        self.seen = next;
        if self.seen.stopping {
            return Ok(());
        }
        if swapped {
            self.answers = Arc::default();
            self.cutter = match self.seen.setup.clone() {
                None => None,
                Some(setup) => Some(self.make_cutter(setup)?),
            };
            self.staged = match (&self.seen.setup, &self.seen.staged) {
                (Some(setup), Some(staged)) => {
                    let cutter = StagedCutter::new(&self.context, setup, Arc::clone(staged));
                    Some(Box::new(cutter.ok_or(Halt("no_encoder"))?))
                }
                _ => None,
            };
        }
        if swapped || ended {
            // Batches that were not sent are released again under what holds now (D16), or dropped.
            for batch in std::mem::take(&mut self.queues).into_values().flatten() {
                self.cut_items(batch.items, batch.retry_of, false).await?;
            }
            let held: Vec<Item> = std::mem::take(&mut self.holding).into_iter().map(|(_, item)| item).collect();
            self.cut_items(held, None, false).await?;
        }
        if self.cutter.is_some() || self.seen.life == Status::Ended {
            for (items, retry_of) in std::mem::take(&mut self.parked) {
                self.cut_items(items, retry_of, false).await?;
            }
            self.decide_unfinished().await?;
        }
        Ok(())
    }

    fn make_cutter(&self, setup: Arc<Setup>) -> Result<Box<Cutter>, Halt> {
        let (keys, names) = (self.context.keys.snapshot(), Arc::clone(&self.context.names));
        let withdrawals = Arc::clone(&self.context.withdrawals);
        Cutter::new(setup, self.seen.generation, keys, names, withdrawals).map(Box::new).ok_or(Halt("no_encoder"))
    }

    async fn gather(&mut self, read: Result<Arc<Group>, ReadError>) -> Result<(), Halt> {
        let group = match read {
            Ok(group) => group,
            Err(ReadError::Damaged { from, to }) => return self.pass_over(from, to, Rule::Malformed).await,
            // It was trimmed because an ended destination had counted all of its own before, see `rest_if_ended`.
            Err(ReadError::Trimmed { .. }) if self.seen.life == Status::Ended => return Ok(()),
            Err(ReadError::Trimmed { from, to }) => return self.pass_over(from, to, Rule::Expired).await,
            // The journal closes before delivery only when the process ends.
            Err(ReadError::Closed) => return self.idle().await,
            Err(ReadError::Disk(_)) => {
                sleep(DISK_RETRY).await;
                return Ok(());
            }
        };
        for index in self.reader.first()..group.count() {
            let item = Item::Journal { group: Arc::clone(&group), index };
            if !self.is_skipped(item.offset()) {
                self.window.push(item);
            }
        }
        if !self.window.is_empty() {
            self.window_since.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    /// Waits for whoever closed the journal to stop this task too.
    async fn idle(&mut self) -> Result<(), Halt> {
        let _ = self.control.wait_for(|control| control.stopping).await;
        self.seen.stopping = true;
        Ok(())
    }

    fn is_skipped(&mut self, offset: u64) -> bool {
        while self.skip.front().is_some_and(|range| range.end <= offset) {
            self.skip.pop_front();
        }
        self.skip.front().is_some_and(|range| range.contains(&offset))
    }

    async fn cut_window(&mut self) -> Result<(), Halt> {
        self.window_since = None;
        let mut items = std::mem::take(&mut self.window);
        let most = self.window_events_max();
        if items.len() > most {
            // A group does not end where a request is full; what is over begins the next one.
            self.window = items.split_off(most);
            self.window_since = Some(Instant::now());
        }
        if items.is_empty() { Ok(()) } else { self.cut_items(items, None, false).await }
    }

    /// Cuts events to batches and queues them, at the front where they were under way already.
    async fn cut_items(&mut self, items: Vec<Item>, retry_of: Option<BatchId>, front: bool) -> Result<(), Halt> {
        if items.is_empty() {
            return Ok(());
        }
        let terminal = self.terminal();
        let now = self.context.clock.now();
        let mut items = items;
        let cut = loop {
            let Some(mut cutter) = self.cutter.take() else {
                let (cut, waits) = cut_without_setup(&items, self.label, terminal).map_err(newer)?;
                if !waits.is_empty() {
                    self.parked.push((waits, retry_of));
                }
                break cut;
            };
            // The gate makes a day's raw-id key durable before it journals the day's first event, so these keys open every item.
            cutter.renew_keys(self.context.keys.snapshot());
            // Off the async threads: thousands of events are released and compressed in one go.
            let mut staged = self.staged.take();
            if let Some(staged) = &mut staged {
                staged.renew_keys(&self.context);
            }
            let work = move || {
                let cut = match &mut staged {
                    None => cutter.cut(&items, now, terminal, retry_of),
                    Some(staged) => staged.cut(&mut cutter, &items, now, terminal, retry_of),
                };
                (cutter, staged, items, cut)
            };
            let Ok((cutter, staged, same, cut)) = tokio::task::spawn_blocking(work).await else {
                return Err(Halt("cut_panicked"));
            };
            items = same;
            (self.cutter, self.staged) = (Some(cutter), staged);
            match cut {
                Ok(cut) => break cut,
                Err(CutError::NeedEpochs(epochs)) => self.ensure_epochs(&epochs).await?,
                Err(error) => return Err(newer(error)),
            }
        };
        let Cut { mut batches, drops, mut held } = cut;
        for batch in &mut batches {
            batch.cut = (now, self.context.clock.now());
            batch.may_be_held |= batch.first_offset() < self.held_below;
        }
        let ordered = batches.into_iter();
        if front {
            for batch in ordered.rev() {
                self.queues.entry(batch.encoded.lane().number).or_default().push_front(batch);
            }
        } else {
            for batch in ordered {
                self.queues.entry(batch.encoded.lane().number).or_default().push_back(batch);
            }
        }
        self.leave_quarantine(&items, &drops).await?;
        self.record_drops(drops).await?;
        self.holding.append(&mut held);
        self.hold_back().await
    }

    /// D15: an epoch's key is durable before a pseudonym is made with it.
    async fn ensure_epochs(&mut self, epochs: &[u32]) -> Result<(), Halt> {
        loop {
            let (keys, id, wanted) = (Arc::clone(&self.context.keys), self.id.clone(), epochs.to_vec());
            let ensured = tokio::task::spawn_blocking(move || keys.ensure_epochs(&id, &wanted)).await;
            if matches!(ensured, Ok(Ok(()))) {
                break;
            }
            let fields = [("destination", Field::Destination(self.id.clone()))];
            emit(Level::Error, "the keys of an epoch could not be made; its events wait", &fields);
            sleep(DISK_RETRY).await;
            if self.control.borrow().stopping {
                return Err(Halt("epoch_keys"));
            }
        }
        let staged = self.staged.as_mut().map(|staged| &mut staged.cutter);
        for cutter in self.cutter.as_deref_mut().into_iter().chain(staged) {
            cutter.add_epochs(epochs, &self.context.keys);
        }
        Ok(())
    }

    /// What has to be dropped now, whatever the policy says.
    fn terminal(&self) -> Terminal {
        let ended = self.seen.life == Status::Ended;
        let Some(setup) = &self.seen.setup else { return Terminal { ended, ..Terminal::default() } };
        let options = &setup.options;
        if options.on_lag != OnLag::Expire {
            return Terminal { ended, ..Terminal::default() };
        }
        let expired_before = Some(self.context.clock.now().plus(-options.lag_millis_max));
        Terminal { ended, expired_before, expired_below: self.bytes_limit_offset(options.lag_bytes_max) }
    }

    /// The offset below which more bytes of the journal wait than may, taking all records for equally long.
    fn bytes_limit_offset(&self, bytes_max: u64) -> u64 {
        let journal = &self.context.journal;
        let bytes = journal.bytes_on_disk();
        if bytes_max == 0 || bytes <= bytes_max {
            return 0;
        }
        let (floor, tail) = (journal.floor().0, journal.tail().0);
        let kept = u128::from(tail.saturating_sub(floor)) * u128::from(bytes_max) / u128::from(bytes);
        tail.saturating_sub(u64::try_from(kept).unwrap_or(u64::MAX))
    }

    fn start_sending(&mut self) {
        let Some(setup) = self.seen.setup.clone() else { return };
        if self.seen.life != Status::Active {
            return;
        }
        for (lane, queue) in &mut self.queues {
            let of_lane = || self.under_way.values().filter(|way| way.lane == *lane);
            let mut sending = of_lane().filter(|way| !way.course.is_waiting()).count();
            if of_lane().count() - sending >= CONFIRMING_MAX {
                continue;
            }
            while let Some(next) = queue.front() {
                let most = if next.ordered { 1 } else { setup.options.in_flight_max.max(1) };
                if sending >= most {
                    break;
                }
                let Some(batch) = queue.pop_front() else { break };
                let course = Course::new(&self.confirming);
                let way = Way {
                    course: Arc::clone(&course),
                    lane: *lane,
                    events: batch.items.len() as u64,
                    oldest: batch.oldest,
                };
                let one = Sending {
                    context: Arc::clone(&self.context),
                    setup: Arc::clone(self.seen.setup_of(batch.generation).unwrap_or(&setup)),
                    breaker: Arc::clone(&self.breaker),
                    gauges: Arc::clone(&self.gauges),
                    control: self.control.clone(),
                    course,
                    answers: Arc::clone(&self.answers),
                    steps: Steps::default(),
                };
                let handle = self.sending.spawn(one.run(batch));
                self.under_way.insert(handle.id(), way);
                sending += 1;
            }
        }
    }

    async fn take_back(&mut self, done: Result<(Id, Done), JoinError>) -> Result<(), Halt> {
        let (id, done) = done.map_err(|_| Halt("send_panicked"))?;
        self.under_way.remove(&id);
        match done {
            Done::Finished => Ok(()),
            Done::Unsent(batch) => {
                let current = self.seen.knows(batch.generation) && self.cutter.is_some();
                if current && self.seen.life != Status::Ended && !self.ends_early(&batch, self.terminal()) {
                    self.queues.entry(batch.encoded.lane().number).or_default().push_front(*batch);
                    Ok(())
                } else {
                    self.cut_items(batch.items, batch.retry_of, true).await
                }
            }
            Done::Returned { mut items, retry_of, mut cuts } => {
                // From the back, since each goes to the front.
                cuts.retain(|cut| *cut > 0 && *cut < items.len());
                for cut in cuts.into_iter().rev() {
                    let part = items.split_off(cut);
                    self.cut_items(part, retry_of, true).await?;
                }
                self.cut_items(items, retry_of, true).await
            }
            Done::Halted(code) => Err(Halt(code)),
        }
    }

    fn show(&self) {
        let gauges = &self.gauges;
        gauges.in_flight.store(self.under_way.values().map(|way| way.events).sum(), Relaxed);
        let queued = self.queues.values().flatten();
        gauges.queued.store(queued.clone().map(|batch| batch.items.len() as u64).sum(), Relaxed);
        let ways = self.under_way.values().map(|way| way.oldest);
        let window = self.window.first().and_then(|item| item.view().ok()).map(|view| view.received_at());
        let oldest = ways.chain(queued.map(|batch| batch.oldest)).chain(window).min();
        gauges.oldest.store(oldest.map_or(0, |at| at.0), Relaxed);
        if let Some(setup) = &self.seen.setup {
            let lag = gauges.lag_millis(self.context.clock.now());
            let lagging = lag > setup.options.lag_millis_max / 2
                || self.bytes_limit_offset(setup.options.lag_bytes_max / 2) > self.reader.position().0;
            if lagging && !gauges.lagging.swap(lagging, Relaxed) {
                let fields = [("destination", Field::Destination(self.id.clone()))];
                emit(Level::Warn, "a destination is past half of its lag limit", &fields);
            }
            gauges.lagging.store(lagging, Relaxed);
        }
    }
}

/// What of `range` lies in none of `skip`, which is sorted by its beginnings.
fn without(range: Range<u64>, skip: &VecDeque<Range<u64>>) -> Vec<Range<u64>> {
    let (mut rest, mut at) = (Vec::new(), range.start);
    for taken in skip.iter().take_while(|taken| taken.start < range.end) {
        if taken.start > at {
            rest.push(at..taken.start);
        }
        at = at.max(taken.end);
    }
    if at < range.end {
        rest.push(at..range.end);
    }
    rest
}

fn newer(_: CutError) -> Halt {
    Halt("record_newer")
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::without;
    use crate::cut::ranges;

    #[test]
    fn a_gap_as_long_as_a_file_is_one_range() {
        let skip = VecDeque::from([0..7, 9..10, 1 << 39..1 << 41]);
        assert_eq!(without(5..1 << 40, &skip), [7..9, 10..1 << 39]);
    }

    #[test]
    fn what_is_left_of_a_range_is_what_no_other_holds() {
        let two = |a: u64, b: u64| VecDeque::from([a % 6..a % 6 + a / 6, a % 6 + b % 4..a % 6 + b % 4 + b / 4]);
        for (start, len, a, b) in (0..4 * 5 * 24 * 16).map(|n| (n % 4, n / 4 % 5, n / 20 % 24, n / 480)) {
            let (range, skip) = (start..start + len, two(a, b));
            let one_by_one = range.clone().filter(|at| skip.iter().all(|taken| !taken.contains(at)));
            let left = without(range.clone(), &skip);
            assert_eq!(ranges(left.into_iter().flatten()), ranges(one_by_one), "{range:?} without {skip:?}");
        }
    }
}
