//! Replay: events that one destination rejected enter again at release, for that destination only (D10).
//!
//! Order: intent (durable) → request → what was accepted leaves quarantine (durable) → outcome. A crash before the third step
//! leaves everything in quarantine; one after it leaves an open intent whose events are gone from there, which the next start takes
//! for accepted.
//!
//! It gives way as a batch does: nothing goes out once the destination is suspended, ended or stopping, another generation holds,
//! consent was withdrawn, or while the breaker is open. What is left then is put off, and no intent is written for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use weir_event::{GenerationId, Rule};
use weir_hold::{EntryId, HoldInfo, RejectedRecord};
use weir_ledger::{BatchId, LedgerError, Outcome, Passed, Purpose, Results};
use weir_protocol::outbound::Verdict;

use crate::breaker::Permit;
use crate::cut::{Batch, Cut, CutError, Cutter, Item};
use crate::deliver::DeliverError;
use crate::send::{Sending, Tried, headers, settle};
use crate::setup::Options;

/// How long one batch waits for its turn to try.
const PERMIT_WAIT: Duration = Duration::from_millis(50);

/// What became of the events of a replay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Replayed {
    /// The vendor took them; they have left quarantine.
    pub delivered: u64,
    /// The vendor rejected them again.
    pub rejected: u64,
    /// Today's policy does not release them.
    pub not_released: u64,
    /// The vendor could not be reached or asked to wait.
    pub put_off: u64,
    /// The request went out and no answer came back: they may have arrived, and are still in quarantine.
    pub unknown: u64,
}

/// Replays on request: what today's policy does not release stays where it is.
pub(crate) async fn replay(
    sending: Sending,
    generation: GenerationId,
    records: Vec<RejectedRecord>,
) -> Result<Replayed, DeliverError> {
    Ok(run(sending, generation, records, false).await?.0)
}

/// Replays what was kept until a policy holds for all: what that does not release ends by its rule, durable in one step. With the
/// entries that are not to be tried again by themselves: rejected, sent without an answer where a second copy would count, or
/// kept by a rule.
pub(crate) async fn settle_all(
    sending: Sending,
    generation: GenerationId,
    records: Vec<RejectedRecord>,
) -> Result<(Replayed, Vec<EntryId>), DeliverError> {
    run(sending, generation, records, true).await
}

