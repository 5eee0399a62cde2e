//! Refusals of consent read again from the journal: what the gate noted in memory before a restart, or before somebody asked for it.

use std::time::Duration;

use weir_deliver::Start;
use weir_event::log::{self, Field, Level};
use weir_event::{Offset, PurposeSet};
use weir_hold::{Hold, Shelf};
use weir_journal::{Journal, ReadError};
use weir_ledger::Ledger;
use weir_policy::{MinimisedBatch, RecordView, Withdrawals};

use crate::generation::Generation;

const DISK_RETRY: Duration = Duration::from_millis(500);

/// The oldest event that may still leave to a destination that asks for consent: waiting, or in quarantine. Refusals before it can
/// stop nothing any more.
pub(crate) fn oldest_waiting(
    generation: &Generation,
    journal: &Journal<MinimisedBatch>,
    hold: &Hold,
    egress: &Ledger,
) -> Offset {
    let asking = generation.destinations.values().filter(|setup| !setup.release.asks_consent().is_empty());
    let waiting = asking.map(|setup| match (egress.position(&setup.id), setup.options.start) {
        (Some(position), _) => position.floor,
        (None, Start::Now) => journal.tail(),
        (None, Start::From(offset)) => offset,
    });
    let held = hold.list(usize::MAX, |info| info.id.shelf == Shelf::Rejected);
    let held = held.into_iter().filter_map(|info| info.offset);
    waiting.chain(held).min().unwrap_or_else(|| journal.tail()).max(journal.floor())
}

/// Notes every refusal of these purposes from an offset on. Call it after [`Withdrawals::watch`], so that none falls between what is
/// read here and what the gate notes.
pub(crate) async fn read_again(
    withdrawals: &Withdrawals,
    purposes: PurposeSet,
    journal: &Journal<MinimisedBatch>,
    from: Offset,
) {
    if purposes.is_empty() {
        return;
    }
    withdrawals.missing_below(purposes, from.0);
    let tail = journal.tail();
    let mut reader = journal.reader(from);
    while reader.position() < tail {
        match reader.next().await {
            Ok(group) => {
                for index in reader.first()..group.count() {
                    let offset = group.base().0 + u64::from(index);
                    match RecordView::parse(&group, index) {
                        Ok(view) => withdrawals.note_record(&view, offset),
                        // It may have been a refusal.
                        Err(_) => withdrawals.missing_below(purposes, offset),
                    }
                }
            }
            Err(ReadError::Damaged { to, .. } | ReadError::Trimmed { to, .. }) => {
                withdrawals.missing_below(purposes, to.0);
            }
            Err(ReadError::Closed) => return,
            Err(ReadError::Disk(_)) => {
                log::emit(Level::Error, "the journal cannot be read for refusals of consent; it is tried again", &[]);
                tokio::time::sleep(DISK_RETRY).await;
            }
        }
    }
    let fields = [("refusals", Field::Count(withdrawals.len() as u64))];
    log::emit(Level::Info, "refusals of consent were read from the journal", &fields);
}
