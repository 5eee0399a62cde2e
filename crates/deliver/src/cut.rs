//! Events to batches: release, choose the lane, encode, and put aside what never leaves. Synchronous and pure; keys that are missing
//! are asked for, not made.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use weir_event::{GenerationId, Millis, NameId, Names, Offset, Operation, Rule};
use weir_hold::RejectedRecord;
use weir_journal::Group;
use weir_keys::{KeySnapshot, Keys};
use weir_ledger::{BatchId, FieldSetDefinition, FieldSetId, Passed, Row};
use weir_policy::{RecordError, RecordView, Released, Releaser, Withdrawals};
use weir_protocol::outbound::{Building, Encoded, Lane};

use crate::judge::Judge;
use crate::setup::{OnUnknown, Setup};

/// Ranges and field sets of one batch, so that its intent fits a ledger entry of 4 KiB (D13): at most 5 bytes for a range whose gap
/// is below 2^28, 16 for a field set, 200 for the rest. An intent that is too large all the same is cut in halves.
const RANGES_MAX: usize = 400;
const FIELD_SETS_MAX: usize = 100;
/// Requests that are put together at a time, where a vendor's requests are about one person each.
const OPEN_MAX: usize = 256;

/// One event: where its record is.
#[derive(Clone)]
pub(crate) enum Item {
    /// In a group of the journal, which is kept alive by it.
    Journal {
        /// The group.
        group: Arc<Group>,
        /// The record's index there.
        index: u32,
    },
    /// In quarantine: the place in the list that is being replayed, and the event's journal offset.
    Held {
        /// The place.
        place: usize,
        /// The offset.
        offset: u64,
    },
}

impl Item {
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Item::Journal { group, index } => group.base().0 + u64::from(*index),
            Item::Held { offset, .. } => *offset,
        }
    }

    /// The record of an item of the journal.
    pub(crate) fn view(&self) -> Result<RecordView<'_>, RecordError> {
        match self {
            Item::Journal { group, index } => RecordView::parse(group, *index),
            Item::Held { .. } => Err(RecordError::Absent),
        }
    }
}

/// Events that go out in one request.
pub(crate) struct Batch {
    pub(crate) generation: GenerationId,
    pub(crate) items: Vec<Item>,
    pub(crate) rows: Vec<Row>,
    pub(crate) field_sets: Vec<FieldSetDefinition>,
    pub(crate) encoded: Encoded,
    /// Whether its outcome may stay open without harm: no operation in it changes anything when it comes twice.
    pub(crate) repeats_safely: bool,
    /// Whether batches of its lane must arrive in order.
    pub(crate) ordered: bool,
    /// When its oldest event was received.
    pub(crate) oldest: Millis,
    /// After that something in it is too old for where it goes, or an entry of the allow list has ended.
    good_until: Millis,
    /// The batch that it tries again.
    pub(crate) retry_of: Option<BatchId>,
    /// When it was released and encoded: from, to.
    pub(crate) cut: (Millis, Millis),
    /// Whether an event of it may be in quarantine: a crash can come between that and the entry which makes it terminal.
    pub(crate) may_be_held: bool,
    /// The version of the withdrawals that none of its events falls under.
    checked: AtomicU64,
}

impl Batch {
    pub(crate) fn first_offset(&self) -> u64 {
        self.items.first().map_or(u64::MAX, Item::offset)
    }

    /// Whether something in it has become too old for where it goes, or may not leave any more: then it has to be cut anew.
    pub(crate) fn is_stale(&self, now: Millis) -> bool {
        now > self.good_until
    }

