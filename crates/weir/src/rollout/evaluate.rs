//! A change held against the events that the journal holds of the last hour: both policies judge each of them, and nothing leaves.

use std::sync::Arc;
use std::time::Duration;

use weir_console::rollout::Evaluation;
use weir_deliver::{Comparison, Pair};
use weir_event::limits::ROLLOUT_EVALUATED_EVENTS_MAX as EVENTS_MAX;
use weir_event::{DestinationId, Millis, Offset};
use weir_journal::{Group, ReadError};
use weir_policy::RecordView;

use super::guard::{self, Seen};
use crate::config::Rollout;
use crate::gateway::Gateway;
use crate::generation::Generation;

/// How long a broken disk is waited for before what could not be read is left out.
const READ_PATIENCE: Duration = Duration::from_secs(10);

/// A destination with both policies, and what they made of the events so far.
type Judged = (DestinationId, Pair, Comparison);

impl Gateway {
    /// Destinations that two generations have and whose rules differ.
    pub(crate) fn differing(old: &Generation, new: &Generation) -> Vec<DestinationId> {
        let differs = |id: &&DestinationId| {
            old.destinations.contains_key(*id) && crate::destination::rules_differ(id, &old.config, &new.config)
        };
        new.destinations.keys().filter(differs).cloned().collect()
    }

    /// Holds a change against the journal.
    pub(crate) async fn evaluate(&self, old: &Generation, new: &Generation, plan: &Rollout) -> Evaluation {
        let ids = Gateway::differing(old, new);
        let mut judged: Vec<Judged> = Vec::new();
        for id in &ids {
            let (Some(was), Some(will)) = (old.destinations.get(id), new.destinations.get(id)) else { continue };
            // An encoder was made of both before.
            if let Some(pair) = self.deliver.pair(was, will) {
                judged.push((id.clone(), pair, Comparison::default()));
            }
        }
        let from = self.clock.now().plus(-i64::try_from(plan.evaluate.as_millis()).unwrap_or(i64::MAX));
        let (mut events, mut is_sample) = (0, false);
        if !judged.is_empty() {
            (judged, events, is_sample) = self.judge_since(from, judged).await;
        }
        let seen = |(destination, _, comparison): Judged| Seen { destination, comparison, old: (0, 0), new: (0, 0) };
        let seen: Vec<Seen> = judged.into_iter().map(seen).collect();
        let difference = |one: &Seen| guard::difference(&one.destination, &one.comparison, &self.names);
        Evaluation {
            old: old.id.to_hex(),
            new: new.id.to_hex(),
            from: from.to_rfc3339(),
            events,
            is_sample,
            at_once: at_once(old, new),
            destinations: seen.iter().map(difference).collect(),
            guards: guard::read(&plan.guards, &self.names, &seen),
        }
    }

    async fn judge_since(&self, from: Millis, mut judged: Vec<Judged>) -> (Vec<Judged>, u64, bool) {
        let journal = self.pipeline.journal();
        let start = self.deliver.first_received_since(from).await;
        let end = journal.tail();
        let count = end.0.saturating_sub(start.0);
        let (mut events, mut is_sample) = (0_u64, false);
        let mut reader = journal.reader(start);
        while reader.position() < end {
            // Of too many events, the next group is taken so far on that what is taken is spread over the whole time.
            let passed = u128::from(events) * u128::from(count) / u128::from(EVENTS_MAX);
            let due = start.0.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX));
            if count > EVENTS_MAX && due > reader.position().0 {
                is_sample = true;
                reader = journal.reader(Offset(due.min(end.0)));
                continue;
            }
            let group = match tokio::time::timeout(READ_PATIENCE, reader.next()).await {
                Ok(Ok(group)) => group,
                Ok(Err(ReadError::Damaged { .. } | ReadError::Trimmed { .. })) => continue,
                Ok(Err(ReadError::Disk(_) | ReadError::Closed)) | Err(_) => break,
            };
            let (first, now) = (reader.first(), self.clock.now());
            let work = tokio::task::spawn_blocking(move || {
                let events = judge(&group, first, from, now, &mut judged);
                (judged, events)
            });
            let Ok((back, more)) = work.await else { return (Vec::new(), events, is_sample) };
            judged = back;
            events += more;
        }
        (judged, events, is_sample)
    }
}

fn judge(group: &Arc<Group>, first: u32, from: Millis, now: Millis, judged: &mut [Judged]) -> u64 {
    let mut events = 0;
    for index in first..group.count() {
        let Ok(view) = RecordView::parse(group, index) else { continue };
        if view.received_at() < from {
            continue;
        }
        events += 1;
        let offset = group.base().0 + u64::from(index);
        for (_, pair, comparison) in judged.iter_mut() {
            pair.look(&view, offset, now, comparison);
        }
    }
    events
}

/// What of a change cannot be held against events: it is of the gate, or there are no two policies to compare.
fn at_once(old: &Generation, new: &Generation) -> Vec<String> {
    let mut all = Vec::new();
    let sources = |of: &Generation| format!("{:?}", of.config.sources);
    if sources(old) != sources(new) {
        all.push("sources: what comes in, in which mode, with which consent".to_owned());
    }
    for id in new.destinations.keys().filter(|id| !old.destinations.contains_key(*id)) {
        all.push(format!("destination {id}: new"));
    }
    for id in old.destinations.keys().filter(|id| !new.destinations.contains_key(*id)) {
        all.push(format!("destination {id}: not configured any more, its events wait"));
    }
    for (id, will) in &new.config.destinations {
        if old.config.destinations.get(id).is_some_and(|was| was.origin() != will.origin()) {
            all.push(format!("destination {id}: its address"));
        }
    }
    all
}
