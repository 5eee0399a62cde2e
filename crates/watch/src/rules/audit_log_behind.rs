//! A receiver of the audit log does not have what was done.

use std::time::Duration;

use super::{Finding, Of, Rule, Seen, Severity, span};

/// A receiver may be away for as long.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

pub(super) const RULE: Rule = Rule {
    name: "audit_log_behind",
    about: "a receiver of `audit_log.ship` has not taken an act for five minutes; the acts wait, and nothing else does",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let behind = seen.now.shipping.iter().filter(|(_, waits)| *waits >= PATIENCE);
    let finding = |(id, waits): &(weir_event::DestinationId, Duration)| {
        let text = format!(
            "`audit_log.ship.{id}` has had nothing for {}: look at the receiver, and for its reason in the log lines of weir",
            span(*waits)
        );
        Finding::new(Severity::Warning, Of::Destination(id.clone()), text)
    };
    behind.map(finding).collect()
}
