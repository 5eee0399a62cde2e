//! A policy on its way into force at one destination: a share of people gets it, everybody else the one in force; what only the
//! latter would let leave is kept in quarantine.
//!
//! Each event of the share is judged by both, for the comparison; only what the next policy releases leaves. Batches of either name
//! their own generation (D16).

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use weir_event::{DestinationId, GenerationId, Millis, Rule};
use weir_hold::{HoldInfo, Owner, RejectedRecord};
use weir_ledger::{BatchId, Passed, Status};

use crate::compare::{Comparison, Pair, is_in};
use crate::cut::{Cut, CutError, Cutter, Item, Terminal};
use crate::deliver::{Context, Deliver, DeliverError};
use crate::judge::Judge;
use crate::replay::{Replayed, settle_all};
use crate::setup::Setup;

/// Held events that one call settles.
const SETTLE_MAX: usize = 2_000;
/// Entries that a destination's settling may leave to an operator before it stops by itself.
const LEFT_MAX: usize = 50_000;

/// The next policy of a destination, and whom it holds for.
pub struct Staged {
    /// Its generation.
    pub generation: GenerationId,
    /// What people are drawn by.
    pub draw: GenerationId,
    /// The setup with its rules.
    pub setup: Arc<Setup>,
    /// The share in millionths.
    pub share: u32,
    /// What is counted since the share is what it is.
    pub counts: Arc<Counts>,
}

/// What is counted while a share of people has the next policy.
#[derive(Default)]
pub struct Counts {
    comparison: Mutex<Comparison>,
    /// What vendors answered for batches of the policy in force.
    pub old: Answers,
    /// The same of the next one.
    pub new: Answers,
    /// Quarantine had no room for an event that was to be kept.
    pub is_full: AtomicBool,
}

/// Events by what the vendor answered.
#[derive(Default)]
pub struct Answers {
    /// Taken or rejected.
    pub answered: AtomicU64,
    /// Rejected.
    pub rejected: AtomicU64,
}

impl Answers {
    pub(crate) fn add(&self, answered: u64, rejected: u64) {
        self.answered.fetch_add(answered, Relaxed);
        self.rejected.fetch_add(rejected, Relaxed);
    }
}

impl Counts {
    /// What the two policies made of the events of the share.
    pub fn comparison(&self) -> Comparison {
        self.comparison.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn merge(&self, more: &Comparison) {
        self.comparison.lock().unwrap_or_else(PoisonError::into_inner).merge(more);
    }
}

/// Policies on their way into force: what [`Deliver::apply_staged`] is told.
pub struct Rollout {
    /// The generation that stays in force for everybody else.
    pub old: GenerationId,
    /// What people are drawn by: the same as long as the rollout lasts.
    pub draw: GenerationId,
    /// Its setups, of the destinations whose rules differ.
    pub setups: BTreeMap<DestinationId, Arc<Setup>>,
    /// The share of people that gets the next one, in millionths.
    pub share: u32,
    /// By destination.
    pub counts: BTreeMap<DestinationId, Arc<Counts>>,
}

/// Cuts events of a destination that has a staged policy.
pub(crate) struct StagedCutter {
    staged: Arc<Staged>,
    pub(crate) cutter: Cutter,
    pair: Pair,
}

impl StagedCutter {
    /// `None` where a setup makes no encoder.
    pub(crate) fn new(context: &Context, old: &Arc<Setup>, staged: Arc<Staged>) -> Option<StagedCutter> {
        let (keys, names) = (context.keys.snapshot(), Arc::clone(&context.names));
        let withdrawals = || Arc::clone(&context.withdrawals);
        let setup = Arc::clone(&staged.setup);
        let cutter = Cutter::new(setup, staged.generation, keys, names, withdrawals())?;
        let pair = pair(context, old, &staged.setup)?;
        Some(StagedCutter { staged, cutter, pair })
    }

    /// Takes over the keys as they are now.
    pub(crate) fn renew_keys(&mut self, context: &Context) {
        self.cutter.renew_keys(context.keys.snapshot());
        let rehearsal = context.keys.rehearsal(&self.staged.setup.id);
        self.pair.old.releaser.set_keys(Arc::clone(&rehearsal));
        self.pair.new.releaser.set_keys(rehearsal);
    }

    /// Cuts events, each under the policy of its side.
    pub(crate) fn cut(
        &mut self,
        old: &mut Cutter,
        items: &[Item],
        now: Millis,
        terminal: Terminal,
        retry_of: Option<BatchId>,
    ) -> Result<Cut, CutError> {
        let (draw, share) = (self.staged.draw.0, self.staged.share);
        let is_next = |item: &Item| item.view().is_ok_and(|view| is_in(&view, draw, share));
        let (next, rest): (Vec<Item>, Vec<Item>) = items.iter().cloned().partition(is_next);
        let mut cut = old.cut(&rest, now, terminal, retry_of)?;
        let mut of_next = self.cutter.cut(&next, now, terminal, retry_of)?;
        // Both are cut: nothing is counted twice because keys had to be made first.
        let lost = self.compare(&next, now, terminal);
        for ((rule, passed), offsets) in &mut of_next.drops {
            if *passed == Passed::Dropped && *rule != Rule::Ended && *rule != Rule::Expired {
                let kept = offsets.extract_if(.., |offset| lost.contains(offset));
                let kept: HashSet<u64> = kept.collect();
                let items = next.iter().filter(|item| kept.contains(&item.offset()));
                cut.held.extend(items.map(|item| (Rule::Rollout, item.clone())));
            }
        }
        cut.batches.append(&mut of_next.batches);
        // What the next policy keeps back itself is the rollout's too, where the one in force would release it: it goes if that stays.
        let kept = |(rule, item): (Rule, Item)| {
            if lost.contains(&item.offset()) { (Rule::Rollout, item) } else { (rule, item) }
        };
        cut.held.extend(of_next.held.into_iter().map(kept));
        for (key, mut offsets) in of_next.drops.into_iter().filter(|(_, offsets)| !offsets.is_empty()) {
            cut.drops.entry(key).or_default().append(&mut offsets);
        }
        Ok(cut)
    }

