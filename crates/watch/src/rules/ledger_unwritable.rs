//! A ledger stopped after a failed fsync: nothing is sent.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule = Rule {
    name: "ledger_unwritable",
    about: "a ledger stopped after a failed fsync: nothing is sent and no command is done until a restart",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let text = "a ledger cannot be written, so nothing is sent: look at the disk, then restart weir";
    seen.now.ledger_unwritable.then(|| Finding::new(Severity::Critical, Of::Weir, text)).into_iter().collect()
}