    /// Whether somebody has withdrawn consent since the batch was cut: then it has to be cut anew.
    pub(crate) fn is_withdrawn(&self, setup: &Setup, withdrawals: &Withdrawals) -> bool {
        let version = withdrawals.version();
        if self.checked.load(Relaxed) == version || setup.release.asks_consent().is_empty() {
            return false;
        }
        let withdrawn = |item: &Item| match item {
            // Its record is not at hand: cutting it again finds out.
            Item::Held { .. } => true,
            Item::Journal { .. } => {
                item.view().is_ok_and(|view| setup.release.check_withdrawn(&view, item.offset(), withdrawals).is_err())
            }
        };
        let found = self.items.iter().any(withdrawn);
        if !found {
            self.checked.store(version, Relaxed);
        }
        found
    }

    pub(crate) fn offsets(&self) -> Vec<Range<Offset>> {
        ranges(self.items.iter().map(Item::offset)).into_iter().map(|r| Offset(r.start)..Offset(r.end)).collect()
    }
}

/// Sorted offsets as ranges.
pub(crate) fn ranges(offsets: impl Iterator<Item = u64>) -> Vec<Range<u64>> {
    let mut out: Vec<Range<u64>> = Vec::new();
    for offset in offsets {
        match out.last_mut() {
            Some(last) if last.end == offset => last.end += 1,
            _ => out.push(offset..offset + 1),
        }
    }
    out
}

/// What is dropped without looking at the policy.
#[derive(Clone, Copy, Default)]
pub(crate) struct Terminal {
    /// The destination has ended: everything.
    pub(crate) ended: bool,
    /// Received before this: expired.
    pub(crate) expired_before: Option<Millis>,
    /// Below this offset: expired.
    pub(crate) expired_below: u64,
}

impl Terminal {
    /// Whether the policy is asked about an event at all.
    pub(crate) fn takes(&self, item: &Item, view: &RecordView<'_>) -> bool {
        let expired = self.expired_before.is_some_and(|before| view.received_at() < before);
        !self.ended && !expired && item.offset() >= self.expired_below
    }
}

/// What became of the events.
#[derive(Default)]
pub(crate) struct Cut {
    pub(crate) batches: Vec<Batch>,
    /// Never sent, by rule and what became of it.
    pub(crate) drops: BTreeMap<(Rule, Passed), Vec<u64>>,
    /// Kept back by a rule that has events wait in quarantine.
    pub(crate) held: Vec<(Rule, Item)>,
}

pub(crate) enum CutError {
    /// These epochs need keys first.
    NeedEpochs(Vec<u32>),
    /// A record was written by a newer Weir.
    Newer,
}

/// Cuts batches for one destination under one generation.
pub(crate) struct Cutter {
    judge: Judge,
    generation: GenerationId,
    label: NameId,
    epochs: HashSet<u32>,
}

impl Cutter {
    /// `None` where the setup makes no encoder, which was tried before it became part of a generation.
    pub(crate) fn new(
        setup: Arc<Setup>,
        generation: GenerationId,
        keys: Arc<KeySnapshot>,
        names: Arc<Names>,
        withdrawals: Arc<Withdrawals>,
    ) -> Option<Cutter> {
        let label = names.label(setup.id.as_str());
        let judge = Judge::new(setup, keys, names, withdrawals)?;
        Some(Cutter { judge, generation, label, epochs: HashSet::new() })
    }

    /// Takes over the keys as they are now, so that the raw ids of a day that began meanwhile can be opened, and those of a day
    /// whose key was destroyed cannot.
    pub(crate) fn renew_keys(&mut self, keys: Arc<KeySnapshot>) {
        self.judge.releaser.set_keys(keys);
    }

    /// Takes over the keys of epochs that were made sure of. An epoch whose key was destroyed has none for ever; its events are
    /// dropped by release.
    pub(crate) fn add_epochs(&mut self, epochs: &[u32], keys: &Keys) {
        self.epochs.extend(epochs);
        self.judge.releaser.set_keys(keys.snapshot());
    }

