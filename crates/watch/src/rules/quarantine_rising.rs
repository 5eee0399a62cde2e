//! A notable share of the last quarter of an hour was withheld at the gate or rejected by a vendor: usually a release of an app.

use super::{Finding, Of, Rule, Seen, Severity};

const LEAST: f64 = 100.0;
const SHARE: f64 = 0.05;

pub(super) const RULE: Rule = Rule {
    name: "quarantine_rising",
    about: "in the last 15 minutes at least 100 events and 5 % of a source were withheld at the gate, or of a destination rejected by the vendor",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut judge = |of: Of, what: &str, bad: Option<f64>, all: Option<f64>| {
        let (Some(bad), Some(all)) = (bad, all) else { return };
        if bad >= LEAST && bad >= all * SHARE {
            let share = if all > 0.0 { bad / all * 100.0 } else { 100.0 };
            let name = of.name().to_owned();
            let text = format!(
                "{name}: {bad:.0} events {what} in 15 min, {share:.0} % of what came: see `weir quarantine list` for the reason"
            );
            found.push(Finding::new(Severity::Warning, of, text));
        }
    };
    for source in &seen.now.sources {
        let (bad, all) = seen.history.source_quarter(&source.id);
        judge(Of::Source(source.id.clone()), "were withheld at the gate", bad, all);
    }
    for destination in &seen.now.destinations {
        let (bad, all) = seen.history.destination_quarter(&destination.id);
        judge(Of::Destination(destination.id.clone()), "were rejected by the vendor", bad, all);
    }
    found
}
