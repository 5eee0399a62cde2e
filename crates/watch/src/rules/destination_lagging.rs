//! Events wait long for a destination.

use std::time::Duration;

use super::{Finding, Of, Rule, Seen, Severity, span};

/// A vendor that was away for a moment is no news.
const LAG_MILLIS: u64 = 15 * 60 * 1_000;
const NEAR: Duration = Duration::from_secs(2 * 3_600);

pub(super) const RULE: Rule = Rule {
    name: "destination_lagging",
    about: "events wait for a destination for 15 minutes, for a suspended one at half of its lag limit; critical at half, or where the limit is less than two hours away",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for destination in &seen.now.destinations {
        if !destination.is_lagging && (destination.lag_millis < LAG_MILLIS || destination.is_suspended) {
            continue;
        }
        let time = seen.history.time_to_lag_limit(&destination.id);
        let is_near = time.is_some_and(|time| time < NEAR);
        let severity = if destination.is_lagging || is_near { Severity::Critical } else { Severity::Warning };
        let waits = span(Duration::from_millis(destination.lag_millis));
        let then = if destination.expires { "then they expire" } else { "then the journal fills up" };
        let limit = time.map_or_else(
            || span(Duration::from_millis(destination.lag_millis_max)),
            |time| format!("{}, in {}", span(Duration::from_millis(destination.lag_millis_max)), span(time)),
        );
        let advice = if destination.is_suspended {
            "`weir destination resume` sends them"
        } else {
            "look at the vendor, then at `weir destination list`; `on_lag: hold` and a larger `lag.max` keep them longer"
        };
        let id = &destination.id;
        let text = format!("{id}: the oldest event waits for {waits}; its limit is {limit}, {then}: {advice}");
        let of = Of::Destination(id.clone());
        found.push(Finding { severity, of, text, time_to_full: time.filter(|_| destination.expires) });
    }
    found
}