    /// Cuts `items`, which are sorted by offset. An event is released and encoded before the next one is looked at, so that what
    /// belongs to it is still at hand.
    pub(crate) fn cut(
        &mut self,
        items: &[Item],
        now: Millis,
        terminal: Terminal,
        retry_of: Option<BatchId>,
    ) -> Result<Cut, CutError> {
        self.judge.releaser.set_time(now);
        let mut cutting = Cutting::new(now, retry_of, self.judge.withdrawals.version());
        for item in items {
            match looked_at(item, self.label, terminal)? {
                Ok(view) => self.release(&mut cutting, item, &view),
                Err(drop) => cutting.cut.drops.entry(drop).or_default().push(item.offset()),
            }
        }
        self.close_all(cutting)
    }

    /// Cuts records of quarantine, sorted by offset, under today's policy. What release drops is in the drops and stays where it is.
    pub(crate) fn cut_held(&mut self, records: &[RejectedRecord], now: Millis) -> Result<Cut, CutError> {
        self.judge.releaser.set_time(now);
        let mut cutting = Cutting::new(now, None, self.judge.withdrawals.version());
        for (place, record) in records.iter().enumerate() {
            let offset = record.info().offset.map_or(0, |offset| offset.0);
            let remap = |stored: u32| record.name(stored);
            match RecordView::parse_bytes(record.bytes(), &remap) {
                Ok(view) => self.release(&mut cutting, &Item::Held { place, offset }, &view),
                Err(RecordError::Newer(_)) => return Err(CutError::Newer),
                Err(_) => cutting.cut.drops.entry((Rule::Malformed, Passed::Dropped)).or_default().push(offset),
            }
        }
        self.close_all(cutting)
    }

    /// Releases one event into the request of its lane.
    fn release(&mut self, cutting: &mut Cutting, item: &Item, view: &RecordView<'_>) {
        if let Some(epoch) = self.judge.releaser.epoch_of(view)
            && cutting.epoch_at_hand != Some(epoch)
        {
            if !self.epochs.contains(&epoch) {
                cutting.missing.push(epoch);
            }
            cutting.epoch_at_hand = Some(epoch);
        }
        // All of it is cut again once the keys are there; until then only epochs are looked for.
        if !cutting.missing.is_empty() {
            return;
        }
        // A defect that one event meets must not stop the others; that event does not leave. Nothing of it is in the lists by then,
        // and its half in the request does not count.
        let encoded = catch_unwind(AssertUnwindSafe(|| self.encode(cutting, item.offset(), view)));
        for full in std::mem::take(&mut cutting.full) {
            cutting.cut.batches.extend(self.close(full, cutting.retry_of, cutting.withdrawals));
        }
        match encoded {
            Ok(Ok((place, released))) => {
                cutting.lanes[place].add(item, &released, &self.judge.releaser);
                self.judge.releaser.take_back(released);
            }
            // What is in quarantine already stays there.
            Ok(Err(rule)) if self.judge.setup.release.holds(rule) && matches!(item, Item::Journal { .. }) => {
                cutting.cut.held.push((rule, item.clone()));
            }
            Ok(Err(rule)) => cutting.cut.drops.entry((rule, Passed::Dropped)).or_default().push(item.offset()),
            Err(_) => {
                self.judge.say_failed();
                cutting.cut.drops.entry((Rule::StageFailed, Passed::Dropped)).or_default().push(item.offset());
            }
        }
    }

