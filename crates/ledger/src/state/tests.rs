//! The state against a model that keeps one fate for each event.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_event::GenerationId;

use super::*;
use crate::entry::encode_results;

/// What became of one event of one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Waiting,
    InFlight,
    Delivered,
    Rejected,
    Unknown,
    Dropped,
    NotOffered,
}

#[derive(Clone, Debug)]
enum Op {
    /// Sends up to this many waiting events, from the `skip`-th waiting one on.
    Intend { skip: usize, count: usize },
    /// Ends the oldest batch under way; each event's fate by its digit.
    Close { fates: Vec<u8> },
    /// Drops up to this many waiting events.
    Drop { skip: usize, count: usize, passed: u8 },
    /// Sends the events of an unknown batch again.
    Resend { fates: Vec<u8> },
    /// Asks about this many people, goes through a snapshot in between, and hears by its digit.
    Ask { rows: u32, fate: u8 },
    /// Goes through a snapshot.
    Reload,
}

fn op() -> impl Strategy<Value = Op> {
    let fates = || proptest::collection::vec(0_u8..4, 12);
    prop_oneof![
        3 => (0_usize..20, 1_usize..12).prop_map(|(skip, count)| Op::Intend { skip, count }),
        3 => fates().prop_map(|fates| Op::Close { fates }),
        1 => (0_usize..20, 1_usize..6, 0_u8..3).prop_map(|(skip, count, passed)| Op::Drop { skip, count, passed }),
        1 => fates().prop_map(|fates| Op::Resend { fates }),
        1 => (1_u32..4, 0_u8..4).prop_map(|(rows, fate)| Op::Ask { rows, fate }),
        1 => Just(Op::Reload),
    ]
}

const EVENTS: u64 = 60;
const FROM: u64 = 5;

struct Model {
    state: State,
    product: DestinationId,
    fates: BTreeMap<u64, Fate>,
    flying: Vec<(BatchId, Vec<u64>)>,
    /// Batches with unknown events, as the state counts them: how many of the batch are undecided.
    unknown: BTreeMap<BatchId, Vec<u64>>,
    next: u64,
}

impl Model {
    fn apply(&mut self, entry: &Entry, body: &[u8]) {
        assert_eq!(self.state.apply(Millis(1), entry, body), Ok(()), "{entry:?}");
    }

    fn waiting(&self, skip: usize, count: usize) -> Vec<u64> {
        let waiting = self.fates.iter().filter(|(_, fate)| **fate == Fate::Waiting).map(|(offset, _)| *offset);
        waiting.skip(skip).take(count).collect()
    }

    fn intend(&mut self, offsets: &[u64], retry_of: Option<BatchId>, replay: bool) -> BatchId {
        let batch = BatchId(self.next);
        self.next += 1;
        let intent = IntentEntry {
            batch,
            destination: self.product.clone(),
            lane: 0,
            purpose: if replay { Purpose::Replay } else { Purpose::Deliver },
            generation: GenerationId::default(),
            retry_of,
            offsets: ranges(offsets),
            rows: offsets.len() as u32,
            payload_digest: [0; 32],
            rows_root: [0; 32],
            field_sets: Vec::new(),
        };
        self.apply(&Entry::Intent(intent), &[]);
        batch
    }