async fn run(
    sending: Sending,
    generation: GenerationId,
    mut records: Vec<RejectedRecord>,
    ends: bool,
) -> Result<(Replayed, Vec<EntryId>), DeliverError> {
    records.retain(|record| record.info().offset.is_some());
    records.sort_by_key(|record| record.info().offset);
    records.dedup_by_key(|record| record.info().offset);
    let mut report = Replayed::default();
    let mut left = Vec::new();
    // Halves of what did not fit go to the front, so that the order stays.
    let mut waiting = vec![records];
    // The rest of a round in which the vendor could not be reached, or asked to wait, waits too.
    let mut is_away = false;
    while let Some(mut part) = waiting.pop() {
        let batches = loop {
            if !goes_on(&sending, generation) {
                report.put_off += part.len() as u64;
                break Vec::new();
            }
            let (context, setup) = (Arc::clone(&sending.context), Arc::clone(&sending.setup));
            let (keys, names) = (context.keys.snapshot(), Arc::clone(&context.names));
            let now = context.clock.now();
            let work = move || {
                let withdrawals = Arc::clone(&context.withdrawals);
                let mut cutter = Cutter::new(Arc::clone(&setup), generation, keys, names, withdrawals);
                let mut cut = match &mut cutter {
                    Some(cutter) => cutter.cut_held(&part, now),
                    None => Ok(Cut::default()),
                };
                if let (Some(cutter), Err(CutError::NeedEpochs(epochs))) = (&mut cutter, &cut) {
                    let epochs = epochs.clone();
                    cut = match context.keys.ensure_epochs(&setup.id, &epochs) {
                        Ok(()) => {
                            cutter.add_epochs(&epochs, &context.keys);
                            cutter.cut_held(&part, now)
                        }
                        Err(error) => return (part, Err(DeliverError::from(error))),
                    };
                }
                (part, Ok(cut))
            };
            let joined = tokio::task::spawn_blocking(work).await;
            let Ok((same, cut)) = joined else { return Err(LedgerError::Misuse("a replay could not be cut").into()) };
            part = same;
            match cut? {
                Ok(Cut { batches, drops, held: _ }) => {
                    match ends {
                        true => end(&sending, &part, drops, &mut report, &mut left).await?,
                        false => report.not_released += drops.values().map(|offsets| offsets.len() as u64).sum::<u64>(),
                    }
                    break batches;
                }
                Err(CutError::Newer) => {
                    report.not_released += part.len() as u64;
                    left.extend(part.iter().map(|record| record.info().id));
                    break Vec::new();
                }
                // Asked for other epochs: they exist now.
                Err(CutError::NeedEpochs(_)) => {}
            }
        };
        let mut halves: Vec<Vec<usize>> = Vec::new();
        for batch in batches {
            let count = batch.items.len() as u64;
            let may_go = !is_away && goes_on(&sending, generation) && !sending.is_overtaken(&batch);
            let permit = match may_go {
                true => tokio::time::timeout(PERMIT_WAIT, sending.breaker.permit()).await.ok(),
                false => None,
            };
            let Some(permit) = permit else {
                report.put_off += count;
                continue;
            };
            let put_off = report.put_off;
            if let Some(places) = send_once(&sending, batch, permit, &part, &mut report, &mut left).await? {
                let (first, second) = places.split_at(places.len() / 2);
                halves.extend([first.to_vec(), second.to_vec()]);
            }
            is_away |= report.put_off > put_off;
        }
        let mut part: Vec<Option<RejectedRecord>> = part.into_iter().map(Some).collect();
        for places in halves.into_iter().rev() {
            waiting.push(places.into_iter().filter_map(|place| part.get_mut(place)?.take()).collect());
        }
    }
    Ok((report, left))
}

/// Whether what was cut under this generation may still go. All of it waits while a rollout is under way.
fn goes_on(sending: &Sending, generation: GenerationId) -> bool {
    let control = sending.control.borrow();
    control.sends(generation) && control.staged.is_none()
}

/// Tells the breaker what came of a try.
fn tell(permit: Permit<'_>, tried: &Tried, options: &Options) {
    match tried {
        Tried::Verdict(_, Verdict::Retry { after }) => permit.failed(options, *after),
        Tried::Verdict(_, Verdict::Unknown | Verdict::Confirm { .. } | Verdict::Refused(_))
        | Tried::NotSent
        | Tried::Unknown => permit.failed(options, None),
        Tried::Verdict(..) => permit.succeeded(),
    }
}

/// Ends what release drops, each by its rule; what a rule keeps in quarantine stays there, until another configuration is applied.
async fn end(
    sending: &Sending,
    part: &[RejectedRecord],
    drops: BTreeMap<(Rule, Passed), Vec<u64>>,
    report: &mut Replayed,
    left: &mut Vec<EntryId>,
) -> Result<(), DeliverError> {
    for ((rule, _), offsets) in drops {
        let dropped = |info: &&HoldInfo| info.offset.is_some_and(|offset| offsets.contains(&offset.0));
        let ids: Vec<EntryId> = part.iter().map(RejectedRecord::info).filter(dropped).map(|info| info.id).collect();
        if sending.setup.release.holds(rule) {
            report.put_off += ids.len() as u64;
            left.extend(ids);
            continue;
        }
        report.not_released += ids.len() as u64;
        sending.context.hold.mark_dropped(ids, rule).await?;
    }
    Ok(())
}