    /// Puts an event into the request of its lane. Whoever calls this adds it to the lists beside the request.
    fn encode<'g>(
        &mut self,
        cutting: &mut Cutting,
        offset: u64,
        view: &RecordView<'g>,
    ) -> Result<(usize, Released<'g>), Rule> {
        let (released, lane) = self.judge.release(view, offset, cutting.now)?;
        let part = self.judge.encoder.request_of(&released);
        let is_its_own = |open: &Open| open.request.lane() == lane && open.part == part;
        let place = match cutting.lanes.iter().position(is_its_own) {
            Some(place) => place,
            None => {
                if cutting.lanes.len() >= OPEN_MAX {
                    // The one that was begun first is the likeliest to be through.
                    cutting.full.push(cutting.lanes.remove(0));
                }
                cutting.lanes.push(Open::new(lane, part));
                cutting.lanes.len() - 1
            }
        };
        let events_max = self.judge.encoder.limits(lane).events_max;
        let open = &mut cutting.lanes[place];
        let fits = open.takes(&released, offset, events_max) && self.judge.encoder.push(&mut open.request, &released);
        if !fits {
            cutting.full.push(std::mem::replace(open, Open::new(lane, part)));
            // An empty request takes any event.
            if !self.judge.encoder.push(&mut open.request, &released) {
                return Err(Rule::StageFailed);
            }
        }
        if let Some(until) = self.judge.encoder.good_until(lane, &released) {
            open.good_until = open.good_until.min(until);
        }
        Ok((place, released))
    }

    fn close_all(&mut self, mut cutting: Cutting) -> Result<Cut, CutError> {
        if !cutting.missing.is_empty() {
            cutting.missing.sort_unstable();
            cutting.missing.dedup();
            return Err(CutError::NeedEpochs(cutting.missing));
        }
        for open in std::mem::take(&mut cutting.lanes) {
            cutting.cut.batches.extend(self.close(open, cutting.retry_of, cutting.withdrawals));
        }
        Ok(cutting.cut)
    }

    /// What a lane has gathered, as a batch; `None` where it has nothing.
    fn close(&mut self, open: Open, retry_of: Option<BatchId>, withdrawals: u64) -> Option<Batch> {
        if open.items.is_empty() {
            return None;
        }
        Some(Batch {
            generation: self.generation,
            items: open.items,
            rows: open.rows,
            field_sets: open.field_sets,
            encoded: self.judge.encoder.finish(open.request),
            repeats_safely: self.judge.setup.options.on_unknown == OnUnknown::Resend && open.repeats_safely,
            ordered: open.ordered,
            oldest: open.oldest,
            // At the end itself it may not leave any more.
            good_until: open.good_until.min(self.judge.releaser.good_until().plus(-1)),
            retry_of,
            cut: Default::default(),
            may_be_held: retry_of.is_some(),
            checked: AtomicU64::new(withdrawals),
        })
    }
}

/// A record that may be released, or why it is not even looked at: the rule, and what becomes of it.
#[inline]
fn looked_at(
    item: &Item,
    label: NameId,
    terminal: Terminal,
) -> Result<Result<RecordView<'_>, (Rule, Passed)>, CutError> {
    let view = match item.view() {
        Ok(view) => view,
        Err(RecordError::Newer(_)) => return Err(CutError::Newer),
        Err(RecordError::Absent | RecordError::Malformed(_)) => return Ok(Err((Rule::Malformed, Passed::Dropped))),
    };
    if view.offered().all(|offered| offered != label) {
        return Ok(Err((Rule::NoDestination, Passed::NotOffered)));
    }
    if terminal.ended {
        return Ok(Err((Rule::Ended, Passed::Dropped)));
    }
    let expired = terminal.expired_before.is_some_and(|before| view.received_at() < before);
    if expired || item.offset() < terminal.expired_below {
        return Ok(Err((Rule::Expired, Passed::Dropped)));
    }
    Ok(Ok(view))
}

/// [`Cutter::cut`] for a destination that has no setup or has ended: everything offered is dropped, or `None` where it has to wait.
pub(crate) fn cut_without_setup(
    items: &[Item],
    label: NameId,
    terminal: Terminal,
) -> Result<(Cut, Vec<Item>), CutError> {
    let mut cut = Cut::default();
    let mut rest = Vec::new();
    for item in items {
        match looked_at(item, label, terminal)? {
            Ok(_) => rest.push(item.clone()),
            Err(drop) => cut.drops.entry(drop).or_default().push(item.offset()),
        }
    }
    Ok((cut, rest))
}

/// Whether every operation of these events repeats safely; what cannot be read does not.
pub(crate) fn all_repeat_safely(items: &[Item]) -> bool {
    items.iter().all(|item| item.view().is_ok_and(|view| view.operation().repeats_safely()))
}