    fn close(&mut self, batch: BatchId, offsets: &[u64], fates: &[u8]) {
        let results: Vec<EventResult> = offsets
            .iter()
            .zip(fates)
            .map(|(_, fate)| match fate {
                0 => EventResult::Accepted,
                1 => EventResult::Unknown,
                2 => EventResult::Returned,
                _ => EventResult::Rejected(StoredName(1)),
            })
            .collect();
        let body = encode_results(&results);
        let result = OutcomeEntry::Partial(sha256(&body));
        self.apply(&Entry::Outcome { batch, status: 200, result }, &body);
        for (offset, result) in offsets.iter().zip(&results) {
            let fate = match result {
                EventResult::Accepted => Fate::Delivered,
                EventResult::Unknown => Fate::Unknown,
                EventResult::Returned => Fate::Waiting,
                EventResult::Rejected(_) => Fate::Rejected,
            };
            self.fates.insert(*offset, fate);
        }
        let unknown = offsets.iter().zip(&results).filter(|(_, r)| **r == EventResult::Unknown).map(|(o, _)| *o);
        let unknown: Vec<u64> = unknown.collect();
        if !unknown.is_empty() {
            self.unknown.insert(batch, unknown);
        }
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Intend { skip, count } => {
                let offsets = self.waiting(skip, count);
                if !offsets.is_empty() {
                    let batch = self.intend(&offsets, None, false);
                    self.fates.extend(offsets.iter().map(|offset| (*offset, Fate::InFlight)));
                    self.flying.push((batch, offsets));
                }
            }
            Op::Close { fates } => {
                if !self.flying.is_empty() {
                    let (batch, offsets) = self.flying.remove(0);
                    self.close(batch, &offsets, &fates);
                }
            }
            Op::Drop { skip, count, passed } => {
                let offsets = self.waiting(skip, count);
                let passed = Passed::from_number(passed).unwrap();
                let fate = match passed {
                    Passed::NotOffered => Fate::NotOffered,
                    Passed::Dropped => Fate::Dropped,
                    // Where the vendor's rejections are too.
                    Passed::Held => Fate::Rejected,
                };
                self.fates.extend(offsets.iter().map(|offset| (*offset, fate)));
                let entry = Entry::Range {
                    destination: self.product.clone(),
                    count: offsets.len() as u64,
                    offsets: ranges(&offsets),
                    rule: Rule::TooOld,
                    passed,
                };
                self.apply(&entry, &[]);
            }
            Op::Resend { fates } => {
                if let Some((old, offsets)) = self.unknown.pop_first() {
                    let batch = self.intend(&offsets, Some(old), true);
                    // A resend that is itself returned would leave the events unknown; the model decides all of them.
                    let fates: Vec<u8> = fates.iter().map(|fate| if *fate == 2 { 0 } else { *fate }).collect();
                    self.close(batch, &offsets, &fates);
                }
            }
            Op::Ask { rows, fate } => {
                // D17: what is asked is in no sum.
                let batch = BatchId(self.next);
                self.next += 1;
                let intent = IntentEntry {
                    purpose: Purpose::Ask,
                    rows,
                    batch,
                    destination: self.product.clone(),
                    lane: 0,
                    generation: GenerationId::default(),
                    retry_of: None,
                    offsets: Vec::new(),
                    payload_digest: [0; 32],
                    rows_root: [0; 32],
                    field_sets: Vec::new(),
                };
                self.apply(&Entry::Intent(intent), &[]);
                self.state = State::decode(&self.state.encode()).unwrap();
                let result = match fate {
                    0 => OutcomeEntry::Accepted,
                    1 => OutcomeEntry::Unknown,
                    2 => OutcomeEntry::Returned,
                    _ => OutcomeEntry::Rejected(StoredName(1)),
                };
                self.apply(&Entry::Outcome { batch, status: 200, result }, &[]);
            }
            Op::Reload => self.state = State::decode(&self.state.encode()).unwrap(),
        }
    }

    fn check(&self) {
        let count = |fate| self.fates.values().filter(|f| **f == fate).count() as u64;
        let totals = &self.state.totals()[&self.product];
        assert_eq!(totals.delivered, count(Fate::Delivered));
        assert_eq!(totals.unknown, count(Fate::Unknown));
        assert_eq!(totals.not_offered, count(Fate::NotOffered));
        assert_eq!(totals.dropped.get(&Rule::TooOld).copied().unwrap_or(0), count(Fate::Dropped));
        assert_eq!(totals.rejected, count(Fate::Rejected));
        // D3: the floor is the lowest offset without a terminal outcome, and above it just what is terminal is done.
        let is_open = |fate: &Fate| matches!(fate, Fate::Waiting | Fate::InFlight);
        let position = self.state.position(&self.product).unwrap();
        let floor = self.fates.iter().find(|(_, fate)| is_open(fate)).map_or(FROM + EVENTS, |(offset, _)| *offset);
        assert_eq!(position.floor, Offset(floor));
        let done: Vec<u64> = position.done.iter().flat_map(|r| r.start.0..r.end.0).collect();
        let expected: Vec<u64> =
            self.fates.iter().filter(|(o, fate)| **o > floor && !is_open(fate)).map(|(o, _)| *o).collect();
        assert_eq!(done, expected);
        assert_eq!(self.state.open_intents().count(), self.flying.len());
    }
}

fn ranges(offsets: &[u64]) -> Vec<Range<Offset>> {
    let mut set = RangeSet::default();
    offsets.iter().for_each(|offset| set.add(*offset, offset + 1));
    set.iter().map(|(start, end)| Offset(start)..Offset(end)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn d3_position_and_totals_are_those_of_one_fate_for_each_event(ops in proptest::collection::vec(op(), 0..60)) {
        let product = DestinationId::parse("product").unwrap();
        let mut model = Model {
            state: State::default(),
            product: product.clone(),
            fates: (FROM..FROM + EVENTS).map(|offset| (offset, Fate::Waiting)).collect(),
            flying: Vec::new(),
            unknown: BTreeMap::new(),
            next: 1,
        };
        model.apply(&Entry::Life { destination: product, change: Life::Start { from: Offset(FROM) } }, &[]);
        for op in ops {
            model.step(op);
            model.check();
        }
        prop_assert_eq!(State::decode(&model.state.encode()).unwrap(), model.state);
    }
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let product = DestinationId::parse("product").unwrap();
    let mut state = State::default();
    let life = |change| Entry::Life { destination: product.clone(), change };
    assert!(state.apply(Millis(1), &life(Life::Suspend), &[]).is_err());
    assert!(state.apply(Millis(1), &Entry::Attempt { batch: BatchId(1), number: 1, status: 500 }, &[]).is_err());
    let outcome = Entry::Outcome { batch: BatchId(1), status: 200, result: OutcomeEntry::Accepted };
    assert!(state.apply(Millis(1), &outcome, &[]).is_err());
    assert_eq!(state, State::default());
    assert_eq!(state.apply(Millis(1), &life(Life::Start { from: Offset(3) }), &[]), Ok(()));
    assert_eq!(state.apply(Millis(1), &life(Life::End), &[]), Ok(()));
    assert_eq!(state.status(&product), Some(Status::Ended));
    assert!(state.apply(Millis(1), &life(Life::Resume), &[]).is_err());
    assert_eq!(state.apply(Millis(1), &life(Life::Start { from: Offset(9) }), &[]), Ok(()));
    assert_eq!(state.position(&product).map(|p| p.floor), Some(Offset(9)));
}
