//! A source that sent all the time sends nothing: an app was released with the wrong host, a proxy lost its route, a bypass was not
//! recorded.

use super::{Finding, Of, Rule, Seen, Severity};

/// Share of the five-minute steps of the last hours with events, from which a source counts as one that sends all the time.
const STEADY: f64 = 0.8;

pub(super) const RULE: Rule = Rule {
    name: "traffic_stopped",
    about: "a source that had events in four of five steps of five minutes for an hour or more has had none for 15 minutes",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in &seen.now.sources {
        let (recent, share) = seen.history.traffic(&source.id);
        if recent == Some(0.0) && share.is_some_and(|share| share >= STEADY) {
            let id = &source.id;
            let text = format!(
                "{id}: no event for 15 min, where there were some all the time: look at its apps and at the proxy in front; if they send past weir, `weir bypass open`"
            );
            found.push(Finding::new(Severity::Warning, Of::Source(id.clone()), text));
        }
    }
    found
}
