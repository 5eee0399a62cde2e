//! Events to batches: release, choose the lane, encode, and put aside what never leaves. Synchronous and pure; keys that are missing
//! are asked for, not made.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use weir_event::log::{Field, Level, emit};
use weir_event::{GenerationId, Millis, NameId, Names, Offset, Operation, Rule};
use weir_hold::RejectedRecord;
use weir_journal::Group;
use weir_keys::{KeySnapshot, Keys};
use weir_ledger::{BatchId, FieldSetDefinition, FieldSetId, Row};
use weir_policy::{RecordError, RecordView, Released, Releaser};
use weir_protocol::outbound::{Encoded, Encoder, Lane};

use crate::setup::{OnUnknown, Setup};

/// Ranges and field sets of one batch, so that its intent fits a ledger entry of 4 KiB (D13): at most 5 bytes for a range whose gap
/// is below 2^28, 16 for a field set, 200 for the rest. An intent that is too large all the same is cut in halves.
const RANGES_MAX: usize = 400;
const FIELD_SETS_MAX: usize = 100;

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
    /// The batch that it tries again.
    pub(crate) retry_of: Option<BatchId>,
}

impl Batch {
    pub(crate) fn first_offset(&self) -> u64 {
        self.items.first().map_or(u64::MAX, Item::offset)
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

/// What became of the events.
#[derive(Default)]
pub(crate) struct Cut {
    pub(crate) batches: Vec<Batch>,
    /// Never sent, by rule and whether it had been offered.
    pub(crate) drops: BTreeMap<(Rule, bool), Vec<u64>>,
}

pub(crate) enum CutError {
    /// These epochs need keys first.
    NeedEpochs(Vec<u32>),
    /// A record was written by a newer Weir.
    Newer,
}

/// Cuts batches for one destination under one generation.
pub(crate) struct Cutter {
    setup: Arc<Setup>,
    generation: GenerationId,
    label: NameId,
    releaser: Releaser,
    encoder: Box<dyn Encoder>,
    epochs: HashSet<u32>,
}

impl Cutter {
    /// `None` where the setup makes no encoder, which was tried before it became part of a generation.
    pub(crate) fn new(
        setup: Arc<Setup>,
        generation: GenerationId,
        keys: Arc<KeySnapshot>,
        names: Arc<Names>,
    ) -> Option<Cutter> {
        let label = names.label(setup.id.as_str());
        let encoder = (setup.kind.encoder)(setup.vendor.clone()).ok()?;
        let releaser = Releaser::new(Arc::clone(&setup.release), keys, names);
        Some(Cutter { setup, generation, label, releaser, encoder, epochs: HashSet::new() })
    }

    /// Takes over the keys of epochs that were made sure of. An epoch whose key was destroyed has none for ever; its events are
    /// dropped by release.
    pub(crate) fn add_epochs(&mut self, epochs: &[u32], keys: &Keys) {
        self.epochs.extend(epochs);
        self.releaser.set_keys(keys.snapshot());
    }

    /// Cuts `items`, which are sorted by offset.
    pub(crate) fn cut(
        &mut self,
        items: &[Item],
        now: Millis,
        terminal: Terminal,
        retry_of: Option<BatchId>,
    ) -> Result<Cut, CutError> {
        let mut cut = Cut::default();
        let views = self.views(items, terminal, &mut cut)?;
        self.release(items, &views, now, retry_of, cut)
    }

    /// Cuts records of quarantine, sorted by offset, under today's policy. What release drops is in the drops and stays where it is.
    pub(crate) fn cut_held(&mut self, records: &[RejectedRecord], now: Millis) -> Result<Cut, CutError> {
        let mut cut = Cut::default();
        let offset = |record: &RejectedRecord| record.info().offset.map_or(0, |offset| offset.0);
        let items: Vec<Item> =
            records.iter().enumerate().map(|(place, r)| Item::Held { place, offset: offset(r) }).collect();
        let remaps: Vec<_> = records.iter().map(|record| move |stored: u32| record.name(stored)).collect();
        let mut views = Vec::with_capacity(records.len());
        for (place, (record, remap)) in records.iter().zip(&remaps).enumerate() {
            match RecordView::parse_bytes(record.bytes(), remap) {
                Ok(view) => views.push((place, view)),
                Err(RecordError::Newer(_)) => return Err(CutError::Newer),
                Err(_) => cut.drops.entry((Rule::Malformed, true)).or_default().push(offset(record)),
            }
        }
        self.release(&items, &views, now, None, cut)
    }

    fn release(
        &mut self,
        items: &[Item],
        views: &[(usize, RecordView<'_>)],
        now: Millis,
        retry_of: Option<BatchId>,
        mut cut: Cut,
    ) -> Result<Cut, CutError> {
        let mut missing: Vec<u32> = views
            .iter()
            .filter_map(|(_, view)| self.releaser.epoch_of(view))
            .filter(|e| !self.epochs.contains(e))
            .collect();
        if !missing.is_empty() {
            missing.sort_unstable();
            missing.dedup();
            return Err(CutError::NeedEpochs(missing));
        }

        let mut lanes: Vec<Open<'_>> = Vec::new();
        for (place, view) in views {
            // A defect that one event meets must not stop the others; that event does not leave.
            let released = catch_unwind(AssertUnwindSafe(|| {
                let released = self.releaser.release(view)?;
                let lane = self.encoder.lane_of(&released, now)?;
                Ok((released, lane))
            }));
            let (released, lane) = match released.unwrap_or(Err(Rule::StageFailed)) {
                Ok(both) => both,
                Err(rule) => {
                    cut.drops.entry((rule, true)).or_default().push(items[*place].offset());
                    continue;
                }
            };
            let open = match lanes.iter().position(|open| open.lane == lane) {
                Some(at) => &mut lanes[at],
                None => {
                    lanes.push(Open::new(lane));
                    lanes.last_mut().expect("just pushed")
                }
            };
            if !open.takes(&released, items[*place].offset(), self.encoder.limits(lane).events_max) {
                self.close(open, items, retry_of, &mut cut);
            }
            open.push(*place, released, items[*place].offset());
        }
        for mut open in lanes {
            self.close(&mut open, items, retry_of, &mut cut);
        }
        Ok(cut)
    }

    fn views<'g>(
        &self,
        items: &'g [Item],
        terminal: Terminal,
        cut: &mut Cut,
    ) -> Result<Vec<(usize, RecordView<'g>)>, CutError> {
        let mut views = Vec::with_capacity(items.len());
        for (place, item) in items.iter().enumerate() {
            match looked_at(item, self.label, terminal)? {
                Ok(view) => views.push((place, view)),
                Err(drop) => cut.drops.entry(drop).or_default().push(item.offset()),
            }
        }
        Ok(views)
    }

    /// Encodes what a lane has gathered, in as many requests as it takes.
    fn close(&mut self, open: &mut Open<'_>, items: &[Item], retry_of: Option<BatchId>, cut: &mut Cut) {
        let lane = open.lane;
        let (places, released) = open.take();
        let mut from = 0;
        let mut most = released.len();
        while from < released.len() {
            let to = released.len().min(from + most);
            let encoded = catch_unwind(AssertUnwindSafe(|| self.encoder.encode(lane, &released[from..to])));
            let encoded = match encoded {
                Ok(encoded) if encoded.count() > 0 => encoded,
                // Smaller and smaller, until the one event that it fails on is alone and stays here.
                _ if to - from > 1 => {
                    most = (to - from) / 2;
                    continue;
                }
                _ => {
                    let id = self.setup.id.clone();
                    emit(Level::Error, "an event could not be encoded", &[("destination", Field::Destination(id))]);
                    cut.drops.entry((Rule::StageFailed, true)).or_default().push(items[places[from]].offset());
                    from += 1;
                    continue;
                }
            };
            let end = from + encoded.count() as usize;
            cut.batches.push(self.batch(&released[from..end], &places[from..end], items, encoded, retry_of));
            from = end;
        }
    }

    fn batch(
        &self,
        released: &[Released<'_>],
        places: &[usize],
        items: &[Item],
        encoded: Encoded,
        retry_of: Option<BatchId>,
    ) -> Batch {
        let mut field_sets: Vec<FieldSetDefinition> = Vec::new();
        let mut rows = Vec::with_capacity(released.len());
        let mut last_set = None;
        for event in released {
            let row = event.row();
            let field_set = FieldSetId(row.field_set.0);
            if last_set != Some(field_set)
                && field_sets.iter().all(|known| known.id != field_set)
                && let Some(set) = self.releaser.field_set(row.field_set)
            {
                field_sets
                    .push(FieldSetDefinition { id: field_set, canonical: set.canonical_text().as_bytes().to_vec() });
            }
            last_set = Some(field_set);
            rows.push(Row {
                subject: row.subject,
                organisation: row.organisation,
                event: row.event,
                field_set,
                slice: row.slice,
                epoch: row.epoch,
            });
        }
        let safe = |operation: Operation| operation.repeats_safely();
        Batch {
            generation: self.generation,
            items: places.iter().map(|place| items[*place].clone()).collect(),
            rows,
            field_sets,
            repeats_safely: self.setup.options.on_unknown == OnUnknown::Resend
                && released.iter().all(|event| safe(event.operation())),
            ordered: released.iter().any(|e| matches!(e.operation(), Operation::Profile(_) | Operation::Group(_))),
            oldest: released.iter().map(Released::received_at).min().unwrap_or_default(),
            encoded,
            retry_of,
        }
    }
}

/// A record that may be released, or why it is not even looked at: the rule, and whether it had been offered.
fn looked_at(item: &Item, label: NameId, terminal: Terminal) -> Result<Result<RecordView<'_>, (Rule, bool)>, CutError> {
    let view = match item.view() {
        Ok(view) => view,
        Err(RecordError::Newer(_)) => return Err(CutError::Newer),
        Err(RecordError::Absent | RecordError::Malformed(_)) => return Ok(Err((Rule::Malformed, true))),
    };
    if view.offered().all(|offered| offered != label) {
        return Ok(Err((Rule::NoDestination, false)));
    }
    if terminal.ended {
        return Ok(Err((Rule::Ended, true)));
    }
    let expired = terminal.expired_before.is_some_and(|before| view.received_at() < before);
    if expired || item.offset() < terminal.expired_below {
        return Ok(Err((Rule::Expired, true)));
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

/// Events of one lane that will go into one request.
struct Open<'g> {
    lane: Lane,
    places: Vec<usize>,
    released: Vec<Released<'g>>,
    ranges: usize,
    last: u64,
    last_set: [u8; 16],
    field_sets: HashSet<[u8; 16]>,
}

impl<'g> Open<'g> {
    fn new(lane: Lane) -> Open<'g> {
        Open {
            lane,
            places: Vec::new(),
            released: Vec::new(),
            ranges: 0,
            last: 0,
            last_set: [0; 16],
            field_sets: HashSet::new(),
        }
    }

    fn takes(&self, released: &Released<'_>, offset: u64, events_max: usize) -> bool {
        let Some(first) = self.released.first() else { return true };
        let one_more_range = usize::from(self.last + 1 != offset);
        let set = &released.row().field_set.0;
        self.released.len() < events_max
            && self.ranges + one_more_range <= RANGES_MAX
            && (self.field_sets.len() < FIELD_SETS_MAX || *set == self.last_set || self.field_sets.contains(set))
            // What must not come twice goes apart from what may, so that an unknown outcome stays unknown for the former only.
            && first.operation().repeats_safely() == released.operation().repeats_safely()
    }

    fn push(&mut self, place: usize, released: Released<'g>, offset: u64) {
        self.ranges += usize::from(self.released.is_empty() || self.last + 1 != offset);
        self.last = offset;
        let set = released.row().field_set.0;
        // Events of one sort tend to follow each other.
        if set != self.last_set || self.field_sets.is_empty() {
            self.field_sets.insert(set);
            self.last_set = set;
        }
        self.places.push(place);
        self.released.push(released);
    }

    fn take(&mut self) -> (Vec<usize>, Vec<Released<'g>>) {
        self.ranges = 0;
        self.field_sets.clear();
        (std::mem::take(&mut self.places), std::mem::take(&mut self.released))
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
