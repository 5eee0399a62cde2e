//! An anchor could not be written at the last publication of a checkpoint.

use super::{Finding, Of, Rule, Seen, Severity};

pub(super) const RULE: Rule = Rule {
    name: "anchors_behind",
    about: "an anchor of the ledger could not be written: what is recorded from now on could be rewound unseen",
    check,
};

fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let behind = seen.now.anchors_behind;
    let text = format!("{behind} of the files in `ledger.anchors` cannot be written: look at their disk and its mount");
    (behind > 0).then(|| Finding::new(Severity::Warning, Of::Weir, text)).into_iter().collect()
}