/// A cut under way.
struct Cutting {
    cut: Cut,
    lanes: Vec<Open>,
    /// Requests that took no more, until they are closed.
    full: Vec<Open>,
    now: Millis,
    retry_of: Option<BatchId>,
    /// The version of the withdrawals before the first event was looked at.
    withdrawals: u64,
    /// Epochs without keys. While there are any nothing is released.
    missing: Vec<u32>,
    /// The last epoch that was looked up: nearly all events of a window are of one.
    epoch_at_hand: Option<u32>,
}

impl Cutting {
    fn new(now: Millis, retry_of: Option<BatchId>, withdrawals: u64) -> Cutting {
        Cutting {
            cut: Cut::default(),
            lanes: Vec::new(),
            full: Vec::new(),
            now,
            retry_of,
            withdrawals,
            missing: Vec::new(),
            epoch_at_hand: None,
        }
    }
}

/// Events of one lane that will go into one request. What the request holds is what the lists beside it hold, in the same order.
struct Open {
    request: Building,
    /// See [`Encoder::request_of`].
    part: u64,
    items: Vec<Item>,
    rows: Vec<Row>,
    field_sets: Vec<FieldSetDefinition>,
    repeats_safely: bool,
    ordered: bool,
    oldest: Millis,
    good_until: Millis,
    ranges: usize,
    last: u64,
}

impl Open {
    fn new(lane: Lane, part: u64) -> Open {
        Open {
            request: Building::new(lane),
            part,
            items: Vec::new(),
            rows: Vec::new(),
            field_sets: Vec::new(),
            repeats_safely: true,
            ordered: false,
            oldest: Millis(i64::MAX),
            good_until: Millis(i64::MAX),
            ranges: 0,
            last: 0,
        }
    }

    fn takes(&self, released: &Released<'_>, offset: u64, events_max: usize) -> bool {
        if self.items.is_empty() {
            return true;
        }
        let one_more_range = usize::from(self.last + 1 != offset);
        self.items.len() < events_max
            && self.ranges + one_more_range <= RANGES_MAX
            && (self.field_sets.len() < FIELD_SETS_MAX || self.has(FieldSetId(released.row().field_set.0)))
            // What must not come twice goes apart from what may, so that an unknown outcome stays unknown for the former only.
            && self.repeats_safely == released.operation().repeats_safely()
    }

    fn has(&self, field_set: FieldSetId) -> bool {
        // Events of one sort tend to follow each other.
        self.rows.last().is_some_and(|row| row.field_set == field_set)
            || self.field_sets.iter().any(|known| known.id == field_set)
    }

    fn add(&mut self, item: &Item, released: &Released<'_>, releaser: &Releaser) {
        let (row, offset) = (released.row(), item.offset());
        self.ranges += usize::from(self.items.is_empty() || self.last + 1 != offset);
        self.last = offset;
        let field_set = FieldSetId(row.field_set.0);
        if !self.has(field_set)
            && let Some(set) = releaser.field_set(row.field_set)
        {
            self.field_sets
                .push(FieldSetDefinition { id: field_set, canonical: set.canonical_text().as_bytes().to_vec() });
        }
        let operation = released.operation();
        self.repeats_safely = operation.repeats_safely();
        self.ordered |= matches!(operation, Operation::Profile(_) | Operation::Group(_) | Operation::Join);
        self.oldest = self.oldest.min(released.received_at());
        self.rows.push(Row {
            subject: row.subject,
            organisation: row.organisation,
            event: row.event,
            field_set,
            slice: row.slice,
            epoch: row.epoch,
        });
        self.items.push(item.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn offsets_become_ranges() {
        assert_eq!(ranges([1, 2, 3, 7, 9, 10].into_iter()), [1..4, 7..8, 9..11]);
        assert!(ranges(std::iter::empty()).is_empty());
    }
}
