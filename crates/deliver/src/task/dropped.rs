//! What does not leave, and where that is recorded: range records of the ledger, the quarantine (D3, D11).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::time::sleep;
use weir_event::{Offset, Rule};
use weir_hold::{EntryId, HoldError, Owner};
use weir_ledger::{Durable, Passed, RangeDrop};

use super::{DISK_RETRY, Halt, Task, without};
use crate::cut::{Batch, Item, Terminal, ranges};
use crate::send::{code, may_pass, to_quarantine};
use crate::setup::Setup;

/// Ranges of one ledger entry, see [`crate::cut`].
const ENTRY_RANGES_MAX: usize = 400;

impl Task {
    /// Accounts for offsets that nobody can read any more. How many of them were offered cannot be known: all count as offered.
    pub(super) async fn pass_over(&mut self, from: Offset, to: Offset, rule: Rule) -> Result<(), Halt> {
        // By ranges: a damaged header gives up as many offsets as its segment has bytes.
        let lost = without(from.0..to.0, &self.skip);
        self.record_ranges([((rule, Passed::Dropped), lost)]).await
    }

    /// Puts what a rule keeps back into quarantine, then records that it is there (D3). A crash in between leaves it in both places,
    /// and the next start does it again. Where quarantine has no room it is tried again with the next tick.
    pub(super) async fn hold_back(&mut self) -> Result<(), Halt> {
        if self.holding.is_empty() {
            return Ok(());
        }
        let all = self.holding.iter().filter_map(|(rule, item)| to_quarantine(&self.id, item, rule.name())).collect();
        if let Err(error) = self.context.hold.put_rejected(all).await {
            if let Some(staged) = self.seen.staged.as_ref().filter(|_| error == HoldError::Full) {
                staged.counts.is_full.store(true, Relaxed);
            }
            return Ok(());
        }
        let mut held: BTreeMap<(Rule, Passed), Vec<u64>> = BTreeMap::new();
        for (rule, item) in std::mem::take(&mut self.holding) {
            held.entry((rule, Passed::Held)).or_default().push(item.offset());
        }
        self.record_drops(held).await
    }

    /// Events that a crash left in quarantine and that are dropped now leave it first, so that each is in one state (D11).
    pub(super) async fn leave_quarantine(
        &mut self,
        items: &[Item],
        drops: &BTreeMap<(Rule, Passed), Vec<u64>>,
    ) -> Result<(), Halt> {
        let old = items.iter().filter(|item| item.offset() < self.held_below);
        let is_dropped = |item: &&Item| drops.values().any(|offsets| offsets.contains(&item.offset()));
        let owner = Owner::Destination(self.id.clone());
        let find = |item: &Item| self.context.hold.find(&owner, item.view().ok()?.event_id());
        // Looked up first: nearly always there is none.
        let held: Vec<(&Item, EntryId)> = old.filter_map(|item| Some((item, find(item)?))).collect();
        let ids: Vec<EntryId> = held.into_iter().filter(|(item, _)| is_dropped(item)).map(|(_, id)| id).collect();
        while !ids.is_empty() && self.context.hold.mark_replayed(ids.clone()).await.is_err() {
            sleep(DISK_RETRY).await;
            if self.control.borrow().stopping {
                return Err(Halt("quarantine"));
            }
        }
        Ok(())
    }

    /// Records events that are never sent, and waits until that is durable.
    pub(super) async fn record_drops(&mut self, drops: BTreeMap<(Rule, Passed), Vec<u64>>) -> Result<(), Halt> {
        let drops = drops.into_iter().map(|(rule, mut offsets)| {
            offsets.sort_unstable();
            (rule, ranges(offsets.into_iter()))
        });
        self.record_ranges(drops).await
    }

    async fn record_ranges(
        &mut self,
        drops: impl IntoIterator<Item = ((Rule, Passed), Vec<Range<u64>>)>,
    ) -> Result<(), Halt> {
        let mut waiting: Vec<(RangeDrop, Durable)> = Vec::new();
        for ((rule, passed), ranges) in drops {
            for ranges in ranges.chunks(ENTRY_RANGES_MAX) {
                let count = ranges.iter().map(|r| r.end - r.start).sum();
                let offsets = ranges.iter().map(|r| Offset(r.start)..Offset(r.end)).collect();
                let drop = RangeDrop { destination: self.id.clone(), offsets, rule, count, passed };
                waiting.push((drop.clone(), self.context.ledger.range(drop)));
            }
        }
        for (drop, durable) in waiting {
            let mut recorded = durable.await;
            while let Err(error) = recorded {
                if !may_pass(&error) {
                    return Err(Halt(code(&error)));
                }
                sleep(DISK_RETRY).await;
                recorded = self.context.ledger.range(drop.clone()).await;
            }
        }
        Ok(())
    }

    /// Drops what has waited too long in the queues (D12), or whose person has withdrawn consent; while the vendor is down nobody else looks at them.
    pub(super) async fn expire_queued(&mut self) -> Result<(), Halt> {
        let terminal = self.terminal();
        self.gauges.expired_below.store(terminal.expired_below, Relaxed);
        if !self.queues.values().flatten().any(|batch| self.ends_early(batch, terminal)) {
            return Ok(());
        }
        for batch in std::mem::take(&mut self.queues).into_values().flatten() {
            if self.ends_early(&batch, terminal) {
                self.cut_items(batch.items, batch.retry_of, false).await?;
            } else {
                self.queues.entry(batch.encoded.lane().number).or_default().push_back(batch);
            }
        }
        Ok(())
    }

    /// Whether an event of a batch is not to be sent any more.
    pub(super) fn ends_early(&self, batch: &Batch, terminal: Terminal) -> bool {
        let withdrawn = |setup: &Arc<Setup>| batch.is_withdrawn(setup, &self.context.withdrawals);
        is_expired(batch, terminal)
            || batch.is_stale(self.context.clock.now())
            // Of a rollout's two sides, the one that the batch was cut for.
            || self.seen.setup_of(batch.generation).is_some_and(withdrawn)
    }
}

fn is_expired(batch: &Batch, terminal: Terminal) -> bool {
    terminal.expired_before.is_some_and(|before| batch.oldest < before) || batch.first_offset() < terminal.expired_below
}
