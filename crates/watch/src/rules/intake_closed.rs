//! SDKs get 503.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule =
    Rule { name: "intake_closed", about: "intake answers 503: the disk, the journal or the raw hold is full", check };

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let why = &seen.now.intake_closed;
    let text = format!("intake answers 503 ({}): some SDKs keep their events, some do not; make room", why.join(", "));
    (!why.is_empty()).then(|| Finding::new(Severity::Critical, Of::Weir, text)).into_iter().collect()
}
