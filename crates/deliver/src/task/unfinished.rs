//! What a crash left behind: intents without an outcome, and replays of which nobody knows whether they came through (D3).

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use tokio::time::sleep;
use weir_event::{NameId, Offset};
use weir_hold::Owner;
use weir_journal::ReadError;
use weir_ledger::{OpenIntent, Outcome, Purpose, Results, Status};

use super::{DISK_RETRY, Halt, Task};
use crate::cut::{Item, all_repeat_safely};
use crate::resend::say_unfinished;
use crate::send::settle;
use crate::setup::OnUnknown;

impl Task {
    /// D3: intents that the last process left without an outcome.
    pub(super) async fn decide_unfinished(&mut self) -> Result<(), Halt> {
        for open in std::mem::take(&mut self.unfinished) {
            match open.purpose {
                Purpose::Replay => {
                    self.decide_replay(&open).await?;
                    continue;
                }
                // Nobody waits for the answer any more.
                Purpose::Ask => {
                    let outcome = Outcome { batch: open.batch, status: 0, results: Results::Unknown };
                    settle(&self.context, outcome).await.map_err(Halt)?;
                    continue;
                }
                // The events keep the state that they had; that some of them may have left once more stays on record.
                Purpose::Resend => {
                    say_unfinished(&self.id, open.rows);
                    let outcome = Outcome { batch: open.batch, status: 0, results: Results::Unknown };
                    settle(&self.context, outcome).await.map_err(Halt)?;
                    continue;
                }
                Purpose::Deliver => {}
            }
            let keeps = self.seen.setup.as_ref().is_none_or(|s| s.options.on_unknown == OnUnknown::KeepUnknown);
            let items = self.read_again(&open.offsets).await?;
            let ended = self.seen.life == Status::Ended;
            let complete = items.len() as u64 == u64::from(open.rows);
            let results = if ended || keeps || !complete || !all_repeat_safely(&items) {
                Results::Unknown
            } else {
                Results::Returned
            };
            let resend = matches!(results, Results::Returned);
            settle(&self.context, Outcome { batch: open.batch, status: 0, results }).await.map_err(Halt)?;
            if resend {
                self.cut_items(items, Some(open.batch), false).await?;
            }
        }
        Ok(())
    }

    /// A replay takes what the vendor accepted out of quarantine before it records the outcome: what is still there was not.
    async fn decide_replay(&mut self, open: &OpenIntent) -> Result<(), Halt> {
        let owner = Owner::Destination(self.id.clone());
        let held = self.context.hold.list(usize::MAX, |info| {
            let within = |offset: Offset| open.offsets.iter().any(|range| range.contains(&offset));
            info.owner == owner && info.offset.is_some_and(within)
        });
        let held: HashSet<Offset> = held.into_iter().filter_map(|info| info.offset).collect();
        let reason = self.context.names.label("still_in_quarantine");
        let offsets = open.offsets.iter().flat_map(|range| range.start.0..range.end.0);
        let still: Vec<(u32, NameId)> =
            (0..).zip(offsets).filter(|(_, at)| held.contains(&Offset(*at))).map(|(i, _)| (i, reason)).collect();
        let results = match still.len() as u64 {
            0 => Results::Accepted,
            n if n == u64::from(open.rows) => Results::Returned,
            _ => Results::Partial(still),
        };
        settle(&self.context, Outcome { batch: open.batch, status: 0, results }).await.map_err(Halt)
    }

    /// The events at these offsets, as far as they can still be read.
    async fn read_again(&mut self, offsets: &[Range<Offset>]) -> Result<Vec<Item>, Halt> {
        let mut items = Vec::new();
        for range in offsets {
            let mut reader = self.context.journal.reader(range.start);
            while reader.position() < range.end {
                match reader.next().await {
                    Ok(group) => {
                        let base = group.base().0;
                        let from = range.start.0.max(base);
                        let to = range.end.0.min(group.end().0);
                        items.extend(
                            (from..to).map(|at| Item::Journal { group: Arc::clone(&group), index: (at - base) as u32 }),
                        );
                    }
                    Err(ReadError::Damaged { .. } | ReadError::Trimmed { .. }) => {}
                    Err(ReadError::Closed) => return Err(Halt("journal_closed")),
                    Err(ReadError::Disk(_)) => sleep(DISK_RETRY).await,
                }
            }
        }
        Ok(items)
    }
}