/// Sends one batch. `Some` gives the places of its events where it has to be sent in halves.
async fn send_once(
    sending: &Sending,
    batch: Batch,
    permit: Permit<'_>,
    records: &[RejectedRecord],
    report: &mut Replayed,
    left: &mut Vec<EntryId>,
) -> Result<Option<Vec<usize>>, DeliverError> {
    let count = batch.items.len() as u64;
    let places: Vec<usize> =
        batch.items.iter().filter_map(|i| if let Item::Held { place, .. } = i { Some(*place) } else { None }).collect();
    let entries = |which: &dyn Fn(usize) -> bool| -> Vec<EntryId> {
        let those = places.iter().enumerate().filter(|(i, _)| which(*i));
        those.filter_map(|(_, place)| Some(records.get(*place)?.info().id)).collect()
    };
    let all = |_: usize| true;
    let Some(headers) = headers(&batch) else {
        report.put_off += count;
        return Ok(None);
    };
    let id: BatchId = match sending.context.ledger.intend(sending.intent(&batch, Purpose::Replay)).await {
        Ok(id) => id,
        Err(LedgerError::EntryTooLarge { .. }) if count > 1 => return Ok(Some(places)),
        Err(error) => return Err(error.into()),
    };
    sending.gauges.requests.fetch_add(1, Relaxed);
    let mut halves = None;
    let label = |reason: &'static str| sending.context.names.label(reason);
    // What must not arrive twice is not sent again by itself.
    let stays_unknown = !batch.repeats_safely;
    let tried = sending.send_and_confirm(&batch, headers).await;
    tell(permit, &tried, &sending.setup.options);
    let (status, results) = match tried {
        Tried::Verdict(status, verdict) => match verdict {
            Verdict::Accepted => {
                mark(sending, &places, records, &[]).await?;
                report.delivered += count;
                (status, Results::Accepted)
            }
            Verdict::Partial { rejected } => {
                mark(sending, &places, records, &rejected).await?;
                report.rejected += rejected.len() as u64;
                left.extend(entries(&|i| rejected.iter().any(|(at, _)| *at as usize == i)));
                report.delivered += count.saturating_sub(rejected.len() as u64);
                (status, Results::Partial(rejected.iter().map(|(index, code)| (*index, label(code))).collect()))
            }
            Verdict::Split | Verdict::SplitAround(_) if count > 1 => {
                halves = Some(places);
                (status, Results::Returned)
            }
            Verdict::Split | Verdict::SplitAround(_) => {
                left.extend(entries(&all));
                report.rejected += count;
                (status, Results::Rejected(label("does_not_fit")))
            }
            Verdict::Reject(code) => {
                left.extend(entries(&all));
                report.rejected += count;
                (status, Results::Rejected(label(code)))
            }
            Verdict::Unknown | Verdict::Undecided | Verdict::Confirm { .. } => {
                left.extend(entries(&|_| stays_unknown));
                unknown(sending, id, count, report).await?
            }
            Verdict::Retry { .. } | Verdict::Refused(_) => {
                report.put_off += count;
                (status, Results::Returned)
            }
        },
        Tried::Unknown => {
            left.extend(entries(&|_| stays_unknown));
            unknown(sending, id, count, report).await?
        }
        Tried::NotSent => {
            report.put_off += count;
            (0, Results::Returned)
        }
    };
    let settled = settle(&sending.context, Outcome { batch: id, status, results }).await;
    settled.map_err(|_| DeliverError::Ledger(LedgerError::Closed))?;
    Ok(halves)
}

/// The attempt says that a request went out; the events stay where they can be decided about.
async fn unknown(
    sending: &Sending,
    id: BatchId,
    count: u64,
    report: &mut Replayed,
) -> Result<(u16, Results), DeliverError> {
    sending.context.ledger.attempt(id, 1, 0).await?;
    report.unknown += count;
    Ok((0, Results::Returned))
}

async fn mark(
    sending: &Sending,
    places: &[usize],
    records: &[RejectedRecord],
    rejected: &[(u32, &'static str)],
) -> Result<(), DeliverError> {
    let accepted = places.iter().enumerate().filter(|(i, _)| rejected.iter().all(|(r, _)| *r as usize != *i));
    let ids = accepted.filter_map(|(_, place)| Some(records.get(*place)?.info().id)).collect();
    sending.context.hold.mark_replayed(ids).await?;
    Ok(())
}
