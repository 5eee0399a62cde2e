//! The machine's clock and a clock that only counts do not agree. Epochs, expiry and times of events follow the first.

use std::time::Duration;

use super::{Finding, Of, Rule, Seen, Severity, span};

/// Said for so long after a jump.
const SAID_FOR: Duration = Duration::from_secs(3_600);

pub(super) const RULE: Rule = Rule {
    name: "clock_jumped",
    about: "the machine's clock jumped by more than a minute within the last hour",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let Some((up, by)) = seen.history.clock_jump() else { return Vec::new() };
    if seen.now.up.saturating_sub(up) > SAID_FOR {
        return Vec::new();
    }
    let direction = if by < 0 { "back" } else { "forward" };
    let far = span(Duration::from_millis(by.unsigned_abs()));
    let text = format!(
        "the clock went {direction} by {far}: times of events, epochs and expiry follow it; look at its time service"
    );
    vec![Finding::new(Severity::Warning, Of::Weir, text)]
}