    /// The offsets of events that only the policy in force would let leave.
    fn compare(&mut self, next: &[Item], now: Millis, terminal: Terminal) -> HashSet<u64> {
        let mut lost = HashSet::new();
        let mut comparison = Comparison::default();
        for item in next {
            let Ok(view) = item.view() else { continue };
            if !terminal.takes(item, &view) {
                continue;
            }
            if self.pair.look(&view, item.offset(), now, &mut comparison) {
                lost.insert(item.offset());
            }
        }
        self.staged.counts.merge(&comparison);
        lost
    }
}

/// Both policies of a destination, with keys that make nothing which leaves.
pub(crate) fn pair(context: &Context, old: &Arc<Setup>, new: &Arc<Setup>) -> Option<Pair> {
    let keys = context.keys.rehearsal(&new.id);
    let judge = |setup: &Arc<Setup>| {
        let (keys, names) = (Arc::clone(&keys), Arc::clone(&context.names));
        Judge::new(Arc::clone(setup), keys, names, Arc::clone(&context.withdrawals))
    };
    Some(Pair { old: judge(old)?, new: judge(new)? })
}

impl Deliver {
    /// Two policies of one destination on the same events, for finding out what a change would do. Nothing that they make leaves.
    pub fn pair(&self, old: &Arc<Setup>, new: &Arc<Setup>) -> Option<Pair> {
        pair(self.context(), old, new)
    }

    /// Settles events that were kept for a rollout, by the policy in force: what it releases is sent, what it does not ends by its
    /// rule. At most some thousand a call; what the vendor does not take now stays.
    pub async fn settle_held(&self, id: &DestinationId) -> Result<Replayed, DeliverError> {
        let context = self.context();
        let no_such = || DeliverError::NoSuchDestination(id.clone());
        context.ledger.position(id).ok_or_else(no_such)?;
        let _one = self.replaying(id).await?;
        // What a crash left in quarantine before it was recorded is delivery's until it is (D11). The position first: it only grows.
        let position = context.ledger.position(id).ok_or_else(no_such)?;
        let owner = Owner::Destination(id.clone());
        let kept = Rule::Rollout.name();
        let left = self.left(id);
        if left.len() >= LEFT_MAX {
            return Ok(Replayed::default());
        }
        let is_settled = |info: &HoldInfo| info.offset.is_some_and(|offset| position.is_terminal(offset));
        let wanted = |info: &HoldInfo| {
            info.owner == owner && info.reason == kept && !left.contains(&info.id) && is_settled(info)
        };
        let entries = context.hold.list(SETTLE_MAX, wanted);
        let mut records: Vec<RejectedRecord> = Vec::with_capacity(entries.len());
        let mut damaged = Vec::new();
        for info in entries {
            match context.hold.open_rejected(info.id).await {
                Ok(record) => records.push(record),
                // It ended meanwhile.
                Err(weir_hold::HoldError::NotHere) => {}
                Err(weir_hold::HoldError::Damaged) => damaged.push(info.id),
                Err(error) => return Err(error.into()),
            }
        }
        self.leave(id, damaged);
        if records.is_empty() {
            return Ok(Replayed::default());
        }
        match context.ledger.position(id).map(|position| position.life) {
            None => return Err(no_such()),
            Some(Status::Ended) => {
                let ids = records.iter().map(|record| record.info().id).collect();
                let ended = context.hold.mark_dropped(ids, Rule::Ended).await?;
                return Ok(Replayed { not_released: ended, ..Replayed::default() });
            }
            Some(_) => {}
        }
        let way = self.way(id).ok_or_else(|| DeliverError::NotSending(id.clone()))?;
        let (settled, left) = settle_all(way.sending, way.generation, records).await?;
        self.leave(id, left);
        Ok(settled)
    }

    /// Whether something is kept for a rollout that [`Deliver::settle_held`] may still settle by itself.
    pub fn has_held(&self, id: &DestinationId) -> bool {
        let (owner, kept, left) = (Owner::Destination(id.clone()), Rule::Rollout.name(), self.left(id));
        let wanted = |info: &HoldInfo| info.owner == owner && info.reason == kept && !left.contains(&info.id);
        left.len() < LEFT_MAX && !self.context().hold.list(1, wanted).is_empty()
    }
}
